/* The host's side of the module tests: see module_client.h. */
#include "module_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct resolve { /* the test's resolver answers on the next turn */
    char name[256];
    uint16_t port;
    resolved_fn *done;
    void *arg;
    ev_timer timer;
};

struct ev_loop *client_loop;
const struct tls_module *client_tls;
const struct http_module *client_http;
const struct client_name *client_names;
int client_resolved, client_asking;
char client_logged[1024];

/* ---- the resolver */

static void add_address(struct resolved *resolved, const char *text, uint16_t port)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&resolved->addresses[resolved->n];
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&resolved->addresses[resolved->n];

    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        resolved->lengths[resolved->n++] = sizeof *four;
    } else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        resolved->lengths[resolved->n++] = sizeof *six;
    }
}

static void answer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct resolve *resolve = timer->data;
    const struct client_name *name = client_names;
    struct resolved resolved = { .error = { .code = TALON_E_NO_NAME, .token = "dns.none", .text = "there is no such name" } };

    (void)loop, (void)events;
    while (name && name->name && strcmp(name->name, resolve->name) != 0)
        name++;
    if (name && name->name && name->silent)
        return;
    if (name && name->name && name->error)
        resolved.error = (struct talon_error){ .code = name->error, .token = "dns.unreachable", .text = "the resolver does not answer" };
    else if (name && name->name) {
        resolved.error = (struct talon_error){ .code = TALON_E_NONE, .token = "", .text = "" };
        for (int i = 0; i < 3 && name->addresses[i]; i++)
            add_address(&resolved, name->addresses[i], resolve->port);
    }
    client_resolved++;
    client_asking--;
    resolve->done(resolve->arg, &resolved);
    free(resolve);
}

static struct resolve *resolve_name(const char *host, uint16_t port, resolved_fn *done, void *arg)
{
    struct resolve *resolve = calloc(1, sizeof *resolve);

    assert_non_null(resolve);
    assert_true(strlen(host) < sizeof resolve->name);
    memcpy(resolve->name, host, strlen(host) + 1);
    resolve->port = port;
    resolve->done = done;
    resolve->arg = arg;
    ev_timer_init(&resolve->timer, answer, 0., 0.);
    resolve->timer.data = resolve;
    ev_timer_start(client_loop, &resolve->timer);
    client_asking++;
    return resolve;
}

static void resolve_stop(struct resolve *resolve)
{
    if (!resolve)
        return;
    ev_timer_stop(client_loop, &resolve->timer);
    client_asking--;
    free(resolve);
}

/* ---- the modules */

static void log_text(enum talon_level level, const char *text)
{
    print_message("[  LOG     ] %d %s\n", (int)level, text);
    snprintf(client_logged, sizeof client_logged, "%s", text);
}

static struct module_host host = { .size = sizeof host, .log = log_text, .resolve = resolve_name, .resolve_stop = resolve_stop };

static const void *load(const char *file, const char *symbol)
{
    const char *folder = getenv("builddir");
    char path[4096];
    void *module;
    const void *found;

    snprintf(path, sizeof path, "%s/plugins/host/.libs/%s", folder ? folder : ".", file);
    module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module)
        print_error("%s\n", dlerror());
    assert_non_null(module);
    found = dlsym(module, symbol);
    assert_non_null(found);
    return found;
}

void client_open_tls(void)
{
    if (!client_loop)
        client_loop = ev_default_loop(0);
    host.loop = client_loop;
    if (client_tls)
        return;
    client_tls = load("talon-host-tls.so", "talon_tls_module");
    assert_int_equal(client_tls->size, sizeof *client_tls);
    assert_true(client_tls->open(&host));
}

static const struct tls_module *find_tls(void)
{
    client_open_tls();
    return client_tls;
}

void client_open_http(void)
{
    if (!client_loop)
        client_loop = ev_default_loop(0);
    host.loop = client_loop;
    if (!client_http)
        client_http = load("talon-host-http.so", "talon_http_module");
    assert_int_equal(client_http->size, sizeof *client_http);
    assert_true(client_http->open(&host, find_tls));
}

void client_close_http(void)
{
    client_http->close();
}

/* ---- turning the loop */

static void on_too_late(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)events;
    *(bool *)timer->data = true;
    ev_break(loop, EVBREAK_ONE);
}

