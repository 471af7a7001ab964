/*
 * `talon notify`: how the channels are, and a message through them by the real way, at once and beside what waits. What a channel has taken proves it, and that is
 * remembered.
 */
#include "daemon_private.h"

#include "action.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/shortage.h"
#include "base/text.h"
#include "daemon_said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE (8 * (uint64_t)NS_PER_S) /* who asks is answered after 10 s at the latest */

enum { ANSWER_MAX = 1 << 20, TESTS = OUTBOX_CHANNELS };

struct test {
    struct trial *trial;
    struct sending sending;
    struct result *result;
    bool died;
};

struct trial {
    struct trial *next;
    struct daemon *d;
    struct control_ask *ask;
    size_t n, left;
    struct test tests[TESTS];
};

/* ---- its end */

static void add_test(struct buffer *body, const struct test *test)
{
    const char *reason = test->result ? test->result->reason : "interrupted", *summary = test->result ? test->result->summary : "its plugin host has died";
    const bool ok = test->result && !test->died && test->result->status == STATUS_OK;

    buffer_text(body, "{\"name\":");
    text_json(body, test->sending.name, strlen(test->sending.name));
    buffer_printf(body, ",\"ok\":%s,\"reason\":", ok ? "true" : "false");
    text_json(body, reason, strlen(reason));
    buffer_text(body, ",\"summary\":");
    text_json(body, summary, strlen(summary));
    buffer_text(body, "}");
}

static void forget(struct trial *trial)
{
    for (size_t i = 0; i < trial->n; i++) {
        action_cancel(trial->tests[i].sending.action);
        saying_free(&trial->tests[i].sending.saying);
        result_drop(trial->tests[i].result);
    }
    free(trial);
}

static void answer(struct trial *trial)
{
    struct buffer body = buffer_make(ANSWER_MAX);
    struct trial **at = &trial->d->mail.trials;
    bool ok = true;

    buffer_text(&body, "\"channels\":[");
    for (size_t i = 0; i < trial->n; i++) {
        if (i > 0)
            buffer_text(&body, ",");
        add_test(&body, &trial->tests[i]);
        ok = ok && !trial->tests[i].died && trial->tests[i].result && trial->tests[i].result->status == STATUS_OK;
    }
    buffer_text(&body, "]}\n");
    while (*at != trial)
        at = &(*at)->next;
    *at = trial->next;
    if (body.failed) {
        control_refuse(trial->ask, 503, "no_memory", "there is no memory for the answer");
        buffer_free(&body);
    } else {
        struct buffer whole = buffer_make(ANSWER_MAX);

        buffer_printf(&whole, "{\"ok\":%s,%s", ok ? "true" : "false", buffer_string(&body));
        buffer_free(&body);
        control_answer(trial->ask, 200, &whole);
    }
    forget(trial);
}

static void on_tested(void *arg, struct action *action, struct result *result, bool died)
{
    struct test *test = arg;
    struct trial *trial = test->trial;
    struct daemon *d = trial->d;
    const struct moment now = clock_moment();
    const bool ok = !died && result && result->status == STATUS_OK;

    (void)action;
    test->sending.action = NULL;
    test->result = result_keep(result);
    test->died = died;
    outbox_tried(d->mail.outbox, &now, test->sending.name, ok, result ? result->summary : "its plugin host has died");
    log_info("a channel was tested", "channel", test->sending.name, "result", ok ? "ok" : result ? result->summary : "died", NULL);
    if (--trial->left == 0)
        answer(trial); /* and it is gone */
    daemon_outbox_turn(d, &now);
}

/* ---- its begin */

static bool begin_test(struct trial *trial, const struct model_channel *channel)
{
    struct test *test = &trial->tests[trial->n];
    struct model_channel quick = *channel;
    struct outbox_letter letter = { .name = channel->name, .level = OUTBOX_MESSAGE };
    char host[256] = "this host";

    gethostname(host, sizeof host - 1);
    snprintf(letter.text, sizeof letter.text, "This is a test of the channel %s by %s, through Talon on %s: nothing is wrong.", channel->name, control_user(trial->ask), host);
    if (quick.action.timeout > PATIENCE)
        quick.action.timeout = PATIENCE;
    test->trial = trial;
    if (!outbox_send(trial->d, &test->sending, &quick, &letter, on_tested, test))
        return false;
    trial->n++;
    trial->left++;
    return true;
}

