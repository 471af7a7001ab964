/* The plugin `grpc` and the kit under it on the fake host: each answer of Health/Check, each status, what is no gRPC, and what is no Protobuf. */
#include "kit/grpc.h"
#include "kit/protobuf.h"
#include "plugin_test.h"

#include <stdlib.h>

static const struct talon_pair fine[] = { { "content-type", "application/grpc" }, { "grpc-status", "0" }, { NULL, NULL } };

static struct fake *health_at(const char *address)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "health");

    fake_set(fake, "address", address);
    return fake;
}

static struct fake *health(void)
{
    return health_at("127.0.0.1:50051");
}

static void answers(struct fake *fake, uint32_t status, const struct talon_pair *headers, const void *body, size_t n)
{
    fake_http(fake, 2 * FAKE_MS,
              TALON_REQUEST(talon_response, .status = status, .headers = headers, .body = body, .body_len = n, .total_ns = 2 * FAKE_MS, .http_version = 20));
}

static void refuses_with(struct fake *fake, const char *status, const char *words)
{
    const struct talon_pair headers[] = { { "Content-Type", "application/grpc+proto" }, { "Grpc-Status", status }, { "Grpc-Message", words }, { NULL, NULL } };

    answers(fake, 200, headers, "", 0);
}

/* ---- health */

