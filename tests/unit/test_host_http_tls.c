/* The HTTP module over TLS: what verifies, what does not and how it is told, and that no kept connection is used with other TLS options than its own. */
#include "module_certs.h"
#include "module_client.h"
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S 1000000000ull
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TLS(...) (&(struct talon_tls){ .size = sizeof(struct talon_tls), __VA_ARGS__ })

static struct identity authority, other_authority, good, me;
static struct server *server;
static SSL_CTX *context;
static char asked_name[256];
static const struct client_name names[] = {
    { .name = "web.example", .addresses = { "127.0.0.1" } },
    { .name = "db.example", .addresses = { "127.0.0.1" } },
    { .name = NULL },
};

static void script_ok(struct talk *talk)
{
    while (talk_request(talk)) {
        X509 *cert = SSL_get_peer_certificate(talk->ssl);

        talk_say(talk, cert ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Client: yes\r\n\r\nhello" : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        X509_free(cert);
    }
}

static int note_name(SSL *ssl, int *alert, void *arg)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert, (void)arg;
    snprintf(asked_name, sizeof asked_name, "%s", name ? name : "(none)");
    return SSL_TLSEXT_ERR_OK;
}

static void serve(const struct identity *own, const struct identity *clients)
{
    context = identity_server(own, NULL, clients);
    SSL_CTX_set_tlsext_servername_callback(context, note_name);
    server = server_start(&(struct server_setup){ .script = script_ok, .tls = context });
}

static void end(void)
{
    server_stop(server);
    SSL_CTX_free(context);
    context = NULL;
}

static struct got fetch(const char *host, const struct talon_tls *tls, uint32_t flags)
{
    char url[300];

    snprintf(url, sizeof url, "https://%s:%u/", host, server_port(server));
    return client_fetch(TALON_REQUEST(talon_http, .url = url, .tls = tls, .flags = flags), 15 * S);
}

static void answers(const char *host, const struct talon_tls *tls)
{
    struct got got = fetch(host, tls, 0);

    ANSWERED(got, 200);
    client_forget(&got);
}

#define FAILING(...) failing(__VA_ARGS__, __LINE__)
static struct got failing(const char *host, const struct talon_tls *tls, uint32_t code, const char *token, const char *part, int line)
{
    struct got got = fetch(host, tls, 0);

    client_failed(&got, code, token, part, __FILE__, line);
    assert_int_equal(got.status, 0);
    LACKS(server_heard(server), "GET"); /* nothing was asked of a stranger */
    free(got.body);
    return got;
}

/* ---- one exchange each */

static void test_good(void **state)
{
    struct got got;

    (void)state;
    serve(&good, NULL);
    got = fetch("web.example", TLS(.ca = authority.cert_pem), 0);
    ANSWERED(got, 200);
    assert_string_equal(got.body, "hello");
    assert_int_equal(got.http_version, 11);
    assert_true(got.has_peer);
    assert_int_equal(got.verify, 0);
    assert_string_equal(got.subject, "CN=web");
    assert_string_equal(got.issuer, "CN=Test Authority");
    assert_string_equal(got.protocol, "TLSv1.3");
    assert_true(got.not_after > got.not_before && got.not_before > 0);
    assert_true(got.tls_ns > got.connect_ns && got.first_byte_ns >= got.tls_ns);
    assert_string_equal(asked_name, "web.example");
    client_forget(&got);
    answers("127.0.0.1", TLS(.ca = authority.cert_pem));
    assert_string_equal(asked_name, "(none)");
    answers("127.0.0.1", TLS(.ca = authority.cert_pem, .server_name = "web.example"));
    assert_string_equal(asked_name, "web.example");
    end();
}

static void test_six(void **state)
{
    (void)state;
    context = identity_server(&good, NULL, NULL);
    server = server_start(&(struct server_setup){ .script = script_ok, .tls = context, .family = AF_INET6 });
    answers("[::1]", TLS(.ca = authority.cert_pem));
    end();
}

