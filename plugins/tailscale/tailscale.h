/* What the files of the plugin `tailscale` share. */
#ifndef TAILSCALE_H
#define TAILSCALE_H

#include "kit/json.h"

#include <talon/plugin.h>

struct tailscale_conf {
    const char *socket, *token_folder;
    const char *const *peers;
    const char *ping;
    uint64_t warn_expiry;
    int32_t health;
};

/* A way to the local API: a socket, or a port of this machine with a password. */
struct tailscale_way {
    const char *unix_path;  /* NULL: by port */
    const char *connect_to; /* "127.0.0.1:PORT" */
    const char *header;     /* with the password; NULL: none is needed */
    const char *shown;      /* for people */
};

/* Finds it. 0: the run has ended, since there is none. */
int tailscale_find_way(struct talon_run *run, struct tailscale_way *way);

/* Ends the run unless all is well that must be, by the answer to /status. 0: it may go on. */
int tailscale_judge(struct talon_run *run, const cJSON *status);
/* What is worth a warning, else that all is well; `reached`: what was pinged, in words, or "". */
void tailscale_conclude(struct talon_run *run, const cJSON *status, const char *reached);

#endif
