/* HTTP exchanges as operations: the work is the HTTP module's, here is the owner's side of it. */
#include "op_http.h"

#include "modules_load.h"
#include "op.h"
#include "trouble.h"
#include "turn.h"

#include <string.h>

struct http_op {
    struct op op; /* first */
    talon_http_fn *done;
    talon_data_fn *data;
    struct http_exchange *exchange; /* NULL: never begun, or over */
    const struct http_module *module;
    struct trouble trouble;
};

static void close_http(struct op *op)
{
    struct http_op *http = (struct http_op *)(void *)op;

    if (http->exchange)
        http->module->stop(http->exchange);
    http->exchange = NULL;
}

static void late_http(struct op *op)
{
    struct http_op *http = (struct http_op *)(void *)op;

    if (http->exchange)
        http->module->expire(http->exchange); /* its end is told at the next turn */
}

static bool waits_for_peer(const struct op *op)
{
    return ((const struct http_op *)(const void *)op)->exchange != NULL;
}

static const struct op_kind http_kind = { .name = "an HTTP answer", .close = close_http, .late = late_http, .waits_for_peer = waits_for_peer };

/* ---- what the module tells */

static void finish(struct http_op *http, const struct talon_response *response)
{
    struct owner *owner = http->op.owner;
    struct owner_call call;

    owner_enter(owner, &call);
    http->exchange = NULL; /* the module frees it */
    op_end(&http->op);
    http->done(&owner->face, http->op.arg, response);
    owner_leave(&call);
}

static void finished(void *arg, const struct talon_response *response)
{
    finish(arg, response);
}

static size_t data(void *arg, const char *bytes, size_t n, int last)
{
    struct http_op *http = arg;
    struct owner *owner = http->op.owner;
    struct owner_call call;
    size_t used;

    owner_enter(owner, &call);
    used = http->data(&owner->face, http->op.arg, bytes, n, last);
    owner_leave(&call);
    return used;
}

/* ---- what never began */

static void on_post(struct post *post)
{
    static const struct talon_pair none[] = { { .name = NULL } };
    struct http_op *http = (struct http_op *)(void *)((char *)post - offsetof(struct http_op, op.post));
    const struct talon_response response = { .size = sizeof response, .error = http->trouble.error, .headers = none, .body = "" };

    finish(http, &response);
}

static void fail(struct http_op *http, const char *why)
{
    trouble_set(&http->trouble, TALON_E_LOCAL, 0, "local", "%s", why);
    turn_post(&http->op.post, on_post);
}

talon_op op_http(struct owner *owner, const struct talon_http *request, talon_http_fn *call, void *arg)
{
    struct http_op *http = op_begin(owner, &http_kind, sizeof *http, arg);
    struct talon_http wanted = { .size = 0 };
    const char *why;

    memcpy(&wanted, request, request->size < sizeof wanted ? request->size : sizeof wanted);
    wanted.size = sizeof wanted;
    http->done = call;
    http->data = wanted.data;
    http->module = modules_http(&why);
    if (http->op.refused) {
        fail(http, http->op.refused);
    } else if (!http->module) {
        fail(http, why);
    } else {
        http->exchange = http->module->start(&wanted, wanted.timeout_ns, finished, wanted.data ? data : NULL, http);
        if (!http->exchange)
            fail(http, "no memory for an HTTP exchange");
    }
    return http->op.id;
}
