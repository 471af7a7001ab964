/* What the world answers: the scripts of the test, given to operations as they begin and played as virtual time comes
 * to them. */
#include "fake_private.h"

#include <stdlib.h>

static const struct talon_error too_big = FAKE_ERROR(TALON_E_TOO_BIG, 0, "too_big", "more than the request allows");
static const struct talon_error closed =
    FAKE_ERROR(TALON_E_CLOSED, 0, "connect.closed", "the peer closed the connection");
static const struct talon_error late_connect = FAKE_ERROR(TALON_E_TIMEOUT, 0, "connect.timeout", "no answer in time");
static const struct talon_error late_answer = FAKE_ERROR(TALON_E_TIMEOUT, 0, "timeout", "no answer in time");
static const struct talon_error late_child = FAKE_ERROR(TALON_E_TIMEOUT, 0, "exec.timeout", "did not end in time");

/* ---- the test writes ---- */

static struct fake_step *add(struct fake_step **list, enum fake_step_kind kind, uint64_t after_ns)
{
    struct fake_step *step = calloc(1, sizeof *step);

    if (!step)
        fake_misuse("no memory for a step");
    step->kind = kind;
    step->after_ns = after_ns;
    while (*list)
        list = &(*list)->next;
    *list = step;
    return step;
}

void fake_step_free(struct fake_step *step)
{
    fake_pool_free(&step->pool);
    free(step);
}

void fake_http(struct fake *fake, uint64_t after_ns, const struct talon_response *response)
{
    struct fake_step *step = add(&fake->answers, FAKE_ANSWERS, after_ns);

    step->outcome = fake_copy_response(&step->pool, response);
}

void fake_child(struct fake *fake, uint64_t after_ns, const struct talon_exit *ended)
{
    struct fake_step *step = add(&fake->exits, FAKE_ANSWERS, after_ns);

    step->outcome = fake_copy_exit(&step->pool, ended);
}

void fake_link(struct fake *fake, uint64_t after_ns, const struct talon_link *link)
{
    static const struct talon_link plain;
    struct fake_step *step = add(&fake->links, FAKE_ANSWERS, after_ns);
    struct talon_link *copy = fake_copy_link(&step->pool, link ? link : &plain);

    if (copy->connect_ns == 0)
        copy->connect_ns = after_ns;
    step->outcome = copy;
}

void fake_link_secures(struct fake *fake, uint64_t after_ns, const struct talon_link *link)
{
    static const struct talon_peer peer = { .size = sizeof peer };
    static const struct talon_link shaken = { .size = sizeof shaken, .peer = &peer };
    struct fake_step *step;

    if (!fake->links)
        fake_misuse("a peer cannot do anything before fake_link()");
    step = add(&fake->links, FAKE_SECURES, after_ns);
    step->outcome = fake_copy_link(&step->pool, link ? link : &shaken);
}

/* A further step of a peer: after the connection that is written last, or of the one that stands. */
static void add_to_link(struct fake *fake, enum fake_step_kind kind, uint64_t after_ns, const void *bytes, size_t n,
                        void *error)
{
    struct fake_op *op = fake->links ? NULL : fake_op_newest(fake, FAKE_CONNECT);
    struct fake_step *step;

    if (!op && !fake->links)
        fake_misuse("a peer cannot do anything before fake_link()");
    step = add(op ? &op->steps : &fake->links, kind, after_ns);
    step->bytes = fake_pool_copy(&step->pool, bytes, n);
    step->n = n;
    if (error) {
        step->outcome = fake_pool_copy(&step->pool, error, sizeof(struct talon_error));
        *(struct talon_error *)step->outcome = fake_copy_error(&step->pool, error);
    }
    if (op && op->steps == step)
        fake_step_due(op, fake->now);
}

void fake_link_hears(struct fake *fake, const char *text)
{
    add_to_link(fake, FAKE_HEARS, 0, text, strlen(text), NULL);
}

void fake_link_says(struct fake *fake, uint64_t after_ns, const void *bytes, size_t n)
{
    add_to_link(fake, FAKE_SAYS, after_ns, bytes, n, NULL);
}

void fake_link_ends(struct fake *fake, uint64_t after_ns, const struct talon_error *error)
{
    struct talon_error why = error ? *error : closed;

    add_to_link(fake, FAKE_ENDS, after_ns, "", 0, &why);
}

static void piece(struct fake *fake, enum fake_kind kind, const void *bytes, size_t n)
{
    struct fake_op *op = fake_op_newest(fake, kind);

    if (!op || !op->data)
        fake_misuse("nothing streams");
    fake_offer(fake, op, bytes, n, 0);
    fake_settle(fake);
}

void fake_http_piece(struct fake *fake, const void *bytes, size_t n)
{
    piece(fake, FAKE_HTTP, bytes, n);
}

void fake_child_piece(struct fake *fake, const void *bytes, size_t n)
{
    piece(fake, FAKE_SPAWN, bytes, n);
}

void fake_ready(struct fake *fake, int fd, uint32_t events)
{
    struct fake_op *op;

    for (op = fake->ops; op; op = op->next)
        if (op->kind == FAKE_WATCH && !op->over && op->fd == fd && (op->events & events)) {
            op->watch(&op->owner->run, op->arg, fd, op->events & events);
            break;
        }
    fake_settle(fake);
}

/* ---- an operation gets its script ---- */

static struct fake_step *take(struct fake_step **list)
{
    struct fake_step *step = *list;

    if (step) {
        *list = step->next;
        step->next = NULL;
    }
    return step;
}

