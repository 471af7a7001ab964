/* Blocking runs: each in a process of its own that the deadline kills, whatever it does. And the shipped plugins that need it, end to end. */
#define _GNU_SOURCE
#include "host_drive.h"

#include "base/sanitized.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/ptrace.h>
#endif

/* ---- tracing: Linux alone has it in the form that is needed */

#ifdef __linux__
static bool trace(pid_t pid)
{
    return ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
}

static bool first_child(pid_t host, char *pids, size_t room)
{
    char path[64];
    FILE *file;
    bool found;

    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)host, (long)host);
    file = fopen(path, "r");
    found = file && fgets(pids, (int)room, file) && pids[0];
    if (file)
        fclose(file);
    return found;
}
#else
static bool trace(pid_t pid)
{
    (void)pid;
    return false;
}

static bool first_child(pid_t host, char *pids, size_t room)
{
    snprintf(pids, room, "%ld", (long)host);
    return true;
}
#endif

static void let_go(pid_t pid)
{
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static long process_of(const cJSON *done)
{
    return strtol(text_in(done, "summary") + 8, NULL, 10);
}

static bool is_gone(void *pid)
{
    return kill(*(pid_t *)pid, 0) != 0;
}

static void has_a_process_for_each(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.blocks", "");
    const cJSON *first = driven_done(d, driven_begin(d, instance, 10000, NULL)), *second = driven_done(d, driven_begin(d, instance, 10000, NULL));
    pid_t pid = (pid_t)process_of(second);

    (void)unused;
    CONCLUDED(first, "ok", "trial.ok", "process ");
    assert_true(process_of(first) > 0 && process_of(first) != driven_pid(d));
    assert_true(process_of(second) != process_of(first));
    assert_string_equal(text_in(driven_hear(d, "progress"), "text"), "blocking");
    until(is_gone, &pid);
    driven_quit(d);
}

/* One that blocks for ever stops nothing else, is killed at its deadline, and the next run has another process. */
static void kills_at_the_deadline(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.blocks", "\"time\":\"60000000000\"");
    const char *run = driven_begin(d, instance, 700, NULL);
    const cJSON *done;

    (void)unused;
    CONCLUDED(driven_run(d, "trial.say", 10000, ""), "ok", "trial.ok", "said");
    assert_int_equal(driven_kept(d, "done"), 0);
    done = driven_done(d, run);
    CONCLUDED(done, "fail", "timeout", "waited for the process of a blocking run");
    assert_in_range(strtol(text_in(done, "duration_ns"), NULL, 10) / 1000000, 690, 1500);
    CONCLUDED(driven_done(d, driven_begin(d, instance, 700, NULL)), "fail", "timeout", "");
    driven_quit(d);
}

static void tells_a_death(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.blocks", 20000, "\"crash\":true");

    (void)unused;
    CONCLUDED(done, "unknown", "plugin.died", "plugin trial died (");
    HOLDS(text_in(done, "summary"), "in check service.check");
#if !ADDRESS_SANITIZED
    HOLDS(text_in(done, "summary"), "SIGSEGV");
    driven_mutters(d, "ended by signal 11 in plugin trial, check service.check");
#endif
    CONCLUDED(driven_run(d, "trial.say", 10000, ""), "ok", "trial.ok", "said"); /* nobody else was touched */
    driven_quit(d);
}

static void keeps_what_it_saves(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.blocking_counts", "");

    (void)unused;
    CONCLUDED(driven_done(d, driven_begin(d, instance, 10000, NULL)), "ok", "trial.ok", "1");
    assert_string_equal(text_in(driven_hear(d, "save"), "bytes"), "AQ==");
    CONCLUDED(driven_done(d, driven_begin(d, instance, 10000, NULL)), "ok", "trial.ok", "2");
    driven_quit(d);
}

static void cancels(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *run = driven_begin(d, driven_setup(d, "trial.blocks", "\"time\":\"60000000000\""), 60000, NULL);

    (void)unused;
    driven_hear(d, "progress"); /* it blocks */
    driven_say(d, "{\"type\":\"cancel\",\"run\":\"%s\"}", run);
    CONCLUDED(driven_done(d, run), "unknown", "cancelled", "");
    driven_quit(d);
}

/* More than may be in progress at once: the others have their turn. */
static void takes_turns(void **unused)
{
    struct driven *d = driven_trial(NULL);
    char run[40][16];

    (void)unused;
    for (int i = 0; i < 40; i++)
        snprintf(run[i], sizeof run[i], "%s", driven_begin(d, driven_setup(d, "trial.blocks", "\"time\":\"20000000\""), 60000, NULL));
    for (int i = 0; i < 40; i++)
        CONCLUDED(driven_done(d, run[i]), "ok", "trial.ok", "process ");
    driven_quit(d);
}

static void validates_without_a_process(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    driven_say(d, "{\"type\":\"validate\",\"id\":\"v1\",\"operation\":\"trial.blocks\",\"conf\":{\"time\":\"5\"}}");
    assert_string_equal(text_in(driven_hear(d, "ready"), "id"), "v1");
    driven_quit(d);
}

