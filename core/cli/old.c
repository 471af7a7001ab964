/*
 * The flags of the old program, for scripts that still use them: --check, --status, --validate, --dry-run, --worker-only, --config, with its output shapes
 * and exit codes: `--check` prints the array of probes and exits 0 even when probes fail; an unknown argument exits 1.
 * Several at once: validate before dry-run before status before check before worker-only.
 */
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/offline.h"
#include "cli/problems.h"
#include "cli/shot.h"
#include "base/moment.h"
#include "base/os/files.h"
#include "base/text.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

enum { OLD_ERROR = 1, STATE_MAX = 32 << 20 };

struct flags {
    bool validate, dry_run, status, check, worker_only;
    const char *config;
};

static void add_string(struct buffer *out, const char *text)
{
    text_json(out, text, strlen(text));
}

/* ---- --validate */

static size_t count_type(const struct model *model, const char *type)
{
    size_t n = 0;

    for (size_t i = 0; i < model->n_checks; i++)
        n += strcmp(model->operations[model->checks[i].operation].name, type) == 0;
    return n;
}

static uint64_t shortest(const struct model *model)
{
    uint64_t every = 0;

    for (size_t i = 0; i < model->n_checks; i++)
        if (every == 0 || model->checks[i].every < every)
            every = model->checks[i].every;
    return every;
}

static int old_validate(const char *file)
{
    struct offline offline = offline_load(file, true);
    struct buffer out = buffer_make(0);
    int code = OLD_ERROR;

    if (offline.config)
        problems_print(offline.config, offline.model != NULL);
    if (offline.model) {
        buffer_text(&out, "{\"ok\":true,\"config_path\":");
        add_string(&out, file);
        buffer_text(&out, ",\"services_path\":");
        add_string(&out, file);
        buffer_printf(&out, ",\"check_interval_secs\":%llu,\"http_probe_count\":%zu,\"launchd_probe_count\":%zu,\"script_probe_count\":%zu}\n",
                      (unsigned long long)(shortest(offline.model) / NS_PER_S), count_type(offline.model, "http"), count_type(offline.model, "launchd"),
                      count_type(offline.model, "exec"));
        code = cli_print(&out);
    }
    buffer_free(&out);
    offline_free(&offline);
    return code;
}

/* ---- --dry-run */

static int old_dry_run(const char *file)
{
    struct offline offline = offline_load(file, true);
    struct buffer out = buffer_make(0);
    int code = OLD_ERROR;

    if (offline.config)
        problems_print(offline.config, offline.model != NULL);
    if (offline.model) {
        buffer_printf(&out, "talon dry run config path: %s\n", file);
        config_show(offline.config, NULL, &out);
        code = cli_print(&out);
    }
    buffer_free(&out);
    offline_free(&offline);
    return code;
}

/* ---- --status: the persisted state, a default where there is none */

static int old_status(const char *config)
{
    static const char none[] = "{\"current_state\":\"Healthy\",\"consecutive_failures\":0,\"last_heal_time\":null,\"last_agent_time\":null,\"last_sos_time\":null,"
                               "\"last_probe_results\":[],\"worker_restarts\":0}\n";
    struct buffer out = buffer_make(STATE_MAX);
    struct ask_place place;
    int code;

    ask_find(config, &place);
    if (!state_read(place.state, "state.json", &out)) {
        buffer_clear(&out);
        buffer_text(&out, none);
    }
    if (out.len > 0 && out.data[out.len - 1] != '\n')
        buffer_char(&out, '\n');
    code = cli_print(&out);
    buffer_free(&out);
    return code;
}

/* ---- --check: [{"name","passed","output","duration_ms"}], also left as last-probe.json for its readers */

static bool is_probe(const struct model *model, size_t check)
{
    return model->checks[check].enabled && !model->checks[check].witness;
}

/* As in /health's failed_probes: the service alone where it has one probe (rules.md 3.7). */
static const char *probe_name(const struct model *model, size_t check)
{
    const struct model_service *service = &model->services[model->checks[check].service];
    size_t n = 0;

    for (size_t i = 0; i < service->n_checks; i++)
        n += is_probe(model, service->first_check + i);
    return n == 1 ? service->name : model->checks[check].full_name;
}

