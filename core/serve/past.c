/* Questions about the past: see past.h. A question has two users, its connection and the store; the last one frees it. */
#include "serve/past.h"

#include "base/moment.h"
#include "base/os/clock.h"
#include "base/scalar.h"
#include "base/shortage.h"
#include "serve/json.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE (5 * (uint64_t)NS_PER_S)
#define USUAL_SINCE (24 * 3600 * (int64_t)NS_PER_S)

enum { ANSWER_MAX = 32 << 20, MOST_ROWS = 5000, MOST_INCIDENTS = 1000, HEAD = 512 };

struct past_question {
    pthread_mutex_t lock;
    unsigned users;
    uint64_t since;                   /* awake */
    struct MHD_Connection *connection; /* sleeps; NULL: it was woken */
    unsigned status;
    char head[HEAD], why[HEAD];       /* head: what stands before the store's text; why: status is not 200 */
    size_t skip;                      /* bytes of the store's text that are left out, since head has them */
    const char *tail;
    struct buffer text;
};

struct past {
    pthread_mutex_t lock;
    struct past_question *waiting[PAST_MOST];
    bool ended;
    _Atomic(struct store *) store;
    _Atomic(serve_ask *) ask;
};

/* ---- a question */

static void drop(struct past_question *question)
{
    bool last;

    pthread_mutex_lock(&question->lock);
    last = --question->users == 0;
    pthread_mutex_unlock(&question->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&question->lock);
    buffer_free(&question->text);
    free(question);
}

/* With its lock held. Once. */
static void wake(struct past_question *question, unsigned status)
{
    struct MHD_Connection *connection = question->connection;

    question->status = status;
    question->connection = NULL;
    if (connection)
        MHD_resume_connection(connection);
}

/* From the store's thread. */
static void on_answer(void *arg, const char *text, const char *why)
{
    struct past_question *question = arg;
    const bool good = text && strlen(text) >= question->skip;

    pthread_mutex_lock(&question->lock);
    if (question->connection) {
        if (good) {
            buffer_text(&question->text, question->head);
            buffer_text(&question->text, text + question->skip);
            buffer_text(&question->text, question->tail);
        } else {
            snprintf(question->why, sizeof question->why, "the store cannot tell: %.400s", why ? why : "it gave no answer");
        }
        wake(question, good ? 200 : 503);
    }
    pthread_mutex_unlock(&question->lock);
    drop(question);
}

static void give_up(struct past_question *question, const char *why)
{
    pthread_mutex_lock(&question->lock);
    if (question->connection) {
        snprintf(question->why, sizeof question->why, "%s", why);
        wake(question, 503);
    }
    pthread_mutex_unlock(&question->lock);
}

/* ---- what is asked */

/* "24h" ago, or seconds since 1970; "": a day. */
static bool read_since(const char *text, int64_t now, int64_t *since)
{
    char why[SCALAR_WHY];
    uint64_t ago;
    const bool seconds = text[0] && strspn(text, "0123456789") == strlen(text) && strlen(text) < 11;

    if (seconds && strtoll(text, NULL, 10) < now / NS_PER_S)
        *since = strtoll(text, NULL, 10) * NS_PER_S;
    else if (!text[0])
        *since = now - USUAL_SINCE;
    else if (scalar_duration(text, &ago, why) && (int64_t)ago < now)
        *since = now - (int64_t)ago;
    else
        return false;
    return *since < now;
}

static struct answer refuse_name(const struct snapshot *snapshot, const char *what, const char *name)
{
    const char *meant = render_nearest(snapshot, name);
    char message[HEAD];

    snprintf(message, sizeof message, "there is no %s named %.128s%s%.128s%s", what, name, meant ? "; did you mean `" : "", meant ? meant : "", meant ? "`?" : "");
    return answers_refusal(404, "unknown_name", message);
}

