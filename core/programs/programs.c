/* Supervised programs, all of them: see programs.h. Which there are, what people ask of them, what is shown, and what outlives the core. */
#include "programs/programs_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which there are */

static struct program *find(const struct programs *programs, const char *name)
{
    for (size_t i = 0; i < programs->n; i++)
        if (strcmp(programs->all[i]->plan->name, name) == 0)
            return programs->all[i];
    return NULL;
}

static const struct model_program *planned(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->n_programs; i++)
        if (strcmp(model->programs[i].name, name) == 0)
            return &model->programs[i];
    return NULL;
}

static void forget(struct programs *programs, size_t i)
{
    programs->restarts += programs->all[i]->life.restarts;
    program_free(programs->all[i]);
    memmove(programs->all + i, programs->all + i + 1, (programs->n - i - 1) * sizeof *programs->all);
    programs->n--;
}

static bool is_gone(const struct program *program)
{
    return program->life.removed && !life_lives(&program->life);
}

/* Those that were removed, and have ended. */
static void sweep(struct programs *programs)
{
    for (size_t i = programs->n; i-- > 0;)
        if (is_gone(programs->all[i]))
            forget(programs, i);
}

static struct programs_past *past_of(struct programs *programs, const char *name)
{
    for (size_t i = 0; i < programs->n_past; i++)
        if (strcmp(programs->past[i].name, name) == 0)
            return &programs->past[i];
    return NULL;
}

static bool add(struct programs *programs, const struct model *model, const struct model_program *plan)
{
    struct programs_past *past = past_of(programs, plan->name);
    struct program *program = programs->n < PROGRAMS_MOST ? program_create(programs, model, plan, past) : NULL;

    if (!program)
        return false;
    programs->all[programs->n++] = program;
    if (past)
        past->name[0] = '\0';
    if (programs->listed)
        program_event(program, LIFE_MISSING);
    return true;
}

static void come_back(struct program *program, const struct model *model, const struct model_program *plan)
{
    program->life.removed = false;
    program->life.wanted = true;
    program_change(program, model, plan);
    program_event(program, LIFE_START);
}

/* What an earlier core knew of programs that are configured no more: how often they were started again is kept, and nothing else. */
static void drop_past(struct programs *programs)
{
    for (size_t i = 0; i < programs->n_past; i++)
        if (programs->past[i].name[0])
            programs->restarts += programs->past[i].restarts;
    programs->n_past = 0;
}

bool programs_take(struct programs *programs, const struct model *model)
{
    bool good = true;

    sweep(programs);
    for (size_t i = 0; i < programs->n; i++)
        if (!planned(model, programs->all[i]->plan->name) && !programs->all[i]->life.removed)
            program_event(programs->all[i], LIFE_REMOVED);
    for (size_t i = 0; i < model->n_programs; i++) {
        const struct model_program *plan = &model->programs[i];
        struct program *program = find(programs, plan->name);

        if (!program)
            good = add(programs, model, plan) && good;
        else if (program->life.removed)
            come_back(program, model, plan);
        else
            program_change(program, model, plan);
    }
    drop_past(programs);
    sweep(programs);
    link_want(programs);
    programs->calls.changed(programs->calls.arg);
    return good;
}

/* ---- checks and people */

void programs_health(struct programs *programs, size_t check, bool well, uint64_t begun)
{
    for (size_t i = 0; i < programs->n; i++)
        if (programs->all[i]->plan->health == check && programs->all[i]->life.state == LIFE_RUNNING && begun >= programs->all[i]->life.started)
            program_event(programs->all[i], well ? LIFE_WELL : LIFE_ILL);
}

bool programs_ask(struct programs *programs, const char *name, enum programs_ask ask, char *why, size_t why_size, const char **meant)
{
    static const enum life_event_kind events[] = { [PROGRAMS_START] = LIFE_START, [PROGRAMS_STOP] = LIFE_STOP, [PROGRAMS_RESTART] = LIFE_RESTART };
    static const char *const words[] = { [PROGRAMS_START] = "start", [PROGRAMS_STOP] = "stop", [PROGRAMS_RESTART] = "restart" };
    struct program *program = find(programs, name);
    const char *names[PROGRAMS_MOST];

    *meant = NULL;
    if (!program || program->life.removed) {
        for (size_t i = 0; i < programs->n; i++)
            names[i] = programs->all[i]->plan->name;
        *meant = text_nearest(name, names, programs->n);
        snprintf(why, why_size, "no program is named %.64s", name);
        return false;
    }
    if (ask != PROGRAMS_STOP && program->life.owner == OWNER_OTHER) {
        snprintf(why, why_size, "another supervisor owns it: %s is loaded; unload that first", program->plan->unless_loaded);
        return false;
    }
    log_info("a person asks for a program", "program", name, "what", words[ask], NULL);
    program_event(program, events[ask]);
    return true;
}

