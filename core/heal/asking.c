/* What a person asks for: a run by hand, through the same limits, or attempts given back. Both are told in the audit, a refusal as well. */
#include "heal/heal_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static bool refuse(struct heal *heal, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(heal->refusal, sizeof heal->refusal, format, ap);
    va_end(ap);
    return false;
}

/* By its name; of several the first whose condition holds, or the first of them. Without a name the first whose condition holds. */
static size_t find_entry(const struct engine *engine, const struct model_service *service, const char *runbook)
{
    size_t named = MODEL_NONE;

    for (size_t i = 0; i < service->n_heal; i++) {
        if (runbook && strcmp(service->heal[i].bound->name, runbook) != 0)
            continue;
        if (engine_when(engine, &service->heal[i].when) == LOGIC_TRUE)
            return i;
        if (runbook && named == MODEL_NONE)
            named = i;
    }
    return named;
}

static bool start(struct heal *heal, const struct engine *engine, const struct heal_command *command, size_t service, size_t entry)
{
    const size_t at = heal->record_of[heal->subjects[service].first_entry + entry];
    const struct asked asked = { .service = service,
                                 .book = heal->model->services[service].heal[entry].bound,
                                 .record = &heal->records[at].record,
                                 .at = at,
                                 .incident = engine_service(engine, service)->incident,
                                 .by_hand = true,
                                 .force = command->reason != NULL };
    struct heal_question q;
    struct heal_answer answer;
    struct buffer text = buffer_make(ENGINE_TEXT);

    question_make(heal, engine, &asked, &q);
    answer = heal_may_start(&q, &heal->now);
    if (answer.limit == LIMIT_NONE && !run_begin(heal, engine, &asked, command->who ? command->who : "", command->reason ? command->reason : ""))
        answer = (struct heal_answer){ .limit = LIMIT_CONCURRENT, .until = NEVER };
    if (answer.limit != LIMIT_NONE) {
        heal_limit_text(&answer, &heal->now, &text);
        refuse(heal, "%s", buffer_string(&text));
        todo_tell(heal, 0, service, asked.incident, asked.incident > 0 ? ENTRY_REFUSED : ENTRY_KINDS, heal_limit_name(answer.limit),
                  "%s, asked for by %s, is refused: %s", asked.book->name, command->who ? command->who : "somebody", buffer_string(&text));
    }
    buffer_free(&text);
    return true;
}

static bool rearm(struct heal *heal, const struct engine *engine, const struct heal_command *command, size_t service)
{
    const struct model_service *model = &heal->model->services[service];
    bool found = false;

    for (size_t i = 0; i < model->n_heal; i++) {
        const size_t at = heal->record_of[heal->subjects[service].first_entry + i];

        if (command->runbook && strcmp(model->heal[i].bound->name, command->runbook) != 0)
            continue;
        found = true;
        heal_record_rearm(&heal->records[at].record);
        todo_keep(heal, at, MODEL_NONE);
        todo_tell(heal, 0, service, engine_service(engine, service)->incident, ENTRY_REARMED, model->heal[i].bound->name, "%s has its attempts back, by %s",
                  model->heal[i].bound->name, command->who ? command->who : "somebody");
    }
    heal->dirty = true;
    return found || refuse(heal, "%s has no such entry of `heal`", model->name);
}

bool asking_take(struct heal *heal, const struct engine *engine, const struct heal_command *command)
{
    const size_t service = command->service ? model_service(heal->model, command->service) : MODEL_NONE;
    size_t entry;

    if (service == MODEL_NONE)
        return refuse(heal, "there is no service of that name");
    if (command->ask == HEAL_ASK_REARM)
        return rearm(heal, engine, command, service);
    if (!heal->model->services[service].enabled)
        return refuse(heal, "%s is not enabled", command->service);
    entry = find_entry(engine, &heal->model->services[service], command->runbook);
    if (entry == MODEL_NONE)
        return command->runbook ? refuse(heal, "%s has no entry of `heal` with that runbook", command->service)
                                : refuse(heal, "no entry of `heal` of %s fits now", command->service);
    return start(heal, engine, command, service, entry);
}
