/* `talon config show`: every value in force, and the file and line that it came from. Made from the model, so that it cannot say what is not so. */
#include "config/show_private.h"

#include "config/runbook.h"
#include "config/steps.h"

#include "base/scalar.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- lines ---- */

size_t show_enter(struct show *s, const char *part)
{
    const size_t length = s->key.len;

    buffer_text(&s->key, part);
    buffer_char(&s->key, '.');
    return length;
}

void show_leave(struct show *s, size_t length)
{
    if (s->key.len <= length)
        return;
    s->key.len = length;
    s->key.data[length] = '\0';
}

static bool begins(const char *key, const char *with)
{
    const size_t n = strlen(with);

    return strncmp(key, with, n) == 0 && (key[n] == '\0' || key[n] == '.');
}

/* "listen", "services.redis.title"; a service alone ("redis"), a check ("redis.ping"). */
static bool is_wanted(const struct show *s, const char *key)
{
    const char *dot = s->name ? strchr(s->name, '.') : NULL, *rest;

    if (!s->name || begins(key, s->name))
        return true;
    if (strncmp(key, "services.", 9) != 0)
        return false;
    rest = key + 9;
    if (!dot)
        return begins(rest, s->name);
    return strncmp(rest, s->name, (size_t)(dot - s->name) + 1) == 0 && strncmp(rest + (dot - s->name), ".checks.", 8) == 0 &&
           begins(rest + (dot - s->name) + 8, dot + 1);
}

static void show_from(struct show *s, const char *last, const char *value, const char *file, unsigned line)
{
    const size_t length = s->key.len;

    buffer_text(&s->key, last);
    if (is_wanted(s, buffer_string(&s->key))) {
        text_show(s->out, buffer_string(&s->key), s->key.len);
        buffer_text(s->out, " = ");
        text_show(s->out, value, strlen(value));
        buffer_text(s->out, "   # ");
        text_show(s->out, file, strlen(file));
        if (line > 0)
            buffer_printf(s->out, ":%u", line);
        buffer_char(s->out, '\n');
    }
    show_leave(s, length);
}

void show_line(struct show *s, const char *last, const char *value, const struct node *from)
{
    const bool built_in = !from || !from->place.source || from->place.source->shown[0] == '\0';

    if (built_in)
        show_from(s, last, value, "default", 0);
    else
        show_from(s, last, value, from->place.source->shown, from->place.line);
}

static void show_bool(struct show *s, const char *last, bool value, const struct node *from)
{
    show_line(s, last, value ? "true" : "false", from);
}

static void show_count(struct show *s, const char *last, unsigned value, const struct node *from)
{
    char text[16];

    snprintf(text, sizeof text, "%u", value);
    show_line(s, last, text, from);
}

static void show_duration(struct show *s, const char *last, uint64_t ns, const struct node *from)
{
    char text[64];

    scalar_show_duration(ns, text, sizeof text);
    show_line(s, last, text, from);
}

/* ---- what stands beside the services ---- */

static void show_settings(struct show *s)
{
    for (size_t i = 0; i < s->c->settings.n; i++) {
        const struct shown *shown = VECTOR_AT(&s->c->settings, struct shown, i);

        if (shown->word)
            show_from(s, shown->name, shown->value, shown->word, 0);
        else
            show_line(s, shown->name, shown->value, shown->from);
    }
}

static void show_variables(struct show *s)
{
    const size_t length = show_enter(s, "vars");

    for (size_t i = 0; i < s->c->n_variables; i++)
        show_line(s, s->c->variables[i].name, s->c->variables[i].text, s->c->variables[i].key);
    show_leave(s, length);
}

static void add_words(struct buffer *text, const char *const *words)
{
    for (size_t i = 0; words && words[i]; i++)
        buffer_printf(text, "%s%s", i > 0 ? " " : "", words[i]);
}

