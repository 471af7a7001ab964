/* See daemon_windows.h. A window is open for its length from each of its beginnings; the last beginning decides, since it ends last. */
#include "daemon_windows.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "daemon_private.h"

#include <string.h>

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

/* ---- the difference, told to the engine ---- */

static void feed(struct daemon *d, const struct moment *now, enum engine_event_kind kind, const char *name, const char *service)
{
    const struct engine_event event = { .kind = kind, .of.window = { .name = name, .service = service && service[0] ? service : NULL } };

    if (engine_event(d->engine, now, &event) != ENGINE_DONE) {
        log_error("a maintenance window cannot be opened or closed", "window", name, "why", engine_refusal(d->engine), NULL);
        return;
    }
    daemon_carry_out(d, now);
    log_info(kind == EVENT_WINDOW_OPEN ? "a maintenance window is open" : "a maintenance window is closed", "window", name, "service",
             event.of.window.service ? service : "*", NULL);
}

static bool is_silenced(const struct daemon *d, const char *window, const char *service)
{
    size_t n;
    const struct engine_silence *all = engine_silences(d->engine, &n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].window, window) == 0 && strcmp(all[i].service, service) == 0)
            return true;
    return false;
}

static void close_others(struct daemon *d, const struct moment *now)
{
    const struct model *model = engine_model(d->engine);
    int64_t unused = INT64_MAX;
    size_t n;
    const struct engine_silence *all = engine_silences(d->engine, &n);

    for (size_t i = n; i > 0; i--) {
        const struct engine_silence silence = all[i - 1]; /* the list moves with each event */
        const struct model_window *window = silence.window[0] ? find(model, silence.window) : NULL;

        if (!silence.window[0] || (window && covers(model, window, silence.service) && is_open(window, now->wall, &unused)))
            continue;
        feed(d, now, EVENT_WINDOW_CLOSED, silence.window, silence.service);
        all = engine_silences(d->engine, &n);
    }
}

static void open_one(struct daemon *d, const struct moment *now, const struct model_window *window)
{
    const struct model *model = engine_model(d->engine);

    if (window->n == 0 && !is_silenced(d, window->name, ""))
        feed(d, now, EVENT_WINDOW_OPEN, window->name, NULL);
    for (size_t i = 0; i < window->n; i++) {
        const char *service = model->services[window->services[i]].name;

        if (!is_silenced(d, window->name, service))
            feed(d, now, EVENT_WINDOW_OPEN, window->name, service);
    }
}

static void settle(struct daemon *d, const struct moment *now)
{
    const struct model *model = engine_model(d->engine);

    d->windows_from = now->wall;
    d->windows_until = INT64_MAX;
    close_others(d, now);
    for (size_t i = 0; i < model->n_windows; i++)
        if (is_open(&model->windows[i], now->wall, &d->windows_until))
            open_one(d, now, &model->windows[i]);
}

void daemon_windows_begin(struct daemon *d)
{
    const struct moment now = clock_moment();

    settle(d, &now);
}

void daemon_windows_look(struct daemon *d, const struct moment *now)
{
    if (engine_model(d->engine) && (now->wall < d->windows_from || now->wall >= d->windows_until))
        settle(d, now);
}
