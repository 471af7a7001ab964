/* The action `process.signal` on the fake host, in a made-up world of processes: who is signalled, and above all who is not. */
#include "plugin_test.h"
#include "temp_folder.h"

#include "../../plugins/process/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <utime.h>

#define WRITTEN 1767323045

static struct {
    enum process_answer answer;
    struct process_facts facts;
    int refuses;         /* errno of the kill */
    unsigned kills, looks;
    unsigned ends_after; /* looks after the signal; 0: never */
    pid_t killed;
    int number;
    enum process_answer listened; /* does anybody listen? */
    pid_t listener, pids[8];      /* who does; all that there are, up to 0 */
    size_t at;
} world;

enum process_answer process_look(pid_t pid, struct process_facts *facts)
{
    (void)pid;
    if (world.kills > 0 && world.ends_after > 0 && ++world.looks >= world.ends_after)
        return PROCESS_NO;
    *facts = world.facts;
    return world.answer;
}

int process_is_called(pid_t pid, const struct process_facts *facts, const char *name)
{
    (void)pid;
    return strcmp(facts->name, name) == 0;
}

int process_kill(pid_t pid, int number)
{
    world.kills++;
    world.killed = pid;
    world.number = number;
    return world.refuses;
}

struct process_scan *process_scan_open(void)
{
    world.at = 0;
    return (struct process_scan *)&world;
}

pid_t process_scan_next(struct process_scan *scan)
{
    (void)scan;
    return world.pids[world.at] > 0 ? world.pids[world.at++] : 0;
}

void process_scan_close(void *scan)
{
    (void)scan;
}

int process_scan_is_partial(void)
{
    return 0;
}

enum process_answer process_listeners(const struct process_address *address, struct process_sockets *sockets)
{
    assert_int_equal(address->port, 8081);
    (void)sockets;
    return world.listened;
}

enum process_answer process_listens(pid_t pid, const struct process_address *address, const struct process_sockets *sockets)
{
    (void)address;
    (void)sockets;
    return pid == world.listener ? PROCESS_YES : pid == 66 ? PROCESS_HIDDEN : PROCESS_NO;
}

/* A worker, an hour old, whose pid file is a bit younger; it is told something a minute later. */
static struct fake *worker(void **state, const char *number)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "signal");
    const char *path = temp_path(state, "pid");

    memset(&world, 0, sizeof world);
    world.answer = PROCESS_YES;
    snprintf(world.facts.name, sizeof world.facts.name, "worker");
    world.facts.uptime = 3600;
    temp_write(path, number);
    assert_int_equal(utime(path, &(struct utimbuf){ .actime = WRITTEN, .modtime = WRITTEN }), 0);
    fake_calendar(fake, WRITTEN + 60);
    fake_set(fake, "pid_file", path);
    fake_set(fake, "name", "worker");
    return fake;
}

static void the_one_that_is_meant(void **state)
{
    struct fake *fake = worker(state, "4711\n");

    CONCLUDES(fake, TALON_OK, "process.signalled", "worker, process 4711, was sent SIGTERM");
    assert_int_equal(world.kills, 1);
    assert_int_equal(world.killed, 4711);
    assert_int_equal(world.number, SIGTERM);
    fake_free(fake);

    fake = worker(state, "4711");
    fake_set(fake, "signal", "USR1");
    world.facts.uptime = 62; /* it wrote its file two seconds after it began, or the clocks differ by so much */
    CONCLUDES(fake, TALON_OK, "process.signalled", "SIGUSR1");
    assert_int_equal(world.number, SIGUSR1);
    fake_free(fake);
}

