/*
 * From the model's checks to instances in plugin hosts: see instances.h.
 *
 * An instance is made in two steps, because a secret may come from a command: resolve (one secret after the other), then set up. A run that
 * is wanted before that waits, within its own deadline. Secrets are asked for again when their time to live is over; the instance
 * is set up anew only if that gave another value, so a lease that is renewed does not cost a kept connection.
 */
#include "instances.h"

#include "base/os/clock.h"
#include "base/shortage.h"
#include "base/text.h"
#include "filling.h"

#include <stdlib.h>
#include <string.h>

struct instance {
    struct instances *all;
    size_t check;                    /* in the model of now */
    struct hosts_instance *hosted;   /* NULL: not set up */
    struct filling filling;          /* its options with their secrets */
    unsigned long long hash;         /* of the filled conf */
    bool renew;                      /* set up anew with the next run, whatever its conf */
    bool wanted;                     /* a run is in progress or waits */
    uint64_t run, deadline;          /* of that run; deadline in awake */
    unsigned flags;
    struct hosts_run *started;       /* NULL: it waits for secrets, or `failure` is to be told */
    struct result *failure;          /* what the waiting run ends with at the next turn */
    ev_timer timer;                  /* the waiting run's end */
};

struct instances {
    struct ev_loop *loop;
    struct hosts *hosts;
    struct secrets *secrets;
    struct instances_calls calls;
    const struct model *model;
    size_t n;
    struct instance **of_check;      /* NULL where none is wanted */
    struct instance **prepared;      /* the new ones of a model that is about to be taken; NULL: none is */
    size_t n_prepared;
};

static const struct model_check *check_of(const struct instance *instance)
{
    return &instance->all->model->checks[instance->check];
}

/* ---- the end of a run */

static void end_run(struct instance *instance, struct result *result)
{
    const struct instances_calls *calls = &instance->all->calls;
    uint64_t run = instance->run;

    ev_timer_stop(instance->all->loop, &instance->timer);
    instance->wanted = false;
    instance->started = NULL;
    instance->failure = NULL;
    calls->done(calls->arg, instance->check, run, result);
}

static void on_done(void *arg, struct result *result)
{
    end_run(arg, result);
}