static void show_secret(struct show *s, const struct model_secret *secret)
{
    struct buffer text = buffer_make(0);
    const struct model_place *at = &secret->place;

    if (secret->source == MODEL_SECRET_ENV)
        buffer_printf(&text, "env %s", secret->env);
    else if (secret->source == MODEL_SECRET_FILE)
        buffer_printf(&text, "file %s", secret->file);
    else
        buffer_text(&text, "command ");
    if (secret->source == MODEL_SECRET_COMMAND)
        add_words(&text, secret->command);
    show_from(s, secret->name, buffer_string(&text), at->file, at->line);
    buffer_free(&text);
}

static void show_plugin(struct show *s, const struct model_plugin *plugin)
{
    struct buffer text = buffer_make(0);

    if (plugin->path)
        buffer_text(&text, plugin->path);
    else
        add_words(&text, plugin->command);
    if (plugin->own_host)
        buffer_text(&text, " (a host of its own)");
    show_from(s, plugin->name, buffer_string(&text), plugin->place.line > 0 ? plugin->place.file : "default", plugin->place.line);
    buffer_free(&text);
}

static void show_lists(struct show *s)
{
    const struct model *m = s->c->model;
    size_t length = show_enter(s, "secrets");

    for (size_t i = 0; i < s->c->n_secrets; i++)
        show_secret(s, &m->secrets[i]);
    show_leave(s, length);
    length = show_enter(s, "plugins");
    for (size_t i = 0; i < m->n_plugins; i++)
        show_plugin(s, &m->plugins[i]);
    show_leave(s, length);
    length = show_enter(s, "paths");
    for (size_t i = 0; i < m->n_paths; i++) {
        const struct node *bound = tree_get(tree_get(tree_get(s->c->root, "paths"), m->paths[i].name), "concurrent");
        const size_t inner = show_enter(s, m->paths[i].name);

        show_count(s, "concurrent", m->paths[i].concurrent, bound);
        show_leave(s, inner);
    }
    show_leave(s, length);
}

/* ---- services ---- */

static void show_needs(struct show *s, const struct model_service *service, const struct node *from)
{
    struct buffer text = buffer_make(0);

    if (service->n_needs == 0)
        return;
    for (size_t i = 0; i < service->n_needs; i++) {
        const struct model_need *need = &service->needs[i];

        buffer_text(&text, i > 0 ? ", " : "");
        buffer_text(&text, need->n > 1 ? "any of " : "");
        for (size_t k = 0; k < need->n; k++)
            buffer_printf(&text, "%s%s", k > 0 ? " or " : "", s->c->model->services[need->any[k]].name);
    }
    show_line(s, "needs", buffer_string(&text), from);
    buffer_free(&text);
}

/* What its runbook comes to for this service. */
static void show_bound(struct show *s, const struct model_runbook *bound)
{
    struct buffer limits = buffer_make(0);
    char text[64];

    config_show_limits(&bound->limits, &limits);
    scalar_show_duration(bound->deadline, text, sizeof text);
    show_from(s, "impact", runbook_impact(bound->impact), bound->place.file, bound->place.line);
    show_from(s, "limits", buffer_string(&limits), bound->place.file, bound->place.line);
    show_from(s, "deadline", text, bound->place.file, bound->place.line);
    if (limits.failed)
        s->out->failed = true;
    buffer_free(&limits);
}

static void show_heal(struct show *s, const struct model_heal *heal, size_t number)
{
    char part[32];
    size_t length;

    snprintf(part, sizeof part, "heal.%zu", number);
    length = show_enter(s, part);
    show_from(s, "when", heal->when.text ? heal->when.text : "always", heal->place.file, heal->place.line);
    show_from(s, "run", s->c->model->runbooks[heal->runbook].name, heal->place.file, heal->place.line);
    for (size_t i = 0; i < heal->n_with; i++) {
        const size_t inner = show_enter(s, "with");

        show_from(s, heal->with[i].name, heal->with[i].value, heal->place.file, heal->place.line);
        show_leave(s, inner);
    }
    show_bound(s, heal->bound);
    show_leave(s, length);
}

