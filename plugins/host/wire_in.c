/* What the core says, message by message. The core is trusted, but not blindly: a message that cannot be true means that one of both is broken. */
#include "wire_private.h"

#include "base/os/crumb.h"
#include "base/os/memory.h"
#include "base/os/process.h"
#include "die.h"
#include "host.h"
#include "ids.h"
#include "instance.h"
#include "limits.h"
#include "plugins.h"
#include "run.h"
#include "share.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CONF_TEXT = 65536 }; /* printed in one go, most options leave no second copy of a secret behind */

static const char *text_of(const cJSON *message, const char *field)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, field));
}

static const char *must_text(const cJSON *message, const char *field)
{
    const char *text = text_of(message, field);

    if (!text)
        die("the core sent `%.32s` without `%s`", text_of(message, "type"), field);
    return text;
}

static const char *must_id(const cJSON *message, const char *field)
{
    const char *id = must_text(message, field);

    if (!id_is_good(id, strlen(id)))
        die("the core sent `%.32s` with a bad `%s`", text_of(message, "type"), field);
    return id;
}

/* Digits of at most 64 bits; false: no number. */
static bool read_whole(const char *text, size_t n, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t digit = (uint64_t)(text[i] - '0');

        if (text[i] < '0' || text[i] > '9' || *value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return n > 0;
}

/* Written as a string or as a number; 0: not there. */
static uint64_t whole_of(const cJSON *object, const char *field)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, field);
    uint64_t value = 0;

    if (cJSON_IsString(item) && read_whole(item->valuestring, strlen(item->valuestring), &value))
        return value;
    return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 9e15 ? (uint64_t)item->valuedouble : 0;
}

/* ---- hello */

static unsigned count_of(const cJSON *object, const char *field)
{
    const uint64_t value = whole_of(object, field);

    return value < UINT32_MAX ? (unsigned)value : UINT32_MAX;
}

static void on_hello(const cJSON *message)
{
    static bool greeted;
    const cJSON *limits = cJSON_GetObjectItemCaseSensitive(message, "limits"), *protocol = cJSON_GetObjectItemCaseSensitive(message, "protocol");
    const struct limits wanted = { .memory = whole_of(limits, "memory"), .fds = count_of(limits, "fds"), .children = count_of(limits, "children"),
                                   .timers = count_of(limits, "timers") };

    if (!cJSON_IsNumber(protocol) || protocol->valueint != 1)
        die("the core speaks another version of the plugin protocol than this talon-host, which speaks version 1: both must be of one release");
    host_set_path(text_of(message, "path"));
    limits_set(&wanted);
    if (greeted)
        return;
    greeted = true;
    if (text_of(message, "crumb"))
        owner_crumb(crumb_open(text_of(message, "crumb")));
    wire_hello();
}

/* ---- plugins */

static void on_load(const cJSON *message)
{
    const char *name = must_text(message, "plugin");
    char why[PLUGIN_WHY], *description;
    const struct plugin *plugin = plugins_load(name, must_text(message, "path"), why);

    if (!plugin) {
        wire_refused("plugin", name, "plugin.refused", why, NULL, false);
        return;
    }
    if (wire_is_worker())
        return;
    description = plugin_describe(plugin);
    wire_described(name, description);
    cJSON_free(description);
}

static void on_validate(const cJSON *message)
{
    const char *id = must_id(message, "id");
    const struct operation *operation = plugins_operation(must_text(message, "operation"));
    struct problems problems = { .n = 0 };
    struct conf *conf;

    if (!operation) {
        wire_refused("id", id, "plugin.no_operation", "this host has loaded no plugin with that operation", NULL, false);
        return;
    }
    conf = conf_make(operation, cJSON_GetObjectItemCaseSensitive(message, "conf"), &problems);
    if (problems.n == 0)
        conf_validate(operation, conf, &problems);
    if (problems.n > 0)
        wire_refused("id", id, "options", "its options are wrong", &problems, false);
    else
        wire_ready("id", id);
    conf_drop(conf);
}

/* ---- instances */

static void on_setup(const cJSON *message)
{
    const char *id = must_id(message, "instance");
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(message, "conf");
    struct operation *operation = plugins_operation(must_text(message, "operation"));
    struct instance_request request = { .id = id, .name = must_text(message, "name"), .operation = operation, .saved = text_of(message, "saved") };
    struct problems problems = { .n = 0 };
    char *text;

    if (instance_find(id, strlen(id)))
        die("the core sent `setup` of an instance that is set up");
    if (!operation) {
        wire_refused("instance", id, "plugin.no_operation", "this host has loaded no plugin with that operation", NULL, false);
        return;
    }
    request.conf = conf_make(operation, given, &problems);
    if (problems.n > 0) {
        conf_drop(request.conf);
        wire_refused("instance", id, "options", "its options are wrong", &problems, false);
        return;
    }
    text = given && (operation->is.flags & TALON_BLOCKING) ? cJSON_PrintBuffered(given, CONF_TEXT, false) : NULL;
    request.conf_text = text ? text : "{}";
    instance_setup(&request);
    wipe_string(text);
}

