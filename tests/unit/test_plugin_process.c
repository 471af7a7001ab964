/* The plugin `process` on the fake host, in a made-up world of processes and listeners; addresses by themselves. What the
 * real system says is test_process_system.c. */
#include "plugin_test.h"

#include "../../plugins/process/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the made-up world ---- */

struct made_up {
    pid_t pid;
    struct process_facts facts;
    int hidden; /* it may not be looked at */
    enum process_answer listens;
};

static struct made_up world[2000];
static size_t n_world, at;
static int partial, no_scan, scans_open;
static enum process_answer listeners;
static struct process_address wanted;

static int empty_world(void **unused)
{
    (void)unused;
    memset(world, 0, sizeof world);
    n_world = 0;
    partial = no_scan = scans_open = 0;
    listeners = PROCESS_NO;
    return 0;
}

static int all_scans_are_closed(void **unused)
{
    (void)unused;
    return scans_open;
}

static struct made_up *lives(pid_t pid, const char *name)
{
    struct made_up *born = &world[n_world++];

    born->pid = pid;
    snprintf(born->facts.name, sizeof born->facts.name, "%s", name);
    born->facts.uptime = 60;
    born->facts.memory = 1000;
    return born;
}

static const struct made_up *find(pid_t pid)
{
    for (size_t i = 0; i < n_world; i++)
        if (world[i].pid == pid)
            return &world[i];
    return NULL;
}

enum process_answer process_look(pid_t pid, struct process_facts *facts)
{
    const struct made_up *found = find(pid);

    if (!found || found->hidden)
        return found ? PROCESS_HIDDEN : PROCESS_NO;
    *facts = found->facts;
    return PROCESS_YES;
}

int process_is_called(pid_t pid, const struct process_facts *facts, const char *name)
{
    (void)pid;
    return strcmp(facts->name, name) == 0;
}

struct process_scan *process_scan_open(void)
{
    at = 0;
    errno = EMFILE;
    scans_open += !no_scan;
    return no_scan ? NULL : (struct process_scan *)(void *)world;
}

pid_t process_scan_next(struct process_scan *scan)
{
    (void)scan;
    return at < n_world ? world[at++].pid : 0;
}

void process_scan_close(void *scan)
{
    (void)scan;
    scans_open--;
}

int process_scan_is_partial(void)
{
    return partial;
}

enum process_answer process_listeners(const struct process_address *address, struct process_sockets *sockets)
{
    wanted = *address;
    sockets->n = 1;
    return listeners;
}

enum process_answer process_listens(pid_t pid, const struct process_address *address, const struct process_sockets *sockets)
{
    (void)address;
    (void)sockets;
    return find(pid)->listens;
}

int process_kill(pid_t pid, int number)
{
    (void)pid;
    (void)number;
    fail_msg("a check signals nobody");
    return 0;
}

/* ---- by name ---- */

static struct fake *called(const char *name)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "process");

    fake_set(fake, "name", name);
    return fake;
}

static void by_name(void **unused)
{
    struct fake *fake = called("redis-server");

    (void)unused;
    lives(1, "init");
    CONCLUDES(fake, TALON_FAIL, "process.missing", "no process called redis-server");
    NEAR(fake_metric(fake, "count"), 0);
    assert_true(isnan(fake_metric(fake, "uptime")));
    lives(71, "redis-server");
    CONCLUDES(fake, TALON_OK, "process.ok", "redis-server, process 71, up 60.0 s");
    NEAR(fake_metric(fake, "count"), 1);
    NEAR(fake_metric(fake, "uptime"), 60);
    NEAR(fake_metric(fake, "memory"), 1000);
    lives(72, "redis-server")->facts.uptime = 5;
    CONCLUDES(fake, TALON_OK, "process.ok", "2 processes called redis-server, up 5.0 s");
    NEAR(fake_metric(fake, "uptime"), 5);
    NEAR(fake_metric(fake, "memory"), 2000);
    fake_free(fake);
}

static void zombies_do_not_count(void **unused)
{
    struct fake *fake = called("worker");

    (void)unused;
    lives(5, "worker")->facts.zombie = 1;
    CONCLUDES(fake, TALON_FAIL, "process.missing", "no process called worker");
    fake_free(fake);
}

