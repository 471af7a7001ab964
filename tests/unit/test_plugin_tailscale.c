/*
 * The plugin `tailscale` on the fake host: each state of the backend, keys, peers, warnings, the ping, the ways to its local API, and answers that prove
 * nothing.
 */
#include "plugin_test.h"
#include "temp_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOON = 1767614400 }; /* 2026-01-05 12:00:00 UTC */

#define SELF "\"Self\":{\"HostName\":\"server\",\"DNSName\":\"server.example.ts.net.\",\"TailscaleIPs\":[\"100.64.0.1\"],\"Online\":true"
#define RUNNING "{\"BackendState\":\"Running\"," SELF ",\"KeyExpiry\":\"2026-03-01T00:00:00Z\"},\"Health\":[]}"

static struct fake *tailscale(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "tailscale");

    fake_calendar(fake, NOON);
    return fake;
}

static struct fake *by_socket(void)
{
    struct fake *fake = tailscale();

    fake_set(fake, "socket", "/run/tailscaled.sock");
    return fake;
}

static void one_that_is_connected(void **unused)
{
    struct fake *fake = by_socket();

    (void)unused;
    web_answers(fake, 200, RUNNING);
    CONCLUDES(fake, TALON_OK, "tailscale.ok", "server.example.ts.net is online as 100.64.0.1");
    assert_true(fabs(fake_metric(fake, "key_expires_in") - 54.5 * 86400) < 1);
    assert_string_equal(fake_asked(fake, 0)->url, "http://local-tailscaled.sock/localapi/v0/status?peers=false");
    assert_string_equal(fake_asked(fake, 0)->unix_path, "/run/tailscaled.sock");
    assert_null(fake_asked(fake, 0)->connect_to);
    assert_null(fake_asked_header(fake, 0, "Authorization"));
    fake_free(fake);
}

