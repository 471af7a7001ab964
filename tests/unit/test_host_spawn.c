/* Child processes of the plugin host: their output, their input, their deadlines, and that nothing of them is left. */
#include "host_drive.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what is left: processes that bear the mark of a host's child */

/* Marked processes that live, of that host. Where the system shows no environments (macOS) there are none to be seen. */
static int marked(pid_t host)
{
    DIR *proc = opendir("/proc");
    char beginning[64], path[300], bytes[65536];
    const struct dirent *entry;
    int count = 0;

    snprintf(beginning, sizeof beginning, "TALON_RUN=%ld-", (long)host);
    while (proc && (entry = readdir(proc)) != NULL) {
        FILE *file;
        size_t n;

        snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
        file = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        n = file ? fread(bytes, 1, sizeof bytes - 1, file) : 0;
        bytes[n] = '\0';
        for (const char *at = bytes; at < bytes + n; at += strlen(at) + 1)
            count += strncmp(at, beginning, strlen(beginning)) == 0;
        if (file)
            fclose(file);
    }
    if (proc)
        closedir(proc);
    return count;
}

/* What was killed is seen for as long as the kernel takes to end it. */
static bool all_gone(pid_t host)
{
    int looks = 5000;

    while (marked(host) > 0 && looks-- > 0)
        poll(NULL, 0, 2);
    return looks >= 0;
}

static int children_of(pid_t host)
{
    char path[128], bytes[4096];
    FILE *file;
    size_t n;
    int count = 0;

    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)host, (long)host);
    file = fopen(path, "r");
    n = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    for (size_t i = 0; i < n; i++)
        count += bytes[i] == ' ';
    if (file)
        fclose(file);
    return count;
}

static bool none_is_left(void *d)
{
    return marked(driven_pid(d)) == 0 && children_of(driven_pid(d)) == 0;
}

static const char *shell(const char *script, const char *more)
{
    static char conf[2048];

    snprintf(conf, sizeof conf, "\"command\":[\"sh\",\"-c\",\"%s\"]%s%s", script, *more ? "," : "", more);
    return conf;
}

/* ---- output and input */

static void takes_output(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.spawn", 10000, shell("echo out; echo err >&2; exit 3", ""));

    (void)unused;
    CONCLUDED(done, "ok", "trial.ok", "ended");
    assert_true(metric_in(done, "code") == 3);
    assert_true(metric_in(done, "signal") == 0);
    assert_string_equal(detail_in(done, "out", 0), "out");
    assert_string_equal(detail_in(done, "err", 0), "err");
    done = driven_run(d, "trial.spawn", 10000, shell("kill -9 $$", ""));
    assert_true(metric_in(done, "code") == -1);
    assert_true(metric_in(done, "signal") == 9);
    driven_quit(d);
}

static void keeps_head_and_tail(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *script = "printf head; i=0; while [ $i -lt 2000 ]; do printf '%0100d' $i; i=$((i+1)); done; printf tail";
    const cJSON *done = driven_run(d, "trial.spawn", 30000, shell(script, "\"max_output\":\"10000\""));

    (void)unused;
    CONCLUDED(done, "ok", "trial.ok", "ended");
    assert_true(metric_in(done, "out") == 10000);
    assert_true(metric_in(done, "out_dropped") == 200008 - 10000);
    HOLDS(detail_in(done, "out", 0), "head0000");
    HOLDS(detail_in(done, "end", 0), "01999tail");
    done = driven_run(d, "trial.spawn", 30000, shell(script, ""));
    assert_true(metric_in(done, "out") == 65536);
    driven_quit(d);
}

static void gives_input(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.spawn", 10000, "\"command\":[\"cat\"],\"input\":\"some input\"");

    (void)unused;
    assert_string_equal(detail_in(done, "out", 0), "some input");
    done = driven_run(d, "trial.spawn", 10000, "\"command\":[\"cat\"]"); /* nothing to read is the end of input */
    assert_true(metric_in(done, "out") == 0);
    done = driven_run(d, "trial.spawn", 10000, "\"command\":[\"true\"],\"input\":\"nobody reads this\"");
    assert_true(metric_in(done, "code") == 0);
    driven_quit(d);
}

