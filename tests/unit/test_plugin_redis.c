/* The plugin `redis` on the fake host: a good server, one that loads, refuses, lies, is silent or stopped, and peers that
 * are no Redis at all. */
#include "plugin_test.h"

#include "../../plugins/redis/info.h"

#include <stdlib.h>

#define PING "*1\r\n$4\r\nPING\r\n"
#define INFO "*1\r\n$4\r\nINFO\r\n"
#define AUTH "*2\r\n$4\r\nAUTH\r\n$6\r\nsesame\r\n"
#define PERSISTENCE "*2\r\n$4\r\nINFO\r\n$11\r\npersistence\r\n"

static const char info[] = "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:3600\r\n\r\n# Clients\r\nconnected_clients:3\r\n"
                           "# Memory\r\nused_memory:1048576\r\nmaxmemory:0\r\n# Persistence\r\nloading:0\r\n"
                           "aof_last_bgrewrite_status:ok\r\nrdb_last_save-time:17\r\nrole:master\r\n";

static struct fake *redis(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "redis");

    fake_set(fake, "address", "127.0.0.1:6379");
    return fake;
}

static void says(struct fake *fake, const char *text)
{
    fake_link_says(fake, 2 * FAKE_MS, text, strlen(text));
}

static void says_bulk(struct fake *fake, const char *text)
{
    char reply[4096];

    snprintf(reply, sizeof reply, "$%zu\r\n%s\r\n", strlen(text), text);
    says(fake, reply);
}

static void answers(struct fake *fake, const char *question, const char *text)
{
    fake_link_hears(fake, question);
    says(fake, text);
}

/* Up, PONG, and this INFO. */
static void is_alive(struct fake *fake, const char *text)
{
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, PING, "+PONG\r\n");
    fake_link_hears(fake, INFO);
    says_bulk(fake, text);
}

static void a_good_server(void **unused)
{
    struct fake *fake = redis();

    (void)unused;
    is_alive(fake, info);
    CONCLUDES(fake, TALON_OK, "redis.ok", "PONG in 2.0 ms");
    assert_string_equal(fake_sent(fake, NULL), PING INFO);
    NEAR(fake_metric(fake, "connect_time"), 0.001);
    NEAR(fake_metric(fake, "ping_time"), 0.002);
    NEAR(fake_metric(fake, "used_memory"), 1048576);
    NEAR(fake_metric(fake, "maxmemory"), 0);
    NEAR(fake_metric(fake, "connected_clients"), 3);
    NEAR(fake_metric(fake, "uptime"), 3600);
    assert_string_equal(fake_detail(fake, "redis_version"), "7.0.15");
    assert_string_equal(fake_detail(fake, "role"), "master");
    fake_free(fake);
}

static void with_a_password(void **unused)
{
    struct fake *fake = redis();

    (void)unused;
    fake_set(fake, "password", "sesame");
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, AUTH, "+OK\r\n");
    answers(fake, PING, "+PONG\r\n");
    fake_link_hears(fake, INFO);
    says_bulk(fake, info);
    CONCLUDES(fake, TALON_OK, "redis.ok", "PONG");
    assert_string_equal(fake_sent(fake, NULL), AUTH PING INFO);
    fake_free(fake);
}

