/*
 * Verification. The chain is walked to its end whatever is wrong with it, so that expiry, subject and issuer are known also of a certificate that is refused;
 * the first thing that is wrong decides.
 */
#include "tls_private.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- texts */

static void show_name(const X509_NAME *name, char *to, size_t n)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length = 0;

    to[0] = '\0';
    if (bio && name && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0)
        length = BIO_get_mem_data(bio, &text);
    if (length > 0)
        snprintf(to, n, "%.*s", (int)length, text);
    BIO_free(bio);
}

/* As people write it: OpenSSL itself shows its bytes in hexadecimal. */
static void add_address(struct buffer *text, const ASN1_OCTET_STRING *address)
{
    const int n = ASN1_STRING_length(address);
    char shown[INET6_ADDRSTRLEN];

    if ((n == 4 || n == 16) && inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), shown, sizeof shown))
        buffer_printf(text, "%s%s", text->len > 0 ? ", " : "", shown);
}

/* The names and addresses that a certificate is for: "a.example, b.example, ...". */
static void show_names(X509 *certificate, char *to, size_t n)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    struct buffer text = buffer_make(0);

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && text.len < n; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DNS)
            buffer_printf(&text, "%s%.*s", text.len > 0 ? ", " : "", ASN1_STRING_length(name->d.dNSName),
                          (const char *)ASN1_STRING_get0_data(name->d.dNSName));
        else if (name->type == GEN_IPADD)
            add_address(&text, name->d.iPAddress);
    }
    snprintf(to, n, "%s", buffer_string(&text));
    if (text.len >= n)
        memcpy(to + n - 4, "...", 4);
    buffer_free(&text);
    GENERAL_NAMES_free(names);
}

static int64_t unix_time(const ASN1_TIME *time)
{
    static const struct tm zero;
    struct tm utc = zero;
    int days = 0, seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    bool good = epoch && time && ASN1_TIME_to_tm(time, &utc) == 1 && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;

    ASN1_TIME_free(epoch);
    return good ? (int64_t)days * 86400 + seconds : 0;
}

static void show_day(int64_t when, char to[TLS_TIME])
{
    const time_t seconds = (time_t)when;
    struct tm utc;

    if (!gmtime_r(&seconds, &utc) || strftime(to, TLS_TIME, "%Y-%m-%d %H:%M UTC", &utc) == 0)
        snprintf(to, TLS_TIME, "an unknown day");
}

/* ---- what is wrong */

static void blame_name(struct fault *fault, const struct tls_record *record, X509 *certificate)
{
    char names[200];

    show_names(certificate, names, sizeof names);
    fault_say(fault, TALON_E_CERT, 0, "tls.name", "the certificate is not for %s, but for %s", record->name, *names ? names : record->subject);
}

static void blame_time(struct fault *fault, X509 *certificate, int depth, bool expired)
{
    const ASN1_TIME *time = expired ? X509_get0_notAfter(certificate) : X509_get0_notBefore(certificate);
    char day[TLS_TIME], subject[120];

    show_day(unix_time(time), day);
    show_name(X509_get_subject_name(certificate), subject, sizeof subject);
    fault_say(fault, TALON_E_CERT, 0, expired ? "tls.expired" : "tls.untrusted", "%s%s%s %s", depth == 0 ? "the certificate" : "the chain's certificate ",
              depth == 0 ? "" : subject, expired ? " expired on" : " is valid only from", day);
}

static bool lacks_authority(int error)
{
    return error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT || error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

/* Where authorities are missing that should be there, it is not known whether the peer's is one of them: that is no evidence against the peer. */
static void blame_trust(struct fault *fault, const struct tls_record *record, int error)
{
    const char *trouble = record->trusts_system ? authorities_trouble() : "";

    if (lacks_authority(error) && trouble[0])
        fault_say(fault, TALON_E_LOCAL, 0, "local", "the certificate cannot be verified: %s", trouble);
    else if (error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
        fault_say(fault, TALON_E_CERT, 0, "tls.untrusted", "the certificate has signed itself and is not among the trusted ones");
    else if (lacks_authority(error))
        fault_say(fault, TALON_E_CERT, 0, "tls.untrusted", "the certificate is issued by %s, which leads to no trusted authority", record->issuer);
    else
        fault_say(fault, TALON_E_CERT, 0, "tls.untrusted", "the certificate does not verify: %s", X509_verify_cert_error_string(error));
}

static void blame(struct tls_record *record, X509_STORE_CTX *store, int error)
{
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    const int depth = X509_STORE_CTX_get_error_depth(store);

    if ((error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH) && certificate)
        blame_name(&record->fault, record, certificate);
    else if ((error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID) && certificate)
        blame_time(&record->fault, certificate, depth, error == X509_V_ERR_CERT_HAS_EXPIRED);
    else
        blame_trust(&record->fault, record, error);
}

/* ---- what it says */

static void note_leaf(struct tls_record *record, X509 *leaf)
{
    show_name(X509_get_subject_name(leaf), record->subject, sizeof record->subject);
    show_name(X509_get_issuer_name(leaf), record->issuer, sizeof record->issuer);
    if (record->subject[0] == '\0')
        show_names(leaf, record->subject, sizeof record->subject);
}

static void note_times(struct talon_peer *peer, X509 *certificate)
{
    const int64_t end = unix_time(X509_get0_notAfter(certificate));

    if (peer->not_after != 0 && end >= peer->not_after)
        return;
    peer->not_after = end;
    peer->not_before = unix_time(X509_get0_notBefore(certificate));
}

/* The chain as it was built; where none could be, what the peer has sent. */
static void note_chain(struct tls_record *record, X509_STORE_CTX *store)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);

    if (sk_X509_num(chain) < 1)
        chain = X509_STORE_CTX_get0_untrusted(store);
    record->peer.not_after = record->peer.not_before = 0;
    for (int i = 0; i < sk_X509_num(chain); i++)
        note_times(&record->peer, sk_X509_value(chain, i));
}

