/*
 * From "start it" to the keeper's line: the environment is gathered, one secret after another, since each may be a command that takes its time. One that cannot be
 * had is left out and said: what a program cannot do without it is the program's to know. The values live here until the line is sent, and are wiped.
 */
#include "programs/programs_private.h"

#include "base/os/child.h"
#include "base/os/files.h"
#include "base/os/log.h"
#include "base/os/process.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FILE_SIZE = 64 << 10, LINE_SIZE = 1 << 20, PATH = 4096 };

static void wipe(struct buffer *buffer)
{
    volatile char *bytes = buffer->data;

    for (size_t i = 0; bytes && i < buffer->room; i++)
        bytes[i] = 0;
    buffer_free(buffer);
}

static void not_started(struct program *program)
{
    environment_free(program->environment);
    program->environment = NULL;
    program_event(program, LIFE_NOT_STARTED);
}

/* ---- the line, at last */

static void add_list(struct buffer *line, const char *key, const char *first, const char *const *list)
{
    size_t n = 0;

    buffer_printf(line, ",\"%s\":[", key);
    if (first) {
        text_json(line, first, strlen(first));
        n++;
    }
    for (; *list; list++) {
        buffer_text(line, n++ > 0 ? "," : "");
        text_json(line, *list, strlen(*list));
    }
    buffer_char(line, ']');
}

static void send_start(struct program *program, const char *found)
{
    struct buffer line = buffer_make(LINE_SIZE);

    link_describe(&line, "start", program->plan);
    add_list(&line, "argv", found, program->plan->command + 1);
    add_list(&line, "env", NULL, (const char *const *)program->environment->all);
    buffer_text(&line, ",\"folder\":");
    text_json(&line, program->plan->folder, strlen(program->plan->folder));
    if (line.failed) {
        wipe(&line);
        program_say(program, "its command and environment are larger than 1 MiB");
        not_started(program);
        return;
    }
    environment_free(program->environment);
    program->environment = NULL;
    program->print = program->plan->fingerprint;
    program->sent = link_send(program->all, &line);
    if (program->sent)
        return;
    program_say(program, "the keeper of programs does not take commands");
    program_event(program, LIFE_NOT_STARTED);
}

static void finish(struct program *program)
{
    const char *path = program->model->settings.exec_path;
    char found[PATH];
    const int kind = child_find(program->plan->command[0], path, found, sizeof found);

    if (!environment_set(program->environment, PROCESS_PROGRAM_MARK, program->plan->name, strlen(program->plan->name))) {
        program_say(program, "there is no memory for its environment");
        not_started(program);
    } else if (kind != 1) {
        program_say(program, kind < 0 ? "%.200s is not executable" : "%.200s is not found in %.200s", kind < 0 ? found : program->plan->command[0], path);
        log_error("a program cannot be started", "program", program->plan->name, "why", program->why, NULL);
        not_started(program);
    } else {
        send_start(program, found);
    }
}

/* ---- secrets */

static void on_secret(void *arg, const char *value, size_t n, const char *why)
{
    struct program *program = arg;
    const struct model_variable *variable = &program->plan->env[program->secret];

    program->question = NULL;
    if (!value)
        log_warn("a program is started without a secret", "program", program->plan->name, "variable", variable->name, "why", why, NULL);
    else if (memchr(value, '\0', n) || !environment_set(program->environment, variable->name, value, n))
        log_warn("a program is started without a secret", "program", program->plan->name, "variable", variable->name, NULL);
    program->secret++;
    ev_timer_start(program->all->loop, &program->ask_secret);
}

/* The next one, in a turn of its own. */
void start_on_secret(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct program *program = timer->data;
    const struct model_program *plan = program->plan;

    (void)loop, (void)events;
    while (program->secret < plan->n_env && plan->env[program->secret].secret == MODEL_NONE)
        program->secret++;
    if (program->secret == plan->n_env) {
        finish(program);
        return;
    }
    program->question = secrets_get(program->all->secrets, &program->model->secrets[plan->env[program->secret].secret], on_secret, program);
    if (program->question)
        return;
    program_say(program, "there is no memory for its secrets");
    not_started(program);
}

/* ---- the rest of it */

static void add_file(struct environment *environment, const struct model_program *plan)
{
    struct buffer text = buffer_make(FILE_SIZE);
    char why[256];
    size_t bad = 0;

    if (!files_read(plan->env_file, &text, why, sizeof why))
        log_warn("a program is started without its env_file", "program", plan->name, "file", plan->env_file, "why", why, NULL);
    else
        bad = environment_read(environment, buffer_string(&text));
    if (bad > 0)
        log_warn("lines of an env_file are no variables, and left out", "program", plan->name, "file", plan->env_file, NULL);
    wipe(&text);
}

struct environment *start_environment(struct program *program)
{
    const struct model_program *plan = program->plan;
    struct environment *environment = environment_create(program->model->settings.exec_path);
    bool good = environment != NULL;

    if (good && plan->env_file)
        add_file(environment, plan);
    for (size_t i = 0; good && i < plan->n_env; i++)
        if (plan->env[i].secret == MODEL_NONE)
            good = environment_set(environment, plan->env[i].name, plan->env[i].value, strlen(plan->env[i].value));
    if (good)
        return environment;
    environment_free(environment);
    return NULL;
}

void start_begin(struct program *program)
{
    start_stop(program);
    program->sent = false;
    program->environment = start_environment(program);
    if (!program->environment) {
        program_say(program, "there is no memory for its environment");
        program_event(program, LIFE_NOT_STARTED);
        return;
    }
    program->secret = 0;
    ev_timer_set(&program->ask_secret, 0., 0.);
    ev_timer_start(program->all->loop, &program->ask_secret);
}

void start_stop(struct program *program)
{
    ev_timer_stop(program->all->loop, &program->ask_secret);
    if (program->question)
        secrets_stop(program->question);
    program->question = NULL;
    environment_free(program->environment);
    program->environment = NULL;
}