/* ask->name is set to a name of the snapshot's model, which has to outlive the asking. False: *refused. */
static bool read_history(const struct snapshot *snapshot, const struct request *request, struct store_ask *ask, struct answer *refused)
{
    char name[REQUEST_QUERY], since[REQUEST_QUERY];
    size_t check;

    if (!request_query(request, "check", name, sizeof name) || !name[0] || !request_query(request, "since", since, sizeof since)) {
        *refused = answers_refusal(400, "bad_request", "check=NAME is missing, or the query is malformed");
        return false;
    }
    if (!read_since(since, ask->now, &ask->since)) {
        *refused = answers_refusal(400, "bad_request", "since is a duration (24h, 7d) or seconds since 1970, in the past");
        return false;
    }
    check = snapshot ? model_check(snapshot->model, name) : MODEL_NONE;
    if (check == MODEL_NONE) {
        *refused = refuse_name(snapshot, "check", name);
        return false;
    }
    ask->question = STORE_ASK_HISTORY;
    ask->most = MOST_ROWS;
    ask->name = snapshot->model->checks[check].full_name;
    return true;
}

static bool read_uptime(const struct snapshot *snapshot, const struct request *request, struct store_ask *ask, struct answer *refused)
{
    char name[REQUEST_QUERY];
    size_t service;

    if (!request_query(request, "service", name, sizeof name)) {
        *refused = answers_refusal(400, "bad_request", "the query is malformed: it may have service=NAME");
        return false;
    }
    ask->question = STORE_ASK_UPTIME;
    if (!name[0])
        return true;
    service = snapshot ? model_service(snapshot->model, name) : MODEL_NONE;
    if (service == MODEL_NONE) {
        *refused = refuse_name(snapshot, "service", name);
        return false;
    }
    ask->name = snapshot->model->services[service].name;
    return true;
}

/* Incidents that ended since, as they were written down; or one of them, with its timeline and evidence. */
static bool read_incidents(const struct request *request, struct store_ask *ask, struct answer *refused)
{
    char id[REQUEST_QUERY], since[REQUEST_QUERY];
    const bool good = request_query(request, "id", id, sizeof id) && request_query(request, "since", since, sizeof since) && strlen(id) < 19 &&
                      strspn(id, "0123456789") == strlen(id) && !(id[0] && since[0]);

    ask->question = STORE_ASK_INCIDENTS;
    ask->most = MOST_INCIDENTS;
    if (good && id[0]) {
        ask->id = strtoll(id, NULL, 10);
        if (ask->id > 0)
            return true;
    }
    if (good && since[0] && read_since(since, ask->now, &ask->since))
        return true;
    *refused = answers_refusal(400, "bad_request", "since is a duration (24h, 7d) or seconds since 1970, in the past; or id is the number of an incident");
    return false;
}

static bool read_question(const struct snapshot *snapshot, const struct request *request, struct store_ask *ask, struct answer *refused)
{
    if (request->route == ROUTE_HISTORY)
        return read_history(snapshot, request, ask, refused);
    return request->route == ROUTE_UPTIME ? read_uptime(snapshot, request, ask, refused) : read_incidents(request, ask, refused);
}

/* {"each":...,"rows":[...]} gets what was asked before it; a list of services gets a name. */
static void write_head(struct past_question *question, const struct store_ask *ask)
{
    struct buffer head = buffer_make(HEAD - 1);

    buffer_char(&head, '{');
    if (ask->question == STORE_ASK_HISTORY) {
        json_text(&head, "check", ask->name);
        json_moment(&head, "since_unix", ask->since);
        buffer_char(&head, ',');
        question->skip = 1;
        question->tail = "\n";
    } else {
        json_moment(&head, "updated_at_unix", ask->now);
        json_name(&head, ask->question == STORE_ASK_UPTIME ? "services" : "kept");
        question->tail = "}\n";
    }
    snprintf(question->head, sizeof question->head, "%s", buffer_string(&head));
    buffer_free(&head);
}

/* ---- asking */

static struct past_question *make(const struct store_ask *ask, struct MHD_Connection *connection)
{
    struct past_question *question = calloc(1, sizeof *question);

    if (!question) {
        shortage_note();
        return NULL;
    }
    pthread_mutex_init(&question->lock, NULL);
    question->users = 2;
    question->since = clock_awake();
    question->connection = connection;
    question->text = buffer_make(ANSWER_MAX);
    write_head(question, ask);
    return question;
}

