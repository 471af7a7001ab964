/* The wire as the host has it: floods in both directions, lines that cannot be, the breadcrumb, and that only a socket will do. */
#include "host_drive.h"

#include "base/os/crumb.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void dies_of(const char *line, const char *part)
{
    struct driven *d = driven_trial(NULL);
    int status;

    driven_say(d, "%s", line);
    status = driven_ends(d);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
    HOLDS(driven_stderr(d), part);
    driven_log(d, part);
    driven_free(d);
}

static void ends_where_sides_disagree(void **unused)
{
    (void)unused;
    dies_of("no json", "no JSON object");
    dies_of("[]", "no JSON object");
    dies_of("{}", "a message without a type");
    dies_of("{\"type\":\"start\",\"run\":\"a b\",\"instance\":\"i\",\"left_ns\":\"1\",\"flags\":[]}", "without a good `run`");
    dies_of("{\"type\":\"start\",\"run\":\"a\",\"instance\":\"i\",\"left_ns\":\"x\",\"flags\":[]}", "without `left_ns`");
    dies_of("{\"type\":\"start\",\"run\":\"123456789012345678901234567890123\",\"instance\":\"i\",\"left_ns\":\"1\",\"flags\":[]}", "without a good `run`");
    dies_of("{\"type\":\"cancel\"}", "`cancel` without `run`");
    dies_of("{\"type\":\"hello\",\"protocol\":2}", "another version of the plugin protocol");
}

static void ends_for_a_run_twice(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.timer", "\"delay\":\"60000000000\""), *other = driven_setup(d, "trial.timer", "\"delay\":\"1\"");
    const char *run = driven_begin(d, instance, 60000, NULL);

    (void)unused;
    driven_say(d, "{\"type\":\"start\",\"run\":\"%s\",\"instance\":\"%s\",\"left_ns\":\"1000\",\"flags\":[]}", run, other);
    driven_ends(d);
    HOLDS(driven_stderr(d), "a run that is on its way");
    driven_free(d);
}

static void ends_for_a_line_without_end(void **unused)
{
    struct driven *d = driven_start(NULL);
    static char piece[65536];
    ssize_t n = 0;

    (void)unused;
    memset(piece, ' ', sizeof piece);
    for (size_t all = 0; n >= 0 && all < (5u << 20); all += sizeof piece)
        n = send(driven_fd(d), piece, sizeof piece, MSG_NOSIGNAL);
    driven_ends(d);
    HOLDS(driven_stderr(d), "more than 4 MiB");
    driven_free(d);
}

/* Any spelling of JSON is understood, and what is not known is ignored. */
static void reads_any_json(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.instance", "");

    (void)unused;
    driven_say(d, "{ \"flags\" : [ \"once\" , \"later\" ] , \"left_ns\" : \"9000000000\" , \"instance\":\"%s\",\"run\":\"A1\",\"type\":\"start\" }", instance);
    CONCLUDED(driven_done(d, "A1"), "ok", "trial.ok", "once");
    driven_say(d, "{\"type\":\"st\\u0061rt\",\"run\":\"A2\",\"instance\":\"%s\",\"left_ns\":\"9000000000\",\"flags\":[\"nudged\"],\"later\":{\"x\":[1]}}", instance);
    CONCLUDED(driven_done(d, "A2"), "ok", "trial.ok", "nudged");
    driven_say(d, "{\"type\":\"later\"}");
    driven_log(d, "a type that this host does not know");
    driven_say(d, "{\"type\":\"ping\",\"sequence\":\"7\"}");
    assert_string_equal(text_in(driven_hear(d, "pong"), "sequence"), "7");
    driven_quit(d);
}

/* A core that does not read for a while loses no result, and the host does not grow without end meanwhile. */
static void loses_no_result(void **unused)
{
    enum { RUNS = 1500 };
    struct driven *d = driven_trial(NULL);
    char run[8][16];
    const char *instance[8];
    unsigned n = 0;

    (void)unused;
    for (int i = 0; i < 8; i++)
        instance[i] = driven_setup(d, "trial.say", "\"details\":\"12\",\"detail_size\":\"4000\"");
    for (int round = 0; round < RUNS / 8; round++) { /* 48 KB each: the socket is full after a few, and nobody reads */
        for (int i = 0; i < 8; i++)
            snprintf(run[i], sizeof run[i], "%s", driven_begin(d, instance[i], 60000, NULL));
        for (int i = 0; i < 8; i++)
            n += driven_done(d, run[i]) != NULL;
    }
    assert_int_equal(n, RUNS / 8 * 8);
    driven_quit(d);
}

