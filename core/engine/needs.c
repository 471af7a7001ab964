/*
 * Who needs whom, and what all needs of a service say together. The word of a need is one number, so that `any:` and chains are no more than
 * maximum and minimum: 0 it is down, 1 it is not known, else how fresh the oldest run is that says it is well (its number plus one). A service
 * that began to fail before run m may blame itself only when its needs say more than m.
 *
 * Walks go without recursion and see each service once: a chain may be as long as a configuration allows.
 */
#include "engine/engine_private.h"

/* ---- walks ---- */

static void enter(struct engine *engine, size_t service, size_t *depth)
{
    engine->t.services[service].batch = engine->batch;
    engine->t.steps[(*depth)++] = (struct step){ .service = service };
}

/* The next need that this batch has not seen; MODEL_NONE: all are done. */
static size_t next_need(struct engine *engine, struct step *step)
{
    const struct model_service *model = &engine->t.model->services[step->service];

    for (; step->need < model->n_needs; step->need++, step->any = 0) {
        while (step->any < model->needs[step->need].n) {
            size_t need = model->needs[step->need].any[step->any++];

            if (engine->t.services[need].batch != engine->batch)
                return need;
        }
    }
    return MODEL_NONE;
}

void needs_walk(struct engine *engine, size_t service, void (*leave)(struct engine *engine, size_t service))
{
    size_t depth = 0;

    if (engine->t.services[service].batch == engine->batch)
        return;
    enter(engine, service, &depth);
    while (depth > 0) {
        struct step *step = &engine->t.steps[depth - 1];
        size_t need = next_need(engine, step);

        if (need != MODEL_NONE) {
            enter(engine, need, &depth);
        } else {
            leave(engine, step->service);
            depth--;
        }
    }
}

size_t needs_dependents(struct engine *engine, size_t service)
{
    struct tables *t = &engine->t;
    size_t n = 0;

    engine->walk++;
    t->services[service].walk = engine->walk;
    for (size_t at = service, done = 0;; at = t->list[done++]) {
        for (size_t i = t->first_dependent[at]; i < t->first_dependent[at + 1]; i++) {
            size_t dependent = t->dependents[i];

            if (t->services[dependent].walk == engine->walk)
                continue;
            t->services[dependent].walk = engine->walk;
            t->list[n++] = dependent;
        }
        if (done == n)
            return n;
    }
}

/* ---- checking them ---- */

static void check_service(struct engine *engine, size_t service, uint64_t from)
{
    const struct model_service *model = &engine->t.model->services[service];

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++) {
        struct check *c = &engine->t.checks[i];

        if (!service_judged_by(engine->t.model, i) || c->known_run >= from)
            continue;
        c->needed = true;
        if (c->run < from)
            paths_ask_fresh(engine, i, WANT_NEED);
    }
}

static void leave_listed(struct engine *engine, size_t service)
{
    engine->t.list[engine->t.n_list++] = service;
}

static void list_needs(struct engine *engine, size_t service)
{
    engine->batch++;
    engine->t.n_list = 0;
    needs_walk(engine, service, leave_listed);
}

bool needs_include(struct engine *engine, size_t service, size_t need)
{
    bool found = false;

    list_needs(engine, service);
    for (size_t i = 0; i < engine->t.n_list; i++)
        found |= engine->t.list[i] == need;
    return found;
}

void needs_check(struct engine *engine, size_t service, uint64_t from)
{
    list_needs(engine, service);
    for (size_t i = 0; i < engine->t.n_list; i++)
        if (engine->t.list[i] != service && engine->t.services[engine->t.list[i]].watched)
            check_service(engine, engine->t.list[i], from);
}

/* ---- their timeouts ---- */

static uint64_t longest_need(const struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];
    uint64_t longest = 0;

    for (size_t i = 0; i < model->n_needs; i++)
        for (size_t k = 0; k < model->needs[i].n; k++)
            if (engine->t.services[model->needs[i].any[k]].longest > longest)
                longest = engine->t.services[model->needs[i].any[k]].longest;
    return longest;
}

