/*
 * GET /metrics. Verdicts of checks are numbers, not one series for each word, so that a thousand checks cost a scraper a few thousand series and no
 * series comes or goes with a verdict; services, which people alert on, have one series for each verdict. Names and codes are a contract: rules and
 * dashboards of others are built on them.
 */
#include "serve/exposition.h"
#include "serve/facts.h"
#include "serve/serve.h"

#include <string.h>

enum { MOST_CHECK_METRICS = 50000 }; /* samples; beyond, they are left out and counted */

static double seconds(int64_t wall)
{
    return (double)wall / 1e9;
}

/* ---- Talon itself */

static void add_state(struct exposition *exposition, const struct snapshot *snapshot)
{
    exposition_family(exposition, "talon_state", EXPOSITION_STATESET, "The overall state, as /health tells it.");
    for (int state = STATE_STARTING; state <= STATE_SOS; state++) {
        exposition_sample(exposition);
        exposition_label(exposition, "talon_state", engine_state_name((enum engine_state)state));
        exposition_value(exposition, strcmp(engine_state_name((enum engine_state)state), facts_state(snapshot)) == 0);
    }
}

static void add_single(struct exposition *exposition, const char *name, enum exposition_type type, const char *help, double value)
{
    exposition_family(exposition, name, type, help);
    exposition_single(exposition, value);
}

static double unacknowledged(const struct snapshot *snapshot)
{
    size_t n = 0;

    for (size_t i = 0; i < snapshot->n_open; i++)
        n += !snapshot->incidents[i].acked;
    return (double)n;
}

static void add_overall(struct exposition *exposition, const struct snapshot *snapshot)
{
    const struct engine_overall *overall = &snapshot->overall;

    add_single(exposition, "talon_probes", EXPOSITION_GAUGE, "Enabled checks that are no witnesses.", overall->probe_count);
    add_single(exposition, "talon_probes_failed", EXPOSITION_GAUGE, "Of these, how many are failed and not silenced.", overall->failed_probe_count);
    add_single(exposition, "talon_witnesses_failed", EXPOSITION_GAUGE, "Witnesses that are failed.", overall->witnesses_failed);
    add_single(exposition, "talon_services_stopped", EXPOSITION_GAUGE, "Services that a person has stopped on purpose.", overall->stopped);
    add_single(exposition, "talon_services_silenced", EXPOSITION_GAUGE, "Services that a person or a maintenance window has silenced.", overall->silenced);
    add_single(exposition, "talon_incidents_open", EXPOSITION_GAUGE, "Incidents that are open.", (double)snapshot->n_open);
    add_single(exposition, "talon_incidents_unacknowledged", EXPOSITION_GAUGE, "Of these, how many nobody has acknowledged.", unacknowledged(snapshot));
    add_single(exposition, "talon_repair_paused_until_timestamp_seconds", EXPOSITION_GAUGE, "Until when repair is paused; 0: it is not.", seconds(snapshot->paused_until));
    add_single(exposition, "talon_consecutive_failures", EXPOSITION_GAUGE, "The longest running streak of bad results of a probe.", overall->consecutive_failures);
    add_single(exposition, "talon_first_round_complete", EXPOSITION_GAUGE, "1 once every enabled check has ended once.", overall->round_complete);
    add_single(exposition, "talon_rounds", EXPOSITION_COUNTER, "Rounds: every enabled check has ended once since the last one.", (double)overall->rounds);
    add_single(exposition, "talon_config_refused", EXPOSITION_GAUGE, "1 while the configuration's files are bad and an older one is in force.", snapshot->config_error != NULL);
    add_single(exposition, "talon_trouble", EXPOSITION_GAUGE, "1 while Talon has trouble of its own, see `talon status`.", snapshot->self != NULL);
    add_single(exposition, "talon_worker_restarts", EXPOSITION_COUNTER, "Restarts of supervised programs.", snapshot->worker_restarts);
    add_single(exposition, "talon_config_loaded_timestamp_seconds", EXPOSITION_GAUGE, "When the configuration in force was loaded.", seconds(snapshot->loaded_at));
    add_single(exposition, "talon_snapshot_timestamp_seconds", EXPOSITION_GAUGE, "When these figures were taken from the engine.", seconds(snapshot->updated));
    add_single(exposition, "process_start_time_seconds", EXPOSITION_GAUGE, "When this process started, in seconds since 1970.", seconds(snapshot->started_at));
}