/* The same without reading at all in between: results wait in the socket, in the host's queue, and at last as `start` unread. */
static void stops_reading(void **unused)
{
    enum { RUNS = 300 };
    struct driven *d = driven_trial(NULL);
    char ids[RUNS][16];
    const char *instance[RUNS];

    (void)unused;
    for (int i = 0; i < RUNS; i++)
        instance[i] = driven_setup(d, "trial.say", "\"details\":\"12\",\"detail_size\":\"4000\"");
    for (int i = 0; i < RUNS; i++)
        snprintf(ids[i], sizeof ids[i], "%s", driven_begin(d, instance[i], 60000, NULL));
    for (int i = 0; i < RUNS; i++)
        CONCLUDED(driven_done(d, ids[i]), "ok", "trial.ok", "said");
    driven_quit(d);
}

/* ---- the breadcrumb */

static bool is_in_plugin(void *crumb)
{
    struct crumb seen = crumb_read(crumb);

    return seen.since != 0;
}

static void leaves_a_crumb(void **unused)
{
    struct driven *d = driven_trial(NULL);
    char name[CRUMB_NAME];
    struct crumb *crumb = crumb_create(name), seen;
    const char *run;
    int status;

    (void)unused;
    assert_non_null(crumb);
    driven_free(d);
    d = driven_start_with_crumb(name);
    crumb_unlink(name);
    driven_load(d, "tests/unit/plugins/trial");
    run = driven_begin(d, driven_setup(d, "trial.slow", ""), 5000, NULL);
    until(is_in_plugin, crumb);
    seen = crumb_read(crumb);
    assert_string_equal(seen.plugin, "trial");
    assert_string_equal(seen.check, "service.check");
    assert_string_equal(seen.run, run);
    driven_done(d, run);
    assert_false(is_in_plugin(crumb));
    run = driven_begin(d, driven_setup(d, "trial.crash", ""), 5000, NULL);
    status = driven_ends(d);
    assert_true(status != 0);
    seen = crumb_read(crumb); /* also of a dead one */
    assert_true(seen.since != 0);
    assert_string_equal(seen.run, run);
    crumb_close(crumb);
    driven_free(d);
}

/* ---- by hand */

static int end_of(const char *argument, int in)
{
    char program[512];
    int status;
    pid_t pid;

    snprintf(program, sizeof program, "%s/talon-host", getenv("builddir") ? getenv("builddir") : ".");
    pid = fork();
    if (pid == 0) {
        const int nothing = open("/dev/null", O_RDWR);

        dup2(in >= 0 ? in : nothing, 0);
        dup2(nothing, 1);
        dup2(nothing, 2);
        execl(program, program, argument, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void wants_a_socket(void **unused)
{
    (void)unused;
    assert_int_equal(end_of(NULL, -1), 3);
    assert_int_equal(end_of("--wrong", -1), 3);
    assert_int_equal(end_of("--version", -1), 0);
}

static void ends_when_the_socket_closes(void **unused)
{
    struct driven *d = driven_trial(NULL);
    int status;

    (void)unused;
    driven_begin(d, driven_setup(d, "trial.timer", "\"delay\":\"60000000000\""), 60000, NULL);
    shutdown(driven_fd(d), SHUT_RDWR);
    status = driven_ends(d);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    driven_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_where_sides_disagree),
        cmocka_unit_test(ends_for_a_run_twice),
        cmocka_unit_test(ends_for_a_line_without_end),
        cmocka_unit_test(reads_any_json),
        cmocka_unit_test(loses_no_result),
        cmocka_unit_test(stops_reading),
        cmocka_unit_test(leaves_a_crumb),
        cmocka_unit_test(wants_a_socket),
        cmocka_unit_test(ends_when_the_socket_closes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
