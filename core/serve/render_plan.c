/* What a repair would do: see render_plan.h. The steps are told in the order and with the numbers with which they would run. */
#include "serve/render_plan.h"

#include "base/scalar.h"
#include "config/config.h"
#include "config/secrets.h"
#include "serve/json.h"
#include "serve/render_heal.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER = 32, MOST_HOLES = 16, HOLE = 96, DURATION = 64 };

struct planning {
    const struct plan *plan;
    struct buffer *out;
    size_t n;
};

/* ---- one step in words */

static const char *duration(uint64_t ns, char text[DURATION])
{
    scalar_show_duration(ns, text, DURATION);
    return text;
}

/* Its options as they would go to the plugin, but for secrets, which are named. */
static void add_conf(const struct model *model, const struct model_conf *conf, struct buffer *line)
{
    char names[MOST_HOLES][HOLE];
    const char *values[MOST_HOLES];
    size_t lengths[MOST_HOLES];

    if (conf->n_holes > MOST_HOLES || !conf->json)
        return;
    for (size_t i = 0; i < conf->n_holes; i++) {
        lengths[i] = (size_t)snprintf(names[i], HOLE, "${secrets.%.70s}", model->secrets[conf->holes[i].secret].name);
        values[i] = names[i];
    }
    secrets_fill(line, conf, values, lengths);
}

static void add_action(const struct planning *p, const struct model_action *action, struct buffer *line)
{
    char within[DURATION];

    buffer_printf(line, "%s ", action->name);
    add_conf(p->plan->model, &action->conf, line);
    buffer_printf(line, " within %s", duration(action->timeout, within));
    if (action->missing)
        buffer_printf(line, " (cannot be done: %s)", action->missing);
}

static void add_checks(const struct planning *p, const struct model_checks *checks, struct buffer *line)
{
    for (size_t i = 0; i < checks->n; i++)
        buffer_printf(line, "%s%s", i > 0 ? ", " : "", p->plan->model->checks[checks->checks[i]].full_name);
}

static void add_passes(const struct planning *p, const struct model_window_of_passes *passes, struct buffer *line)
{
    char every[DURATION], within[DURATION];

    add_checks(p, &passes->checks, line);
    if (passes->passes > 1)
        buffer_printf(line, " ok %u times in a row, every %s,", passes->passes, duration(passes->every, every));
    else
        buffer_text(line, " ok");
    if (passes->within > 0)
        buffer_printf(line, " within %s", duration(passes->within, within));
}

static void add_until(const struct planning *p, const struct model_step *step, struct buffer *line)
{
    char every[DURATION];

    buffer_text(line, "until ");
    add_passes(p, &step->passes, line);
    for (size_t i = 0; i < step->n_meanwhile; i++) {
        const struct model_meanwhile *meanwhile = &step->meanwhile[i];

        buffer_printf(line, "; meanwhile, every %s", duration(meanwhile->every, every));
        buffer_printf(line, "%s%s: ", meanwhile->when.n > 0 ? " while " : "", meanwhile->when.n > 0 ? meanwhile->when.text : "");
        add_action(p, &meanwhile->action, line);
    }
    if (step->hard.n > 0)
        buffer_printf(line, "; given up at once when %s", step->hard.text);
    if (step->warmup.n > 0)
        buffer_printf(line, "; failures are tolerated while %s", step->warmup.text);
}

static void add_words(const struct planning *p, const struct model_step *step, struct buffer *line)
{
    char wait[DURATION];

    switch (step->kind) {
    case MODEL_STEP_DO:
        add_action(p, &step->action, line);
        break;
    case MODEL_STEP_COLLECT:
        buffer_text(line, "collect ");
        add_action(p, &step->action, line);
        break;
    case MODEL_STEP_VERIFY:
        buffer_text(line, "verify ");
        add_passes(p, &step->passes, line);
        break;
    case MODEL_STEP_UNTIL:
        add_until(p, step, line);
        break;
    case MODEL_STEP_WAIT:
        buffer_printf(line, "wait %s", duration(step->wait, wait));
        break;
    case MODEL_STEP_IF:
        buffer_printf(line, "if %s:", step->condition.text);
        break;
    }
    if (step->goes_on)
        buffer_text(line, "; goes on if that fails");
}

