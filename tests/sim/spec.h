/* Random configurations that change: services with needs that never form a circle, paths, witnesses, thresholds and intervals of all kinds. */
#ifndef SIM_SPEC_H
#define SIM_SPEC_H

#include "build.h"
#include "dice.h"

enum { SPEC_SERVICES = 200, SPEC_CHECKS = 5, SPEC_NEEDS = 3, SPEC_ANY = 3, SPEC_PATHS = 3 };

struct spec_check {
    uint64_t fingerprint, every, timeout, confirm_every;
    unsigned fail_after, recover_after, unknown_after;
    size_t path, plugin;
    bool witness, enabled;
};

struct spec_need {
    unsigned any[SPEC_ANY]; /* ids */
    size_t n;
};

struct spec_service {
    unsigned id;            /* its name is sID; it needs lower ids alone */
    bool critical, enabled;
    uint64_t needs_wait, recover_grace, start_timeout, tell_warn_after;
    size_t n_checks, n_needs;
    struct spec_check checks[SPEC_CHECKS];
    struct spec_need needs[SPEC_NEEDS];
};

struct spec {
    uint64_t scale;         /* what intervals are made of */
    unsigned next_id, concurrent[SPEC_PATHS];
    size_t n_services;
    struct spec_service services[SPEC_SERVICES];
};

void spec_begin(struct spec *spec, struct dice *dice);
/* Something or other is changed, as an operator would. */
void spec_change(struct spec *spec, struct dice *dice);
const struct model *spec_model(const struct spec *spec);

#endif
