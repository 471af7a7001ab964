/*
 * The HTTP module and a socket that is always ready while libcurl takes nothing from it, as libcurl 8.9.0 left them behind: a whole core would be lost.
 * It is made here by a recv() of the test's own that stands before the C library's.
 */
#include "module_client.h"
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define S 1000000000ull

static struct server *server;
static char url[64];
static atomic_int deaf_port, refusals;

static unsigned peer_port(int fd)
{
    struct sockaddr_in peer;
    socklen_t n = sizeof peer;

    return getpeername(fd, (struct sockaddr *)&peer, &n) == 0 && peer.sin_family == AF_INET ? ntohs(peer.sin_port) : 0;
}

/* For connections to that port there is never anything to read, whatever poll says. */
TALON_PUBLIC ssize_t recv(int fd, void *bytes, size_t n, int flags);
ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
    if (deaf_port != 0 && peer_port(fd) == (unsigned)deaf_port) {
        refusals++;
        errno = EAGAIN;
        return -1;
    }
    return recvfrom(fd, bytes, n, flags, NULL, NULL);
}

static void script_ok(struct talk *talk)
{
    while (talk_request(talk))
        talk_say(talk, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

static int set_up(void **state)
{
    (void)state;
    client_open_http();
    server = server_start(&(struct server_setup){ .script = script_ok });
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", server_port(server));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    deaf_port = 0;
    client_close_http();
    server_stop(server);
    return 0;
}

static void test_spinning_exchange(void **state)
{
    struct got got;

    (void)state;
    deaf_port = (int)server_port(server);
    got = client_fetch(TALON_REQUEST(talon_http, .url = url), 0);
    FAILED(got, TALON_E_LOCAL, "http.internal", "without progress");
    assert_true(refusals >= 1000); /* or the test has tried nothing */
    client_forget(&got);
    deaf_port = 0;
    got = client_fetch(TALON_REQUEST(talon_http, .url = url), 15 * S); /* and others go on */
    ANSWERED(got, 200);
    client_forget(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_spinning_exchange, set_up, tear_down) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
