/* The plugin `talos` on the fake host: the talosconfig and what can be wrong with it, our certificate and its end, and a node that answers, or does not. */
#include "talos_support.h"

static struct message version(void)
{
    struct message m = { .n = 0 }, metadata = { .n = 0 }, info = { .n = 0 }, platform = { .n = 0 };

    put_text(&metadata, 1, "controlplane-1");
    put_text(&info, 1, "v1.12.4");
    put_text(&info, 5, "linux");
    put_text(&platform, 1, "container");
    put_text(&platform, 2, "container");
    put(&m, 1, &metadata);
    put(&m, 2, &info);
    put(&m, 3, &platform);
    return m;
}

/* ---- talos.api */

static void a_node_that_answers(void **state)
{
    struct fake *fake = talos(state, "api");
    struct message m = version();

    talos_answers(fake, &m);
    CONCLUDES(fake, TALON_OK, "talos.ok", "Talos v1.12.4 (container) answers in 12.0 ms");
    assert_string_equal(fake_asked(fake, 0)->url, "https://192.0.2.2:50000/machine.MachineService/Version");
    assert_string_equal(fake_asked(fake, 0)->tls->key, talos_key);
    assert_string_equal(fake_asked(fake, 0)->tls->cert, talos_far_certificate);
    assert_string_equal(fake_asked(fake, 0)->tls->ca, talos_certificate);
    assert_null(fake_asked(fake, 0)->tls->server_name);
    assert_null(fake_asked_header(fake, 0, "node"));
    assert_memory_equal(fake_asked(fake, 0)->body, "\0\0\0\0\0", 5);
    assert_string_equal(fake_detail(fake, "node"), "controlplane-1");
    NEAR(fake_metric(fake, "time"), 0.012);
    assert_true(fake_metric(fake, "cert_expires_in") > 1e9);
    fake_free(fake);
}

static void another_context_and_node(void **state)
{
    struct fake *fake = talos(state, "api");
    struct message m = version();

    fake_set(fake, "context", "near");
    fake_set(fake, "node", "192.0.2.7");
    fake_set(fake, "server_name", "192.0.2.2");
    talos_answers(fake, &m);
    CONCLUDES(fake, TALON_OK, "talos.ok", "answers");
    assert_string_equal(fake_asked(fake, 0)->url, "https://[2001:db8::1]:50001/machine.MachineService/Version");
    assert_string_equal(fake_asked_header(fake, 0, "node"), "192.0.2.7");
    assert_string_equal(fake_asked(fake, 0)->tls->server_name, "192.0.2.2");
    fake_free(fake);

    fake = talos(state, "api");
    fake_set(fake, "endpoint", "127.0.0.1:15000");
    talos_answers(fake, &m);
    CONCLUDES(fake, TALON_OK, "talos.ok", "answers");
    assert_string_equal(fake_asked(fake, 0)->url, "https://127.0.0.1:15000/machine.MachineService/Version");
    fake_free(fake);
}

static void endpoints_as_they_are_written(void **state)
{
    static const char *const good[][2] = { { "db.example", "https://db.example:50000/" }, { "'db.example:1'", "https://db.example:1/" },
                                           { "'2001:db8::1'", "https://[2001:db8::1]:50000/" }, { "'[2001:db8::1]'", "https://[2001:db8::1]:50000/" } };
    static const char *const bad[] = { "'a:0'", "'a:70000'", "'a:x'", "'a:1x'", "'a/b'", "'https://a'", "':1'", "'[]:1'" };
    struct message m = version();
    struct fake *fake;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        fake = talos(state, "api");
        talos_write_config(state, good[i][0]);
        talos_answers(fake, &m);
        CONCLUDES(fake, TALON_OK, "talos.ok", "answers");
        CONTAINS(fake_asked(fake, 0)->url, good[i][1]);
        fake_free(fake);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fake = talos(state, "api");
        talos_write_config(state, bad[i]);
        CONCLUDES(fake, TALON_UNKNOWN, "talos.config", "its first endpoint is no HOST or HOST:PORT");
        fake_free(fake);
    }
}

