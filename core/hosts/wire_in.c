/*
 * Messages from a host (docs/plugin-protocol.md). What is not as written there ends the host: a wire on which one side guesses what the other
 * means is worse than a restart. What a message says is quoted nowhere but for its type, since a confused host may send back a secret.
 */
#include "hosts/hosts_private.h"
#include "hosts/message.h"

#include "base/os/log.h"
#include "base/shortage.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { MOST_PROBLEMS = 64 };

static const char *string_of(const cJSON *message, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(message, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text && text[0] != '\0' ? text : otherwise;
}

static void desync(struct process *process, const char *what, const char *type)
{
    process_end(process, END_FAULT, "desync: %s%s%.32s%s", what, type ? " in a message of type `" : "", type ? type : "", type ? "`" : "");
}

/* What the id in that field stands for. NULL: it is over, or it never was one, and then the process has been ended. */
static void *owner_of(struct process *process, const cJSON *message, const char *type, enum id_kind kind, const char *field, uint64_t *id)
{
    const char *text = string_of(message, field);
    void *owner = NULL;

    if (!text)
        desync(process, "an id is missing", type);
    else if (ids_find(&process->ids, kind, text, id, &owner) == ID_NEVER)
        desync(process, "an id that was never given out", type);
    return owner;
}

/* ---- the life of the host */

static void on_hello(struct process *process, const cJSON *message)
{
    const cJSON *protocol = cJSON_GetObjectItemCaseSensitive(message, "protocol");

    if (process->state != PROCESS_HELLO)
        desync(process, "it said hello twice", NULL);
    else if (!cJSON_IsNumber(protocol) || protocol->valuedouble != 1.)
        process_end(process, END_START, "speaks another protocol than version 1");
    else if (!string_of(message, "name"))
        process_end(process, END_START, "said hello without its name");
    else
        process_up(process);
}

static void on_pong(struct process *process, const cJSON *message)
{
    const cJSON *sequence = cJSON_GetObjectItemCaseSensitive(message, "sequence");

    if (!cJSON_IsNumber(sequence) || !(sequence->valuedouble >= 1.) || sequence->valuedouble > (double)process->asked) {
        desync(process, "a ping that was never sent", "pong");
        return;
    }
    process_answered(process, (uint64_t)sequence->valuedouble);
}

static void on_log(struct process *process, const cJSON *message)
{
    const char *text = string_of(message, "text"), *name = string_of(message, "name");

    if (text)
        chatter_log(&process->chatter, or_else(string_of(message, "level"), "info"), text, name && name[0] != '\0' ? name : NULL);
    else
        desync(process, "no text", "log");
}

/* ---- answers */

static struct plugin *plugin_named(struct process *process, const cJSON *message, const char *type)
{
    const char *name = string_of(message, "plugin");

    LIST_EACH(p, &process->host->plugins)
    {
        struct plugin *plugin = LINK_OF(p, struct plugin, in_host);

        if (name && strcmp(plugin->name, name) == 0)
            return plugin;
    }
    desync(process, "a plugin that it was not told to load", type);
    return NULL;
}

static void on_described(struct process *process, const cJSON *message)
{
    struct plugin *plugin = plugin_named(process, message, "described");

    if (plugin && plugin == process->host->loading && !plugin_described(plugin, cJSON_GetObjectItemCaseSensitive(message, "description")))
        desync(process, "no description", "described");
}

static void on_refused_load(struct process *process, const cJSON *message)
{
    struct plugin *plugin = plugin_named(process, message, "refused");
    const char *text = or_else(string_of(message, "text"), "its host refused it and did not say why");

    if (!plugin || plugin != process->host->loading)
        return;
    log_error("plugin cannot be loaded", "plugin", plugin->name, "why", text, NULL);
    plugin_refused(plugin, or_else(string_of(message, "reason"), "plugin.refused"), text);
}

static void on_refused_setup(struct process *process, const cJSON *message)
{
    uint64_t id;
    struct hosts_instance *instance = owner_of(process, message, "refused", ID_INSTANCE, "instance", &id);
    const char *text = or_else(string_of(message, "text"), "the plugin refused to set the check up and did not say why");

    if (instance && instance->state == INSTANCE_SENT)
        instance_refused(instance, or_else(string_of(message, "reason"), "plugin.refused"), text, cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(message, "again")));
}

