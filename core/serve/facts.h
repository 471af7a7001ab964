/* What several answers say in the same words: names of probes, the order of services, one sentence on the whole. Private to serve. */
#ifndef SERVE_FACTS_H
#define SERVE_FACTS_H

#include "serve/snapshot.h"

/* Does it decide about its service: enabled and no witness? (`probe_count` of /health counts these.) */
bool facts_is_probe(const struct model *model, size_t check);
/* Has the service a check that decides about it, and is enabled? Of others there is no conclusion, so they are only named. */
bool facts_is_watched(const struct model *model, size_t service);
/* "service.check"; "service" where it has one probe (rules.md 3.7). Appends. */
void facts_probe_name(const struct model *model, size_t check, struct buffer *out);
/* Services in the order in which a person wants to read them: worst first, root causes before what they cause, critical ones first, the order of the
 * configuration otherwise. To walk: for rank 0 to FACTS_RANKS - 1, take the services of that rank in their order; those that are not watched have none of these. */
enum { FACTS_RANKS = 40 };
unsigned facts_rank(const struct snapshot *snapshot, size_t service);
/* Is there nothing to do about it: ok, warn, stopped? */
bool facts_is_good(enum engine_verdict verdict);
/* One sentence on the overall state. Appends; snapshot NULL: the state before the first. */
void facts_why(const struct snapshot *snapshot, struct buffer *out);
/* The state as people read it; snapshot NULL: "Starting". */
const char *facts_state(const struct snapshot *snapshot);

#endif
