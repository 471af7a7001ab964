/* Events of the machine of core/heal, and its effects: see daemon_heal.h. */
#include "daemon_heal.h"
#include "daemon_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/shortage.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_ROUNDS = 1000 /* of events that bring about others, at one instant: more is a mistake of ours, and must not hold the loop */ };

/* ---- effects */

/* Where it stands belongs to the engine, what was done to the audit, and a step to the incident's lines and to whoever waits for the run. */
static void tell(struct daemon *d, const struct moment *now, const struct heal_effect *effect)
{
    const struct model *model = engine_model(d->engine);
    const struct engine_healing *healing = &effect->of.tell.healing;
    const struct engine_event event = { .kind = EVENT_HEALING, .of.healing = *healing };
    const char *what = healing->entry < ENTRY_KINDS ? engine_entry_name(healing->entry) : "step";
    const char *service = healing->service < model->n_services ? model->services[healing->service].name : "";

    if (effect->of.tell.text[0]) {
        memory_heal_audit(d->memory, now, "talon", what, service, effect->of.tell.text);
        heal_story_add(heal_story_of(d->heal, effect->run), now->wall, effect->of.tell.text);
        log_info("repair", "service", service, "what", what, "text", effect->of.tell.text, NULL);
    }
    if (healing->entry == ENTRY_KINDS && effect->of.tell.text[0])
        memory_heal_line(d->memory, now, healing->incident, "repair", effect->of.tell.text);
    if (healing->entry == ENTRY_AGENT)
        d->heal->last_agent = now->wall;
    if (healing->entry == ENTRY_SOS)
        d->heal->last_sos = now->wall;
    if (engine_event(d->engine, now, &event) == ENGINE_DONE)
        daemon_carry_out(d, now);
}

static void want(struct daemon *d, const struct moment *now, size_t check)
{
    const struct engine_event event = { .kind = EVENT_WANT, .of.want = { .check = check } };

    if (engine_event(d->engine, now, &event) == ENGINE_DONE)
        daemon_carry_out(d, now);
}

static void notify(struct daemon *d, const struct moment *now, const struct heal_effect *effect)
{
    struct engine_effect notice = { .kind = EFFECT_NOTIFY };

    notice.of.notify.notice = effect->of.notify.notice;
    notice.of.notify.level = effect->of.notify.level;
    notice.of.notify.incident = effect->of.notify.incident;
    notice.of.notify.service = effect->of.notify.service;
    notice.of.notify.over = effect->of.notify.over;
    snprintf(notice.of.notify.text, sizeof notice.of.notify.text, "%s", effect->of.notify.text);
    daemon_notify(d, now, &notice);
}

static void set_wake(struct daemon *d, const struct moment *now, uint64_t awake)
{
    ev_timer_stop(d->loop, &d->heal_wake);
    if (awake == UINT64_MAX)
        return;
    ev_now_update(d->loop);
    ev_timer_set(&d->heal_wake, awake > now->awake ? (double)(awake - now->awake) / 1e9 : 0., 0.);
    ev_timer_start(d->loop, &d->heal_wake);
}

static void carry_out_one(struct daemon *d, const struct moment *now, const struct heal_effect *effect)
{
    switch (effect->kind) {
    case HEAL_TAKE:
        heal_runs_take(d, now, effect);
        break;
    case HEAL_OVER:
        heal_runs_over(d, now, effect);
        break;
    case HEAL_ACT:
        heal_acts_start(d, now, effect);
        break;
    case HEAL_CANCEL:
        heal_acts_cancel(d, effect->of.cancel.action);
        break;
    case HEAL_ASK_AGENT:
        heal_acts_agent(d, effect);
        break;
    case HEAL_CHECK:
        want(d, now, effect->of.check.check);
        break;
    case HEAL_TELL:
        tell(d, now, effect);
        break;
    case HEAL_NOTIFY:
        notify(d, now, effect);
        break;
    case HEAL_KEEP: /* all at once, before an intent or at the end */
        d->heal->keep = true;
        break;
    case HEAL_WAKE_AT:
        set_wake(d, now, effect->of.wake.awake);
        break;
    case HEAL_PUBLISH:
        daemon_publish(d, now);
        break;
    }
}

void daemon_heal_keep(struct daemon *d, const struct moment *now)
{
    if (d->heal->keep)
        d->heal->keep = !memory_heal_keep(d->memory, d->heal->machine, now);
}

