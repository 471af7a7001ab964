/* The fingerprint of a runbook as one entry of `heal:` runs it: another one gives the entry its attempts back (design.md 7). */
#include "config/prints.h"

static print add_checks(const struct model *m, print hash, const struct model_checks *checks)
{
    for (size_t i = 0; i < checks->n; i++)
        hash = print_text(hash, m->checks[checks->checks[i]].full_name);
    return print_number(hash, checks->n);
}

static print add_passes(const struct model *m, print hash, const struct model_window_of_passes *passes)
{
    hash = add_checks(m, hash, &passes->checks);
    hash = print_number(hash, passes->passes);
    hash = print_number(hash, passes->every);
    return print_number(hash, passes->within);
}

static print add_action(const struct model *m, print hash, const struct model_action *action)
{
    hash = print_text(hash, action->name);
    hash = print_conf(m, hash, &action->conf);
    hash = print_number(hash, (uint64_t)action->impact);
    return print_number(hash, action->timeout);
}

static print add_steps(const struct model *m, print hash, const struct model_step *steps, size_t n);

/* Steps nest no deeper than config lets them. */
static print add_step(const struct model *m, print hash, const struct model_step *step)
{
    hash = print_number(hash, (uint64_t)step->kind * 2 + step->goes_on);
    hash = add_action(m, hash, &step->action);
    hash = add_passes(m, hash, &step->passes);
    hash = print_condition(m, hash, &step->hard);
    hash = print_condition(m, hash, &step->warmup);
    hash = print_condition(m, hash, &step->condition);
    hash = print_number(hash, step->wait);
    for (size_t i = 0; i < step->n_meanwhile; i++) {
        hash = print_condition(m, hash, &step->meanwhile[i].when);
        hash = add_action(m, hash, &step->meanwhile[i].action);
        hash = print_number(hash, step->meanwhile[i].every);
    }
    hash = add_steps(m, hash, step->then, step->n_then);
    return add_steps(m, hash, step->otherwise, step->n_otherwise);
}

static print add_steps(const struct model *m, print hash, const struct model_step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = add_step(m, hash, &steps[i]);
    return print_number(hash, n);
}

static print add_limits(const struct model *m, print hash, const struct model_limits *limits)
{
    const uint64_t numbers[] = { limits->attempts, limits->cooldown, limits->at_most, limits->at_most_window, limits->hold_after_failure, limits->confirm_ticks,
                                 limits->confirm_within, limits->confirm_tries, limits->confirm_every, limits->n_locks };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        hash = print_number(hash, numbers[i]);
    for (size_t i = 0; i < limits->n_locks; i++)
        hash = print_text(hash, limits->locks[i]);
    hash = print_condition(m, hash, &limits->warmup);
    return print_condition(m, hash, &limits->owner);
}

print print_runbook(const struct model *m, print hash, const struct model_runbook *runbook)
{
    hash = print_text(hash, runbook->name);
    hash = print_number(hash, (uint64_t)runbook->impact);
    hash = print_number(hash, runbook->deadline);
    hash = add_limits(m, hash, &runbook->limits);
    hash = add_steps(m, hash, runbook->steps, runbook->n_steps);
    return add_passes(m, hash, &runbook->verify);
}
