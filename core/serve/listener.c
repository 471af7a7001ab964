/* The listening socket: see listener.h. */
#include "serve/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 }; /* a burst of clients: what overflows is sent again only after a second */

static bool read_address(const char *host, uint16_t port, struct sockaddr_storage *address, socklen_t *n)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *n = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *n = sizeof *v6;
        return true;
    }
    return false;
}

static bool prepare(int fd, int family)
{
    int on = 1;

    /* or a restart would wait for the last connections' TIME_WAIT; it never lets two programs listen at once */
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           (family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0);
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t n = sizeof address;

    memset(&address, 0, sizeof address);
    if (getsockname(fd, (struct sockaddr *)&address, &n) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port : ((struct sockaddr_in *)&address)->sin_port);
}

static void explain(int error, const char *host, uint16_t port, char *why, size_t why_size)
{
    const char *format = strchr(host, ':') ? "[%s]:%u" : "%s:%u";
    char place[96];

    snprintf(place, sizeof place, format, host, (unsigned)port);
    if (error == EADDRINUSE)
        snprintf(why, why_size, "%s is taken by another program", place);
    else if (error == EADDRNOTAVAIL)
        snprintf(why, why_size, "%s is no address of this machine", host);
    else if (error == EACCES || error == EPERM)
        snprintf(why, why_size, "%s may not be used: listening there is not permitted to this user", place);
    else
        snprintf(why, why_size, "%s cannot be listened on: %s", place, strerror(error));
}

int listener_open(const char *host, uint16_t *port, char *why, size_t why_size)
{
    struct sockaddr_storage address;
    socklen_t n;
    int fd, error;

    if (!read_address(host, *port, &address, &n)) {
        snprintf(why, why_size, "%s is no numeric address", host);
        return -1;
    }
    fd = socket(address.ss_family, SOCK_STREAM, 0);
    if (fd >= 0 && prepare(fd, address.ss_family) && bind(fd, (struct sockaddr *)&address, n) == 0 && listen(fd, BACKLOG) == 0) {
        *port = port_of(fd);
        return fd;
    }
    error = errno;
    explain(error, host, *port, why, why_size);
    if (fd >= 0)
        close(fd);
    return -1;
}
