/* What runs, instances and shared objects have in common: see owner.h. */
#include "owner.h"

#include "base/os/crumb.h"
#include "die.h"
#include "instance.h"
#include "op.h"
#include "op_wait.h"
#include "run.h"
#include "share.h"
#include "turn.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOW_CALL UINT64_C(250000000) /* rules.md 5.1 */

struct memory {
    struct memory *next, **at;
    size_t size;
    size_t padding; /* what follows is aligned for anything */
};

struct deferred {
    struct deferred *next;
    void (*call)(void *);
    void *arg;
};

static struct owner_call *innermost;
static struct owner *touched;
static struct crumb own_crumb, *crumb = &own_crumb; /* the shared one, if there is one */
static const struct owner *crumb_owner;             /* whose names stand in it */

/* ---- calls */

void owner_crumb(struct crumb *shared)
{
    crumb = shared ? shared : &own_crumb;
    crumb_owner = NULL;
}

static void copy_name(char *to, size_t room, const char *name)
{
    const size_t n = strnlen(name, room - 1);

    memcpy(to, name, n);
    to[n] = '\0';
}

static void write_crumb(const struct owner *owner, uint64_t since)
{
    if (crumb_owner != owner) {
        atomic_store(&crumb->since, 0);
        copy_name(crumb->plugin, sizeof crumb->plugin, owner->plugin->name);
        copy_name(crumb->check, sizeof crumb->check, owner->face.name);
        copy_name(crumb->run, sizeof crumb->run, owner->wire_id);
        crumb_owner = owner;
    }
    atomic_store_explicit(&crumb->since, since, memory_order_release);
}

void owner_enter(struct owner *owner, struct owner_call *call)
{
    call->owner = owner;
    call->outer = innermost;
    call->began = turn_now();
    innermost = call;
    write_crumb(owner, call->began);
}

static void tell_slow(const struct owner *owner, uint64_t took)
{
    char text[256];

    snprintf(text, sizeof text, "the plugin %s kept the host busy for %llu ms in one call%s: it must never block", owner->plugin->name,
             (unsigned long long)(took / 1000000), owner->over ? ", at the end of a run" : "");
    wire_log(owner, TALON_WARNING, text);
}

void owner_leave(struct owner_call *call)
{
    const uint64_t took = turn_now() - call->began;

    innermost = call->outer;
    if (innermost) {
        write_crumb(innermost->owner, innermost->began);
        return;
    }
    atomic_store_explicit(&crumb->since, 0, memory_order_release);
    if (took > SLOW_CALL)
        tell_slow(call->owner, took);
    owner_touch(call->owner);
    owners_settle();
}

struct owner *owner_now(void)
{
    return innermost ? innermost->owner : NULL;
}

/* Only what is allowed in a signal handler. */
static void say(const char *text)
{
    const ssize_t ignored = write(STDERR_FILENO, text, strnlen(text, 256));

    (void)ignored;
}

void owner_last_words(int signal)
{
    const char name[3] = { (char)('0' + signal / 10), (char)('0' + signal % 10), '\0' };

    say("talon-host: ended by signal ");
    say(name);
    if (atomic_load(&crumb->since)) {
        say(" in plugin ");
        say(crumb->plugin);
        say(", check ");
        say(crumb->check);
    }
    say("\n");
}

/* ---- ends */

void owner_touch(struct owner *owner)
{
    if (owner->touched || owner->torn_down)
        return;
    owner->touched = true;
    owner->next_touched = touched;
    touched = owner;
}

void owner_end(struct owner *owner)
{
    owner->over = true;
    owner_touch(owner);
}

static void settle(struct owner *owner)
{
    switch ((enum talon_owner)owner->face.owner) {
    case TALON_RUN:
        run_settle((struct run *)(void *)owner);
        break;
    case TALON_INSTANCE:
        instance_settle((struct instance *)(void *)owner);
        break;
    case TALON_SHARED:
        share_settle((struct shared *)(void *)owner);
        break;
    }
}

void owners_settle(void)
{
    static bool settling; /* a deferred call leaves as well: what it ended is seen by the loop below */

    if (innermost || settling)
        return;
    settling = true;
    while (touched) {
        struct owner *owner = touched;

        touched = owner->next_touched;
        owner->touched = false;
        settle(owner);
    }
    settling = false;
    ops_bury();
}

static void call_deferred(struct owner *owner)
{
    while (owner->deferred) {
        struct deferred *deferred = owner->deferred;
        struct owner_call call;

        owner->deferred = deferred->next;
        owner_enter(owner, &call);
        deferred->call(deferred->arg);
        owner_leave(&call);
        free(deferred);
    }
}

static void free_memory(struct owner *owner)
{
    while (owner->memory) {
        struct memory *next = owner->memory->next;

        free(owner->memory);
        owner->memory = next;
    }
}

void owner_forget(const struct owner *owner)
{
    struct owner **at = &touched;

    while (owner->touched && *at && *at != owner)
        at = &(*at)->next_touched;
    if (owner->touched && *at)
        *at = owner->next_touched;
    if (crumb_owner == owner)
        crumb_owner = NULL;
}

void owner_tear_down(struct owner *owner)
{
    owner->over = true;
    ops_end_all(owner);
    call_deferred(owner);
    owner->torn_down = true;
    owner_forget(owner);
    free_memory(owner);
    op_wait_forget(owner);
    share_leave_all(owner);
}

/* ---- memory */

void *owner_alloc(struct owner *owner, size_t size)
{
    struct memory *memory;

    if (size > OWNER_MEMORY || owner->used + size > OWNER_MEMORY)
        die("%s of the plugin %s wants more than 16 MiB of memory: the plugin leaks, or keeps too much", owner->face.name, owner->plugin->name);
    memory = must_alloc(sizeof *memory + size);
    memory->size = size;
    memory->next = owner->memory;
    memory->at = &owner->memory;
    if (memory->next)
        memory->next->at = &memory->next;
    owner->memory = memory;
    owner->used += size;
    return memory + 1;
}

void owner_release(struct owner *owner, void *bytes)
{
    struct memory *memory;

    if (!bytes)
        return;
    memory = (struct memory *)bytes - 1;
    *memory->at = memory->next;
    if (memory->next)
        memory->next->at = memory->at;
    owner->used -= memory->size;
    free(memory);
}

void owner_defer(struct owner *owner, void (*call)(void *), void *arg)
{
    struct deferred *deferred = must_alloc(sizeof *deferred);

    deferred->call = call;
    deferred->arg = arg;
    deferred->next = owner->deferred;
    owner->deferred = deferred;
}

void owner_fail(struct owner *owner, const char *text)
{
    if (owner->over)
        return;
    if (owner->face.owner == TALON_RUN)
        run_complete((struct run *)(void *)owner, TALON_UNKNOWN, "local", text);
    else if (owner->face.owner == TALON_INSTANCE)
        instance_complete((struct instance *)(void *)owner, "local", text);
    else
        wire_log(owner, TALON_ERROR, text);
}
