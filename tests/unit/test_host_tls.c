/* The TLS module against servers with every kind of certificate, and against servers that speak no TLS. */
#include "module_certs.h"
#include "module_client.h"
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct identity authority, good;
static struct server *server;
static SSL_CTX *context;
static char folder[] = "/tmp/talon-tls-XXXXXX";
static char asked_name[256], offered[64];

/* ---- one client's way through a handshake */

struct met { /* what came of it */
    enum tls_outcome outcome;
    struct got got; /* the peer */
    uint32_t code;
    char token[64], text[512];
};

static int connect_server(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* False: nothing came for so long. */
static bool wait_for(int fd, enum tls_outcome outcome, int ms)
{
    struct pollfd wait = { .fd = fd, .events = outcome == TLS_WANTS_READ ? POLLIN : POLLOUT };

    return poll(&wait, 1, ms) > 0;
}

static enum tls_outcome shake(struct tls_link *link, int fd, int ms)
{
    enum tls_outcome outcome = client_tls->handshake(link);

    while ((outcome == TLS_WANTS_READ || outcome == TLS_WANTS_WRITE) && wait_for(fd, outcome, ms))
        outcome = client_tls->handshake(link);
    return outcome;
}

static enum tls_outcome read_all(struct tls_link *link, int fd, char *bytes, size_t room)
{
    enum tls_outcome outcome;
    size_t got, n = 0;

    do {
        outcome = client_tls->read(link, bytes + n, room - 1 - n, &got);
        n += got;
        bytes[n] = '\0';
    } while (outcome == TLS_DONE || ((outcome == TLS_WANTS_READ || outcome == TLS_WANTS_WRITE) && wait_for(fd, outcome, 10000)));
    return outcome;
}

static void note(struct met *met, struct tls_link *link)
{
    struct talon_error error;

    client_tls->error(link, &error);
    met->code = error.code;
    snprintf(met->token, sizeof met->token, "%s", error.token);
    snprintf(met->text, sizeof met->text, "%s", error.text);
    client_copy_peer(&met->got, client_tls->peer(link));
}

/* Shakes hands, writes a line, reads to the end. */
static struct met meet(const struct talon_tls *tls, const char *host)
{
    struct met met = { 0 };
    int fd = connect_server();
    struct tls_link *link = client_tls->client(fd, tls, host, "\x08http/1.1");
    char bytes[256];
    size_t sent;

    assert_non_null(link);
    met.outcome = shake(link, fd, 10000);
    if (met.outcome == TLS_DONE)
        met.outcome = client_tls->write(link, "GET / HTTP/1.1\r\n\r\n", 18, &sent);
    if (met.outcome == TLS_DONE) {
        assert_int_equal(sent, 18);
        met.outcome = read_all(link, fd, bytes, sizeof bytes);
        if (met.outcome == TLS_CLOSED)
            assert_string_equal(bytes, "hello");
    }
    note(&met, link);
    client_tls->free(link);
    close(fd);
    return met;
}

static void script_hello(struct talk *talk)
{
    if (talk_request(talk))
        talk_say(talk, "hello");
}

/* What the client has asked for, noted by the server. */
static int note_hello(SSL *ssl, int *alert, void *arg)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert, (void)arg;
    snprintf(asked_name, sizeof asked_name, "%s", name ? name : "(none)");
    return SSL_TLSEXT_ERR_OK;
}

static int note_offer(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in, unsigned in_n, void *arg)
{
    (void)ssl, (void)arg;
    snprintf(offered, sizeof offered, "%.*s", (int)in_n - 1, (const char *)in + 1);
    *out = in + 1;
    *n = in[0];
    return SSL_TLSEXT_ERR_OK;
}

static void serve(const struct identity *own, const struct identity *chain, const struct identity *clients)
{
    context = identity_server(own, chain, clients);
    SSL_CTX_set_tlsext_servername_callback(context, note_hello);
    SSL_CTX_set_alpn_select_cb(context, note_offer, NULL);
    server = server_start(&(struct server_setup){ .script = script_hello, .tls = context });
}

static void serve_plain(void (*script)(struct talk *))
{
    context = NULL;
    server = server_start(&(struct server_setup){ .script = script });
}