static void gives_a_small_environment(void **unused)
{
    struct driven *d;
    const cJSON *done;

    (void)unused;
    setenv("TALON_TEST_SECRET", "inherited", 1);
    d = driven_trial(NULL);
    done = driven_run(d, "trial.spawn", 10000, shell("echo \\\"$TALON_TEST_SECRET|$PATH|$MINE|$HOME|${TALON_RUN%%-*}|$(pwd)\\\"",
                                                     "\"env\":[\"MINE=given\",\"HOME=/mine\",\"TALON_RUN=forged\"],\"folder\":\"/usr\""));
    HOLDS(detail_in(done, "out", 0), "|/usr/local/bin:/usr/bin:/bin|given|/mine|");
    assert_null(strstr(detail_in(done, "out", 0), "inherited"));
    assert_null(strstr(detail_in(done, "out", 0), "forged"));
    HOLDS(detail_in(done, "out", 0), "|/usr");
    driven_say(d, "{\"type\":\"hello\",\"protocol\":1,\"version\":\"test\",\"path\":\"/usr/bin:/bin\",\"limits\":{}}"); /* the configuration has changed */
    done = driven_run(d, "trial.spawn", 10000, shell("echo $PATH; ulimit -c", ""));
    HOLDS(detail_in(done, "out", 0), "/usr/bin:/bin 0");
    driven_quit(d);
    unsetenv("TALON_TEST_SECRET");
}

static void streams(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.spawn", 20000, shell("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; printf rest", "\"stream\":true"));

    (void)unused;
    CONCLUDED(done, "ok", "trial.ok", "ended");
    assert_true(metric_in(done, "lines") == 3000);
    assert_true(metric_in(done, "out") == 0);
    CONCLUDED(driven_run(d, "trial.spawn", 20000, shell("yes", "\"greedy\":true,\"max_output\":\"1000\"")), "fail", "too_big", "more than 1000 bytes");
    done = driven_run(d, "trial.spawn", 20000, shell("echo first; exec sleep 60", "\"stop\":true"));
    CONCLUDED(done, "ok", "trial.ok", "stopped");
    assert_string_equal(detail_in(done, "first", 0), "first");
    until(none_is_left, d);
    driven_quit(d);
}

/* ---- what cannot be run */

static void says_what_is_missing(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    CONCLUDED(driven_run(d, "trial.spawn", 10000, "\"command\":[\"no-such-program\"]"), "unknown", "exec.not_found",
              "no-such-program is not found in /usr/local/bin:/usr/bin:/bin");
    CONCLUDED(driven_run(d, "trial.spawn", 10000, "\"command\":[\"/etc/passwd\"]"), "unknown", "exec.not_allowed", "/etc/passwd");
    CONCLUDED(driven_run(d, "trial.spawn", 10000, "\"command\":[]"), "unknown", "exec.not_found", "no program is named");
    driven_quit(d);
}

/* ---- deadlines */

static void ends_at_the_deadline(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.spawn", 500, shell("echo begun; exec sleep 60", ""));

    (void)unused;
    CONCLUDED(done, "fail", "exec.timeout", "did not end within");
    assert_true(metric_in(done, "code") == -1);
    assert_string_equal(detail_in(done, "out", 0), "begun");
    until(none_is_left, d);
    driven_quit(d);
}

static void is_not_kept_by_a_grandchild(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.spawn", 500, shell("sleep 60 & echo done", ""));

    (void)unused;
    CONCLUDED(done, "fail", "exec.timeout", "kept its output open");
    assert_true(metric_in(done, "code") == 0);
    until(none_is_left, d);
    driven_quit(d);
}

