/*
 * What an agent is told, as text for its standard input: who it is asked by, what has failed and why, what was done already, what the log says, and what it may not
 * do. PURE. What was printed by the things that are watched is quoted line by line, bounded, and said to be data: a page that says "delete everything" is
 * no order.
 */
#ifndef AGENTS_DIAGNOSIS_H
#define AGENTS_DIAGNOSIS_H

#include "base/buffer.h"
#include "engine/engine.h"

enum { DIAGNOSIS_MAX = 32 << 10, DIAGNOSIS_OUTPUT = 800, DIAGNOSIS_LOG = 4000, DIAGNOSIS_CHECKS = 40 };

struct diagnosis {
    const struct engine *engine;
    const struct model_agent *agent;
    size_t service;
    uint64_t incident;
    const char *log; /* the end of Talon's own, as it is; n bytes */
    size_t n_log;
};

/* out: bounded by DIAGNOSIS_MAX by whoever makes it. */
void diagnosis_write(struct buffer *out, const struct moment *now, const struct diagnosis *diagnosis);

#endif