static void refuse_name(struct daemon *d, struct control_ask *ask, const char *name)
{
    const struct model_notify *notify = &d->mail.model->settings.notify;
    const char *names[OUTBOX_CHANNELS], *meant;
    char text[512];

    for (size_t i = 0; i < notify->n_channels; i++)
        names[i] = notify->channels[i].name;
    meant = text_nearest(name, names, notify->n_channels);
    snprintf(text, sizeof text, "there is no channel named %.100s%s%s%s", name, meant ? "; did you mean `" : "", meant ? meant : "", meant ? "`?" : "");
    control_refuse(ask, 404, "unknown_channel", text);
}

/* False: it is answered. */
static bool begin(struct trial *trial, const char *name)
{
    const struct model_notify *notify = &trial->d->mail.model->settings.notify;

    for (size_t i = 0; i < notify->n_channels; i++) {
        if (name && strcmp(name, notify->channels[i].name) != 0)
            continue;
        if (!begin_test(trial, &notify->channels[i])) {
            people_refuse_memory(trial->ask);
            return false;
        }
    }
    if (trial->n > 0)
        return true;
    if (name && notify->n_channels > 0)
        refuse_name(trial->d, trial->ask, name);
    else
        control_refuse(trial->ask, 404, "no_channels", "there is no channel: write one under `notify: {channels: ...}`");
    return false;
}

void outbox_asked_test(void *arg, struct control_ask *ask)
{
    struct daemon *d = arg;
    struct trial *trial = calloc(1, sizeof *trial);
    struct said said;

    if (!trial || !d->mail.model) {
        free(trial);
        people_refuse_memory(ask);
        return;
    }
    trial->d = d;
    trial->ask = ask;
    if (!said_read(&said, ask)) {
        free(trial);
        return;
    }
    if (begin(trial, said_text(&said, "channel"))) {
        trial->next = d->mail.trials;
        d->mail.trials = trial;
    } else {
        forget(trial);
    }
    cJSON_Delete(said.json);
}

/* Who waits is told by the control socket that the daemon ends. */
void outbox_asked_end(struct daemon *d)
{
    while (d->mail.trials) {
        struct trial *trial = d->mail.trials;

        d->mail.trials = trial->next;
        forget(trial);
    }
}

/* ---- how they are */

static void add_view(struct buffer *body, const struct outbox_view *view, const struct model_channel *channel)
{
    buffer_text(body, "{\"name\":");
    text_json(body, view->name, strlen(view->name));
    buffer_text(body, ",\"action\":");
    text_json(body, channel->action.name, strlen(channel->action.name));
    buffer_printf(body, ",\"normal\":%s,\"sos\":%s,\"proven\":%s,\"broken\":%s,\"waiting\":%u,\"failures\":%u,\"again_ms\":%llu,\"why\":", view->normal ? "true" : "false",
                  view->sos ? "true" : "false", view->proven ? "true" : "false", view->broken ? "true" : "false", view->waiting, view->failures,
                  (unsigned long long)(view->again / NS_PER_MS));
    text_json(body, view->why, strlen(view->why));
    buffer_text(body, "}");
}

void outbox_asked_list(void *arg, struct control_ask *ask)
{
    struct daemon *d = arg;
    const struct moment now = clock_moment();
    struct buffer body = buffer_make(ANSWER_MAX);
    struct outbox_view view;

    buffer_printf(&body, "{\"waiting\":%u,\"lost\":%u,\"channels\":[", outbox_waiting(d->mail.outbox), outbox_lost(d->mail.outbox));
    for (size_t i = 0; d->mail.model && i < d->mail.model->settings.notify.n_channels && outbox_view(d->mail.outbox, &now, i, &view); i++) {
        if (i > 0)
            buffer_text(&body, ",");
        add_view(&body, &view, &d->mail.model->settings.notify.channels[i]);
    }
    buffer_text(&body, "]}\n");
    if (!body.failed) {
        control_answer(ask, 200, &body);
        return;
    }
    buffer_free(&body);
    people_refuse_memory(ask);
}