static void gives_a_grace(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const uint64_t began = now_ns();
    const cJSON *done = driven_run(d, "trial.spawn", 20000, shell("trap 'echo asked; exit 5' TERM; echo begun; while :; do sleep 0.05; done", "\"timeout\":\"500000000\""));

    (void)unused;
    CONCLUDED(done, "fail", "exec.timeout", "did not end within");
    assert_true(metric_in(done, "code") == 5);
    HOLDS(detail_in(done, "out", 0), "asked");
    done = driven_run(d, "trial.spawn", 20000, shell("trap '' TERM; echo begun; while :; do sleep 0.05; done", "\"timeout\":\"300000000\",\"grace\":\"300000000\""));
    CONCLUDED(done, "fail", "exec.timeout", "did not end within");
    assert_true(metric_in(done, "signal") == 9);
    assert_true(now_ns() - began < UINT64_C(15000000000));
    until(none_is_left, d);
    driven_quit(d);
}

/* At the run's deadline it is told at once; the child has its grace all the same, and then no more. */
static void kills_what_ignores_sigterm(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    CONCLUDED(driven_run(d, "trial.spawn", 500, shell("trap '' TERM; while :; do sleep 0.05; done", "\"grace\":\"200000000\"")), "fail", "exec.timeout", "");
    until(none_is_left, d);
    driven_quit(d);
}

static void ends_with_a_cancel(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *run = driven_begin(d, driven_setup(d, "trial.spawn", shell("exec sleep 60", "")), 60000, NULL);

    (void)unused;
    driven_say(d, "{\"type\":\"cancel\",\"run\":\"%s\"}", run);
    CONCLUDED(driven_done(d, run), "unknown", "cancelled", "");
    until(none_is_left, d);
    driven_quit(d);
}

/* ---- what leaves its process group */

static void finds_what_left_its_group(void **unused)
{
#ifndef __linux__
    (void)unused;
    skip(); /* nobody can adopt orphans there */
#else
    struct driven *d = driven_trial(NULL);
    const char *daemon = "setsid sh -c 'setsid sleep 60 & sleep 60' >/dev/null 2>&1 </dev/null & sleep 0.2; echo done";
    const cJSON *done = driven_run(d, "trial.spawn", 10000, shell(daemon, ""));

    (void)unused;
    CONCLUDED(done, "ok", "trial.ok", "ended");
    until(none_is_left, d);
    driven_quit(d);
#endif
}

/* What is still on its way is left alone while another run's is ended. */
static void leaves_others_alone(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *daemon = "setsid sh -c 'sleep 0.6; echo alive' & sleep 0.1";
    const char *run = driven_begin(d, driven_setup(d, "trial.spawn", shell(daemon, "")), 10000, NULL);

    (void)unused;
    for (int i = 0; i < 5; i++)
        driven_run(d, "trial.spawn", 10000, shell("setsid sleep 60 >/dev/null 2>&1 & true", ""));
    assert_string_equal(detail_in(driven_done(d, run), "out", 0), "alive");
    until(none_is_left, d);
    driven_quit(d);
}

/* One process in a session of its own, one of the command's own group: what they write down are their numbers. */
static void server_of(struct driven *d, const char *ending, pid_t pids[2])
{
    char script[256];
    const cJSON *done;
    long first = 0, second = 0;

    snprintf(script, sizeof script, "setsid sleep 61 >/dev/null 2>&1 </dev/null & echo $!; sleep 62 >/dev/null 2>&1 </dev/null & echo $!; %s", ending);
    done = driven_run(d, "trial.spawn", 10000, shell(script, "\"lasting\":true"));
    assert_int_equal(sscanf(detail_in(done, "out", 0), "%ld%ld", &first, &second), 2);
    pids[0] = (pid_t)first;
    pids[1] = (pid_t)second;
}

static bool is_gone(void *pid)
{
    return kill(*(pid_t *)pid, 0) != 0;
}

/* A program that starts a server, and says so by ending well, is not undone by the end of its run, nor by that of the host. */
static void leaves_what_is_to_last(void **unused)
{
    struct driven *d = driven_trial(NULL);
    pid_t failed[2], started[2];

    (void)unused;
    server_of(d, "exit 1", failed);
    until(is_gone, &failed[1]);
    server_of(d, "exit 0", started);
    driven_run(d, "trial.spawn", 10000, shell("true", ""));
    driven_quit(d);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kill(started[i], 0), 0);
        kill(started[i], SIGKILL);
    }
    kill(failed[0], SIGKILL);
}

