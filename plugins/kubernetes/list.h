/*
 * A list of the API server, shared by all checks that need it: fetched once for all that start together, page by page, and kept until it is too old for the
 * next. A watch beside it says when something has changed and the checks should be run at once.
 */
#ifndef KUBERNETES_LIST_H
#define KUBERNETES_LIST_H

#include "client.h"

struct list {
    struct talon_run *cluster;
    const char *path, *query; /* query: "labelSelector=..." or "" */
    int watched;              /* a member wants to be nudged */
    struct client_call call;
    cJSON *items;   /* an array: the newest answer; NULL: see `failure` */
    cJSON *coming;  /* pages that are here already */
    unsigned pages, again;
    int asking;
    uint64_t asked_ns, began_ns, changed_ns; /* when what is asked, what is known began; when a change was seen */
    struct client_failure failure;
    char version[64]; /* of the answer, for the watch */
    struct {
        talon_op stream, timer; /* 0: none */
        uint64_t pause_ns; /* after failures; 0: the last one ended well */
        int gone; /* its version is too old: the next answer brings one */
    } watch;
};

struct list_want;
typedef void list_then_fn(struct talon_run *run, struct list_want *want);

/* What a run wants of a list; lies in the run's state. */
struct list_want {
    struct talon_run *list;
    list_then_fn *then;
    uint64_t oldest_ns;                   /* by now_ns(): what was begun before does not do */
    const cJSON *items;                   /* for then(): an array; NULL: there is none */
    const struct client_failure *failure; /* for then(), where items is NULL */
    struct client_failure late;
};

/* The instance's list of a path; query: "" or "labelSelector=...". */
struct talon_run *list_join(struct talon_run *instance, const char *path, const char *query, int watched);
/* Calls then() with an answer that is not older than the run, but for a moment; maybe before it returns. */
void list_get(struct talon_run *run, struct talon_run *list, struct list_want *want, list_then_fn *then);

/* The same for one that explains another: what was begun before that does not. */
void list_get_after(struct talon_run *run, struct talon_run *list, struct list_want *want, uint64_t oldest_ns, list_then_fn *then);

/* The member of that name; NULL: none. */
const cJSON *list_find(const cJSON *items, const char *name);

/* The watch (watch.c): begins it where it is wanted and not there. */
void watch_begin(struct talon_run *list);

#endif
