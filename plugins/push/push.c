/*
 * The check type `push`: a job that reports itself, by `talon ping` or `talon job`. Nothing is asked: the daemon keeps the last reports as what this instance recalls,
 * sets it up anew with each, and has it judged at once. So a run here only looks whether what was said is good, and whether it is too long ago.
 */
#include <kit/json.h>
#include <kit/schedule.h>
#include <talon/plugin.h>

#include <inttypes.h>

enum { KEPT = 4096, SAID = 200 };

#define NS_PER_MS 1000000

struct conf {
    uint64_t period, grace, max_duration;
    const char *cron, *zone;
};

static const struct talon_option options[] = {
    { .name = "period",
      TALON_DURATION_AT(struct conf, period),
      .help = "How often the job has to report that it has ended; 0: whenever it likes, only what it says counts." },
    { .name = "cron",
      TALON_STRING_AT(struct conf, cron),
      .help = "In place of `period`, when it begins: minute, hour, day of the month, month, day of the week, such as `0 3 * * sun`. It has to report that it has ended within `grace` of "
              "each beginning; one that says when it starts may go on for `max_duration`." },
    { .name = "zone", TALON_STRING_AT(struct conf, zone), .help = "The time zone of `cron`, such as Europe/Berlin; without it the machine's own." },
    { .name = "grace", TALON_DURATION_AT(struct conf, grace), .fallback = "5m", .help = "How much later than that it may be." },
    { .name = "max_duration",
      TALON_DURATION_AT(struct conf, max_duration),
      .help = "The longest that the job may take, where it says when it starts; 0: as long as it likes." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "age", .unit = "s", .help = "Since the job has reported last that it has ended." },
    { .name = "took", .unit = "s", .help = "How long it took then." },
    { .name = "exit", .unit = "", .help = "Its exit code then." },
    { .name = "running", .unit = "s", .help = "Since it has started, while it has not ended." },
    { .name = NULL },
};

struct report {
    const char *status, *message, *tail;
    int64_t since, started, ended; /* ms since 1970; 0: never */
    double exit, took_ms;
};

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;

    if (conf->cron && conf->period > 0) {
        problem->option = "cron";
        snprintf(problem->text, sizeof problem->text, "and `period` both say when it has to report: give one of them");
        return 1;
    }
    if (conf->zone && !conf->cron) {
        problem->option = "zone";
        snprintf(problem->text, sizeof problem->text, "is for `cron`, which is not given");
        return 1;
    }
    if (conf->cron && !schedule_valid(conf->cron, conf->zone, problem))
        return 1;
    if (conf->period == 0 || conf->max_duration <= conf->period + conf->grace)
        return 0;
    problem->option = "max_duration";
    snprintf(problem->text, sizeof problem->text, "must not be above `period` and `grace` together: it would be late before that");
    return 1;
}

/* From when on it is waited for: kept, so that a restart does not give it its time anew. */
static void setup(struct talon_run *instance)
{
    char kept[KEPT], text[64];
    int n;

    if (instance->host->recall(instance, kept, sizeof kept) > 0)
        return;
    n = snprintf(text, sizeof text, "{\"since\":%" PRId64 "}", instance->host->unix_ns(instance) / NS_PER_MS);
    instance->host->save(instance, text, (size_t)n);
}

static int64_t moment_of(const cJSON *kept, const char *name)
{
    const double ms = json_number(kept, name, 0.);

    return ms > 0. && ms < 9e15 ? (int64_t)ms : 0;
}

/* What is no report (nothing is kept, or nonsense) has no moments. */
static struct report read_report(struct talon_run *run)
{
    char kept[KEPT];
    const char *problem;
    const size_t n = run->host->recall(run->instance, kept, sizeof kept);
    const cJSON *said = n > 0 ? json_parse(run, kept, n < sizeof kept ? n : sizeof kept, &problem) : NULL;

    return (struct report){
        .status = json_string(said, "status", ""),
        .message = json_string(said, "message", ""),
        .tail = json_string(said, "tail", ""),
        .since = moment_of(said, "since"),
        .started = moment_of(said, "started"),
        .ended = moment_of(said, "ended"),
        .exit = json_number(said, "exit", 0.),
        .took_ms = json_number(said, "took_ms", 0.),
    };
}

/* ns since then; a moment in the future (the clock was set back) is now. */
static uint64_t age_of(struct talon_run *run, int64_t ms)
{
    const int64_t now = run->host->unix_ns(run) / NS_PER_MS;

    return now > ms ? (uint64_t)(now - ms) * NS_PER_MS : 0;
}

/* The last line that says something. */
static const char *last_words(struct talon_run *run, const struct report *report)
{
    const char *said = report->message[0] ? report->message : report->tail, *end = said + strlen(said), *begin;

    while (end > said && (unsigned char)end[-1] <= ' ')
        end--;
    for (begin = end; begin > said && begin[-1] != '\n'; begin--)
        continue;
    return talon_quote(run, begin, (size_t)(end - begin), SAID);
}