/* ---- what is shown */

bool programs_view(const struct programs *programs, size_t i, struct programs_view *view)
{
    const struct program *program = NULL;

    for (size_t k = 0; k < programs->n && !program; k++)
        if (!is_gone(programs->all[k]) && i-- == 0)
            program = programs->all[k];
    if (!program)
        return false;
    *view = (struct programs_view){ .name = program->plan->name, .state = life_state_name(program->life.state), .why = program->why, .last_end = program->last_end,
                                    .pid = life_lives(&program->life) ? program->pid : 0, .restarts = program->life.restarts, .since = program->life.since,
                                    .next = program->life.due, .wanted = program->life.wanted };
    return true;
}

uint64_t programs_restarts(const struct programs *programs)
{
    uint64_t restarts = programs->restarts;

    for (size_t i = 0; i < programs->n; i++)
        restarts += programs->all[i]->life.restarts;
    return restarts;
}

const char *programs_trouble(const struct programs *programs)
{
    return programs->n > 0 && programs->trouble[0] ? programs->trouble : NULL;
}

/* ---- what outlives the core: {"boot","restarts","programs":[{"name","wanted","restarts","pid","started","print"}]}, large numbers as texts */

void programs_resign(struct programs *programs)
{
    programs->resigned = true;
}

void programs_write(const struct programs *programs, struct buffer *out)
{
    buffer_printf(out, "{\"boot\":\"%" PRIu64 "\",\"restarts\":\"%" PRIu64 "\",\"programs\":[", programs->boot, programs->restarts);
    for (size_t i = 0; i < programs->n; i++) {
        const struct program *program = programs->all[i];

        buffer_text(out, i > 0 ? ",\n{\"name\":" : "\n{\"name\":");
        text_json(out, program->plan->name, strlen(program->plan->name));
        buffer_printf(out, ",\"wanted\":%s,\"restarts\":\"%" PRIu64 "\",\"pid\":%ld,\"started\":\"%" PRIu64 "\",\"print\":\"%" PRIu64 "\"}",
                      program->life.wanted ? "true" : "false", program->life.restarts, programs->resigned ? 0 : program->pid, program->started, program->print);
    }
    buffer_text(out, "\n]}\n");
}

static const char *text_of(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static void recall_one(struct programs *programs, const cJSON *json, bool same_boot)
{
    struct programs_past *past = &programs->past[programs->n_past];
    const char *name = text_of(json, "name");
    const cJSON *pid = cJSON_GetObjectItemCaseSensitive(json, "pid");

    if (programs->n_past == PROGRAMS_MOST || !text_is_name(name))
        return;
    *past = (struct programs_past){ .wanted = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "wanted")), .restarts = strtoull(text_of(json, "restarts"), NULL, 10),
                                    .fingerprint = strtoull(text_of(json, "print"), NULL, 10) };
    snprintf(past->name, sizeof past->name, "%s", name);
    if (same_boot && cJSON_IsNumber(pid) && pid->valuedouble > 1. && pid->valuedouble < 1e9) {
        past->pid = (long)pid->valuedouble;
        past->started = strtoull(text_of(json, "started"), NULL, 10);
    }
    programs->n_past++;
}

void programs_recall(struct programs *programs, const char *text, size_t n, uint64_t boot)
{
    cJSON *json = cJSON_ParseWithLength(text, n);
    const bool same_boot = strtoull(text_of(json, "boot"), NULL, 10) == boot;
    const cJSON *one;

    programs->boot = boot;
    programs->restarts = strtoull(text_of(json, "restarts"), NULL, 10);
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(json, "programs")) recall_one(programs, one, same_boot);
    cJSON_Delete(json);
}

/* ---- life */

struct programs *programs_create(struct ev_loop *loop, struct secrets *secrets, const struct programs_calls *calls)
{
    struct programs *programs = calloc(1, sizeof *programs);

    if (!programs)
        return NULL;
    programs->loop = loop;
    programs->secrets = secrets;
    programs->calls = *calls;
    programs->boot = clock_moment().boot;
    link_begin(programs);
    return programs;
}

void programs_free(struct programs *programs)
{
    if (!programs)
        return;
    link_end(programs);
    for (size_t i = 0; i < programs->n; i++)
        program_free(programs->all[i]);
    free(programs);
}