static void end(void)
{
    server_stop(server);
    SSL_CTX_free(context);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#define TLS(...) (&(struct talon_tls){ .size = sizeof(struct talon_tls), __VA_ARGS__ })
#define MEETS(met, what) \
    do { \
        if ((met).outcome != (what)) \
            print_error("outcome %d: %s %s\n", (int)(met).outcome, (met).token, (met).text); \
        assert_int_equal((met).outcome, (what)); \
    } while (0)

static void fails_with(const struct met *met, uint32_t code, const char *token, const char *part)
{
    MEETS(*met, TLS_FAILED);
    assert_int_equal(met->code, code);
    assert_string_equal(met->token, token);
    if (!strstr(met->text, part))
        fail_msg("\"%s\" does not hold \"%s\"", met->text, part);
}

static bool is_near(int64_t when, long days)
{
    const int64_t off = when - ((int64_t)time(NULL) + days * 86400);

    return off > -300 && off < 300;
}

/* ---- what verifies */

static void test_good(void **state)
{
    struct met met;

    (void)state;
    serve(&good, NULL, NULL);
    met = meet(TLS(.ca = authority.cert_pem), "db.example");
    MEETS(met, TLS_CLOSED);
    assert_int_equal(met.code, TALON_E_CLOSED);
    assert_true(met.got.has_peer);
    assert_int_equal(met.got.verify, 0);
    assert_string_equal(met.got.subject, "CN=db");
    assert_string_equal(met.got.issuer, "CN=Test Authority");
    assert_string_equal(met.got.protocol, "TLSv1.3");
    assert_true(is_near(met.got.not_after, 365));
    assert_true(is_near(met.got.not_before, -1));
    assert_string_equal(asked_name, "db.example");
    assert_string_equal(offered, "http/1.1");
    end();
}

static void test_names(void **state)
{
    struct met met;

    (void)state;
    serve(&good, NULL, NULL);
    met = meet(TLS(.ca = authority.cert_pem), "127.0.0.1");
    MEETS(met, TLS_CLOSED);
    assert_string_equal(asked_name, "(none)");
    met = meet(TLS(.ca = authority.cert_pem), "[::1]");
    MEETS(met, TLS_CLOSED);
    met = meet(TLS(.ca = authority.cert_pem), "db.example.");
    MEETS(met, TLS_CLOSED);
    assert_string_equal(asked_name, "db.example");
    met = meet(TLS(.ca = authority.cert_pem, .server_name = "db.example"), "10.1.2.3");
    MEETS(met, TLS_CLOSED);
    assert_string_equal(asked_name, "db.example");
    met = meet(TLS(.ca = authority.cert_pem), "a.wild.example");
    MEETS(met, TLS_CLOSED);
    met = meet(TLS(.ca = authority.cert_pem), "127.0.0.2");
    fails_with(&met, TALON_E_CERT, "tls.name", "is not for 127.0.0.2, but for db.example, *.wild.example, 127.0.0.1");
    met = meet(TLS(.ca = authority.cert_pem), "other.example");
    fails_with(&met, TALON_E_CERT, "tls.name", "is not for other.example, but for db.example");
    assert_true(met.got.has_peer);
    assert_int_equal(met.got.verify, X509_V_ERR_HOSTNAME_MISMATCH);
    assert_true(is_near(met.got.not_after, 365));
    met = meet(TLS(.ca = authority.cert_pem, .server_name = "other.example"), "db.example");
    fails_with(&met, TALON_E_CERT, "tls.name", "is not for other.example");
    met = meet(TLS(.ca = authority.cert_pem), "");
    fails_with(&met, TALON_E_LOCAL, "local", "give server_name");
    end();
}

static void test_expired(void **state)
{
    struct identity old, early;
    struct met met;

    (void)state;
    identity_make(&old, &(struct identity_wish){ .name = "old", .for_names = "DNS:db.example", .issuer = &authority, .from_days = -30, .until_days = -3 });
    identity_make(&early, &(struct identity_wish){ .name = "early", .for_names = "DNS:db.example", .issuer = &authority, .from_days = 3, .until_days = 30 });
    serve(&old, NULL, NULL);
    met = meet(TLS(.ca = authority.cert_pem), "db.example");
    fails_with(&met, TALON_E_CERT, "tls.expired", "the certificate expired on 2");
    assert_true(met.got.has_peer);
    assert_int_equal(met.got.verify, X509_V_ERR_CERT_HAS_EXPIRED);
    assert_true(is_near(met.got.not_after, -3));
    assert_string_equal(met.got.subject, "CN=old");
    met = meet(TLS(.ca = authority.cert_pem, .insecure = 1), "db.example");
    MEETS(met, TLS_CLOSED);
    assert_int_equal(met.got.verify, X509_V_ERR_CERT_HAS_EXPIRED);
    assert_string_equal(met.got.verify_text, "certificate has expired");
    end();
    serve(&early, NULL, NULL);
    met = meet(TLS(.ca = authority.cert_pem), "db.example");
    fails_with(&met, TALON_E_CERT, "tls.untrusted", "valid only from");
    end();
    identity_free(&old);
    identity_free(&early);
}

static void test_untrusted(void **state)
{
    struct identity own, nameless;
    struct met met;

    (void)state;
    identity_make(&own, &(struct identity_wish){ .name = "alone", .for_names = "DNS:db.example" });
    identity_make(&nameless, &(struct identity_wish){ .for_names = "DNS:db.example", .issuer = &authority });
    serve(&own, NULL, NULL);
    met = meet(NULL, "db.example");
    fails_with(&met, TALON_E_CERT, "tls.untrusted", "signed itself");
    assert_true(met.got.has_peer);
    assert_int_equal(met.got.verify, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    assert_true(is_near(met.got.not_after, 365));
    met = meet(TLS(.insecure = 1), "wrong.example");
    MEETS(met, TLS_CLOSED);
    assert_int_equal(met.got.verify, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    met = meet(TLS(.ca = own.cert_pem), "db.example");
    MEETS(met, TLS_CLOSED);
    assert_int_equal(met.got.verify, 0);
    end();
    serve(&nameless, NULL, NULL);
    met = meet(NULL, "db.example");
    fails_with(&met, TALON_E_CERT, "tls.untrusted", "issued by CN=Test Authority");
    assert_string_equal(met.got.subject, "db.example");
    end();
    identity_free(&own);
    identity_free(&nameless);
}

static void test_chain(void **state)
{
    struct identity middle, leaf, stale, under_stale;
    struct met met;

    (void)state;
    identity_make(&middle, &(struct identity_wish){ .name = "middle", .issuer = &authority, .authority = true, .from_days = -1, .until_days = 9 });
    identity_make(&leaf, &(struct identity_wish){ .name = "leaf", .for_names = "DNS:db.example", .issuer = &middle, .from_days = -1, .until_days = 90 });
    identity_make(&stale, &(struct identity_wish){ .name = "stale", .issuer = &authority, .authority = true, .from_days = -9, .until_days = -1 });
    identity_make(&under_stale, &(struct identity_wish){ .name = "leaf", .for_names = "DNS:db.example", .issuer = &stale });
    serve(&leaf, &middle, NULL);
    met = meet(TLS(.ca = authority.cert_pem), "db.example");
    MEETS(met, TLS_CLOSED);
    assert_true(is_near(met.got.not_after, 9));
    assert_string_equal(met.got.subject, "CN=leaf");
    assert_string_equal(met.got.issuer, "CN=middle");
    met = meet(TLS(.ca = middle.cert_pem), "db.example"); /* trusted as it is, though it has not signed itself */
    MEETS(met, TLS_CLOSED);
    met = meet(TLS(.ca = authority.cert_pem), "wrong.example");
    fails_with(&met, TALON_E_CERT, "tls.name", "");
    assert_true(is_near(met.got.not_after, 9));
    end();
    serve(&under_stale, &stale, NULL);
    met = meet(TLS(.ca = authority.cert_pem), "db.example");
    fails_with(&met, TALON_E_CERT, "tls.expired", "the chain's certificate CN=stale expired on");
    assert_true(is_near(met.got.not_after, -1));
    end();
    identity_free(&middle);
    identity_free(&leaf);
    identity_free(&stale);
    identity_free(&under_stale);
}

/* ---- client certificates */

static void test_client_certificate(void **state)
{
    struct identity me, edward, stranger;
    char both[8192], *talos;
    struct met met;

    (void)state;
    identity_make(&me, &(struct identity_wish){ .name = "me", .issuer = &authority });
    identity_make(&edward, &(struct identity_wish){ .name = "edward", .issuer = &authority, .ed25519 = true });
    identity_make(&stranger, &(struct identity_wish){ .name = "stranger" });
    serve(&good, NULL, &authority);
    met = meet(TLS(.ca = authority.cert_pem), "db.example");
    fails_with(&met, TALON_E_TLS, "tls.broken", "certificate required (116)");
    met = meet(TLS(.ca = authority.cert_pem, .cert = stranger.cert_pem, .key = stranger.key_pem), "db.example");
    fails_with(&met, TALON_E_TLS, "tls.broken", "by a TLS alert: unknown CA");
    met = meet(TLS(.ca = authority.cert_pem, .cert = me.cert_pem, .key = me.key_pem), "db.example");
    MEETS(met, TLS_CLOSED);
    snprintf(both, sizeof both, "%s%s", me.key_pem, me.cert_pem);
    met = meet(TLS(.ca = authority.cert_pem, .cert = both), "db.example");
    MEETS(met, TLS_CLOSED);
    snprintf(both, sizeof both, "-----BEGIN ED25519 PRIVATE KEY-----%s", strchr(edward.key_pem + 5, '\n'));
    talos = strstr(both, "-----END PRIVATE KEY-----");
    assert_non_null(talos);
    memcpy(talos, "-----END ED25519 PRIVATE KEY-----\n", 35);
    met = meet(TLS(.ca = authority.cert_pem, .cert = edward.cert_pem, .key = both), "db.example");
    MEETS(met, TLS_CLOSED);
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    met = meet(TLS(.ca = authority.cert_pem), "db.example");
    fails_with(&met, TALON_E_TLS, "tls.broken", "by a TLS alert: ");
    met = meet(TLS(.ca = authority.cert_pem, .cert = me.cert_pem, .key = me.key_pem), "db.example");
    MEETS(met, TLS_CLOSED);
    assert_string_equal(met.got.protocol, "TLSv1.2");
    end();
    identity_free(&me);
    identity_free(&edward);
    identity_free(&stranger);
}

/* ---- options that cannot be used */

static void refused(const struct talon_tls *tls, const char *part, const char *secret)
{
    struct met met = meet(tls, "db.example");

    fails_with(&met, TALON_E_LOCAL, "local", part);
    if (secret)
        assert_null(strstr(met.text, secret));
    assert_false(met.got.has_peer);
}

static char *encrypted(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes, *text;
    long n;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), "word", 4, NULL, NULL), 1);
    n = BIO_get_mem_data(bio, &bytes);
    text = strndup(bytes, (size_t)n);
    BIO_free(bio);
    return text;
}