static void counts_at_the_bounds(void **unused)
{
    static const struct {
        size_t n;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { 1, TALON_FAIL, "process.few", "1 processes called w, expected at least 2" },
        { 2, TALON_OK, "process.ok", "2 processes called w" },
        { 3, TALON_OK, "process.ok", "3 processes called w" },
        { 4, TALON_FAIL, "process.many", "4 processes called w, expected at most 3" },
    };

    for (size_t i = 0; i < 4; i++) {
        struct fake *fake = called("w");

        empty_world(unused);
        for (size_t n = 0; n < cases[i].n; n++)
            lives((pid_t)(10 + n), "w");
        fake_set(fake, "min", "2");
        fake_set(fake, "max", "3");
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void what_must_not_run(void **unused)
{
    struct fake *fake = called("miner");

    (void)unused;
    fake_set(fake, "min", "0");
    fake_set(fake, "max", "0");
    CONCLUDES(fake, TALON_OK, "process.ok", "no process called miner, as it should be");
    lives(666, "miner");
    CONCLUDES(fake, TALON_FAIL, "process.many", "1 processes called miner, expected at most 0");
    fake_free(fake);
}

static void what_others_hide_is_unknown(void **unused)
{
    struct fake *fake = called("redis-server");

    (void)unused;
    partial = 1;
    CONCLUDES(fake, TALON_UNKNOWN, "process.denied", "those of other users are hidden");
    lives(5, "redis-server");
    CONCLUDES(fake, TALON_OK, "process.ok", "process 5");
    no_scan = 1;
    CONCLUDES(fake, TALON_UNKNOWN, "local", "cannot list the processes: ");
    fake_free(fake);
}

static void a_crowd_is_looked_at_in_slices(void **unused)
{
    struct fake *fake = called("w");

    (void)unused;
    for (int i = 0; i < 1999; i++)
        lives(100 + i, i % 2 ? "w" : "other");
    fake_start(fake);
    assert_int_equal(at, 64); /* then the host's loop has its turn */
    assert_int_equal(fake_pending(fake), 1);
    CONCLUDES(fake, TALON_OK, "process.ok", "999 processes called w");
    fake_free(fake);
}

/* ---- by pid file ---- */

static char file[] = "/tmp/talon-process-XXXXXX";

static struct fake *noted(const char *text)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "process");
    FILE *out = fopen(file, "w");

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    fake_set(fake, "pid_file", file);
    return fake;
}

static void pid_files(void **unused)
{
    static const struct {
        const char *text;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { "71\n", TALON_OK, "process.ok", "process 71, up 60.0 s" },
        { "  71 tcp\nmore", TALON_OK, "process.ok", "process 71" },
        { "71", TALON_OK, "process.ok", "process 71" },
        { "72\n", TALON_FAIL, "process.missing", "process 72 of " },
        { "73\n", TALON_FAIL, "process.missing", "process 73 (gone) of " },
        { "74\n", TALON_OK, "process.ok", "process 74 runs; user " },
        { "", TALON_FAIL, "process.pid_file", "holds no process number" },
        { "\n", TALON_FAIL, "process.pid_file", "holds no process number" },
        { "none", TALON_FAIL, "process.pid_file", "holds no process number: \"none\"" },
        { "71x", TALON_FAIL, "process.pid_file", "holds no process number: \"71x\"" },
        { "-71", TALON_FAIL, "process.pid_file", "holds no process number" },
        { "0", TALON_FAIL, "process.pid_file", "holds no process number" },
        { "99999999999999999999", TALON_FAIL, "process.pid_file", "holds no process number" },
        { "4294967367", TALON_FAIL, "process.pid_file", "holds no process number" },
    };

    (void)unused;
    lives(71, "redis-server");
    lives(73, "gone")->facts.zombie = 1;
    lives(74, "secret")->hidden = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = noted(cases[i].text);

        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void a_stale_pid_file_names_another(void **unused)
{
    struct fake *fake = noted("71\n");

    (void)unused;
    lives(71, "bash");
    lives(72, "hidden")->hidden = 1;
    fake_set(fake, "name", "redis-server");
    CONCLUDES(fake, TALON_FAIL, "process.other", "is called bash, not redis-server: the pid file is stale");
    fake_free(fake);
    fake = noted("72\n");
    fake_set(fake, "name", "redis-server");
    CONCLUDES(fake, TALON_UNKNOWN, "process.denied", "may not look at it");
    fake_free(fake);
}

static void pid_files_that_are_none(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "process");

    (void)unused;
    fake_set(fake, "pid_file", "/does/not/exist.pid");
    CONCLUDES(fake, TALON_FAIL, "process.pid_file", "cannot read the pid file /does/not/exist.pid: ");
    fake_free(fake);

    unlink(file);
    assert_int_equal(mkfifo(file, 0600), 0);
    fake = fake_new(&talon_plugin_descriptor, "process");
    fake_set(fake, "pid_file", file);
    CONCLUDES(fake, TALON_FAIL, "process.pid_file", "holds no process number");
    fake_free(fake);
    unlink(file);
}

/* ---- who listens ---- */

static void one_of_them_must_listen(void **unused)
{
    struct fake *fake = called("redis-server");

    (void)unused;
    fake_set(fake, "listens", "127.0.0.1:6379");
    lives(71, "redis-server");
    lives(72, "redis-server");
    CONCLUDES(fake, TALON_FAIL, "process.not_listening", "nobody listens on 127.0.0.1:6379");
    assert_int_equal(wanted.port, 6379);
    listeners = PROCESS_YES;
    CONCLUDES(fake, TALON_FAIL, "process.not_listening", "does not listen on 127.0.0.1:6379, another process does");
    world[1].listens = PROCESS_YES;
    CONCLUDES(fake, TALON_OK, "process.ok", "listening on 127.0.0.1:6379");
    world[1].listens = PROCESS_HIDDEN;
    CONCLUDES(fake, TALON_UNKNOWN, "process.denied", "not permitted to see whether it listens");
    fake_free(fake);
}

