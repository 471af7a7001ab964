/* Memory on Linux: /proc/meminfo. */
#include "memory_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The value of a line `Name:   123 kB`, in bytes; returns 0 when there is none. */
static int value_of(const char *text, const char *name, double *bytes)
{
    const size_t n = strlen(name);
    char *end;

    while (text && *text) {
        if (strncmp(text, name, n) == 0 && text[n] == ':') {
            *bytes = strtod(text + n + 1, &end) * 1024;
            return end != text + n + 1 && *bytes >= 0;
        }
        text = strchr(text, '\n');
        if (text)
            text++;
    }
    return 0;
}

int memory_parse(const char *text, struct memory_figures *figures)
{
    double swap_free = 0, buffers = 0, cached = 0;

    memset(figures, 0, sizeof *figures);
    if (!value_of(text, "MemTotal", &figures->total) || figures->total <= 0)
        return 0;
    if (!value_of(text, "MemAvailable", &figures->available)) { /* before Linux 3.14 */
        if (!value_of(text, "MemFree", &figures->available))
            return 0;
        value_of(text, "Buffers", &buffers);
        value_of(text, "Cached", &cached);
        figures->available += buffers + cached;
    }
    if (figures->available > figures->total)
        figures->available = figures->total;
    if (value_of(text, "SwapTotal", &figures->swap_total) && value_of(text, "SwapFree", &swap_free) &&
        swap_free <= figures->swap_total)
        figures->swap_used = figures->swap_total - swap_free;
    return 1;
}

int memory_read(struct memory_figures *figures, char *why, size_t room)
{
    char text[8192];
    size_t n = 0;
    ssize_t got;
    int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        snprintf(why, room, "cannot read /proc/meminfo: %s", strerror(errno));
        return -1;
    }
    while (n < sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    close(fd);
    text[n] = '\0';
    if (memory_parse(text, figures))
        return 0;
    snprintf(why, room, "/proc/meminfo does not tell how much memory there is");
    return -1;
}
