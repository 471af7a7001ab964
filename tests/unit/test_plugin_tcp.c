/* The plugin `tcp` on the fake host: each option, each way to fail, and peers that talk in pieces, too much, or not at
 * all. */
#include "plugin_test.h"

static struct fake *tcp(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "tcp");

    fake_set(fake, "address", "db.example:5432");
    return fake;
}

static struct fake *expecting(const char *pattern)
{
    struct fake *fake = tcp();

    fake_set(fake, "expect", pattern);
    return fake;
}

static void says(struct fake *fake, uint64_t after_ns, const char *text)
{
    fake_link_says(fake, after_ns, text, strlen(text));
}

static void connects(void **unused)
{
    struct fake *fake = tcp();

    (void)unused;
    fake_link(fake, 3 * FAKE_MS, NULL);
    CONCLUDES(fake, TALON_OK, "tcp.ok", "connected in 3.0 ms");
    NEAR(fake_metric(fake, "connect_time"), 0.003);
    NEAR(fake_metric(fake, "time"), 0.003);
    assert_string_equal(fake_connected(fake, 0)->to.host, "db.example");
    assert_int_equal(fake_connected(fake, 0)->to.port, 5432);
    assert_null(fake_connected(fake, 0)->tls);
    assert_null(fake_connected(fake, 1));
    fake_free(fake);
}

static void each_failure_keeps_its_token(void **unused)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
    } cases[] = {
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "connection refused"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_NO_NAME, 0, "dns.none", "no such name"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_UNREACHABLE, 113, "connect.unreachable", "no route to host"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_NO_SOCKET, 2, "connect.no_socket", "no such socket"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_CERT, 0, "tls.expired", "the certificate has expired"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_TLS, 0, "tls.broken", "handshake failed"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_RESOLVER, 0, "dns.unreachable", "the resolver does not answer"), TALON_UNKNOWN },
        { FAKE_ERROR(TALON_E_DENIED, 13, "connect.denied", "permission denied"), TALON_UNKNOWN },
        { FAKE_ERROR(TALON_E_LOCAL, 24, "local", "too many open files"), TALON_UNKNOWN },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = tcp();

        fake_link(fake, FAKE_MS, &(struct talon_link){ .error = cases[i].error });
        CONCLUDES(fake, cases[i].status, cases[i].error.token, "cannot connect to db.example:5432: ");
        CONTAINS(fake_result(fake)->summary, cases[i].error.text);
        fake_free(fake);
    }
}

static void a_silent_network_is_a_failure(void **unused)
{
    struct fake *fake = tcp();

    (void)unused;
    fake_timeout(fake, 2 * FAKE_S);
    CONCLUDES(fake, TALON_FAIL, "connect.timeout", "cannot connect to db.example:5432");
    assert_true(fake_result(fake)->took_ns == 1900 * FAKE_MS);
    fake_free(fake);
}

static void slow_at_the_bound(void **unused)
{
    static const struct {
        uint64_t took;
        enum talon_status status;
        const char *reason;
    } cases[] = { { 500 * FAKE_MS - 1, TALON_OK, "tcp.ok" },
                  { 500 * FAKE_MS, TALON_WARN, "tcp.slow" },
                  { 501 * FAKE_MS, TALON_WARN, "tcp.slow" } };

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        struct fake *fake = tcp();

        fake_set(fake, "warn_after", "500ms");
        fake_link(fake, cases[i].took, NULL);
        CONCLUDES(fake, cases[i].status, cases[i].reason, "connected in 50");
        fake_free(fake);
    }
}

static void an_answer_counts_for_slowness(void **unused)
{
    struct fake *fake = expecting("^\\+PONG");

    (void)unused;
    fake_set(fake, "send", "PING\r\n");
    fake_set(fake, "warn_after", "100ms");
    fake_link(fake, FAKE_MS, NULL);
    fake_link_hears(fake, "PING\r\n");
    says(fake, 99 * FAKE_MS, "+PONG\r\n");
    CONCLUDES(fake, TALON_WARN, "tcp.slow", "answered as expected in 100 ms, expected within 100 ms");
    NEAR(fake_metric(fake, "time"), 0.1);
    NEAR(fake_metric(fake, "connect_time"), 0.001);
    fake_free(fake);
}

static void an_answer_may_come_in_pieces(void **unused)
{
    struct fake *fake = expecting("^220 .*ESMTP");
    size_t sent;

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    says(fake, FAKE_MS, "22");
    says(fake, FAKE_MS, "0 mail.example ES");
    says(fake, FAKE_MS, "MTP ready\r\n");
    CONCLUDES(fake, TALON_OK, "tcp.ok", "answered as expected in 4.0 ms");
    fake_sent(fake, &sent);
    assert_int_equal(sent, 0);
    fake_free(fake);
}