static void what_a_server_says(void **unused)
{
    static const struct {
        const char *bytes;
        size_t n;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { "\0\0\0\0\2\x08\1", 7, TALON_OK, "grpc.ok", "serves, answered in 2.0 ms" },
        { "\0\0\0\0\2\x08\2", 7, TALON_FAIL, "grpc.not_serving", "127.0.0.1:50051 says that it does not serve" },
        { "\0\0\0\0\2\x08\3", 7, TALON_FAIL, "grpc.no_service", "is not known there" },
        { "\0\0\0\0\0", 5, TALON_UNKNOWN, "grpc.unknown", "does not know whether it serves" },
        { "\0\0\0\0\2\x08\x09", 7, TALON_FAIL, "protocol.bad", "no HealthCheckResponse" },
        { "\0\0\0\0\2\x08\x80", 7, TALON_FAIL, "protocol.bad", "no HealthCheckResponse" },
        { "\0\0\0\0\x0b\x12\x03" "abc" "\x1d" "abcd" "\x08", 16, TALON_FAIL, "protocol.bad", "no HealthCheckResponse" },
        { "\0\0\0\0\x07\x12\x03" "abc" "\x08\1", 12, TALON_OK, "grpc.ok", "serves" },
        { "\1\0\0\0\2\x08\1", 7, TALON_FAIL, "protocol.bad", "compressed" },
        { "\0\0\0\0\5\x08\1", 7, TALON_FAIL, "protocol.bad", "cut short" },
        { "\0\xff\xff\xff\xff\x08\1", 7, TALON_FAIL, "protocol.bad", "cut short" },
        { "\0\0\0\0\1\x08\1", 7, TALON_FAIL, "protocol.bad", "more than one message" },
        { "", 0, TALON_FAIL, "protocol.bad", "holds no message" },
        { "\0\0\0", 3, TALON_FAIL, "protocol.bad", "holds no message" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = health();

        answers(fake, 200, fine, cases[i].bytes, cases[i].n);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        NEAR(fake_metric(fake, "time"), 0.002);
        fake_free(fake);
    }
}

static void the_question(void **unused)
{
    struct fake *fake = health();

    (void)unused;
    fake_set(fake, "service", "shop.Cart");
    fake_add(fake, "metadata", "authorization", "Bearer sesame");
    fake_timeout(fake, 3 * FAKE_S);
    answers(fake, 200, fine, "\0\0\0\0\2\x08\2", 7);
    CONCLUDES(fake, TALON_FAIL, "grpc.not_serving", "the service shop.Cart of 127.0.0.1:50051 says that it does not serve");
    assert_null(strstr(fake_result(fake)->summary, "sesame"));
    assert_string_equal(fake_asked(fake, 0)->url, "http://127.0.0.1:50051/grpc.health.v1.Health/Check");
    assert_string_equal(fake_asked(fake, 0)->method, "POST");
    assert_int_equal(fake_asked(fake, 0)->flags, TALON_HTTP_2);
    assert_int_equal(fake_asked(fake, 0)->body_len, 5 + 11);
    assert_memory_equal(fake_asked(fake, 0)->body, "\0\0\0\0\x0b\x0a\x09shop.Cart", 16);
    assert_string_equal(fake_asked_header(fake, 0, "Content-Type"), "application/grpc");
    assert_string_equal(fake_asked_header(fake, 0, "TE"), "trailers");
    assert_string_equal(fake_asked_header(fake, 0, "grpc-timeout"), "3000m");
    assert_string_equal(fake_asked_header(fake, 0, "authorization"), "Bearer sesame");
    assert_null(fake_asked(fake, 0)->tls);
    fake_free(fake);

    fake = health_at("[::1]:443");
    fake_set(fake, "tls", "true");
    fake_set(fake, "server_name", "db.example");
    answers(fake, 200, fine, "\0\0\0\0\2\x08\1", 7);
    CONCLUDES(fake, TALON_OK, "grpc.ok", "serves");
    assert_string_equal(fake_asked(fake, 0)->url, "https://[::1]:443/grpc.health.v1.Health/Check");
    assert_string_equal(fake_asked(fake, 0)->tls->server_name, "db.example");
    fake_free(fake);

    fake = health_at("unix:/run/x.sock");
    answers(fake, 200, fine, "\0\0\0\0\2\x08\1", 7);
    CONCLUDES(fake, TALON_OK, "grpc.ok", "serves");
    assert_string_equal(fake_asked(fake, 0)->unix_path, "/run/x.sock");
    assert_string_equal(fake_asked(fake, 0)->url, "http://localhost/grpc.health.v1.Health/Check");
    fake_free(fake);
}

static void each_status(void **unused)
{
    static const struct {
        const char *status, *words;
        enum talon_status expected;
        const char *reason, *part;
    } cases[] = {
        { "5", "unknown service", TALON_FAIL, "grpc.no_service", "127.0.0.1:50051 is not known there" },
        { "7", "not%20allowed%21", TALON_UNKNOWN, "auth.rejected", "refuses us the call (PERMISSION_DENIED): not allowed!" },
        { "16", "", TALON_UNKNOWN, "auth.rejected", "refuses us the call (UNAUTHENTICATED)" },
        { "12", "unknown service grpc.health.v1.Health", TALON_UNKNOWN, "grpc.unimplemented", "knows no such call (UNIMPLEMENTED): unknown service" },
        { "4", "late", TALON_FAIL, "timeout", "did not get it done in time (DEADLINE_EXCEEDED): late" },
        { "14", "no%0Aupstream%", TALON_FAIL, "grpc.unavailable", "is not there (UNAVAILABLE): no upstream%" },
        { "13", "%zz%4", TALON_FAIL, "grpc.error", "answers with INTERNAL (13): %zz%4" },
        { "99", "", TALON_FAIL, "grpc.error", "a status that gRPC does not know (99)" },
        { "x", "", TALON_FAIL, "protocol.bad", "the status \"x\", which is none" },
        { "", "", TALON_FAIL, "protocol.bad", "which is none" },
        { "00000", "", TALON_FAIL, "protocol.bad", "which is none" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = health();

        refuses_with(fake, cases[i].status, cases[i].words);
        CONCLUDES(fake, cases[i].expected, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void answers_that_are_no_grpc(void **unused)
{
    static const struct talon_pair html[] = { { "content-type", "text/html" }, { NULL, NULL } };
    static const struct talon_pair unfinished[] = { { "content-type", "application/grpc" }, { NULL, NULL } };
    static const struct {
        uint32_t status;
        const struct talon_pair *headers;
        enum talon_status expected;
        const char *reason, *part;
    } cases[] = {
        { 200, html, TALON_FAIL, "protocol.bad", "answers with HTTP 200 and no gRPC: \"hello\"" },
        { 502, html, TALON_FAIL, "http.status", "HTTP 502 and no gRPC" },
        { 403, html, TALON_UNKNOWN, "auth.rejected", "HTTP 403" },
        { 200, unfinished, TALON_FAIL, "protocol.short", "ended its answer without a status" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = health();

        answers(fake, cases[i].status, cases[i].headers, "hello", 5);
        CONCLUDES(fake, cases[i].expected, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void no_answer(void **unused)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "refused"), TALON_FAIL, "connect.refused", "cannot call 127.0.0.1:50051: refused" },
        { FAKE_ERROR(TALON_E_CLOSED, 0, "protocol.short", "cut short"), TALON_FAIL, "protocol.short", "cut short" },
        { FAKE_ERROR(TALON_E_TLS, 0, "tls.broken", "the peer refuses by a TLS alert: certificate required (116)"), TALON_UNKNOWN, "auth.rejected",
          "does not accept our certificate" },
        { FAKE_ERROR(TALON_E_TLS, 0, "tls.broken", "the peer refuses by a TLS alert: handshake failure (40)"), TALON_FAIL, "tls.broken", "handshake failure" },
        { FAKE_ERROR(TALON_E_CERT, 0, "tls.expired", "certificate has expired"), TALON_FAIL, "tls.expired", "has expired" },
        { FAKE_ERROR(TALON_E_LOCAL, 0, "local", "no memory"), TALON_UNKNOWN, "local", "no memory" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = health();
        fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .error = cases[i].error));
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
    fake = health();
    CONCLUDES(fake, TALON_FAIL, "timeout", "127.0.0.1:50051 does not answer the call");
    fake_free(fake);
}

static void a_certificate_that_expires(void **unused)
{
    const struct talon_peer peer = {
        .size = sizeof peer, .verify_text = "ok", .subject = "CN=db.example", .issuer = "CN=ca", .not_after = 1000000 + 3 * 86400
    };
    struct fake *fake = health();

    (void)unused;
    fake_set(fake, "tls", "true");
    fake_calendar(fake, 1000000);
    fake_http(fake, FAKE_MS,
              TALON_REQUEST(talon_response, .status = 200, .headers = fine, .body = "\0\0\0\0\2\x08\1", .body_len = 7, .peer = &peer, .http_version = 20));
    CONCLUDES(fake, TALON_WARN, "grpc.expiry", "the certificate of CN=db.example expires in 3 d");
    assert_true(fake_metric(fake, "cert_expires_in") > 259199 && fake_metric(fake, "cert_expires_in") <= 259200);
    fake_free(fake);
}

static void options_that_cannot_be(void **unused)
{
    static const char *const names[][2] = {
        { "Authorization", "is no name of metadata" }, { "", "is no name" }, { "grpc-timeout", "belongs to gRPC" }, { "te", "belongs to gRPC" }
    };
    char longer[600];
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fake = health();
        fake_add(fake, "metadata", names[i][0], "x");
        REFUSES(fake, "metadata", names[i][1]);
        fake_free(fake);
    }
    fake = health();
    fake_add(fake, "metadata", "x", "a\nb");
    REFUSES(fake, "metadata", "not printable ASCII");
    fake_free(fake);
    fake = health();
    fake_set(fake, "insecure", "true");
    REFUSES(fake, "insecure", "has no effect without TLS");
    fake_free(fake);
    fake = health();
    fake_set(fake, "tls", "true");
    fake_set(fake, "cert", "/x.pem");
    REFUSES(fake, "cert", "go together");
    fake_free(fake);
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    fake = health();
    fake_set(fake, "service", longer);
    REFUSES(fake, "service", "longer");
    fake_free(fake);
}

/* ---- Protobuf */

static void fields_of_each_kind(void **unused)
{
    static const uint8_t bytes[] = {
        0x08, 0x96, 0x01, 0x12, 0x02, 'h', 'i', 0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0, 0x80, 0xf8, 0xff, 0xff, 0xff, 0x0f, 1
    };
    struct protobuf message = protobuf_of(bytes, sizeof bytes);
    struct protobuf_field field;

    (void)unused;
    assert_true(protobuf_next(&message, &field) && field.number == 1 && field.value == 150);
    assert_int_equal(protobuf_inside(&field).end - protobuf_inside(&field).at, 0);
    assert_true(protobuf_next(&message, &field) && field.number == 2 && field.n == 2 && memcmp(field.bytes, "hi", 2) == 0);
    assert_true(protobuf_next(&message, &field) && field.number == 3 && field.value == 1);
    assert_true(protobuf_next(&message, &field) && field.number == 4 && field.value == UINT64_C(0x8000000000000002));
    assert_true(protobuf_next(&message, &field) && field.number == 0x1fffffff && field.value == 1);
    assert_false(protobuf_next(&message, &field));
    assert_false(message.bad);
}

static void bytes_that_are_no_message(void **unused)
{
    static const struct {
        const char *bytes;
        size_t n;
    } cases[] = {
        { "\x08", 1 },
        { "\x08\x80", 2 },
        { "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 },
        { "\x12\x05"
          "ab",
          4 },
        { "\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10 },
        { "\x1d\1\2", 3 },
        { "\x21\1\2\3\4", 5 },
        { "\x0b", 1 },
        { "\x0c", 1 },
        { "\x0f", 1 },
        { "\x00\x01", 2 },
        { "\x80\x80\x80\x80\x80\x01\x01", 7 },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *copy = malloc(cases[i].n);
        struct protobuf message;
        struct protobuf_field field;

        assert_non_null(copy);
        memcpy(copy, cases[i].bytes, cases[i].n);
        message = protobuf_of(copy, cases[i].n);
        assert_false(protobuf_next(&message, &field));
        assert_true(message.bad);
        assert_false(protobuf_next(&message, &field));
        free(copy);
    }
}

static void what_is_written_can_be_read(void **unused)
{
    uint8_t bytes[300];
    char text[201];
    struct protobuf message;
    struct protobuf_field field;
    size_t n = 0;

    (void)unused;
    memset(text, 'a', 200);
    text[200] = '\0';
    assert_true(protobuf_put_text(bytes, sizeof bytes, &n, 1, ""));
    assert_true(protobuf_put_text(bytes, sizeof bytes, &n, 1000, text));
    assert_false(protobuf_put_text(bytes, sizeof bytes, &n, 1, text));
    n = 206;
    message = protobuf_of(bytes, n);
    assert_true(protobuf_next(&message, &field) && field.number == 1 && field.n == 0);
    assert_true(protobuf_next(&message, &field) && field.number == 1000 && field.n == 200 && memcmp(field.bytes, text, 200) == 0);
    assert_false(protobuf_next(&message, &field));
    assert_false(message.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_server_says),        cmocka_unit_test(the_question),           cmocka_unit_test(each_status),
        cmocka_unit_test(answers_that_are_no_grpc),  cmocka_unit_test(no_answer),              cmocka_unit_test(a_certificate_that_expires),
        cmocka_unit_test(options_that_cannot_be),    cmocka_unit_test(fields_of_each_kind),    cmocka_unit_test(bytes_that_are_no_message),
        cmocka_unit_test(what_is_written_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