static void each_state(void **unused)
{
    static const struct {
        const char *body;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { "{\"BackendState\":\"Starting\"}", TALON_STARTING, "starting", "Tailscale is starting" },
        { "{\"BackendState\":\"NoState\"}", TALON_STARTING, "starting", "does not know its state yet" },
        { "{\"BackendState\":\"Stopped\",\"Self\":{\"Online\":false}}", TALON_STOPPED, "stopped.by_hand", "Tailscale is switched off (tailscale down)" },
        { "{\"BackendState\":\"NeedsLogin\",\"AuthURL\":\"https://login.example/secret\"}", TALON_FAIL, "tailscale.login", "a person must log in" },
        { "{\"BackendState\":\"NeedsMachineAuth\"}", TALON_FAIL, "tailscale.approval", "must approve this machine" },
        { "{\"BackendState\":\"InUseOtherUser\"}", TALON_FAIL, "tailscale.other_user", "another user" },
        { "{\"BackendState\":\"Dreaming\"}", TALON_UNKNOWN, "tailscale.state", "calls its state \"Dreaming\"" },
        { "{}", TALON_FAIL, "protocol.bad", "does not say in which state" },
        { "[]", TALON_FAIL, "protocol.bad", "does not say in which state" },
        { "{\"BackendState\":\"Running\"," SELF ",\"Expired\":true}}", TALON_FAIL, "tailscale.expired", "the key of this machine has expired" },
        { "{\"BackendState\":\"Running\"," SELF ",\"KeyExpiry\":\"2026-01-05T12:00:00Z\"}}", TALON_FAIL, "tailscale.expired", "has expired" },
        { "{\"BackendState\":\"Running\",\"Self\":{\"Online\":false}}", TALON_FAIL, "tailscale.offline", "not connected to its coordination server" },
        { "{\"BackendState\":\"Running\"}", TALON_FAIL, "tailscale.offline", "not connected" },
        { "{\"BackendState\":\"Running\"," SELF ",\"KeyExpiry\":\"2026-01-10T12:00:00Z\"}}", TALON_WARN, "tailscale.expiry", "its key expires in 5 d" },
        { "{\"BackendState\":\"Running\"," SELF "},\"Health\":[\"router: no route\",\"x\"]}", TALON_WARN, "tailscale.health",
          "Tailscale warns: router: no route" },
        { "{\"BackendState\":\"Running\"," SELF "},\"Health\":null}", TALON_OK, "tailscale.ok", "server.example.ts.net is online" },
        { "{\"BackendState\":\"Running\",\"Self\":{\"Online\":true}}", TALON_OK, "tailscale.ok", "this machine is online as ?" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = by_socket();

        web_answers(fake, 200, cases[i].body);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        assert_null(strstr(fake_result(fake)->summary, "secret"));
        fake_free(fake);
    }
}

static void peers(void **unused)
{
#define PEERS                                                                                                                                            \
    "{\"BackendState\":\"Running\"," SELF "},\"Peer\":{"                                                                                                \
    "\"nodekey:a\":{\"HostName\":\"NAS\",\"DNSName\":\"nas.example.ts.net.\",\"Online\":true},"                                                          \
    "\"nodekey:b\":{\"HostName\":\"laptop\",\"DNSName\":\"laptop-1.example.ts.net.\",\"Online\":false,\"LastSeen\":\"2026-01-05T09:00:00Z\"},"           \
    "\"nodekey:c\":{\"HostName\":\"phone\",\"DNSName\":\"phone.example.ts.net.\",\"Online\":false},"                                                     \
    "\"nodekey:d\":{\"HostName\":\"phone\",\"DNSName\":\"phone-1.example.ts.net.\",\"Online\":true}}}"
    static const struct {
        const char *peers[3];
        enum talon_status status;
        const char *part;
    } cases[] = {
        { { "nas" }, TALON_OK, "is online" },
        { { "nas.example.ts.net" }, TALON_OK, "is online" },
        { { "nas.example.ts.net.", "NAS" }, TALON_OK, "is online" },
        { { "phone" }, TALON_OK, "is online" },
        { { "nas.example" }, TALON_FAIL, "nas.example is not in the tailnet" },
        { { "na" }, TALON_FAIL, "na is not in the tailnet" },
        { { "laptop" }, TALON_FAIL, "laptop is offline, last seen 3 h ago" },
        { { "nas", "laptop-1", "gone" }, TALON_FAIL, "laptop-1 is offline, last seen 3 h ago, and 1 more of the peers that must be online" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = by_socket();

        for (size_t p = 0; p < 3 && cases[i].peers[p]; p++)
            fake_add(fake, "peers", NULL, cases[i].peers[p]);
        web_answers(fake, 200, PEERS);
        CONCLUDES(fake, cases[i].status, cases[i].status == TALON_OK ? "tailscale.ok" : "tailscale.peer", cases[i].part);
        assert_string_equal(fake_asked(fake, 0)->url, "http://local-tailscaled.sock/localapi/v0/status");
        fake_free(fake);
    }
}

static void the_ping(void **unused)
{
    static const struct {
        unsigned status;
        const char *body;
        enum talon_status verdict;
        const char *reason, *part;
    } cases[] = {
        { 200, "{\"IP\":\"100.64.0.7\",\"NodeName\":\"nas\",\"LatencySeconds\":0.0042,\"Endpoint\":\"192.0.2.7:41641\"}", TALON_OK, "tailscale.ok",
          "online as 100.64.0.1, nas answers in 4.2 ms" },
        { 200, "{\"NodeName\":\"nas\",\"LatencySeconds\":0.05,\"DERPRegionID\":4}", TALON_OK, "tailscale.ok", "nas answers in 50.0 ms through a relay" },
        { 200, "{\"IP\":\"100.64.0.7\",\"Err\":\"no matching peer\"}", TALON_FAIL, "tailscale.ping", "does not reach 100.64.0.7: no matching peer" },
        { 200, "{\"LatencySeconds\":1e300}", TALON_FAIL, "tailscale.ping", "no time was told" },
        { 200, "{}", TALON_FAIL, "tailscale.ping", "does not reach 100.64.0.7: no time was told" },
        { 403, "ping access denied", TALON_UNKNOWN, "auth.rejected", "HTTP 403: ping access denied" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = by_socket();

        fake_set(fake, "ping", "100.64.0.7");
        web_answers(fake, 200, RUNNING);
        web_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, cases[i].verdict, cases[i].reason, cases[i].part);
        assert_string_equal(fake_asked(fake, 1)->method, "POST");
        assert_string_equal(fake_asked(fake, 1)->url, "http://local-tailscaled.sock/localapi/v0/ping?ip=100.64.0.7&type=disco");
        fake_free(fake);
    }
}

static void settings_of_warnings(void **unused)
{
    struct fake *fake = by_socket();

    (void)unused;
    fake_set(fake, "health", "false");
    fake_set(fake, "warn_expiry", "0");
    web_answers(fake, 200, "{\"BackendState\":\"Running\"," SELF ",\"KeyExpiry\":\"2026-01-05T12:00:09Z\"},\"Health\":[\"x\"]}");
    CONCLUDES(fake, TALON_OK, "tailscale.ok", "");
    fake_free(fake);
}

/* ---- ways */

/* On a machine with a Tailscale of its own the first way leads there. */
static void needs_a_machine_without_tailscale(void)
{
    if (access("/var/run/tailscale/tailscaled.sock", F_OK) == 0 || access("/var/run/tailscaled.socket", F_OK) == 0)
        skip();
}

static void the_port_of_the_application(void **state)
{
    static const struct {
        const char *name, *content, *port, *header;
    } cases[] = {
        { "sameuserproof-49152", "0123456789abcdef\n", "127.0.0.1:49152", "Basic OjAxMjM0NTY3ODlhYmNkZWY=" },
        { "sameuserproof-49153-c0ffee", "", "127.0.0.1:49153", "Basic OmMwZmZlZQ==" },
        { "sameuserproof-49154-c0ffe", "", "127.0.0.1:49154", "Basic OmMwZmZl" },
    };

    needs_a_machine_without_tailscale();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = tailscale();

        temp_write(temp_path(state, cases[i].name), cases[i].content);
        fake_set(fake, "token_folder", *state);
        web_answers(fake, 200, RUNNING);
        CONCLUDES(fake, TALON_OK, "tailscale.ok", "");
        assert_string_equal(fake_asked(fake, 0)->connect_to, cases[i].port);
        assert_null(fake_asked(fake, 0)->unix_path);
        assert_string_equal(fake_asked_header(fake, 0, "Authorization"), cases[i].header);
        unlink(temp_path(state, cases[i].name));
        fake_free(fake);
    }
}

static void no_way_at_all(void **state)
{
    static const char *const names[] = { "sameuserproof-", "sameuserproof-x", "sameuserproof-0-aa", "sameuserproof-70000-aa", "other" };
    struct fake *fake;

    needs_a_machine_without_tailscale();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(mkdir(temp_path(state, names[i]), 0700), 0);
    fake = tailscale();
    fake_set(fake, "token_folder", *state);
    CONCLUDES(fake, TALON_FAIL, "connect.no_socket", "Tailscale does not run: there is neither /var/run/tailscale/tailscaled.sock nor");
    fake_free(fake);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        rmdir(temp_path(state, names[i]));
    assert_int_equal(mkdir(temp_path(state, "sameuserproof-49152-word"), 0700), 0);
    fake = tailscale();
    fake_set(fake, "token_folder", *state);
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "cannot be read");
    fake_free(fake);
}

