/* Certificates for the module tests: see module_certs.h. */
#include "module_certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { DAY = 86400 };

static EVP_PKEY *make_key(bool ed25519)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    assert_non_null(ctx);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    if (!ed25519)
        assert_int_equal(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static void extend(X509 *cert, X509 *issuer, int what, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, what, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static char *take_text(BIO *bio)
{
    char *bytes, *text;
    long n = BIO_get_mem_data(bio, &bytes);

    text = malloc((size_t)n + 1);
    assert_non_null(text);
    memcpy(text, bytes, (size_t)n);
    text[n] = '\0';
    BIO_free(bio);
    return text;
}

static void write_pem(struct identity *identity)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_X509(bio, identity->cert), 1);
    identity->cert_pem = take_text(bio);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, identity->key, NULL, NULL, 0, NULL, NULL), 1);
    identity->key_pem = take_text(bio);
}

void identity_make(struct identity *identity, const struct identity_wish *wish)
{
    static long serial = 1;
    const bool dated = wish->from_days != 0 || wish->until_days != 0;
    X509 *cert = X509_new();
    X509 *issuer = wish->issuer ? wish->issuer->cert : cert;
    EVP_PKEY *signer;

    identity->cert = cert;
    identity->key = wish->key_of ? wish->key_of->key : make_key(wish->ed25519);
    if (wish->key_of)
        EVP_PKEY_up_ref(identity->key);
    signer = wish->issuer ? wish->issuer->key : identity->key;
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), (dated ? wish->from_days : -1) * DAY);
    X509_gmtime_adj(X509_getm_notAfter(cert), (dated ? wish->until_days : 365) * DAY);
    X509_set_pubkey(cert, identity->key);
    if (wish->name)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8, (const unsigned char *)wish->name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    extend(cert, issuer, NID_basic_constraints, wish->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(cert, issuer, NID_subject_key_identifier, "hash");
    if (wish->issuer)
        extend(cert, issuer, NID_authority_key_identifier, "keyid:always");
    if (wish->for_names)
        extend(cert, issuer, NID_subject_alt_name, wish->for_names);
    assert_true(X509_sign(cert, signer, EVP_PKEY_id(signer) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()) > 0);
    write_pem(identity);
}

void identity_free(struct identity *identity)
{
    X509_free(identity->cert);
    EVP_PKEY_free(identity->key);
    free(identity->cert_pem);
    free(identity->key_pem);
    memset(identity, 0, sizeof *identity);
}

SSL_CTX *identity_server(const struct identity *own, const struct identity *chain, const struct identity *clients)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_use_certificate(ctx, own->cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, own->key), 1);
    if (chain)
        assert_int_equal(SSL_CTX_add1_chain_cert(ctx, chain->cert), 1);
    if (clients) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), clients->cert);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}
