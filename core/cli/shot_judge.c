/* What a one shot means: the exit code (rules.md 3.12), and which need that is down stands behind a result. Pure. */
#include "cli/cli.h"
#include "cli/shot.h"

#define NOT_JUDGED (MODEL_NONE - 1)

static int code_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
    case STATUS_STOPPED: /* on purpose, by a person: does not count (rules.md 3.12) */
        return CLI_OK;
    case STATUS_WARN:
    case STATUS_STARTING:
        return CLI_WARN;
    case STATUS_FAIL:
        return CLI_FAIL;
    case STATUS_UNKNOWN:
        break;
    }
    return CLI_UNKNOWN;
}

int shot_code(const struct shot_entry *entry)
{
    return entry->result ? code_of(entry->result->status) : CLI_UNKNOWN;
}

/* How bad a code is: a failure is worse than not knowing. */
static int badness(int code)
{
    return code == CLI_FAIL ? 3 : code == CLI_UNKNOWN ? 2 : code;
}

/* ---- needs only annotate */

/* What starts or was stopped serves nobody either. */
static bool is_down(enum status status)
{
    return status == STATUS_FAIL || status == STATUS_STARTING || status == STATUS_STOPPED;
}

static bool service_down(const struct shot *shot, size_t service)
{
    for (size_t i = 0; i < shot->n; i++) {
        const struct model_check *check = &shot->model->checks[shot->entries[i].check];

        if (check->service == service && !check->witness && shot->entries[i].result && is_down(shot->entries[i].result->status))
            return true;
    }
    return false;
}

static size_t find_cause(struct shot *shot, size_t service);

/* The deepest service that is down behind a need of which every alternative is, or stands on what has. */
static size_t cause_of_need(struct shot *shot, const struct model_need *need)
{
    size_t first = MODEL_NONE;

    for (size_t i = 0; i < need->n; i++) {
        size_t cause = find_cause(shot, need->any[i]);

        if (cause == MODEL_NONE && service_down(shot, need->any[i]))
            cause = need->any[i];
        if (cause == MODEL_NONE)
            return MODEL_NONE;
        first = i == 0 ? cause : first;
    }
    return first;
}

/* Each service is judged once: needs have no cycle, the configuration saw to that, but there may be very many ways through them. */
static size_t find_cause(struct shot *shot, size_t service)
{
    const struct model_service *s = &shot->model->services[service];
    size_t cause = MODEL_NONE;

    if (shot->causes[service] != NOT_JUDGED)
        return shot->causes[service];
    for (size_t i = 0; cause == MODEL_NONE && i < s->n_needs; i++)
        cause = cause_of_need(shot, &s->needs[i]);
    shot->causes[service] = cause;
    return cause;
}

size_t shot_cause(const struct shot *shot, size_t service)
{
    return shot->causes[service];
}

/* ---- all of it */

void shot_judge(struct shot *shot)
{
    shot->code = CLI_OK;
    for (size_t i = 0; i < shot->n; i++) {
        int code = shot_code(&shot->entries[i]);

        if (!shot->model->checks[shot->entries[i].check].witness && badness(code) > badness(shot->code))
            shot->code = code;
    }
    for (size_t i = 0; i < shot->model->n_services; i++)
        shot->causes[i] = NOT_JUDGED;
    for (size_t i = 0; i < shot->model->n_services; i++)
        find_cause(shot, i);
}
