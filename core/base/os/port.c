/* Is a port taken: see port.h. */
#include "base/os/port.h"

#include "base/os/port_system.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* errno of an attempt to have it; 0: it is free. */
static int attempt(int family, const struct sockaddr *address, socklen_t n)
{
    const int fd = socket(family, SOCK_STREAM, 0), yes = 1;
    int error = fd < 0 ? errno : 0;

    if (fd < 0)
        return error;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); /* connections that linger are no listener */
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind(fd, address, n) != 0)
        error = errno;
    close(fd);
    return error;
}

static int attempt_at(const char *host, uint16_t port)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    if (inet_pton(AF_INET, host, &four.sin_addr) == 1)
        return attempt(AF_INET, (const struct sockaddr *)&four, sizeof four);
    if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1)
        return attempt(AF_INET6, (const struct sockaddr *)&six, sizeof six);
    return EINVAL;
}

/* macOS lets somebody have an address beside one who has them all: so both are tried. */
static int attempt_all(const char *host, uint16_t port)
{
    static const char *const any[] = { "127.0.0.1", "0.0.0.0", "::1", "::" };
    int worst = 0;

    if (host)
        return attempt_at(host, port);
    for (size_t i = 0; i < sizeof any / sizeof *any; i++) {
        const int error = attempt_at(any[i], port);

        if (error == EADDRINUSE)
            return error;
        if (error != 0 && error != EADDRNOTAVAIL && error != EAFNOSUPPORT) /* no IPv6 here */
            worst = error;
    }
    return worst;
}

enum port_answer port_look(const char *host, uint16_t port, struct port_holder *holder)
{
    const int error = attempt_all(host, port);

    *holder = (struct port_holder){ .pid = 0 };
    if (error == 0)
        return PORT_FREE;
    if (error != EADDRINUSE)
        return PORT_NO_ANSWER;
    holder->pid = port_system_listener(port, holder->name, sizeof holder->name);
    return PORT_TAKEN;
}
