/* What the serving thread asks of Linux: see serve_system.h. */
#define _GNU_SOURCE
#include "serve/serve_system.h"

#include <linux/tcp.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

const unsigned serve_polling = MHD_USE_EPOLL_INTERNAL_THREAD;

/* tcpi_bytes_received is RFC 4898's tcpEStatsAppHCThruOctetsReceived, in Linux since 4.1; an older kernel fills in less of the struct. */
bool serve_received(int fd, uint64_t *bytes)
{
    struct tcp_info info;
    socklen_t n = sizeof info;

    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 || n < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
        return false;
    *bytes = info.tcpi_bytes_received;
    return true;
}