static void credentials_are_our_own_trouble(void **unused)
{
    static const char *const cases[][2] = {
        { "-NOAUTH Authentication required.\r\n", "PING is refused to us: NOAUTH Authentication required." },
        { "-NOPERM this user has no permissions to run the 'ping' command\r\n", "PING is refused to us: NOPERM" },
        { "-DENIED Redis is running in protected mode because protected mode is enabled\r\n", "PING is refused to us: DENIED" },
        { "-ERR operation not permitted\r\n", "PING is refused to us" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = redis();
        fake_link(fake, FAKE_MS, NULL);
        answers(fake, PING, cases[i][0]);
        CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", cases[i][1]);
        fake_free(fake);
    }
    fake = redis();
    fake_set(fake, "password", "sesame");
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, AUTH, "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "the password is refused: WRONGPASS");
    assert_null(strstr(fake_result(fake)->summary, "sesame"));
    fake_free(fake);
}

static void what_it_says_of_itself_is_a_failure(void **unused)
{
    static const char *const cases[][2] = {
        { "-MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.\r\n",
          "PING: MISCONF Redis is configured" },
        { "-ERR max number of clients reached\r\n", "PING: ERR max number of clients reached" },
        { "-OOM command not allowed when used memory > 'maxmemory'.\r\n", "PING: OOM" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = redis();

        fake_link(fake, FAKE_MS, NULL);
        answers(fake, PING, cases[i][0]);
        CONCLUDES(fake, TALON_FAIL, "redis.error", cases[i][1]);
        fake_free(fake);
    }
}

static void a_server_that_loads_is_starting(void **unused)
{
    static const char loading[] = "-LOADING Redis is loading the dataset in memory\r\n";
    struct fake *fake = redis();

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, PING, loading);
    fake_link_hears(fake, PERSISTENCE);
    says_bulk(fake, "# Persistence\r\nloading:1\r\nloading_loaded_perc:42.50\r\nloading_eta_seconds:9\r\n");
    CONCLUDES(fake, TALON_STARTING, "starting", "it loads its data: 42.50 % loaded, about 9 s left");
    NEAR(fake_metric(fake, "loaded_percent"), 42.5);
    fake_free(fake);

    fake = redis(); /* and says no more: it has said so already */
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, PING, loading);
    CONCLUDES(fake, TALON_STARTING, "starting", "it loads its data");
    fake_free(fake);

    fake = redis();
    fake_set(fake, "password", "sesame");
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, AUTH, loading);
    fake_link_hears(fake, PERSISTENCE);
    fake_link_ends(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_STARTING, "starting", "it loads its data");
    fake_free(fake);
}

static void a_stopped_server_is_a_failure(void **unused)
{
    struct fake *fake = redis();

    (void)unused;
    fake_timeout(fake, 2 * FAKE_S);
    fake_link(fake, FAKE_MS, NULL); /* the kernel accepts for it, and nobody answers */
    CONCLUDES(fake, TALON_FAIL, "timeout", "connected to 127.0.0.1:6379, but it did not answer PING");
    assert_true(fake_result(fake)->took_ns == 1900 * FAKE_MS);
    fake_free(fake);

    fake = redis(); /* or in the middle of it */
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, PING, "+PONG\r\n");
    fake_link_hears(fake, INFO);
    says(fake, "$1000\r\nhalf of");
    CONCLUDES(fake, TALON_FAIL, "timeout", "did not answer INFO");
    fake_free(fake);
}

static void connections_that_fail(void **unused)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
    } cases[] = {
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "connection refused"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_TIMEOUT, 0, "connect.timeout", "no answer"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_DENIED, 13, "connect.denied", "permission denied"), TALON_UNKNOWN },
        { FAKE_ERROR(TALON_E_RESOLVER, 0, "dns.unreachable", "the resolver is silent"), TALON_UNKNOWN },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = redis();
        fake_link(fake, FAKE_MS, &(struct talon_link){ .error = cases[i].error });
        CONCLUDES(fake, cases[i].status, cases[i].error.token, "cannot connect to 127.0.0.1:6379: ");
        fake_free(fake);
    }
    fake = redis();
    fake_link(fake, FAKE_MS, NULL);
    fake_link_hears(fake, PING);
    fake_link_ends(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "connect.closed", "closed the connection without answering PING");
    fake_free(fake);
    fake = redis();
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, PING, "+PO");
    fake_link_ends(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "protocol.short", "closed the connection within its answer to PING");
    fake_free(fake);
}