void client_run(const bool *done)
{
    bool late = false;
    ev_timer guard;

    ev_timer_init(&guard, on_too_late, 20., 0.);
    guard.data = &late;
    ev_now_update(client_loop);
    ev_timer_start(client_loop, &guard);
    while (!*done && !late)
        ev_run(client_loop, EVRUN_ONCE);
    ev_timer_stop(client_loop, &guard);
    if (late)
        fail_msg("nothing came back within 20 s");
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)timer, (void)events;
}

void client_turn(void)
{
    ev_timer tick;

    ev_timer_init(&tick, on_tick, 0.02, 0.);
    ev_timer_start(client_loop, &tick);
    ev_run(client_loop, EVRUN_ONCE);
    ev_timer_stop(client_loop, &tick);
}

/* ---- one exchange */

void client_copy_peer(struct got *got, const struct talon_peer *peer)
{
    got->has_peer = peer != NULL;
    if (!peer)
        return;
    assert_int_equal(peer->size, sizeof *peer);
    got->verify = peer->verify;
    snprintf(got->verify_text, sizeof got->verify_text, "%s", peer->verify_text);
    snprintf(got->subject, sizeof got->subject, "%s", peer->subject);
    snprintf(got->issuer, sizeof got->issuer, "%s", peer->issuer);
    snprintf(got->protocol, sizeof got->protocol, "%s", peer->protocol);
    got->not_before = peer->not_before;
    got->not_after = peer->not_after;
}

void client_finished(void *arg, const struct talon_response *response)
{
    struct got *got = arg;
    size_t used = 0;

    got->times++;
    assert_int_equal(got->times, 1);
    assert_int_equal(response->size, sizeof *response);
    assert_non_null(response->headers);
    assert_non_null(response->body);
    assert_int_equal(((const char *)response->body)[response->body_len], 0);
    got->status = response->status;
    got->code = response->error.code;
    got->os = response->error.os;
    snprintf(got->token, sizeof got->token, "%s", response->error.token);
    snprintf(got->text, sizeof got->text, "%s", response->error.text);
    for (const struct talon_pair *pair = response->headers; pair->name && used < sizeof got->headers; pair++)
        used += (size_t)snprintf(got->headers + used, sizeof got->headers - used, "%s: %s\n", pair->name, pair->value);
    got->body = malloc(response->body_len + 1);
    assert_non_null(got->body);
    memcpy(got->body, response->body, response->body_len + 1);
    got->body_len = response->body_len;
    got->http_version = response->http_version;
    got->reused = response->reused;
    got->resolve_ns = response->resolve_ns;
    got->connect_ns = response->connect_ns;
    got->tls_ns = response->tls_ns;
    got->first_byte_ns = response->first_byte_ns;
    got->total_ns = response->total_ns;
    client_copy_peer(got, response->peer);
    got->over = true;
}

void client_forget(struct got *got)
{
    free(got->body);
    memset(got, 0, sizeof *got);
}

struct got client_fetch(const struct talon_http *http, uint64_t timeout_ns)
{
    struct got got = { 0 };

    assert_non_null(client_http->start(http, timeout_ns, client_finished, NULL, &got));
    assert_false(got.over);
    client_run(&got.over);
    return got;
}

struct got client_expire(const struct talon_http *http, const atomic_bool *said)
{
    struct got got = { 0 };
    struct http_exchange *exchange = client_http->start(http, 0, client_finished, NULL, &got);

    assert_non_null(exchange);
    for (int turns = 0; turns < 5 && !got.over; turns += *said)
        client_turn();
    if (!got.over)
        client_http->expire(exchange);
    client_run(&got.over);
    return got;
}

/* ---- what must have come of it */

static void show(const struct got *got)
{
    print_error("status %u, error %u os %d %s: %s\n", got->status, got->code, (int)got->os, got->token, got->text);
}

void client_answered(const struct got *got, uint32_t status, const char *file, int line)
{
    if (got->over && got->code == TALON_E_NONE && got->status == status && got->token[0] == '\0' && got->text[0] == '\0')
        return;
    show(got);
    _fail(file, line);
}

void client_failed(const struct got *got, uint32_t code, const char *token, const char *part, const char *file, int line)
{
    if (got->over && got->code == code && strcmp(got->token, token) == 0 && strstr(got->text, part))
        return;
    show(got);
    _fail(file, line);
}

void client_holds(const char *text, const char *part, bool does, const char *file, int line)
{
    if ((strstr(text, part) != NULL) == does)
        return;
    print_error("\"%s\" %s \"%s\"\n", text, does ? "does not hold" : "holds", part);
    _fail(file, line);
}
