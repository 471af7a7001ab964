/*
 * The plugin `imsg` on the fake host: a daemon that may read the messages, one from which macOS has taken that right, and one that is gone. How lines are read
 * is * tried in test_plugin_secrets.c.
 */
#include "plugin_test.h"

static struct fake *imsg(const char *answer)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "imsg");

    fake_set(fake, "socket", "/tmp/imsg.sock");
    if (answer) {
        fake_link(fake, FAKE_MS, NULL);
        fake_link_hears(fake, "chats.list");
        fake_link_says(fake, 4 * FAKE_MS, answer, strlen(answer));
    }
    return fake;
}

static void what_it_says(void **unused)
{
    static const struct {
        const char *text;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":{\"chats\":[{\"id\":1,\"name\":\"private words\"}]}}\n", TALON_OK, "imsg.ok",
          "answers, and can read the messages" },
        { "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"chats\":[]}}\n", TALON_OK, "imsg.ok", "answers" },
        { "{\"id\":1,\"error\":{\"code\":-32603,\"message\":\"permissionDenied(path: chat.db)\"}}\n", TALON_FAIL, "imsg.permission",
          "a person must give it Full Disk Access again (permissionDenied(path: chat.db))" },
        { "{\"id\":1,\"error\":{\"code\":-32603,\"message\":\"authorization denied\"}}\n", TALON_FAIL, "imsg.permission", "a person must" },
        { "{\"id\":1,\"error\":{\"code\":-32600,\"message\":\"database is locked\"}}\n", TALON_FAIL, "imsg.error",
          "it answered with the error -32600: database is locked" },
        { "{\"id\":1,\"result\":{}}\n", TALON_FAIL, "protocol.bad", "its answer to chats.list has no chats" },
        { "{\"id\":1,\"result\":true}\n", TALON_FAIL, "protocol.bad", "its answer to chats.list has no chats" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = imsg(cases[i].text);
        size_t n;

        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        assert_string_equal(fake_sent(fake, &n), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chats.list\",\"params\":{\"limit\":1}}\n");
        NEAR(fake_metric(fake, "answer_time"), 0.004);
        assert_int_equal(fake_result(fake)->details, 0); /* nobody's messages are told */
        assert_null(strstr(fake_result(fake)->summary, "private"));
        fake_free(fake);
    }
}

static void its_socket_is_gone(void **unused)
{
    const struct talon_link link = { .size = sizeof link, .error = FAKE_ERROR(TALON_E_NO_SOCKET, 2, "connect.no_socket", "there is no such socket") };
    struct fake *fake = imsg(NULL);

    (void)unused;
    fake_link(fake, FAKE_MS, &link);
    CONCLUDES(fake, TALON_FAIL, "connect.no_socket", "cannot connect to imsg's daemon (/tmp/imsg.sock): there is no such socket");
    fake_free(fake);
    fake = imsg(NULL);
    fake_link(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "timeout", "connected to imsg's daemon (/tmp/imsg.sock), but it did not answer chats.list");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_it_says), cmocka_unit_test(its_socket_is_gone) };

    return cmocka_run_group_tests_name("plugin imsg", tests, NULL, NULL);
}
