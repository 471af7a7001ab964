/* Random configurations: thrown once, then changed a little at a time. */
#include "spec.h"

#include <stdio.h>
#include <string.h>

static uint64_t times(struct dice *dice, uint64_t scale, uint64_t least, uint64_t most)
{
    return scale / 4 * dice_between(dice, least, most);
}

static void throw_check(struct spec *spec, struct dice *dice, struct spec_check *c)
{
    static const unsigned often[] = { 1, 1, 2, 2, 3, 5 };

    *c = (struct spec_check){
        .fingerprint = dice_next(dice),
        .every = times(dice, spec->scale, 2, 12),
        .timeout = times(dice, spec->scale, 1, 10),
        .fail_after = often[dice_below(dice, 6)],
        .recover_after = often[dice_below(dice, 6)],
        .unknown_after = often[dice_below(dice, 6)],
        .path = dice_chance(dice, 40) ? dice_below(dice, SPEC_PATHS) : MODEL_NONE,
        .plugin = dice_below(dice, BUILD_PLUGINS),
        .witness = dice_chance(dice, 15),
        .enabled = !dice_chance(dice, 6),
    };
    c->confirm_every = c->every / dice_between(dice, 2, 8);
}

static void throw_needs(struct spec *spec, struct dice *dice, struct spec_service *s)
{
    s->n_needs = spec->n_services == 0 || dice_chance(dice, 30) ? 0 : dice_between(dice, 1, SPEC_NEEDS);
    for (size_t i = 0; i < s->n_needs; i++) {
        struct spec_need *need = &s->needs[i];

        need->n = 0;
        for (size_t k = dice_chance(dice, 70) ? 1 : SPEC_ANY; k > 0; k--) {
            const struct spec_service *other = &spec->services[dice_below(dice, spec->n_services)];

            if (other->id < s->id)
                need->any[need->n++] = other->id;
        }
        if (need->n == 0)
            i--, s->n_needs--;
    }
}

static void add_service(struct spec *spec, struct dice *dice)
{
    struct spec_service *s = &spec->services[spec->n_services];

    if (spec->n_services == SPEC_SERVICES)
        return;
    *s = (struct spec_service){
        .id = spec->next_id++,
        .critical = dice_chance(dice, 30),
        .enabled = !dice_chance(dice, 4),
        .needs_wait = times(dice, spec->scale, 2, 40),
        .recover_grace = times(dice, spec->scale, 0, 40),
        .start_timeout = times(dice, spec->scale, 8, 60),
        .tell_warn_after = times(dice, spec->scale, 1, 60),
    };
    s->n_checks = dice_between(dice, 1, dice_chance(dice, 70) ? 2 : SPEC_CHECKS);
    for (size_t i = 0; i < s->n_checks; i++)
        throw_check(spec, dice, &s->checks[i]);
    throw_needs(spec, dice, s);
    spec->n_services++;
}

void spec_begin(struct spec *spec, struct dice *dice)
{
    static const uint64_t scales[] = { MS(200), SECONDS(1), SECONDS(5), SECONDS(60) };
    size_t n = dice_chance(dice, 80)   ? dice_between(dice, 1, 10)
             : dice_chance(dice, 90) ? dice_between(dice, 1, 40)
                                     : dice_between(dice, 1, SPEC_SERVICES);

    memset(spec, 0, sizeof *spec);
    spec->scale = scales[dice_below(dice, 4)];
    for (size_t i = 0; i < SPEC_PATHS; i++)
        spec->concurrent[i] = (unsigned)dice_between(dice, 1, 4);
    for (size_t i = 0; i < n; i++)
        add_service(spec, dice);
}

/* ---- changes ---- */

static void drop_need(struct spec_service *s, unsigned id)
{
    for (size_t i = 0; i < s->n_needs; i++) {
        struct spec_need *need = &s->needs[i];
        size_t n = 0;

        for (size_t k = 0; k < need->n; k++)
            if (need->any[k] != id)
                need->any[n++] = need->any[k];
        need->n = n;
        if (n == 0)
            s->needs[i--] = s->needs[--s->n_needs];
    }
}

