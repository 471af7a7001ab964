/* How `talon init` finds out what is there: servers of every kind on loopback ports of their own, answers to a TLS hello by themselves, kubeconfig files,
 * and what the system tells. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/moment.h"
#include "base/os/clock.h"
#include "cli/discover.h"
#include "cli/discover_tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- servers: each says `greeting` at once, and to what begins with `question` the `answer`; everything else is met with silence, or with `otherwise` ---- */

struct serves {
    const char *greeting;
    const char *question, *answer;
    size_t n_answer; /* 0: of the text */
    const char *otherwise;
    int hangs_up;    /* after its answer, or at once where it has none */
};

struct server {
    pid_t pid;
    uint16_t port;
    volatile int *spoken_to; /* shared with the server's process: how often it was sent something */
};

static void serve_one(int fd, const struct serves *how, volatile int *spoken_to)
{
    char heard[4096];
    size_t n = 0;

    if (how->greeting && write(fd, how->greeting, strlen(how->greeting)) < 0)
        return;
    if (how->hangs_up && !how->question && !how->otherwise)
        return;
    while (n < sizeof heard - 1) {
        const ssize_t got = read(fd, heard + n, sizeof heard - 1 - n);
        const char *answer = how->otherwise;
        size_t n_answer = answer ? strlen(answer) : 0;

        if (got <= 0)
            return;
        ++*spoken_to;
        n += (size_t)got;
        heard[n] = '\0';
        if (how->question && strncmp(heard, how->question, strlen(how->question)) == 0) {
            answer = how->answer;
            n_answer = how->n_answer ? how->n_answer : strlen(answer);
        }
        if (answer && write(fd, answer, n_answer) < 0)
            return;
        if (answer && how->hangs_up)
            return;
        n = 0;
    }
}

static struct server serve(const struct serves *how)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    struct server server;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    server.port = ntohs(at.sin_port);
    server.spoken_to = mmap(NULL, sizeof *server.spoken_to, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(server.spoken_to != MAP_FAILED);
    server.pid = fork();
    assert_true(server.pid >= 0);
    if (server.pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        for (;;) {
            const int one = accept(fd, NULL, NULL);

            if (one < 0)
                _exit(0);
            serve_one(one, how, server.spoken_to);
            close(one);
        }
    }
    close(fd);
    return server;
}

static void stop(struct server *servers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        kill(servers[i].pid, SIGKILL);
        waitpid(servers[i].pid, NULL, 0);
        munmap((void *)servers[i].spoken_to, sizeof *servers[i].spoken_to);
    }
}

/* A ServerHello and the end of the first flight of TLS 1.2; the same with a request for a certificate between. */
#define RECORD(n) "\x16\x03\x03\0" n
#define MESSAGE(type, n) type "\0\0" n
static const char flight[] = RECORD("\x0b") MESSAGE("\x02", "\x03") "abc" MESSAGE("\x0e", "\0");
static const char flight_certificate[] = RECORD("\x07") MESSAGE("\x02", "\x03") "abc" RECORD("\x06") MESSAGE("\x0d", "\x02") "xy" RECORD("\x04") MESSAGE("\x0e", "\0");
static const char alert[] = "\x15\x03\x03\0\x02\x02\x70";

