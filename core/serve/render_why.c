/*
 * GET /api/v1/why: the chain from a service, check or incident down to what is to blame. Each link is one service with the check that decides it; after it come
 * the silences that cover it, its incident, and what a person can do next: commands that can be typed as they stand.
 */
#include "serve/facts.h"
#include "serve/json.h"
#include "serve/render_people.h"
#include "serve/serve.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINKS = 16, MOST_NAMES = 4096 };

struct asked {
    const struct snapshot *snapshot;
    size_t service, check;                    /* check MODEL_NONE: the service as a whole */
    const struct snapshot_incident *incident; /* of it; NULL: none that is known */
};

/* ---- what is meant */

static const struct snapshot_incident *incident_of(const struct snapshot *snapshot, size_t service)
{
    const size_t cause = snapshot->services[service].caused_by;
    uint64_t id = snapshot->services[service].incident;

    if (id == 0 && cause != MODEL_NONE)
        id = snapshot->services[cause].incident;
    return render_find_incident(snapshot, id);
}

static bool is_number(const char *name)
{
    return name[0] && strspn(name, "0123456789") == strlen(name) && strlen(name) < 19;
}

/* A service may be named by digits alone: it comes first. */
static bool find(const struct snapshot *snapshot, const char *name, struct asked *asked)
{
    *asked = (struct asked){ .snapshot = snapshot, .service = model_service(snapshot->model, name), .check = MODEL_NONE };
    if (asked->service == MODEL_NONE && strchr(name, '.')) {
        asked->check = model_check(snapshot->model, name);
        asked->service = asked->check == MODEL_NONE ? MODEL_NONE : snapshot->model->checks[asked->check].service;
    }
    if (asked->service != MODEL_NONE) {
        asked->incident = incident_of(snapshot, asked->service);
        return true;
    }
    asked->incident = is_number(name) ? render_find_incident(snapshot, strtoull(name, NULL, 10)) : NULL;
    asked->service = asked->incident ? asked->incident->index : MODEL_NONE;
    return asked->incident != NULL;
}

const char *render_nearest(const struct snapshot *snapshot, const char *name)
{
    const char *names[MOST_NAMES];
    const struct model *model = snapshot ? snapshot->model : NULL;
    const bool check = strchr(name, '.') != NULL;
    size_t n = 0;

    if (!model)
        return NULL;
    for (size_t i = 0; !check && i < model->n_services && n < MOST_NAMES; i++)
        names[n++] = model->services[i].name;
    for (size_t i = 0; check && i < model->n_checks && n < MOST_NAMES; i++)
        names[n++] = model->checks[i].full_name;
    return text_nearest(name, names, n);
}

/* ---- the chain */

static void add_check(const struct snapshot *snapshot, size_t check, struct buffer *out)
{
    const struct model_check *model = &snapshot->model->checks[check];
    const struct snapshot_check *state = &snapshot->checks[check];

    json_name(out, "check");
    buffer_char(out, '{');
    json_text(out, "name", model->name);
    json_text(out, "verdict", engine_verdict_name(state->verdict));
    json_text(out, "status", state->last ? status_name(state->last->status) : NULL);
    json_text(out, "reason", state->last ? state->last->reason : NULL);
    json_text(out, "summary", state->last ? state->last->summary : NULL);
    json_count(out, "bad_in_a_row", state->bad);
    json_count(out, "fail_after", model->fail_after);
    json_count(out, "good_in_a_row", state->good);
    json_count(out, "recover_after", model->recover_after);
    json_moment(out, "since_unix", state->since);
    json_moment(out, "last_run_unix", state->last_ended);
    json_moment(out, "next_run_unix", state->next);
    buffer_char(out, '}');
}

