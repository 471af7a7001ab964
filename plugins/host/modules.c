/*
 * The host's modules, loaded at their first use: a host whose plugins need neither TLS nor HTTP never maps OpenSSL or libcurl. A module that cannot be
 * loaded costs the operations that need it, nothing else; it is tried again by the next of them. Between loop and thread is one job: the thread touches
 * nothing else, and the loop nothing of the job until it has joined the thread.
 */
#include "modules_load.h"

#include "base/os/install_paths.h"
#include "resolve.h"
#include "turn.h"
#include "wire.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { WHY = 512, STACK = 1 << 20 };

#define A_TURN UINT64_C(2000000) /* ns */
#define PACE UINT64_C(3000000)

struct job {
    unsigned modules;
    const struct module_host *host;
    const struct tls_module *tls;
    const struct http_module *http;
    char tls_why[WHY], http_why[WHY];
};

static const struct tls_module *tls;
static const struct http_module *http;
static char tls_why[WHY] = "talon-host-tls.so is not loaded", http_why[WHY] = "talon-host-http.so is not loaded";
static struct module_wait *waits, *told; /* for the job; and those that may go on */
static struct job job;
static bool working; /* a thread has the job */
static pthread_t thread;
static ev_async done;
static ev_timer pacer;

static void log_line(enum talon_level level, const char *text)
{
    wire_log(NULL, level, text);
}

static const struct module_host *services(void)
{
    static struct module_host host = { .size = sizeof host, .log = log_line, .resolve = resolve_start, .resolve_stop = resolve_stop };

    host.loop = turn_loop();
    return &host;
}

/* ---- the job */

/* The symbol's address in the file, or NULL and why. A module is built together with the host: another size means another build. */
static const void *load(const char *file, const char *symbol, uint32_t size, char why[WHY])
{
    char path[PATH_MAX];
    const uint32_t *module;
    void *object;

    snprintf(path, sizeof path, "%s/%s", install_host_modules(), file);
    object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    module = object ? dlsym(object, symbol) : NULL;
    if (!object)
        snprintf(why, WHY, "cannot load %s: %.300s", file, dlerror());
    else if (!module || *module != size)
        snprintf(why, WHY, "cannot load %s: %.300s is of another build than this talon-host", file, path);
    else
        return module;
    return NULL;
}

static void load_tls(struct job *to)
{
    to->tls = load("talon-host-tls.so", "talon_tls_module", sizeof *to->tls, to->tls_why);
    if (to->tls && !to->tls->open(to->host)) {
        snprintf(to->tls_why, WHY, "cannot load talon-host-tls.so: it could not be set up");
        to->tls = NULL;
    }
}

static const struct tls_module *tls_for_http(void);

static void load_http(struct job *to)
{
    to->http = load("talon-host-http.so", "talon_http_module", sizeof *to->http, to->http_why);
    if (to->http && !to->http->open(to->host, tls_for_http)) {
        snprintf(to->http_why, WHY, "cannot load talon-host-http.so: it could not be set up");
        to->http = NULL;
    }
}

static void work(struct job *to)
{
    if (to->modules & MODULE_HTTP)
        load_http(to);
    if (to->modules & MODULE_TLS)
        load_tls(to);
}

static void *run(void *unused)
{
    (void)unused;
    work(&job);
    ev_async_send(job.host->loop, &done);
    return NULL;
}

/* ---- the loop's side */

static unsigned loaded(void)
{
    return (http ? MODULE_HTTP : 0u) | (tls ? MODULE_TLS : 0u);
}

static void take(const struct job *from)
{
    if (from->modules & MODULE_HTTP) {
        http = from->http;
        memcpy(http_why, from->http_why, WHY);
    }
    if (from->modules & MODULE_TLS) {
        tls = from->tls;
        memcpy(tls_why, from->tls_why, WHY);
    }
}

static void end_thread(void)
{
    pthread_join(thread, NULL);
    working = false;
    ev_async_stop(turn_loop(), &done);
    take(&job);
}

