/* When this machine was started, on Linux: `btime` of /proc/stat. */
#include "colima.h"

#include <stdlib.h>

int64_t colima_boot_time(void)
{
    FILE *file = fopen("/proc/stat", "re");
    char line[256];
    int64_t boot = 0;

    if (!file)
        return 0;
    while (boot == 0 && fgets(line, sizeof line, file))
        if (strncmp(line, "btime ", 6) == 0)
            boot = strtoll(line + 6, NULL, 10);
    fclose(file);
    return boot;
}
