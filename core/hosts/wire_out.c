/*
 * Messages from the core (docs/plugin-protocol.md), written by hand into one buffer: a `start` is sent for every check there is, and needs no tree
 * of JSON. Nothing is written to the socket here; that happens once in each turn of the loop.
 */
#include "hosts/hosts_private.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { KEPT_ROOM = 64 << 10 };

static struct buffer *begin(struct process *process, const char *type)
{
    struct buffer *line = &process->hosts->line;

    buffer_clear(line);
    buffer_text(line, "{\"type\":\"");
    buffer_text(line, type);
    buffer_char(line, '"');
    return line;
}

static void add_string(struct buffer *line, const char *name, const char *value)
{
    buffer_text(line, ",\"");
    buffer_text(line, name);
    buffer_text(line, "\":");
    text_json(line, value, strlen(value));
}

/* What needs no escape. */
static void add_word(struct buffer *line, const char *name, const char *value)
{
    buffer_text(line, ",\"");
    buffer_text(line, name);
    buffer_text(line, "\":\"");
    buffer_text(line, value);
    buffer_char(line, '"');
}

static bool send(struct process *process, struct buffer *line)
{
    buffer_char(line, '}');
    return process_send(process, line);
}

bool wire_hello(struct process *process)
{
    const struct hosts *hosts = process->hosts;
    struct buffer *line = begin(process, "hello");

    buffer_text(line, ",\"protocol\":1");
    add_string(line, "version", TALON_VERSION);
    add_string(line, "path", hosts->child_path);
    buffer_printf(line, ",\"limits\":{\"memory\":\"%" PRIu64 "\",\"fds\":%u,\"children\":%u,\"timers\":%u}", hosts->limits.memory, hosts->limits.fds,
                  hosts->limits.children, hosts->limits.timers);
    if (process->crumb_name[0] != '\0')
        add_string(line, "crumb", process->crumb_name);
    return send(process, line);
}

bool wire_load(struct process *process, const struct plugin *plugin)
{
    struct buffer *line = begin(process, "load");

    add_string(line, "plugin", plugin->name);
    if (plugin->path)
        add_string(line, "path", plugin->path);
    return send(process, line);
}

bool wire_validate(struct process *process, const struct validation *validation)
{
    struct buffer *line = begin(process, "validate");
    char id[ID_TEXT];

    ids_write(&process->ids, ID_QUESTION, validation->id, id);
    add_word(line, "id", id);
    add_string(line, "operation", validation->operation);
    buffer_text(line, ",\"conf\":");
    buffer_text(line, validation->conf);
    return send(process, line);
}

/* Writes zeros that no compiler may drop: a `setup` holds secrets. */
static void wipe(struct buffer *line)
{
    volatile char *p = line->data;

    for (size_t i = 0; i < line->room; i++)
        p[i] = 0;
    buffer_clear(line);
    if (line->room > KEPT_ROOM)
        buffer_free(line);
}

bool wire_setup(struct process *process, const struct hosts_instance *instance, bool *too_long)
{
    size_t room = instance->n_conf + 2 * instance->n_saved + 8 * (strlen(instance->name) + strlen(instance->operation)) + 512;
    struct buffer *line;
    bool sent;

    *too_long = room > HOSTS_LINE;
    if (*too_long || !buffer_reserve(&process->hosts->line, room)) /* so that it never moves and leaves a copy behind */
        return false;
    line = begin(process, "setup");
    add_word(line, "instance", instance->id_text);
    add_string(line, "operation", instance->operation);
    add_string(line, "name", instance->name);
    buffer_text(line, ",\"conf\":");
    buffer_add(line, instance->conf, instance->n_conf);
    if (instance->n_saved > 0) {
        buffer_text(line, ",\"saved\":\"");
        text_base64(line, instance->saved, instance->n_saved);
        buffer_char(line, '"');
    }
    sent = send(process, line);
    wipe(line);
    return sent;
}

/* Decimal digits of n, the last at end[-1]. */
static const char *digits_before(char *end, uint64_t n)
{
    *--end = '\0';
    do {
        *--end = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    return end;
}

bool wire_start(struct process *process, const struct hosts_instance *instance)
{
    const struct hosts_run *run = &instance->run;
    struct buffer *line = begin(process, "start");
    char id[ID_TEXT], digits[24];

    ids_write(&process->ids, ID_RUN, run->id, id);
    add_word(line, "run", id);
    add_word(line, "instance", instance->id_text);
    add_word(line, "left_ns", digits_before(digits + sizeof digits, run->left));
    buffer_text(line, ",\"flags\":[");
    if (run->flags & HOSTS_ONCE)
        buffer_text(line, "\"once\"");
    if (run->flags & HOSTS_NUDGED)
        buffer_text(line, run->flags & HOSTS_ONCE ? ",\"nudged\"" : "\"nudged\"");
    buffer_char(line, ']');
    return send(process, line);
}

/* ---- what must not get lost, or both sides would differ on what there is */

static void must_send(struct process *process, struct buffer *line)
{
    buffer_char(line, '}');
    process_must_send(process, line);
}

void wire_cancel(struct process *process, uint64_t run)
{
    struct buffer *line = begin(process, "cancel");
    char id[ID_TEXT];

    ids_write(&process->ids, ID_RUN, run, id);
    add_word(line, "run", id);
    must_send(process, line);
}

void wire_teardown(struct process *process, const struct hosts_instance *instance)
{
    struct buffer *line = begin(process, "teardown");

    add_word(line, "instance", instance->id_text);
    must_send(process, line);
}

void wire_ping(struct process *process)
{
    struct buffer *line = begin(process, "ping");

    buffer_printf(line, ",\"sequence\":%" PRIu64, process->asked);
    must_send(process, line);
}

void wire_quit(struct process *process)
{
    send(process, begin(process, "quit")); /* one that cannot be told is killed a second later */
}
