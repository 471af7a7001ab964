/* Reading one runbook for one use of it: as it is written, or for the entry of `heal:` that gives it its parameters and its subject. */
#ifndef CONFIG_RUNBOOK_H
#define CONFIG_RUNBOOK_H

#include "config/work.h"

struct runbook_reading {
    struct config *c;
    const struct runbook_plan *plan;
    const struct service_plan *service; /* that asks for it; NULL: nobody, so no check has a meaning yet */
    struct model_runbook *made;
    size_t steps;
    unsigned depth;                     /* of `if` */
    bool known;                         /* false: something was told, or hangs on what nobody knows here */
    enum model_impact impact;           /* the highest of the steps so far whose plugins could be asked */
    bool unasked;                       /* of one or more nobody could say what it does */
};

/* runbook_read.c: all but name, title and parameters, into *made. */
void runbook_read(struct config *c, const struct runbook_plan *plan, const struct service_plan *service, const struct binding *binding, struct model_runbook *made);
/* The word of YAML. */
const char *runbook_impact(enum model_impact impact);

/* runbook_steps.c: a list of steps; *longest: the time that all of them may take. */
void runbook_steps(struct runbook_reading *r, const struct node *list, const char *what, const struct model_step **steps, size_t *n, uint64_t *longest);
/* runbook_action.c: `{docker.restart: {...}}`. collects: it gathers evidence, and may not change anything. */
void runbook_action(struct runbook_reading *r, const struct node *node, const char *what, bool collects, struct model_action *action);
/* runbook_passes.c: `{checks, passes, every, within}`, of which *passes holds the defaults; within 0: as long as it takes. */
void runbook_passes(struct runbook_reading *r, const struct node *map, const char *what, struct model_window_of_passes *passes);
/* runbook_passes.c: names of checks, of one or a list. */
void runbook_checks(struct runbook_reading *r, const struct node *node, struct model_checks *checks);
/* runbook_read.c: a condition, where there is one. */
void runbook_condition(struct runbook_reading *r, const struct node *node, const char *what, struct model_condition *condition);
/* runbook_read.c: a duration, where there is one. */
void runbook_duration(struct runbook_reading *r, const struct node *node, const char *what, uint64_t min, uint64_t max, uint64_t *ns);
void runbook_count(struct runbook_reading *r, const struct node *node, const char *what, unsigned min, unsigned max, unsigned *value);

#endif