static void leave_longest(struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];
    uint64_t longest = longest_need(engine, service);

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (service_judged_by(engine->t.model, i) && engine->t.model->checks[i].timeout > longest)
            longest = engine->t.model->checks[i].timeout;
    engine->t.services[service].longest = longest;
}

uint64_t needs_longest(struct engine *engine, size_t service)
{
    needs_walk(engine, service, leave_longest);
    return longest_need(engine, service);
}

/* ---- what they say ---- */

static uint64_t oldest_evidence(const struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];
    uint64_t oldest = NEVER;

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (service_judged_by(engine->t.model, i) && engine->t.checks[i].known_run < oldest)
            oldest = engine->t.checks[i].known_run;
    return oldest;
}

/* Stopped and starting ones are down by their own word: what needs them cannot be well, and is not to be blamed. */
static uint64_t own_word(const struct engine *engine, size_t service)
{
    if (!engine->t.services[service].watched)
        return NEVER;
    switch (engine->t.services[service].shown.verdict) {
    case VERDICT_FAILED:
    case VERDICT_STOPPED:
    case VERDICT_STARTING:
        return WORD_DOWN;
    case VERDICT_OK:
    case VERDICT_WARN:
        return oldest_evidence(engine, service) + 1;
    case VERDICT_NONE:
    case VERDICT_SUSPECT:
    case VERDICT_UNKNOWN:
    case VERDICT_RECOVERING:
        break;
    }
    return WORD_UNKNOWN;
}

/* The best word of its alternatives. What is not watched, and needs nothing that is, has none (NEVER) and is no alternative. */
static uint64_t word_of_need(const struct engine *engine, const struct model_need *need)
{
    uint64_t best = WORD_DOWN;
    bool any = false;

    for (size_t i = 0; i < need->n; i++) {
        const struct service *s = &engine->t.services[need->any[i]];

        if (s->word == NEVER)
            continue;
        any = true;
        if (s->word > best)
            best = s->word;
    }
    return any ? best : NEVER;
}

static uint64_t word_of_needs(const struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];
    uint64_t worst = NEVER;

    for (size_t i = 0; i < model->n_needs; i++) {
        uint64_t word = word_of_need(engine, &model->needs[i]);

        if (word < worst)
            worst = word;
    }
    return worst;
}

static void leave_word(struct engine *engine, size_t service)
{
    uint64_t own = own_word(engine, service), needs = word_of_needs(engine, service);

    engine->t.services[service].word = own < needs ? own : needs;
}

uint64_t needs_word(struct engine *engine, size_t service)
{
    needs_walk(engine, service, leave_word);
    return word_of_needs(engine, service);
}

/* ---- which one it is ---- */

/* The first need that says no more than `most`, and of its alternatives the one with the best word. */
static size_t weakest(const struct engine *engine, size_t service, uint64_t most)
{
    const struct model_service *model = &engine->t.model->services[service];
    size_t found = MODEL_NONE;

    for (size_t i = 0; i < model->n_needs && found == MODEL_NONE; i++) {
        if (word_of_need(engine, &model->needs[i]) > most)
            continue;
        for (size_t k = 0; k < model->needs[i].n; k++) {
            size_t need = model->needs[i].any[k];
            uint64_t word = engine->t.services[need].word;

            if (word != NEVER && (found == MODEL_NONE || word > engine->t.services[found].word))
                found = need;
        }
    }
    return found;
}

size_t needs_blame(const struct engine *engine, size_t service)
{
    size_t deepest = service;

    for (size_t need = service; need != MODEL_NONE; need = weakest(engine, need, WORD_DOWN))
        deepest = need;
    return deepest;
}

size_t needs_awaited(const struct engine *engine, size_t service, uint64_t from)
{
    size_t need = weakest(engine, service, from);

    while (need != MODEL_NONE && (own_word(engine, need) > from || !engine->t.services[need].watched)) {
        size_t deeper = weakest(engine, need, from);

        if (deeper == MODEL_NONE)
            break;
        need = deeper;
    }
    return need;
}