static void our_certificate_ends(void **state)
{
    struct fake *fake = talos(state, "api");
    struct message m = version();

    fake_set(fake, "context", "near");
    fake_calendar(fake, UNTIL - 86400 * 12);
    talos_answers(fake, &m);
    CONCLUDES(fake, TALON_WARN, "talos.expiry", "expires in 12 d");
    fake_free(fake);

    fake = talos(state, "api");
    fake_set(fake, "context", "near");
    fake_calendar(fake, UNTIL + 86400 * 3);
    CONCLUDES(fake, TALON_UNKNOWN, "auth.expired", "expired 3 d ago: nothing can be asked");
    assert_null(fake_asked(fake, 0));
    fake_free(fake);

    fake = talos(state, "api"); /* GeneralizedTime */
    fake_calendar(fake, UNTIL2 + 60);
    CONCLUDES(fake, TALON_UNKNOWN, "auth.expired", "expired 60.0 s ago");
    fake_free(fake);
}

static void a_config_that_cannot_be_used(void **state)
{
    static const char *const contexts[][2] = {
        { "gone", "it has no context gone" },
        { "empty", "has no `ca` that is base64 of PEM" },
        { "odd", "has no `ca` that is base64 of PEM" },
        { "none", "the context has no endpoint" },
        { "notcert", "`crt` holds no certificate" },
    };
    static const char *const texts[][2] = {
        { "", "it is no talosconfig" },
        { "[a, b]", "it is no talosconfig" },
        { "context: [", "it is not YAML: line" },
        { "context: x\n", "it has no context x" },
        { "contexts: {x: {}}\n", "it names no current context" },
        { "context: x\ncontexts: [x]\n", "it has no context x" },
        { "context: x\ncontexts: {x: [ca]}\n", "has no `ca`" },
        { "context: x\ncontexts: {x: {endpoints: &a [*a], ca: {}}}\n", "has no `ca`" },
    };
    struct fake *fake;

    for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++) {
        fake = talos(state, "api");
        fake_set(fake, "context", contexts[i][0]);
        CONCLUDES(fake, TALON_UNKNOWN, "talos.config", contexts[i][1]);
        assert_null(strstr(fake_result(fake)->summary, "sesame"));
        fake_free(fake);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fake = talos(state, "api");
        temp_write(temp_path(state, "config"), texts[i][0]);
        CONCLUDES(fake, TALON_UNKNOWN, "talos.config", texts[i][1]);
        fake_free(fake);
    }
    fake = fake_new(&talon_plugin_descriptor, "api");
    fake_set(fake, "config", temp_path(state, "gone"));
    CONCLUDES(fake, TALON_UNKNOWN, "talos.config", "gone: No such file");
    fake_free(fake);
}

static void refused(struct fake *fake, const char *status, const char *words)
{
    const struct talon_pair headers[] = { { "content-type", "application/grpc" }, { "grpc-status", status }, { "grpc-message", words }, { NULL, NULL } };

    fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .status = 200, .headers = headers, .http_version = 20));
}

static void a_node_that_does_not_answer(void **state)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "connection refused"), TALON_FAIL, "connect.refused",
          "cannot call 192.0.2.2:50000: connection refused" },
        { FAKE_ERROR(TALON_E_CERT, 0, "tls.name", "the certificate is for another name"), TALON_FAIL, "tls.name", "another name" },
        { FAKE_ERROR(TALON_E_TLS, 0, "tls.broken", "the peer refuses by a TLS alert: bad certificate (42)"), TALON_UNKNOWN, "auth.rejected",
          "does not accept our certificate" },
        { FAKE_ERROR(TALON_E_CLOSED, 0, "connect.closed", "closed"), TALON_FAIL, "connect.closed", "closed" },
    };
    static const struct {
        const char *status, *words;
        enum talon_status expected;
        const char *reason;
    } statuses[] = {
        { "7", "not authorized", TALON_UNKNOWN, "auth.rejected" },   { "12", "unknown method", TALON_UNKNOWN, "grpc.unimplemented" },
        { "14", "connection refused", TALON_FAIL, "grpc.unavailable" }, { "4", "context deadline exceeded", TALON_FAIL, "timeout" },
    };
    struct fake *fake;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = talos(state, "api");
        fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .error = cases[i].error));
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        fake = talos(state, "service");
        refused(fake, statuses[i].status, statuses[i].words);
        CONCLUDES(fake, statuses[i].expected, statuses[i].reason, statuses[i].words);
        fake_free(fake);
    }
    fake = talos(state, "etcd");
    CONCLUDES(fake, TALON_FAIL, "timeout", "192.0.2.2:50000 does not answer the call");
    fake_free(fake);
}

