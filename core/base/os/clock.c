/* The time: see clock.h. What each system calls its clocks is in clock_linux.c and clock_darwin.c. */
#include "base/os/clock.h"

#include "base/os/clock_system.h"
#include "base/os/random.h"
#include "base/text.h"

#include <pthread.h>
#include <time.h>

#ifdef TALON_DEBUG_HOOKS
#include "base/os/clock_shift.h"
#endif

static uint64_t boot;
static pthread_once_t boot_once = PTHREAD_ONCE_INIT;

/* A boot that cannot be named is named at random: what was stored before then belongs to another boot and counts by the calendar, which is the
 * stricter of the two. */
static void name_boot(void)
{
    char text[64];
    const size_t n = clock_system_boot(text, sizeof text);

    boot = n > 0 ? text_hash(TEXT_HASH, text, n) : random_id();
}

uint64_t clock_awake(void)
{
    return clock_system_awake();
}

struct moment clock_moment(void)
{
    struct timespec wall = { 0 };
    struct moment now;

    pthread_once(&boot_once, name_boot);
    clock_gettime(CLOCK_REALTIME, &wall);
    now = (struct moment){
        .awake = clock_system_awake(),
        .elapsed = clock_system_elapsed(),
        .wall = (int64_t)wall.tv_sec * (int64_t)NS_PER_S + (int64_t)wall.tv_nsec,
        .boot = boot,
    };
#ifdef TALON_DEBUG_HOOKS
    clock_shift(&now);
#endif
    return now;
}
