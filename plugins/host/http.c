/*
 * The HTTP module: exchanges from their start to their end. See http_private.h for how it is cut, modules.h for what it promises.
 *
 * The way of an exchange: queued, (its name resolved,) a transfer of libcurl, perhaps the same again for a redirect, finished. What starts or ends it from
 * outside happens at the next turn of the loop, so that nobody is called back before his call has returned.
 */
#include "http_private.h"

#include "base/os/clock.h"
#include "base/os/reserve.h"
#include "base/shortage.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS (50u * HTTP_NS_PER_MS)

struct http_globals http_globals;

struct list {
    struct http_exchange *first, *last;
    size_t n;
};

static struct list queue;   /* what the next turn is for */
static struct list stopped; /* while libcurl is on the stack */
static ev_timer turn;

/* ---- lists */

static void append(struct list *list, struct http_exchange *exchange)
{
    exchange->list = list;
    exchange->next = NULL;
    exchange->previous = list->last;
    if (list->last)
        list->last->next = exchange;
    else
        list->first = exchange;
    list->last = exchange;
    list->n++;
}

static void leave(struct http_exchange *exchange)
{
    struct list *list = exchange->list;

    if (!list)
        return;
    if (exchange->previous)
        exchange->previous->next = exchange->next;
    else
        list->first = exchange->next;
    if (exchange->next)
        exchange->next->previous = exchange->previous;
    else
        list->last = exchange->previous;
    exchange->list = NULL;
    list->n--;
}

static void at_next_turn(struct http_exchange *exchange)
{
    leave(exchange);
    append(&queue, exchange);
    if (ev_is_active(&turn))
        return;
    ev_timer_set(&turn, 0., 0.);
    ev_timer_start(http_globals.loop, &turn);
}

/* ---- what is known of a transfer that ends */

static uint64_t since(const struct http_exchange *exchange, uint64_t then)
{
    return then > exchange->began ? then - exchange->began : 1;
}

static uint64_t point(const struct http_exchange *exchange, CURLINFO info)
{
    curl_off_t us = 0;

    if (curl_easy_getinfo(exchange->easy, info, &us) != CURLE_OK || us <= 0)
        return 0;
    return since(exchange, exchange->hop.asked) + (uint64_t)us * 1000;
}

static void note_times(struct http_exchange *exchange)
{
    struct talon_response *response = &exchange->response;

    response->resolve_ns = exchange->hop.resolve_ns;
    response->connect_ns = exchange->hop.opened ? point(exchange, CURLINFO_CONNECT_TIME_T) : 0;
    response->tls_ns = exchange->hop.opened && exchange->hop.https ? point(exchange, CURLINFO_APPCONNECT_TIME_T) : 0;
    response->first_byte_ns = exchange->answer.status ? point(exchange, CURLINFO_STARTTRANSFER_TIME_T) : 0;
}

static void note_version(struct http_exchange *exchange)
{
    long version = 0;

    curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_VERSION, &version);
    exchange->response.http_version = version == CURL_HTTP_VERSION_1_0   ? 10
                                      : version == CURL_HTTP_VERSION_1_1 ? 11
                                      : version == CURL_HTTP_VERSION_2_0 ? 20
                                                                         : 0;
    exchange->response.reused = !exchange->hop.opened && exchange->answer.status;
}

/* The certificate of a kept connection was seen by the exchange that opened it. */
static void note_line(struct http_exchange *exchange)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    const struct line *line = NULL;

    if (!exchange->hop.https || exchange->hop.opened)
        return;
    if (curl_easy_getinfo(exchange->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK)
        line = line_of(fd);
    if (line && !exchange->kept)
        exchange->kept = seal_share(line->seal);
}

static void note_transfer(struct http_exchange *exchange)
{
    note_times(exchange);
    note_version(exchange);
    note_line(exchange);
}

/* ---- the end */

