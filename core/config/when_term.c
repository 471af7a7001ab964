/* What the words of a condition mean: checks of this service and others, verdicts, metrics and their units. */
#include "config/when_private.h"

#include "base/scalar.h"
#include "base/text.h"
#include "engine/engine.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    enum engine_verdict verdict;
} verdicts[] = {
    { "ok", VERDICT_OK }, { "warn", VERDICT_WARN }, { "failed", VERDICT_FAILED }, { "suspect", VERDICT_SUSPECT }, { "unknown", VERDICT_UNKNOWN },
    { "starting", VERDICT_STARTING }, { "stopped", VERDICT_STOPPED }, { "recovering", VERDICT_RECOVERING },
};
enum { VERDICTS = sizeof verdicts / sizeof *verdicts };

/* ---- checks ---- */

/* Where a name's dot-separated parts begin. */
struct parts {
    const char *first, *second, *rest; /* NULL: there is none */
};

static struct parts divide(struct config *c, const char *name)
{
    char *copy = arena_string(c->arena, name);
    struct parts parts = { .first = copy };
    char *dot = strchr(copy, '.');

    if (!dot)
        return parts;
    *dot = '\0';
    parts.second = dot + 1;
    dot = strchr(dot + 1, '.');
    if (!dot)
        return parts;
    *dot = '\0';
    parts.rest = dot + 1;
    return parts;
}

static void tell_no_check(struct when *w, const struct token *at, const struct service_plan *service, const char *check)
{
    const bool own = service == w->service;
    const char **names = arena_array(w->c->arena, service->n_checks + 1, sizeof *names);

    for (size_t i = 0; i < service->n_checks; i++) {
        const struct check_plan *plan = work_check_at(w->c, service->first_check + i);

        names[i] = own ? plan->name : plan->full_name;
    }
    when_tell(w, at, "the service `%s` has no check %s", service->name, problem_quote(w->c, at->text == at->shown ? check : at->shown));
    if (problem_nearest(w->c, own ? check : arena_printf(w->c->arena, "%s.%.200s", service->name, check), names, service->n_checks) || !own)
        return;
    if (work_service(w->c, check))
        problem_note(w->c, "`%s` is a service: write `%s.CHECK`", check, check);
}

static void tell_no_service(struct when *w, const struct token *at, const char *name)
{
    if (w->c->alone || work_is_lost(w->c, name)) {
        if (w->c->alone)
            problem_warning(w->c, tree_within(w->node, at->at), "the check %s is not checked without the main file", problem_quote(w->c, at->shown));
        w->unknown = true;
        return;
    }
    when_tell(w, at, "there is no service %s", problem_quote(w->c, at->text == at->shown ? name : at->shown));
    problem_nearest(w->c, name, w->c->service_names, w->c->n_service_names);
}

static const struct check_plan *check_of(struct when *w, const struct token *at, const char *service, const char *check)
{
    const struct service_plan *plan = work_service(w->c, service);
    const struct check_plan *found;

    if (!plan) {
        tell_no_service(w, at, service);
        return NULL;
    }
    found = work_check(w->c, service, check);
    if (!found)
        tell_no_check(w, at, plan, check);
    return found;
}

/* The check becomes the term's; NULL stands for one of a service that nobody can know here. */
static bool use(struct when *w, const struct check_plan *check, struct model_when *term)
{
    if (!check)
        return w->unknown && !w->wrong;
    term->check = check->index;
    w->judges = w->judges || !w->c->model->checks[check->index].witness;
    return true;
}

/* ---- verdicts ---- */

static bool read_verdict(struct when *w, const struct token *token, int *verdict)
{
    const char *words[VERDICTS];

    for (size_t i = 0; i < VERDICTS; i++) {
        words[i] = verdicts[i].word;
        if (strcmp(words[i], token->text) == 0) {
            *verdict = (int)verdicts[i].verdict;
            return true;
        }
    }
    when_tell(w, token, "%s is no verdict: expected ok, warn, failed, suspect, unknown, starting, stopped or recovering", problem_quote(w->c, token->shown));
    problem_nearest(w->c, token->text, words, VERDICTS);
    return false;
}

bool when_verdict(struct when *w, const struct token *name, const struct token *verdict, struct model_when *term)
{
    const struct parts parts = divide(w->c, name->text);
    const struct check_plan *check;

    term->kind = MODEL_WHEN_VERDICT;
    if (parts.rest)
        return when_tell(w, name, "%s is neither CHECK nor SERVICE.CHECK", problem_quote(w->c, name->shown));
    check = parts.second ? check_of(w, name, parts.first, parts.second) : check_of(w, name, w->service->name, parts.first);
    return use(w, check, term) && read_verdict(w, verdict, &term->verdict);
}

/* ---- metrics ---- */

static const struct model_metric *find_metric(const struct operation *operation, const char *name)
{
    const struct model_metric *any = NULL;

    for (size_t i = 0; i < operation->n_metrics; i++) {
        if (strcmp(operation->metrics[i].name, name) == 0)
            return &operation->metrics[i];
        if (strcmp(operation->metrics[i].name, "*") == 0)
            any = &operation->metrics[i];
    }
    return any;
}

static const char **metric_names(struct when *w, const struct operation *operation)
{
    const char **names = arena_array(w->c->arena, operation->n_metrics + 1, sizeof *names);

    for (size_t i = 0; i < operation->n_metrics; i++)
        names[i] = operation->metrics[i].name;
    return names;
}

