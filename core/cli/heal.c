/*
 * `talon heal SERVICE|RUNBOOK`: repair by hand, through the same limits. The daemon does it; this waits and shows each step as it goes. `--dry-run` shows what would run,
 * and what would refuse, and touches nothing.
 */
#include "cli/cli.h"
#include "cli/people.h"

#include "base/os/clock.h"
#include "base/scalar.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char usage[] = "talon heal SERVICE [RUNBOOK] [--dry-run] [--force REASON] [--json] [--config FILE]";
static const char who[] = "talon heal";

enum { ANSWER_MAX = 16 << 20, PATH = 256, DEADLINE = 128 };

#define LOOK (200 * (uint64_t)NS_PER_MS)
#define PATIENCE (60 * (uint64_t)NS_PER_S) /* until it begins: fresh results, and its turn */
#define SILENCE (30 * (uint64_t)NS_PER_S)  /* of the daemon, while one goes on */

struct heal {
    const char *config, *force, *service, *runbook;
    bool json, dry_run;
    struct ask_place place;
};

static void say_wanted(const struct heal *heal, struct buffer *said)
{
    buffer_text(said, "{");
    people_say(said, "service", heal->service);
    people_say(said, "runbook", heal->runbook);
    people_say(said, "reason", heal->force);
    if (heal->force)
        buffer_printf(said, "%s\"force\":true", said->len > 1 ? "," : "");
    buffer_text(said, "}");
}

/* ---- what it would do */

static void add_when(struct buffer *out, double until)
{
    char at[64];

    if (until <= 0.)
        return;
    field_moment(until, at, sizeof at);
    buffer_printf(out, " (at %s)", at);
}

static void show_refusals(struct buffer *out, const cJSON *plan)
{
    const cJSON *refusal;

    cJSON_ArrayForEach(refusal, field(plan, "refuses"))
    {
        struct buffer line = buffer_make(0);

        buffer_text(&line, field_text(refusal, "text"));
        add_when(&line, field_number(refusal, "until_unix"));
        buffer_printf(out, "%srefuses:%s ", cli_colour("failed"), cli_plain());
        cli_wrap(out, buffer_string(&line), 9, 2);
        buffer_free(&line);
    }
}

static void show_plan(struct buffer *out, const cJSON *plan)
{
    const char *when = field_text(plan, "when"), *fits = field_text(plan, "fits");
    const cJSON *step;
    char deadline[DEADLINE];

    scalar_show_duration((uint64_t)field_number(plan, "deadline_ms") * NS_PER_MS, deadline, sizeof deadline);
    buffer_printf(out, "%s%s%s of %s: %s\n", cli_colour("bold"), field_text(plan, "runbook"), cli_plain(), field_text(plan, "service"), field_text(plan, "title"));
    buffer_printf(out, "impact %s, at most %s\n", field_text(plan, "impact"), deadline);
    if (when[0])
        buffer_printf(out, "when %s (%s)\n", when, strcmp(fits, "yes") == 0 ? "holds now" : strcmp(fits, "no") == 0 ? "does not hold now" : "is not known now");
    buffer_printf(out, "limits: %s\n", field_text(plan, "limits"));
    cJSON_ArrayForEach(step, field(plan, "steps"))
    {
        const char *number = field_text(step, "step");

        buffer_printf(out, "  %s. ", number);
        cli_wrap(out, field_text(step, "text"), strlen(number) + 4, 6);
    }
    show_refusals(out, plan);
    buffer_text(out, field_true(plan, "would_run") ? "it would run now; nothing has been done\n" : "it would not run now; nothing has been done\n");
}

static int dry_run(const struct heal *heal)
{
    struct buffer said = buffer_make(0), body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    cJSON *plan;
    int code = CLI_UNKNOWN;

    say_wanted(heal, &said);
    if (command_send(who, &heal->place, "/v1/heal/plan", buffer_string(&said), (const int[]){ 0 }, &body, &plan) == 200) {
        show_plan(&out, plan);
        code = people_print(&body, &out, heal->json);
        if (code == CLI_OK && !field_true(plan, "would_run"))
            code = CLI_WARN;
        cJSON_Delete(plan);
    }
    buffer_free(&said);
    buffer_free(&body);
    buffer_free(&out);
    return code;
}

/* ---- a run, as it goes */

struct following {
    const struct heal *heal;
    char path[PATH];
    double after;           /* runs up to this number were there before */
    unsigned shown;         /* lines, those left out counted */
    uint64_t since, heard;  /* awake; heard: when the daemon has answered last */
    struct buffer body;     /* its last answer */
};

