/* Blocking runs: each in a process of its own that the deadline kills, whatever it does. And the shipped plugins that need it, end to end. */
#include "host_drive.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
#if !defined(__SANITIZE_ADDRESS__)
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
        cmocka_unit_test(runs_file),
        cmocka_unit_test(runs_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
