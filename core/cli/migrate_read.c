/* From TOML to what it means: see migrate.h. Every key that the old program knew is in a table here; any other is said, since it was passed over in silence. */
#include "base/text.h"
#include "cli/migrate.h"
#include "cli/toml.h"

#include <stdio.h>
#include <string.h>

static const struct known {
    const char *section, *key;
    enum toml_kind kind;
    size_t offset; /* in struct old */
} known[] = {
#define KNOWN(section, key, kind, field) { section, key, kind, offsetof(struct old, field) }
    KNOWN("", "check_interval_secs", TOML_INTEGER, interval),
    KNOWN("", "heal_script", TOML_TEXT, heal_script),
    KNOWN("", "heal_timeout_secs", TOML_INTEGER, heal_timeout),
    KNOWN("", "services_file", TOML_TEXT, services_file),
    KNOWN("worker", "dir", TOML_TEXT, worker.dir),
    KNOWN("worker", "command", TOML_TEXTS, worker.command),
    KNOWN("worker", "external_launchd_label", TOML_TEXT, worker.unless_loaded),
    KNOWN("worker", "port", TOML_INTEGER, worker.port),
    KNOWN("worker", "health_endpoint", TOML_TEXT, worker.health),
    KNOWN("worker", "sync_endpoint", TOML_TEXT, worker.sync),
    KNOWN("worker", "log_stdout", TOML_TEXT, worker.log_out),
    KNOWN("worker", "log_stderr", TOML_TEXT, worker.log_err),
    KNOWN("worker", "env_file", TOML_TEXT, worker.env_file),
    KNOWN("worker", "drain_timeout_secs", TOML_INTEGER, worker.drain),
    KNOWN("worker", "health_interval_secs", TOML_INTEGER, worker.health_interval),
    KNOWN("worker", "health_failures_before_restart", TOML_INTEGER, worker.health_failures),
    KNOWN("worker", "restart_backoff_max_secs", TOML_INTEGER, worker.backoff_max),
    KNOWN("worker", "startup_sync_delay_secs", TOML_INTEGER, worker.sync_delay),
    KNOWN("worker", "http_timeout_secs", TOML_INTEGER, worker.http_timeout),
    KNOWN("escalation", "agent_cooldown_secs", TOML_INTEGER, escalation.agent_cooldown),
    KNOWN("escalation", "sos_cooldown_secs", TOML_INTEGER, escalation.sos_cooldown),
    KNOWN("escalation", "sos_recipient", TOML_TEXT, escalation.recipient),
    KNOWN("escalation", "sos_telegram_chat_id", TOML_TEXT, escalation.chat),
    KNOWN("escalation", "sos_telegram_secret_name", TOML_TEXT, escalation.secret),
    KNOWN("escalation", "critical_threshold_secs", TOML_INTEGER, escalation.after),
    KNOWN("agent", "cloud_command", TOML_TEXT, agent.cloud),
    KNOWN("agent", "local_command", TOML_TEXT, agent.local),
    KNOWN("agent", "timeout_secs", TOML_INTEGER, agent.timeout),
    KNOWN("probes", "colima_timeout_secs", TOML_INTEGER, probes.colima_timeout),
    KNOWN("probes", "k8s_timeout_secs", TOML_INTEGER, probes.k8s_timeout),
    KNOWN("probes", "service_timeout_secs", TOML_INTEGER, probes.service_timeout),
    KNOWN("probes", "critical_after_consecutive_failures", TOML_INTEGER, probes.critical_after),
    KNOWN("probes", "consecutive_failures_before_escalate", TOML_INTEGER, probes.escalate_after),
    KNOWN("health", "enabled", TOML_TRUTH, health.enabled),
    KNOWN("health", "bind", TOML_TEXT, health.bind),
#undef KNOWN
};

enum { N_KNOWN = sizeof known / sizeof *known };

static const char *const kinds[] = { "a text between quotes", "an integer", "true or false", "a list of texts" };

/* ---- what is said */

void old_error(struct old_notes *notes, unsigned line, unsigned column, const char *sentence)
{
    fprintf(stderr, "%s:%u:%u: error: %s\n", notes->file, line, column, sentence);
    notes->errors++;
}