static void leaves_nothing_when_it_quits(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const pid_t pid = driven_pid(d);

    (void)unused;
    driven_begin(d, driven_setup(d, "trial.spawn", shell("trap '' TERM; setsid sleep 60 & sleep 61 & while :; do sleep 0.05; done", "\"stream\":true")), 60000, NULL);
    driven_begin(d, driven_setup(d, "trial.spawn", shell("sleep 62", "")), 60000, NULL);
    driven_run(d, "trial.spawn", 10000, shell("true", ""));
    driven_quit(d);
    assert_true(all_gone(pid));
}

/* The core is gone: the host and all it has started go as well. */
static void leaves_nothing_when_the_core_dies(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const pid_t pid = driven_pid(d);

    (void)unused;
    driven_begin(d, driven_setup(d, "trial.spawn", shell("sleep 61 & sleep 62", "")), 60000, NULL);
    driven_run(d, "trial.spawn", 10000, shell("true", ""));
    shutdown(driven_fd(d), 2);
    driven_ends(d);
    driven_free(d);
    assert_true(all_gone(pid));
}

/* A thousand with SOAK=1. */
static void leaves_nothing_after_many(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const int rounds = getenv("SOAK") ? 125 : 25;
    const char *script = "exit 0";
    char instance[8][16], run[8][16];

    (void)unused;
    for (int i = 0; i < 8; i++)
        snprintf(instance[i], sizeof instance[i], "%s", driven_setup(d, "trial.spawn", i % 2 ? shell(script, "") : shell("true & true", "")));
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < 8; i++)
            snprintf(run[i], sizeof run[i], "%s", driven_begin(d, instance[i], 30000, NULL));
        for (int i = 0; i < 8; i++)
            CONCLUDED(driven_done(d, run[i]), "ok", "trial.ok", "ended");
    }
    until(none_is_left, d);
    driven_quit(d);
}

/* ---- bounds */

static void waits_for_a_free_child(void **unused)
{
    struct driven *d = driven_trial("\"children\":2");
    const char *slow[2], *run;
    char first[16], second[16];

    (void)unused;
    slow[0] = driven_begin(d, driven_setup(d, "trial.spawn", shell("sleep 1", "")), 10000, NULL);
    snprintf(first, sizeof first, "%s", slow[0]);
    slow[1] = driven_begin(d, driven_setup(d, "trial.spawn", shell("sleep 1", "")), 10000, NULL);
    snprintf(second, sizeof second, "%s", slow[1]);
    run = driven_begin(d, driven_setup(d, "trial.spawn", shell("echo at last", "")), 300, NULL);
    CONCLUDED(driven_done(d, run), "unknown", "local", "the limit `children` of this plugin host (2) is reached");
    run = driven_begin(d, driven_setup(d, "trial.spawn", shell("echo at last", "")), 10000, NULL);
    assert_string_equal(detail_in(driven_done(d, run), "out", 0), "at last");
    CONCLUDED(driven_done(d, first), "ok", "trial.ok", "ended");
    CONCLUDED(driven_done(d, second), "ok", "trial.ok", "ended");
    driven_quit(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_output),
        cmocka_unit_test(keeps_head_and_tail),
        cmocka_unit_test(gives_input),
        cmocka_unit_test(gives_a_small_environment),
        cmocka_unit_test(streams),
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(ends_at_the_deadline),
        cmocka_unit_test(is_not_kept_by_a_grandchild),
        cmocka_unit_test(gives_a_grace),
        cmocka_unit_test(kills_what_ignores_sigterm),
        cmocka_unit_test(ends_with_a_cancel),
        cmocka_unit_test(finds_what_left_its_group),
        cmocka_unit_test(leaves_others_alone),
        cmocka_unit_test(leaves_what_is_to_last),
        cmocka_unit_test(leaves_nothing_when_it_quits),
        cmocka_unit_test(leaves_nothing_when_the_core_dies),
        cmocka_unit_test(leaves_nothing_after_many),
        cmocka_unit_test(waits_for_a_free_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
