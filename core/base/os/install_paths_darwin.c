/* macOS: _NSGetExecutablePath() gives the path the program was started by (dyld(3)); realpath() follows its links, as Homebrew's bin/ needs. */
#define _DARWIN_C_SOURCE
#include "base/os/install_paths_system.h"

#include <limits.h>
#include <mach-o/dyld.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int install_system_program(char path[INSTALL_PATH_SIZE])
{
    char given[INSTALL_PATH_SIZE], *resolved;
    uint32_t size = sizeof given;
    size_t n;

    if (_NSGetExecutablePath(given, &size) != 0)
        return 0;
    resolved = realpath(given, NULL);
    if (!resolved)
        return 0;
    n = strlen(resolved) + 1;
    if (n <= INSTALL_PATH_SIZE)
        memcpy(path, resolved, n);
    free(resolved);
    return n <= INSTALL_PATH_SIZE;
}