static void test_certificates(void **state)
{
    struct identity old, alone;
    struct got got;

    (void)state;
    identity_make(&old, &(struct identity_wish){ .name = "old", .for_names = "DNS:web.example", .issuer = &authority, .from_days = -9, .until_days = -2 });
    identity_make(&alone, &(struct identity_wish){ .name = "alone", .for_names = "DNS:web.example" });
    serve(&old, NULL);
    got = FAILING("web.example", TLS(.ca = authority.cert_pem), TALON_E_CERT, "tls.expired", "the certificate expired on");
    assert_true(got.has_peer);
    assert_int_equal(got.verify, X509_V_ERR_CERT_HAS_EXPIRED);
    assert_string_equal(got.subject, "CN=old");
    assert_true(got.not_after > 0);
    end();
    serve(&good, NULL);
    FAILING("db.example", TLS(.ca = authority.cert_pem), TALON_E_CERT, "tls.name", "is not for db.example, but for web.example, 127.0.0.1");
    FAILING("web.example", TLS(.ca = authority.cert_pem, .server_name = "db.example"), TALON_E_CERT, "tls.name", "is not for db.example");
    FAILING("web.example", TLS(.ca = other_authority.cert_pem), TALON_E_CERT, "tls.untrusted", "issued by CN=Test Authority");
    FAILING("web.example", NULL, TALON_E_CERT, "tls.untrusted", "leads to no trusted authority");
    end();
    serve(&alone, NULL);
    FAILING("web.example", NULL, TALON_E_CERT, "tls.untrusted", "signed itself");
    got = fetch("127.0.0.1", TLS(.insecure = 1), 0);
    ANSWERED(got, 200);
    assert_int_equal(got.verify, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    client_forget(&got);
    end();
    identity_free(&old);
    identity_free(&alone);
}

static void test_client_certificate(void **state)
{
    struct got got;

    (void)state;
    serve(&good, &authority);
    got = fetch("web.example", TLS(.ca = authority.cert_pem), 0);
    FAILED(got, TALON_E_TLS, "tls.broken", "certificate required (116)");
    client_forget(&got);
    got = fetch("web.example", TLS(.ca = authority.cert_pem, .cert = me.cert_pem, .key = me.key_pem), 0);
    ANSWERED(got, 200);
    HOLDS(got.headers, "X-Client: yes\n");
    client_forget(&got);
    end();
}

static void test_bad_options(void **state)
{
    (void)state;
    serve(&good, NULL);
    FAILING("web.example", TLS(.ca = "/nonexistent"), TALON_E_LOCAL, "local", "the authorities (ca) in /nonexistent cannot be read");
    LACKS(FAILING("web.example", TLS(.cert = me.cert_pem, .key = "hunter2"), TALON_E_LOCAL, "local", "the client key holds no private key").text, "hunter2");
    end();
}

/* ---- kept connections */

static void keeps(const struct talon_tls *tls, const char *host, bool reused, bool with_client)
{
    struct got got = fetch(host, tls, TALON_HTTP_KEEP);

    ANSWERED(got, 200);
    assert_int_equal(got.reused, reused);
    assert_true(got.has_peer);
    assert_string_equal(got.subject, "CN=web");
    assert_true(got.not_after > 0);
    assert_int_equal(strstr(got.headers, "X-Client: yes\n") != NULL, with_client);
    assert_int_equal(got.tls_ns > 0, !reused);
    client_forget(&got);
}

static void test_kept(void **state)
{
    struct got got;

    (void)state;
    serve(&good, NULL);
    keeps(TLS(.ca = authority.cert_pem), "web.example", false, false);
    keeps(TLS(.ca = authority.cert_pem), "web.example", true, false); /* and still knows the certificate */
    assert_int_equal(server_connections(server), 1);
    keeps(TLS(.ca = authority.cert_pem, .insecure = 1), "web.example", false, false);
    keeps(TLS(.ca = authority.cert_pem, .insecure = 1), "web.example", true, false);
    keeps(TLS(.insecure = 1), "web.example", false, false);
    keeps(TLS(.ca = authority.cert_pem, .server_name = "web.example"), "web.example", false, false);
    keeps(TLS(.ca = authority.cert_pem), "127.0.0.1", false, false); /* another name to verify */
    assert_int_equal(server_connections(server), 5);
    /* An unverified connection lies there, and another that was verified by another authority. */
    got = fetch("web.example", TLS(.ca = other_authority.cert_pem), TALON_HTTP_KEEP);
    FAILED(got, TALON_E_CERT, "tls.untrusted", "");
    client_forget(&got);
    got = fetch("web.example", NULL, TALON_HTTP_KEEP);
    FAILED(got, TALON_E_CERT, "tls.untrusted", "");
    client_forget(&got);
    got = fetch("web.example", TLS(.ca = authority.cert_pem, .server_name = "db.example"), TALON_HTTP_KEEP);
    FAILED(got, TALON_E_CERT, "tls.name", "");
    client_forget(&got);
    keeps(TLS(.ca = authority.cert_pem), "web.example", true, false);
    end();
}

/* Who shows a certificate and who does not are different clients, though the server asks nobody for one. */
static void test_kept_client_certificate(void **state)
{
    (void)state;
    serve(&good, &authority);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    keeps(TLS(.ca = authority.cert_pem, .cert = me.cert_pem, .key = me.key_pem), "web.example", false, true);
    keeps(TLS(.ca = authority.cert_pem), "web.example", false, false);
    keeps(TLS(.ca = authority.cert_pem, .cert = me.cert_pem, .key = me.key_pem), "web.example", true, true);
    keeps(TLS(.ca = authority.cert_pem), "web.example", true, false);
    assert_int_equal(server_connections(server), 2);
    end();
}

/* More TLS options than there are groups for: the oldest connections are closed, none is mixed up. */
static void test_many_options(void **state)
{
    char ca[4096];

    (void)state;
    serve(&good, NULL);
    for (int i = 0; i < 150; i++) {
        snprintf(ca, sizeof ca, "# %d\n%s", i, authority.cert_pem);
        keeps(TLS(.ca = ca), "web.example", false, false);
    }
    assert_int_equal(server_connections(server), 150);
    while (server_open(server) > 64)
        client_turn();
    keeps(TLS(.ca = ca), "web.example", true, false);
    end();
}

/* ---- the client certificate is a credential, too */

static char location[300];

static void script_away(struct talk *talk)
{
    while (talk_request(talk))
        talk_say(talk, location);
}

static void test_redirect(void **state)
{
    SSL_CTX *away_context = identity_server(&good, NULL, &authority);
    struct server *away = server_start(&(struct server_setup){ .script = script_away, .tls = away_context });
    struct got got;
    char url[300];

    (void)state;
    serve(&good, &authority);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    snprintf(location, sizeof location, "HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: https://web.example:%u/\r\n\r\n", server_port(server));
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", server_port(away));
    got = client_fetch(TALON_REQUEST(talon_http, .url = url, .max_redirects = 1, .headers = LIST("X-Token: hunter2"),
                                     .tls = TLS(.ca = authority.cert_pem, .cert = me.cert_pem, .key = me.key_pem, .server_name = "127.0.0.1")),
                       15 * S);
    ANSWERED(got, 200);
    LACKS(got.headers, "X-Client");
    LACKS(server_heard(server), "hunter2");
    client_forget(&got);
    server_stop(away);
    SSL_CTX_free(away_context);
    end();
}

/* ---- servers that break it */

static void script_garbage(struct talk *talk)
{
    talk_say(talk, "SSH-2.0-OpenSSH_9.2\r\n");
    talk_wait(talk);
}

static void script_alert(struct talk *talk)
{
    talk_send(talk, "\x15\x03\x03\x00\x02\x02\x28", 7);
    talk_wait(talk);
}

static void script_close(struct talk *talk)
{
    char bytes[4096];

    assert_true(recv(talk->fd, bytes, sizeof bytes, 0) > 0);
}

static void script_reset(struct talk *talk)
{
    script_close(talk);
    talk_reset(talk);
}

static atomic_bool said_all;

static void script_mute(struct talk *talk)
{
    said_all = true;
    talk_wait(talk);
}

static void breaks(void (*script)(struct talk *), uint32_t code, const char *token, const char *part)
{
    char url[300];
    struct got got;

    server = server_start(&(struct server_setup){ .script = script });
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", server_port(server));
    said_all = false; /* only the mute one is waited for */
    got = client_expire(TALON_REQUEST(talon_http, .url = url), &said_all);
    FAILED(got, code, token, part);
    client_forget(&got);
    server_stop(server);
}

static void test_broken(void **state)
{
    (void)state;
    breaks(script_garbage, TALON_E_TLS, "tls.broken", "does not speak TLS");
    breaks(script_alert, TALON_E_TLS, "tls.broken", "by a TLS alert: handshake failure (40)");
    breaks(script_close, TALON_E_CLOSED, "connect.closed", "within the TLS handshake");
    breaks(script_reset, TALON_E_CLOSED, "connect.closed", "within the TLS handshake");
    breaks(script_mute, TALON_E_TIMEOUT, "timeout", "does not answer the TLS handshake");
}

/* Closed in the middle of the body, without TLS's own goodbye. */
static void script_short(struct talk *talk)
{
    if (!talk_request(talk))
        return;
    talk_say(talk, talk->arg);
    SSL_set_quiet_shutdown(talk->ssl, 1);
}

static struct got fetch_short(const char *said)
{
    char copy[200];
    struct got got;

    snprintf(copy, sizeof copy, "%s", said);
    context = identity_server(&good, NULL, NULL);
    server = server_start(&(struct server_setup){ .script = script_short, .tls = context, .arg = copy });
    got = fetch("web.example", TLS(.ca = authority.cert_pem), 0);
    assert_true(got.has_peer);
    end();
    return got;
}

static void test_short(void **state)
{
    struct got got;

    (void)state;
    got = fetch_short("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour");
    FAILED(got, TALON_E_PROTOCOL, "protocol.short", "after 4 bytes");
    client_forget(&got);
    got = fetch_short("");
    FAILED(got, TALON_E_CLOSED, "connect.closed", "without an answer");
    client_forget(&got);
}

/* It was to be HTTP/2, and the server has only the other. */
static void test_no_http2(void **state)
{
    struct got got;

    (void)state;
    serve(&good, NULL);
    got = fetch("web.example", TLS(.ca = authority.cert_pem), TALON_HTTP_2);
    FAILED(got, TALON_E_PROTOCOL, "protocol.bad", "HTTP/2 was asked for");
    client_forget(&got);
    end();
}

static int set_up(void **state)
{
    (void)state;
    client_names = names;
    client_open_http();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_close_http();
    return 0;
}

static int make(void **state)
{
    (void)state;
    identity_make(&authority, &(struct identity_wish){ .name = "Test Authority", .authority = true, .from_days = -2, .until_days = 3650 });
    identity_make(&other_authority, &(struct identity_wish){ .name = "Other Authority", .authority = true });
    identity_make(&good, &(struct identity_wish){ .name = "web", .for_names = "DNS:web.example,IP:127.0.0.1,IP:::1", .issuer = &authority });
    identity_make(&me, &(struct identity_wish){ .name = "me", .issuer = &authority });
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    identity_free(&authority);
    identity_free(&other_authority);
    identity_free(&good);
    identity_free(&me);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good),
        TEST(test_six),
        TEST(test_certificates),
        TEST(test_client_certificate),
        TEST(test_bad_options),
        TEST(test_kept),
        TEST(test_kept_client_certificate),
        TEST(test_many_options),
        TEST(test_redirect),
        TEST(test_broken),
        TEST(test_short),
        TEST(test_no_http2),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