/* Ends the waiting run as unknown at the next turn of the loop. */
static void fail_run(struct instance *instance, const char *reason, const char *summary)
{
    if (!instance->wanted || instance->failure)
        return;
    instance->failure = result_make(STATUS_UNKNOWN, reason, summary, 0, NULL, 0, NULL, 0);
    ev_timer_stop(instance->all->loop, &instance->timer);
    ev_timer_set(&instance->timer, 0., 0.);
    ev_timer_start(instance->all->loop, &instance->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct instance *instance = timer->data;
    struct result *result = instance->failure;

    (void)loop, (void)events;
    if (!result)
        result = result_make(STATUS_UNKNOWN, "secret.timeout", "a secret that this check needs did not come in time", 0, NULL, 0, NULL, 0);
    end_run(instance, result);
}

/* ---- setting up */

static void on_nudge(void *arg)
{
    struct instance *instance = arg;

    instance->all->calls.nudge(instance->all->calls.arg, instance->check);
}

static void on_save(void *arg, const void *bytes, size_t n)
{
    struct instance *instance = arg;
    const struct instances_calls *calls = &instance->all->calls;

    if (calls->save)
        calls->save(calls->arg, check_of(instance)->full_name, bytes, n);
}

static void send_run(struct instance *instance)
{
    uint64_t now = clock_awake();
    uint64_t left = instance->deadline > now ? instance->deadline - now : 1;

    ev_timer_stop(instance->all->loop, &instance->timer);
    instance->started = hosts_start(instance->hosted, left, instance->flags, on_done, instance);
    if (!instance->started)
        fail_run(instance, "local", "the run could not be started: no memory");
}

static bool set_up(struct instance *instance, const char *conf)
{
    const struct model *model = instance->all->model;
    const struct model_check *check = check_of(instance);
    const struct model_operation *operation = &model->operations[check->operation];
    const struct instances_calls *calls = &instance->all->calls;
    char saved[INSTANCES_SAVED];
    struct hosts_instance_request request = {
        .plugin = model->plugins[operation->plugin].name,
        .operation = operation->name,
        .name = check->full_name,
        .conf = conf,
        .missing = operation->missing,
        .saved = saved,
        .n_saved = calls->recall ? calls->recall(calls->arg, check->full_name, saved, sizeof saved) : 0,
        .nudge = on_nudge,
        .save = on_save,
        .arg = instance,
    };

    if (instance->hosted)
        hosts_teardown(instance->hosted);
    instance->hosted = hosts_setup(instance->all->hosts, &request);
    return instance->hosted != NULL;
}

/* All secrets are there (or none is needed): set up if the options are new, then the run that waits. */
static void on_filled(void *arg, const struct buffer *filled, const char *reason, const char *why)
{
    struct instance *instance = arg;
    const char *missing = instance->all->model->operations[check_of(instance)->operation].missing;
    unsigned long long hash;
    bool good = true;

    if (!filled) {
        fail_run(instance, reason, why);
        return;
    }
    hash = text_hash(TEXT_HASH, filled->data, filled->len);
    if (missing)
        hash = text_hash(hash, missing, strlen(missing));
    if (!instance->hosted || hash != instance->hash || instance->renew)
        good = set_up(instance, buffer_string(filled));
    instance->renew = instance->renew && !good;
    instance->hash = hash;
    if (!good)
        fail_run(instance, "local", "the check could not be set up: no memory");
    else if (instance->wanted && !instance->failure)
        send_run(instance);
}

static void resolve(struct instance *instance)
{
    if (!instance->filling.asking)
        filling_start(&instance->filling, instance->all->secrets, instance->all->model, &check_of(instance)->conf, on_filled, instance);
}

/* ---- the face */

void instances_renew(struct instances *all, size_t check)
{
    if (check < all->n && all->of_check[check])
        all->of_check[check]->renew = true;
}

void instances_start(struct instances *all, size_t check, uint64_t run, uint64_t timeout, unsigned flags)
{
    struct instance *instance = check < all->n ? all->of_check[check] : NULL;

    if (!instance || instance->wanted)
        return; /* the engine starts one run of an enabled check at a time */
    instance->wanted = true;
    instance->run = run;
    instance->flags = flags;
    instance->deadline = clock_awake() + timeout;
    if (instance->hosted && !instance->renew && (instance->filling.fresh_until == UINT64_MAX || clock_moment().elapsed < instance->filling.fresh_until)) {
        send_run(instance);
        return;
    }
    ev_timer_set(&instance->timer, (double)timeout / 1e9, 0.);
    ev_timer_start(all->loop, &instance->timer);
    resolve(instance);
}

static void cancel_run(struct instance *instance)
{
    if (instance->started)
        hosts_cancel(instance->started);
    if (instance->failure)
        result_drop(instance->failure);
    ev_timer_stop(instance->all->loop, &instance->timer);
    instance->started = NULL;
    instance->failure = NULL;
    instance->wanted = false;
}

void instances_cancel(struct instances *all, uint64_t run)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->of_check[i] && all->of_check[i]->wanted && all->of_check[i]->run == run)
            cancel_run(all->of_check[i]);
}

static void instance_free(struct instance *instance)
{
    if (!instance)
        return;
    cancel_run(instance);
    filling_stop(&instance->filling);
    if (instance->hosted)
        hosts_teardown(instance->hosted);
    free(instance);
}

static struct instance *instance_make(struct instances *all, size_t check)
{
    struct instance *instance = calloc(1, sizeof *instance);

