/* When this machine was started, on macOS: kern.boottime. */
#include "colima.h"

#include <sys/sysctl.h>
#include <sys/time.h>

int64_t colima_boot_time(void)
{
    struct timeval boot;
    size_t n = sizeof boot;

    return sysctlbyname("kern.boottime", &boot, &n, NULL, 0) == 0 ? (int64_t)boot.tv_sec : 0;
}
