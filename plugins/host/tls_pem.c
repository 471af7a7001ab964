/*
 * Certificates and keys from PEM, given as text or as a file. Of a key's text nothing outlives its reading; no error quotes a word of it, and nobody is
 * asked for a passphrase (OpenSSL would ask on the terminal).
 */
#include "tls_private.h"

#include "base/os/files.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

enum { MOST_PEM = 1 << 20, MOST_CERTIFICATES = 4096 };

bool pem_read(const char *source, const char *what, struct buffer *text, struct fault *fault)
{
    char why[300];

    *text = buffer_make(MOST_PEM);
    if (source[0] == '/') {
        if (files_read(source, text, why, sizeof why))
            return true;
        fault_say(fault, TALON_E_LOCAL, errno, "local", "%s in %.200s cannot be read: %s", what, source, why);
        return false;
    }
    buffer_text(text, source);
    if (!text->failed)
        return true;
    fault_say(fault, TALON_E_LOCAL, 0, "local", "%s is larger than 1 MiB", what);
    return false;
}

void pem_wipe(struct buffer *text)
{
    if (text->data)
        OPENSSL_cleanse(text->data, text->room);
    buffer_free(text);
}

/* OpenSSL's own words for the first thing that went wrong, without the number. */
static const char *reason(void)
{
    const char *words = ERR_reason_error_string(ERR_peek_error());

    return words ? words : "it is damaged";
}

static bool is_end(void)
{
    const unsigned long error = ERR_peek_last_error();

    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

STACK_OF(X509) *pem_certificates(const struct buffer *text, const char *what, struct fault *fault)
{
    STACK_OF(X509) *certificates = sk_X509_new_null();
    BIO *bio = BIO_new_mem_buf(buffer_string(text), (int)text->len);
    X509 *certificate;

    ERR_clear_error();
    while (certificates && bio && sk_X509_num(certificates) < MOST_CERTIFICATES && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        if (!sk_X509_push(certificates, certificate))
            X509_free(certificate);
    if (!certificates || !bio)
        fault_say(fault, TALON_E_LOCAL, ENOMEM, "local", "no memory to read %s", what);
    else if (!is_end() && sk_X509_num(certificates) < MOST_CERTIFICATES)
        fault_say(fault, TALON_E_LOCAL, 0, "local", "certificate %d in %s cannot be read: %s", sk_X509_num(certificates) + 1, what, reason());
    else if (sk_X509_num(certificates) == 0)
        fault_say(fault, TALON_E_LOCAL, 0, "local", "%s holds no certificate (no line \"-----BEGIN CERTIFICATE-----\")", what);
    BIO_free(bio);
    ERR_clear_error();
    if (fault->code == TALON_E_NONE)
        return certificates;
    sk_X509_pop_free(certificates, X509_free);
    return NULL;
}

/* talosconfig calls its keys by a name that OpenSSL refuses, although they are PKCS #8 as any other. */
static void rename_label(struct buffer *text)
{
    static const char old[] = "ED25519 PRIVATE KEY-----", new[] = "PRIVATE KEY-----";
    const size_t more = sizeof old - sizeof new;
    char *at = text->data;

    while (at && (at = strstr(at, old)) != NULL) {
        memmove(at, at + more, text->len - (size_t)(at - text->data) - more + 1);
        text->len -= more;
    }
}

static int no_passphrase(char *bytes, int n, int writing, void *asked)
{
    (void)bytes, (void)n, (void)writing;
    *(bool *)asked = true;
    return -1;
}

EVP_PKEY *pem_key(struct buffer *text, const char *what, struct fault *fault)
{
    bool asked = false;
    EVP_PKEY *key = NULL;
    BIO *bio;

    rename_label(text);
    ERR_clear_error();
    bio = BIO_new_mem_buf(buffer_string(text), (int)text->len);
    if (bio)
        key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
    if (!bio)
        fault_say(fault, TALON_E_LOCAL, ENOMEM, "local", "no memory to read %s", what);
    else if (asked)
        fault_say(fault, TALON_E_LOCAL, 0, "local", "%s is protected by a passphrase: give it without one", what);
    else if (!key)
        fault_say(fault, TALON_E_LOCAL, 0, "local", "%s holds no private key that can be read%s%s", what, is_end() ? "" : ": ", is_end() ? "" : reason());
    BIO_free(bio);
    ERR_clear_error();
    return key;
}
