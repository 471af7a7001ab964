/* Finding things by name in what config works on, and the sentences that every step needs. */
#include "config/work.h"

#include "base/text.h"
#include "config/steps.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *const work_check_settings[CHECK_SETTINGS] = {
    [CHECK_EVERY] = "every", [CHECK_TIMEOUT] = "timeout", [CHECK_FAIL_AFTER] = "fail_after", [CHECK_RECOVER_AFTER] = "recover_after",
    [CHECK_UNKNOWN_AFTER] = "unknown_after", [CHECK_CONFIRM_EVERY] = "confirm_every", [CHECK_THROUGH] = "through", [CHECK_WITNESS] = "witness",
    [CHECK_ENABLED] = "enabled", [CHECK_FOR_EACH] = "for_each",
};

const char *const work_service_settings[SERVICE_SETTINGS] = {
    [SERVICE_NEEDS_WAIT] = "needs_wait", [SERVICE_RECOVER_GRACE] = "recover_grace", [SERVICE_START_TIMEOUT] = "start_timeout",
    [SERVICE_TELL_WARN_AFTER] = "tell_warn_after", [SERVICE_TITLE] = "title", [SERVICE_NEEDS] = "needs", [SERVICE_CRITICAL] = "critical",
    [SERVICE_ENABLED] = "enabled", [SERVICE_NOTE] = "note", [SERVICE_HEAL_STOPPED] = "heal_stopped", [SERVICE_CHECKS] = "checks", [SERVICE_HEAL] = "heal",
    [SERVICE_DEFAULTS] = "defaults", [SERVICE_NOTIFY] = "notify", [SERVICE_ON_FAILURE] = "on_failure",
};

/* ---- what is held ---- */

void work_hold(struct config *c, void (*release)(void *), void *arg)
{
    c->held[c->n_held++] = (struct held){ .release = release, .arg = arg };
}

void work_release(struct config *c)
{
    const struct held *last = &c->held[--c->n_held];

    last->release(last->arg);
}

struct buffer *work_scratch(struct config *c, size_t max)
{
    buffer_clear(&c->scratch);
    c->scratch.max = max;
    return &c->scratch;
}

/* ---- what may be elsewhere ---- */

void work_lost(struct config *c, const char *name)
{
    *(const char **)vector_push(c->arena, &c->lost, sizeof name) = arena_string(c->arena, name);
}

void work_lost_file(struct config *c, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    work_lost(c, arena_copy(c->arena, name, strcspn(name, ".")));
}

bool work_is_lost(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->lost.n; i++)
        if (strcmp(*VECTOR_AT(&c->lost, const char *, i), name) == 0)
            return true;
    return false;
}

/* ---- places and plans ---- */

struct model_place work_place(struct config *c, struct place at)
{
    struct source *source = (struct source *)at.source;

    if (!source)
        return (struct model_place){ .file = "" };
    if (!source->made_shown)
        source->made_shown = arena_string(c->made, source->shown);
    return (struct model_place){ .file = source->made_shown, .line = at.line, .column = at.column };
}

struct place work_file_place(const struct source *source)
{
    return (struct place){ .source = source, .line = 1, .column = 1 };
}

struct service_plan *work_service_at(const struct config *c, size_t i)
{
    return VECTOR_AT(&c->services, struct service_plan, i);
}

struct check_plan *work_check_at(const struct config *c, size_t i)
{
    return VECTOR_AT(&c->checks, struct check_plan, i);
}

struct plugin_plan *work_plugin_at(const struct config *c, size_t i)
{
    return VECTOR_AT(&c->plugins, struct plugin_plan, i);
}

static int name_is(const void *name, const void *item)
{
    return strcmp(name, (*(const struct service_plan *const *)item)->name);
}

const struct service_plan *work_service(const struct config *c, const char *name)
{
    const struct service_plan **found = NULL;

    if (c->n_services_by_name > 0)
        found = bsearch(name, c->services_by_name, c->n_services_by_name, sizeof *c->services_by_name, name_is);
    return found ? *found : NULL;
}

