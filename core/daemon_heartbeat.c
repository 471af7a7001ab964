/*
 * Somebody outside is told after a completed round that Talon lives, at most each `every`: when that falls silent, the host is down, or Talon stands still. That it
 * cannot be told is said once, by the channels.
 */
#include "daemon_private.h"

#include "action.h"
#include "base/os/clock.h"
#include "base/os/log.h"

#include <stdio.h>

#define KEY (UINT64_MAX - 1000)

static void tell(struct daemon *d, const struct moment *now, bool over, const char *why)
{
    char text[OUTBOX_TEXT];
    const struct outbox_say say = { .level = over ? OUTBOX_DIGEST : OUTBOX_MESSAGE, .over = over, .key = KEY, .subject = "The heartbeat", .text = text };

    if (over)
        snprintf(text, sizeof text, "the heartbeat is taken again");
    else
        snprintf(text, sizeof text, "the heartbeat is not taken, so whoever waits for it may take Talon for dead: %s", why);
    (over ? log_info : log_warn)(text, NULL);
    outbox_say(d->mail.outbox, now, &say);
}

static void on_done(void *arg, struct action *action, struct result *result, bool died)
{
    struct daemon *d = arg;
    const struct moment now = clock_moment();
    const bool failed = died || !result || result->status != STATUS_OK;

    (void)action;
    d->mail.beating = NULL;
    if (failed != d->mail.beat_failed)
        tell(d, &now, !failed, result ? result->summary : "its plugin host has died");
    d->mail.beat_failed = failed;
    daemon_outbox_turn(d, &now);
}

void daemon_heartbeat(struct daemon *d, const struct moment *now)
{
    const struct model *model = d->mail.model;
    const struct model_heartbeat *heartbeat = model ? &model->settings.heartbeat : NULL;
    const struct action_request request = { .loop = d->loop, .hosts = d->hosts, .secrets = d->secrets, .model = model, .what = &heartbeat->action, .name = "heartbeat",
                                            .done = on_done, .arg = d };

    if (!heartbeat || !heartbeat->on || d->mail.beating || (d->mail.has_beaten && outbox_since(now, &d->mail.beaten) < heartbeat->every))
        return;
    d->mail.has_beaten = true;
    d->mail.beaten = *now;
    d->mail.beating = action_start(&request);
}

void daemon_heartbeat_end(struct daemon *d)
{
    action_cancel(d->mail.beating);
    d->mail.beating = NULL;
}