static void add_probe(struct buffer *out, const struct model *model, const struct shot_entry *entry)
{
    const struct result *result = entry->result;

    buffer_text(out, "{\"name\":");
    add_string(out, probe_name(model, entry->check));
    buffer_printf(out, ",\"passed\":%s,\"output\":", result && (result->status == STATUS_OK || result->status == STATUS_WARN) ? "true" : "false");
    add_string(out, result ? result->summary : "timeout");
    buffer_printf(out, ",\"duration_ms\":%llu}", result ? (unsigned long long)(result->duration_ns / NS_PER_MS) : 0);
}

/* Replaced whole, so that it does not matter whether a daemon writes its own there too. */
static void leave_for_readers(const struct model *model, const struct buffer *probes)
{
    char path[2048], why[512];

    snprintf(path, sizeof path, "%s/last-probe.json", model->settings.state);
    if (!files_make_folder(model->settings.state, why, sizeof why) || !files_write(path, probes->data, probes->len, 0600, false, why, sizeof why))
        fprintf(stderr, "talon: last-probe.json is not written: %s\n", why);
}

static int old_check(const char *file)
{
    struct shot_request request = { .file = file };
    struct shot shot;
    struct buffer out = buffer_make(0);
    int code = shot_run(&request, &shot) == 0 ? 0 : OLD_ERROR;
    size_t n = 0;

    buffer_char(&out, '[');
    for (size_t i = 0; i < shot.n; i++) {
        if (!is_probe(shot.model, shot.entries[i].check))
            continue;
        buffer_text(&out, n++ > 0 ? ",\n" : "\n");
        add_probe(&out, shot.model, &shot.entries[i]);
    }
    buffer_text(&out, n > 0 ? "\n]\n" : "]\n");
    if (code == 0) {
        if (!out.failed)
            leave_for_readers(shot.model, &out);
        code = cli_print(&out);
    }
    buffer_free(&out);
    shot_free(&shot);
    return code;
}

/* ---- */

static int read_flags(int argc, char **argv, struct flags *flags)
{
    const struct {
        const char *name;
        bool *flag;
    } names[] = {
        { "--validate", &flags->validate }, { "--dry-run", &flags->dry_run },         { "--status", &flags->status },
        { "--check", &flags->check },       { "--worker-only", &flags->worker_only },
    };

    for (int i = 1; i < argc; i++) {
        size_t k = 0;

        if (strcmp(argv[i], "--config") == 0) {
            if (i + 1 == argc) {
                fprintf(stderr, "--config requires a path\n");
                return OLD_ERROR;
            }
            flags->config = argv[++i];
            continue;
        }
        if (strcmp(argv[i], "validate") == 0) {
            flags->validate = true;
            continue;
        }
        while (k < sizeof names / sizeof *names && strcmp(names[k].name, argv[i]) != 0)
            k++;
        if (k == sizeof names / sizeof *names) {
            fprintf(stderr, "unknown argument: %s\n", argv[i]);
            return OLD_ERROR;
        }
        *names[k].flag = true;
    }
    return 0;
}

int cli_old(int argc, char **argv)
{
    struct flags flags = { 0 };
    char *run[] = { "run", "--config", NULL, NULL, NULL };
    char file[4096];
    int code = read_flags(argc, argv, &flags);

    if (code != 0)
        return code;
    if (flags.status && !flags.validate && !flags.dry_run)
        return old_status(flags.config);
    if (!cli_config_file(flags.config, file, sizeof file))
        return OLD_ERROR;
    if (flags.validate)
        return old_validate(file);
    if (flags.dry_run)
        return old_dry_run(file);
    if (flags.check)
        return old_check(file);
    run[2] = file;
    if (flags.worker_only)
        run[3] = "--worker-only";
    return cli_run(flags.worker_only ? 4 : 3, run);
}
