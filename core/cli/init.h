/*
 * What `talon init` found on this host, and the configuration that it makes of that. Looking (init_look.c) and writing (init_write.c) are apart, so that the
 * writing can be tried with hosts that there are not.
 */
#ifndef CLI_INIT_H
#define CLI_INIT_H

#include "base/buffer.h"
#include "cli/discover.h"

enum { INIT_SOCKETS = 3, INIT_CADDY_PORTS = 64, INIT_OWN_PORT = 9999 };

enum init_answer { INIT_ANSWERS, INIT_DENIED, INIT_SILENT };

struct init_docker {
    char path[512]; /* of its socket, as it stands in the configuration: "~/.colima/default/docker.sock" */
    enum init_answer answer;
    char why[200];  /* it is silent or denied */
};

struct init_found {
    size_t n_mounts, n_listeners, n_docker, n_caddy_ports;
    char mounts[DISCOVER_MOUNTS][256];
    struct listener listeners[DISCOVER_PORTS];
    unsigned ephemeral;     /* from this port on only what is known by name is watched */
    struct init_docker docker[INIT_SOCKETS];
    uint16_t caddy_admin;   /* port of its admin interface; 0: none */
    uint16_t caddy_ports[INIT_CADDY_PORTS]; /* those that it says are its own */
    char kubeconfig[1024];  /* "": none */
    struct discovered_cluster cluster;
    bool cluster_is_here;   /* its host is this one */
};

/* Looks around on this host, in less than 2 s. */
void init_look(struct init_found *found);

/* Writes the configuration: the same for the same finds. Returns false where there was no memory. */
bool init_write(const struct init_found *found, struct buffer *out);
/* A line for each thing that was found, for people. */
void init_tell(const struct init_found *found, struct buffer *out);

#endif