/* ---- plugin hosts. Two may have one name for a while (the old one is dying); a series may stand only once. */

static bool seen_before(const struct snapshot *snapshot, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(snapshot->plugins[k].name, snapshot->plugins[i].name) == 0)
            return true;
    return false;
}

enum host_figure { HOST_RUNNING, HOST_DEATHS, HOST_INSTANCES };

static double host_figure(const struct snapshot *snapshot, size_t i, enum host_figure figure)
{
    double sum = 0.;

    for (size_t k = i; k < snapshot->n_plugins; k++) {
        const struct snapshot_plugin *plugin = &snapshot->plugins[k];

        if (strcmp(plugin->name, snapshot->plugins[i].name) != 0)
            continue;
        sum += figure == HOST_DEATHS ? plugin->deaths : figure == HOST_INSTANCES ? plugin->instances : strcmp(plugin->state, "running") == 0 ? 1. : 0.;
    }
    return sum;
}

static void add_hosts(struct exposition *exposition, const struct snapshot *snapshot)
{
    static const struct {
        const char *name, *help;
        enum exposition_type type;
        enum host_figure figure;
    } families[] = {
        { "talon_plugin_host_running", "Plugin host processes of that name that run.", EXPOSITION_GAUGE, HOST_RUNNING },
        { "talon_plugin_host_deaths", "How often the host has died.", EXPOSITION_COUNTER, HOST_DEATHS },
        { "talon_plugin_host_instances", "Checks that are set up in the host.", EXPOSITION_GAUGE, HOST_INSTANCES },
    };

    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        exposition_family(exposition, families[f].name, families[f].type, families[f].help);
        for (size_t i = 0; i < snapshot->n_plugins; i++) {
            if (seen_before(snapshot, i))
                continue;
            exposition_sample(exposition);
            exposition_label(exposition, "host", snapshot->plugins[i].name);
            exposition_value(exposition, host_figure(snapshot, i, families[f].figure));
        }
    }
}

/* ---- programs */

static void add_programs(struct exposition *exposition, const struct snapshot *snapshot)
{
    exposition_family(exposition, "talon_program_running", EXPOSITION_GAUGE, "1 while the supervised program runs.");
    for (size_t i = 0; i < snapshot->n_programs; i++) {
        exposition_sample(exposition);
        exposition_label(exposition, "program", snapshot->programs[i].name);
        exposition_value(exposition, strcmp(snapshot->programs[i].state, "running") == 0);
    }
    exposition_family(exposition, "talon_program_restarts", EXPOSITION_COUNTER, "How often the program was started again after an end that nobody had asked for.");
    for (size_t i = 0; i < snapshot->n_programs; i++) {
        exposition_sample(exposition);
        exposition_label(exposition, "program", snapshot->programs[i].name);
        exposition_value(exposition, (double)snapshot->programs[i].restarts);
    }
}

/* ---- services */

static void add_service_verdicts(struct exposition *exposition, const struct snapshot *snapshot)
{
    exposition_family(exposition, "talon_service_verdict", EXPOSITION_GAUGE, "1 for the verdict that Talon has on the service, 0 for the others.");
    for (size_t i = 0; i < snapshot->model->n_services; i++) {
        const char *is = engine_verdict_name(snapshot->services[i].verdict);

        for (int verdict = VERDICT_OK; facts_is_watched(snapshot->model, i) && verdict <= VERDICT_FAILED; verdict++) {
            const char *name = engine_verdict_name((enum engine_verdict)verdict);

            exposition_sample(exposition);
            exposition_label(exposition, "service", snapshot->model->services[i].name);
            exposition_label(exposition, "verdict", name);
            exposition_value(exposition, strcmp(name, is) == 0); /* not heard yet is "starting" for people */
        }
    }
}