static void what_is_sent_arrives_whole(void **unused)
{
    struct fake *fake = tcp();
    size_t sent;

    (void)unused;
    fake_set(fake, "send", "HELO x\r\n");
    fake_link(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_OK, "tcp.ok", "connected");
    assert_string_equal(fake_sent(fake, &sent), "HELO x\r\n");
    assert_int_equal(sent, 8);
    fake_free(fake);
}

static void a_wrong_answer_is_quoted(void **unused)
{
    struct fake *fake = expecting("SSH-2");

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    says(fake, FAKE_MS, "HTTP/1.1 400 Bad\r\n\r\n\x01\x02 go away");
    fake_link_ends(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "tcp.expect", "\"HTTP/1.1 400 Bad go away\"");
    fake_free(fake);

    fake = expecting("SSH-2"); /* and one that never closes */
    fake_link(fake, FAKE_MS, NULL);
    says(fake, FAKE_MS, "nope");
    CONCLUDES(fake, TALON_FAIL, "tcp.expect", "\"nope\"");
    assert_true(fake_result(fake)->took_ns == 9900 * FAKE_MS);
    fake_free(fake);
}

static void a_peer_that_says_nothing(void **unused)
{
    struct fake *fake = expecting("SSH-2");

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "timeout", "connected to db.example:5432, but it did not answer");
    fake_free(fake);

    fake = expecting("SSH-2");
    fake_link(fake, FAKE_MS, NULL);
    fake_link_ends(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "connect.closed", "closed the connection without an answer");
    fake_free(fake);

    fake = expecting("SSH-2");
    fake_link(fake, FAKE_MS, NULL);
    fake_link_ends(fake, FAKE_MS,
                   &(struct talon_error)FAKE_ERROR(TALON_E_LOCAL, 12, "local", "no memory for the connection"));
    CONCLUDES(fake, TALON_UNKNOWN, "local", "no memory for the connection");
    fake_free(fake);
}

static void a_flood_is_bounded(void **unused)
{
    static char flood[20000];
    struct fake *fake = expecting("never");

    (void)unused;
    memset(flood, 'x', sizeof flood);
    fake_link(fake, FAKE_MS, NULL);
    fake_link_says(fake, FAKE_MS, flood, 9000);
    fake_link_says(fake, FAKE_MS, flood, 9000);
    CONCLUDES(fake, TALON_FAIL, "too_big", "xxxx");
    assert_true(fake_result(fake)->took_ns == 3 * FAKE_MS);
    assert_true(strlen(fake_result(fake)->summary) < 300);
    fake_free(fake);
}

static void one_byte_at_a_time(void **unused)
{
    static const char greeting[] = "SSH-2.0-OpenSSH_9.2";
    struct fake *fake = expecting("SSH-2\\.0-OpenSSH_9\\.2");

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    for (size_t i = 0; i < sizeof greeting - 1; i++)
        fake_link_says(fake, FAKE_MS, greeting + i, 1);
    CONCLUDES(fake, TALON_OK, "tcp.ok", "answered as expected in 20.0 ms");
    fake_free(fake);
}

static void binary_answers_are_matched_and_shown_safely(void **unused)
{
    struct fake *fake = expecting("\\x00\\x01ok");

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    fake_link_says(fake, FAKE_MS, "\xff\xfe\0\1ok", 6);
    CONCLUDES(fake, TALON_OK, "tcp.ok", "answered");
    fake_free(fake);

    fake = expecting("never");
    fake_link(fake, FAKE_MS, NULL);
    fake_link_says(fake, FAKE_MS, "a\0b\x1b[31m", 8);
    fake_link_ends(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "tcp.expect", "\"a b [31m\"");
    fake_free(fake);
}

static void tls_settings_reach_the_host(void **unused)
{
    static const struct talon_peer peer = { .size = sizeof peer,
                                            .subject = "CN=db.example",
                                            .issuer = "CN=Test CA",
                                            .protocol = "TLSv1.3",
                                            .not_after = 1767225600 + 86400 };
    struct fake *fake = tcp();
    const struct talon_tls *tls;

    (void)unused;
    fake_set(fake, "tls", "true");
    fake_set(fake, "ca", "/etc/ca.pem");
    fake_set(fake, "cert", "/etc/cert.pem");
    fake_set(fake, "key", "/etc/key.pem");
    fake_set(fake, "server_name", "db.internal");
    fake_set(fake, "insecure", "true");
    fake_link(fake, 5 * FAKE_MS, &(struct talon_link){ .peer = &peer, .connect_ns = FAKE_MS, .tls_ns = 5 * FAKE_MS });
    CONCLUDES(fake, TALON_OK, "tcp.ok", "connected in 5.0 ms");
    tls = fake_connected(fake, 0)->tls;
    assert_string_equal(tls->ca, "/etc/ca.pem");
    assert_string_equal(tls->cert, "/etc/cert.pem");
    assert_string_equal(tls->key, "/etc/key.pem");
    assert_string_equal(tls->server_name, "db.internal");
    assert_int_equal(tls->insecure, 1);
    NEAR(fake_metric(fake, "tls_time"), 0.005);
    NEAR(fake_metric(fake, "cert_expires_in"), 86400 - 0.005);
    CONTAINS(fake_detail(fake, "certificate"), "CN=db.example, issued by CN=Test CA, valid until 2026-01-02T00:00:00Z");
    fake_free(fake);
}

