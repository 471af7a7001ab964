/*
 * What is noted of a connection besides its certificate: alerts of the peer, and why the handshake ended. With TLS 1.3 a server refuses a missing client
 * certificate after the client's handshake is over: the alert is seen by the info callback alone, libcurl reports "stream not closed cleanly".
 */
#include "tls_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static int on_ssl = -1, on_ctx = -1;

/* ---- its life */

static void free_with_ctx(void *parent, void *record, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    record_drop(record);
}

bool record_open(void)
{
    if (on_ssl < 0)
        on_ssl = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    if (on_ctx < 0)
        on_ctx = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_with_ctx);
    return on_ssl >= 0 && on_ctx >= 0;
}

struct tls_record *record_create(void)
{
    struct tls_record *record = calloc(1, sizeof *record);

    if (record)
        record->users = 1;
    return record;
}

struct tls_record *record_share(struct tls_record *record)
{
    record->users++;
    return record;
}

void record_drop(struct tls_record *record)
{
    if (!record || --record->users > 0)
        return;
    X509_STORE_free(record->store);
    free(record);
}

void record_trust(struct tls_record *record, const struct tls_set *set)
{
    X509_STORE_free(record->store);
    record->store = SSL_CTX_get_cert_store(set->ctx);
    X509_STORE_up_ref(record->store);
    record->trusts_system = set->trusts_system;
}

/* "[fe80::1%eth0]" is verified as fe80::1, "db.example." as db.example. */
bool record_expect(struct tls_record *record, const char *name, bool insecure)
{
    unsigned char address[sizeof(struct in6_addr)];
    size_t n;

    name += *name == '[';
    n = strcspn(name, "]%");
    while (n > 0 && name[n - 1] == '.')
        n--;
    if (n == 0 || n >= sizeof record->name) {
        fault_say(&record->fault, TALON_E_LOCAL, 0, "local", "there is no name to verify the certificate with: give server_name");
        return false;
    }
    memcpy(record->name, name, n);
    record->name[n] = '\0';
    record->is_address = inet_pton(AF_INET, record->name, address) == 1 || inet_pton(AF_INET6, record->name, address) == 1;
    record->insecure = insecure;
    return true;
}

bool record_hang(SSL *ssl, struct tls_record *record)
{
    return SSL_set_ex_data(ssl, on_ssl, record) == 1;
}

bool record_hang_on_all(SSL_CTX *ctx, struct tls_record *record)
{
    if (SSL_CTX_set_ex_data(ctx, on_ctx, record) != 1)
        return false;
    record_share(record);
    return true;
}

struct tls_record *record_of(const SSL *ssl)
{
    struct tls_record *record = SSL_get_ex_data(ssl, on_ssl);

    return record ? record : SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), on_ctx);
}

/* ---- why it failed */

/* RFC 8446 6; OpenSSL does not know these by name. */
static const char *alert_text(int alert)
{
    const int code = alert & 0xff;

    return code == 116 ? "certificate required" : code == 120 ? "no application protocol in common" : SSL_alert_desc_string_long(alert);
}

static void note_alert(struct tls_record *record, int alert)
{
    const int level = alert >> 8, code = alert & 0xff;

    if (record->fault.code != TALON_E_NONE || level != SSL3_AL_FATAL || code == SSL3_AD_CLOSE_NOTIFY)
        return;
    fault_say(&record->fault, TALON_E_TLS, 0, "tls.broken", "the peer refuses by a TLS alert: %s (%d)", alert_text(alert), code);
}

static bool is_end(unsigned long error)
{
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
#else
    (void)error;
    return false;
#endif
}

static bool is_no_tls(unsigned long error)
{
    const int reason = ERR_GET_REASON(error);

    return ERR_GET_LIB(error) == ERR_LIB_SSL &&
           (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST ||
            reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_RECORD_LENGTH_MISMATCH);
}

void record_note_failure(struct tls_record *record, const SSL *ssl, int os)
{
    const unsigned long error = ERR_peek_error();
    const char *words = ERR_reason_error_string(error), *when = SSL_is_init_finished(ssl) ? "" : " within the TLS handshake";

    if (record->fault.code != TALON_E_NONE)
        return;
    if (error == 0 || is_end(error) || ERR_GET_LIB(error) == ERR_LIB_SYS)
        fault_say(&record->fault, TALON_E_CLOSED, os, "connect.closed", "the peer closed the connection%s%s%s", when, os ? ": " : "", os ? strerror(os) : "");
    else if (is_no_tls(error))
        fault_say(&record->fault, TALON_E_TLS, 0, "tls.broken", "the peer does not speak TLS (%s)", words ? words : "no TLS record");
    else
        fault_say(&record->fault, TALON_E_TLS, 0, "tls.broken", "TLS failed%s: %s", *when ? " in the handshake" : "", words ? words : "unknown error");
}

/* ---- the info callback */

/* libcurl asks for the name of the URL; another one is set before the first byte is sent. */
static void ask_for_name(SSL *ssl, struct tls_record *record)
{
    if (!SSL_is_init_finished(ssl) && !record->known)
        SSL_set_tlsext_host_name(ssl, record->is_address ? NULL : record->name);
}

/* The handshake has stopped, and not to wait. */
static bool has_failed(const SSL *ssl, int ret)
{
    return ret <= 0 && (ERR_peek_error() != 0 || (!BIO_should_retry(SSL_get_rbio(ssl)) && !BIO_should_retry(SSL_get_wbio(ssl))));
}

void record_watch(const SSL *ssl, int where, int ret)
{
    const int os = errno;
    struct tls_record *record = record_of(ssl);

    if (!record)
        return;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
        note_alert(record, ret);
    else if (where & SSL_CB_HANDSHAKE_START)
        ask_for_name((SSL *)(uintptr_t)ssl, record);
    else if (where == SSL_CB_CONNECT_EXIT && has_failed(ssl, ret))
        record_note_failure(record, ssl, ERR_peek_error() ? 0 : os);
}
