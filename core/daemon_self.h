/*
 * What the daemon knows of itself: its configuration's errors, trouble with its port, state folder and log, its plugin hosts. Kept apart from
 * daemon.c, which joins events and effects and should hold nothing else.
 */
#ifndef DAEMON_SELF_H
#define DAEMON_SELF_H

#include "config/config.h"
#include "hosts/hosts.h"
#include "daemon_lack.h"
#include "serve/serve.h"
#include "store/state.h"

enum { DAEMON_SELF_HOSTS = 64, DAEMON_SELF_TEXT = 512 };

struct daemon_self {
    uint64_t retried_at;                     /* awake; what could not be written */
    int64_t started_at, loaded_at;           /* wall ns */
    struct config_source *source;            /* of the load on its way: the last good configuration; NULL: from the disk */
    char config_error[DAEMON_SELF_TEXT];     /* "": none */
    char port[DAEMON_SELF_TEXT];             /* "": it is ours */
    const char *control;                     /* why there is no control socket; "": there is one. Borrowed from whoever opens it */
    char restarted[2 * DAEMON_SELF_TEXT];    /* "": the core has not crashed lately */
    char store[2 * DAEMON_SELF_TEXT];        /* what is wrong with the store; "": nothing */
    const char *programs;                    /* why no program can be started; NULL: they can. Borrowed until the next snapshot */
    uint64_t worker_restarts;
    char observer[DAEMON_SELF_TEXT];         /* what is wrong with this host; "": nothing */
    struct daemon_lack lack;
    char text[12 * DAEMON_SELF_TEXT];         /* all trouble in one sentence, for the snapshot */
    unsigned long long shown;                /* of what the last snapshot said of hosts and trouble */
};

void daemon_self_begin(struct daemon_self *self, const struct moment *now);
void daemon_self_free(struct daemon_self *self);
/* The plugin hosts, with what the installation says. NULL: no memory. */
struct hosts *daemon_self_hosts(struct ev_loop *loop);

/* NULL: the port is ours. Said in the log when it changes. */
void daemon_self_port(struct daemon_self *self, const char *why);
/* The core was started again by its guard: in safe mode, and how the one before ended (NULL: long ago, or never). Goes to log and status. */
void daemon_self_restarted(struct daemon_self *self, bool safe, const char *after);
void daemon_self_config(struct daemon_self *self, const char *error);
/* What a load from the disk has found: each problem goes to the log; the first error, with how many there are, to status and /health when
 * it was refused. At start they also go to standard error as `talon validate` prints them. */
void daemon_self_problems(struct daemon_self *self, const struct config *config, bool refused);
/* A new model is in force. */
void daemon_self_loaded(struct daemon_self *self, const struct moment *now, const struct model *model);
void daemon_self_log(const struct model_settings *settings);
/* Keeps the configuration as the last good one. False: there was no memory to write it down. */
bool daemon_self_pack(struct state *state, const struct config *config);
/* The last good configuration, the caller's. NULL: there is none that can be used, or (lacked) no memory for it. */
struct config_source *daemon_self_last_good(struct state *state, bool *lacked);
/* state.json, last-probe.json and status.json */
void daemon_self_write(struct state *state, const struct snapshot *snapshot);
/* What could not be written: again every 2 s, so that trouble is over soon after its cause. Call it every second or so. True: daemon_self_write() is due as well. */
bool daemon_self_retry(struct daemon_self *self, struct state *state, const struct moment *now);
/* The endpoint answers there: for commands, and to the log. */
void daemon_self_answering(struct state *state, const char *host, uint16_t port);
/* The shortest interval of an enabled check; UINT64_MAX / 4: there is none. */
uint64_t daemon_self_shortest(const struct model *model);

bool daemon_self_same_endpoint(const struct model_settings *a, const struct model_settings *b);
/* What the engine has to say, to the log. */
void daemon_self_tell(const struct model *model, const struct engine_effect *effect);
/* What people are to be told stands in the log: no channel carries it yet. */
void daemon_self_notice(const struct model *model, const struct engine_effect *effect);

/* For the snapshot. plugins has room for DAEMON_SELF_HOSTS; NULL: without them. Borrowed from self, hosts and plugins. */
struct snapshot_extra daemon_self_extra(struct daemon_self *self, const struct hosts *hosts, const struct state *state, struct snapshot_plugin *plugins);
/* Has something of the above changed since the last daemon_self_extra() with plugins? */
bool daemon_self_changed(struct daemon_self *self, const struct hosts *hosts, const struct state *state);

#endif
