/* What the files that read a scenario share: the reader, and how names in it are found. */
#ifndef REHEARSE_SCENARIO_PRIVATE_H
#define REHEARSE_SCENARIO_PRIVATE_H

#include "config/steps.h"
#include "config/values.h"
#include "rehearse/scenario.h"

struct reader {
    struct config *c;
    struct scenario *s;
    const struct scenario_model *models;
    size_t n_models;
    const struct node *root, *groups;
    struct vector steps;    /* struct scenario_step */
    uint64_t at, asleep_until;
    const char **names;     /* services, checks, groups: for the nearest one */
    size_t n_names;
    const char **services;  /* sorted */
    size_t n_services;
    const char **runbooks;
    size_t n_runbooks;
};

/* ---- names.c ---- */

/* The targets of all models, and the lists of names. */
void names_make(struct reader *r);
/* The targets that a word, or a list of words, stands for; false: told to be wrong. */
bool names_targets(struct reader *r, const struct node *node, const char *what, struct scenario_targets *out);
/* The targets of one word: a key. */
bool names_target(struct reader *r, const struct node *word, struct scenario_targets *out);
/* Services and checks that a word stands for, as an array of names. */
bool names_subjects(struct reader *r, const struct node *word, bool checks_too, const char *const **names, size_t *n);
/* One service by its own name. */
bool names_service(struct reader *r, const struct node *node, const char *what, const char **name);
bool names_runbook(struct reader *r, const struct node *node, const char **name);

/* ---- read_way.c, read_step.c, read_people.c, read_expect.c ---- */

bool way_read(struct reader *r, const struct node *node, const struct scenario_targets *targets, struct scenario_way *way);
struct scenario_step *step_add(struct reader *r, enum scenario_act act, const struct node *at);
/* `start:` and the changes of an entry. */
void step_breaks(struct reader *r, const struct node *map);
void step_read(struct reader *r, const struct node *entry);
const char *step_duration(struct reader *r, uint64_t ns);
void people_window(struct reader *r, const struct node *node);
void people_silence(struct reader *r, const struct node *node);
void people_unsilence(struct reader *r, const struct node *node);
void people_pause(struct reader *r, const struct node *node);
void people_resume(struct reader *r, const struct node *node);
void people_ack(struct reader *r, const struct node *node);
void expect_read(struct reader *r, const struct node *map, const char *what);

#endif