/* Takes it from libcurl, whatever it is doing. Not from within. */
static void detach(struct http_exchange *exchange)
{
    if (!exchange->easy)
        return;
    curl_multi_remove_handle(exchange->group->multi, exchange->easy);
    easy_give(exchange->easy);
    exchange->easy = NULL;
    exchange->group->exchanges--;
    line_unlink(exchange);
}

static void exchange_free(struct http_exchange *exchange)
{
    leave(exchange);
    detach(exchange);
    ev_timer_stop(http_globals.loop, &exchange->timer);
    http_globals.host->resolve_stop(exchange->resolving);
    hop_free(exchange);
    seal_drop(exchange->kept);
    trust_drop(exchange->trust);
    request_free(&exchange->request);
    answer_free(&exchange->answer);
    free(exchange);
}

/* The reader may stop the exchange in its last call as in any other. */
static bool tell_reader_the_end(struct http_exchange *exchange)
{
    struct answer *answer = &exchange->answer;

    if (exchange->data && exchange->fault.code == TALON_E_NONE && answer->status >= 200 && answer->status < 300) {
        exchange->data(exchange->arg, buffer_string(&answer->body), answer->body.len, 1);
        buffer_clear(&answer->body);
    }
    return exchange->stage == STAGE_FINISHING;
}

static void finish(struct http_exchange *exchange)
{
    static const struct talon_pair none = { NULL, NULL };
    const struct seal *seal = exchange->kept ? exchange->kept : exchange->hop.seal;
    struct answer *answer = &exchange->answer;
    struct talon_response *response = &exchange->response;
    struct talon_pair *pairs = NULL;

    leave(exchange);
    if (exchange->easy)
        note_transfer(exchange);
    detach(exchange);
    ev_timer_stop(http_globals.loop, &exchange->timer);
    exchange->stage = STAGE_FINISHING;
    if (tell_reader_the_end(exchange)) {
        if (answer->whole)
            pairs = answer_pairs(answer);
        response->size = sizeof *response;
        response->status = answer->whole ? answer->status : 0;
        response->error = fault_error(&exchange->fault);
        response->headers = pairs ? pairs : &none;
        response->body = buffer_string(&answer->body);
        response->body_len = answer->body.len;
        response->peer = seal ? http_globals.tls->record_peer(seal->record) : NULL;
        response->total_ns = since(exchange, clock_awake());
        exchange->finished(exchange->arg, response);
    }
    free(pairs);
    exchange_free(exchange);
}

void exchange_end_later(struct http_exchange *exchange)
{
    if (exchange->stage >= STAGE_OVER)
        return;
    exchange->stage = STAGE_OVER;
    ev_timer_stop(http_globals.loop, &exchange->timer);
    at_next_turn(exchange);
}

void exchange_reap(void)
{
    while (stopped.first && !group_inside())
        exchange_free(stopped.first);
}

/* ---- hops */

static void on_resolved(void *arg, const struct resolved *resolved);

static void resolve(struct http_exchange *exchange)
{
    exchange->stage = STAGE_RESOLVING;
    exchange->resolving = http_globals.host->resolve(exchange->hop.target, exchange->hop.target_port, on_resolved, exchange);
    if (exchange->resolving)
        return;
    fault_say(&exchange->fault, TALON_E_LOCAL, 0, "local", "the name cannot be resolved: no memory");
    exchange_end_later(exchange);
}

static void launch(struct http_exchange *exchange)
{
    if (hop_launch(exchange))
        group_drive(exchange->group, CURL_SOCKET_TIMEOUT, 0);
    else
        exchange_end_later(exchange);
}

static void on_resolved(void *arg, const struct resolved *resolved)
{
    struct http_exchange *exchange = arg;

    exchange->resolving = NULL;
    exchange->hop.resolve_ns = since(exchange, clock_awake());
    if (resolved->error.code) {
        error_of_resolver(exchange, &resolved->error);
        finish(exchange);
        return;
    }
    exchange->addresses = malloc(sizeof *exchange->addresses);
    if (exchange->addresses)
        *exchange->addresses = *resolved;
    if (exchange->addresses && hop_set_addresses(exchange)) {
        launch(exchange);
        return;
    }
    fault_say(&exchange->fault, TALON_E_LOCAL, 0, "local", "no memory for the addresses");
    finish(exchange);
}