static void what_they_speak(void **unused)
{
    static const struct {
        struct serves how;
        enum speech speech;
        const char *server;
        int status, password, handshake;
    } cases[] = {
        { { .greeting = "SSH-2.0-OpenSSH_9.2\r\n" }, SPEAKS_SSH, "", 0, 0, 0 },
        { { .greeting = "220 mail.example ESMTP\r\n" }, SPEAKS_NOTHING, "", 0, 0, 0 },
        { { .question = "PING", .answer = "+PONG\r\n" }, SPEAKS_REDIS, "", 0, 0, 0 },
        { { .question = "PING", .answer = "-NOAUTH Authentication required.\r\n" }, SPEAKS_REDIS, "", 0, 1, 0 },
        { { .question = "PING", .answer = "-LOADING Redis is loading\r\n" }, SPEAKS_REDIS, "", 0, 0, 0 },
        { { .question = "GET / HTTP/1.1\r\nHost: 127.0.0.1:", .answer = "HTTP/1.1 200 OK\r\nserver: Caddy\r\nX: y\r\n\r\nhello", .otherwise = "HTTP/1.1 400 Bad Request\r\n\r\n", .hangs_up = 1 },
          SPEAKS_HTTP, "Caddy", 200, 0, 0 },
        { { .question = "GET", .answer = "HTTP/1.0 404 Not Found\r\nServer:x/1.0 (y)\r\n\r\n", .hangs_up = 1 }, SPEAKS_HTTP, "x/1.0 (y)", 404, 0, 0 },
        { { .question = "GET", .answer = "HTTP/1.1 200 cut", .hangs_up = 1 }, SPEAKS_HTTP, "", 200, 0, 0 },
        { { .question = "\x16\x03", .answer = flight, .n_answer = sizeof flight - 1, .otherwise = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", .hangs_up = 1 },
          SPEAKS_TLS, "", 400, 0, 1 },
        { { .question = "\x16\x03", .answer = alert, .n_answer = sizeof alert - 1, .hangs_up = 1 }, SPEAKS_TLS, "", 0, 0, 0 },
        { { .question = "\x16\x03", .answer = flight_certificate, .n_answer = sizeof flight_certificate - 1 }, SPEAKS_TLS, "", 0, 0, 0 },
        { { .otherwise = "HTTP/1.1 400 Bad Request\r\n\r\n", .hangs_up = 1 }, SPEAKS_HTTP, "", 400, 0, 0 }, /* it means it */
        { { .otherwise = NULL }, SPEAKS_NOTHING, "", 0, 0, 0 },
        { { .hangs_up = 1 }, SPEAKS_NOTHING, "", 0, 0, 0 },
        { { .otherwise = "what?", .hangs_up = 1 }, SPEAKS_NOTHING, "", 0, 0, 0 },
    };
    enum { N = sizeof cases / sizeof *cases };
    struct listener listeners[N + 1] = { 0 };
    struct server servers[N];
    uint64_t begun, took;

    (void)unused;
    for (size_t i = 0; i < N; i++) {
        servers[i] = serve(&cases[i].how);
        listeners[i].port = servers[i].port;
        snprintf(listeners[i].address, sizeof listeners[i].address, "127.0.0.1");
    }
    snprintf(listeners[N].address, sizeof listeners[N].address, "127.0.0.1");
    listeners[N].port = 1; /* nobody */
    begun = clock_awake();
    discover_speech(listeners, N + 1);
    took = clock_awake() - begun;
    assert_int_equal(*servers[0].spoken_to, 0); /* they spoke first */
    assert_int_equal(*servers[1].spoken_to, 0);
    assert_true(*servers[2].spoken_to > 0);
    stop(servers, N);
    for (size_t i = 0; i < N; i++) {
        if (listeners[i].speech != cases[i].speech || listeners[i].handshake != cases[i].handshake || listeners[i].status != cases[i].status ||
            listeners[i].password != cases[i].password || strcmp(listeners[i].server, cases[i].server) != 0)
            fail_msg("server %zu: speech %d, status %d, handshake %d, server \"%s\"", i, (int)listeners[i].speech, listeners[i].status, (int)listeners[i].handshake,
                     listeners[i].server);
    }
    assert_int_equal(listeners[N].speech, SPEAKS_NOTHING);
    assert_true(took < 2 * (uint64_t)NS_PER_S); /* so many it promises */
}

static void answers_to_a_hello(void **unused)
{
    static const struct {
        const char *bytes;
        size_t n;
        enum tls_answer answer;
    } cases[] = {
        { flight, sizeof flight - 1, TLS_GOOD },
        { flight, sizeof flight - 2, TLS_MORE },
        { flight, 1, TLS_MORE },
        { "", 0, TLS_MORE },
        { flight_certificate, sizeof flight_certificate - 1, TLS_CERTIFICATE },
        { RECORD("\x07") MESSAGE("\x02", "\x03") "abc\x14\x03\x03\0\x01\x01", 18, TLS_GOOD },  /* 1.3 with its middlebox habit */
        { RECORD("\x07") MESSAGE("\x02", "\x03") "abc\x17\x03\x03\0\x01\x01", 18, TLS_GOOD },  /* 1.3 without */
        { RECORD("\x02") "\x02\0" RECORD("\x05") "\0\x03" "abc" "\x17\x03\x03\0\x01\x01", 23, TLS_GOOD }, /* a message across records */
        { alert, sizeof alert - 1, TLS_REFUSED },
        { RECORD("\x07") MESSAGE("\x02", "\x03") "abc\x15\x03\x03\0\x02\x02\x28", 19, TLS_REFUSED },
        { "HTTP/1.1 400", 12, TLS_NOT },
        { "\x16\x02\x03\0\x01\x02", 6, TLS_NOT },
        { RECORD("\x04") MESSAGE("\x01", "\0"), 9, TLS_NOT }, /* a hello of its own */
        { "\x17\x03\x03\0\x01x", 6, TLS_NOT },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char *exact = malloc(cases[i].n ? cases[i].n : 1); /* a step beyond is seen */
        enum tls_answer answer;

        memcpy(exact, cases[i].bytes, cases[i].n);
        answer = discover_tls_read(exact, cases[i].n);
        if (answer != cases[i].answer)
            fail_msg("case %zu is %d", i, (int)answer);
        free(exact);
    }
}

static void a_hello_is_well_formed(void **unused)
{
    unsigned char hello[TLS_HELLO], another[TLS_HELLO];
    const size_t n = discover_tls_hello(hello);
    size_t at, end;

    (void)unused;
    assert_true(n > 100 && n <= TLS_HELLO);
    assert_int_equal(hello[3] << 8 | hello[4], n - 5);
    assert_int_equal(hello[6] << 16 | hello[7] << 8 | hello[8], n - 9);
    at = 9 + 2 + 32;
    at += 1u + hello[at];                               /* session id */
    at += 2u + (unsigned)(hello[at] << 8 | hello[at + 1]); /* suites */
    at += 1u + hello[at];                               /* compression */
    end = at + 2 + (unsigned)(hello[at] << 8 | hello[at + 1]);
    assert_int_equal(end, n);
    for (at += 2; at + 4 <= end;)
        at += 4 + (unsigned)(hello[at + 2] << 8 | hello[at + 3]);
    assert_int_equal(at, end); /* the extensions fill it exactly */
    discover_tls_hello(another);
    assert_memory_not_equal(hello + 11, another + 11, 32);
}

/* ---- kubeconfig ---- */

static void kubeconfigs(void **unused)
{
    static const char two[] = "apiVersion: v1\nclusters:\n- cluster: {server: https://far.example.com}\n  name: far\n- cluster:\n    server: 'https://127.0.0.1:6443/path'\n"
                              "  name: near\ncontexts:\n- {name: here, context: {cluster: near, user: me}}\n";
    static const struct {
        const char *text, *current, *host, *context;
        unsigned port; /* 0: there is none */
    } cases[] = {
        { two, "current-context: here\n", "127.0.0.1", "here", 6443 },
        { two, "", "far.example.com", "", 443 },
        { two, "current-context: other\n", "far.example.com", "other", 443 },
        { "clusters: [{name: a, cluster: {server: 'https://[2001:db8::1]:6443'}}]\n", "", "2001:db8::1", "", 6443 },
        { "clusters: [{name: a, cluster: {server: 'https://[::1]'}}]\n", "", "::1", "", 443 },
        { "clusters: [{name: a, cluster: {server: 'http://localhost'}}]\n", "", "localhost", "", 80 },
        { "clusters: [{name: a, cluster: {server: 'https://a:0'}}]\n", "", "", "", 0 },
        { "clusters: [{name: a, cluster: {server: 'https://a:65536'}}]\n", "", "", "", 0 },
        { "clusters: [{name: a, cluster: {server: 'https://a:x'}}]\n", "", "", "", 0 },
        { "clusters: [{name: a, cluster: {server: ''}}]\n", "", "", "", 0 },
        { "clusters: []\n", "", "", "", 0 },
        { "clusters: {server: x}\n", "", "", "", 0 },
        { "{\n", "", "", "", 0 },
        { "", "", "", "", 0 },
    };
    char path[] = "/tmp/talon-kube-XXXXXX";
    const int fd = mkstemp(path);
    struct discovered_cluster cluster;

    (void)unused;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        fprintf(file, "%s%s", cases[i].text, cases[i].current);
        fclose(file);
        if (discover_kubernetes(path, &cluster) != (cases[i].port != 0))
            fail_msg("case %zu", i);
        if (cases[i].port == 0)
            continue;
        assert_string_equal(cluster.host, cases[i].host);
        assert_string_equal(cluster.context, cases[i].context);
        assert_int_equal(cluster.port, cases[i].port);
    }
    unlink(path);
    assert_false(discover_kubernetes(path, &cluster));
}

