/* What `talon status` shows, and how bad a verdict is. */
#ifndef CLI_STATUS_SHOW_H
#define CLI_STATUS_SHOW_H

#include "cli/ask.h"
#include "cli/fields.h"

enum { STATUS_RANKS = 9, STATUS_TROUBLE = 3000 };

/* How bad a verdict is, worst first (rules.md 3.2): 0 for failed; one that is no verdict: the last. */
size_t status_rank(const char *verdict);
/* The answer of GET /api/v1/status, for people. */
void status_show(struct buffer *out, const cJSON *status);

/* ---- status.c, for both of its ways */

struct status_look {
    struct buffer answer;        /* as it came */
    cJSON *status;               /* NULL: there is none */
    bool saved;                  /* it is what the last daemon left */
    char trouble[STATUS_TROUBLE]; /* "": none; what a person is to know of where the answer is from, or why there is none */
    int code;                    /* the exit code */
};

void status_look(const struct ask_place *place, uint64_t max_age, struct status_look *look);
void status_look_free(struct status_look *look);
/* Once a second, in place on a terminal, until somebody ends it or nobody reads any more; the exit code. */
int status_watch(const struct ask_place *place, bool json, uint64_t max_age);
/* What one look prints: standard output, and what is told to standard error. */
int status_print(const struct status_look *look, bool json);
/* The same, for people, into a buffer. */
void status_text(const struct status_look *look, struct buffer *out);

#endif