static void test_bad_options(void **state)
{
    char damaged[4096], *locked = encrypted(good.key), path[64];

    (void)state;
    serve(&good, NULL, NULL);
    refused(TLS(.ca = "/nonexistent/ca.pem"), "the authorities (ca) in /nonexistent/ca.pem cannot be read: No such file", NULL);
    refused(TLS(.ca = folder), "it is a folder", NULL);
    refused(TLS(.ca = "hunter2"), "the authorities (ca) holds no certificate", "hunter2");
    refused(TLS(.ca = ""), "holds no certificate", NULL);
    snprintf(damaged, sizeof damaged, "%s-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n", authority.cert_pem);
    refused(TLS(.ca = damaged), "certificate 2 in the authorities (ca) cannot be read", "hunter2");
    refused(TLS(.cert = good.cert_pem), "the client key holds no private key", NULL);
    refused(TLS(.key = good.key_pem), "without its certificate", NULL);
    refused(TLS(.cert = good.cert_pem, .key = "hunter2"), "the client key holds no private key", "hunter2");
    refused(TLS(.cert = good.cert_pem, .key = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"), "holds no private key that can be read", "hunter2");
    refused(TLS(.cert = good.cert_pem, .key = authority.key_pem), "the client key does not belong to the client certificate", NULL);
    refused(TLS(.cert = good.cert_pem, .key = locked), "protected by a passphrase", NULL);
    snprintf(path, sizeof path, "%s/empty.pem", folder);
    write_file(path, "");
    refused(TLS(.cert = path, .key = good.key_pem), "the client certificate in /tmp/talon-tls-", NULL);
    unlink(path);
    end();
    free(locked);
}

/* ---- files are read again when they change */

static void test_changed_file(void **state)
{
    struct identity other;
    char path[64], next[64];
    struct met met;

    (void)state;
    identity_make(&other, &(struct identity_wish){ .name = "Other Authority", .authority = true });
    snprintf(path, sizeof path, "%s/ca.pem", folder);
    snprintf(next, sizeof next, "%s/next.pem", folder);
    serve(&good, NULL, NULL);
    write_file(path, other.cert_pem);
    met = meet(TLS(.ca = path), "db.example");
    fails_with(&met, TALON_E_CERT, "tls.untrusted", "");
    write_file(next, authority.cert_pem);
    assert_int_equal(rename(next, path), 0);
    met = meet(TLS(.ca = path), "db.example");
    MEETS(met, TLS_CLOSED);
    unlink(path);
    refused(TLS(.ca = path), "cannot be", NULL);
    write_file(path, authority.cert_pem);
    met = meet(TLS(.ca = path), "db.example");
    MEETS(met, TLS_CLOSED);
    unlink(path);
    end();
    identity_free(&other);
}

/* More combinations than are kept: each works, and works again. */
static void test_many_sets(void **state)
{
    struct tls_link *link;
    char ca[100000];

    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(ca, sizeof ca, "# %d\n%s", i % 100, authority.cert_pem);
        link = client_tls->client(-1, TLS(.ca = ca), "db.example", NULL);
        assert_non_null(link);
        client_tls->free(link);
    }
}

/* ---- servers that speak no TLS, or end it */

static void script_garbage(struct talk *talk)
{
    talk_say(talk, "\x01\x02\x03garbage garbage garbage garbage\r\n");
    talk_wait(talk);
}

static void script_http(struct talk *talk)
{
    talk_say(talk, "HTTP/1.1 400 Bad Request\r\n\r\n");
    talk_wait(talk);
}

static void script_alert(struct talk *talk)
{
    talk_send(talk, "\x15\x03\x03\x00\x02\x02\x28", 7);
    talk_wait(talk);
}

static void read_hello(struct talk *talk)
{
    char bytes[4096];

    assert_true(recv(talk->fd, bytes, sizeof bytes, 0) > 0);
}

static void script_close(struct talk *talk)
{
    read_hello(talk);
}

static void script_reset(struct talk *talk)
{
    read_hello(talk);
    talk_reset(talk);
}

static void broken(void (*script)(struct talk *), uint32_t code, const char *token, const char *part)
{
    struct met met;

    serve_plain(script);
    met = meet(NULL, "db.example");
    fails_with(&met, code, token, part);
    assert_false(met.got.has_peer);
    end();
}

static void test_broken(void **state)
{
    (void)state;
    broken(script_garbage, TALON_E_TLS, "tls.broken", "does not speak TLS");
    broken(script_http, TALON_E_TLS, "tls.broken", "does not speak TLS");
    broken(script_alert, TALON_E_TLS, "tls.broken", "the peer refuses by a TLS alert: handshake failure (40)");
    broken(script_close, TALON_E_CLOSED, "connect.closed", "the peer closed the connection within the TLS handshake");
    broken(script_reset, TALON_E_CLOSED, "connect.closed", "the peer closed the connection within the TLS handshake: Connection reset by peer");
}

/* A silent server is no error: the host's deadline decides. */
static void test_silent(void **state)
{
    struct tls_link *link;
    int fd;

    (void)state;
    serve_plain(talk_wait);
    fd = connect_server();
    link = client_tls->client(fd, NULL, "db.example", NULL);
    assert_int_equal(shake(link, fd, 100), TLS_WANTS_READ);
    assert_null(client_tls->peer(link));
    client_tls->free(link);
    close(fd);
    end();
}

static int set_up(void **state)
{
    (void)state;
    client_open_tls();
    assert_non_null(mkdtemp(folder));
    identity_make(&authority, &(struct identity_wish){ .name = "Test Authority", .authority = true, .from_days = -2, .until_days = 3650 });
    identity_make(&good, &(struct identity_wish){ .name = "db", .for_names = "DNS:db.example,DNS:*.wild.example,IP:127.0.0.1,IP:::1", .issuer = &authority });
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    identity_free(&authority);
    identity_free(&good);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),           cmocka_unit_test(test_names),       cmocka_unit_test(test_expired),
        cmocka_unit_test(test_untrusted),      cmocka_unit_test(test_chain),       cmocka_unit_test(test_client_certificate),
        cmocka_unit_test(test_bad_options),    cmocka_unit_test(test_changed_file), cmocka_unit_test(test_many_sets),
        cmocka_unit_test(test_broken),         cmocka_unit_test(test_silent),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