static void add_link(const struct asked *asked, size_t service, size_t check, struct buffer *out)
{
    const struct snapshot *snapshot = asked->snapshot;
    const struct model_service *model = &snapshot->model->services[service];
    const struct snapshot_service *state = &snapshot->services[service];

    if (check == MODEL_NONE)
        check = state->decided_by;
    buffer_char(out, '{');
    json_text(out, "service", model->name);
    json_text(out, "title", model->title);
    json_text(out, "verdict", engine_verdict_name(state->verdict));
    json_moment(out, "since_unix", state->since);
    json_text(out, "why", state->why);
    json_text(out, "note", model->note);
    json_bool(out, "root_cause", state->root);
    json_bool(out, "silenced", state->silenced);
    json_bool(out, "flapping", state->flapping);
    if (check != MODEL_NONE)
        add_check(snapshot, check, out);
    else
        json_text(out, "check", NULL);
    buffer_char(out, '}');
}

/* A way through needs from a service to its cause, the shortest: a search in breadth. What is well can hand nothing on, so ways through it count only where there is
 * no other (`through_good`): a need that is not checked as often may not know yet. */
struct way {
    const struct snapshot *snapshot;
    size_t *from;     /* by service: whose need it is; MODEL_NONE: not reached */
    size_t *queue;
    size_t n;         /* in the queue */
    bool through_good;
};

static bool is_bad(const struct snapshot *snapshot, size_t service)
{
    return service != MODEL_NONE && !facts_is_good(snapshot->services[service].verdict);
}

static void reach_needs(struct way *way, size_t service, size_t cause)
{
    const struct model_service *model = &way->snapshot->model->services[service];

    for (size_t i = 0; i < model->n_needs; i++)
        for (size_t k = 0; k < model->needs[i].n; k++) {
            const size_t need = model->needs[i].any[k];

            if (way->from[need] != MODEL_NONE || (need != cause && !way->through_good && !is_bad(way->snapshot, need)))
                continue;
            way->from[need] = service;
            way->queue[way->n++] = need;
        }
}

/* From the cause's side: what it is reached from is known afterwards. */
static bool find_way(struct way *way, size_t service, size_t cause)
{
    for (size_t i = 0; i < way->snapshot->model->n_services; i++)
        way->from[i] = MODEL_NONE;
    way->from[service] = service;
    way->queue[0] = service;
    way->n = 1;
    for (size_t i = 0; i < way->n && way->from[cause] == MODEL_NONE; i++)
        reach_needs(way, way->queue[i], cause);
    return way->from[cause] != MODEL_NONE;
}

/* The services from this one to its cause, at most MOST_LINKS; where no way is found or there is no memory for it, these two. */
static size_t find_links(const struct snapshot *snapshot, size_t service, size_t cause, size_t links[MOST_LINKS])
{
    const size_t all = snapshot->model->n_services;
    struct way way = { .snapshot = snapshot, .from = calloc(2 * all, sizeof *way.from) };
    size_t length = 1, n, at;

    links[0] = service;
    if (cause == MODEL_NONE || cause == service) {
        free(way.from);
        return 1;
    }
    links[1] = cause;
    way.queue = way.from ? way.from + all : NULL;
    if (way.from && !find_way(&way, service, cause)) {
        way.through_good = true;
        find_way(&way, service, cause);
    }
    if (way.from && way.from[cause] != MODEL_NONE) {
        for (at = cause; at != service; at = way.from[at])
            length++;
        for (n = length, at = cause; n-- > 0; at = way.from[at]) /* n: its place. The middle of a very long one is left out. */
            if (n < MOST_LINKS - 1 || n == length - 1)
                links[n < MOST_LINKS ? n : MOST_LINKS - 1] = at;
    }
    free(way.from);
    return length == 1 ? 2 : length < MOST_LINKS ? length : MOST_LINKS;
}

static void add_chain(const struct asked *asked, struct buffer *out)
{
    const struct snapshot *snapshot = asked->snapshot;
    const struct snapshot_service *state = asked->service == MODEL_NONE ? NULL : &snapshot->services[asked->service];
    size_t links[MOST_LINKS];
    const size_t n = !state ? 0 : find_links(snapshot, asked->service, state->caused_by != MODEL_NONE ? state->caused_by : state->waiting_for, links);

    json_name(out, "chain");
    buffer_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        buffer_text(out, i > 0 ? ",\n " : "\n ");
        add_link(asked, links[i], i == 0 ? asked->check : MODEL_NONE, out);
    }
    buffer_char(out, ']');
}

