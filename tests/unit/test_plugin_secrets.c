/* The plugin `secrets` on the fake host, and with it the kit's questions of JSON-RPC: what the daemon says of itself, errors, peers that are something else,
 * silence, answers in pieces and without end. */
#include "plugin_test.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOON = 1767614400 };

#define RUNNING                                                                                                                                          \
    "{\"jsonrpc\":\"2.0\",\"result\":{\"running\":true,\"started_at\":\"2026-01-05T11:00:00Z\",\"secrets_count\":31,\"active_leases\":4},\"id\":1}\n"
#define ERROR(code, message) "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":" code ",\"message\":\"" message "\"},\"id\":1}\n"

static struct fake *secrets(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "status");

    fake_set(fake, "socket", "/run/agent-secrets.sock");
    fake_calendar(fake, NOON);
    return fake;
}

static void says(struct fake *fake, const char *text)
{
    fake_link(fake, FAKE_MS, NULL);
    fake_link_hears(fake, "secrets.status");
    fake_link_says(fake, 2 * FAKE_MS, text, strlen(text));
}

static void one_that_serves(void **unused)
{
    struct fake *fake = secrets();
    size_t n;

    (void)unused;
    says(fake, RUNNING);
    CONCLUDES(fake, TALON_OK, "secrets.ok", "runs, 31 secrets, 4 leases");
    NEAR(fake_metric(fake, "secrets"), 31);
    NEAR(fake_metric(fake, "leases"), 4);
    NEAR(fake_metric(fake, "answer_time"), 0.002);
    assert_true(fabs(fake_metric(fake, "uptime") - 3600) < 1);
    assert_string_equal(fake_connected(fake, 0)->to.unix_path, "/run/agent-secrets.sock");
    assert_string_equal(fake_sent(fake, &n), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"secrets.status\",\"params\":{}}\n");
    fake_free(fake);
}

