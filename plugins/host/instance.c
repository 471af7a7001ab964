/* Instances, from `setup` to `teardown`: see instance.h. What they save and nudge is in instance_tell.c. */
#include "instance.h"

#include "base/text.h"
#include "children.h"
#include "die.h"
#include "run.h"
#include "services.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ids ids;
static struct instance *all;

struct instance *instance_find(const char *id, size_t n)
{
    struct id *found = ids_find(&ids, id, n);

    return found ? (struct instance *)(void *)((char *)found - offsetof(struct instance, id)) : NULL;
}

void instances_free_ids(void)
{
    ids_free(&ids);
}

struct instance *instance_of(struct owner *owner)
{
    return owner->face.instance ? (struct instance *)(void *)owner->face.instance : NULL;
}

/* ---- setup */

static void take_saved(struct instance *instance, const char *base64)
{
    struct buffer bytes = buffer_make(INSTANCE_SAVED);

    if (base64 && text_unbase64(&bytes, base64, strlen(base64)) && !bytes.failed && bytes.len > 0) {
        memcpy(instance->saved, bytes.data, bytes.len);
        instance->n_saved = bytes.len;
    }
    buffer_free(&bytes);
}

static struct instance *make(const struct instance_request *request)
{
    struct operation *operation = request->operation;
    struct instance *instance = must_alloc(sizeof *instance + operation->is.instance_size);

    instance->operation = operation;
    instance->conf = request->conf;
    instance->owner.plugin = operation->plugin;
    instance->owner.wire_id = "";
    snprintf(instance->name, sizeof instance->name, "%s", request->name);
    if (operation->is.flags & TALON_BLOCKING)
        instance->conf_text = must_string(request->conf_text);
    take_saved(instance, request->saved);
    instance->owner.face = (struct talon_run){
        .host = services_table(),
        .conf = request->conf->data,
        .state = instance->state,
        .self = instance->state,
        .instance = &instance->owner.face,
        .name = instance->name,
        .owner = TALON_INSTANCE,
    };
    instance_tell_init(instance);
    ids_add(&ids, &instance->id, request->id, strlen(request->id));
    instance->next = all;
    instance->at = &all;
    if (all)
        all->at = &instance->next;
    all = instance;
    return instance;
}

/* A blocking operation is set up where its runs are: in their own processes. */
static bool has_setup(const struct instance *instance)
{
    return instance->operation->is.setup && (!(instance->operation->is.flags & TALON_BLOCKING) || wire_is_worker());
}

/* When the configuration was read nobody may have been able to ask the plugin, or secrets were not known yet: no run begins with options that it refuses. */
static bool is_refused(struct instance *instance)
{
    struct problems problems = { .n = 0 };
    struct owner_call call;

    owner_enter(&instance->owner, &call);
    conf_ask(instance->operation, instance->conf, &problems);
    if (problems.n > 0) {
        wire_refused("instance", instance->id.text, "options", "its options are wrong", &problems, false);
        owner_end(&instance->owner);
    }
    owner_leave(&call);
    return problems.n > 0;
}

void instance_setup(const struct instance_request *request)
{
    struct instance *instance = make(request);
    struct owner_call call;
    char id[ID_SIZE];

    if (is_refused(instance))
        return;
    memcpy(id, instance->id.text, sizeof id);
    if (has_setup(instance)) {
        instance->setting_up = true;
        owner_enter(&instance->owner, &call);
        instance->operation->is.setup(&instance->owner.face);
        instance->setting_up = false;
        if (instance->owner.over)
            wire_refused("instance", id, instance->refused_reason, instance->refused_text, NULL, true);
        owner_leave(&call);
        if (!instance_find(id, strlen(id)))
            return;
    }
    wire_ready("instance", id);
}

void instance_complete(struct instance *instance, const char *reason, const char *summary)
{
    char text[256];

    if (instance->setting_up && !instance->owner.over) {
        instance->refused_reason = must_string(reason ? reason : "local");
        instance->refused_text = must_string(summary ? summary : "");
        owner_end(&instance->owner);
        return;
    }
    snprintf(text, sizeof text, "the plugin ended an instance after its setup, which is ignored: %.160s", summary ? summary : "(no summary)");
    wire_log(&instance->owner, TALON_WARNING, text);
}

/* ---- the end */

void instance_teardown(struct instance *instance)
{
    if (instance->run)
        run_complete(instance->run, TALON_UNKNOWN, "cancelled", "its check is no longer configured");
    owner_end(&instance->owner);
}

static void finish(struct instance *instance)
{
    owner_tear_down(&instance->owner);
    instance_tell_end(instance);
    children_forget_instance(instance);
    ids_remove(&ids, &instance->id);
    *instance->at = instance->next;
    if (instance->next)
        instance->next->at = instance->at;
    conf_drop(instance->conf);
    wipe_string(instance->conf_text);
    free(instance->refused_reason);
    free(instance->refused_text);
    wipe(instance->saved, instance->n_saved);
    free(instance);
}

void instance_settle(struct instance *instance)
{
    if (instance->owner.over && !instance->run)
        finish(instance);
}

void instance_run_over(struct instance *instance)
{
    if (instance->owner.over)
        owner_touch(&instance->owner);
    else if (instance->nudged)
        instance_nudge(instance);
}

void instances_end_all(void)
{
    for (struct instance *instance = all; instance; instance = instance->next)
        instance_teardown(instance);
    owners_settle();
}
