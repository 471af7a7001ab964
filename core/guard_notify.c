/*
 * The protocol of sd_notify(3): a datagram of lines to the unix socket that NOTIFY_SOCKET names ("@" stands for the NUL of an abstract one). These few
 * lines spare the guard a library.
 */
#include "guard_notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
    int fd; /* -1: nobody asked */
    struct sockaddr_un address;
    socklen_t size;
    bool watchdog;
} to = { .fd = -1 };

/* WATCHDOG_PID says whom it is meant for; without it, for whoever has it. */
static bool watchdog_is_ours(void)
{
    const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    return us && strtoull(us, NULL, 10) > 0 && (!pid || strtol(pid, NULL, 10) == (long)getpid());
}

static void open_socket(const char *path)
{
    const size_t n = strlen(path);

    if (n < 2 || n >= sizeof to.address.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    to.address.sun_family = AF_UNIX;
    memcpy(to.address.sun_path, path, n + 1);
    if (path[0] == '@')
        to.address.sun_path[0] = '\0';
    to.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] == '/'));
    to.fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (to.fd < 0)
        return;
    fcntl(to.fd, F_SETFD, FD_CLOEXEC);
    fcntl(to.fd, F_SETFL, O_NONBLOCK);
}

void notify_begin(void)
{
    const char *path = getenv("NOTIFY_SOCKET");

    if (path)
        open_socket(path);
    to.watchdog = watchdog_is_ours();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void notify_send(const char *state)
{
    ssize_t sent;

    if (to.fd < 0)
        return;
    do
        sent = sendto(to.fd, state, strlen(state), 0, (const struct sockaddr *)&to.address, to.size);
    while (sent < 0 && errno == EINTR);
}

void notify_beat(void)
{
    if (to.watchdog)
        notify_send("WATCHDOG=1");
}
