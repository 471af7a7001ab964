/* What the daemon knows of itself: see daemon_self.h. */
#include "daemon_self.h"

#include "base/os/install_paths.h"
#include "base/os/log.h"
#include "base/shortage.h"
#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_DISTANCE (2 * (uint64_t)NS_PER_S)

enum { PACKED_MAX = 64 << 20, LOGGED_PROBLEMS = 20 };

void daemon_self_begin(struct daemon_self *self, const struct moment *now)
{
    self->started_at = now->wall;
}

void daemon_self_free(struct daemon_self *self)
{
    config_source_free(self->source);
    self->source = NULL;
}

struct hosts *daemon_self_hosts(struct ev_loop *loop)
{
    struct hosts_settings settings = { .host_program = install_host_program(), .child_path = getenv("PATH") };

    return hosts_create(loop, &settings);
}

void daemon_self_port(struct daemon_self *self, const char *why)
{
    if (why && strcmp(self->port, why) != 0)
        log_error("cannot answer; trying again each second", "why", why, NULL);
    snprintf(self->port, sizeof self->port, "%s", why ? why : "");
}

void daemon_self_restarted(struct daemon_self *self, bool safe, const char *after)
{
    const char *mode = safe ? "safe mode, since the core has crashed three times within ten minutes: it watches and tells, and repairs nothing" : "";

    if (after)
        snprintf(self->restarted, sizeof self->restarted, "%s%sthe core had to be started again: %.700s", mode, safe ? "; " : "", after);
    else
        snprintf(self->restarted, sizeof self->restarted, "%s", mode);
    if (after)
        log_warn(self->restarted, NULL);
}

void daemon_self_config(struct daemon_self *self, const char *error)
{
    snprintf(self->config_error, sizeof self->config_error, "%s", error ? error : "");
    if (error)
        log_error("configuration refused, the old one goes on", "error", error, NULL);
}

static void log_problem(const struct config_problem *problem, struct buffer *line)
{
    buffer_clear(line);
    config_show_problem(problem, line);
    while (line->len > 0 && line->data[line->len - 1] == '\n')
        line->data[--line->len] = '\0';
    if (problem->severity == CONFIG_ERROR)
        log_error("configuration", "problem", buffer_string(line), NULL);
    else
        log_warn("configuration", "problem", buffer_string(line), NULL);
}

void daemon_self_problems(struct daemon_self *self, const struct config *config, bool refused)
{
    size_t n, more, errors = config_errors(config);
    const struct config_problem *problems = config_problems(config, &n, &more);
    struct buffer line = buffer_make(4096);
    const struct config_problem *first = NULL;
    char error[DAEMON_SELF_TEXT];

    for (size_t i = 0; i < n; i++) {
        if (i < LOGGED_PROBLEMS)
            log_problem(&problems[i], &line);
        if (!first && problems[i].severity == CONFIG_ERROR)
            first = &problems[i];
    }
    buffer_free(&line);
    if (!refused) {
        daemon_self_config(self, NULL);
        return;
    }
    snprintf(error, sizeof error, "%s:%u:%u: %.300s%s", first ? first->place.file : "", first ? first->place.line : 0, first ? first->place.column : 0,
             first ? first->message : "no memory", errors > 1 ? " (and more)" : "");
    daemon_self_config(self, error);
}

void daemon_self_loaded(struct daemon_self *self, const struct moment *now, const struct model *model)
{
    size_t enabled = 0;
    char checks[32];

    for (size_t i = 0; i < model->n_checks; i++)
        enabled += model->checks[i].enabled;
    snprintf(checks, sizeof checks, "%zu", enabled);
    self->loaded_at = now->wall;
    log_info("configuration is in force", "file", model->file, "checks", checks, NULL);
}

void daemon_self_log(const struct model_settings *settings)
{
    struct log_settings log = { .file = settings->log_file, .level = (enum log_level)settings->log_level, .rotate_bytes = settings->log_rotate, .to_stderr = true };

    if (!log_open(&log))
        log_warn("the log file cannot be opened; logging to standard error", "file", settings->log_file, NULL);
}

bool daemon_self_pack(struct state *state, const struct config *config)
{
    struct buffer text = buffer_make(PACKED_MAX);

    config_pack(config, &text);
    if (text.failed) {
        buffer_free(&text);
        return false;
    }
    state_write_once(state, "last-good.conf", &text);
    return true;
}

struct config_source *daemon_self_last_good(struct state *state, bool *lacked)
{
    const uint64_t short_before = shortage_count();
    struct buffer text = buffer_make(PACKED_MAX);
    struct config_source *source = NULL;
    const bool read = state_read(state_folder(state), "last-good.conf", &text);

    if (read)
        source = config_unpack(buffer_string(&text), text.len);
    buffer_free(&text);
    *lacked = !source && shortage_count() != short_before;
    if (read && !source && !*lacked)
        state_set_aside(state, "last-good.conf");
    return source;
}

void daemon_self_write(struct state *state, const struct snapshot *snapshot)
{
    struct buffer text = buffer_make(PACKED_MAX);

    render_old_state(snapshot, &text);
    if (!text.failed)
        state_write(state, "state.json", text.data, text.len);
    buffer_clear(&text);
    render_old_probes(snapshot, &text);
    if (!text.failed)
        state_write(state, "last-probe.json", text.data, text.len);
    buffer_clear(&text);
    render_status(snapshot, false, &text); /* for `talon status` while no daemon runs */
    if (!text.failed)
        state_write(state, "status.json", text.data, text.len);
    buffer_free(&text);
}

