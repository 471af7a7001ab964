/* The plugin `gateway` on the fake host: its health in each state of session, mode and channels, one channel, and the files of its slim form. */
#include "plugin_test.h"
#include "temp_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOON = 1767614400 };

#define COMPONENTS(session)                                                                                                                              \
    "\"components\":{\"redis\":\"ok\",\"telegram\":\"ok\",\"discord\":\"disabled\",\"slack\":\"ok\",\"ws\":\"ok (2 clients)\",\"session\":\"" session "\"}"
#define WELL                                                                                                                                             \
    "{\"ok\":true,\"available\":true,\"healthy\":true,\"mode\":\"normal\"," COMPONENTS("ok")                                                       \
    ",\"reconnectAttempts\":0,\"status\":{\"pid\":7,\"uptimeMs\":90000}}"

static struct fake *health(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "health");

    fake_set(fake, "url", "http://127.0.0.1:3018/health");
    return fake;
}

static void each_health(void **unused)
{
    static const struct {
        unsigned status;
        const char *body;
        enum talon_status verdict;
        const char *reason, *part;
    } cases[] = {
        { 200, WELL, TALON_OK, "gateway.ok", "available" },
        { 200, "{\"available\":true,\"healthy\":false,\"mode\":\"redis_degraded\",\"reason\":\"Redis is gone\"," COMPONENTS("ok") "}", TALON_WARN,
          "gateway.degraded", "the gateway works, degraded (redis_degraded): Redis is gone" },
        { 200, "{\"available\":true,\"healthy\":true,\"mode\":\"normal\"," COMPONENTS("maintenance (compact)") "}", TALON_OK, "gateway.ok",
          "available, session: maintenance (compact)" },
        { 200, "{\"available\":true,\"healthy\":false,\"mode\":\"normal\"," COMPONENTS("recovering (12s)") "}", TALON_OK, "gateway.ok",
          "session: recovering (12s)" },
        { 200, "{\"available\":true,\"healthy\":false,\"mode\":\"normal\"," COMPONENTS("stuck (130s)") "}", TALON_WARN, "gateway.session",
          "the gateway's session is stuck (130s); its own watchdog is to free it" },
        { 200, "{\"available\":true,\"healthy\":false,\"mode\":\"normal\"," COMPONENTS("dead (3 consecutive failures)") "}", TALON_FAIL, "gateway.session",
          "the gateway's session is dead (3 consecutive failures)" },
        { 200, "{\"available\":true,\"healthy\":false,\"mode\":\"normal\",\"components\":{\"imessage\":\"degraded\",\"telegram\":\"ok\"}}", TALON_WARN,
          "gateway.degraded", "the gateway works, but imessage is degraded" },
        { 200, "{\"available\":true,\"healthy\":false,\"mode\":\"normal\",\"reason\":\"x\"}", TALON_WARN, "gateway.degraded", "not healthy: x" },
        { 503, "{\"available\":false,\"healthy\":false,\"reason\":\"session dead\"," COMPONENTS("dead (9 consecutive failures)") "}", TALON_FAIL,
          "gateway.unavailable", "the gateway is not available: session dead; its session is dead (9 consecutive failures)" },
        { 503, "{\"available\":false," COMPONENTS("recovering (30s)") "}", TALON_STARTING, "starting", "its session is recovering (30s)" },
        { 503, "{\"available\":false}", TALON_FAIL, "gateway.unavailable", "the gateway is not available" },
        { 200, "{\"status\":\"ok\"}", TALON_FAIL, "protocol.bad", "is it the gateway that answers there?" },
        { 200, "hello", TALON_FAIL, "protocol.bad", "without saying how it does" },
        { 200, "[]", TALON_FAIL, "protocol.bad", "without saying how it does" },
        { 426, "WebSocket upgrade required", TALON_FAIL, "http.status", "HTTP 426, expected 200 or 503: that path is of its WebSocket" },
        { 401, "", TALON_UNKNOWN, "auth.rejected", "refuses to answer us: HTTP 401" },
        { 500, "", TALON_FAIL, "http.status", "HTTP 500, expected 200 or 503" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = health();

        web_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, cases[i].verdict, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void channels_that_must_be_well(void **unused)
{
    static const struct {
        const char *channel;
        enum talon_status verdict;
        const char *part;
    } cases[] = {
        { "telegram", TALON_OK, "available" },
        { "ws", TALON_OK, "available" },
        { "discord", TALON_FAIL, "the gateway's discord is disabled" },
        { "signal", TALON_FAIL, "the gateway knows no component signal" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = health();

        fake_add(fake, "channels", NULL, cases[i].channel);
        web_answers(fake, 200, WELL);
        CONCLUDES(fake, cases[i].verdict, cases[i].verdict == TALON_OK ? "gateway.ok" : "gateway.channel", cases[i].part);
        NEAR(fake_metric(fake, "uptime"), 90);
        NEAR(fake_metric(fake, "reconnects"), 0);
        fake_free(fake);
    }
}

static void one_that_is_gone(void **unused)
{
    struct fake *fake = health();

    (void)unused;
    fake_http(fake, 0,
              TALON_REQUEST(talon_response, .error = FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "connection refused"), .headers = web_no_headers));
    CONCLUDES(fake, TALON_FAIL, "connect.refused", "the gateway cannot be asked: connection refused");
    CONCLUDES(fake, TALON_FAIL, "timeout", "the gateway cannot be asked");
    fake_free(fake);
}

static void one_channel(void **unused)
{
    static const struct {
        unsigned status;
        const char *body;
        enum talon_status verdict;
        const char *reason, *part;
    } cases[] = {
        { 200, "{\"ok\":true,\"channel\":\"slack\",\"started\":true}", TALON_OK, "gateway.ok", "slack is connected" },
        { 503, "{\"ok\":false,\"channel\":\"slack\",\"started\":true}", TALON_FAIL, "gateway.channel", "slack is started, but not connected" },
        { 503, "{\"ok\":false,\"channel\":\"slack\",\"started\":false}", TALON_FAIL, "gateway.channel", "slack was not started" },
        { 503, "{\"ok\":true,\"channel\":\"slack\"}", TALON_FAIL, "gateway.channel", "slack is started, but not connected" },
        { 200, "{}", TALON_FAIL, "protocol.bad", "does not say how the channel does" },
        { 404, "", TALON_FAIL, "http.status", "HTTP 404" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "channel");

        fake_set(fake, "url", "http://127.0.0.1:3018/health/slack");
        web_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, cases[i].verdict, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

/* ---- files */

static char folder[TEMP_PATH];

static int make_folder(void **state)
{
    if (temp_folder_make(state) != 0)
        return -1;
    snprintf(folder, sizeof folder, "%s", (const char *)*state);
    return 0;
}

static const char *in(const char *name)
{
    static char path[2][TEMP_PATH + 64];
    static unsigned which;

    which ^= 1;
    snprintf(path[which], sizeof path[which], "%s/%s", folder, name);
    return path[which];
}

static void write_file(const char *name, const char *text, int64_t changed)
{
    const struct timespec times[2] = { { changed, 0 }, { changed, 0 } };
    FILE *file = fopen(in(name), "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(utimensat(AT_FDCWD, in(name), times, 0), 0);
}

static void the_files_of_the_slim_form(void **unused)
{
    enum { HOUR = 3600 };
    static const struct {
        const char *pid; /* NULL: our own */
        const char *heartbeat;
        int64_t pid_age;
        const char *stale;
        enum talon_status verdict;
        const char *reason, *part;
    } cases[] = {
        { NULL, "export const lastHeartbeatTs = 1767614100000;\n", 9 * HOUR, NULL, TALON_OK, "gateway.ok", "lives, its last heartbeat was 5 min ago" },
        { NULL, "lastHeartbeatTs=1767614400000", 9 * HOUR, NULL, TALON_OK, "gateway.ok", "" },
        { NULL, "lastHeartbeatTs = 1767612600000;", 9 * HOUR, NULL, TALON_WARN, "gateway.heartbeat",
          "its last heartbeat was 30 min ago, expected within 30 min" },
        { NULL, "lastHeartbeatTs = 1767612600000;", 9 * HOUR, "fail", TALON_FAIL, "gateway.heartbeat", "30 min ago" },
        { NULL, "lastHeartbeatTs = 1767612600000;", 60, "fail", TALON_STARTING, "starting", "its first heartbeat is to come" },
        { NULL, "lastHeartbeatTs = 1767614701000;", 9 * HOUR, NULL, TALON_FAIL, "gateway.heartbeat", "5 min in the future" },
        { NULL, "lastHeartbeatTs = 1767614460000;", 9 * HOUR, NULL, TALON_OK, "gateway.ok", "0.0 ms ago" },
        { NULL, "lastHeartbeatTs = ;", 9 * HOUR, NULL, TALON_FAIL, "gateway.heartbeat", "holds no heartbeat" },
        { NULL, "lastHeartbeatTs = 99999999999999999999", 9 * HOUR, NULL, TALON_FAIL, "gateway.heartbeat", "holds no heartbeat" },
        { NULL, "", 9 * HOUR, NULL, TALON_FAIL, "gateway.heartbeat", "holds no heartbeat" },
        { "2147483647\n", "", 9 * HOUR, NULL, TALON_FAIL, "gateway.pid", "process 2147483647 of " },
        { "0\n", "", 9 * HOUR, NULL, TALON_FAIL, "gateway.pid", "holds no number of a process" },
        { "-5", "", 9 * HOUR, NULL, TALON_FAIL, "gateway.pid", "holds no number of a process" },
        { "12x", "", 9 * HOUR, NULL, TALON_FAIL, "gateway.pid", "holds no number of a process" },
        { "", "", 9 * HOUR, NULL, TALON_FAIL, "gateway.pid", "holds no number of a process" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "heartbeat");
        char own[32];

        snprintf(own, sizeof own, "%ld\n", (long)getpid());
        write_file("pid", cases[i].pid ? cases[i].pid : own, NOON - cases[i].pid_age);
        write_file("beat", cases[i].heartbeat, NOON);
        fake_set(fake, "pid_file", in("pid"));
        fake_set(fake, "heartbeat_file", in("beat"));
        if (cases[i].stale)
            fake_set(fake, "stale", cases[i].stale);
        fake_calendar(fake, NOON);
        CONCLUDES(fake, cases[i].verdict, cases[i].reason, cases[i].part);
        unlink(in("beat"));
        if (!cases[i].pid && cases[i].pid_age < 1800)
            CONCLUDES(fake, TALON_STARTING, "starting", "its first heartbeat is to come");
        else if (!cases[i].pid)
            CONCLUDES(fake, TALON_FAIL, "file.missing", "beat does not exist: the gateway's process lives, but has written no heartbeat");
        unlink(in("pid"));
        CONCLUDES(fake, TALON_FAIL, "file.missing", "pid does not exist: the gateway does not run");
        assert_int_equal(mkdir(in("pid"), 0700), 0);
        CONCLUDES(fake, TALON_FAIL, "file.error", "pid: it is no regular file");
        rmdir(in("pid"));
        fake_free(fake);
    }
}

static void wrong_options(void **unused)
{
    static const char *const operations[] = { "health", "channel" };

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, operations[i]);

        fake_set(fake, "url", "127.0.0.1:3018");
        REFUSES(fake, "url", "is no URL");
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_health), cmocka_unit_test(channels_that_must_be_well), cmocka_unit_test(one_that_is_gone),
        cmocka_unit_test(one_channel), cmocka_unit_test(the_files_of_the_slim_form), cmocka_unit_test(wrong_options),
    };

    return cmocka_run_group_tests_name("plugin gateway", tests, make_folder, temp_folder_remove);
}
