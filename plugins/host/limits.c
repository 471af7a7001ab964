/*
 * What bounds a host as a whole: see limits.h. Memory is bounded as RLIMIT_DATA, which counts what malloc and mmap give: RLIMIT_AS would count
 * libraries and the reserved address space of threads as well. AddressSanitizer reserves terabytes in the same way, so a build with it goes without.
 */
#include "limits.h"

#include "base/sanitized.h"

#include <stdio.h>
#include <sys/resource.h>

enum { MEMORY_BOUNDED = !ADDRESS_SANITIZED };

static struct limits limits = { .memory = UINT64_C(256) << 20, .fds = 4096, .children = 256, .timers = 10000 };
static unsigned timers, children;
static struct rlimit first_fds, first_data; /* what this process began with */

void limits_begin(void)
{
    const struct rlimit none = { 0, 0 };

    setrlimit(RLIMIT_CORE, &none);
    getrlimit(RLIMIT_NOFILE, &first_fds);
    getrlimit(RLIMIT_DATA, &first_data);
}

/* The soft limit alone, so that it can be lifted again for a child. */
static void set_soft(int which, const struct rlimit *first, uint64_t soft)
{
    struct rlimit wanted = *first;

    if (first->rlim_max == RLIM_INFINITY || soft < first->rlim_max)
        wanted.rlim_cur = (rlim_t)soft;
    else
        wanted.rlim_cur = first->rlim_max;
    setrlimit(which, &wanted);
}

void limits_lower(void)
{
    set_soft(RLIMIT_NOFILE, &first_fds, limits.fds);
    if (MEMORY_BOUNDED)
        set_soft(RLIMIT_DATA, &first_data, limits.memory);
}

void limits_lift(void)
{
    setrlimit(RLIMIT_NOFILE, &first_fds);
    if (MEMORY_BOUNDED)
        setrlimit(RLIMIT_DATA, &first_data);
}

void limits_set(const struct limits *wanted)
{
    limits.memory = wanted->memory ? wanted->memory : limits.memory;
    limits.fds = wanted->fds ? wanted->fds : limits.fds;
    limits.children = wanted->children ? wanted->children : limits.children;
    limits.timers = wanted->timers ? wanted->timers : limits.timers;
    limits_lower();
}

const struct limits *limits_now(void)
{
    return &limits;
}

bool limits_take_timer(void)
{
    if (timers >= limits.timers)
        return false;
    timers++;
    return true;
}

void limits_give_timer(void)
{
    timers--;
}

bool limits_take_child(void)
{
    if (children >= limits.children)
        return false;
    children++;
    return true;
}

void limits_give_child(void)
{
    children--;
}

const char *limits_text(enum limit limit)
{
    static const char *const names[] = { "fds", "children", "timers" };
    const unsigned values[] = { limits.fds, limits.children, limits.timers };
    static char text[96];

    snprintf(text, sizeof text, "the limit `%s` of this plugin host (%u) is reached", names[limit], values[limit]);
    return text;
}