/* ---- all of them */

static void add_line(struct planning *p, const char *number, const char *text)
{
    buffer_text(p->out, p->n++ > 0 ? ",\n {" : "\n {");
    json_text(p->out, "step", number);
    json_text(p->out, "text", text);
    buffer_char(p->out, '}');
}

/* `before`: the numbers above, "6."; steps of `else` count on from those of `then`. */
static void add_steps(struct planning *p, const struct model_step *steps, size_t n, const char *before, size_t first)
{
    struct buffer line = buffer_make(0);

    for (size_t i = 0; i < n; i++) {
        char number[NUMBER], below[NUMBER + 1];

        snprintf(number, sizeof number, "%.20s%zu", before, first + i);
        snprintf(below, sizeof below, "%s.", number);
        buffer_clear(&line);
        add_words(p, &steps[i], &line);
        p->out->failed = p->out->failed || line.failed;
        add_line(p, number, buffer_string(&line));
        if (steps[i].kind != MODEL_STEP_IF)
            continue;
        add_steps(p, steps[i].then, steps[i].n_then, below, 1);
        if (steps[i].n_otherwise > 0)
            add_line(p, number, "else:");
        add_steps(p, steps[i].otherwise, steps[i].n_otherwise, below, steps[i].n_then + 1);
    }
    buffer_free(&line);
}

static void add_verify(struct planning *p, const struct model_runbook *runbook)
{
    struct buffer line = buffer_make(0);

    if (runbook->verify.checks.n > 0) {
        add_passes(p, &runbook->verify, &line);
        add_line(p, "verify", buffer_string(&line));
    }
    p->out->failed = p->out->failed || line.failed;
    buffer_free(&line);
}

static void add_text_of_limits(const struct model_limits *limits, struct buffer *out)
{
    struct buffer text = buffer_make(0);

    config_show_limits(limits, &text);
    json_text(out, "limits", buffer_string(&text));
    out->failed = out->failed || text.failed;
    buffer_free(&text);
}

void render_plan(const struct plan *plan, struct buffer *out)
{
    static const char *const fits[] = { [LOGIC_FALSE] = "no", [LOGIC_TRUE] = "yes", [LOGIC_UNKNOWN] = "unknown" };
    static const char *const impacts[] = { [MODEL_OBSERVE] = "observe", [MODEL_RESTART] = "restart", [MODEL_DISRUPT] = "disruptive", [MODEL_DESTROY] = "destructive" };
    const struct model_service *service = &plan->model->services[plan->service];
    const struct model_heal *heal = &service->heal[plan->nth];
    struct planning p = { .plan = plan, .out = out };

    buffer_char(out, '{');
    json_text(out, "service", service->name);
    json_text(out, "runbook", heal->bound->name);
    json_text(out, "title", heal->bound->title);
    json_text(out, "note", heal->bound->note);
    json_text(out, "when", heal->when.n > 0 ? heal->when.text : NULL);
    json_text(out, "fits", fits[plan->fits]);
    json_text(out, "impact", impacts[heal->bound->impact]);
    json_ms(out, "deadline_ms", heal->bound->deadline);
    add_text_of_limits(&heal->bound->limits, out);
    json_bool(out, "would_run", plan->answer->limit == LIMIT_NONE);
    render_refusals(plan->at, plan->answer, out);
    json_name(out, "steps");
    buffer_char(out, '[');
    add_steps(&p, heal->bound->steps, heal->bound->n_steps, "", 1);
    add_verify(&p, heal->bound);
    buffer_text(out, "]}\n");
}