static void show_check(struct show *s, const struct check_plan *plan)
{
    const struct model_check *check = &s->c->model->checks[plan->index];
    const struct node *const *given = plan->given;
    const size_t length = show_enter(s, plan->name);

    show_duration(s, "every", check->every, given[CHECK_EVERY]);
    show_duration(s, "timeout", check->timeout, given[CHECK_TIMEOUT]);
    show_count(s, "fail_after", check->fail_after, given[CHECK_FAIL_AFTER]);
    show_count(s, "recover_after", check->recover_after, given[CHECK_RECOVER_AFTER]);
    show_count(s, "unknown_after", check->unknown_after, given[CHECK_UNKNOWN_AFTER]);
    show_duration(s, "confirm_every", check->confirm_every, given[CHECK_CONFIRM_EVERY]);
    if (check->path != MODEL_NONE)
        show_line(s, "through", s->c->model->paths[check->path].name, given[CHECK_THROUGH]);
    show_bool(s, "witness", check->witness, given[CHECK_WITNESS]);
    show_bool(s, "enabled", check->enabled, given[CHECK_ENABLED]);
    show_options(s, plan, check->conf.json);
    show_leave(s, length);
}

static void show_needs_wait(struct show *s, const struct service_plan *plan, uint64_t ns)
{
    char text[64];

    scalar_show_duration(ns, text, sizeof text);
    if (plan->raised)
        show_from(s, "needs_wait", text, "the longest timeout of what it needs", 0);
    else
        show_line(s, "needs_wait", text, plan->given[SERVICE_NEEDS_WAIT]);
}

static void show_service(struct show *s, const struct service_plan *plan)
{
    const struct model_service *service = &s->c->model->services[plan->index];
    const struct node *const *given = plan->given;
    const size_t length = show_enter(s, plan->name);
    size_t inner;

    show_line(s, "title", service->title, given[SERVICE_TITLE]);
    if (service->note)
        show_line(s, "note", service->note, given[SERVICE_NOTE]);
    show_needs(s, service, given[SERVICE_NEEDS]);
    show_bool(s, "critical", service->critical, given[SERVICE_CRITICAL]);
    show_bool(s, "enabled", service->enabled, given[SERVICE_ENABLED]);
    show_bool(s, "heal_stopped", service->heal_stopped, given[SERVICE_HEAL_STOPPED]);
    show_needs_wait(s, plan, service->needs_wait);
    show_duration(s, "recover_grace", service->recover_grace, given[SERVICE_RECOVER_GRACE]);
    show_duration(s, "start_timeout", service->start_timeout, given[SERVICE_START_TIMEOUT]);
    show_duration(s, "tell_warn_after", service->tell_warn_after, given[SERVICE_TELL_WARN_AFTER]);
    for (size_t i = 0; i < service->n_heal; i++)
        show_heal(s, &service->heal[i], i + 1);
    inner = show_enter(s, "checks");
    for (size_t i = 0; i < plan->n_checks; i++)
        show_check(s, work_check_at(s->c, plan->first_check + i));
    show_leave(s, inner);
    show_leave(s, length);
}

void config_show(const struct config *config, const char *name, struct buffer *out)
{
    struct show s = { .c = config, .name = name, .key = buffer_make(0), .out = out };
    size_t length;

    if (config->failed || !config->checked || config_errors(config) > 0)
        return;
    show_settings(&s);
    show_variables(&s);
    show_lists(&s);
    length = show_enter(&s, "services");
    for (size_t i = 0; i < config->services.n; i++)
        show_service(&s, work_service_at(config, i));
    show_leave(&s, length);
    if (s.key.failed)
        out->failed = true;
    buffer_free(&s.key);
}
