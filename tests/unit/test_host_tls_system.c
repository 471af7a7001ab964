/*
 * The system's authorities: a file with hundreds of them, of which each is parsed when it is needed, and a folder with hashed names. What must hold is that
 * nobody is trusted who does not stand there, that everybody is who does, and that a change is seen.
 */
#include "module_certs.h"
#include "module_client.h"
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define S 1000000000ull

enum { OTHERS = 300, MORE_THAN_IS_READ = 9 << 20 };

static struct identity known, others[OTHERS], nowhere;
static char place[] = "/tmp/talon-system-XXXXXX", folder[64], file[64], written[80];
static const struct client_name names[] = { { .name = "web.example", .addresses = { "127.0.0.1" } }, { .name = NULL } };

/* ---- the file: each is a new one, put in the place of the last */

static FILE *begin_file(void)
{
    FILE *to = fopen(written, "w");

    assert_non_null(to);
    return to;
}

static void end_file(FILE *to)
{
    assert_int_equal(fclose(to), 0);
    assert_int_equal(rename(written, file), 0);
}

static void put_others(FILE *to)
{
    for (int i = 0; i < OTHERS; i++)
        assert_true(fputs(others[i].cert_pem, to) >= 0);
}

/* All of them one after the other; NULL ends. */
static void write_texts(const char *text, ...)
{
    FILE *to = begin_file();
    va_list ap;

    va_start(ap, text);
    for (; text; text = va_arg(ap, const char *))
        assert_true(fputs(text, to) >= 0);
    va_end(ap);
    end_file(to);
}

/* ---- one exchange with a server */

