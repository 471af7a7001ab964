/* The chain: first <- second <- third. All three break at one moment; the third is checked most often, so it is seen to fail first. */
#include "chain.h"

#include "dice.h"

#include <stdio.h>

static const char *const names[] = { "first", "second", "third" };

static const struct model *make_model(struct dice *dice)
{
    struct build *b = build_begin(3, 3);
    uint64_t every = MS(100) * dice_between(dice, 1, 20);
    struct model_check *check;

    for (int i = 0; i < 3; i++) {
        build_service(b, names[i]);
        if (i > 0)
            build_need(b, names[i - 1]);
        check = build_check(b, "port");
        check->every = every * (uint64_t)(i == 2 ? 1 : i == 1 ? dice_between(dice, 2, 6) : dice_between(dice, 6, 30));
        check->confirm_every = check->every / 4;
        check->timeout = MS(50) * dice_between(dice, 1, 40);
        check->fail_after = (unsigned)dice_between(dice, 1, i == 2 ? 2 : 4);
    }
    return build_end(b);
}

/* Does any but the first count as a root cause? */
static void look(struct sim *sim, bool *third_first)
{
    if (sim_shown(sim, "second")->root || sim_shown(sim, "third")->root)
        sim_break(sim, "%s is a root cause", sim_shown(sim, "second")->root ? "second" : "third");
    *third_first |= sim_verdict(sim, "third") == VERDICT_FAILED && sim_verdict(sim, "first") != VERDICT_FAILED;
}

static bool is_judged(struct sim *sim)
{
    return sim_shown(sim, "first")->root && sim_shown(sim, "second")->caused_by == 0 && sim_shown(sim, "third")->caused_by == 0 &&
           sim_verdict(sim, "second") == VERDICT_FAILED && sim_verdict(sim, "third") == VERDICT_FAILED;
}

bool chain_run(uint64_t seed, char broken[SIM_TEXT])
{
    struct dice dice = { seed };
    struct sim sim;
    bool third_first = false;
    uint64_t deadline;

    sim_begin(&sim, dice_next(&dice), make_model(&dice));
    for (size_t i = 0; i < 3; i++)
        sim.checks[i].takes = dice_below(&dice, engine_model(sim.engine)->checks[i].timeout);
    sim_pass(&sim, dice_between(&dice, SECONDS(60), SECONDS(180)));
    for (size_t i = 0; i < 3; i++) {
        sim.checks[i].status = STATUS_FAIL;
        sim.checks[i].takes = dice_below(&dice, 2 * engine_model(sim.engine)->checks[i].timeout);
    }
    deadline = sim.now.awake + SECONDS(600);
    while (!sim.broken[0] && !is_judged(&sim) && sim.now.awake < deadline) {
        sim_step(&sim, SECONDS(1));
        look(&sim, &third_first);
    }
    if (!is_judged(&sim))
        sim_break(&sim, "the chain is not judged after ten minutes: third is %s", sim_why(&sim, "third"));
    snprintf(broken, SIM_TEXT, "%s", sim.broken);
    sim_end(&sim);
    return third_first;
}
