/*
 * `talon plugin test`: what its files share. A trial is one plugin in a host of its own, described, configured again and again with good and bad options, and
 * run. Everything waits in one loop, step by step.
 *
 *   plugin_test.c    the command: finds the plugin, goes through its operations
 *   trial.c          the loop, the table, and what the host did meanwhile
 *   trial_options.c  configurations: what to write, and whether it must be refused
 *   trial_runs.c     runs: the first, one cancelled, one at its deadline, a thousand
 *   trial_wire.c     the lines of the wire, without secrets
 */
#ifndef CLI_TRIAL_H
#define CLI_TRIAL_H

#include "base/buffer.h"
#include "base/result.h"
#include "cli/plugin.h"
#include "hosts/hosts.h"
#include "model.h"

#include <cjson/cJSON.h>
#include <ev.h>
#include <stdbool.h>

enum { TRIAL_PATH = 4096, TRIAL_SENTENCE = 512, TRIAL_NAME = 160 };

#define TRIAL_RUNBOOK "runbook.yaml"

struct trial {
    const struct plugin_test_request *request;
    struct ev_loop *loop;
    struct hosts *hosts;
    ev_signal interrupt, terminate;
    bool interrupted;
    uint64_t began;            /* awake */

    char name[64];             /* of the plugin */
    struct buffer place;       /* how the configuration says where it is: "path: ..." or "command: [...]" */
    char *path, **command;     /* one of them; command NULL-terminated */
    cJSON *description;        /* NULL: not known yet */
    char why[TRIAL_SENTENCE];  /* it cannot be described */

    char folder[64], file[80], runbook[80]; /* for configurations, ours alone */
    const cJSON *operation;    /* the one that is tried */
    char type[TRIAL_NAME];     /* how a configuration writes it: "redis", "mount.nfs" */
    unsigned deaths;           /* of its host that were seen */
    unsigned wrong, untried;   /* rows; operations that refuse what they were given */
};

enum trial_mark { TRIAL_OK, TRIAL_NOTE, TRIAL_WRONG };

/* One row of the table, on standard output at once. */
__attribute__((format(printf, 4, 5))) void trial_row(struct trial *t, enum trial_mark mark, const char *what, const char *format, ...);
/* Lets the loop turn until *done. False: interrupted. */
bool trial_wait(struct trial *t, const bool *done);
/* Has the host died since the last question? `how` says how. */
bool trial_died(struct trial *t, char how[TRIAL_SENTENCE]);
/* Of its host; 0: there is none. */
pid_t trial_pid(const struct trial *t);
const char *trial_text(const cJSON *object, const char *name); /* "": it has none */
bool trial_flag(const cJSON *object, const char *name);
bool trial_is_action(const struct trial *t);
/* How a configuration writes an operation of this plugin: with the plugin's name, unless it is the same. */
void trial_type(const struct trial *t, const cJSON *operation, char type[TRIAL_NAME]);

/* ---- trial_options.c */

/* The value that `--option NAME=VALUE` gave; NULL: none. */
const char *trial_given(const struct trial *t, const char *name);
/* Every --option must be an option of some operation. False: a sentence was printed. */
bool trial_options_known(const struct trial *t);
/* The names of options that nobody gave and that stand-ins are used for. */
void trial_stand_ins(const struct trial *t, struct buffer *names);
/* The configuration with what was given. NULL: refused, and `why` is a sentence. One user, the caller's. */
struct model *trial_base(struct trial *t, char why[TRIAL_SENTENCE]);
/* A row for each option: good values, bad values, absent. */
void trial_options(struct trial *t);

/* ---- trial_runs.c */

/* Rows for runs with the configuration of trial_base(). */
void trial_runs(struct trial *t, const struct model *model);
/* A run for each line that a person enters, while a debugger looks on. */
void trial_attended(struct trial *t, const struct model *model);

/* ---- trial_wire.c */

/* For hosts_settings. */
void trial_wire(void *arg, const char *host, bool sent, const char *line, size_t n);
/* Does one of the texts of a result hold a secret that was given? */
bool trial_leaks_secret(const struct trial *t, const struct result *result);

#endif