static void anybody_may_listen(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "process");

    (void)unused;
    fake_set(fake, "listens", "6379");
    CONCLUDES(fake, TALON_FAIL, "process.not_listening", "nobody listens on 6379");
    listeners = PROCESS_YES;
    CONCLUDES(fake, TALON_OK, "process.ok", "somebody listens on 6379");
    listeners = PROCESS_HIDDEN;
    CONCLUDES(fake, TALON_UNKNOWN, "process.denied", "cannot see who listens on 6379");
    fake_free(fake);
}

/* ---- options ---- */

static void wrong_options_are_refused(void **unused)
{
    static const char *const cases[][3] = {
        { "name", "", "must be a file name" },      { "name", "bin/sh", "must be a file name" },
        { "listens", "", "must be PORT" },          { "listens", "0", "must be PORT" },
        { "listens", "65536", "must be PORT" },     { "listens", "db.example:1", "must be PORT" },
        { "listens", "::1:80", "must be PORT" },    { "listens", "[::1]", "must be PORT" },
        { "listens", "127.0.0.1", "must be PORT" }, { "min", "-1", "must be 0 to" },
    };
    struct fake *fake = fake_new(&talon_plugin_descriptor, "process");
    char name[70];

    (void)unused;
    REFUSES(fake, "name", "say which process");
    fake_free(fake);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = strcmp(cases[i][0], "name") == 0 ? fake_new(&talon_plugin_descriptor, "process") : called("w");
        fake_set(fake, cases[i][0], cases[i][1]);
        REFUSES(fake, cases[i][0], cases[i][2]);
        fake_free(fake);
    }
    memset(name, 'a', 64);
    name[64] = '\0';
    fake = called(name);
    REFUSES(fake, "name", "longer than 63");
    fake_free(fake);
    fake = called("w");
    fake_set(fake, "min", "3");
    fake_set(fake, "max", "2");
    REFUSES(fake, "min", "is greater than `max`");
    fake_free(fake);
    fake = fake_new(&talon_plugin_descriptor, "process");
    fake_set(fake, "pid_file", "/x");
    fake_set(fake, "max", "2");
    REFUSES(fake, "max", "counts processes of one `name`");
    fake_free(fake);
    fake = called("w");
    fake_set(fake, "min", "0");
    fake_set(fake, "max", "0");
    fake_set(fake, "listens", "80");
    REFUSES(fake, "listens", "must not run");
    fake_free(fake);
}

static void addresses(void **unused)
{
    static const struct {
        const char *wanted;
        int family;
        const char *bound;
        int covers;
    } cases[] = {
        { "80", AF_INET, "10.0.0.1", 1 },
        { "*:80", AF_INET6, "::1", 1 },
        { "127.0.0.1:80", AF_INET, "127.0.0.1", 1 },
        { "127.0.0.1:80", AF_INET, "127.0.0.2", 0 },
        { "127.0.0.1:80", AF_INET, "0.0.0.0", 1 },
        { "127.0.0.1:80", AF_INET6, "::", 1 },
        { "127.0.0.1:80", AF_INET6, "::1", 0 },
        { "127.0.0.1:80", AF_INET6, "::ffff:127.0.0.1", 1 },
        { "[::1]:80", AF_INET6, "::1", 1 },
        { "[::1]:80", AF_INET6, "::", 1 },
        { "[::1]:80", AF_INET, "0.0.0.0", 0 },
        { "[::1]:80", AF_INET, "127.0.0.1", 0 },
        { "localhost:80", AF_INET, "127.0.0.1", 1 },
        { "localhost:80", AF_INET6, "::1", 1 },
        { "localhost:80", AF_INET, "10.0.0.1", 0 },
        { "localhost:80", AF_INET6, "fe80::1", 0 },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct process_address address;
        unsigned char bound[16] = { 0 };

        assert_true(process_address_read(cases[i].wanted, &address));
        assert_int_equal(address.port, 80);
        assert_int_equal(inet_pton(cases[i].family, cases[i].bound, bound), 1);
        if (process_address_covers(&address, cases[i].family, bound) != cases[i].covers)
            fail_msg("%s bound, %s wanted", cases[i].bound, cases[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_name, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(zombies_do_not_count, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(counts_at_the_bounds, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(what_must_not_run, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(what_others_hide_is_unknown, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(a_crowd_is_looked_at_in_slices, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(pid_files, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(a_stale_pid_file_names_another, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(pid_files_that_are_none, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(one_of_them_must_listen, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(anybody_may_listen, empty_world, all_scans_are_closed),
        cmocka_unit_test_setup_teardown(wrong_options_are_refused, empty_world, all_scans_are_closed),
        cmocka_unit_test(addresses),
    };
    const int fd = mkstemp(file);
    int failed;

    if (fd < 0)
        return 1;
    close(fd);
    failed = cmocka_run_group_tests_name("plugin process", tests, NULL, NULL);
    unlink(file);
    return failed;
}