static bool enter(struct past *past, struct past_question *question)
{
    bool entered = false;

    pthread_mutex_lock(&past->lock);
    for (size_t i = 0; i < PAST_MOST && !entered && !past->ended; i++) {
        if (past->waiting[i])
            continue;
        past->waiting[i] = question;
        entered = true;
    }
    pthread_mutex_unlock(&past->lock);
    return entered;
}

static void leave(struct past *past, const struct past_question *question)
{
    pthread_mutex_lock(&past->lock);
    for (size_t i = 0; i < PAST_MOST; i++)
        if (past->waiting[i] == question)
            past->waiting[i] = NULL;
    pthread_mutex_unlock(&past->lock);
}

/* Has the query that parameter, well written or not? */
static bool has(const struct request *request, const char *name)
{
    char value[REQUEST_QUERY];

    return !request_query(request, name, value, sizeof value) || value[0];
}

bool past_is_asked(const struct request *request)
{
    return request->route == ROUTE_HISTORY || request->route == ROUTE_UPTIME || (request->route == ROUTE_INCIDENTS && (has(request, "since") || has(request, "id")));
}

struct past_question *past_ask(struct past *past, const struct snapshot *snapshot, const struct request *request, struct MHD_Connection *connection, struct answer *refused)
{
    struct store_ask ask = { .now = clock_moment().wall };
    struct store *store = atomic_load(&past->store);
    serve_ask *call = atomic_load(&past->ask);
    struct past_question *question;

    if (!read_question(snapshot, request, &ask, refused))
        return NULL;
    if (!store || !call) {
        *refused = answers_refusal(503, "no_store", "there is no store, so nothing is known of the past; `talon status` says why");
        return NULL;
    }
    question = make(&ask, connection);
    if (!question || !enter(past, question)) {
        *refused = answers_refusal(503, "busy", "too many questions wait for the store; try again");
        if (question) {
            question->users = 1;
            drop(question);
        }
        return NULL;
    }
    MHD_suspend_connection(connection); /* first: it may be woken at once */
    if (!call(store, &ask, on_answer, question))
        on_answer(question, NULL, "too many questions wait for it, or there is no memory");
    return question;
}

struct answer past_answer(struct past *past, struct past_question *question)
{
    struct answer answer;

    leave(past, question);
    pthread_mutex_lock(&question->lock);
    if (question->status == 200 && !question->text.failed)
        answer = answers_json(200, &question->text);
    else
        answer = answers_refusal(503, "no_answer", question->why[0] ? question->why : "the answer is too large, or there is no memory for it");
    pthread_mutex_unlock(&question->lock);
    drop(question);
    return answer;
}

void past_leave(struct past *past, struct past_question *question)
{
    leave(past, question);
    pthread_mutex_lock(&question->lock);
    question->connection = NULL;
    pthread_mutex_unlock(&question->lock);
    drop(question);
}

/* ---- patience and life */

void past_look(struct past *past, uint64_t now)
{
    pthread_mutex_lock(&past->lock);
    for (size_t i = 0; i < PAST_MOST; i++)
        if (past->waiting[i] && now >= past->waiting[i]->since + PATIENCE)
            give_up(past->waiting[i], "the store has not answered in time; `talon status` says what is wrong with it");
    pthread_mutex_unlock(&past->lock);
}

void past_end(struct past *past)
{
    pthread_mutex_lock(&past->lock);
    past->ended = true;
    for (size_t i = 0; i < PAST_MOST; i++)
        if (past->waiting[i])
            give_up(past->waiting[i], "the daemon ends");
    pthread_mutex_unlock(&past->lock);
}

void past_store(struct past *past, struct store *store, serve_ask *ask)
{
    atomic_store(&past->ask, ask);
    atomic_store(&past->store, store);
}

struct past *past_create(void)
{
    struct past *past = calloc(1, sizeof *past);

    if (past)
        pthread_mutex_init(&past->lock, NULL);
    return past;
}

void past_free(struct past *past)
{
    if (!past)
        return;
    pthread_mutex_destroy(&past->lock);
    free(past);
}
