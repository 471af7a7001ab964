/*
 * HTTP exchanges as operations: the work is the HTTP module's, here is the owner's side of it. While the module is being loaded, a request is held as a copy
 * (http_held.c); the time that this takes is taken from the request's own, and is our own doing: no peer is blamed for it.
 */
#include "op_http.h"

#include "http_held.h"
#include "modules_load.h"
#include "op.h"
#include "trouble.h"
#include "turn.h"

#include <string.h>
#include <strings.h>

struct http_op {
    struct op op; /* first */
    talon_http_fn *done;
    talon_data_fn *data;
    struct http_exchange *exchange; /* NULL: never begun, or over */
    const struct http_module *module;
    struct module_wait wait;
    struct talon_http *held; /* NULL: nothing waits for the module */
    uint64_t held_since;
    struct trouble trouble;
};

static void fail(struct http_op *http, const char *why);

static void close_http(struct op *op)
{
    struct http_op *http = (struct http_op *)(void *)op;

    if (http->exchange)
        http->module->stop(http->exchange);
    http->exchange = NULL;
    modules_leave(&http->wait);
    http_held_free(http->held);
    http->held = NULL;
}

static void late_http(struct op *op)
{
    struct http_op *http = (struct http_op *)(void *)op;

    if (http->exchange)
        http->module->expire(http->exchange); /* its end is told at the next turn */
    if (http->wait.at) {
        modules_leave(&http->wait);
        fail(http, "the HTTP module of the plugin host was not loaded in time");
    }
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

/* ---- the beginning */

static void start(struct http_op *http, const struct talon_http *request)
{
    const char *why;

    http->module = modules_http(&why);
    if (!http->module) {
        fail(http, why);
        return;
    }
    http->exchange = http->module->start(request, request->timeout_ns, finished, request->data ? data : NULL, http);
    if (!http->exchange)
        fail(http, "no memory for an HTTP exchange");
}

static void on_loaded(struct module_wait *wait)
{
    struct http_op *http = (struct http_op *)(void *)((char *)wait - offsetof(struct http_op, wait));
    struct talon_http *request = http->held;
    const uint64_t waited = turn_now() - http->held_since;
    struct owner_call call;

    owner_enter(http->op.owner, &call);
    http->held = NULL;
    if (request->timeout_ns == 0 || request->timeout_ns > waited) {
        request->timeout_ns -= request->timeout_ns ? waited : 0;
        start(http, request);
    } else {
        fail(http, "the HTTP module of the plugin host was not loaded in time");
    }
    http_held_free(request);
    owner_leave(&call);
}

/* TLS is loaded with it where it is sure to be needed; a redirect loads it when it comes. */
static unsigned needs(const struct talon_http *request)
{
    return request->url && strncasecmp(request->url, "https:", 6) == 0 ? MODULE_HTTP | MODULE_TLS : MODULE_HTTP;
}

talon_op op_http(struct owner *owner, const struct talon_http *request, talon_http_fn *call, void *arg)
{
    struct http_op *http = op_begin(owner, &http_kind, sizeof *http, arg);
    struct talon_http wanted = { .size = 0 };

    memcpy(&wanted, request, request->size < sizeof wanted ? request->size : sizeof wanted);
    wanted.size = sizeof wanted;
    http->done = call;
    http->data = wanted.data;
    if (http->op.refused) {
        fail(http, http->op.refused);
    } else if (modules_await(needs(&wanted), &http->wait, on_loaded)) {
        start(http, &wanted);
    } else {
        http->held = http_held(&wanted);
        http->held_since = turn_now();
    }
    return http->op.id;
}