/* ---- what survives SIGKILL: a process that hangs in the kernel cannot be made here, but one that is traced by another stays in its parent's books after it
 * was killed, until its tracer lets go. */

struct stuck {
    struct driven *d;
    const char *instance;
    pid_t pid;
};

/* Makes it: returns false where tracing is not allowed. */
static bool make_stuck(struct stuck *stuck, const char *operation, const char *conf)
{
    const char *run;
    char pids[64] = "";

    stuck->d = driven_trial(NULL);
    stuck->instance = driven_setup(stuck->d, operation, conf);
    run = driven_begin(stuck->d, stuck->instance, 1000, NULL);
    while (!first_child(driven_pid(stuck->d), pids, sizeof pids))
        poll(NULL, 0, 2);
    stuck->pid = (pid_t)strtol(pids, NULL, 10);
    if (!trace(stuck->pid)) {
        driven_done(stuck->d, run);
        driven_quit(stuck->d);
        return false;
    }
    assert_string_equal(text_in(driven_done(stuck->d, run), "status"), "fail");
    return true;
}

static void abandons(const char *operation, const char *conf, const char *status)
{
    struct stuck stuck;
    const cJSON *log, *done;

    if (!make_stuck(&stuck, operation, conf))
        skip();
    log = driven_log(stuck.d, "hangs since ");
    HOLDS(text_in(log, "text"), "survives SIGKILL");
    done = driven_done(stuck.d, driven_begin(stuck.d, stuck.instance, 60000, NULL)); /* at once: no second one is started */
    CONCLUDED(done, status, "stuck", "hangs since ");
    CONCLUDED(driven_run(stuck.d, "trial.say", 10000, ""), "ok", "trial.ok", "said");
    let_go(stuck.pid);
    driven_log(stuck.d, "that was stuck has ended");
    done = driven_done(stuck.d, driven_begin(stuck.d, stuck.instance, 1000, NULL));
    assert_string_equal(text_in(done, "status"), "fail"); /* a new one was started */
    driven_quit(stuck.d);
}

static void abandons_blocking_runs(void **unused)
{
    (void)unused;
    abandons("trial.blocks", "\"time\":\"60000000000\"", "fail"); /* what it asks hangs: that is known */
}

static void abandons_children(void **unused)
{
    (void)unused;
    abandons("trial.spawn", "\"command\":[\"sleep\",\"60\"],\"grace\":\"1000000\"", "unknown");
}

/* A reload, a quit and the end of the check never wait for one. */
static void never_waits_for_one(void **unused)
{
    struct stuck stuck;

    (void)unused;
    if (!make_stuck(&stuck, "trial.blocks", "\"time\":\"60000000000\""))
        skip();
    driven_log(stuck.d, "hangs since");
    driven_say(stuck.d, "{\"type\":\"teardown\",\"instance\":\"%s\"}", stuck.instance);
    driven_quit(stuck.d);
    let_go(stuck.pid);
}

/* ---- the shipped ones */

static void runs_file(void **unused)
{
    struct driven *d = driven_start(NULL);
    char path[64], conf[256];
    int fd;

    (void)unused;
    driven_load(d, "plugins/file");
    snprintf(path, sizeof path, "/tmp/talon-test-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "status: fine\n", 13), 13);
    close(fd);
    snprintf(conf, sizeof conf, "\"path\":\"%s\",\"match\":\"status: (fine|ok)\",\"max_age\":\"60000000000\"", path);
    CONCLUDED(driven_run(d, "file", 10000, conf), "ok", "file.ok", "13 B");
    snprintf(conf, sizeof conf, "\"path\":\"%s\",\"match\":\"broken\"", path);
    CONCLUDED(driven_run(d, "file", 10000, conf), "fail", "file.match", "");
    unlink(path);
    CONCLUDED(driven_run(d, "file", 10000, conf), "fail", "file.missing", "does not exist");
    driven_quit(d);
}

static void runs_disk(void **unused)
{
    struct driven *d = driven_start(NULL);
    const cJSON *done;

    (void)unused;
    driven_load(d, "plugins/disk");
    done = driven_run(d, "disk", 10000, "\"path\":\"/\",\"warn\":100,\"fail\":100");
    assert_true(metric_in(done, "size") > 0);
    CONCLUDED(driven_run(d, "disk", 10000, "\"path\":\"/nowhere\""), "fail", "disk.missing", "/nowhere does not exist");
    driven_quit(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_a_process_for_each),
        cmocka_unit_test(kills_at_the_deadline),
        cmocka_unit_test(tells_a_death),
        cmocka_unit_test(keeps_what_it_saves),
        cmocka_unit_test(cancels),
        cmocka_unit_test(takes_turns),
        cmocka_unit_test(validates_without_a_process),
        cmocka_unit_test(abandons_blocking_runs),
        cmocka_unit_test(abandons_children),
        cmocka_unit_test(never_waits_for_one),
        cmocka_unit_test(runs_file),
        cmocka_unit_test(runs_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
