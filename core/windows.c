/* See windows.h. A window is open for its length from each of its beginnings; the last beginning decides, since it ends last. */
#include "windows.h"

#include <string.h>

struct settling {
    const struct engine *engine;
    const struct model *model;
    int64_t wall;
    windows_feed_fn *feed;
    void *arg;
};

/* ---- which should be open, and until when that is so ---- */

static bool is_open(const struct model_window *window, int64_t wall, int64_t *until)
{
    const int64_t now = wall / NS_PER_S - (wall % NS_PER_S < 0);
    int64_t begins, next;
    bool open = false;

    if (calendar_last(&window->begins, window->zone, now, &begins)) {
        const int64_t ends = begins * (int64_t)NS_PER_S + (int64_t)window->length;

        open = wall < ends;
        if (open && ends < *until)
            *until = ends;
    }
    if (calendar_next(&window->begins, window->zone, now, &next) && next * (int64_t)NS_PER_S < *until)
        *until = next * (int64_t)NS_PER_S;
    return open;
}

static const struct model_window *find(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->n_windows; i++)
        if (strcmp(model->windows[i].name, name) == 0)
            return &model->windows[i];
    return NULL;
}

static bool covers(const struct model *model, const struct model_window *window, const char *service)
{
    if (window->n == 0)
        return service[0] == '\0';
    for (size_t i = 0; i < window->n; i++)
        if (strcmp(model->services[window->services[i]].name, service) == 0)
            return true;
    return false;
}

static bool should_be(const struct settling *s, const struct engine_silence *silence)
{
    const struct model_window *window = find(s->model, silence->window);
    int64_t unused = INT64_MAX;

    return window && covers(s->model, window, silence->service) && is_open(window, s->wall, &unused);
}

/* ---- the difference ---- */

static void feed(const struct settling *s, enum engine_event_kind kind, const char *name, const char *service)
{
    const struct engine_event event = { .kind = kind, .of.window = { .name = name, .service = service && service[0] ? service : NULL } };

    s->feed(s->arg, &event);
}

static void close_others(const struct settling *s)
{
    size_t n;
    const struct engine_silence *all = engine_silences(s->engine, &n);

    for (size_t i = n; i > 0; i--) {
        const struct engine_silence silence = all[i - 1]; /* the list moves with each event */

        if (!silence.window[0] || should_be(s, &silence))
            continue;
        feed(s, EVENT_WINDOW_CLOSED, silence.window, silence.service);
        all = engine_silences(s->engine, &n);
        i = i > n + 1 ? n + 1 : i; /* an event may end others as well */
    }
}

static void open_for(const struct settling *s, const char *name, const char *service)
{
    size_t n;
    const struct engine_silence *all = engine_silences(s->engine, &n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].window, name) == 0 && strcmp(all[i].service, service) == 0)
            return;
    feed(s, EVENT_WINDOW_OPEN, name, service);
}

static void open_one(const struct settling *s, const struct model_window *window)
{
    if (window->n == 0)
        open_for(s, window->name, "");
    for (size_t i = 0; i < window->n; i++)
        open_for(s, window->name, s->model->services[window->services[i]].name);
}

int64_t windows_settle(const struct engine *engine, int64_t wall, windows_feed_fn *feed_engine, void *arg)
{
    const struct settling s = { .engine = engine, .model = engine_model(engine), .wall = wall, .feed = feed_engine, .arg = arg };
    int64_t until = INT64_MAX;

    close_others(&s);
    for (size_t i = 0; i < s.model->n_windows; i++)
        if (is_open(&s.model->windows[i], wall, &until))
            open_one(&s, &s.model->windows[i]);
    return until;
}
