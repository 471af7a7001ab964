/*
 * macOS: CLOCK_UPTIME_RAW stands still in sleep, CLOCK_MONOTONIC does not (clock_gettime(3): the other way round than on Linux); each boot has a
 * session UUID (sysctl kern.bootsessionuuid).
 */
#define _DARWIN_C_SOURCE
#include "base/os/clock_system.h"

#include "base/moment.h"

#include <sys/sysctl.h>
#include <sys/types.h>
#include <time.h>

uint64_t clock_system_awake(void)
{
    return clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
}

uint64_t clock_system_elapsed(void)
{
    struct timespec t = { 0 };

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

size_t clock_system_boot(char *text, size_t n)
{
    return sysctlbyname("kern.bootsessionuuid", text, &n, NULL, 0) == 0 ? n : 0;
}