static void script_ok(struct talk *talk)
{
    while (talk_request(talk))
        talk_say(talk, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

static struct got fetch_with(const struct identity *own, const struct identity *chain, const struct talon_tls *tls)
{
    SSL_CTX *context = identity_server(own, chain, NULL);
    struct server *server = server_start(&(struct server_setup){ .script = script_ok, .tls = context });
    struct got got;
    char url[64];

    snprintf(url, sizeof url, "https://web.example:%u/", server_port(server));
    got = client_fetch(TALON_REQUEST(talon_http, .url = url, .tls = tls), 15 * S);
    server_stop(server);
    SSL_CTX_free(context);
    return got;
}

static struct got fetch_shown(const struct identity *own, const struct identity *chain)
{
    return fetch_with(own, chain, NULL);
}

static struct got fetch_from(const struct identity *issuer)
{
    struct identity own;
    struct got got;

    identity_make(&own, &(struct identity_wish){ .name = "web", .for_names = "DNS:web.example", .issuer = issuer });
    got = fetch_shown(&own, NULL);
    identity_free(&own);
    return got;
}

/* The second time it is in the store. */
#define TRUSTS(issuer) trusts((issuer), __FILE__, __LINE__)
static void trusts(const struct identity *issuer, const char *at, int line)
{
    for (int i = 0; i < 2; i++) {
        struct got got = fetch_from(issuer);

        client_answered(&got, 200, at, line);
        assert_int_equal(got.verify, 0);
        client_forget(&got);
    }
}

#define REFUSES(issuer, code, token, part) refuses((issuer), (code), (token), (part), __FILE__, __LINE__)
static void refuses(const struct identity *issuer, uint32_t code, const char *token, const char *part, const char *at, int line)
{
    struct got got = fetch_from(issuer);

    client_failed(&got, code, token, part, at, line);
    client_forget(&got);
}

#define DISTRUSTS(issuer) REFUSES((issuer), TALON_E_CERT, "tls.untrusted", "leads to no trusted authority")
#define CANNOT_TELL(part) REFUSES(&known, TALON_E_LOCAL, "local", (part))

/* ---- whom it trusts */

static void one_of_hundreds(void **state)
{
    FILE *to = begin_file();

    (void)state;
    put_others(to);
    fputs(known.cert_pem, to);
    end_file(to);
    DISTRUSTS(&nowhere);
    TRUSTS(&known);
    TRUSTS(&others[0]);
    TRUSTS(&others[OTHERS - 1]);
    DISTRUSTS(&nowhere);
}

/* As while an authority changes its key: both count, whichever is asked for first. */
static void several_of_one_subject(void **state)
{
    struct identity renewed, third;

    (void)state;
    identity_make(&renewed, &(struct identity_wish){ .name = "Known", .authority = true });
    identity_make(&third, &(struct identity_wish){ .name = "Known", .authority = true });
    write_texts(renewed.cert_pem, others[0].cert_pem, known.cert_pem, NULL);
    TRUSTS(&known);
    TRUSTS(&renewed);
    DISTRUSTS(&third);
    write_texts(renewed.cert_pem, others[0].cert_pem, known.cert_pem, NULL);
    TRUSTS(&renewed);
    TRUSTS(&known);
    identity_free(&third);
    identity_free(&renewed);
}

/* Of two with one key the one that is valid counts; one that is not is no authority, and is named. */
static void expired_ones(void **state)
{
    struct identity expired;

    (void)state;
    identity_make(&expired, &(struct identity_wish){ .name = "Known", .authority = true, .key_of = &known, .from_days = -20, .until_days = -10 });
    write_texts(expired.cert_pem, known.cert_pem, NULL);
    TRUSTS(&known);
    write_texts(known.cert_pem, expired.cert_pem, NULL);
    TRUSTS(&known);
    write_texts(expired.cert_pem, others[0].cert_pem, NULL);
    REFUSES(&known, TALON_E_CERT, "tls.expired", "the chain's certificate CN=Known expired on");
    identity_free(&expired);
}

static void the_same_twice(void **state)
{
    (void)state;
    write_texts(known.cert_pem, others[0].cert_pem, known.cert_pem, NULL);
    TRUSTS(&known);
}

/* The server shows an issuer that another authority has signed as well: the one that is trusted ends the chain. */
static void a_cross_signed_one(void **state)
{
    struct identity cross, own;
    struct got got;

    (void)state;
    identity_make(&cross, &(struct identity_wish){ .name = "Known", .authority = true, .key_of = &known, .issuer = &nowhere });
    identity_make(&own, &(struct identity_wish){ .name = "web", .for_names = "DNS:web.example", .issuer = &known });
    write_texts(others[0].cert_pem, known.cert_pem, NULL);
    got = fetch_shown(&own, &cross);
    ANSWERED(got, 200);
    client_forget(&got);
    write_texts(others[0].cert_pem, NULL);
    got = fetch_shown(&own, &cross);
    FAILED(got, TALON_E_CERT, "tls.untrusted", "leads to no trusted authority");
    client_forget(&got);
    identity_free(&own);
    identity_free(&cross);
}

/* What stands in the file is trusted, whether it has signed itself or not. */
static void the_middle_of_a_chain(void **state)
{
    struct identity middle, own;
    struct got got;

    (void)state;
    identity_make(&middle, &(struct identity_wish){ .name = "Middle", .authority = true, .issuer = &nowhere });
    write_texts(others[0].cert_pem, middle.cert_pem, NULL);
    TRUSTS(&middle);
    DISTRUSTS(&nowhere);
    identity_make(&own, &(struct identity_wish){ .name = "web", .for_names = "DNS:web.example" });
    got = fetch_shown(&own, NULL);
    FAILED(got, TALON_E_CERT, "tls.untrusted", "has signed itself");
    client_forget(&got);
    write_texts(others[0].cert_pem, own.cert_pem, NULL);
    got = fetch_shown(&own, NULL);
    ANSWERED(got, 200);
    client_forget(&got);
    identity_free(&own);
    identity_free(&middle);
}

/* ---- what else stands in such files */

static char *with_settings(const struct identity *identity, int trust, int reject)
{
    X509 *copy = X509_dup(identity->cert);
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes, *text;
    long n;

    assert_int_equal(X509_add1_trust_object(copy, OBJ_nid2obj(trust)), 1);
    if (reject)
        assert_int_equal(X509_add1_reject_object(copy, OBJ_nid2obj(reject)), 1);
    assert_int_equal(PEM_write_bio_X509_AUX(bio, copy), 1);
    n = BIO_get_mem_data(bio, &bytes);
    text = strndup(bytes, (size_t)n);
    BIO_free(bio);
    X509_free(copy);
    HOLDS(text, "BEGIN TRUSTED CERTIFICATE");
    return text;
}

static void trusted_for_a_purpose(void **state)
{
    char *servers = with_settings(&known, NID_server_auth, 0), *mail = with_settings(&others[1], NID_email_protect, NID_server_auth);

    (void)state;
    write_texts(servers, mail, others[2].cert_pem, NULL);
    TRUSTS(&known);
    TRUSTS(&others[2]);
    REFUSES(&others[1], TALON_E_CERT, "tls.untrusted", "does not verify");
    free(servers);
    free(mail);
}

static void what_is_no_certificate(void **state)
{
    (void)state;
    client_logged[0] = '\0';
    write_texts("# a heading\n-----\n-----BEGIN\n", others[0].cert_pem, "Label: words\n=====\n", others[1].cert_pem,
                "\n\n-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
                "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", known.cert_pem, NULL);
    TRUSTS(&others[0]);
    TRUSTS(&others[1]);
    TRUSTS(&known);
    DISTRUSTS(&nowhere);
    assert_string_equal(client_logged, "");
}

/* Each damaged block costs itself alone, and is told. */
static void damaged_ones(void **state)
{
    (void)state;
    write_texts("-----BEGIN CERTIFICATE-----\n*no base64*\n-----END CERTIFICATE-----\n", others[0].cert_pem,
                "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\nMIIB/////w==\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END X509 CRL-----\n",
                "-----BEGIN CERTIFICATE-----\nMAA=\n", known.cert_pem, "-----BEGIN CERTIFICATE-----\nMIIB", NULL);
    TRUSTS(&known);
    HOLDS(client_logged, "7 of the certificates in /tmp/");
    TRUSTS(&others[0]);
    DISTRUSTS(&nowhere);
}

/* A subject that can be read does not make a certificate: here the key behind it is none. */
static void one_that_cannot_be_parsed(void **state)
{
    unsigned char *der = NULL, *key = NULL;
    const int n = i2d_X509(known.cert, &der), n_key = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(known.cert), &key);
    FILE *to = begin_file();
    int at = 0;

    (void)state;
    while (at < n - n_key && memcmp(der + at, key, (size_t)n_key) != 0)
        at++;
    assert_memory_equal(der + at, key, (size_t)n_key);
    der[at] = V_ASN1_OCTET_STRING;
    assert_true(PEM_write(to, "CERTIFICATE", "", der, n) > 0);
    fputs(others[0].cert_pem, to);
    end_file(to);
    OPENSSL_free(der);
    OPENSSL_free(key);
    DISTRUSTS(&known);
    TRUSTS(&others[0]);
}

static void put_crlf(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            fputs(" \r", to);
        fputc(*text, to);
    }
}