/* With a kept connection no name has to be resolved: libcurl says at once if there is none. */
static void begin_hop(struct http_exchange *exchange)
{
    if (!hop_prepare(exchange))
        finish(exchange);
    else if (exchange->hop.literal || !exchange->group->fresh)
        launch(exchange);
    else
        resolve(exchange);
}

static void on_turn(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)timer, (void)events;
    for (size_t n = queue.n; n > 0 && queue.first; n--) {
        struct http_exchange *exchange = queue.first;

        leave(exchange);
        if (exchange->stage == STAGE_OVER)
            finish(exchange);
        else
            begin_hop(exchange);
    }
    if (queue.n > 0 && !ev_is_active(&turn)) {
        ev_timer_set(&turn, 0., 0.);
        ev_timer_start(http_globals.loop, &turn);
    }
}

/* ---- what libcurl has finished */

/* The queue of a unix socket is full (EAGAIN of connect). libcurl takes that for "on its way", and later finds itself not connected, without an errno
 * or with one that says no more. */
static bool wants_room(const struct http_exchange *exchange, CURLcode code)
{
    long os = 0;

    if (!exchange->request.unix_path || code == CURLE_OK || exchange->answer.status)
        return false;
    curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &os);
    return os == ENOTCONN || os == EAGAIN || (code == CURLE_COULDNT_CONNECT && os == 0 && exchange->hop.os == 0);
}

static void retry_later(struct http_exchange *exchange)
{
    exchange->stage = STAGE_WAITING;
    exchange->retry_at = clock_awake() + RETRY_NS;
    exchange_arm(exchange);
}

static void next_hop(struct http_exchange *exchange)
{
    seal_drop(exchange->kept);
    exchange->kept = NULL;
    if (!redirect_take(exchange)) {
        finish(exchange);
        return;
    }
    exchange->stage = STAGE_QUEUED;
    at_next_turn(exchange);
}

void exchange_done(struct http_exchange *exchange, CURLcode code)
{
    bool retry;

    if (exchange->stage != STAGE_TRANSFER) {
        detach(exchange);
        return;
    }
    retry = wants_room(exchange, code);
    note_transfer(exchange);
    if (exchange->answer.cut && code == CURLE_WRITE_ERROR)
        code = CURLE_OK;
    if (exchange->fault.code == TALON_E_NONE && !exchange->hop.wants_addresses && !retry &&
        (code != CURLE_OK || !exchange->answer.whole))
        error_of_code(exchange, code);
    detach(exchange);
    if (exchange->fault.code)
        finish(exchange);
    else if (exchange->hop.wants_addresses)
        resolve(exchange);
    else if (retry)
        retry_later(exchange);
    else if (redirect_follows(exchange))
        next_hop(exchange);
    else
        finish(exchange);
}

/* ---- time */