/* ---- answers that are none */

static void what_is_no_status(void **unused)
{
    static const struct {
        unsigned status;
        const char *body;
        enum talon_status verdict;
        const char *reason, *part;
    } cases[] = {
        { 403, "invalid localapi request", TALON_UNKNOWN, "auth.rejected", "tailscaled refuses to answer us: HTTP 403: invalid localapi request" },
        { 401, "", TALON_UNKNOWN, "auth.rejected", "HTTP 401" },
        { 500, "no backend", TALON_FAIL, "http.status", "tailscaled answered with HTTP 500: no backend" },
        { 200, "<html>", TALON_FAIL, "protocol.bad", "the answer of tailscaled: " },
        { 200, "", TALON_FAIL, "protocol.bad", "the answer of tailscaled: " },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = by_socket();
        web_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, cases[i].verdict, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
    fake = by_socket();
    fake_http(fake, 0, TALON_REQUEST(talon_response, .error = FAKE_ERROR(TALON_E_NO_SOCKET, 2, "connect.no_socket", "there is no such socket")));
    CONCLUDES(fake, TALON_FAIL, "connect.no_socket", "cannot ask tailscaled at /run/tailscaled.sock: there is no such socket");
    fake_http(fake, 0, TALON_REQUEST(talon_response, .error = FAKE_ERROR(TALON_E_TOO_BIG, 0, "too_big", "more than 4 MiB")));
    CONCLUDES(fake, TALON_FAIL, "too_big", "more than 4 MiB");
    CONCLUDES(fake, TALON_FAIL, "timeout", "cannot ask tailscaled"); /* silence */
    fake_free(fake);
}

static void wrong_options(void **unused)
{
    struct fake *fake = by_socket();

    (void)unused;
    fake_set(fake, "ping", "nas/../x");
    REFUSES(fake, "ping", "is no address");
    fake_free(fake);
    fake = by_socket();
    fake_add(fake, "peers", NULL, "");
    REFUSES(fake, "peers", "has an empty name");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_connected), cmocka_unit_test(each_state),  cmocka_unit_test(peers),
        cmocka_unit_test(the_ping),              cmocka_unit_test(settings_of_warnings), cmocka_unit_test_setup_teardown(the_port_of_the_application, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(no_way_at_all, temp_folder_make, temp_folder_remove),         cmocka_unit_test(what_is_no_status),    cmocka_unit_test(wrong_options),
    };

    return cmocka_run_group_tests_name("plugin tailscale", tests, NULL, NULL);
}