static void lines_as_windows_writes_them(void **state)
{
    FILE *to = begin_file();

    (void)state;
    put_crlf(to, others[0].cert_pem);
    put_crlf(to, known.cert_pem);
    end_file(to);
    TRUSTS(&known);
    TRUSTS(&others[0]);
    DISTRUSTS(&nowhere);
}

static void the_last_line_without_an_end(void **state)
{
    char *text = strdup(known.cert_pem);

    (void)state;
    text[strlen(text) - 1] = '\0';
    write_texts(others[0].cert_pem, text, NULL);
    TRUSTS(&known);
    free(text);
}

/* ---- a file that cannot be used says so, and blames no peer */

static void changed_under_our_feet(void **state)
{
    (void)state;
    write_texts(known.cert_pem, NULL);
    TRUSTS(&known);
    write_texts(others[0].cert_pem, NULL);
    DISTRUSTS(&known);
    TRUSTS(&others[0]);
}

static void none(void **state)
{
    (void)state;
    unlink(file);
    CANNOT_TELL("system.pem (SSL_CERT_FILE) cannot be used: No such file or directory");
    HOLDS(client_logged, "SSL_CERT_FILE");
    write_texts(known.cert_pem, NULL);
    TRUSTS(&known);
}

static void useless_ones(void **state)
{
    (void)state;
    write_texts("", NULL);
    CANNOT_TELL("it holds no certificate");
    write_texts("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", NULL);
    CANNOT_TELL("none of its 1 certificates can be read");
    unlink(file);
    assert_int_equal(mkdir(file, 0700), 0);
    CANNOT_TELL("it is a folder");
    rmdir(file);
    assert_int_equal(mkfifo(file, 0600), 0);
    CANNOT_TELL("it is a FIFO");
    unlink(file);
}

static void a_huge_one(void **state)
{
    (void)state;
    write_texts(known.cert_pem, NULL);
    assert_int_equal(truncate(file, MORE_THAN_IS_READ), 0);
    CANNOT_TELL("it is larger than 8388608 bytes");
}

