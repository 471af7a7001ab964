/* Connections of the plugin host, against servers that answer, refuse, stay silent, close, flood and close by half: in this test's own threads. */
#include "host_drive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- servers: each takes one connection and plays its part */

struct server {
    int listening, port;
    void (*part)(int fd);
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct server *server = arg;
    int fd = accept(server->listening, NULL, NULL);

    if (fd >= 0) {
        server->part(fd);
        close(fd);
    }
    return NULL;
}

static int listen_on(int *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void server_start(struct server *server, void (*part)(int fd))
{
    server->listening = listen_on(&server->port);
    server->part = part;
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    shutdown(server->listening, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listening);
}

static const char *to(int port, const char *more)
{
    static char conf[512];

    snprintf(conf, sizeof conf, "\"address\":{\"host\":\"127.0.0.1\",\"port\":%d}%s%s", port, *more ? "," : "", more);
    return conf;
}

static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        return;
}

/* Until the other side closes. */
static void wait_for_end(int fd)
{
    char ignored[4096];

    while (read(fd, ignored, sizeof ignored) > 0)
        ;
}

static void echoes(int fd)
{
    char bytes[256];
    const ssize_t n = read(fd, bytes, sizeof bytes);

    if (n > 0 && send(fd, bytes, (size_t)n, MSG_NOSIGNAL) == n)
        say(fd, "bye");
}

static void stays_silent(int fd)
{
    wait_for_end(fd);
}

static void closes_at_once(int fd)
{
    (void)fd;
}

/* ---- what is said after the go-ahead to TLS */

static void agrees_and_is_silent(int fd)
{
    say(fd, "go\n");
    wait_for_end(fd);
}

static void agrees_and_says_more(int fd)
{
    say(fd, "go\nand more in plain text\n");
    wait_for_end(fd);
}

static void agrees_and_speaks_no_tls(int fd)
{
    char hello[16];

    say(fd, "go\n");
    if (read(fd, hello, sizeof hello) > 0)
        say(fd, "220 I go on in plain text\n");
    wait_for_end(fd);
}

static void agrees_and_closes(int fd)
{
    say(fd, "go\n");
}

