/* The messages of the host: each is one line, made by hand, since most of them are few and small, and `done` must be cheap. */
#include "wire.h"

#include "base/text.h"
#include "die.h"
#include "owner.h"
#include "plugins.h"
#include "turn.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOG_LINES = 100, LOG_TEXT = 1024 };

#define LOG_SPAN UINT64_C(10000000000)

static struct buffer line; /* the message that is being made */
static struct plugin host_itself = { .name = "talon-host" }; /* whose own lines are counted as a plugin's are */

void wire_add_json(struct buffer *to, const char *text)
{
    text_json(to, text, strlen(text));
}

void wire_add_whole(struct buffer *to, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    buffer_add(to, digits + at, sizeof digits - at);
}

static void begin(const char *type)
{
    buffer_clear(&line);
    buffer_text(&line, "{\"type\":\"");
    buffer_text(&line, type);
    buffer_char(&line, '"');
}

static void add(const char *field, const char *text)
{
    buffer_text(&line, ",\"");
    buffer_text(&line, field);
    buffer_text(&line, "\":");
    wire_add_json(&line, text);
}

static void end(void)
{
    buffer_char(&line, '}');
    wire_send(&line);
}

void wire_hello(void)
{
    begin("hello");
    buffer_printf(&line, ",\"protocol\":1,\"name\":\"talon-host\",\"version\":\"%s\",\"pid\":%ld", TALON_VERSION, (long)getpid());
    end();
}

void wire_described(const char *plugin, const char *description)
{
    begin("described");
    add("plugin", plugin);
    buffer_text(&line, ",\"description\":");
    buffer_text(&line, description);
    end();
}

static void add_problems(const struct problems *problems)
{
    buffer_text(&line, ",\"problems\":[");
    for (size_t i = 0; i < problems->n; i++) {
        buffer_text(&line, i > 0 ? ",{\"option\":" : "{\"option\":");
        wire_add_json(&line, problems->list[i].option);
        add("text", problems->list[i].text);
        buffer_char(&line, '}');
    }
    buffer_char(&line, ']');
}

void wire_refused(const char *field, const char *id, const char *reason, const char *text, const struct problems *problems, bool again)
{
    begin("refused");
    add(field, id);
    add("reason", reason);
    add("text", text);
    if (problems)
        add_problems(problems);
    if (again)
        buffer_text(&line, ",\"again\":true");
    end();
}

void wire_ready(const char *field, const char *id)
{
    begin("ready");
    add(field, id);
    end();
}

void wire_progress(const char *run, const char *text)
{
    begin("progress");
    add("run", run);
    add("text", text);
    end();
}

void wire_nudge(const char *instance)
{
    begin("nudge");
    add("instance", instance);
    end();
}

void wire_save(const char *instance, const void *bytes, size_t n)
{
    begin("save");
    add("instance", instance);
    buffer_text(&line, ",\"bytes\":\"");
    text_base64(&line, bytes, n);
    buffer_char(&line, '"');
    end();
}

void wire_pong(const char *sequence, double number)
{
    begin("pong");
    if (sequence)
        add("sequence", sequence);
    else
        buffer_printf(&line, ",\"sequence\":%.17g", number);
    end();
}

/* ---- the log */

static void send_log(const struct owner *owner, const struct plugin *plugin, enum talon_level level, const char *text)
{
    static const char *const levels[] = { "debug", "info", "notice", "warning", "error" };
    struct buffer clean = buffer_make(0);

    text_clean(&clean, text, strlen(text), LOG_TEXT);
    begin("log");
    add("level", levels[(unsigned)level <= TALON_ERROR ? level : TALON_ERROR]);
    add("text", buffer_string(&clean));
    add("name", owner ? owner->face.name : plugin->name);
    if (owner && owner->wire_id[0])
        add("run", owner->wire_id);
    buffer_char(&line, '}');
    buffer_free(&clean);
    wire_send_less(&line);
}

void wire_log(const struct owner *owner, enum talon_level level, const char *text)
{
    struct plugin *plugin = owner ? owner->plugin : &host_itself;
    const uint64_t now = turn_now();
    char dropped[96];

    if (now - plugin->log_began >= LOG_SPAN) {
        if (plugin->log_lines > LOG_LINES) {
            snprintf(dropped, sizeof dropped, "%u log lines were dropped: more than %d in 10 s", plugin->log_lines - LOG_LINES, LOG_LINES);
            send_log(NULL, plugin, TALON_WARNING, dropped);
        }
        plugin->log_began = now;
        plugin->log_lines = 0;
    }
    if (plugin->log_lines++ < LOG_LINES)
        send_log(owner, plugin, level, text);
}

void wire_out_free(void)
{
    buffer_free(&line);
}