static void show_line(const struct following *f, const char *text)
{
    struct buffer out = buffer_make(0);

    if (f->heal->json)
        return;
    cli_wrap(&out, text, 0, 2);
    cli_print(&out);
    buffer_free(&out);
    fflush(stdout);
}

static void show_new(struct following *f, const cJSON *run)
{
    const unsigned left_out = (unsigned)field_number(run, "left_out");
    const cJSON *line;
    unsigned at = left_out;

    cJSON_ArrayForEach(line, field(run, "lines"))
    {
        if (at++ < f->shown)
            continue;
        show_line(f, field_text(line, "text"));
    }
    f->shown = at;
}

static int end_of(const struct following *f, const cJSON *run)
{
    const char *outcome = field_text(run, "outcome"), *why = field_text(run, "why");
    const bool fixed = strcmp(outcome, "fixed") == 0;
    struct buffer out = buffer_make(0);

    if (f->heal->json) {
        cli_print(&f->body);
    } else {
        buffer_printf(&out, "%s%s%s", cli_colour(fixed ? "ok" : "failed"), outcome, cli_plain());
        buffer_printf(&out, "%s%s\n", why[0] ? ": " : "", why);
        cli_print(&out);
    }
    buffer_free(&out);
    return fixed ? CLI_OK : strcmp(outcome, "interrupted") == 0 || strcmp(outcome, "refused") == 0 ? CLI_UNKNOWN : CLI_FAIL;
}

/* -1: it goes on. */
static int look(struct following *f)
{
    cJSON *run;
    char why[256];
    int http, code = -1;

    buffer_clear(&f->body);
    http = command_try(&f->heal->place, f->path, NULL, &f->body, &run, why, sizeof why);
    if (http == 200 && run) {
        f->heard = clock_awake();
        if (field_number(run, "run") > f->after) {
            f->since = f->heard;
            show_new(f, run);
            if (field_text(run, "outcome")[0])
                code = end_of(f, run);
        }
    }
    cJSON_Delete(run);
    return code;
}

static int give_up(const struct following *f)
{
    if (clock_awake() - f->heard > SILENCE)
        fprintf(stderr, "%s: the daemon does not answer any more; `talon incidents` and `talon limits` say what became of it\n", who);
    else
        fprintf(stderr, "%s: it has not begun within 60 s; `talon limits %s` says what it waits for\n", who, f->heal->service);
    return CLI_UNKNOWN;
}

static int follow(struct following *f)
{
    const struct timespec pause = { .tv_nsec = (long)LOOK };
    int code;

    f->since = f->heard = clock_awake();
    while ((code = look(f)) < 0) {
        const uint64_t now = clock_awake();

        if (now - f->heard > SILENCE || now - f->since > PATIENCE + (f->shown > 0 ? UINT64_MAX / 4 : 0) || cli_reader_is_gone())
            return give_up(f);
        nanosleep(&pause, NULL);
    }
    return code;
}

static int run(const struct heal *heal)
{
    struct following f = { .heal = heal, .body = buffer_make(ANSWER_MAX) };
    struct buffer said = buffer_make(0);
    cJSON *answer;
    int code = CLI_UNKNOWN;

    say_wanted(heal, &said);
    if (command_send(who, &heal->place, "/v1/heal", buffer_string(&said), (const int[]){ 0 }, &f.body, &answer) == 200) {
        f.after = field_number(answer, "after");
        snprintf(f.path, sizeof f.path, "/v1/heal/runs/%.120s", field_text(answer, "service"));
        cJSON_Delete(answer);
        code = follow(&f);
    }
    buffer_free(&said);
    buffer_free(&f.body);
    return code;
}

int cli_heal(int argc, char **argv)
{
    struct heal heal = { .config = NULL };
    struct cli_option options[] = {
        CLI_CONFIG(&heal.config),
        { "dry-run", CLI_FLAG, &heal.dry_run, "show what would run and what would refuse it; touch nothing" },
        { "force", CLI_WORD, &heal.force, "go beyond the runbook's own limits, for this reason: both are kept in the audit" },
        { "json", CLI_FLAG, &heal.json, "the daemon's last answer, one JSON object" },
        CLI_NO_MORE,
    };
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words < 1 || words > 2 || !people_is_name(argv[1]) || (words == 2 && !people_is_name(argv[2])))
        return people_refuse(usage, "talon heal: needs a service (or a runbook that one service alone asks for), and perhaps one of its runbooks");
    if (heal.force && !heal.force[0])
        return people_refuse(usage, "talon heal: --force needs a reason: it is kept with what was done");
    heal.service = argv[1];
    heal.runbook = words == 2 ? argv[2] : NULL;
    ask_find(heal.config, &heal.place);
    return heal.dry_run ? dry_run(&heal) : run(&heal);
}
