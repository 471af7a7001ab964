/* What a repair would do, before it does: for `talon heal --dry-run`. */
#ifndef SERVE_RENDER_PLAN_H
#define SERVE_RENDER_PLAN_H

#include "base/buffer.h"
#include "base/logic.h"
#include "heal/heal.h"

struct plan {
    const struct model *model;
    size_t service, nth;              /* the entry of its `heal:` */
    enum logic fits;                  /* its condition, now */
    const struct heal_answer *answer; /* of the limits, to one by hand */
    const struct moment *at;
};

/* A JSON object: the runbook with its parameters put in, step by step; its limits, and which of them refuse until when. Secrets by their names. */
void render_plan(const struct plan *plan, struct buffer *out);

#endif