/* ---- the system ---- */

static void the_system_shows_our_listener(void **unused)
{
    static struct listener listeners[4096];
    struct serves silent = { .otherwise = NULL };
    struct server server = serve(&silent);
    size_t n = discover_listeners(listeners, 4096), found = 0;

    (void)unused;
    stop(&server, 1);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || listeners[i].port > listeners[i - 1].port);
        found += listeners[i].port == server.port;
        if (listeners[i].port == server.port)
            assert_string_equal(listeners[i].address, "127.0.0.1");
    }
    assert_int_equal(found, 1);
    assert_int_equal(discover_listeners(listeners, 0), 0);
}

static void the_system_shows_its_file_systems(void **unused)
{
    char mounts[DISCOVER_MOUNTS][256];
    size_t n = discover_mounts(mounts, DISCOVER_MOUNTS);
    struct stat folder;

    (void)unused;
    assert_true(n >= 1 && n <= DISCOVER_MOUNTS);
    assert_string_equal(mounts[0], "/");
    for (size_t i = 1; i < n; i++) {
        assert_int_equal(stat(mounts[i], &folder), 0);
        assert_true(S_ISDIR(folder.st_mode));
        assert_true(i == 1 || strcmp(mounts[i - 1], mounts[i]) < 0);
    }
    assert_true(discover_ephemeral() > 1023 && discover_ephemeral() < 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_they_speak),
        cmocka_unit_test(answers_to_a_hello),
        cmocka_unit_test(a_hello_is_well_formed),
        cmocka_unit_test(kubeconfigs),
        cmocka_unit_test(the_system_shows_our_listener),
        cmocka_unit_test(the_system_shows_its_file_systems),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("discover", tests, NULL, NULL);
}
