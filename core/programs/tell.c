/*
 * The events of the supervisor before this one (systems.md 12.7, item 84), handed as JSON to a configured command, which knows where they belong. A command that
 * hangs is ended; while PROGRAM_EVENTS of them run, more are only logged.
 */
#include "programs/programs_private.h"

#include "base/os/log.h"
#include "base/text.h"

#include <string.h>

#define PATIENCE ((uint64_t)30000000000u)

enum { ERROR = 1200 };

static void on_told(void *arg, const struct task_end *end)
{
    struct task **place = arg;

    *place = NULL;
    if (!end->exited || end->code != 0)
        log_warn("an event of a program was not taken", "why", end->why, "said", end->output[0] ? end->output : NULL, NULL);
}

static struct task **free_place(struct program *program)
{
    for (size_t i = 0; i < PROGRAM_EVENTS; i++)
        if (!program->events[i])
            return &program->events[i];
    return NULL;
}

static void add(struct buffer *out, const char *key, const char *value, size_t most)
{
    const size_t n = strlen(value);

    buffer_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
    text_json(out, value, n < most ? n : most);
}

void tell_event(struct program *program, const char *action, const char *error)
{
    const struct model_program *plan = program->plan;
    struct task_request request = { .argv = plan->events, .path = program->model->settings.exec_path, .timeout = PATIENCE };
    struct task **place = plan->events ? free_place(program) : NULL;
    struct buffer out = buffer_make(TASK_INPUT), whole = buffer_make(0);

    if (!place)
        return;
    buffer_printf(&whole, "%s.%s", plan->events_prefix, action);
    buffer_char(&out, '{');
    add(&out, "action", buffer_string(&whole), 200);
    add(&out, "source", plan->events_source, 200);
    add(&out, "component", plan->events_component, 200);
    add(&out, "program", plan->name, 200);
    add(&out, "level", "error", 200);
    buffer_text(&out, ",\"success\":false");
    add(&out, "error", error, ERROR);
    buffer_text(&out, "}\n");
    request.input = buffer_string(&out);
    if (!out.failed && !whole.failed)
        *place = task_start(program->all->loop, &request, on_told, place);
    buffer_free(&out);
    buffer_free(&whole);
}

void tell_stop(struct program *program)
{
    for (size_t i = 0; i < PROGRAM_EVENTS; i++)
        task_stop(program->events[i]);
}