static void those_that_are_not(void **state)
{
    static const struct {
        const char *number, *name, *reason, *words;
        double uptime;
        enum talon_status status;
        enum process_answer answer;
        int zombie;
    } cases[] = {
        { "1", "worker", "refused.first", "process 1, the system's first", 3600, TALON_UNKNOWN, PROCESS_YES, 0 },
        { "4711", "sshd", "refused.other", "is called sshd, not worker", 3600, TALON_UNKNOWN, PROCESS_YES, 0 },
        { "4711", "worker", "refused.other", "began 30.0 s after", 30, TALON_UNKNOWN, PROCESS_YES, 0 },
        { "4711", "worker", "refused.other", "nobody can see when", -1, TALON_UNKNOWN, PROCESS_YES, 0 },
        { "4711", "worker", "process.missing", "has ended already", 3600, TALON_FAIL, PROCESS_YES, 1 },
        { "4711", "worker", "process.missing", "does not run", 3600, TALON_FAIL, PROCESS_NO, 0 },
        { "4711", "worker", "refused.rights", "sudo kill -TERM 4711", 3600, TALON_UNKNOWN, PROCESS_HIDDEN, 0 },
        { "4711", "talon-core", "refused.ours", "is Talon's own", 3600, TALON_UNKNOWN, PROCESS_YES, 0 },
        { "4711", "talon-host", "refused.ours", "is Talon's own", 3600, TALON_UNKNOWN, PROCESS_YES, 0 },
        { "0", "worker", "process.pid_file", "holds no process number", 3600, TALON_FAIL, PROCESS_YES, 0 },
        { "-4711", "worker", "process.pid_file", "holds no process number", 3600, TALON_FAIL, PROCESS_YES, 0 },
        { "4711x", "worker", "process.pid_file", "holds no process number", 3600, TALON_FAIL, PROCESS_YES, 0 },
        { "", "worker", "process.pid_file", "holds no process number", 3600, TALON_FAIL, PROCESS_YES, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = worker(state, cases[i].number);

        world.answer = cases[i].answer;
        world.facts.uptime = cases[i].uptime;
        world.facts.zombie = cases[i].zombie;
        snprintf(world.facts.name, sizeof world.facts.name, "%s", cases[i].name);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        assert_int_equal(world.kills, 0);
        fake_free(fake);
    }
}

/* Whatever their names are. */
static void ourselves(void **state)
{
    const pid_t pids[] = { getpid(), getppid() };

    for (size_t i = 0; i < 2; i++) {
        char number[32];
        struct fake *fake;

        snprintf(number, sizeof number, "%ld", (long)pids[i]);
        fake = worker(state, number);
        if (pids[i] > 1)
            CONCLUDES(fake, TALON_UNKNOWN, "refused.ours", "Talon's own");
        assert_int_equal(world.kills, 0);
        fake_free(fake);
    }
}

static void one_that_may_not_be_signalled(void **state)
{
    struct fake *fake = worker(state, "4711");

    fake_set(fake, "signal", "KILL");
    world.refuses = EPERM;
    CONCLUDES(fake, TALON_UNKNOWN, "refused.rights", "worker, process 4711: sudo kill -KILL 4711");
    world.refuses = ESRCH;
    CONCLUDES(fake, TALON_FAIL, "process.missing", "has just ended");
    world.refuses = EINVAL;
    CONCLUDES(fake, TALON_UNKNOWN, "local", "cannot signal");
    fake_free(fake);
}

static void no_pid_file(void **state)
{
    struct fake *fake = worker(state, "4711");

    unlink(temp_path(state, "pid"));
    CONCLUDES(fake, TALON_FAIL, "process.pid_file", "cannot read the pid file");
    assert_int_equal(world.kills, 0);
    fake_free(fake);
}

static void until_it_has_ended(void **state)
{
    struct fake *fake = worker(state, "4711");

    fake_set(fake, "gone_within", "1s");
    world.ends_after = 5;
    CONCLUDES(fake, TALON_OK, "process.gone", "worker, process 4711, ended 200 ms after SIGTERM");
    NEAR(fake_metric(fake, "gone_time"), 0.2);
    world.ends_after = 0;
    CONCLUDES(fake, TALON_FAIL, "process.lives", "still lives 1.0 s after SIGTERM");
    fake_free(fake);
}

/* A listener of an earlier run is ended, its clients are not; and nobody is where it is somebody else's. */
static void the_one_that_listens(void **state)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "signal");

    (void)state;
    memset(&world, 0, sizeof world);
    world.answer = PROCESS_YES;
    snprintf(world.facts.name, sizeof world.facts.name, "agent");
    world.facts.uptime = 10;
    fake_set(fake, "listens", "8081");
    fake_set(fake, "name", "agent");
    world.listened = PROCESS_NO;
    CONCLUDES(fake, TALON_OK, "process.none", "nobody listens on 8081: nobody was signalled");
    world.listened = PROCESS_YES;
    memcpy(world.pids, (const pid_t[]){ 66, 4712, 4711, 4713, 0 }, 5 * sizeof(pid_t)); /* 4712, 4713: its clients */
    CONCLUDES(fake, TALON_UNKNOWN, "refused.rights", "may not see who listens on 8081");
    assert_int_equal(world.kills, 0);
    world.listener = 4711;
    CONCLUDES(fake, TALON_OK, "process.signalled", "agent, process 4711, was sent SIGTERM");
    assert_int_equal(world.kills, 1);
    assert_int_equal(world.killed, 4711);
    snprintf(world.facts.name, sizeof world.facts.name, "nginx");
    CONCLUDES(fake, TALON_UNKNOWN, "refused.other", "process 4711, which listens on 8081, is called nginx, not agent: nobody was signalled");
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "signal");
    snprintf(world.facts.name, sizeof world.facts.name, "talon-core");
    fake_set(fake, "name", "talon-core");
    fake_set(fake, "listens", "8081");
    CONCLUDES(fake, TALON_UNKNOWN, "refused.ours", "process 4711 of 8081 is Talon's own");
    assert_int_equal(world.kills, 1);
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "signal");
    fake_set(fake, "name", "agent");
    fake_set(fake, "listens", "nonsense");
    REFUSES(fake, "listens", "must be PORT");
    fake_free(fake);
}

static void options_that_are_wrong(void **state)
{
    static const char *const names[][2] = { { "", "without folders" }, { "/bin/worker", "without folders" } };

    for (size_t i = 0; i < 2; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "signal");

        fake_set(fake, "pid_file", temp_path(state, "pid"));
        fake_set(fake, "name", names[i][0]);
        REFUSES(fake, "name", names[i][1]);
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_one_that_is_meant, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(those_that_are_not, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(ourselves, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(one_that_may_not_be_signalled, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(no_pid_file, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(until_it_has_ended, temp_folder_make, temp_folder_remove),
        cmocka_unit_test(the_one_that_listens),
        cmocka_unit_test_setup_teardown(options_that_are_wrong, temp_folder_make, temp_folder_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
