/* Linux: CLOCK_MONOTONIC stands still in sleep, CLOCK_BOOTTIME does not (clock_gettime(2)); the kernel names each boot by a UUID (random(4)). */
#define _GNU_SOURCE
#include "base/os/clock_system.h"

#include "base/moment.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock)
{
    struct timespec t = { 0 };

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t clock_system_awake(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_system_elapsed(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

size_t clock_system_boot(char *text, size_t n)
{
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return 0;
    got = read(fd, text, n);
    close(fd);
    return got > 0 ? (size_t)got : 0;
}