static void a_bad_certificate_is_shown(void **unused)
{
    static const struct talon_peer peer = { .size = sizeof peer,
                                            .verify = 10,
                                            .verify_text = "certificate has expired",
                                            .subject = "CN=old",
                                            .issuer = "CN=Test CA",
                                            .protocol = "TLSv1.3",
                                            .not_after = 1767225600 - 86400 };
    struct fake *fake = tcp();

    (void)unused;
    fake_set(fake, "tls", "true");
    fake_link(fake, FAKE_MS,
              &(struct talon_link){ .peer = &peer, .error = FAKE_ERROR(TALON_E_CERT, 0, "tls.expired", "expired") });
    CONCLUDES(fake, TALON_FAIL, "tls.expired", "expired");
    CONTAINS(fake_detail(fake, "certificate"), "does not verify: certificate has expired");
    assert_true(fake_metric(fake, "cert_expires_in") < -86399);
    fake_free(fake);
}

static void wrong_options_are_refused(void **unused)
{
    static const char *const beside[] = { "ca", "cert", "key", "server_name" };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        fake = tcp();
        fake_set(fake, beside[i], "x");
        REFUSES(fake, beside[i], "tls: true");
        fake_free(fake);
    }
    fake = tcp();
    fake_set(fake, "insecure", "true");
    REFUSES(fake, "insecure", "tls: true");
    fake_free(fake);

    fake = tcp();
    fake_set(fake, "tls", "true");
    fake_set(fake, "cert", "x");
    REFUSES(fake, "cert", "go together");
    fake_set(fake, "key", "y");
    ACCEPTS(fake);
    fake_free(fake);

    fake = tcp();
    fake_set(fake, "tls", "true");
    fake_set(fake, "key", "x");
    REFUSES(fake, "key", "go together");
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "tcp");
    REFUSES(fake, "address", "required");
    fake_free(fake);
    fake = expecting("(");
    REFUSES(fake, "expect", "regular expression");
    fake_free(fake);
}

static void names_of_addresses(void **unused)
{
    static const char *const cases[][2] = { { "unix:/run/x.sock", "to unix:/run/x.sock:" },
                                            { "[::1]:443", "to [::1]:443:" } };

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "tcp");

        fake_set(fake, "address", cases[i][0]);
        fake_link(fake, 0, &(struct talon_link){ .error = FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "no") });
        CONCLUDES(fake, TALON_FAIL, "connect.refused", cases[i][1]);
        fake_free(fake);
    }
}

static void cancelled_in_the_middle(void **unused)
{
    struct fake *fake = expecting("x");

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    says(fake, FAKE_MS, "half");
    says(fake, FAKE_S, "never heard");
    fake_start(fake);
    fake_advance(fake, 10 * FAKE_MS);
    assert_int_equal(fake_pending(fake), 1);
    fake_cancel(fake);
    assert_int_equal(fake_pending(fake), 0);
    fake_advance(fake, 100 * FAKE_S);
    assert_int_equal(fake_result(fake)->end, FAKE_CANCELLED);
    assert_null(fake_broken(fake));
    fake_link(fake, FAKE_MS, NULL); /* and the next run is as the first */
    says(fake, FAKE_MS, "x");
    CONCLUDES(fake, TALON_OK, "tcp.ok", "answered");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects),
        cmocka_unit_test(each_failure_keeps_its_token),
        cmocka_unit_test(a_silent_network_is_a_failure),
        cmocka_unit_test(slow_at_the_bound),
        cmocka_unit_test(an_answer_counts_for_slowness),
        cmocka_unit_test(an_answer_may_come_in_pieces),
        cmocka_unit_test(what_is_sent_arrives_whole),
        cmocka_unit_test(a_wrong_answer_is_quoted),
        cmocka_unit_test(a_peer_that_says_nothing),
        cmocka_unit_test(a_flood_is_bounded),
        cmocka_unit_test(one_byte_at_a_time),
        cmocka_unit_test(binary_answers_are_matched_and_shown_safely),
        cmocka_unit_test(tls_settings_reach_the_host),
        cmocka_unit_test(a_bad_certificate_is_shown),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(names_of_addresses),
        cmocka_unit_test(cancelled_in_the_middle),
    };

    return cmocka_run_group_tests_name("plugin tcp", tests, NULL, NULL);
}