static void tell(struct talon_run *run, const struct report *report)
{
    if (report->ended > 0) {
        run->host->metric(run, "age", (double)age_of(run, report->ended) / 1e9, "s");
        run->host->metric(run, "exit", report->exit, "");
    }
    if (report->took_ms > 0)
        run->host->metric(run, "took", report->took_ms / 1e3, "s");
    if (report->started > report->ended)
        run->host->metric(run, "running", (double)age_of(run, report->started) / 1e9, "s");
    if (report->tail[0])
        run->host->detail(run, "tail", report->tail);
}

/* It has said how it went, and that is not good. */
static int judge_said(struct talon_run *run, const struct report *report)
{
    const char *words = last_words(run, report), *colon = words[0] ? ": " : "", *ago = talon_show_time(run, age_of(run, report->ended));

    if (strcmp(report->status, "fail") == 0 && report->exit != 0)
        talon_done(run, TALON_FAIL, "push.failed", "it failed %s ago with exit code %.0f%s%s", ago, report->exit, colon, words);
    else if (strcmp(report->status, "fail") == 0)
        talon_done(run, TALON_FAIL, "push.failed", "it said %s ago that it failed%s%s", ago, colon, words);
    else if (strcmp(report->status, "warn") == 0)
        talon_done(run, TALON_WARN, "push.warned", "it warned %s ago%s%s", ago, colon, words);
    else if (strcmp(report->status, "unknown") == 0)
        talon_done(run, TALON_UNKNOWN, "push.unknown", "it said %s ago that it does not know%s%s", ago, colon, words);
    else
        return 0;
    return 1;
}

/* By the schedule: nothing has come since its last beginning that is longer ago than `grace`; one that has started since may take its time. */
static int judge_schedule(struct talon_run *run, const struct report *report)
{
    const struct conf *conf = run->conf;
    const int64_t now = run->host->unix_ns(run), from = report->ended > 0 ? report->ended : report->since;
    int64_t begins;

    if (!conf->cron || from == 0 || !schedule_last(conf->cron, conf->zone, now - (int64_t)conf->grace, &begins))
        return 0;
    begins /= NS_PER_MS;
    if (from >= begins || (conf->max_duration > 0 && report->started > report->ended && report->started >= begins))
        return 0;
    if (report->ended > 0)
        talon_done(run, TALON_FAIL, "push.late", "it had to begin %s ago and has not reported since: its last report came %s ago", talon_show_time(run, age_of(run, begins)),
                   talon_show_time(run, age_of(run, report->ended)));
    else
        talon_done(run, TALON_FAIL, "push.late", "it had to begin %s ago and has never reported", talon_show_time(run, age_of(run, begins)));
    return 1;
}

static void judge(struct talon_run *run, const struct report *report)
{
    const struct conf *conf = run->conf;
    const uint64_t due = conf->period + conf->grace, running = age_of(run, report->started);
    const int64_t from = report->ended > 0 ? report->ended : report->since;
    const int is_running = report->started > report->ended;

    if (is_running && conf->max_duration > 0 && running >= conf->max_duration)
        talon_done(run, TALON_FAIL, "push.stuck", "it started %s ago and has not ended since; it may take %s", talon_show_time(run, running),
                   talon_show_time(run, conf->max_duration));
    else if (conf->period > 0 && from > 0 && age_of(run, from) >= due)
        talon_done(run, TALON_FAIL, "push.late", report->ended > 0 ? "it has not reported for %s; it has to every %s" : "it has never reported, waited for since %s; it has to every %s",
                   talon_show_time(run, age_of(run, from)), talon_show_time(run, conf->period));
    else if (judge_schedule(run, report) || judge_said(run, report))
        return;
    else if (is_running)
        talon_done(run, TALON_OK, "push.running", "it has been running for %s", talon_show_time(run, running));
    else if (report->ended > 0)
        talon_done(run, TALON_OK, "push.ok", "it reported %s ago%s%s", talon_show_time(run, age_of(run, report->ended)), report->message[0] ? ": " : "",
                   report->message[0] ? last_words(run, report) : "");
    else
        talon_done(run, TALON_OK, "push.waiting", "it has not reported yet, and is not late");
}

static void start(struct talon_run *run)
{
    struct report report;

    if (run->flags & TALON_ONCE) {
        talon_done(run, TALON_UNKNOWN, "push.unheard", "only the running daemon knows what was reported: `talon status` shows it");
        return;
    }
    report = read_report(run);
    tell(run, &report);
    judge(run, &report);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "push",
      .summary = "Waits for the reports of a job, which `talon ping` and `talon job` give.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .validate = validate,
      .setup = setup,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "push",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of jobs that report themselves.",
    TALON_OPERATIONS(operations),
};