void fake_steps_take(struct fake *fake, struct fake_op *op)
{
    struct fake_step **end = &op->steps;

    if (op->kind == FAKE_HTTP) {
        op->steps = take(&fake->answers);
    } else if (op->kind == FAKE_SPAWN) {
        op->steps = take(&fake->exits);
    } else {
        do { /* as far as the next connection's first step */
            *end = take(&fake->links);
            end = *end ? &(*end)->next : end;
        } while (fake->links && fake->links->kind != FAKE_ANSWERS);
    }
    fake_step_due(op, fake->now);
}

/* Has the peer been sent this text since it last listened? */
static int heard(struct fake_op *op, const struct fake_step *step)
{
    for (size_t i = op->heard; i + step->n <= op->n_sent; i++)
        if (memcmp(op->sent + i, step->bytes, step->n) == 0) {
            op->heard = i + step->n;
            return 1;
        }
    return 0;
}

void fake_step_due(struct fake_op *op, uint64_t now)
{
    struct fake_step *step;

    while (op->steps && op->steps->kind == FAKE_HEARS && heard(op, op->steps)) {
        step = take(&op->steps);
        step->next = NULL;
        fake_step_free(step);
    }
    op->due = UINT64_MAX;
    if (op->steps && op->steps->kind != FAKE_HEARS && (op->steps->kind != FAKE_SECURES || op->securing))
        op->due = now + op->steps->after_ns;
}

/* ---- playing ---- */

void fake_offer(struct fake *fake, struct fake_op *op, const void *bytes, size_t n, int last)
{
    size_t used, rest;
    char *offered;

    fake_append(&op->input, &op->n_input, bytes, n);
    if (!op->data) {
        op->n_input = 0;
        return;
    }
    offered = malloc(op->n_input > 0 ? op->n_input : 1);
    if (!offered)
        fake_misuse("no memory for %zu bytes", op->n_input);
    memcpy(offered, op->input, op->n_input);
    used = op->data(&op->owner->run, op->arg, offered, op->n_input, last);
    free(offered);
    if (used > op->n_input) {
        fake_breach(fake, "a data callback used %zu of %zu bytes", used, op->n_input);
        used = op->n_input;
    }
    rest = op->n_input - used;
    memmove(op->input, op->input + used, rest);
    op->n_input = rest;
    if (rest > op->max_input && !op->over && !op->owner->over)
        fake_op_fail(fake, op, &too_big);
}

static void play_secured(struct fake *fake, struct fake_op *op, struct fake_step *step)
{
    static const struct talon_error early =
        FAKE_ERROR(TALON_E_PROTOCOL, 0, "protocol.bad", "the peer said more in plain text after it had agreed to TLS");
    const struct talon_link *link = step->outcome;

    op->securing = 0;
    if (op->n_input > 0) {
        fake_op_fail(fake, op, &early);
        return;
    }
    op->over = link->error.code != TALON_E_NONE;
    op->link(&op->owner->run, op->arg, link);
}

/* HTTP and children: the answer ends the operation. */
static void play_answer(struct fake *fake, struct fake_op *op, struct fake_step *step)
{
    struct talon_response *response = step->outcome;
    struct talon_exit *ended = step->outcome;

    if (op->kind == FAKE_HTTP) {
        if (op->data && response->error.code == TALON_E_NONE && response->status / 100 == 2) {
            fake_offer(fake, op, response->body, response->body_len, 1);
            response->body_len = 0;
        }
        if (op->over || op->owner->over)
            return;
        op->over = 1;
        op->http(&op->owner->run, op->arg, response);
        return;
    }
    if (op->data) {
        fake_offer(fake, op, ended->out, ended->out_len, 1);
        ended->out_len = 0;
    }
    if (op->over || op->owner->over)
        return;
    op->over = 1;
    op->child(&op->owner->run, op->arg, ended);
}

static void play_link(struct fake *fake, struct fake_op *op, struct fake_step *step)
{
    const struct talon_link *link = step->outcome;

    if (step->kind == FAKE_ANSWERS) {
        op->up = link->error.code == TALON_E_NONE;
        op->over = !op->up;
        op->link(&op->owner->run, op->arg, link);
    } else if (step->kind == FAKE_SECURES) {
        play_secured(fake, op, step);
    } else if (step->kind == FAKE_SAYS) {
        fake_offer(fake, op, step->bytes, step->n, 0);
    } else {
        if (op->data && ((const struct talon_error *)step->outcome)->code == TALON_E_CLOSED)
            fake_offer(fake, op, "", 0, 1);
        if (!op->over && !op->owner->over)
            fake_op_fail(fake, op, step->outcome);
    }
}

void fake_step_play(struct fake *fake, struct fake_op *op)
{
    struct fake_step *step = take(&op->steps);

    if (op->kind == FAKE_CONNECT)
        play_link(fake, op, step);
    else
        play_answer(fake, op, step);
    if (!op->over)
        fake_step_due(op, fake->now);
    fake_step_free(step);
}

void fake_op_fail(struct fake *fake, struct fake_op *op, const struct talon_error *error)
{
    struct fake_pool pool = { NULL };
    struct talon_error why = error                             ? *error
                             : op->kind == FAKE_SPAWN          ? late_child
                             : op->up || op->kind == FAKE_HTTP ? late_answer
                                                               : late_connect;

    op->over = 1;
    if (op->kind == FAKE_CONNECT) {
        op->link(&op->owner->run, op->arg, fake_copy_link(&pool, &(struct talon_link){ .error = why }));
    } else if (op->kind == FAKE_HTTP) {
        op->http(&op->owner->run, op->arg, fake_copy_response(&pool, &(struct talon_response){ .error = why }));
    } else if (op->kind == FAKE_SPAWN) {
        op->child(&op->owner->run, op->arg,
                  fake_copy_exit(
                      &pool, &(struct talon_exit){ .error = why, .code = -1, .total_ns = fake->now - fake->started }));
    }
    fake_pool_free(&pool);
}