static void resets(int fd)
{
    const struct linger hard = { .l_onoff = 1 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

static void closes_by_half(int fd)
{
    say(fd, "last words");
    shutdown(fd, SHUT_WR);
    wait_for_end(fd);
}

static void floods(int fd)
{
    static char bytes[65536];

    memset(bytes, 'x', sizeof bytes);
    while (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
        ;
}

static void speaks_in_pieces(int fd)
{
    for (int i = 0; i < 3; i++) {
        say(fd, i == 0 ? "one\ntw" : i == 1 ? "o\nthr" : "ee\n");
        poll(NULL, 0, 30); /* so that they come apart: nothing depends on it but how much is tried */
    }
}

/* Takes a megabyte, slowly, and says how much it was. */
static void swallows(int fd)
{
    char bytes[16384], text[32];
    size_t all = 0;
    ssize_t n;

    while (all < 1000000 && (n = read(fd, bytes, sizeof bytes)) > 0)
        all += (size_t)n;
    snprintf(text, sizeof text, "got %zu", all);
    say(fd, text);
}

/* ---- what comes of it */

static const cJSON *meet(struct driven *d, void (*part)(int fd), unsigned left_ms, const char *conf)
{
    struct server server;
    const cJSON *done;

    server_start(&server, part);
    done = driven_run(d, "trial.connect", left_ms, to(server.port, conf));
    server_stop(&server);
    return done;
}

static void talks(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = meet(d, echoes, 10000, "\"listen\":true,\"send\":\"hello\"");

    (void)unused;
    CONCLUDED(done, "fail", "connect.closed", "over: the peer closed the connection");
    assert_string_equal(detail_in(done, "up", 0), "yes");
    HOLDS(detail_in(done, "data", 0), "hello");
    assert_string_equal(detail_in(done, "last", 0), "");
    assert_true(metric_in(done, "heard") == 8);
    driven_quit(d);
}

static void offers_again_what_is_unused(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = meet(d, speaks_in_pieces, 10000, "\"listen\":true,\"lines\":true");

    (void)unused;
    CONCLUDED(done, "fail", "connect.closed", "");
    assert_true(metric_in(done, "heard") == 14);
    assert_string_equal(detail_in(done, "last", 0), "");
    driven_quit(d);
}

static void tells_the_last(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = meet(d, closes_by_half, 10000, "\"listen\":true,\"lines\":true");

    (void)unused;
    CONCLUDED(done, "fail", "connect.closed", "");
    assert_string_equal(detail_in(done, "last", 0), "last words");
    driven_quit(d);
}

static void tells_the_end(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = meet(d, closes_at_once, 10000, "\"listen\":true");

    (void)unused;
    CONCLUDED(done, "fail", "connect.closed", "the peer closed the connection");
    assert_string_equal(detail_in(done, "last", 0), "");
    CONCLUDED(meet(d, resets, 10000, "\"listen\":true"), "fail", "connect.closed", "connection reset"); /* perhaps while it was made */
    CONCLUDED(meet(d, closes_at_once, 10000, ""), "fail", "connect.closed", "the peer closed the connection"); /* also who does not listen */
    driven_quit(d);
}

static void bounds_input(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = meet(d, floods, 10000, "\"listen\":true,\"max_input\":\"1000\"");

    (void)unused;
    CONCLUDED(done, "fail", "too_big", "more than 1000 bytes");
    CONCLUDED(meet(d, floods, 1000, ""), "fail", "timeout", "no answer in time"); /* what nobody wants is dropped */
    driven_quit(d);
}

static void bounds_output(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = meet(d, swallows, 10000, "\"listen\":true,\"flood\":\"1000000\"");

    (void)unused;
    HOLDS(detail_in(done, "data", 0), "got 1000000");
    CONCLUDED(meet(d, stays_silent, 10000, "\"listen\":true,\"flood\":\"5000000\""), "unknown", "local", "wait to be sent");
    driven_quit(d);
}

static void fails_for_silence(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    CONCLUDED(meet(d, stays_silent, 1000, "\"listen\":true"), "fail", "timeout", "over: no answer in time");
    meet(d, closes_at_once, 10000, "\"tls\":true"); /* loads the module, which may take its time */
    CONCLUDED(meet(d, stays_silent, 1000, "\"tls\":true"), "fail", "timeout", "handshake");
    CONCLUDED(meet(d, stays_silent, 10000, "\"tls\":true,\"timeout\":\"200000000\""), "fail", "timeout", "handshake");
    driven_quit(d);
}

static void stops(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    CONCLUDED(meet(d, floods, 10000, "\"listen\":true,\"stop\":true"), "ok", "trial.ok", "stopped");
    driven_quit(d);
}

/* ---- who cannot be reached */

static void tells_who_is_not_there(void **unused)
{
    struct driven *d = driven_trial(NULL);
    int port, fd = listen_on(&port);
    const cJSON *done;

    (void)unused;
    close(fd);
    CONCLUDED(driven_run(d, "trial.connect", 10000, to(port, "")), "fail", "connect.refused", "connection refused");
    CONCLUDED(driven_run(d, "trial.connect", 10000, "\"address\":{\"unix\":\"/nowhere/x.sock\"}"), "fail", "connect.no_socket", "no such socket");
    done = driven_run(d, "trial.connect", 10000, "\"address\":{\"host\":\"name.invalid\",\"port\":1}");
    if (strcmp(text_in(done, "status"), "fail") == 0) /* a resolver that answers says that there is none; without one nobody knows */
        CONCLUDED(done, "fail", "dns.none", "name.invalid");
    else
        CONCLUDED(done, "unknown", "dns.unreachable", "name.invalid");
    driven_quit(d);
}

static void resolves(void **unused)
{
    struct driven *d = driven_trial(NULL);
    struct server server;
    char conf[128], run[8][16];

    (void)unused;
    server_start(&server, closes_at_once);
    snprintf(conf, sizeof conf, "\"address\":{\"host\":\"localhost\",\"port\":%d}", server.port);
    CONCLUDED(driven_run(d, "trial.connect", 10000, conf), "fail", "connect.closed", "");
    server_stop(&server);
    for (int i = 0; i < 8; i++) /* more than there are threads, and of one name */
        snprintf(run[i], sizeof run[i], "%s",
                 driven_begin(d, driven_setup(d, "trial.connect", "\"address\":{\"host\":\"localhost\",\"port\":1}"), 10000, NULL));
    for (int i = 0; i < 8; i++)
        CONCLUDED(driven_done(d, run[i]), "fail", "connect.refused", "");
    driven_quit(d);
}

static void connects_to_unix_sockets(void **unused)
{
    struct driven *d = driven_trial(NULL);
    struct server server = { .part = echoes };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char path[64], conf[256];
    int stranger, datagrams;

    (void)unused;
    snprintf(path, sizeof path, "/tmp/talon-test-%ld.sock", (long)getpid());
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    snprintf(conf, sizeof conf, "\"address\":{\"unix\":\"%s\"},\"listen\":true,\"send\":\"hello\"", path);
    server.listening = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(server.listening, (struct sockaddr *)&address, sizeof address), 0);
    CONCLUDED(driven_run(d, "trial.connect", 10000, conf), "fail", "connect.refused", "nobody listens");
    assert_int_equal(listen(server.listening, 0), 0);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
    HOLDS(detail_in(driven_run(d, "trial.connect", 10000, conf), "data", 0), "hello");
    pthread_join(server.thread, NULL);

    stranger = socket(AF_UNIX, SOCK_STREAM, 0); /* takes the only place in its backlog: the host tries again until its deadline */
    assert_int_equal(connect(stranger, (struct sockaddr *)&address, sizeof address), 0);
    CONCLUDED(driven_run(d, "trial.connect", 300, conf), "fail", "connect.timeout", "not made in time");
    close(stranger);
    close(server.listening);
    unlink(path);
    datagrams = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(datagrams, (struct sockaddr *)&address, sizeof address), 0);
    CONCLUDED(driven_run(d, "trial.connect", 10000, conf), "fail", "protocol.bad", "no stream socket");
    close(datagrams);
    unlink(path);
    driven_quit(d);
}

/* Begins `n` runs that connect to the port and listen. */
static void begin_many(struct driven *d, int port, unsigned left_ms, unsigned n, char run[][16])
{
    for (unsigned i = 0; i < n; i++)
        snprintf(run[i], sizeof run[i], "%s", driven_begin(d, driven_setup(d, "trial.connect", to(port, "\"listen\":true")), left_ms, NULL));
}

/* A descriptor that is not free is waited for: until the deadline, or until another run gives its own back. */
static void waits_for_descriptors(void **unused)
{
    struct driven *d = driven_trial("\"fds\":24");
    int port, fd = listen_on(&port);
    char early[24][16], impatient[8][16], patient[8][16];

    (void)unused;
    begin_many(d, port, 60000, 24, early); /* they take all there are */
    begin_many(d, port, 300, 8, impatient);
    begin_many(d, port, 60000, 8, patient);
    for (int i = 0; i < 8; i++)
        CONCLUDED(driven_done(d, impatient[i]), "unknown", "local", "the limit `fds` of this plugin host (24) is reached");
    close(fd); /* ends who is connected; who comes after them finds nobody, but gets to know it */
    for (int i = 0; i < 24; i++)
        assert_string_equal(text_in(driven_done(d, early[i]), "status"), "fail");
    for (int i = 0; i < 8; i++)
        CONCLUDED(driven_done(d, patient[i]), "fail", "connect.refused", "connection refused");
    driven_quit(d);
}

static void has_descriptors_again(void **unused)
{
    struct driven *d = driven_trial("\"fds\":24");
    struct server server;
    int port, fd = listen_on(&port);
    char run[32][16];

    (void)unused;
    begin_many(d, port, 500, 32, run);
    for (int i = 0; i < 32; i++) { /* which of them had one is a race between their deadlines: none is told anything else */
        const cJSON *done = driven_done(d, run[i]);

        if (strcmp(text_in(done, "status"), "unknown") == 0)
            CONCLUDED(done, "unknown", "local", "the limit `fds` of this plugin host (24) is reached");
        else
            CONCLUDED(done, "fail", strcmp(text_in(done, "reason"), "timeout") == 0 ? "timeout" : "connect.timeout", "");
    }
    close(fd);
    server_start(&server, closes_at_once);
    CONCLUDED(driven_run(d, "trial.connect", 10000, to(server.port, "")), "fail", "connect.closed", "");
    server_stop(&server);
    driven_quit(d);
}

static void reaches_the_http_module(void **unused)
{
    struct driven *d = driven_trial(NULL);
    int port, fd = listen_on(&port);
    char conf[128];

    (void)unused;
    close(fd);
    snprintf(conf, sizeof conf, "\"url\":\"http://127.0.0.1:%d/\"", port);
    CONCLUDED(driven_run(d, "trial.http", 10000, conf), "fail", "connect.refused", "no answer");
    driven_quit(d);
}

/* TLS on a connection that stands: what came before it proves nothing, and what is no TLS ends it. */
static void tls_that_begins_later(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    meet(d, closes_at_once, 10000, "\"tls\":true"); /* loads the module, which may take its time */
    CONCLUDED(meet(d, agrees_and_says_more, 10000, "\"listen\":true,\"secure\":\"1\""), "fail", "protocol.bad", "said more in plain text");
    CONCLUDED(meet(d, agrees_and_speaks_no_tls, 10000, "\"listen\":true,\"secure\":\"1\""), "fail", "tls.broken", "does not speak TLS");
    CONCLUDED(meet(d, agrees_and_closes, 10000, "\"listen\":true,\"secure\":\"1\""), "fail", "connect.closed", "");
    CONCLUDED(meet(d, agrees_and_is_silent, 1000, "\"listen\":true,\"secure\":\"1\""), "fail", "timeout", "handshake");
    CONCLUDED(meet(d, agrees_and_is_silent, 10000, "\"listen\":true,\"secure\":\"2\""), "unknown", "local", "has TLS already");
    driven_quit(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talks),
        cmocka_unit_test(offers_again_what_is_unused),
        cmocka_unit_test(tells_the_last),
        cmocka_unit_test(tells_the_end),
        cmocka_unit_test(tls_that_begins_later),
        cmocka_unit_test(bounds_input),
        cmocka_unit_test(bounds_output),
        cmocka_unit_test(fails_for_silence),
        cmocka_unit_test(stops),
        cmocka_unit_test(tells_who_is_not_there),
        cmocka_unit_test(resolves),
        cmocka_unit_test(connects_to_unix_sockets),
        cmocka_unit_test(waits_for_descriptors),
        cmocka_unit_test(has_descriptors_again),
        cmocka_unit_test(reaches_the_http_module),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