/* ---- events: one after the other, with what the engine has judged meanwhile */

static void carry_out_all(struct daemon *d, const struct moment *now)
{
    size_t n;
    const struct heal_effect *effects = heal_effects(d->heal->machine, &n);

    for (size_t i = 0; i < n; i++)
        carry_out_one(d, now, &effects[i]);
}

static bool give(struct daemon *d, const struct moment *now, const struct heal_event *event)
{
    const bool taken = heal_event(d->heal->machine, d->engine, now, event);

    if (taken)
        carry_out_all(d, now);
    return taken;
}

static void give_result(struct daemon *d, const struct moment *now)
{
    struct daemon_heal *h = d->heal;
    const struct heal_judged judged = h->judged[0];
    const struct heal_event event = { .kind = HEAL_RESULT,
                                      .of.result = { .check = judged.check, .result = judged.result, .run = judged.run, .tick = judged.tick } };

    for (size_t i = 1; i < h->n_judged; i++)
        h->judged[i - 1] = h->judged[i];
    h->n_judged--;
    give(d, now, &event);
    result_drop(judged.result);
}

/* Until neither has anything to tell the other. */
static void settle(struct daemon *d, const struct moment *now)
{
    struct daemon_heal *h = d->heal;
    int rounds = 0;

    while ((h->n_judged > 0 || h->judge) && rounds++ < MOST_ROUNDS) {
        if (h->n_judged > 0) {
            give_result(d, now);
            continue;
        }
        h->judge = false;
        give(d, now, &(struct heal_event){ .kind = HEAL_JUDGED });
    }
    if (rounds >= MOST_ROUNDS)
        log_error("repair and judgement do not come to rest", NULL);
    daemon_heal_keep(d, now);
}

static void drop_judged(struct daemon_heal *h)
{
    for (size_t i = 0; i < h->n_judged; i++)
        result_drop(h->judged[i].result);
    h->n_judged = 0;
}

static bool is_ready(const struct daemon *d)
{
    return d->heal->model && d->heal->model == engine_model(d->engine);
}

bool daemon_heal_tell(struct daemon *d, const struct moment *now, const struct heal_event *event)
{
    bool taken;

    if (!is_ready(d) || d->heal->busy)
        return false;
    d->heal->busy = true;
    taken = give(d, now, event);
    settle(d, now);
    d->heal->busy = false;
    return taken;
}

void daemon_heal_result(struct daemon *d, size_t check, struct result *result, uint64_t run, bool tick)
{
    struct daemon_heal *h = d->heal;

    if (h->n_judged == h->room_judged) {
        const size_t room = h->room_judged > 0 ? 2 * h->room_judged : 16;
        struct heal_judged *more = realloc(h->judged, room * sizeof *more);

        if (!more) {
            shortage_note(); /* a window that waits for it ends at its own deadline */
            return;
        }
        h->judged = more;
        h->room_judged = room;
    }
    h->judged[h->n_judged++] = (struct heal_judged){ check, result_keep(result), run, tick };
}

void daemon_heal_judged(struct daemon *d, const struct moment *now)
{
    d->heal->judge = true;
    if (!is_ready(d) || d->heal->busy)
        return;
    d->heal->busy = true;
    settle(d, now);
    d->heal->busy = false;
}

/* ---- models, and what was kept */

void daemon_heal_recall(struct daemon *d, const struct moment *now, uint64_t ns)
{
    d->heal->kept = memory_heal_recall(d->memory, now, ns, &d->heal->lost);
}

static enum heal_store store_of(const struct daemon *d)
{
    if (d->store && store_is_up(d->store))
        return STORE_UP;
    return d->heal->store == STORE_NEVER_UP ? STORE_NEVER_UP : STORE_LOST;
}

static void tell_store(struct daemon *d, const struct moment *now, bool set_aside)
{
    d->heal->store = store_of(d);
    daemon_heal_tell(d, now, &(struct heal_event){ .kind = HEAL_STORE, .of.store = { .store = d->heal->store, .set_aside = set_aside } });
}

