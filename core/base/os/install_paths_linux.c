/* Linux: /proc/self/exe is a link to the running program (proc(5)); a program that was replaced meanwhile is marked there as deleted. */
#define _GNU_SOURCE
#include "base/os/install_paths_system.h"

#include <string.h>
#include <unistd.h>

int install_system_program(char path[INSTALL_PATH_SIZE])
{
    static const char deleted[] = " (deleted)";
    const ssize_t got = readlink("/proc/self/exe", path, INSTALL_PATH_SIZE);
    const size_t tail = sizeof deleted - 1;
    size_t n;

    if (got <= 0 || got >= INSTALL_PATH_SIZE)
        return 0;
    n = (size_t)got;
    path[n] = '\0';
    if (n > tail && strcmp(path + n - tail, deleted) == 0)
        path[n - tail] = '\0';
    return path[0] == '/';
}