bool daemon_self_retry(struct daemon_self *self, struct state *state, const struct moment *now)
{
    if (!state_trouble(state) || now->awake - self->retried_at < RETRY_DISTANCE)
        return false;
    self->retried_at = now->awake;
    state_retry(state);
    return true;
}

void daemon_self_answering(struct state *state, const char *host, uint16_t port)
{
    struct buffer text = buffer_make(0);
    char endpoint[128];
    int n = snprintf(endpoint, sizeof endpoint, strchr(host, ':') ? "[%s]:%u\n" : "%s:%u\n", host, (unsigned)port);

    buffer_add(&text, endpoint, (size_t)n);
    state_write_once(state, "endpoint", &text);
    endpoint[n - 1] = '\0';
    log_info("answering", "endpoint", endpoint, NULL);
}

uint64_t daemon_self_shortest(const struct model *model)
{
    uint64_t shortest = UINT64_MAX / 4;

    for (size_t i = 0; i < model->n_checks; i++)
        if (model->checks[i].enabled && model->checks[i].every < shortest)
            shortest = model->checks[i].every;
    return shortest;
}

bool daemon_self_same_endpoint(const struct model_settings *a, const struct model_settings *b)
{
    size_t i = 0;

    while (a->allow_hosts[i] && b->allow_hosts[i] && strcmp(a->allow_hosts[i], b->allow_hosts[i]) == 0)
        i++;
    return strcmp(a->listen_host, b->listen_host) == 0 && a->listen_port == b->listen_port && !a->allow_hosts[i] && !b->allow_hosts[i];
}

void daemon_self_tell(const struct model *model, const struct engine_effect *effect)
{
    const char *service = effect->of.log.service < model->n_services ? model->services[effect->of.log.service].name : NULL;
    const char *check = effect->of.log.check < model->n_checks ? model->checks[effect->of.log.check].full_name : NULL;
    void (*write)(const char *, ...) = effect->of.log.level >= LOG_LEVEL_ERROR  ? log_error
                                       : effect->of.log.level == LOG_LEVEL_WARN ? log_warn
                                       : effect->of.log.level == LOG_LEVEL_INFO ? log_info
                                                                                : log_debug;

    if (check)
        write(effect->of.log.text, "check", check, NULL);
    else if (service)
        write(effect->of.log.text, "service", service, NULL);
    else
        write(effect->of.log.text, NULL);
}

void daemon_self_notice(const struct model *model, const struct engine_effect *effect)
{
    static const char *const levels[] = { [LEVEL_DIGEST] = "digest", [LEVEL_MESSAGE] = "message", [LEVEL_PAGE] = "page" };
    const char *service = effect->of.notify.service < model->n_services ? model->services[effect->of.notify.service].name : "talon";
    void (*write)(const char *, ...) = effect->of.notify.over ? log_info : log_warn;

    write(effect->of.notify.text, "notice", engine_notice_name(effect->of.notify.notice), "level", levels[effect->of.notify.level], "service", service, NULL);
}

/* ---- for the snapshot */

/* Without a buffer: that there is no memory is one of the things that are to be said. */
static void add_trouble(struct daemon_self *self, const char *trouble)
{
    const size_t n = strlen(self->text);

    if (trouble && trouble[0])
        snprintf(self->text + n, sizeof self->text - n, "%s%s", n > 0 ? "; " : "", trouble);
}

static const char *trouble(struct daemon_self *self, const struct state *state)
{
    self->text[0] = '\0';
    add_trouble(self, self->restarted);
    add_trouble(self, self->port);
    add_trouble(self, self->control);
    add_trouble(self, state ? state_trouble(state) : NULL);
    add_trouble(self, self->store);
    add_trouble(self, self->programs);
    add_trouble(self, self->observer);
    add_trouble(self, self->lack.memory);
    add_trouble(self, self->lack.descriptors);
    add_trouble(self, self->lack.log);
    return self->text[0] ? self->text : NULL;
}

static unsigned long long look(struct daemon_self *self, const struct hosts *hosts, const struct state *state)
{
    const char *text = trouble(self, state);
    unsigned long long hash = text_hash(TEXT_HASH, self->config_error, strlen(self->config_error));
    struct hosts_view view;

    if (text)
        hash = text_hash(hash, text, strlen(text));
    for (size_t i = 0; hosts_view(hosts, i, &view); i++) {
        long facts[3] = { (long)view.pid, (long)view.deaths, (long)view.instances };

        hash = text_hash(hash, facts, sizeof facts);
        hash = text_hash(hash, view.state, strlen(view.state));
    }
    return hash;
}

bool daemon_self_changed(struct daemon_self *self, const struct hosts *hosts, const struct state *state)
{
    return look(self, hosts, state) != self->shown;
}

struct snapshot_extra daemon_self_extra(struct daemon_self *self, const struct hosts *hosts, const struct state *state, struct snapshot_plugin *plugins)
{
    struct snapshot_extra extra = {
        .loaded_at = self->loaded_at,
        .started_at = self->started_at,
        .config_error = self->config_error[0] ? self->config_error : NULL,
        .self = trouble(self, state),
        .worker_restarts = self->worker_restarts < UINT_MAX ? (unsigned)self->worker_restarts : UINT_MAX,
        .plugins = plugins,
    };
    struct hosts_view view;

    for (size_t i = 0; plugins && i < DAEMON_SELF_HOSTS && hosts_view(hosts, i, &view); i++)
        plugins[extra.n_plugins++] = (struct snapshot_plugin){
            .name = view.name, .state = view.state, .last_end = view.last_end, .pid = (long)view.pid, .deaths = view.deaths, .plugins = view.plugins,
            .instances = view.instances, .late_ms = view.late_ms,
        };
    if (plugins)
        self->shown = look(self, hosts, state);
    return extra;
}