/* A redirect from http to https: its TLS was not asked for in advance. If a thread has something in hand, that ends first, and those that wait for it are
 * told at once. */
static const struct tls_module *tls_for_http(void)
{
    struct job now = { .modules = MODULE_TLS, .host = services() };

    if (!tls && working) {
        end_thread();
        ev_feed_event(turn_loop(), &done, EV_ASYNC);
    }
    if (!tls) {
        work(&now);
        take(&now);
    }
    return tls;
}

/* Signals are the loop's: they must not interrupt it by way of a thread. */
static bool start_thread(void)
{
    pthread_attr_t attributes;
    sigset_t all, before;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigfillset(&all);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    working = pthread_create(&thread, &attributes, run, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return working;
}

static void on_done(struct ev_loop *loop, ev_async *async, int events);

/* False: there is no thread to be had. */
static bool begin(unsigned modules)
{
    job = (struct job){ .modules = modules, .host = services() };
    if (!ev_cb(&done))
        ev_async_init(&done, on_done);
    ev_async_start(turn_loop(), &done);
    if (start_thread())
        return true;
    ev_async_stop(turn_loop(), &done);
    return false;
}

static void put(struct module_wait **list, struct module_wait *wait)
{
    wait->next = *list;
    wait->at = list;
    if (*list)
        (*list)->at = &wait->next;
    *list = wait;
}

static void tell(struct module_wait *wait)
{
    modules_leave(wait);
    if (modules_await(wait->needs, wait, wait->call))
        wait->call(wait);
}

/* All of them at once would stop the loop for longer than the loading has taken: 50 handshakes take 70 ms. So what begins with one begins a pace after the one
 * before, of which most of the work is done by then; of the others there are a few in each turn. */
static void tell_some(struct ev_loop *loop, ev_timer *timer, int events)
{
    const uint64_t until = turn_now() + A_TURN;
    bool shakes_hands = false;

    (void)loop, (void)events;
    while (told && !shakes_hands && turn_now() < until) {
        shakes_hands = told->shakes_hands;
        tell(told);
    }
    if (told)
        turn_timer(timer, shakes_hands ? PACE : 0);
}

/* Those that wait may go on, the first one first. What one of them needs and was not in this job is another job's. */
static void on_done(struct ev_loop *loop, ev_async *async, int events)
{
    struct module_wait **end = &told;

    (void)loop, (void)async, (void)events;
    if (working)
        end_thread();
    while (*end)
        end = &(*end)->next;
    while (waits) { /* the last one is first */
        struct module_wait *wait = waits;

        modules_leave(wait);
        wait->needs &= ~job.modules;
        put(end, wait);
    }
    if (told && !ev_is_active(&pacer)) {
        ev_timer_init(&pacer, tell_some, 0., 0.);
        turn_timer(&pacer, 0);
    }
}

bool modules_await(unsigned needs, struct module_wait *wait, void (*call)(struct module_wait *))
{
    const bool shakes_hands = (needs & MODULE_TLS) != 0;

    needs &= ~loaded();
    if (needs == 0)
        return true;
    if (!working && !begin(needs)) {
        work(&job);
        take(&job);
        return true;
    }
    *wait = (struct module_wait){ .needs = needs, .shakes_hands = shakes_hands, .call = call };
    put(&waits, wait);
    return false;
}

void modules_leave(struct module_wait *wait)
{
    if (!wait->at)
        return;
    *wait->at = wait->next;
    if (wait->next)
        wait->next->at = wait->at;
    wait->at = NULL;
}

const struct tls_module *modules_tls(const char **why)
{
    *why = tls_why;
    return tls;
}

const struct http_module *modules_http(const char **why)
{
    *why = http_why;
    return http;
}

void modules_close(void)
{
    if (working)
        end_thread();
    ev_timer_stop(turn_loop(), &pacer);
    if (http)
        http->close();
}