/* ---- what can be done */

static size_t root_of(const struct asked *asked)
{
    const size_t cause = asked->service == MODEL_NONE ? MODEL_NONE : asked->snapshot->services[asked->service].caused_by;

    return cause == MODEL_NONE ? asked->service : cause;
}

__attribute__((format(printf, 3, 4))) static void add_next(struct buffer *out, size_t *n, const char *format, ...)
{
    struct buffer text = buffer_make(0);
    va_list ap;

    va_start(ap, format);
    buffer_vprintf(&text, format, ap);
    va_end(ap);
    out->failed = out->failed || text.failed;
    buffer_text(out, (*n)++ > 0 ? "," : "");
    json_string(out, buffer_string(&text));
    buffer_free(&text);
}

static void add_commands(const struct asked *asked, size_t root, size_t *n, struct buffer *out)
{
    const struct snapshot *snapshot = asked->snapshot;
    const char *name = snapshot->model->services[root].name;
    const struct snapshot_incident *incident = asked->incident;

    if (incident && incident->ending == INCIDENT_OPEN && !incident->acked)
        add_next(out, n, "talon ack %llu 1h REASON", (unsigned long long)incident->id);
    if (snapshot->model->services[root].n_heal > 0)
        add_next(out, n, "talon heal %s --dry-run", name);
    if (!snapshot->services[root].silenced)
        add_next(out, n, "talon silence %s 1h REASON", name);
    add_next(out, n, "talon check %s", name);
}

static void add_todo(const struct asked *asked, struct buffer *out)
{
    const struct snapshot *snapshot = asked->snapshot;
    const size_t root = root_of(asked);
    const char *note = root == MODEL_NONE ? NULL : snapshot->model->services[root].note;
    size_t n = 0;

    json_name(out, "next");
    buffer_char(out, '[');
    if (is_bad(snapshot, root) && note)
        add_next(out, &n, "note of %s: %s", snapshot->model->services[root].name, note);
    if (is_bad(snapshot, root))
        add_commands(asked, root, &n, out);
    if (asked->incident)
        add_next(out, &n, "talon incidents %llu", (unsigned long long)asked->incident->id);
    if (asked->service != MODEL_NONE && !is_bad(snapshot, root)) {
        const struct model_service *service = &snapshot->model->services[asked->service];
        const size_t check = asked->check != MODEL_NONE ? asked->check : service->first_check;

        add_next(out, &n, "talon history %s", snapshot->model->checks[check].full_name);
        add_next(out, &n, "talon uptime %s", service->name);
    }
    buffer_char(out, ']');
}

/* ---- all of it */

bool render_why(const struct snapshot *snapshot, const char *name, struct buffer *out)
{
    struct asked asked;
    const struct snapshot_service *state;
    size_t root;

    if (!snapshot || !find(snapshot, name, &asked))
        return false;
    root = root_of(&asked);
    state = asked.service == MODEL_NONE ? NULL : &snapshot->services[asked.service];
    buffer_char(out, '{');
    json_text(out, "asked", name);
    json_text(out, "service", asked.service == MODEL_NONE ? asked.incident->service : snapshot->model->services[asked.service].name);
    json_text(out, "verdict", state ? engine_verdict_name(state->verdict) : NULL);
    json_text(out, "root_cause", is_bad(snapshot, root) ? snapshot->model->services[root].name : NULL);
    add_chain(&asked, out);
    render_silences(snapshot, asked.service == MODEL_NONE ? asked.incident->service : snapshot->model->services[asked.service].name, out);
    json_moment(out, "paused_until_unix", snapshot->paused_until);
    json_name(out, "incident");
    if (asked.incident)
        render_one_incident(snapshot, asked.incident, out);
    else
        buffer_text(out, "null");
    add_todo(&asked, out);
    buffer_text(out, "}\n");
    return true;
}
