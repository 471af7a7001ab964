/*
 * What the files of the TLS module share.
 *
 * A record is what is noted of one connection: whom it must be with, what its certificate says, why it failed. It hangs on the SSL (or, with libcurl, which
 * makes the SSL itself, on the SSL_CTX), so that the callbacks find it, and lives as long as the longest of its users.
 *
 * A set is one combination of authorities, certificate and key, parsed once and kept (tls_set.c).
 */
#ifndef HOST_TLS_PRIVATE_H
#define HOST_TLS_PRIVATE_H

#include "module_fault.h"
#include "modules.h"

#include "base/buffer.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/types.h>
#include <time.h>

enum { TLS_NAME = 256, TLS_SHOWN = 256, TLS_TIME = 32 };

extern const struct module_host *tls_host;

/* ---- tls_record.c */

struct tls_record {
    unsigned users;
    bool insecure;
    bool known;            /* peer is filled */
    bool trusts_system;    /* its store is that of the system's authorities */
    X509_STORE *store;     /* whom to trust; a reference of its own */
    char name[TLS_NAME];   /* to be verified, without brackets, zone and final dot */
    bool is_address;       /* the name is an address: no SNI */
    struct talon_peer peer;
    char subject[TLS_SHOWN], issuer[TLS_SHOWN], protocol[32];
    struct fault fault;    /* why it failed; code 0: nothing known */
};

/* Makes the two places where a record hangs. False: no memory. */
bool record_open(void);
/* One user. NULL: no memory. */
struct tls_record *record_create(void);
struct tls_record *record_share(struct tls_record *record);
void record_drop(struct tls_record *record);
/* Whom to trust: those of the store, which it shares. */
struct tls_set;
void record_trust(struct tls_record *record, const struct tls_set *set);
/* Whom it must be with. False: fault. */
bool record_expect(struct tls_record *record, const char *name, bool insecure);
/* Hangs it on one connection, or on all of a context; the context is a user of its own until it is freed. False: no memory. */
bool record_hang(SSL *ssl, struct tls_record *record);
bool record_hang_on_all(SSL_CTX *ctx, struct tls_record *record);
/* The record of a connection, NULL: none. */
struct tls_record *record_of(const SSL *ssl);
/* OpenSSL has given up: notes why, unless that is known already. os: errno. */
void record_note_failure(struct tls_record *record, const SSL *ssl, int os);
/* Callback of SSL_CTX_set_info_callback: alerts, the name to ask for, failures that libcurl only sees as a code. */
void record_watch(const SSL *ssl, int where, int ret);

/* ---- tls_verify.c */

/* Callback of SSL_CTX_set_cert_verify_callback: walks the whole chain, notes everything, and decides by the first thing that is wrong. */
int verify_chain(X509_STORE_CTX *store, void *unused);

/* ---- tls_set.c, tls_authorities.c, tls_bundle.c, tls_pem.c */

struct tls_set {
    SSL_CTX *ctx; /* for our own connections; store, certificate and key are in it */
    bool trusts_system;
};

/* Borrowed until the next call. NULL: fault. */
const struct tls_set *set_find(const struct talon_tls *tls, struct fault *fault);
/* Does what the first connection would otherwise wait for: 10 ms. Logs nothing: it may be called by the thread that loads the module. */
void set_prepare(void);
/* Makes another context verify (by its record) and present as the set does. False: fault. */
bool set_apply(const struct tls_set *set, SSL_CTX *ctx, struct fault *fault);

/* What shows that a file has changed. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size; /* -1: it is not there */
    time_t changed, modified;
    long nanoseconds;
};

struct stamp stamp_of(const char *path);
bool stamp_is_same(const struct stamp *a, const struct stamp *b);

/* The system's authorities, one store for all; borrowed until the next call, which makes another one when a file or a folder has changed. The first call
 * costs a few milliseconds. NULL: no memory. */
X509_STORE *authorities_store(void);
/* Why that store may lack an authority that it should have: a sentence; "": it lacks none. Until the next call of authorities_store(). */
const char *authorities_trouble(void);
/* Logs what was wrong with them, once for each store. In the loop's thread. */
void authorities_log(void);

/* Adds a file of authorities to the store, of which each is parsed when it is looked for; one for each store. *damaged: how many were passed over. False:
 * it cannot be used, and why ("Permission denied"). */
bool bundle_add(X509_STORE *store, const char *file, size_t *damaged, char *why, size_t why_size);

/* Reads PEM text, or the file whose absolute path it is. False: fault (`what` names it for people: "the client certificate"). */
bool pem_read(const char *source, const char *what, struct buffer *text, struct fault *fault);
/* All certificates in a text; NULL: fault. */
STACK_OF(X509) *pem_certificates(const struct buffer *text, const char *what, struct fault *fault);
EVP_PKEY *pem_key(struct buffer *text, const char *what, struct fault *fault);
/* Wipes what held a key, and frees it. */
void pem_wipe(struct buffer *text);

#endif
