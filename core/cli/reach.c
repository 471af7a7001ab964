/* What a configuration names outside of itself: see reach.h. */
#include "cli/reach.h"

#include "base/os/child.h"
#include "base/os/loop.h"
#include "config/secrets.h"

#include <cjson/cJSON.h>
#include <ev.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 100, TEXT = 512 };

struct reach {
    struct config_problem problems[MOST];
    char texts[MOST][TEXT];
    size_t n;
};

struct asking { /* for a secret's value */
    struct reach *reach;
    const struct model_secret *secret;
    struct ev_loop *loop;
};

__attribute__((format(printf, 3, 4))) static void warn(struct reach *reach, const struct model_place *place, const char *format, ...)
{
    va_list ap;

    if (reach->n == MOST)
        return;
    va_start(ap, format);
    vsnprintf(reach->texts[reach->n], TEXT, format, ap);
    va_end(ap);
    reach->problems[reach->n] = (struct config_problem){ .severity = CONFIG_WARNING, .place = *place, .message = reach->texts[reach->n] };
    reach->n++;
}

/* ---- programs */

static void look_for_program(struct reach *reach, const struct model_place *place, const char *what, const char *program, const char *path)
{
    char found[1024];
    const int answer = child_find(program, path, found, sizeof found);

    if (answer == 0 && strchr(program, '/'))
        warn(reach, place, "%s %s does not exist", what, program);
    else if (answer == 0)
        warn(reach, place, "%s %s is not found in %s", what, program, path);
    else if (answer < 0)
        warn(reach, place, "%s %s is not executable", what, program);
}

static void look_at_check(struct reach *reach, const struct model *model, const struct model_check *check)
{
    cJSON *conf = strcmp(model->operations[check->operation].name, "exec") == 0 ? cJSON_Parse(check->conf.json) : NULL;
    const cJSON *program = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(conf, "command"), 0);

    if (cJSON_IsString(program))
        look_for_program(reach, &check->place, "the program", program->valuestring, model->settings.exec_path);
    cJSON_Delete(conf);
}

/* ---- secrets */

static void on_secret(void *arg, const char *value, size_t n, const char *why)
{
    struct asking *asking = arg;

    (void)n;
    if (!value)
        warn(asking->reach, &asking->secret->place, "%s", why);
    ev_break(asking->loop, EVBREAK_ALL);
}

static void look_at_secrets(struct reach *reach, const struct model *model)
{
    struct asking asking = { .reach = reach, .loop = loop_create() };
    struct secrets *secrets = asking.loop ? secrets_create(asking.loop, model->settings.exec_path) : NULL;

    for (size_t i = 0; secrets && i < model->n_secrets; i++) {
        asking.secret = &model->secrets[i];
        if (asking.secret->idle)
            continue;
        if (asking.secret->source == MODEL_SECRET_COMMAND) /* a value may cost something: only whether it could be asked for */
            look_for_program(reach, &asking.secret->place, "the program of a secret,", asking.secret->command[0], model->settings.exec_path);
        else if (secrets_get(secrets, asking.secret, on_secret, &asking))
            ev_run(asking.loop, 0);
    }
    if (secrets)
        secrets_free(secrets);
    if (asking.loop)
        ev_loop_destroy(asking.loop);
}

/* ---- what is kept running */

static void look_at_program(struct reach *reach, const struct model *model, const struct model_program *program)
{
    const char *path = model->settings.exec_path;

    look_for_program(reach, &program->place, "the program", program->command[0], path);
    if (program->preflight)
        look_for_program(reach, &program->place, "the program of a preflight,", program->preflight[0], path);
    if (program->events)
        look_for_program(reach, &program->place, "the program that is told of events,", program->events[0], path);
}

/* ---- all of it */

struct reach *reach_look(const struct model *model)
{
    struct reach *reach = calloc(1, sizeof *reach);

    if (!reach)
        return NULL;
    look_at_secrets(reach, model);
    for (size_t i = 0; i < model->n_checks; i++)
        if (model->checks[i].enabled)
            look_at_check(reach, model, &model->checks[i]);
    for (size_t i = 0; i < model->n_programs; i++)
        look_at_program(reach, model, &model->programs[i]);
    return reach;
}

const struct config_problem *reach_problems(const struct reach *reach, size_t *n)
{
    *n = reach ? reach->n : 0;
    return reach ? reach->problems : NULL;
}

void reach_free(struct reach *reach)
{
    free(reach);
}
