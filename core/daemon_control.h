/*
 * The daemon's commands: what may be asked over the control socket, and how each is answered. Kept apart from daemon.c, which gives it the few calls that it
 * needs. A later command is a line in the table of daemon_control.c and a function.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "config/config.h"
#include "control/control.h"
#include "daemon_people.h"
#include "hosts/hosts.h"
#include "model.h"
#include "store/state.h"

struct daemon_control_calls {
    /* Read the files: at once, or when the load on its way, which has read them already, has ended. Leads to daemon_control_loading(). */
    void (*reload)(void *arg);
    /* As GET /api/v1/status, of now. Left empty: no memory. */
    void (*status)(void *arg, struct buffer *out);
    /* How the channels to people are, and a message through them. Each takes the ask. */
    void (*notify_list)(void *arg, struct control_ask *ask);
    void (*notify_test)(void *arg, struct control_ask *ask);
    void *arg;
    struct {
        void (*show)(void *arg, struct control_ask *ask), (*start)(void *arg, struct control_ask *ask), (*stop)(void *arg, struct control_ask *ask),
            (*restart)(void *arg, struct control_ask *ask);
    } programs;
    struct daemon_people_calls people;
};

struct daemon_control {
    struct daemon_control_calls calls;
    struct ev_loop *loop;
    struct hosts *hosts;
    struct control *control;                    /* NULL: the socket could not be had */
    char path[1024], group[128];                /* as it is, or is to be */
    struct state *state;                        /* NULL: no configuration has been in force yet */
    uint64_t tried;                             /* awake; or looked at */
    char why[512];                              /* why it could not be had; "": it is there */
    struct control_ask *waiting[CONTROL_ASKS];  /* for a load that is still to begin */
    struct control_ask *loading[CONTROL_ASKS];  /* for the one on its way */
    size_t n_waiting, n_loading;
};

/* Opens nothing yet. hosts: borrowed. */
void daemon_control_begin(struct daemon_control *dc, struct ev_loop *loop, struct hosts *hosts, const struct daemon_control_calls *calls);
/* Says to those who wait that the daemon ends, removes the socket. */
void daemon_control_end(struct daemon_control *dc);
/* A configuration is in force: opens the socket, or opens it anew when it is to be another. state: borrowed until the end. */
void daemon_control_settings(struct daemon_control *dc, const struct model_settings *settings, struct state *state);
/* Now and then: what could not be opened, or is no longer there, is tried again. */
void daemon_control_tick(struct daemon_control *dc, uint64_t awake);
/* A load from the disk begins: those who have waited for one get its end. */
void daemon_control_loading(struct daemon_control *dc);
/* It has ended. model: in force now; NULL: it was not taken, and config says why (NULL, or without errors: no memory). */
void daemon_control_loaded(struct daemon_control *dc, const struct config *config, const struct model *model);
#endif
