/*
 * One shot: every enabled check (or the named ones) run once, concurrently, without a daemon, without judgement and without touching any state. Used by
 * `talon check` and by the old flags.
 */
#ifndef CLI_SHOT_H
#define CLI_SHOT_H

#include "base/result.h"
#include "model.h"

#include <stdbool.h>

struct shot_request {
    const char *file;         /* configuration, absolute */
    char *const *names;       /* services and checks; n 0: all */
    size_t n_names;
    uint64_t timeout;         /* ns, bound on the whole of one round; 0: each check's own alone */
    uint64_t wait, every;     /* repeat every `every` until all are ok or `wait` is over; wait 0: one round */
    bool trace;               /* each start and end goes to standard error as it happens */
};

struct shot_entry {
    size_t check;
    struct result *result;    /* NULL: it did not run */
};

struct shot {
    const struct model *model;
    struct shot_entry *entries;
    size_t n;
    size_t *causes;           /* of the model's services: the failed need behind it, MODEL_NONE: none */
    uint64_t duration;        /* ns, of the last round */
    int code;                 /* CLI_OK, CLI_WARN, CLI_FAIL, CLI_UNKNOWN */
};

/* Runs it. 0, or an exit code after a sentence (or the configuration's problems) went to standard error. */
int shot_run(const struct shot_request *request, struct shot *shot);
void shot_free(struct shot *shot);
/* Sets the shot's causes and its code: the worst of its checks that are no witnesses, where a failure is worse than not knowing. */
void shot_judge(struct shot *shot);
/* What one check means for the exit code: CLI_OK ... CLI_UNKNOWN (rules.md 3.12). */
int shot_code(const struct shot_entry *entry);
/* Where the check's service has a need that is not ok in this round: that service, else MODEL_NONE. The deepest one. */
size_t shot_cause(const struct shot *shot, size_t service);

#endif