void old_note(struct old_notes *notes, unsigned line, unsigned column, const char *format, ...)
{
    char sentence[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(sentence, sizeof sentence, format, ap);
    va_end(ap);
    fprintf(stderr, "%s:%u:%u: note: %s\n", notes->file, line, column, sentence);
}

static void on_problem(void *arg, unsigned line, unsigned column, const char *sentence)
{
    old_error(arg, line, column, sentence);
}

static bool is_of_kind(const struct toml_value *value, enum toml_kind kind, struct old_notes *notes)
{
    char sentence[200];

    if (value->kind != kind) {
        snprintf(sentence, sizeof sentence, "`%.60s` must be %s", value->key, kinds[kind]);
        old_error(notes, value->line, value->column, sentence);
        return false;
    }
    if (kind == TOML_INTEGER && value->integer < 0) {
        snprintf(sentence, sizeof sentence, "`%.60s` must not be negative", value->key);
        old_error(notes, value->line, value->column, sentence);
        return false;
    }
    return true;
}

/* ---- the main file */

static void store(struct old *old, const struct known *as, const struct toml_value *value)
{
    char *to = (char *)old + as->offset;
    const struct old_texts texts = { value->texts, value->n };

    switch (as->kind) {
    case TOML_TEXT:
        memcpy(to, &value->text, sizeof value->text);
        break;
    case TOML_INTEGER:
        memcpy(to, &value->integer, sizeof value->integer);
        break;
    case TOML_TRUTH:
        memcpy(to, &value->truth, sizeof value->truth);
        break;
    case TOML_TEXTS:
        memcpy(to, &texts, sizeof texts);
        break;
    }
}

static void tell_unknown(const struct toml_value *value, struct old_notes *notes)
{
    const char *names[N_KNOWN], *meant;
    size_t n = 0;

    for (size_t i = 0; i < N_KNOWN; i++)
        if (strcmp(known[i].section, value->section) == 0)
            names[n++] = known[i].key;
    meant = text_nearest(value->key, names, n);
    old_note(notes, value->line, value->column, "`%.60s` was nothing that the old program knew%s%s%s, so it never did anything; it is left out", value->key,
             meant ? " (`" : "", meant ? meant : "", meant ? "` is)" : "");
}

void old_read_config(struct arena *arena, const char *bytes, size_t n, struct old *old, struct old_notes *notes)
{
    const struct toml toml = toml_read(arena, bytes, n, on_problem, notes);

    *old = (struct old){
        .interval = 60,
        .heal_timeout = 300,
        .worker = { .drain = 5, .health_interval = 30, .health_failures = 3, .backoff_max = 30, .sync_delay = 5, .http_timeout = 5 },
        .escalation = { .agent_cooldown = 600, .sos_cooldown = 14400, .after = 900 },
        .agent = { .timeout = 120 },
        .probes = { .colima_timeout = 5, .k8s_timeout = 10, .service_timeout = 5, .critical_after = 2, .escalate_after = 3 },
        .health = { .enabled = true, .bind = "127.0.0.1:9999" },
    };
    for (const struct toml_value *value = toml.values; value; value = value->next) {
        size_t i = 0;

        while (i < N_KNOWN && (strcmp(known[i].section, value->section) != 0 || strcmp(known[i].key, value->key) != 0))
            i++;
        if (i == N_KNOWN)
            tell_unknown(value, notes);
        else if (is_of_kind(value, known[i].kind, notes))
            store(old, &known[i], value);
    }
}

/* ---- the services */

static const struct {
    const char *prefix, *key; /* of its section, and of what it watches */
} probe_kinds[] = { [OLD_HTTP] = { "http.", "url" }, [OLD_LAUNCHD] = { "launchd.", "label" }, [OLD_SCRIPT] = { "script.", "command" } };

static struct old_probe *add_probe(struct old *old, const struct toml_section *section, struct old_notes *notes)
{
    struct old_probe *probe = &old->found[old->n_found];

    for (enum old_kind kind = OLD_HTTP; kind <= OLD_SCRIPT; kind++) {
        const size_t n = strlen(probe_kinds[kind].prefix);

        if (strncmp(section->name, probe_kinds[kind].prefix, n) != 0 || section->name[n] == '\0')
            continue;
        if (old->n_found == OLD_PROBES) {
            old_error(notes, section->line, 1, "there are more services than the 256 that are carried");
            return NULL;
        }
        old->n_found++;
        *probe = (struct old_probe){ .kind = kind, .name = section->name + n, .timeout = old->probes.service_timeout, .fail_after = 1, .line = section->line };
        return probe;
    }
    old_note(notes, section->line, 1, "the old program knew no section `%.60s` here; it is left out", section->name);
    return NULL;
}

static void read_probe_value(struct old_probe *probe, const struct toml_value *value, struct old_notes *notes)
{
    if (strcmp(value->key, probe_kinds[probe->kind].key) == 0) {
        if (is_of_kind(value, TOML_TEXT, notes))
            probe->what = value->text;
    } else if (strcmp(value->key, "timeout_secs") == 0) {
        if (is_of_kind(value, TOML_INTEGER, notes))
            probe->timeout = value->integer;
    } else if (strcmp(value->key, "critical") == 0) {
        if (is_of_kind(value, TOML_TRUTH, notes))
            probe->critical = value->truth;
    } else if (strcmp(value->key, "critical_after_consecutive_failures") == 0) {
        if (is_of_kind(value, TOML_INTEGER, notes))
            probe->fail_after = value->integer > 0 ? value->integer : 1;
    } else {
        old_note(notes, value->line, value->column, "`%.60s` was nothing that the old program knew, so it never did anything; it is left out", value->key);
    }
}

static void tell_missing(const struct old_probe *probe, struct old_notes *notes)
{
    char sentence[200];

    snprintf(sentence, sizeof sentence, "`%s%.60s` has no `%s`, which says what to watch", probe_kinds[probe->kind].prefix, probe->name,
             probe_kinds[probe->kind].key);
    old_error(notes, probe->line, 1, sentence);
}

void old_read_services(struct arena *arena, const char *bytes, size_t n, struct old *old, struct old_notes *notes)
{
    const struct toml toml = toml_read(arena, bytes, n, on_problem, notes);

    for (const struct toml_section *section = toml.sections; section; section = section->next) {
        struct old_probe *probe = add_probe(old, section, notes);

        if (!probe)
            continue;
        for (const struct toml_value *value = toml.values; value; value = value->next)
            if (strcmp(value->section, section->name) == 0)
                read_probe_value(probe, value, notes);
        if (!probe->what)
            tell_missing(probe, notes);
    }
    for (const struct toml_value *value = toml.values; value; value = value->next)
        if (value->section[0] == '\0')
            old_note(notes, value->line, value->column, "`%.60s` stands before any section; it is left out", value->key);
}
