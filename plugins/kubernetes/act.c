/*
 * What the actions share: a call, and what its failure means for an action. What a check calls "not to be known" may be known here: a request that the API
 * server refused has changed nothing, one that was not answered in time may have.
 */
#include "act.h"

void act_setup(struct talon_run *instance)
{
    struct kubernetes_self *self = instance->state;

    self->cluster = cluster_join(instance);
}

void act_ask(struct talon_run *run, const char *method, const char *path, const char *body, const char *type, client_done_fn *done)
{
    const struct kubernetes_self *self = run->self;
    struct act *act = run->state;

    act->call.method = method;
    act->call.path = path;
    act->call.body = body;
    act->call.type = type;
    act->call.done = done;
    client_ask(run, self->cluster, &act->call);
}

/* " (3 were done before)" */
static const char *before(struct talon_run *run)
{
    const struct act *act = run->state;

    return act->done > 0 ? talon_text(run, " (%u done before)", act->done) : "";
}

/* A failure of what only asks has changed nothing; else it is not known. */
static int may_be_done(const struct act *act)
{
    return act->call.method != NULL;
}

static void unreached(struct talon_run *run, const struct client_failure *failure, const char *what)
{
    const struct act *act = run->state;

    if (failure->ours)
        talon_done(run, TALON_UNKNOWN, failure->token, "not done%s, cannot ask the API server for %s: %s", before(run), what, failure->words);
    else if (may_be_done(act))
        talon_done(run, TALON_FAIL, failure->token, "the API server did not answer for %s%s, and may have done it all the same: %s", what, before(run),
                   failure->words);
    else
        talon_done(run, TALON_FAIL, failure->token, "cannot reach the API server for %s%s: %s", what, before(run), failure->words);
}

void act_failed(struct talon_run *run, const struct client_failure *failure, const char *what)
{
    const struct act *act = run->state;

    switch (failure->outcome) {
    case CLIENT_UNREACHED:
        unreached(run, failure, what);
        return;
    case CLIENT_REJECTED:
    case CLIENT_FORBIDDEN:
        talon_done(run, TALON_UNKNOWN, "refused.rights", "not done%s, Talon lacks the right; a person runs: %s (%s)", before(run), act->by_hand,
                   failure->words);
        return;
    case CLIENT_NO_LOGIN:
    case CLIENT_UNHEARD:
    case CLIENT_ABSENT:
    case CLIENT_CONFLICT:
    case CLIENT_BUSY:
        talon_done(run, TALON_UNKNOWN, failure->token, "nothing was done for %s%s: %s", what, before(run), failure->words);
        return;
    case CLIENT_GOOD:
    case CLIENT_GONE:
    case CLIENT_BROKEN:
    case CLIENT_ODD:
    default:
        talon_done(run, TALON_FAIL, failure->token, "the API server refuses %s%s: %s", what, before(run), failure->words);
    }
}

const cJSON *act_answer(struct talon_run *run, struct client_call *call, const struct talon_response *got, const char *what)
{
    const char *problem;
    const cJSON *answer;

    if (call->failure.outcome != CLIENT_GOOD) {
        act_failed(run, &call->failure, what);
        return NULL;
    }
    answer = json_parse(run, got->body, got->body_len, &problem);
    if (answer && cJSON_IsObject(answer))
        return answer;
    talon_done(run, TALON_FAIL, "protocol.bad", "the API server does not speak as one does about %s: %s", what, answer ? "the body is no object" : problem);
    return NULL;
}

static void free_text(void *text)
{
    cJSON_free(text);
}

const char *act_text(struct talon_run *run, cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);

    cJSON_Delete(json);
    if (!text)
        return "";
    run->host->defer(run, free_text, text);
    return text;
}