static void what_it_says_of_itself(void **unused)
{
    static const struct {
        const char *text;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { "{\"id\":1,\"result\":{\"running\":true}}\n", TALON_OK, "secrets.ok", "runs" },
        { "{\"id\":1,\"result\":{\"success\":true,\"data\":{\"running\":true,\"secrets_count\":2,\"active_leases\":0}}}\n", TALON_OK, "secrets.ok",
          "runs, 2 secrets, 0 leases" },
        { "{\"id\":1,\"result\":{\"result\":{\"running\":true,\"active_leases\":27}}}\n", TALON_OK, "secrets.ok", "runs" },
        { "{\"id\":1,\"result\":{\"running\":false,\"secrets_count\":0}}\n", TALON_FAIL, "secrets.locked", "its store is not open" },
        { "{\"id\":1,\"result\":{\"running\":true,\"secrets_count\":0,\"active_leases\":0}}\n", TALON_FAIL, "secrets.empty",
          "it holds 0 secrets, expected at least 1" },
        { "{\"id\":1,\"result\":{\"running\":\"yes\"}}\n", TALON_FAIL, "protocol.bad", "does not say whether it runs" },
        { "{\"id\":1,\"result\":[]}\n", TALON_FAIL, "protocol.bad", "does not say whether it runs" },
        { ERROR("-32006", "Unauthorized"), TALON_UNKNOWN, "auth.rejected", "it refuses to answer us: Unauthorized" },
        { ERROR("-32601", "Method not found"), TALON_UNKNOWN, "secrets.version", "does not know secrets.status" },
        { ERROR("-32000", "store is corrupt"), TALON_FAIL, "secrets.error", "it answered with the error -32000: store is corrupt" },
        { ERROR("-6066666666666666666663", "far"), TALON_FAIL, "secrets.error", "it answered with the error 0: far" },
        { "{\"id\":1,\"error\":\"x\"}\n", TALON_FAIL, "secrets.error", "it answered with the error 0: no reason given" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = secrets();

        says(fake, cases[i].text);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void too_many_leases(void **unused)
{
    struct fake *fake = secrets();

    (void)unused;
    fake_set(fake, "max_leases", "3");
    says(fake, RUNNING);
    CONCLUDES(fake, TALON_WARN, "secrets.leases", "4 leases are active, more than 3");
    fake_free(fake);
}

/* ---- the line itself */

static void peers_that_do_not_speak_so(void **unused)
{
    static const struct {
        const char *text, *reason, *part;
    } cases[] = {
        { "HTTP/1.1 400 Bad Request\r\n", "protocol.bad", "does not speak JSON-RPC, it answered secrets.status with \"HTTP/1.1 400 Bad Request\"" },
        { "[1]\n", "protocol.bad", "does not speak JSON-RPC" },
        { "{\"id\":1}\n", "protocol.bad", "answered secrets.status with neither a result nor an error" },
        { "{\"id\":1,\"error\":null}\n", "protocol.bad", "neither a result nor an error" },
        { "{\"id\":1,\"result\":{\"runn", "protocol.short", "closed the connection within its answer to secrets.status" },
        { "\n\n", "connect.closed", "closed the connection without answering secrets.status" },
        { "{\"method\":\"event\",\"params\":{}}\n", "connect.closed", "closed the connection without answering" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = secrets();

        says(fake, cases[i].text);
        fake_link_ends(fake, FAKE_MS, NULL);
        CONCLUDES(fake, TALON_FAIL, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void answers_in_pieces_and_among_events(void **unused)
{
    static const char text[] = "\n{\"method\":\"event\",\"params\":{\"x\":1}}\n" RUNNING;
    struct fake *fake = secrets();

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    for (size_t i = 0; i + 1 < sizeof text; i++)
        fake_link_says(fake, FAKE_MS, text + i, 1);
    CONCLUDES(fake, TALON_OK, "secrets.ok", "31 secrets");
    fake_free(fake);
}

static void a_flood_is_bounded(void **unused)
{
    struct fake *fake = secrets();
    char *text = malloc(100000);
    size_t n = 0;

    (void)unused;
    memset(text, ' ', 100000); /* a line without end */
    fake_link(fake, FAKE_MS, NULL);
    fake_link_says(fake, FAKE_MS, text, 100000);
    CONCLUDES(fake, TALON_FAIL, "too_big", "connected to the daemon of secrets (/run/agent-secrets.sock), but it did not answer secrets.status");
    while (n < 60000) /* events without end */
        n += (size_t)snprintf(text + n, 100000 - n, "{\"method\":\"event\"}\n");
    fake_link(fake, FAKE_MS, NULL);
    fake_link_says(fake, FAKE_MS, text, n);
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "neither a result nor an error");
    free(text);
    fake_free(fake);
}

static void connections_that_fail(void **unused)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
        const char *part;
    } cases[] = {
        { FAKE_ERROR(TALON_E_NO_SOCKET, 2, "connect.no_socket", "there is no such socket"), TALON_FAIL,
          "cannot connect to the daemon of secrets (/run/agent-secrets.sock): there is no such socket" },
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "connection refused"), TALON_FAIL, "connection refused" },
        { FAKE_ERROR(TALON_E_DENIED, 13, "connect.denied", "permission denied"), TALON_UNKNOWN, "permission denied" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct talon_link link = { .size = sizeof link, .error = cases[i].error };

        fake = secrets();
        fake_link(fake, FAKE_MS, &link);
        CONCLUDES(fake, cases[i].status, cases[i].error.token, cases[i].part);
        fake_free(fake);
    }
    fake = secrets();
    fake_link(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "timeout", "connected to the daemon of secrets (/run/agent-secrets.sock), but it did not answer secrets.status");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_serves),
        cmocka_unit_test(what_it_says_of_itself),
        cmocka_unit_test(too_many_leases),
        cmocka_unit_test(peers_that_do_not_speak_so),
        cmocka_unit_test(answers_in_pieces_and_among_events),
        cmocka_unit_test(a_flood_is_bounded),
        cmocka_unit_test(connections_that_fail),
    };

    return cmocka_run_group_tests_name("plugin secrets", tests, NULL, NULL);
}
