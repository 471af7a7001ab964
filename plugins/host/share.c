/* Shared objects and their members: see share.h. */
#include "share.h"

#include "conf.h"
#include "die.h"
#include "instance.h"
#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUDGE_DEPTH = 4 }; /* of shared objects that are members of others */

struct shared {
    struct owner owner; /* first */
    char *key;
    char name[PLUGIN_NAME + 16];
    struct conf *conf;  /* of the member that made it; NULL: none */
    struct membership *members;
    struct shared *next, **at;
    max_align_t state[];
};

struct membership {
    struct owner *member;
    struct shared *shared;
    struct membership *next_share;          /* of the member */
    struct membership *next_member, **at;   /* of the shared */
};

static struct shared *all;

/* ---- finding and making */

static struct shared *find(const struct plugin *plugin, const char *key)
{
    struct shared *shared = all;

    while (shared && (shared->owner.plugin != plugin || shared->owner.over || strcmp(shared->key, key) != 0))
        shared = shared->next;
    return shared;
}

static struct conf *conf_of(struct owner *owner)
{
    const struct instance *instance = instance_of(owner);

    if (instance)
        return conf_keep(instance->conf);
    return owner->face.owner == TALON_SHARED && ((struct shared *)(void *)owner)->conf ? conf_keep(((struct shared *)(void *)owner)->conf) : NULL;
}

static struct shared *make(struct owner *owner, const char *key, size_t state_size)
{
    struct shared *shared = must_alloc(sizeof *shared + state_size);

    shared->key = must_string(key);
    shared->conf = conf_of(owner);
    shared->owner.plugin = owner->plugin;
    shared->owner.wire_id = "";
    snprintf(shared->name, sizeof shared->name, "%s (shared)", owner->plugin->name);
    shared->owner.face = (struct talon_run){
        .host = services_table(),
        .conf = shared->conf ? shared->conf->data : NULL,
        .state = shared->state,
        .self = shared->state,
        .name = shared->name,
        .owner = TALON_SHARED,
        .flags = owner->face.flags & TALON_ONCE,
    };
    shared->next = all;
    shared->at = &all;
    if (all)
        all->at = &shared->next;
    all = shared;
    return shared;
}

/* ---- members */

static bool is_member(const struct owner *owner, const struct shared *shared)
{
    const struct membership *membership = owner->shares;

    while (membership && membership->shared != shared)
        membership = membership->next_share;
    return membership != NULL;
}

static void add_member(struct owner *owner, struct shared *shared)
{
    struct membership *membership = must_alloc(sizeof *membership);

    membership->member = owner;
    membership->shared = shared;
    membership->next_share = owner->shares;
    owner->shares = membership;
    membership->next_member = shared->members;
    membership->at = &shared->members;
    if (membership->next_member)
        membership->next_member->at = &membership->next_member;
    shared->members = membership;
}

struct owner *share_join(struct owner *owner, const char *key, size_t state_size, void (*setup)(struct talon_run *shared))
{
    struct shared *shared = find(owner->plugin, key);
    struct owner_call call;

    if (shared) {
        if (!is_member(owner, shared))
            add_member(owner, shared);
        return &shared->owner;
    }
    shared = make(owner, key, state_size);
    add_member(owner, shared);
    if (setup) {
        owner_enter(&shared->owner, &call);
        setup(&shared->owner.face);
        owner_leave(&call);
    }
    return &shared->owner;
}

void share_leave_all(struct owner *member)
{
    while (member->shares) {
        struct membership *membership = member->shares;
        struct shared *shared = membership->shared;

        member->shares = membership->next_share;
        *membership->at = membership->next_member;
        if (membership->next_member)
            membership->next_member->at = membership->at;
        free(membership);
        if (!shared->members)
            owner_end(&shared->owner);
    }
}

void share_settle(struct shared *shared)
{
    if (!shared->owner.over)
        return;
    owner_tear_down(&shared->owner);
    *shared->at = shared->next;
    if (shared->next)
        shared->next->at = shared->at;
    conf_drop(shared->conf);
    free(shared->key);
    free(shared);
}

/* ---- what is for all members */

static void nudge(const struct shared *shared, unsigned depth)
{
    for (const struct membership *membership = shared->members; membership; membership = membership->next_member) {
        struct instance *instance = instance_of(membership->member);

        if (instance)
            instance_nudge(instance);
        else if (depth > 0 && membership->member->face.owner == TALON_SHARED)
            nudge((struct shared *)(void *)membership->member, depth - 1);
    }
}

void share_nudge(struct owner *shared)
{
    nudge((struct shared *)(void *)shared, NUDGE_DEPTH);
}

void share_set_once(struct owner *member)
{
    member->face.flags |= TALON_ONCE;
    for (struct membership *membership = member->shares; membership; membership = membership->next_share)
        membership->shared->owner.face.flags |= TALON_ONCE;
}
