/* What the answers about incidents, silences and whys share. Private to serve. */
#ifndef SERVE_RENDER_PEOPLE_H
#define SERVE_RENDER_PEOPLE_H

#include "serve/snapshot.h"

/* `"incidents":[...]` of those that are open, without timelines. */
void render_open_incidents(const struct snapshot *snapshot, struct buffer *out);
/* `"silences":[...]`; service NULL: all of them, else those that cover it. */
void render_silences(const struct snapshot *snapshot, const char *service, struct buffer *out);
/* NULL: it is not known (any more). */
const struct snapshot_incident *render_find_incident(const struct snapshot *snapshot, uint64_t id);
/* An object, with its timeline. */
void render_one_incident(const struct snapshot *snapshot, const struct snapshot_incident *incident, struct buffer *out);
bool render_silence_is_of(const struct snapshot_silence *silence, const char *service);

#endif
