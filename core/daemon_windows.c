/* The calendar against the daemon's clock: see daemon_windows.h. What is to be open is told by windows.h. */
#include "daemon_windows.h"

#include "base/os/log.h"
#include "daemon_private.h"
#include "windows.h"

struct feeding {
    struct daemon *d;
    const struct moment *now;
};

static void feed(void *arg, const struct engine_event *event)
{
    const struct feeding *feeding = arg;
    struct daemon *d = feeding->d;
    const char *service = event->of.window.service ? event->of.window.service : "*";

    if (engine_event(d->engine, feeding->now, event) != ENGINE_DONE) {
        log_error("a maintenance window cannot be opened or closed", "window", event->of.window.name, "service", service, "why",
                  engine_refusal(d->engine), NULL);
        return;
    }
    daemon_carry_out(d, feeding->now);
    log_info(event->kind == EVENT_WINDOW_OPEN ? "a maintenance window is open" : "a maintenance window is closed", "window", event->of.window.name,
             "service", service, NULL);
}

static void settle(struct daemon *d, const struct moment *now)
{
    struct feeding feeding = { .d = d, .now = now };

    d->windows_from = now->wall;
    d->windows_until = windows_settle(d->engine, now->wall, feed, &feeding);
}

void daemon_windows_begin(struct daemon *d, const struct moment *now)
{
    settle(d, now);
}

void daemon_windows_look(struct daemon *d, const struct moment *now)
{
    if (engine_model(d->engine) && (now->wall < d->windows_from || now->wall >= d->windows_until))
        settle(d, now);
}
