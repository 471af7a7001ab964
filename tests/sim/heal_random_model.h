/* The configuration of a random history of repair: thrown, and made anew after each change. Services keep their numbers and names through reloads. */
#ifndef SIM_HEAL_RANDOM_MODEL_H
#define SIM_HEAL_RANDOM_MODEL_H

#include "dice.h"
#include "heal_world.h"

enum { RANDOM_SERVICES = 6, RANDOM_CHECKS = 2, RANDOM_ENTRIES = 3, RANDOM_BOOKS = 4 };

struct random_entry {
    size_t book;
    enum model_impact impact;
    uint64_t fingerprint, seed; /* of all that it does */
    bool conditional;
};

struct random_service {
    bool critical, enabled, heal_stopped;
    size_t n_checks, n_entries, n_needs, needs[2];
    bool either; /* one of its needs suffices */
    struct random_entry entries[RANDOM_ENTRIES];
};

struct random_config {
    bool old;        /* as histories were before they knew other healers, `hard` and the warm-up of `until`: those that were kept are such */
    bool wide;       /* runbooks look at checks of other services, too: one history in twelve, so that those that were kept stay as they were */
    uint64_t scale;
    size_t n;
    struct random_service services[RANDOM_SERVICES];
    unsigned at_most, concurrent, agents, repeat; /* repeat: of SOS, in units of scale */
    bool sos;
};

void random_entry(struct dice *dice, struct random_entry *entry);
void random_service(struct dice *dice, struct random_service *services, size_t at);
/* Unless it is old each service has a witness behind its checks: failed, another healer is at work; warn, what `hard` means is so. One user, yours to drop. */
const struct model *random_model(const struct random_config *config);

#endif
