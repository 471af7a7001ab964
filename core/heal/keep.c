/* What outlives a process: records by the names of runbook and service, ladders by incident. */
#include "heal/heal.h"

#include <stdlib.h>

const struct heal_kept_record *heal_records(const struct heal *heal, size_t *n)
{
    (void)heal;
    *n = 0;
    return NULL;
}

const struct heal_kept_ladder *heal_ladders(const struct heal *heal, size_t *n)
{
    (void)heal;
    *n = 0;
    return NULL;
}

void heal_export_rest(const struct heal *heal, const struct moment *now, struct heal_kept *kept)
{
    (void)heal;
    *kept = (struct heal_kept){ .at = *now };
}

struct heal_kept *heal_export(const struct heal *heal, const struct moment *now)
{
    struct heal_kept *kept = calloc(1, sizeof *kept);

    if (kept)
        heal_export_rest(heal, now, kept);
    return kept;
}

void heal_kept_free(struct heal_kept *kept)
{
    if (!kept)
        return;
    free(kept->records);
    free(kept->ladders);
    free(kept);
}

bool heal_kept_intent(struct heal_kept *kept, const char *runbook, const char *service, uint64_t incident, bool above_observe, const struct moment *begun)
{
    (void)kept;
    (void)runbook;
    (void)service;
    (void)incident;
    (void)above_observe;
    (void)begun;
    return true;
}