enum service_figure { SERVICE_CRITICAL, SERVICE_ROOT, SERVICE_SINCE };

static double service_figure(const struct snapshot *snapshot, size_t i, enum service_figure figure)
{
    if (figure == SERVICE_CRITICAL)
        return snapshot->model->services[i].critical;
    return figure == SERVICE_ROOT ? snapshot->services[i].root : seconds(snapshot->services[i].since);
}

static void add_services(struct exposition *exposition, const struct snapshot *snapshot)
{
    static const struct {
        const char *name, *help;
        enum service_figure figure;
    } families[] = {
        { "talon_service_critical", "1 for a service that is marked as critical.", SERVICE_CRITICAL },
        { "talon_service_root_cause", "1 while the service is failed by itself, not because of another.", SERVICE_ROOT },
        { "talon_service_since_timestamp_seconds", "When the service turned to its verdict; 0: not yet.", SERVICE_SINCE },
    };

    add_service_verdicts(exposition, snapshot);
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        exposition_family(exposition, families[f].name, EXPOSITION_GAUGE, families[f].help);
        for (size_t i = 0; i < snapshot->model->n_services; i++) {
            if (!facts_is_watched(snapshot->model, i))
                continue;
            exposition_sample(exposition);
            exposition_label(exposition, "service", snapshot->model->services[i].name);
            exposition_value(exposition, service_figure(snapshot, i, families[f].figure));
        }
    }
}

/* ---- checks. False: there is no such figure of that check yet. */

static bool check_verdict(const struct snapshot_check *check, double *value)
{
    static const int codes[] = {
        [VERDICT_NONE] = 4,     [VERDICT_OK] = 0,      [VERDICT_WARN] = 1,    [VERDICT_STOPPED] = 5, [VERDICT_STARTING] = 4,
        [VERDICT_RECOVERING] = 6, [VERDICT_UNKNOWN] = 3, [VERDICT_SUSPECT] = 7, [VERDICT_FAILED] = 2,
    };

    *value = codes[check->verdict];
    return true;
}

static bool check_status(const struct snapshot_check *check, double *value)
{
    *value = check->last ? (double)check->last->status : 0.;
    return check->last != NULL;
}

static bool check_duration(const struct snapshot_check *check, double *value)
{
    *value = check->last ? (double)check->last->duration_ns / 1e9 : 0.;
    return check->last != NULL;
}

static bool check_last_run(const struct snapshot_check *check, double *value)
{
    *value = seconds(check->last_ended);
    return check->last_ended > 0;
}

static bool check_bad(const struct snapshot_check *check, double *value)
{
    *value = check->bad;
    return true;
}

static bool check_stale(const struct snapshot_check *check, double *value)
{
    *value = check->stale;
    return true;
}

static bool check_runs(const struct snapshot_check *check, double *value)
{
    *value = (double)check->runs;
    return true;
}

static bool check_skipped(const struct snapshot_check *check, double *value)
{
    *value = (double)check->skipped;
    return true;
}

static void begin_check(struct exposition *exposition, const struct model *model, size_t check)
{
    exposition_sample(exposition);
    exposition_label(exposition, "service", model->services[model->checks[check].service].name);
    exposition_label(exposition, "check", model->checks[check].name);
}

static void add_check_info(struct exposition *exposition, const struct model *model)
{
    exposition_family(exposition, "talon_check", EXPOSITION_INFO, "What the check is: its type, and whether it is a witness, which never fails its service.");
    for (size_t i = 0; i < model->n_checks; i++) {
        if (!model->checks[i].enabled)
            continue;
        begin_check(exposition, model, i);
        exposition_label(exposition, "type", model->operations[model->checks[i].operation].name);
        exposition_label(exposition, "witness", model->checks[i].witness ? "true" : "false");
        exposition_value(exposition, 1.);
    }
}

