/* What the answers that tell of repair share. Private to serve, but for render_refusals(), which `talon heal --dry-run` has too. */
#ifndef SERVE_RENDER_HEAL_H
#define SERVE_RENDER_HEAL_H

#include "serve/snapshot.h"

/* `"refuses":[{"limit","text","until_unix"}...]`: all that refuse, in the order in which they are asked. */
void render_refusals(const struct moment *at, const struct heal_answer *answer, struct buffer *out);
/* "restart" ...: the word of YAML. */
const char *render_impact(enum model_impact impact);
/* NULL: nothing is known of it. */
const struct snapshot_place *render_find_place(const struct snapshot *snapshot, uint64_t incident);
/* `"repair":{...}` of an open incident, or null. */
void render_repair(const struct snapshot *snapshot, uint64_t incident, struct buffer *out);
/* "NAME":[those that run], each with its step and what it does. */
void render_repairs(const struct snapshot *snapshot, const char *name, struct buffer *out);

#endif
