/* `secrets:`: where each value comes from. The values themselves are no business of the configuration. */
#include "config/steps.h"
#include "config/values.h"

#include "base/text.h"

#include <string.h>

static void read_source(struct config *c, struct model_secret *secret, const struct node *node)
{
    const struct node *env = tree_get(node, "env"), *file = tree_get(node, "file"), *command = tree_get(node, "command");
    size_t n = 0;

    if (env) {
        secret->source = MODEL_SECRET_ENV;
        value_string(c, env, "env", &secret->env);
    } else if (file) {
        secret->source = MODEL_SECRET_FILE;
        value_path(c, file, "file", &secret->file);
    } else if (command) {
        secret->source = MODEL_SECRET_COMMAND;
        if (value_list(c, command, "command", &secret->command, &n) && n == 0)
            problem_error(c, command->place, "`command` must be a list of a program and its arguments");
    }
}

static void count_sources(struct config *c, const struct entry *entry)
{
    static const char *const sources[] = { "env", "file", "command" };
    const struct entry *first = NULL;

    for (size_t i = 0; i < 3; i++) {
        const struct entry *source = tree_entry(entry->value, sources[i]);

        if (source && first) {
            problem_error(c, source->key->place, "the secret `%s` has two sources: one of `env`, `file`, `command` is expected", entry->key->of.text);
            problem_note_at(c, first->key->place, "the other one");
        }
        first = first ? first : source;
    }
    if (!first)
        problem_error(c, entry->key->place, "the secret `%s` has no source: one of `env`, `file`, `command` is expected", entry->key->of.text);
}

static void read_secret(struct config *c, const struct entry *entry)
{
    static const char *const keys[] = { "env", "file", "command", "ttl", "json" };
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
        work_keys(c, entry->value, keys, sizeof keys / sizeof *keys);
        count_sources(c, entry);
        read_source(c, secret, entry->value);
    }
    if (ttl)
        value_duration(c, ttl, "ttl", 1000000000u, 0, &secret->ttl);
    if (json)
        value_string(c, json, "json", &secret->json);
    secret->name = arena_string(c->made, entry->key->of.text);
    secret->place = work_place(c, entry->key->place);
    c->secret_names[c->n_secret_names++] = secret->name;
    c->n_secrets++; /* a wrong one as well: its uses are not to be told unknown */
}

void secrets_read(struct config *c, const struct node *map)
{
    if (!map || !value_is_map(c, map, "secrets", "names and sources") || map->kind != NODE_MAP)
        return;
    if (map->n > WORK_NAMED) {
        problem_error(c, map->place, "more than %d secrets", WORK_NAMED);
        return;
    }
    c->secrets = arena_array(c->made, map->n, sizeof *c->secrets);
    c->secret_names = arena_array(c->arena, map->n, sizeof *c->secret_names);
    c->secret_uses = arena_array(c->arena, map->n, 1);
    for (size_t i = 0; i < map->n; i++)
        read_secret(c, &map->of.entries[i]);
    c->model->secrets = c->secrets;
    c->model->n_secrets = c->n_secrets;
}