static void add_checks(struct exposition *exposition, const struct snapshot *snapshot)
{
    static const struct {
        const char *name, *help;
        enum exposition_type type;
        bool (*value)(const struct snapshot_check *check, double *value);
    } families[] = {
        { "talon_check_verdict", "What Talon concludes: 0 ok, 1 warn, 2 failed, 3 unknown, 4 starting, 5 stopped, 6 recovering, 7 suspect.", EXPOSITION_GAUGE, check_verdict },
        { "talon_check_status", "What the last run reported: 0 ok, 1 warn, 2 fail, 3 unknown, 4 starting, 5 stopped.", EXPOSITION_GAUGE, check_status },
        { "talon_check_duration_seconds", "How long the last run took.", EXPOSITION_GAUGE, check_duration },
        { "talon_check_last_run_timestamp_seconds", "When the last run ended.", EXPOSITION_GAUGE, check_last_run },
        { "talon_check_bad_in_a_row", "Bad results in a row.", EXPOSITION_GAUGE, check_bad },
        { "talon_check_stale", "1 while there was no result for three intervals and the timeout.", EXPOSITION_GAUGE, check_stale },
        { "talon_check_runs", "Runs that have ended.", EXPOSITION_COUNTER, check_runs },
        { "talon_check_skipped", "Runs skipped because the one before still went on, or its path was full.", EXPOSITION_COUNTER, check_skipped },
    };
    const struct model *model = snapshot->model;
    double value;

    add_check_info(exposition, model);
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        exposition_family(exposition, families[f].name, families[f].type, families[f].help);
        for (size_t i = 0; i < model->n_checks; i++) {
            if (!model->checks[i].enabled || !families[f].value(&snapshot->checks[i], &value))
                continue;
            begin_check(exposition, model, i);
            exposition_value(exposition, value);
        }
    }
}

/* ---- what the checks measured */

static void add_measured(struct exposition *exposition, const struct snapshot *snapshot)
{
    size_t left = MOST_CHECK_METRICS, dropped = 0;

    exposition_family(exposition, "talon_check_metric", EXPOSITION_GAUGE, "What the last run measured, in the unit that the label names.");
    for (size_t i = 0; i < snapshot->model->n_checks; i++) {
        const struct result *last = snapshot->model->checks[i].enabled ? snapshot->checks[i].last : NULL;

        for (size_t m = 0; last && m < last->n_metrics; m++) {
            if (left == 0) {
                dropped++;
                continue;
            }
            left--;
            begin_check(exposition, snapshot->model, i);
            exposition_label(exposition, "metric", last->metrics[m].name);
            exposition_label(exposition, "unit", last->metrics[m].unit ? last->metrics[m].unit : "");
            exposition_value(exposition, last->metrics[m].value);
        }
    }
    add_single(exposition, "talon_check_metrics_left_out", EXPOSITION_GAUGE, "Values of the family before that are left out, since there are too many.", (double)dropped);
}

void render_metrics(const struct snapshot *snapshot, bool stalled, bool openmetrics, struct buffer *out)
{
    struct exposition exposition = { .out = out, .openmetrics = openmetrics };

    exposition_family(&exposition, "talon_build", EXPOSITION_INFO, "The program that answers.");
    exposition_sample(&exposition);
    exposition_label(&exposition, "version", TALON_VERSION);
    exposition_value(&exposition, 1.);
    add_state(&exposition, snapshot);
    add_single(&exposition, "talon_stalled", EXPOSITION_GAUGE, "1 while the daemon's loop stands still.", stalled);
    if (snapshot) {
        add_overall(&exposition, snapshot);
        add_hosts(&exposition, snapshot);
    add_programs(&exposition, snapshot);
        add_services(&exposition, snapshot);
        add_checks(&exposition, snapshot);
        add_measured(&exposition, snapshot);
    }
    exposition_end(&exposition);
}