static void on_teardown(const cJSON *message)
{
    const char *id = must_id(message, "instance");
    struct instance *instance = instance_find(id, strlen(id));

    if (instance) /* else it was refused, and the messages have crossed */
        instance_teardown(instance);
}

/* ---- runs */

static void cannot_start(const struct slice *run, const char *why)
{
    const struct result result = { .status = TALON_UNKNOWN, .reason = "local", .summary = why };
    char id[ID_SIZE];

    memcpy(id, run->text, run->n);
    id[run->n] = '\0';
    wire_done(id, &result, NULL);
}

void wire_start(const struct start *start)
{
    struct instance *instance;
    uint64_t left;

    if (!start->run.text || !id_is_good(start->run.text, start->run.n) || !start->instance.text)
        die("the core sent `start` without a good `run` or `instance`");
    if (!start->left.text || !read_whole(start->left.text, start->left.n, &left))
        die("the core sent `start` without `left_ns`, a string of digits");
    if (run_find(start->run.text, start->run.n))
        die("the core sent `start` of a run that is on its way");
    instance = instance_find(start->instance.text, start->instance.n);
    if (!instance) {
        cannot_start(&start->run, "its instance is not set up");
    } else if (instance->run) {
        cannot_start(&start->run, "a run of it is in progress, and an instance has one at a time");
    } else {
        if (start->flags & TALON_ONCE)
            share_set_once(&instance->owner);
        run_start(instance, start->run.text, start->run.n, left, start->flags);
    }
}

static struct slice slice_of(const cJSON *message, const char *field)
{
    const char *text = text_of(message, field);

    return (struct slice){ .text = text, .n = text ? strlen(text) : 0 };
}

static void on_start(const cJSON *message)
{
    struct start start = { .run = slice_of(message, "run"), .instance = slice_of(message, "instance"), .left = slice_of(message, "left_ns") };
    const cJSON *flag;

    cJSON_ArrayForEach(flag, cJSON_GetObjectItemCaseSensitive(message, "flags"))
    {
        if (cJSON_IsString(flag))
            start.flags |= strcmp(flag->valuestring, "once") == 0 ? TALON_ONCE : strcmp(flag->valuestring, "nudged") == 0 ? TALON_NUDGED : 0;
    }
    wire_start(&start);
}

static void on_cancel(const cJSON *message)
{
    const char *id = must_id(message, "run");
    struct run *run = run_find(id, strlen(id));

    if (run && !run->owner.over) /* else it has ended, and the messages have crossed */
        run_complete(run, TALON_UNKNOWN, "cancelled", "cancelled");
}

static void on_ping(const cJSON *message)
{
    const cJSON *sequence = cJSON_GetObjectItemCaseSensitive(message, "sequence");
    const uint64_t memory = process_memory();

    if (memory > limits_now()->memory)
        die("this plugin host uses %llu MiB of memory, and may use %llu", (unsigned long long)(memory >> 20), (unsigned long long)(limits_now()->memory >> 20));

    wire_pong(cJSON_GetStringValue(sequence), cJSON_IsNumber(sequence) ? sequence->valuedouble : 0);
    wire_flush(); /* at once: it is asked to see whether the loop turns */
    memory_give_back(turn_now());
}

static void on_quit(const cJSON *message)
{
    (void)message;
    host_quit();
}

/* ---- all of them */

static const struct {
    const char *type;
    void (*take)(const cJSON *message);
} messages[] = {
    { "hello", on_hello },   { "load", on_load },         { "validate", on_validate }, { "setup", on_setup }, { "start", on_start },
    { "cancel", on_cancel }, { "teardown", on_teardown }, { "ping", on_ping },         { "quit", on_quit },
};

/* Options may hold secrets: every text of such a message is wiped before its memory goes back. */
static void wipe_tree(cJSON *item)
{
    for (; item; item = item->next) {
        if (item->valuestring)
            wipe(item->valuestring, strlen(item->valuestring));
        wipe_tree(item->child);
    }
}

static void take_message(cJSON *message)
{
    const char *type = text_of(message, "type");

    if (!type)
        die("the core sent a message without a type");
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        if (strcmp(messages[i].type, type) == 0) {
            messages[i].take(message);
            return;
        }
    }
    wire_log(NULL, TALON_WARNING, "the core sent a message of a type that this host does not know; it is ignored");
}

void wire_message(char *text, size_t n)
{
    cJSON *message;

    if (wire_fast_start(text, n))
        return;
    message = cJSON_ParseWithLength(text, n);
    if (!cJSON_IsObject(message))
        die("the core sent a line that is no JSON object");
    if (cJSON_HasObjectItem(message, "conf"))
        wipe(text, n);
    take_message(message);
    if (cJSON_HasObjectItem(message, "conf"))
        wipe_tree(message);
    cJSON_Delete(message);
}
