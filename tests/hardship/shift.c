/*
 * Lets time pass: preloaded into Talon (LD_PRELOAD), this adds as many nanoseconds as a test says to the calendar and to the time since boot, as if the machine
 * had slept, and nothing to the clock that stands still meanwhile; and to the calendar alone what was set by hand. For tests on Linux alone; it shows programs as they are shipped, without debug hooks.
 *
 * TALON_TEST_SHIFT names a file of two signed 64-bit numbers (both clocks; the calendar alone) that the test maps as well, so that a shift is there at once for
 * all that run.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define OFFERED __attribute__((visibility("default")))

enum { NS = 1000000000 };

static const _Atomic int64_t *shift;

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("TALON_TEST_SHIFT");
    const int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped;

    if (fd < 0)
        return;
    mapped = mmap(NULL, 2 * sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED)
        shift = mapped;
}

OFFERED int clock_gettime(clockid_t clock, struct timespec *now)
{
    int64_t ns;

    if (syscall(SYS_clock_gettime, clock, now) != 0)
        return -1;
    if (!shift || (clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME))
        return 0;
    ns = (int64_t)now->tv_sec * NS + now->tv_nsec + atomic_load(&shift[0]) + (clock == CLOCK_REALTIME ? atomic_load(&shift[1]) : 0);
    now->tv_sec = (time_t)(ns / NS);
    now->tv_nsec = (long)(ns % NS);
    return 0;
}
