/* Runbooks made by hand, for models made by hand (build.h). */
#include "heal_world.h"

struct model_runbook *world_runbook(struct build *b, const char *name, enum model_impact impact)
{
    static const char *const none[] = { NULL };
    struct model_runbook *book = build_alloc(b, sizeof *book);

    *book = (struct model_runbook){ .name = name,
                                    .title = name,
                                    .impact = impact,
                                    .known = true,
                                    .deadline = SECONDS(600),
                                    .limits = { .attempts = 3,
                                                .at_most = 3,
                                                .at_most_window = SECONDS(21600),
                                                .cooldown = SECONDS(900),
                                                .hold_after_failure = SECONDS(1800),
                                                .locks = none } };
    return book;
}

struct model_step *world_steps(struct build *b, struct model_runbook *book, size_t n)
{
    struct model_step *steps = build_alloc(b, n * sizeof *steps);

    book->steps = steps;
    book->n_steps = n;
    return steps;
}

struct model_heal *world_entry(struct build *b, struct model_service *service, const struct model_runbook *book)
{
    struct model_heal *heal = (struct model_heal *)(uintptr_t)service->heal;

    if (!heal)
        service->heal = heal = build_alloc(b, 4 * sizeof *heal);
    heal[service->n_heal] = (struct model_heal){ .bound = book, .fingerprint = 1 };
    return &heal[service->n_heal++];
}

struct model_action world_action(const char *name, uint64_t timeout)
{
    return (struct model_action){ .name = name, .operation = 0, .impact = MODEL_RESTART, .timeout = timeout };
}

struct model_condition world_verdict(struct build *b, size_t check, enum engine_verdict verdict)
{
    struct model_when *node = build_alloc(b, sizeof *node);

    *node = (struct model_when){ .kind = MODEL_WHEN_VERDICT, .check = check, .verdict = (int)verdict };
    return (struct model_condition){ .text = "it is so", .n = 1, .nodes = node };
}

struct model_window_of_passes world_passes(struct build *b, size_t first, size_t n, unsigned passes, uint64_t every, uint64_t within)
{
    size_t *checks = build_alloc(b, n * sizeof *checks);

    for (size_t i = 0; i < n; i++)
        checks[i] = first + i;
    return (struct model_window_of_passes){ .checks = { n, checks }, .passes = passes, .every = every, .within = within };
}
