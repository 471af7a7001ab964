/* Instances: configured checks and actions between their runs, from `setup` to `teardown`; their saved bytes and their nudges. */
#ifndef HOST_INSTANCE_H
#define HOST_INSTANCE_H

#include "conf.h"
#include "ids.h"
#include "owner.h"
#include "turn.h"

#include <sys/types.h>

enum { INSTANCE_NAME = 192, INSTANCE_SAVED = 4096 };

struct run;

struct instance {
    struct owner owner; /* first */
    struct id id;
    struct operation *operation;
    struct conf *conf;
    struct run *run;             /* in progress; NULL: none */
    struct instance *next, **at; /* of all */
    char name[INSTANCE_NAME];
    char *conf_text;             /* JSON, for the processes of blocking runs; else NULL */
    bool setting_up;
    char *refused_reason, *refused_text; /* what setup() gave to talon_done() */
    ev_timer nudge_timer, save_timer;
    uint64_t nudged_at, saved_at; /* when the core was told last; 0: never */
    bool nudged, changed;        /* still to be told */
    size_t n_saved;
    char saved[INSTANCE_SAVED];
    struct child *stuck;         /* what an earlier run left, and not even SIGKILL ends; NULL: nothing */
    max_align_t state[];         /* instance_size bytes */
};

struct instance_request {
    const char *id, *name;
    struct operation *operation;
    struct conf *conf;           /* taken */
    const char *conf_text;       /* JSON; copied */
    const char *saved;           /* base64; NULL: nothing */
};

/* Makes it, calls the plugin's setup(), and answers the core: `ready` or `refused`. */
void instance_setup(const struct instance_request *request);
/* Its run ends first, with its `done`. */
void instance_teardown(struct instance *instance);
struct instance *instance_find(const char *id, size_t n);
/* For quitting: all end, without a word to the core. */
void instances_end_all(void);
void instances_free_ids(void);

/* talon_done() in setup(). */
void instance_complete(struct instance *instance, const char *reason, const char *summary);
void instance_settle(struct instance *instance);
void instance_run_over(struct instance *instance);
void instance_nudge(struct instance *instance);
void instance_save(struct instance *instance, const void *bytes, size_t n);
size_t instance_recall(const struct instance *instance, void *bytes, size_t n);
/* For instance.c. */
void instance_tell_init(struct instance *instance);
/* What was saved and not told is told; nudges are forgotten. */
void instance_tell_end(struct instance *instance);
/* The instance that an owner is, or belongs to; NULL: a shared one's. */
struct instance *instance_of(struct owner *owner);

#endif
