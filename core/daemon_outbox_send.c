/* One letter as one run of its channel's action, and what that run's result means for the outbox. */
#include "daemon_private.h"

#include "action.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { FIELDS = 64 << 10 };

static const char *const levels[] = { [OUTBOX_DIGEST] = "digest", [OUTBOX_MESSAGE] = "message", [OUTBOX_PAGE] = "page" };

static void add_text(struct buffer *fields, const char *name, const char *text)
{
    buffer_printf(fields, "%s\"%s\":", fields->len > 0 ? "," : "", name);
    text_json(fields, text, strlen(text));
}

static bool write(struct saying *saying, const struct model_channel *channel, const struct outbox_letter *letter)
{
    struct buffer fields = buffer_make(FIELDS), joined = buffer_make(FIELDS);
    bool done;

    if (letter->title[0] && !channel->has_title)
        buffer_printf(&joined, "%s\n", letter->title);
    buffer_text(&joined, letter->text);
    add_text(&fields, "text", buffer_string(&joined));
    if (letter->title[0] && channel->has_title)
        add_text(&fields, "title", letter->title);
    if (channel->has_level)
        add_text(&fields, "level", levels[letter->level]);
    if (channel->has_over && letter->over)
        buffer_text(&fields, ",\"over\":true");
    done = !joined.failed && saying_make(saying, &channel->action, &fields);
    buffer_free(&fields);
    buffer_free(&joined);
    return done;
}

bool outbox_send(struct daemon *d, struct sending *sending, const struct model_channel *channel, const struct outbox_letter *letter,
                 void (*done)(void *, struct action *, struct result *, bool), void *arg)
{
    struct action_request request = { .loop = d->loop, .hosts = d->hosts, .secrets = d->secrets, .model = d->mail.model, .what = &sending->saying.what, .name = sending->name,
                                      .done = done, .arg = arg };

    if (!write(&sending->saying, channel, letter))
        return false;
    sending->d = d;
    sending->channel = letter->channel;
    snprintf(sending->name, sizeof sending->name, "%s", channel->name);
    sending->action = action_start(&request);
    if (!sending->action)
        saying_free(&sending->saying);
    return sending->action != NULL;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Reasons that stay so until a person changes something (decisions.md 116). */
static bool is_refusal(const char *reason)
{
    return strcmp(reason, "notify.refused") == 0 || strcmp(reason, "auth.rejected") == 0 || begins(reason, "refused.") || strcmp(reason, "secret.refused") == 0 ||
           strcmp(reason, "plugin.refused") == 0;
}

enum outbox_outcome outbox_outcome_of(const struct result *result, bool died, uint64_t *wait)
{
    const struct result_metric *perhaps = result ? result_metric(result, "perhaps_sent") : NULL, *after = result ? result_metric(result, "retry_after") : NULL;

    *wait = 0;
    if (!result || died)
        return OUTBOX_UNSURE;
    if (result->status == STATUS_OK || result->status == STATUS_WARN)
        return OUTBOX_SENT;
    if (after && after->value > 0. && after->value < 1e7)
        *wait = (uint64_t)(after->value * 1e9);
    if (strcmp(result->reason, "notify.busy") == 0)
        return OUTBOX_BUSY;
    if ((perhaps && perhaps->value > 0.) || strcmp(result->reason, "timeout") == 0 || strcmp(result->reason, "plugin.blocked") == 0)
        return OUTBOX_UNSURE;
    return is_refusal(result->reason) ? OUTBOX_REFUSED : OUTBOX_FAILED;
}