/* What is wrong with a certificate whoever has issued it stays evidence. */
static void still_evidence(void **state)
{
    struct talon_tls any = { .size = sizeof any, .ca = known.cert_pem };
    struct identity own;
    struct got got;

    (void)state;
    unlink(file);
    identity_make(&own, &(struct identity_wish){ .name = "web", .for_names = "DNS:web.example", .issuer = &nowhere });
    got = fetch_with(&own, NULL, &any);
    FAILED(got, TALON_E_CERT, "tls.untrusted", "leads to no trusted authority");
    client_forget(&got);
    identity_free(&own);
}

/* ---- folders */

static void hash_into_folder(const struct identity *identity, int number, char path[128])
{
    FILE *to;

    snprintf(path, 128, "%s/%08lx.%d", folder, X509_subject_name_hash(identity->cert), number);
    to = fopen(path, "w");
    assert_non_null(to);
    assert_true(fputs(identity->cert_pem, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

static void a_folder_beside_the_file(void **state)
{
    char first[128], second[128], both[256];

    (void)state;
    write_texts(known.cert_pem, NULL);
    hash_into_folder(&others[0], 0, first);
    snprintf(both, sizeof both, "%s/nothing:%s", place, folder);
    setenv("SSL_CERT_DIR", both, 1);
    write_texts(known.cert_pem, NULL);
    TRUSTS(&known);
    TRUSTS(&others[0]);
    DISTRUSTS(&others[1]);
    unlink(first);
    hash_into_folder(&others[1], 0, second);
    DISTRUSTS(&others[0]);
    TRUSTS(&others[1]);
    unsetenv("SSL_CERT_FILE");
    write_texts(known.cert_pem, NULL);
    TRUSTS(&others[1]);
    DISTRUSTS(&known);
    unlink(second);
    CANNOT_TELL("holds no certificate under a hashed name");
    rmdir(folder);
    setenv("SSL_CERT_DIR", folder, 1);
    CANNOT_TELL("there is no folder of authorities /tmp/");
    setenv("SSL_CERT_FILE", file, 1);
    unsetenv("SSL_CERT_DIR");
}

/* ---- */

static int set_up(void **state)
{
    (void)state;
    identity_make(&known, &(struct identity_wish){ .name = "Known", .authority = true });
    identity_make(&nowhere, &(struct identity_wish){ .name = "Nowhere", .authority = true });
    for (int i = 0; i < OTHERS; i++) {
        char name[32];

        snprintf(name, sizeof name, "Other Authority %d", i);
        identity_make(&others[i], &(struct identity_wish){ .name = name, .authority = true });
    }
    assert_non_null(mkdtemp(place));
    snprintf(file, sizeof file, "%s/system.pem", place);
    snprintf(written, sizeof written, "%s.new", file);
    snprintf(folder, sizeof folder, "%s/folder", place);
    assert_int_equal(mkdir(folder, 0700), 0);
    setenv("SSL_CERT_FILE", file, 1);
    unsetenv("SSL_CERT_DIR");
    client_names = names;
    client_open_http();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_close_http();
    identity_free(&known);
    identity_free(&nowhere);
    for (int i = 0; i < OTHERS; i++)
        identity_free(&others[i]);
    unlink(file);
    rmdir(folder);
    return rmdir(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_hundreds),
        cmocka_unit_test(several_of_one_subject),
        cmocka_unit_test(expired_ones),
        cmocka_unit_test(the_same_twice),
        cmocka_unit_test(a_cross_signed_one),
        cmocka_unit_test(the_middle_of_a_chain),
        cmocka_unit_test(trusted_for_a_purpose),
        cmocka_unit_test(what_is_no_certificate),
        cmocka_unit_test(damaged_ones),
        cmocka_unit_test(one_that_cannot_be_parsed),
        cmocka_unit_test(lines_as_windows_writes_them),
        cmocka_unit_test(the_last_line_without_an_end),
        cmocka_unit_test(changed_under_our_feet),
        cmocka_unit_test(none),
        cmocka_unit_test(useless_ones),
        cmocka_unit_test(a_huge_one),
        cmocka_unit_test(still_evidence),
        cmocka_unit_test(a_folder_beside_the_file),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
