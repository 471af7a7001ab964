/*
 * What runs on this host, as far as it shows by itself: file systems, listening sockets and what answers on them, well-known sockets and files. Asks only
 * this machine, over loopback, in less than two seconds. For `talon init`.
 */
#ifndef CLI_DISCOVER_H
#define CLI_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISCOVER_PORTS = 128, DISCOVER_MOUNTS = 16, DISCOVER_HEAD = 2048 };

enum speech { SPEAKS_NOTHING, SPEAKS_REDIS, SPEAKS_SSH, SPEAKS_HTTP, SPEAKS_TLS };

struct listener {
    char address[64];      /* numeric, as one connects to it: "127.0.0.1", "::1" */
    uint16_t port;
    enum speech speech;
    bool password;         /* Redis wants one */
    int status;            /* of HTTP: what GET / was answered with */
    char server[64];       /* of HTTP: the Server header, "" */
};

/* Sockets that listen on loopback or on every address, by port, each port once. Returns how many. One file for each system. */
size_t discover_listeners(struct listener *listeners, size_t room);
/* Mount points of local file systems that hold data ("/", "/data"). Returns how many. One file for each system. */
size_t discover_mounts(char mounts[][256], size_t room);
/* Finds out what the listeners speak: waits for a banner, then asks as a Redis client, then as an HTTP client, all at once. */
void discover_speech(struct listener *listeners, size_t n);
/* The `server` of the first cluster in a kubeconfig, as HOST:PORT. False: there is none. */
bool discover_kubernetes(const char *kubeconfig, char *address, size_t n);

#endif