static void answers_in_pieces(void **unused)
{
    static const char answer[] = "+PONG\r\n";
    struct fake *fake = redis();

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    for (const char *c = answer; *c; c++)
        fake_link_says(fake, FAKE_MS, c, 1);
    fake_link_hears(fake, INFO);
    says(fake, "$");
    says(fake, "23\r");
    says(fake, "\nused_memory:");
    says(fake, "5\r\nrole:x\r\n");
    says(fake, "\r\n");
    CONCLUDES(fake, TALON_OK, "redis.ok", "PONG");
    NEAR(fake_metric(fake, "used_memory"), 5);
    fake_free(fake);
}

static void peers_that_are_no_redis(void **unused)
{
    static const char *const cases[][2] = {
        { "HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak as Redis does, it answered PING with \"HTTP/1.1 400 Bad Request\"" },
        { "SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2" },
        { "*3\r\n", "does not speak as Redis does" },
        { "*1000000000\r\n*1000000000\r\n", "does not speak as Redis does" },
        { ":1\r\n", "does not speak as Redis does" },
        { "%2\r\n+a\r\n", "does not speak as Redis does" },
        { "$-7\r\n", "does not speak as Redis does" },
        { "$4\r\nPONG\r\n", "answered PING with something else than PONG" },
        { "$-1\r\n", "answered PING with something else than PONG" },
        { "+OK\r\n", "answered PING with something else than PONG" },
        { "+PONG\r\n+PONG\r\n", "said more than the answer to PING" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = redis();

        fake_link(fake, FAKE_MS, NULL);
        answers(fake, PING, cases[i][0]);
        CONCLUDES(fake, TALON_FAIL, "protocol.bad", cases[i][1]);
        fake_free(fake);
    }
}

static void a_flood_is_bounded(void **unused)
{
    enum { CHUNK = 60000 };
    char *chunk = malloc(CHUNK);
    struct fake *fake = redis();

    (void)unused;
    memset(chunk, 'x', CHUNK);
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, PING, "+PONG\r\n");
    fake_link_hears(fake, INFO);
    says(fake, "$100000000\r\n");
    for (int i = 0; i < 10; i++)
        fake_link_says(fake, FAKE_MS, chunk, CHUNK);
    CONCLUDES(fake, TALON_FAIL, "too_big", "the answer to INFO is larger than 256 KiB");
    fake_free(fake);
    free(chunk);
}

static void info_may_be_forbidden(void **unused)
{
    struct fake *fake = redis();

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, PING, "+PONG\r\n");
    answers(fake, INFO, "-NOPERM no\r\n");
    CONCLUDES(fake, TALON_OK, "redis.ok", "PONG"); /* nothing is expected of it */
    assert_string_equal(fake_detail(fake, "info"), "NOPERM no");
    fake_free(fake);

    fake = redis();
    fake_add(fake, "expect", "role", "master");
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, PING, "+PONG\r\n");
    answers(fake, INFO, "-NOPERM no\r\n");
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "INFO is refused to us");
    fake_free(fake);

    fake = redis();
    fake_add(fake, "expect", "role", "master");
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, PING, "+PONG\r\n");
    answers(fake, INFO, "-ERR unknown command 'INFO', with args beginning with: \r\n");
    CONCLUDES(fake, TALON_UNKNOWN, "redis.no_info", "INFO does not exist there");
    fake_free(fake);
}

static void fields_of_info(void **unused)
{
    static const struct {
        const char *field, *expected, *problem; /* NULL: as expected */
    } cases[] = {
        { "role", "master", NULL },
        { "role", "slave", "role is master, expected slave" },
        { "role", "!= slave", NULL },
        { "role", "> 1", "role is master, not a number, expected > 1" },
        { "connected_clients", "< 4", NULL },
        { "connected_clients", "< 3", "connected_clients is 3, expected < 3" },
        { "connected_clients", ">= 3", NULL },
        { "connected_clients", "==3.0", NULL },
        { "absent", "x", "INFO has no field absent, expected x" },
        { "rdb_last_save-time", "17", NULL },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = redis();

        fake_add(fake, "expect", cases[i].field, cases[i].expected);
        is_alive(fake, info);
        if (cases[i].problem)
            CONCLUDES(fake, TALON_FAIL, "redis.expect", cases[i].problem);
        else
            CONCLUDES(fake, TALON_OK, "redis.ok", "PONG");
        fake_free(fake);
    }
}