static void remove_service(struct spec *spec, size_t at)
{
    unsigned id = spec->services[at].id;

    memmove(&spec->services[at], &spec->services[at + 1], (--spec->n_services - at) * sizeof *spec->services);
    for (size_t i = 0; i < spec->n_services; i++)
        drop_need(&spec->services[i], id);
}

static void change_check(struct spec *spec, struct dice *dice, struct spec_check *c)
{
    switch (dice_below(dice, 6)) {
    case 0:
        c->fingerprint = dice_next(dice);
        break;
    case 1:
        c->every = times(dice, spec->scale, 2, 12);
        break;
    case 2:
        c->fail_after = (unsigned)dice_between(dice, 1, 4);
        break;
    case 3:
        c->path = dice_chance(dice, 50) ? dice_below(dice, SPEC_PATHS) : MODEL_NONE;
        break;
    case 4:
        c->enabled = !c->enabled;
        break;
    default:
        throw_check(spec, dice, c);
        break;
    }
}

static void shuffle(struct spec *spec, struct dice *dice)
{
    for (size_t i = spec->n_services; i > 1; i--) {
        size_t other = dice_below(dice, i);
        struct spec_service kept = spec->services[i - 1];

        spec->services[i - 1] = spec->services[other];
        spec->services[other] = kept;
    }
}

void spec_change(struct spec *spec, struct dice *dice)
{
    size_t at = dice_below(dice, spec->n_services);
    struct spec_service *s = &spec->services[at];

    switch (dice_below(dice, 8)) {
    case 0:
        add_service(spec, dice);
        break;
    case 1:
        if (spec->n_services > 1)
            remove_service(spec, at);
        break;
    case 2:
        throw_needs(spec, dice, s);
        break;
    case 3:
        s->enabled = !s->enabled;
        break;
    case 4:
        spec->concurrent[dice_below(dice, SPEC_PATHS)] = (unsigned)dice_between(dice, 1, 4);
        break;
    case 5:
        shuffle(spec, dice);
        break;
    default:
        change_check(spec, dice, &s->checks[dice_below(dice, s->n_checks)]);
        break;
    }
}

/* ---- the model ---- */

static void build_one_check(struct build *b, const struct spec_check *c, size_t number)
{
    char name[32];
    struct model_check *made;

    snprintf(name, sizeof name, "c%zu", number);
    made = build_check(b, name);
    made->operation = c->plugin;
    made->fingerprint = c->fingerprint;
    made->every = c->every;
    made->timeout = c->timeout;
    made->confirm_every = c->confirm_every;
    made->fail_after = c->fail_after;
    made->recover_after = c->recover_after;
    made->unknown_after = c->unknown_after;
    made->path = c->path;
    made->witness = c->witness;
    made->enabled = c->enabled;
}

static void build_one_need(struct build *b, const struct spec_need *need)
{
    char names[SPEC_ANY * 16];
    size_t n = 0;

    for (size_t i = 0; i < need->n; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "s%u ", need->any[i]);
    build_need(b, names);
}

const struct model *spec_model(const struct spec *spec)
{
    struct build *b = build_begin(spec->n_services, spec->n_services * SPEC_CHECKS);
    char name[32];

    build_settings(b)->reopen = spec->scale * 30;
    build_settings(b)->flap_escalate = spec->scale * 20;
    build_settings(b)->storm_cooldown = spec->scale * 10;

    for (size_t i = 0; i < SPEC_PATHS; i++) {
        snprintf(name, sizeof name, "p%zu", i);
        build_path(b, name, spec->concurrent[i]);
    }
    for (size_t i = 0; i < spec->n_services; i++) {
        const struct spec_service *s = &spec->services[i];
        struct model_service *made;

        snprintf(name, sizeof name, "s%u", s->id);
        made = build_service(b, name);
        made->critical = s->critical;
        made->enabled = s->enabled;
        made->needs_wait = s->needs_wait;
        made->recover_grace = s->recover_grace;
        made->start_timeout = s->start_timeout;
        made->tell_warn_after = s->tell_warn_after;
        for (size_t k = 0; k < s->n_checks; k++)
            build_one_check(b, &s->checks[k], k);
        for (size_t k = 0; k < s->n_needs; k++)
            build_one_need(b, &s->needs[k]);
    }
    return build_end(b);
}