static bool tell_no_metric(struct when *w, const struct token *at, const struct operation *operation, const char *name)
{
    when_tell(w, at, "`%s` has no metric %s", operation->name, problem_quote(w->c, at->text == at->shown ? name : at->shown));
    problem_nearest(w->c, name, metric_names(w, operation), operation->n_metrics);
    return false;
}

/* It may be made at run time, or be a slip in the name of a declared one. */
static void warn_of_metric(struct when *w, const struct token *at, const struct operation *operation, const char *name)
{
    const char *meant = problem_meant(w->c, name, metric_names(w, operation), operation->n_metrics);

    if (!meant || at->text != at->shown)
        return;
    problem_warning(w->c, tree_within(w->node, at->at), "`%s` declares no metric %s: it may be made at run time", operation->name, problem_quote(w->c, name));
    problem_note(w->c, "did you mean `%s`?", meant);
}

static bool read_percent(const char *text, double *value, char *why)
{
    char number[64];
    const size_t n = strlen(text);

    if (n == 0 || n >= sizeof number || text[n - 1] != '%')
        return scalar_number(text, value, why);
    snprintf(number, sizeof number, "%.*s", (int)n - 1, text);
    return scalar_number(number, value, why);
}

static bool read_seconds(const char *text, double *value, char *why)
{
    uint64_t ns;

    if (!scalar_duration(text, &ns, why))
        return false;
    *value = (double)ns / 1e9;
    return true;
}

static bool read_bytes(const char *text, double *value, char *why)
{
    uint64_t bytes;

    if (!scalar_size(text, &bytes, why))
        return false;
    *value = (double)bytes;
    return true;
}

/* Of a metric made at run time nobody knows the unit: the value says it. */
static bool read_any(const char *text, double *value, char *why)
{
    if (read_percent(text, value, why) || read_seconds(text, value, why) || read_bytes(text, value, why))
        return true;
    snprintf(why, SCALAR_WHY, "`%.100s` is none of them", text);
    return false;
}

/* How a metric's value is spelled, by its unit. */
static const struct spelling {
    const char *unit;
    bool (*read)(const char *text, double *value, char *why);
    const char *what;
} spellings[] = {
    { "s", read_seconds, "is a time, to be compared with a duration such as 120s" },
    { "B", read_bytes, "is a size, to be compared with one such as 10MiB" },
    { "%", read_percent, "is a share, to be compared with one such as 90%" },
};

static bool read_plain(const char *text, double *value, char *why)
{
    return scalar_number(text, value, why);
}

static bool read_value(struct when *w, const struct token *token, const char *metric, const char *unit, bool any, double *value)
{
    struct spelling by = { unit, read_plain, "is a number without a unit" };
    char why[SCALAR_WHY];

    if (any && unit[0] == '\0')
        by = (struct spelling){ unit, read_any, "is compared with a number, duration, size or share" };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (strcmp(spellings[i].unit, unit) == 0)
            by = spellings[i];
    if (by.read(token->text, value, why))
        return true;
    if (token->text != token->shown)
        snprintf(why, sizeof why, "what `%.100s` stands for is none", token->shown);
    return when_tell(w, token, "`%.100s` %s: %s", metric, by.what, why);
}

/* "SERVICE.CHECK.METRIC" where there is such a check; else "CHECK.METRIC", whose metric may have a dot when it is made at run time. */
static const struct check_plan *find_metric_check(struct when *w, const struct token *name, const struct parts *parts, const char **metric)
{
    const struct check_plan *own = work_check(w->c, w->service->name, parts->first);
    const struct check_plan *named = parts->rest ? work_check(w->c, parts->first, parts->second) : NULL;

    *metric = parts->rest;
    if (named)
        return named;
    *metric = own && parts->rest ? arena_printf(w->c->arena, "%s.%s", parts->second, parts->rest) : own ? parts->second : parts->rest;
    if (own)
        return own;
    if (parts->rest)
        return check_of(w, name, parts->first, parts->second);
    return check_of(w, name, w->service->name, parts->first);
}

bool when_metric(struct when *w, const struct token *name, const struct token *value, struct model_when *term)
{
    const struct parts parts = divide(w->c, name->text);
    const struct check_plan *check;
    const struct model_metric *metric = NULL;
    const char *metric_name;
    bool any;

    term->kind = MODEL_WHEN_METRIC;
    if (!parts.second)
        return when_tell(w, name, "%s has no metric to compare: write `%.100s.METRIC`", problem_quote(w->c, name->shown), name->shown);
    check = find_metric_check(w, name, &parts, &metric_name);
    if (!use(w, check, term))
        return false;
    if (!check || !check->operation || !metric_name) {
        w->unknown = true; /* why is told elsewhere */
        return true;
    }
    any = check->operation->unknown;
    if (!any) {
        metric = find_metric(check->operation, metric_name);
        if (!metric)
            return tell_no_metric(w, name, check->operation, metric_name);
        any = strcmp(metric->name, "*") == 0;
        if (any)
            warn_of_metric(w, name, check->operation, metric_name);
    }
    term->metric = arena_string(w->c->made, metric_name);
    return read_value(w, value, metric_name, metric ? metric->unit : "", any, &term->value);
}