static void expected_numbers_are_metrics(void **unused)
{
    struct fake *fake = redis();

    (void)unused;
    fake_add(fake, "expect", "rdb_last_save-time", "> 0");
    fake_add(fake, "expect", "used_memory", "> 0");
    fake_add(fake, "expect", "role", "master");
    is_alive(fake, info);
    CONCLUDES(fake, TALON_OK, "redis.ok", "");
    NEAR(fake_metric(fake, "rdb_last_save_time"), 17);
    assert_string_equal(fake_unit(fake, "used_memory"), "B");
    assert_true(isnan(fake_metric(fake, "role")));
    fake_free(fake);
}

static void comparisons(void **unused)
{
    static const struct {
        const char *value, *expected;
        enum redis_verdict verdict;
    } cases[] = {
        { "ok", "ok", REDIS_HOLDS },       { "ok", "== ok", REDIS_HOLDS },   { "ok", "err", REDIS_FAILS },
        { "ok", "!= ok", REDIS_FAILS },    { "1", "1.0", REDIS_HOLDS },      { "1", "!=1e0", REDIS_FAILS },
        { "5", "<5", REDIS_FAILS },        { "5", "<=5", REDIS_HOLDS },      { "5", ">5", REDIS_FAILS },
        { "5", ">= 5", REDIS_HOLDS },      { "x", "< 5", REDIS_NO_NUMBER },  { "", "< 5", REDIS_NO_NUMBER },
        { "nan", "< 5", REDIS_NO_NUMBER }, { "0x5", "5", REDIS_FAILS },      { "", "", REDIS_HOLDS },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (redis_compare(cases[i].value, cases[i].expected) != cases[i].verdict)
            fail_msg("%s against %s", cases[i].value, cases[i].expected);
}

static void wrong_options_are_refused(void **unused)
{
    static const char *const cases[][3] = {
        { "role name", "x", "\"role name\" is no field of INFO" },
        { "", "x", "is no field of INFO" },
        { "used_memory", "< lots", "needs a number behind its comparison" },
        { "used_memory", ">", "needs a number behind its comparison" },
        { "used_memory", "==", "needs a number behind its comparison" },
    };
    struct fake *fake = fake_new(&talon_plugin_descriptor, "redis");

    (void)unused;
    REFUSES(fake, "address", "is required");
    fake_free(fake);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = redis();
        fake_add(fake, "expect", cases[i][0], cases[i][1]);
        REFUSES(fake, "expect", cases[i][2]);
        fake_free(fake);
    }
}

static void cancelled_in_the_middle(void **unused)
{
    struct fake *fake = redis();

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    answers(fake, PING, "+PO");
    fake_start(fake);
    fake_advance(fake, FAKE_S);
    fake_cancel(fake);
    assert_int_equal(fake_result(fake)->end, FAKE_CANCELLED);
    is_alive(fake, info);
    CONCLUDES(fake, TALON_OK, "redis.ok", "PONG");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_server),
        cmocka_unit_test(with_a_password),
        cmocka_unit_test(credentials_are_our_own_trouble),
        cmocka_unit_test(what_it_says_of_itself_is_a_failure),
        cmocka_unit_test(a_server_that_loads_is_starting),
        cmocka_unit_test(a_stopped_server_is_a_failure),
        cmocka_unit_test(connections_that_fail),
        cmocka_unit_test(answers_in_pieces),
        cmocka_unit_test(peers_that_are_no_redis),
        cmocka_unit_test(a_flood_is_bounded),
        cmocka_unit_test(info_may_be_forbidden),
        cmocka_unit_test(fields_of_info),
        cmocka_unit_test(expected_numbers_are_metrics),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(cancelled_in_the_middle),
    };

    return cmocka_run_group_tests_name("plugin redis", tests, NULL, NULL);
}