static void note_peer(struct tls_record *record, const SSL *ssl)
{
    struct talon_peer *peer = &record->peer;

    snprintf(record->protocol, sizeof record->protocol, "%s", SSL_get_version(ssl));
    peer->size = sizeof *peer;
    peer->subject = record->subject;
    peer->issuer = record->issuer;
    peer->protocol = record->protocol;
    peer->verify_text = X509_verify_cert_error_string(peer->verify);
    record->known = true;
}

/* ---- the walk */

static SSL *ssl_of(const X509_STORE_CTX *store)
{
    return X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
}

/* Each thing that is wrong, in the order in which OpenSSL finds it; the walk goes on. */
static int note_error(int good, X509_STORE_CTX *store)
{
    struct tls_record *record = record_of(ssl_of(store));

    if (good || record->peer.verify != X509_V_OK)
        return 1;
    record->peer.verify = X509_STORE_CTX_get_error(store);
    if (!record->insecure)
        blame(record, store, record->peer.verify);
    return 1;
}

/* The same question as OpenSSL's own, but to the store of the record: libcurl 7.87 to 8.2 puts a store of its own into the SSL_CTX after it was
 * configured, namely that of the connection before, whatever that was allowed to trust. */
static bool prepare(X509_STORE_CTX *own, X509_STORE_CTX *given, const struct tls_record *record, SSL *ssl)
{
    X509_VERIFY_PARAM *param;

    if (X509_STORE_CTX_init(own, record->store, X509_STORE_CTX_get0_cert(given), X509_STORE_CTX_get0_untrusted(given)) != 1 ||
        X509_STORE_CTX_set_ex_data(own, SSL_get_ex_data_X509_STORE_CTX_idx(), ssl) != 1 || X509_STORE_CTX_set_default(own, "ssl_server") != 1)
        return false;
    X509_STORE_CTX_set_verify_cb(own, note_error);
    param = X509_STORE_CTX_get0_param(own);
    X509_VERIFY_PARAM_set_auth_level(param, SSL_get_security_level(ssl));
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return record->is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, record->name) == 1 : X509_VERIFY_PARAM_set1_host(param, record->name, 0) == 1;
}

static void walk(X509_STORE_CTX *own, struct tls_record *record, const SSL *ssl)
{
    const bool walked = X509_verify_cert(own) == 1;

    if (!walked && record->peer.verify == X509_V_OK) {
        record->peer.verify = X509_STORE_CTX_get_error(own) ? X509_STORE_CTX_get_error(own) : X509_V_ERR_UNSPECIFIED;
        if (!record->insecure)
            blame(record, own, record->peer.verify);
    }
    note_chain(record, own);
    note_peer(record, ssl);
}

int verify_chain(X509_STORE_CTX *given, void *unused)
{
    SSL *ssl = ssl_of(given);
    struct tls_record *record = ssl ? record_of(ssl) : NULL;
    X509_STORE_CTX *own = X509_STORE_CTX_new();
    bool ready;

    (void)unused;
    ready = own && record && record->store && prepare(own, given, record, ssl);
    if (ready) {
        record->peer.verify = X509_V_OK;
        note_leaf(record, X509_STORE_CTX_get0_cert(given));
        walk(own, record, ssl);
    }
    X509_STORE_CTX_set_error(given, ready ? record->peer.verify : X509_V_ERR_OUT_OF_MEM);
    X509_STORE_CTX_free(own);
    return ready && (record->insecure || record->peer.verify == X509_V_OK);
}