void exchange_arm(struct http_exchange *exchange)
{
    const uint64_t points[] = { exchange->deadline, exchange->quiet_until, exchange->retry_at };
    const uint64_t now = clock_awake();
    uint64_t first = 0;

    ev_timer_stop(http_globals.loop, &exchange->timer);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        if (points[i] && (first == 0 || points[i] < first))
            first = points[i];
    exchange->armed = first;
    if (first == 0)
        return;
    ev_timer_set(&exchange->timer, first > now ? (double)(first - now) / HTTP_NS_PER_S : 0., 0.);
    ev_timer_start(http_globals.loop, &exchange->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct http_exchange *exchange = timer->data;
    const uint64_t now = clock_awake();

    (void)loop, (void)events;
    if (exchange->deadline && now >= exchange->deadline) {
        error_of_expiry(exchange);
        finish(exchange);
    } else if (exchange->quiet_until && now >= exchange->quiet_until) {
        error_of_silence(exchange);
        finish(exchange);
    } else if (exchange->retry_at && now >= exchange->retry_at) {
        exchange->retry_at = 0;
        exchange_arm(exchange);
        launch(exchange);
    } else {
        exchange_arm(exchange);
    }
}

/* ---- the module's face */

static struct http_exchange *start(const struct talon_http *http, uint64_t timeout_ns, http_finished_fn *finished, http_data_fn *data, void *arg)
{
    struct http_exchange *exchange = calloc(1, sizeof *exchange);

    if (!exchange)
        return NULL;
    exchange->finished = finished;
    exchange->data = data;
    exchange->arg = arg;
    exchange->flags = http->flags;
    exchange->idle_ns = http->idle_ns;
    exchange->max_body = http->max_body ? http->max_body : HTTP_MAX_BODY;
    exchange->max_redirects = exchange->redirects_left = http->max_redirects;
    exchange->began = clock_awake();
    exchange->short_before = shortage_count();
    exchange->deadline = timeout_ns ? exchange->began + timeout_ns : 0;
    ev_timer_init(&exchange->timer, on_timer, 0., 0.);
    exchange->timer.data = exchange;
    if (!request_copy(&exchange->request, http, &exchange->fault)) {
        exchange_end_later(exchange);
        return exchange;
    }
    if (!trust_take(http->tls, &exchange->trust)) {
        exchange_free(exchange);
        return NULL;
    }
    exchange->hop.url = exchange->request.url;
    exchange->hop.method = exchange->request.method;
    exchange_arm(exchange);
    at_next_turn(exchange);
    return exchange;
}

static void expire(struct http_exchange *exchange)
{
    if (exchange->stage >= STAGE_OVER)
        return;
    error_of_expiry(exchange);
    exchange_end_later(exchange);
}

static void stop(struct http_exchange *exchange)
{
    if (exchange->stage == STAGE_FINISHING || exchange->stage == STAGE_STOPPED) {
        exchange->stage = STAGE_STOPPED;
        return;
    }
    if (!exchange->easy || !group_inside()) {
        exchange_free(exchange);
        return;
    }
    exchange->stage = STAGE_STOPPED;
    ev_timer_stop(http_globals.loop, &exchange->timer);
    leave(exchange);
    append(&stopped, exchange);
}

/* With CURLOPT_NOSIGNAL libcurl leaves it to its user that a peer which has gone does not end the process. */
static void ignore_sigpipe(void)
{
    struct sigaction action;

    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
        action.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &action, NULL);
    }
}

/* ---- memory: libcurl takes most refusals for something else, a header that is too long or an answer cut short. So there is some kept for it */

enum { RESERVE = 128 << 10 };

static void *take_memory(size_t size)
{
    return reserve_resize(NULL, size);
}

static void *take_zeroed(size_t n, size_t size)
{
    return size == 0 || n <= SIZE_MAX / size ? reserve_alloc(n * size) : NULL;
}

static char *copy_text(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = take_memory(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

static bool open_module(const struct module_host *host, const struct tls_module *(*tls)(void))
{
    if (host->size < sizeof *host)
        return false;
    reserve_begin(RESERVE);
    shortage_resize = reserve_resize;
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, take_memory, free, reserve_resize, copy_text, take_zeroed) != CURLE_OK)
        return false;
    http_globals = (struct http_globals){ .host = host, .loop = host->loop, .load_tls = tls };
    ignore_sigpipe();
    ev_timer_init(&turn, on_turn, 0., 0.);
    return true;
}

static void close_module(void)
{
    ev_timer_stop(http_globals.loop, &turn);
    easy_close_all();
    group_close_all();
    line_close_all();
    curl_global_cleanup();
}

TALON_PUBLIC const struct http_module talon_http_module = {
    .size = sizeof(struct http_module),
    .open = open_module,
    .start = start,
    .expire = expire,
    .stop = stop,
    .close = close_module,
};
