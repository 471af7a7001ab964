/* Certificates made at run time for the module tests: nothing that expires lies in the tree. */
#ifndef MODULE_CERTS_H
#define MODULE_CERTS_H

#include <openssl/ssl.h>
#include <stdbool.h>

struct identity {
    X509 *cert;
    EVP_PKEY *key;
    char *cert_pem, *key_pem;
};

struct identity_wish {
    const char *name;                /* common name; NULL: an empty subject */
    const char *for_names;           /* "DNS:a.example,IP:127.0.0.1"; NULL: none */
    const struct identity *issuer;   /* NULL: signs itself */
    const struct identity *key_of;   /* has the same key; NULL: a new one */
    long from_days, until_days;      /* from now; both 0: -1 to 365 */
    bool authority, ed25519;
};

void identity_make(struct identity *identity, const struct identity_wish *wish);
void identity_free(struct identity *identity);
/* A server that shows `own` (and `chain`, NULL: nothing else), and wants a certificate of `clients` (NULL: none). To be freed. */
SSL_CTX *identity_server(const struct identity *own, const struct identity *chain, const struct identity *clients);

#endif