struct wanted {
    const char *service, *check;
};

static int check_is(const void *key, const void *item)
{
    const struct wanted *wanted = key;
    const struct check_plan *check = *(const struct check_plan *const *)item;
    const size_t n = strlen(wanted->service);
    const int order = strncmp(wanted->service, check->full_name, n);

    if (order != 0)
        return order;
    if (check->full_name[n] != '.')
        return '.' < check->full_name[n] ? -1 : 1;
    return strcmp(wanted->check, check->full_name + n + 1);
}

const struct check_plan *work_check(const struct config *c, const char *service, const char *check)
{
    const struct wanted wanted = { .service = service, .check = check };
    const struct check_plan **found = NULL;

    if (c->n_checks_by_name > 0)
        found = bsearch(&wanted, c->checks_by_name, c->n_checks_by_name, sizeof *c->checks_by_name, check_is);
    return found ? *found : NULL;
}

void work_show(struct config *c, const char *name, const char *value, const struct node *from)
{
    struct shown *shown = vector_push(c->arena, &c->settings, sizeof *shown);

    *shown = (struct shown){ .name = arena_string(c->arena, name), .value = arena_string(c->arena, value), .from = from };
}

bool work_note_blank(struct config *c, const char *key)
{
    const size_t n = strcspn(key, ":");

    if (n == 0 || n > WORK_MEANT || key[n] == '\0')
        return false;
    problem_note(c, "a blank is missing behind `%.*s:`", (int)n, key);
    return true;
}

/* A key that is known, but elsewhere. */
static void tell_where(struct config *c, const struct node *map, const char *key)
{
    if (work_note_blank(c, key))
        return;
    if (settings_has(key)) {
        problem_note(c, "`%s` belongs into the main file, in its first column", key);
        return;
    }
    for (size_t i = 0; map == c->root && i < SERVICE_SETTINGS; i++)
        if (strcmp(work_service_settings[i], key) == 0)
            problem_note(c, "`%s` belongs into a service: under `services:`, or into a file that begins with `service:`", key);
}

static bool is_among(const char *const *names, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], key) == 0)
            return true;
    return false;
}

void work_keys(struct config *c, const struct node *map, const char *const *names, size_t n)
{
    for (size_t i = 0; map->kind == NODE_MAP && i < map->n; i++) {
        const struct node *key = map->of.entries[i].key;

        if (is_among(names, n, key->of.text))
            continue;
        problem_error(c, key->place, "unknown key %s", problem_quote(c, key->of.text));
        if (!problem_nearest(c, key->of.text, names, n))
            tell_where(c, map, key->of.text);
    }
}

bool work_misspelt(struct config *c, const struct node *map, const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->n; i++) {
        const char *key = map->of.entries[i].key->of.text, *meant = is_among(names, n, key) ? NULL : problem_meant(c, key, names, n);

        if (meant && strcmp(meant, name) == 0)
            return true;
    }
    return false;
}

/* The same with small letters and `-` for what is not allowed; NULL: nothing is left. */
static const char *mend_name(struct config *c, const char *name)
{
    char *mended = arena_string(c->arena, name);
    size_t n = 0;

    for (const char *p = name; *p; p++) {
        const int letter = tolower((unsigned char)*p);
        const bool good = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';

        if (good)
            mended[n++] = (char)letter;
        else if (n > 0 && mended[n - 1] != '-')
            mended[n++] = '-';
    }
    while (n > 0 && mended[n - 1] == '-')
        n--;
    mended[n] = '\0';
    return text_is_name(mended) ? mended : NULL;
}

void work_bad_name(struct config *c, const struct node *name, const char *of)
{
    const char *mended = mend_name(c, name->of.text);

    problem_error(c, name->place, "%s is no name for a %s: names have up to 63 of a-z, 0-9, - and _, and begin with a letter or digit",
                  problem_quote(c, name->of.text), of);
    if (!work_note_blank(c, name->of.text) && mended)
        problem_note(c, "did you mean `%s`?", mended);
}