static void on_refused_question(struct process *process, const cJSON *message)
{
    uint64_t id;
    struct validation *validation = owner_of(process, message, "refused", ID_QUESTION, "id", &id);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(message, "problems"), *item;
    struct hosts_problem problems[MOST_PROBLEMS];
    const char *text = or_else(string_of(message, "text"), "the plugin refuses this and does not say why");
    size_t n = 0;

    if (!validation)
        return;
    ids_take(&process->ids, id);
    cJSON_ArrayForEach(item, list)
    {
        if (n < MOST_PROBLEMS)
            problems[n++] = (struct hosts_problem){ .option = string_of(item, "option"), .text = or_else(string_of(item, "text"), text) };
    }
    if (n == 0)
        problems[n++] = (struct hosts_problem){ .text = text };
    validation_answer(validation, problems, n);
}

static void on_refused(struct process *process, const cJSON *message)
{
    if (string_of(message, "instance"))
        on_refused_setup(process, message);
    else if (string_of(message, "id"))
        on_refused_question(process, message);
    else
        on_refused_load(process, message);
}

static void on_ready(struct process *process, const cJSON *message)
{
    const bool question = string_of(message, "id") != NULL;
    uint64_t id;
    void *owner = owner_of(process, message, "ready", question ? ID_QUESTION : ID_INSTANCE, question ? "id" : "instance", &id);

    if (!owner)
        return;
    if (!question) {
        instance_ready(owner);
        return;
    }
    ids_take(&process->ids, id);
    validation_answer(owner, NULL, 0);
}

/* ---- runs and instances */

static void on_done(struct process *process, const cJSON *message)
{
    const cJSON *late = cJSON_GetObjectItemCaseSensitive(message, "late_ms");
    uint64_t id;
    struct hosts_instance *instance = owner_of(process, message, "done", ID_RUN, "run", &id);

    if (!instance)
        return;
    if (cJSON_IsNumber(late))
        host_late(process->host, late->valuedouble);
    run_answered(instance, id, message);
}

static void on_progress(struct process *process, const cJSON *message)
{
    const char *text = string_of(message, "text");
    uint64_t id;
    const struct hosts_instance *instance = owner_of(process, message, "progress", ID_RUN, "run", &id);

    if (instance && text)
        chatter_log(&process->chatter, "info", text, instance->name);
}

static void on_nudge(struct process *process, const cJSON *message)
{
    uint64_t id;
    struct hosts_instance *instance = owner_of(process, message, "nudge", ID_INSTANCE, "instance", &id);

    if (instance)
        instance_nudged(instance);
}

static void on_save(struct process *process, const cJSON *message)
{
    const char *text = string_of(message, "bytes");
    struct buffer bytes = buffer_make(HOSTS_LINE);
    uint64_t id;
    struct hosts_instance *instance = owner_of(process, message, "save", ID_INSTANCE, "instance", &id);

    if (!instance)
        return;
    if (!text || !text_unbase64(&bytes, text, strlen(text))) {
        if (!bytes.failed)
            desync(process, "no base64", "save");
    } else if (bytes.len > HOSTS_SAVED) {
        log_warn("a check wants to save more than 4 KiB: nothing was saved", "plugin", process->name, "check", instance->name, NULL);
    } else if (!bytes.failed) {
        instance_saved(instance, bytes.len > 0 ? bytes.data : "", bytes.len);
    }
    buffer_free(&bytes);
}

/* ---- */

static void take(struct process *process, const cJSON *message, const char *type)
{
    static const struct { const char *type; void (*take)(struct process *, const cJSON *); } types[] = {
        { "done", on_done }, { "ready", on_ready }, { "log", on_log }, { "nudge", on_nudge }, { "pong", on_pong }, { "progress", on_progress },
        { "save", on_save }, { "described", on_described }, { "refused", on_refused }, { "hello", on_hello },
    };

    if (process->state == PROCESS_HELLO && strcmp(type, "hello") != 0 && strcmp(type, "log") != 0) {
        desync(process, "it spoke before it said hello", NULL);
        return;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].type, type) == 0) {
            types[i].take(process, message);
            return;
        }
    }
    desync(process, "nothing like this is known", type);
}

void wire_read(struct process *process, char *line, size_t n)
{
    const uint64_t short_before = shortage_count();
    cJSON *message = message_read(line, n);
    const char *type = string_of(message, "type");

    if (type)
        take(process, message, type);
    else if (!message && shortage_count() != short_before)
        process_end(process, END_OUTSIDE, "ended, since there was no memory to read what it said");
    else
        desync(process, "a line that is no JSON object with a type", NULL);
    message_drop(message);
}
