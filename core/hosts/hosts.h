/*
 * The core's only way to a plugin: starts plugin hosts, speaks docs/plugin-protocol.md with them, starts dead ones again and keeps
 * the runs of the innocent. Callers see plugins, instances and runs; which process serves them is decided here alone.
 *
 * One thread, one libev loop. No function calls back before it has returned, and every run that was started ends with exactly
 * one call of its `done`, unless it was cancelled.
 */
#ifndef HOSTS_H
#define HOSTS_H

#include "base/result.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct hosts;
struct hosts_instance;
struct hosts_run;

struct hosts_limits { /* for each host, rules.md 5.1; 0: the default */
    uint64_t memory;
    unsigned fds, children, timers;
};

struct hosts_settings {
    const char *host_program; /* talon-host, absolute */
    const char *child_path;   /* PATH of children of plugins */
    struct hosts_limits limits;
    bool patient; /* for a debugger: a host that stands still is let be */
    /* Hears each line as it is sent or has come, secrets included; borrowed for the call. NULL: nobody does. */
    void (*wire)(void *arg, const char *host, bool sent, const char *line, size_t n);
    void *wire_arg;
};

/* NULL: no memory. Copies the settings. Starts nothing yet. */
struct hosts *hosts_create(struct ev_loop *loop, const struct hosts_settings *settings);
/* Starts the shared host before anybody asks for it, so that it gets ready while a configuration is read. What fails is told when it is needed. */
void hosts_prepare(struct hosts *hosts);
/* The PATH of plugins' children has changed (a reload): hosts that run are told by another `hello`. Copies it. False: no memory, the old one
 * stays. */
bool hosts_set_child_path(struct hosts *hosts, const char *child_path);
/* Borrowed until it is set again. */
const char *hosts_child_path(const struct hosts *hosts);
/* Ends every host (quit, then SIGKILL 1 s later without waiting longer; abandoned ones are left) and frees everything, instances as well. No callback
 * follows. Waits for at most that second, without running the loop, so that nothing else of the caller's happens meanwhile. NULL: nothing. */
void hosts_free(struct hosts *hosts);

/* ---- plugins ---- */

struct hosts_plugin {
    const char *name;
    const char *path;           /* NULL: command */
    const char *const *command; /* NULL-terminated */
    bool own_host;              /* false: with the other shipped ones */
};

/* description: JSON text of docs/plugin-protocol.md; NULL: it cannot be loaded and `why` is a sentence. Borrowed for the call. */
typedef void hosts_described_fn(void *arg, const char *plugin, const char *description, const char *why);
/* Loads a plugin (once; a second call for the same name and file answers from what is known, a changed file is loaded beside the old one, which goes
 * on until hosts_adopt(), or until an instance of it is set up). Copies the plugin. At most 5 s. False: no memory, no callback. */
bool hosts_describe(struct hosts *hosts, const struct hosts_plugin *plugin, hosts_described_fn *done, void *arg);

struct hosts_problem {
    const char *option, *text;
    bool unasked; /* nobody could say whether it is right: the plugin has died, or is too slow. The only problem, without an option */
};
/* problems NULL: it is right. */
typedef void hosts_validated_fn(void *arg, const struct hosts_problem *problems, size_t n);
/* The plugin must have been described. False: no memory, no callback. */
bool hosts_validate(struct hosts *hosts, const char *plugin, const char *operation, const char *conf, hosts_validated_fn *done, void *arg);

/* A configuration that names the plugin is in force now: where its file has changed since it was loaded (and hosts_describe() has seen that), the new one
 * takes over, and all its instances are set up in it. */
void hosts_adopt(struct hosts *hosts, const char *plugin);
/* Has a plugin described itself, since this was last asked, that the configuration in force had to do without (hosts_instance_request.missing)? Then the
 * configuration is to be read again. */
bool hosts_found(struct hosts *hosts);
/* No answer follows to what was asked with this arg (hosts_describe() and hosts_validate()). */
void hosts_forget(struct hosts *hosts, const void *arg);

/* ---- instances ---- */

struct hosts_instance_request {
    const char *plugin, *operation; /* described before */
    const char *name;               /* "redis.ping" */
    const char *conf;               /* JSON, with secrets: kept as long as the instance (a restarted host needs it again), wiped then */
    const char *missing;            /* NULL: it can be run. Else why its plugin was not described, so that conf cannot be trusted: it is never set up, and
                                     * its runs end as unknown with what is wrong with the plugin, or with this */
    const void *saved;              /* what the instance saved earlier */
    size_t n_saved;
    void (*nudge)(void *arg);
    void (*save)(void *arg, const void *bytes, size_t n);
    void *arg;
};

/* Makes an instance and sets it up in its host at once (starting that if it must). Never waits: runs may be started at once and reach the host after the
 * setup. A refused setup shows as the result of its runs (unknown, the refusal's reason) and is tried again. NULL: no memory. */
struct hosts_instance *hosts_setup(struct hosts *hosts, const struct hosts_instance_request *request);
/* The run in progress is cancelled, nothing is called any more. */
void hosts_teardown(struct hosts_instance *instance);

/* ---- runs ---- */

enum { HOSTS_ONCE = 1, HOSTS_NUDGED = 2 };

/* result: one user, yours to drop. */
typedef void hosts_done_fn(void *arg, struct result *result);
/* An instance has at most one run at a time: a second one is refused (NULL), as when there is no memory. timeout ns, counted from now. */
struct hosts_run *hosts_start(struct hosts_instance *instance, uint64_t timeout, unsigned flags, hosts_done_fn *done, void *arg);
void hosts_cancel(struct hosts_run *run);

/* Looks for hosts that a signal has stopped, which their pings would tell late: call it once a second. */
void hosts_look(struct hosts *hosts);

/* ---- quarantine ---- */

enum hosts_cleared { HOSTS_CLEARED_UNKNOWN, HOSTS_CLEARED_NOTHING, HOSTS_CLEARED_QUARANTINE };
/* Ends a plugin's quarantine: its process is started again, and its earlier deaths are forgotten. NOTHING: it is in none. UNKNOWN: nobody described such a plugin;
 * *meant is the one that may be meant, borrowed, NULL: none. */
enum hosts_cleared hosts_clear(struct hosts *hosts, const char *plugin, const char **meant);

/* ---- for status, API and tests ---- */

struct hosts_view {
    const char *name;      /* "shared", or the plugin's */
    const char *state;     /* "running", "starting", "waiting to restart", "quarantined" */
    const char *last_end;  /* how it died last, NULL: it never did */
    pid_t pid;             /* 0: none */
    unsigned deaths, plugins, instances, runs;
    double late_ms;        /* the worst it reported lately */
};
/* Host i, false: there is none. */
bool hosts_view(const struct hosts *hosts, size_t i, struct hosts_view *view);
/* Child processes that survived SIGKILL and were left. */
unsigned hosts_abandoned(const struct hosts *hosts);

#endif
