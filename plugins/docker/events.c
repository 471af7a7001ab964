/*
 * The engine's events, one stream for all checks of a socket. An event is no answer: it brings forward the checks of the container that it names, and the end
 * of the stream, which is how an engine that dies is seen first, those of everybody.
 */
#include "docker.h"

#define FIRST_PAUSE UINT64_C(1000000000)
#define LONGEST_PAUSE UINT64_C(60000000000)
#define RENEWED_AFTER UINT64_C(600000000000) /* a stream whose other end was frozen or forgotten says nothing for ever */

enum { EVENT = 1 << 20 };

/* {"type":["container"],"event":["create","destroy","die","health_status","oom","pause","rename","restart","start","unpause","update"]}: health checks run
 * a command every few seconds, and what is told of those is not wanted. */
#define FILTERS \
    "%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22create%22%2C%22destroy%22%2C%22die%22%2C%22health_status%22%2C%22oom%22%2C%22pause%22%2C" \
    "%22rename%22%2C%22restart%22%2C%22start%22%2C%22unpause%22%2C%22update%22%5D%7D"

struct docker_follower {
    struct docker_follower *next, **at;
    struct talon_run *instance;
    const char *named; /* `"name":"web"`, as it stands in an event; NULL: of all containers, none */
};

struct hub {
    const char *socket;
    struct docker_follower *first;
    uint64_t pause; /* before the next try */
};

static void listen_again(struct talon_run *shared, void *arg);

/* Does the line hold the text? Lines are not ended by a NUL. */
static int holds(const char *line, size_t n, const char *text)
{
    const size_t length = strlen(text);

    for (size_t i = 0; i + length <= n; i++)
        if (line[i] == *text && memcmp(line + i, text, length) == 0)
            return 1;
    return 0;
}

static void tell(struct hub *hub, const char *line, size_t n)
{
    for (struct docker_follower *f = hub->first; f; f = f->next)
        if (!line || (f->named && holds(line, n, f->named)))
            f->instance->host->nudge(f->instance);
}

static size_t heard(struct talon_run *shared, void *arg, const char *bytes, size_t n, int last)
{
    struct hub *hub = shared->self;
    size_t used = 0;
    const char *end;

    (void)arg;
    (void)last;
    hub->pause = FIRST_PAUSE;
    while ((end = memchr(bytes + used, '\n', n - used)) != NULL) {
        tell(hub, bytes + used, (size_t)(end - bytes) - used);
        used = (size_t)(end - bytes) + 1;
    }
    return used;
}

static void ended(struct talon_run *shared, void *arg, const struct talon_response *got)
{
    struct hub *hub = shared->self;

    (void)arg;
    if (got->status == 200 && got->error.code == TALON_E_TIMEOUT) {
        listen_again(shared, NULL);
        return;
    }
    if (got->status == 200) {
        hub->pause = FIRST_PAUSE;
        tell(hub, NULL, 0);
    }
    shared->host->timer(shared, hub->pause, listen_again, NULL);
    hub->pause = hub->pause * 2 < LONGEST_PAUSE ? hub->pause * 2 : LONGEST_PAUSE;
}

static void listen_again(struct talon_run *shared, void *arg)
{
    struct hub *hub = shared->self;

    (void)arg;
    shared->host->http(shared,
                       TALON_REQUEST(talon_http, .flags = TALON_HTTP_1, .url = "http://docker/events?filters=" FILTERS, .unix_path = hub->socket,
                                     .timeout_ns = RENEWED_AFTER, .max_body = EVENT, .data = heard),
                       ended, NULL);
}

static void open_hub(struct talon_run *shared)
{
    struct hub *hub = shared->self;

    hub->socket = ((const struct docker_place *)shared->conf)->socket;
    hub->pause = FIRST_PAUSE;
    listen_again(shared, NULL);
}

static void leave(void *follower)
{
    struct docker_follower *f = follower;

    *f->at = f->next;
    if (f->next)
        f->next->at = f->at;
}

void docker_follow(struct talon_run *run, const char *name)
{
    struct talon_run *instance = run->instance;
    struct docker_self *self = run->self;
    struct docker_follower *f;
    struct hub *hub;

    if (self->follower || (run->flags & TALON_ONCE))
        return;
    hub = instance->host->share(instance, ((const struct docker_place *)run->conf)->socket, sizeof *hub, open_hub)->self;
    f = self->follower = instance->host->alloc(instance, sizeof *f);
    f->instance = instance;
    f->named = name ? talon_text(instance, "\"name\":\"%s\"", name) : NULL;
    f->next = hub->first;
    f->at = &hub->first;
    if (f->next)
        f->next->at = &f->next;
    hub->first = f;
    instance->host->defer(instance, leave, f);
}
