/* The plugin `http` on the fake host: which options it refuses, and with which words. */
#include "plugin_http_test.h"

struct refusal {
    const char *option, *value, *at, *part;
};

static void wrong_options_are_refused(void **unused)
{
    static const struct refusal cases[] = {
        { "url", "db.example", "url", "must start with http:// or https://" },
        { "url", "ftp://db.example/", "url", "must start with" },
        { "url", "http://", "url", "must start with" },
        { "url", "http:///x", "url", "needs a host" },
        { "url", "http://:80/", "url", "needs a host" },
        { "url", "http://a:0/", "url", "needs a host" },
        { "url", "http://a:65536/", "url", "needs a host" },
        { "url", "http://a:8x/", "url", "needs a host" },
        { "url", "http://a:/", "url", "needs a host" },
        { "url", "http://[::1/", "url", "needs a host" },
        { "url", "http://[]/", "url", "needs a host" },
        { "url", "http://u:p@a/", "url", "must not hold credentials" },
        { "url", "http://a/b c", "url", "must not hold spaces" },
        { "url", "http://a/b\r\nX: y", "url", "must not hold spaces" },
        { "method", "GE T", "method", "is no request method" },
        { "method", "", "method", "is no request method" },
        { "method", "CONNECT", "method", "is no request method" },
        { "connect_to", "db.example", "connect_to", "must be HOST:PORT" },
        { "connect_to", "a:0", "connect_to", "must be HOST:PORT" },
        { "connect_to", "", "connect_to", "must be HOST:PORT" },
        { "user", "u", "user", "needs a `password`" },
        { "password", "p", "password", "needs a `user`" },
        { "bearer", "a\nb", "bearer", "control characters" },
        { "tls.ca", "/x", "tls.ca", "has no effect on http://" },
        { "tls.insecure", "true", "tls.insecure", "has no effect on http://" },
        { "http2", "yes", "http2", "none of the choices" },
        { "follow", "21", "follow", "must be 0 to 20" },
        { "follow", "-1", "follow", "must be 0 to 20" },
        { "max_body", "9MiB", "max_body", "must be" },
        { "max_body", "0", "max_body", "must be" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "http");

        if (strcmp(cases[i].option, "url") != 0)
            fake_set(fake, "url", "http://db.example/");
        fake_set(fake, cases[i].option, cases[i].value);
        REFUSES(fake, cases[i].at, cases[i].part);
        fake_free(fake);
    }
}

static void good_urls_are_accepted(void **unused)
{
    static const char *const cases[] = {
        "http://a", "HTTP://A:80", "https://[::1]:8443/x", "http://127.0.0.1:1?x#y", "http://a/@b", "https://[fe80::1]"
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "http");

        fake_set(fake, "url", cases[i]);
        ACCEPTS(fake);
        fake_free(fake);
    }
}

static void options_that_contradict(void **unused)
{
    struct fake *fake = http();

    (void)unused;
    fake_set(fake, "unix", "/x");
    fake_set(fake, "connect_to", "a:1");
    REFUSES(fake, "connect_to", "`unix` says already");
    fake_free(fake);

    fake = http();
    fake_set(fake, "user", "u");
    fake_set(fake, "password", "p");
    fake_set(fake, "bearer", "t");
    REFUSES(fake, "bearer", "cannot both be sent");
    fake_free(fake);

    fake = http();
    fake_set(fake, "user", "u:v");
    fake_set(fake, "password", "p");
    REFUSES(fake, "user", "must not hold a colon");
    fake_free(fake);

    fake = http();
    fake_set(fake, "bearer", "t");
    fake_add(fake, "headers", "AUTHORIZATION", "x");
    REFUSES(fake, "headers", "sets Authorization, which `bearer` does already");
    fake_free(fake);

    fake = http();
    fake_add(fake, "headers", "X Y", "x");
    REFUSES(fake, "headers", "\"X Y\" is no header name");
    fake_free(fake);

    fake = http();
    fake_add(fake, "headers", "X", "a\r\nEvil: b");
    REFUSES(fake, "headers", "the value of X holds a line break");
    fake_free(fake);

    fake = http();
    fake_set(fake, "method", "HEAD");
    fake_add(fake, "expect_json", "a", "1");
    REFUSES(fake, "expect_json", "an answer to HEAD has no body");
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "http");
    fake_set(fake, "url", "https://a/");
    fake_set(fake, "tls.cert", "/x");
    REFUSES(fake, "tls.cert", "go together");
    fake_free(fake);

    fake = http(); /* a redirect may lead to https */
    fake_set(fake, "follow", "1");
    fake_set(fake, "tls.ca", "/x");
    ACCEPTS(fake);
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "http");
    REFUSES(fake, "url", "is required");
    fake_free(fake);
}

/* The same machinery, but it sends something unless told otherwise, and never calls anything starting. */
static void a_request_as_an_action(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "request");

    (void)unused;
    fake_set(fake, "url", "http://worker.example/register");
    fake_set(fake, "body", "{}");
    fake_set(fake, "bearer", "s3cr3tbearer");
    fake_add(fake, "expect_json", "ok", "true");
    answer(fake, 200, "{\"ok\":true}");
    CONCLUDES(fake, TALON_OK, "http.ok", "HTTP 200");
    assert_string_equal(fake_asked(fake, 0)->method, "POST");
    assert_memory_equal(fake_asked(fake, 0)->body, "{}", 2);
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer s3cr3tbearer");
    answer(fake, 200, "{\"ok\":false}");
    CONCLUDES(fake, TALON_FAIL, "http.json", "HTTP 200, but");
    answer(fake, 503, "");
    CONCLUDES(fake, TALON_FAIL, "http.status", "HTTP 503");
    answer(fake, 401, "");
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "the credentials are refused");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_as_an_action),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(good_urls_are_accepted),
        cmocka_unit_test(options_that_contradict),
    };

    return cmocka_run_group_tests_name("plugin http: options", tests, NULL, NULL);
}
