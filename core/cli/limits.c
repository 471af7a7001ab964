/*
 * `talon limits [SERVICE]`: what bounds repair: for each runbook of each service what is used up of its attempts and its window, when it ran last, and what refuses now,
 * until when. `--rearm` gives attempts back.
 */
#include "cli/cli.h"
#include "cli/people.h"

#include "base/scalar.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon limits [SERVICE [RUNBOOK]] [--rearm] [--json] [--config FILE]";
static const char who[] = "talon limits";

enum { ANSWER_MAX = 16 << 20, DURATION = 64 };

struct limits {
    const char *config, *service, *runbook;
    bool json, rearm;
};

static const char *duration(const cJSON *object, const char *name, char text[DURATION])
{
    scalar_show_duration((uint64_t)field_number(object, name) * NS_PER_MS, text, DURATION);
    return text;
}

static void add_refusals(struct buffer *out, const cJSON *runbook)
{
    const cJSON *refusal;

    cJSON_ArrayForEach(refusal, field(runbook, "refuses"))
    {
        buffer_printf(out, "  %srefuses:%s ", cli_colour("warn"), cli_plain());
        cli_wrap(out, field_text(refusal, "text"), 11, 4);
    }
}

static void add_runbook(struct buffer *out, const cJSON *runbook)
{
    const char *when = field_text(runbook, "when");
    const double last = field_number(runbook, "last_begun_unix"), failed = field_number(runbook, "failed_at_unix");
    struct buffer line = buffer_make(0);
    char one[DURATION], age[32];

    buffer_printf(out, "%s%s%s: %s (%s)%s%s%s\n", cli_colour("bold"), field_text(runbook, "service"), cli_plain(), field_text(runbook, "runbook"),
                  field_text(runbook, "impact"), when[0] ? " when " : "", when, field_true(runbook, "running") ? ", runs now" : "");
    buffer_printf(&line, "attempts %.0f of %.0f, ", field_number(runbook, "attempts"), field_number(runbook, "attempts_most"));
    buffer_printf(&line, "%.0f of %.0f in %s, ", field_number(runbook, "in_window"), field_number(runbook, "at_most"), duration(runbook, "per_ms", one));
    buffer_printf(&line, "cooldown %s, ", duration(runbook, "cooldown_ms", one));
    buffer_printf(&line, "hold after a failure %s", duration(runbook, "hold_after_failure_ms", one));
    field_age(last, age, sizeof age);
    if (last > 0.)
        buffer_printf(&line, "; last begun %s ago", age);
    field_age(failed, age, sizeof age);
    if (failed > 0.)
        buffer_printf(&line, "; did not help, %s ago", age);
    buffer_text(out, "  ");
    cli_wrap(out, buffer_string(&line), 2, 4);
    buffer_free(&line);
    add_refusals(out, runbook);
}

static void add_global(struct buffer *out, const cJSON *answer)
{
    const cJSON *global = field(answer, "global");
    const double paused = field_number(answer, "paused_until_unix");
    char window[DURATION], left[32];

    buffer_printf(out, "all runbooks: at most %.0f per %s, %.0f at once\n", field_number(global, "at_most"), duration(global, "per_ms", window), field_number(global, "concurrent"));
    if (field_true(global, "switched_off"))
        buffer_text(out, "repair is switched off: Talon runs with --no-heal or --dry-run\n");
    if (field_true(global, "safe_mode"))
        buffer_text(out, "repair is off: Talon is in safe mode, since its core has crashed again and again\n");
    if (field_true(global, "storm"))
        buffer_text(out, "a storm: too much went bad at once, nothing above `observe` starts\n");
    if (field_true(global, "sick"))
        buffer_text(out, "this host is not well: nothing above `observe` starts\n");
    field_left(paused, left, sizeof left);
    if (paused > 0.)
        buffer_printf(out, "repair is paused, for %s more; `talon resume` ends it\n", left);
}

static bool is_wanted(const struct limits *limits, const cJSON *runbook)
{
    return (!limits->service || strcmp(field_text(runbook, "service"), limits->service) == 0 || strcmp(field_text(runbook, "runbook"), limits->service) == 0) &&
           (!limits->runbook || strcmp(field_text(runbook, "runbook"), limits->runbook) == 0);
}

/* False: there is none of that name. */
static bool show(struct buffer *out, const struct limits *limits, const cJSON *answer)
{
    const cJSON *runbook;
    int n = 0;

    add_global(out, answer);
    cJSON_ArrayForEach(runbook, field(answer, "runbooks"))
    {
        if (!is_wanted(limits, runbook))
            continue;
        n++;
        add_runbook(out, runbook);
    }
    if (n == 0 && !limits->service)
        buffer_text(out, "no service has a `heal:`\n");
    return n > 0 || !limits->service;
}

static int rearm(const struct limits *limits)
{
    struct buffer said = buffer_make(0), body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    struct ask_place place;
    cJSON *answer;
    int code = CLI_UNKNOWN;

    buffer_text(&said, "{");
    people_say(&said, "service", limits->service);
    people_say(&said, "runbook", limits->runbook);
    buffer_text(&said, "}");
    ask_find(limits->config, &place);
    if (command_send(who, &place, "/v1/heal/rearm", buffer_string(&said), (const int[]){ 0 }, &body, &answer) == 200) {
        buffer_printf(&out, "%s: attempts are given back; cooldown, window and hold stay\n", field_text(answer, "service"));
        code = people_print(&body, &out, limits->json);
        cJSON_Delete(answer);
    }
    buffer_free(&said);
    buffer_free(&body);
    buffer_free(&out);
    return code;
}

int cli_limits(int argc, char **argv)
{
    struct limits limits = { .config = NULL };
    struct cli_option options[] = {
        CLI_CONFIG(&limits.config),
        { "rearm", CLI_FLAG, &limits.rearm, "give the attempts of that service's runbooks (or of one) back" },
        { "json", CLI_FLAG, &limits.json, "the daemon's answer, one JSON object" },
        CLI_NO_MORE,
    };
    int code, words = cli_options(argc, argv, options, usage, &code);
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    struct ask_place place;
    cJSON *answer;

    if (words < 0)
        return code;
    limits.service = words > 0 ? argv[1] : NULL;
    limits.runbook = words > 1 ? argv[2] : NULL;
    if (words > 2 || (limits.rearm && words == 0))
        return people_refuse(usage, limits.rearm ? "talon limits: --rearm needs a service" : "talon limits: needs at most a service and one of its runbooks");
    if (limits.rearm)
        return rearm(&limits);
    ask_find(limits.config, &place);
    code = CLI_UNKNOWN;
    if (command_get(who, &place, "/v1/limits", "/api/v1/limits", &body, &answer) == 200) {
        if (show(&out, &limits, answer))
            code = people_print(&body, &out, limits.json);
        else
            fprintf(stderr, "%s: no service of that name has a runbook (of that name); `talon limits` lists them\n", who);
        cJSON_Delete(answer);
    }
    buffer_free(&body);
    buffer_free(&out);
    return code;
}