/* What an earlier process kept, and how this one was started. */
static void begin(struct daemon *d, const struct moment *now)
{
    struct daemon_heal *h = d->heal;

    if (h->kept)
        daemon_heal_tell(d, now, &(struct heal_event){ .kind = HEAL_RESTORE, .of.kept = h->kept });
    heal_kept_free(h->kept);
    h->kept = NULL;
    h->keep = true;
    daemon_heal_tell(d, now, &(struct heal_event){ .kind = HEAL_ONLY_LOOK, .of.only_look = { .switched_off = d->settings.no_heal || d->settings.dry_run,
                                                                                             .safe_mode = d->settings.safe } });
    tell_store(d, now, h->lost);
}

void daemon_heal_model(struct daemon *d, const struct moment *now)
{
    struct daemon_heal *h = d->heal;
    const bool first = !h->model;

    drop_judged(h); /* of checks by their places in the model before */
    if (h->model == engine_model(d->engine))
        return;
    h->busy = true;
    if (!heal_event(h->machine, d->engine, now, &(struct heal_event){ .kind = HEAL_MODEL })) {
        shortage_note(); /* again with the next tick; it repairs nothing until then */
        h->busy = false;
        return;
    }
    h->model = engine_model(d->engine);
    carry_out_all(d, now);
    if (!first)
        settle(d, now);
    h->busy = false;
    if (first)
        begin(d, now);
}

/* ---- the store, time */

void daemon_heal_news(struct daemon *d, const struct moment *now, const struct store_news *news)
{
    heal_runs_news(d, now, news);
    if (news->kind == STORE_WENT_DOWN || news->kind == STORE_CAME_UP || news->kind == STORE_SET_ASIDE) {
        d->heal->keep = true;
        tell_store(d, now, news->kind == STORE_SET_ASIDE);
    }
}

void daemon_heal_tick(struct daemon *d, const struct moment *now)
{
    if (!is_ready(d) && engine_model(d->engine))
        daemon_heal_model(d, now);
    if (store_of(d) != d->heal->store)
        tell_store(d, now, false);
    daemon_heal_keep(d, now);
}

static void on_wake(struct ev_loop *loop, ev_timer *timer, int events)
{
    const struct moment now = clock_moment();

    (void)loop, (void)events;
    daemon_heal_tell(timer->data, &now, &(struct heal_event){ .kind = HEAL_TIME });
}

/* What could not be said from within the effects that brought it about. */
static void on_soon(struct ev_loop *loop, ev_timer *timer, int events)
{
    const struct moment now = clock_moment();

    (void)loop, (void)events;
    heal_runs_answer(timer->data, &now);
    heal_acts_answer(timer->data, &now);
}

void daemon_heal_soon(struct daemon *d)
{
    if (ev_is_active(&d->heal_soon))
        return;
    ev_timer_set(&d->heal_soon, 0., 0.);
    ev_timer_start(d->loop, &d->heal_soon);
}

/* ---- what is shown */

void daemon_heal_extra(const struct daemon *d, struct snapshot_extra *extra)
{
    extra->heal = d->heal && is_ready(d) ? d->heal->machine : NULL;
    extra->switched_off = d->settings.no_heal || d->settings.dry_run;
    extra->safe_mode = d->settings.safe;
    extra->last_run = d->heal ? d->heal->last_run : 0;
    extra->last_agent = d->heal ? d->heal->last_agent : 0;
    extra->last_sos = d->heal ? d->heal->last_sos : 0;
}

/* ---- life */

bool daemon_heal_create(struct daemon *d)
{
    ev_timer_init(&d->heal_wake, on_wake, 0., 0.);
    ev_timer_init(&d->heal_soon, on_soon, 0., 0.);
    d->heal_wake.data = d->heal_soon.data = d;
    d->heal = calloc(1, sizeof *d->heal);
    if (!d->heal)
        return false;
    d->heal->store = STORE_NEVER_UP;
    d->heal->machine = heal_create();
    return d->heal->machine != NULL;
}

void daemon_heal_end(struct daemon *d)
{
    struct daemon_heal *h = d->heal;

    if (!h)
        return;
    ev_timer_stop(d->loop, &d->heal_wake);
    ev_timer_stop(d->loop, &d->heal_soon);
    heal_acts_free(d);
    heal_runs_free(d);
    heal_story_free(h);
    drop_judged(h);
    free(h->judged);
    heal_kept_free(h->kept);
    if (h->machine)
        heal_free(h->machine);
    free(h);
    d->heal = NULL;
}