static void answers_that_are_none(void **state)
{
    static const char *const operations[] = { "api", "service", "etcd" };
    struct message empty = { .n = 0 }, garbage = { .n = 0 }, metadata = { .n = 0 }, failed = { .n = 0 };
    struct fake *fake;

    put_byte(&garbage, 0x0b);
    put_text(&metadata, 1, "worker-1");
    put_text(&metadata, 2, "rpc error: no route to host");
    put(&failed, 1, &metadata);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        fake = talos(state, operations[i]);
        talos_answers(fake, &empty);
        CONCLUDES(fake, TALON_FAIL, "protocol.bad", "192.0.2.2:50000 answers");
        fake_free(fake);
        fake = talos(state, operations[i]);
        talos_answers(fake, &garbage);
        CONCLUDES(fake, TALON_FAIL, "protocol.bad", "192.0.2.2:50000 answers");
        fake_free(fake);
        fake = talos(state, operations[i]);
        talos_answers(fake, &failed);
        CONCLUDES(fake, TALON_FAIL, "talos.node", "the node does not answer 192.0.2.2:50000: rpc error: no route to host");
        fake_free(fake);
        fake = talos(state, operations[i]);
        fake_http(fake, FAKE_MS,
                  TALON_REQUEST(talon_response, .status = 200, .headers = talos_fine, .body = "\0\0\0\0\1\x0c", .body_len = 6, .http_version = 20));
        CONCLUDES(fake, TALON_FAIL, "protocol.bad", "no message of the machine API");
        fake_free(fake);
    }
}

static void options_that_cannot_be(void **state)
{
    struct fake *fake = talos(state, "api");

    fake_set(fake, "endpoint", "unix:/run/x");
    REFUSES(fake, "endpoint", "must be HOST:PORT");
    fake_free(fake);
    fake = talos(state, "api");
    fake_set(fake, "node", "a b");
    REFUSES(fake, "node", "is no name or address");
    fake_free(fake);
}

/* Every shorter DER, and each with one byte changed: nothing is read beyond its end, which the sanitizer watches. */
static void certificates_that_are_broken(void **state)
{
    static const char digits[] = "A/9z";
    char text[2 * TALOS_PEM], coded[4 * TALOS_PEM];

    for (size_t cut = 28; cut + 26 < strlen(talos_certificate); cut += 3) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "api");
        char config[16 * TALOS_PEM];

        snprintf(text, sizeof text, "%.*s\n-----END CERTIFICATE-----\n", (int)cut, talos_certificate);
        if (cut % 2)
            text[28 + cut % 160] = digits[cut % 4];
        talos_encode(text, strlen(text), coded);
        snprintf(config, sizeof config, "context: a\ncontexts: {a: {endpoints: [b], ca: %s, crt: %s, key: %s}}\n", coded, coded, coded);
        temp_write(temp_path(state, "config"), config);
        fake_set(fake, "config", temp_path(state, "config"));
        fake_calendar(fake, UNTIL + 1);
        fake_run(fake);
        assert_int_equal(fake_result(fake)->end, FAKE_DONE);
        assert_null(fake_broken(fake));
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_that_answers),
        cmocka_unit_test(another_context_and_node),
        cmocka_unit_test(endpoints_as_they_are_written),
        cmocka_unit_test(our_certificate_ends),
        cmocka_unit_test(a_config_that_cannot_be_used),
        cmocka_unit_test(a_node_that_does_not_answer),
        cmocka_unit_test(answers_that_are_none),
        cmocka_unit_test(options_that_cannot_be),
        cmocka_unit_test(certificates_that_are_broken),
    };

    return cmocka_run_group_tests(tests, temp_folder_make, temp_folder_remove);
}
