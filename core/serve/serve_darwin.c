/* What the serving thread asks of macOS: see serve_system.h. */
#define _DARWIN_C_SOURCE
#include "serve/serve_system.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* The library has no kqueue: it would take select. */
const unsigned serve_polling = MHD_USE_POLL_INTERNAL_THREAD;

bool serve_received(int fd, uint64_t *bytes)
{
    struct tcp_connection_info info;
    socklen_t n = sizeof info;

    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_CONNECTION_INFO, &info, &n) != 0 || n < sizeof info)
        return false;
    *bytes = info.tcpi_rxbytes;
    return true;
}
