/*
 * What runs on this host, as far as it shows by itself: file systems, listening sockets and what answers on them, well-known files. Asks only this
 * machine, over loopback, in less than two seconds. For `talon init`.
 */
#ifndef CLI_DISCOVER_H
#define CLI_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISCOVER_PORTS = 128, DISCOVER_MOUNTS = 16, DISCOVER_HEAD = 8192 };

enum speech { SPEAKS_NOTHING, SPEAKS_REDIS, SPEAKS_SSH, SPEAKS_HTTP, SPEAKS_TLS };

struct listener {
    char address[64]; /* numeric, as one connects to it: "127.0.0.1", "::1" */
    uint16_t port;
    enum speech speech;
    bool password;    /* Redis wants one */
    bool handshake;   /* of TLS: it goes on with a client that asks for the name `localhost` and shows no certificate */
    int status;       /* of HTTP: what GET / was answered with */
    char server[64];  /* of HTTP: the Server header, "" */
};

/* Sockets that listen on loopback or on every address, by port, each port once. Returns how many. One file for each system. */
size_t discover_listeners(struct listener *listeners, size_t room);
/* Mount points of local file systems that hold data ("/", "/data") and can be written to, "/" first, then by name. Returns how many. One file for each system. */
size_t discover_mounts(char mounts[][256], size_t room);
/* From this port on the system hands out ports by itself: who listens there is mostly gone tomorrow. One file for each system. */
unsigned discover_ephemeral(void);

/* Finds out what the listeners speak: waits for a banner, then asks as a Redis client, as an HTTP client, as a TLS client, all of them at once, in less than
 * 1.3 s. */
void discover_speech(struct listener *listeners, size_t n);

struct discovered_cluster {
    char context[128], host[256]; /* context: "" where there is none */
    uint16_t port;
};

/* The cluster of a kubeconfig's current context (without one: its first cluster). False: there is none. */
bool discover_kubernetes(const char *kubeconfig, struct discovered_cluster *cluster);

#endif