    if (!instance)
        return NULL;
    instance->all = all;
    instance->check = check;
    ev_timer_init(&instance->timer, on_timer, 0., 0.);
    instance->timer.data = instance;
    return instance;
}

/* The old instance that may go on as check i of the new model, or NULL. */
static struct instance **find_old(struct instances *all, const struct model *model, size_t i)
{
    const struct model_check *check = &model->checks[i];

    for (size_t k = 0; k < all->n; k++) {
        size_t at = (i + k) % all->n; /* most often it stands where it stood */
        const struct model_check *old = &all->model->checks[at];

        if (all->of_check[at] && old->fingerprint == check->fingerprint && strcmp(old->full_name, check->full_name) == 0)
            return &all->of_check[at];
    }
    return NULL;
}

static bool is_wanted(const struct model *model, const unsigned char *wanted, size_t i)
{
    return model->checks[i].enabled && (!wanted || wanted[i]);
}

/* New instances first: when memory runs out, nothing has changed yet. */
static struct instance **prepare(struct instances *all, const struct model *model, const unsigned char *wanted)
{
    struct instance **made = calloc(model->n_checks + 1, sizeof(struct instance *));

    for (size_t i = 0; made && i < model->n_checks; i++) {
        if (!is_wanted(model, wanted, i) || find_old(all, model, i))
            continue;
        made[i] = instance_make(all, i);
        if (!made[i]) {
            while (i-- > 0)
                free(made[i]);
            free(made);
            return NULL;
        }
    }
    return made;
}

void instances_forget(struct instances *all)
{
    for (size_t i = 0; all->prepared && i < all->n_prepared; i++)
        free(all->prepared[i]);
    free(all->prepared);
    all->prepared = NULL;
}

bool instances_prepare(struct instances *all, const struct model *model, const unsigned char *wanted)
{
    instances_forget(all);
    all->prepared = prepare(all, model, wanted);
    all->n_prepared = model->n_checks;
    if (!all->prepared)
        shortage_note();
    return all->prepared != NULL;
}

void instances_take(struct instances *all, const struct model *model, const unsigned char *wanted)
{
    struct instance **made = all->prepared;
    const struct model *old_model = all->model;

    all->prepared = NULL;
    for (size_t i = 0; i < model->n_checks; i++) {
        struct instance **old = made[i] || !is_wanted(model, wanted, i) ? NULL : find_old(all, model, i);

        if (!old)
            continue;
        made[i] = *old;
        *old = NULL;
        made[i]->check = i;
        if (model->checks[i].conf.n_holes > 0)
            made[i]->filling.fresh_until = 0; /* the secret may come from elsewhere now */
    }
    for (size_t i = 0; i < all->n; i++)
        instance_free(all->of_check[i]);
    free(all->of_check);
    all->of_check = made;
    all->n = model->n_checks;
    all->model = model_keep(model);
    for (size_t i = 0; i < model->n_plugins; i++)
        hosts_adopt(all->hosts, model->plugins[i].name);
    for (size_t i = 0; i < all->n; i++)
        if (made[i] && !made[i]->hosted && !made[i]->filling.asking)
            resolve(made[i]);
    model_drop(old_model);
}

bool instances_model(struct instances *all, const struct model *model, const unsigned char *wanted)
{
    if (!instances_prepare(all, model, wanted))
        return false;
    instances_take(all, model, wanted);
    return true;
}

struct instances *instances_create(struct ev_loop *loop, struct hosts *hosts, struct secrets *secrets, const struct instances_calls *calls)
{
    struct instances *all = calloc(1, sizeof *all);

    if (!all)
        return NULL;
    all->loop = loop;
    all->hosts = hosts;
    all->secrets = secrets;
    all->calls = *calls;
    return all;
}

void instances_free(struct instances *all)
{
    if (!all)
        return;
    for (size_t i = 0; i < all->n; i++)
        instance_free(all->of_check[i]);
    free(all->of_check);
    instances_forget(all);
    model_drop(all->model);
    free(all);
}
