/* `secrets:`: where each value comes from. The values themselves are no business of the configuration. */
#include "config/steps.h"
#include "config/values.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* "data.value", "0": as in secrets_value.c. */
static bool is_field(const char *path)
{
    if (path[0] == '\0' || path[0] == '.' || path[strlen(path) - 1] == '.' || strstr(path, ".."))
        return false;
    for (const char *part = path; part; part = strchr(part, '.') ? strchr(part, '.') + 1 : NULL)
        if (strcspn(part, ".") > 255)
            return false;
    return true;
}

static void read_json(struct config *c, struct model_secret *secret, const struct node *node)
{
    if (value_string(c, node, "json", &secret->json) && !is_field(secret->json))
        problem_error(c, node->place, "`json` must name a field of the JSON, as in `data.value`, not %s", problem_quote(c, node->of.text));
}

static void read_source(struct config *c, struct model_secret *secret, const struct node *node)
{
    const struct node *env = tree_get(node, "env"), *file = tree_get(node, "file"), *command = tree_get(node, "command");
    size_t n = 0;

    if (env) {
        secret->source = MODEL_SECRET_ENV;
        if (value_string(c, env, "env", &secret->env) && secret->env[0] == '\0')
            problem_error(c, env->place, "`env` must be the name of a variable: it is empty");
    } else if (file) {
        secret->source = MODEL_SECRET_FILE;
        value_path(c, file, "file", &secret->file);
    } else if (command) {
        secret->source = MODEL_SECRET_COMMAND;
        if (value_list(c, command, "command", &secret->command, &n) && n == 0)
            problem_error(c, command->place, "`command` must be a list of a program and its arguments");
    }
}

static const char *const keys[] = { "env", "file", "command", "ttl", "json" }, *const *const sources = keys;
enum { KEYS = sizeof keys / sizeof *keys, SOURCES = 3 };

static bool is_misspelt(struct config *c, const struct node *map)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (work_misspelt(c, map, keys, KEYS, sources[i]))
            return true;
    return false;
}

static void count_sources(struct config *c, const struct entry *entry)
{
    const struct entry *first = NULL;

    for (size_t i = 0; i < SOURCES; i++) {
        const struct entry *source = tree_entry(entry->value, sources[i]);

        if (source && first) {
            problem_error(c, source->key->place, "the secret `%s` has two sources: one of `env`, `file`, `command` is expected", entry->key->of.text);
            problem_note_at(c, first->key->place, "the other one");
        }
        first = first ? first : source;
    }
    if (!first && !is_misspelt(c, entry->value))
        problem_error(c, entry->key->place, "the secret `%s` has no source: one of `env`, `file`, `command` is expected", entry->key->of.text);
}

static void read_secret(struct config *c, const struct entry *entry)
{
    struct model_secret *secret = &c->secrets[c->n_secrets];
    const struct node *ttl = tree_get(entry->value, "ttl"), *json = tree_get(entry->value, "json");

    if (!text_is_name(entry->key->of.text)) {
        work_bad_name(c, entry->key, "secret");
        return;
    }
    if (entry->value->kind != NODE_MAP) {
        problem_error(c, entry->value->place, "the secret `%s` must be a map with one of `env`, `file`, `command`", entry->key->of.text);
        if (entry->value->kind == NODE_TEXT)
            problem_note(c, "secrets themselves do not belong into the configuration");
    } else {
        work_keys(c, entry->value, keys, KEYS);
        count_sources(c, entry);
        read_source(c, secret, entry->value);
    }
    if (ttl)
        value_duration(c, ttl, "ttl", 1000000000u, 0, &secret->ttl);
    if (json)
        read_json(c, secret, json);
    secret->name = arena_string(c->made, entry->key->of.text);
    secret->place = work_place(c, entry->key->place);
    c->secret_names[c->n_secret_names++] = secret->name;
    c->n_secrets++; /* a wrong one as well: its uses are not to be told unknown */
}

static int by_name(const void *left, const void *right)
{
    return strcmp((*(const struct model_secret *const *)left)->name, (*(const struct model_secret *const *)right)->name);
}

static void sort_names(struct config *c)
{
    c->secrets_by_name = arena_array(c->arena, c->n_secrets + 1, sizeof *c->secrets_by_name);
    for (size_t i = 0; i < c->n_secrets; i++)
        c->secrets_by_name[i] = &c->secrets[i];
    if (c->n_secrets > 1)
        qsort(c->secrets_by_name, c->n_secrets, sizeof *c->secrets_by_name, by_name);
}

static int name_is(const void *name, const void *secret)
{
    return strcmp(name, (*(const struct model_secret *const *)secret)->name);
}

size_t secrets_find(const struct config *c, const char *name)
{
    const struct model_secret **found = NULL;

    if (c->n_secrets > 0)
        found = bsearch(name, c->secrets_by_name, c->n_secrets, sizeof *c->secrets_by_name, name_is);
    return found ? (size_t)(*found - c->secrets) : MODEL_NONE;
}

size_t secrets_use(struct config *c, size_t secret, bool pem)
{
    struct secret_use *use = &c->secret_uses[secret];

    use->needed = use->needed || !c->off;
    c->secrets[secret].idle = !use->needed;
    if (!use->used) {
        use->used = true;
        use->pem = pem;
        c->secrets[secret].pem = pem;
    }
    if (use->pem == pem)
        return secret;
    if (use->twin == 0) {
        use->twin = c->model->n_secrets++;
        c->secrets[use->twin] = c->secrets[secret];
        c->secrets[use->twin].pem = pem;
    }
    return use->twin;
}

void secrets_read(struct config *c, const struct node *map)
{
    if (!map || !value_is_map(c, map, "secrets", "names and sources") || map->kind != NODE_MAP)
        return;
    if (map->n > WORK_NAMED) {
        problem_error(c, map->place, "more than %d secrets", WORK_NAMED);
        return;
    }
    c->secrets = arena_array(c->made, map->n * 2, sizeof *c->secrets);
    c->secret_names = arena_array(c->arena, map->n, sizeof *c->secret_names);
    c->secret_uses = arena_array(c->arena, map->n, sizeof *c->secret_uses);
    for (size_t i = 0; i < map->n; i++)
        read_secret(c, &map->of.entries[i]);
    sort_names(c);
    c->model->secrets = c->secrets;
    c->model->n_secrets = c->n_secrets;
}
