/*
 * Combinations of authorities, certificate and key, each read and parsed once. A few are kept, the longest unused goes first. A set whose texts came from files
 * is made again when one of them has changed. Its options are remembered by their digest: no key is kept as text.
 */
#include "tls_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_SETS = 64, SOURCES = 3, DIGEST = 32 };

struct entry {
    struct entry *next;
    struct tls_set set;
    unsigned char digest[DIGEST];
    char *paths[SOURCES]; /* NULL: text, or not given */
    struct stamp stamps[SOURCES];
    unsigned long used;
};

static struct entry *entries;
static size_t n_entries;
static unsigned long uses;

/* ---- files */

struct stamp stamp_of(const char *path)
{
    struct stamp stamp = { .size = -1 };
    struct stat st;

    if (!path || stat(path, &st) != 0)
        return stamp;
    stamp = (struct stamp){ .device = st.st_dev, .inode = st.st_ino, .size = st.st_size, .changed = st.st_ctime, .modified = st.st_mtime };
#ifdef __APPLE__
    stamp.nanoseconds = st.st_mtimespec.tv_nsec;
#else
    stamp.nanoseconds = st.st_mtim.tv_nsec;
#endif
    return stamp;
}

bool stamp_is_same(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->changed == b->changed && a->modified == b->modified &&
           a->nanoseconds == b->nanoseconds;
}

static bool is_fresh(const struct entry *entry)
{
    for (int i = 0; i < SOURCES; i++) {
        struct stamp now = stamp_of(entry->paths[i]);

        if (entry->paths[i] && !stamp_is_same(&now, &entry->stamps[i]))
            return false;
    }
    return true;
}

/* ---- entries */

static void entry_free(struct entry *entry)
{
    SSL_CTX_free(entry->set.ctx);
    for (int i = 0; i < SOURCES; i++)
        free(entry->paths[i]);
    free(entry);
}

static void forget(struct entry *entry)
{
    struct entry **at = &entries;

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    n_entries--;
    entry_free(entry);
}

static void forget_oldest(void)
{
    struct entry *oldest = entries;

    for (struct entry *entry = entries; entry; entry = entry->next)
        if (entry->used < oldest->used)
            oldest = entry;
    if (oldest)
        forget(oldest);
}

/* Lengths are digested with the texts, so that no two sets of options run into one another. */
static bool digest_of(const struct talon_tls *tls, unsigned char digest[DIGEST])
{
    const char *sources[SOURCES] = { tls->ca, tls->cert, tls->key };
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL);

    for (int i = 0; good && i < SOURCES; i++) {
        const size_t n = sources[i] ? strlen(sources[i]) + 1 : 0;

        good = EVP_DigestUpdate(md, &n, sizeof n) && (n == 0 || EVP_DigestUpdate(md, sources[i], n));
    }
    good = good && EVP_DigestFinal_ex(md, digest, NULL);
    EVP_MD_CTX_free(md);
    return good;
}

/* ---- making one */

static bool no_memory(struct fault *fault)
{
    fault_say(fault, TALON_E_LOCAL, ENOMEM, "local", "no memory for the TLS options");
    return false;
}

/* "the authorities (ca)" of a text, "the authorities (ca) in /etc/x.pem" of a file. */
static void name_source(char *to, size_t n, const char *what, const char *source)
{
    if (source[0] == '/')
        snprintf(to, n, "%s in %.200s", what, source);
    else
        snprintf(to, n, "%s", what);
}

/* Certificates that are given are trusted as they are, whether they signed themselves or not. */
static bool set_authorities(SSL_CTX *ctx, const char *ca, struct fault *fault)
{
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *certificates = NULL;
    struct buffer text;
    char what[260];
    bool good;

    if (!store)
        return no_memory(fault);
    name_source(what, sizeof what, "the authorities (ca)", ca);
    if (pem_read(ca, "the authorities (ca)", &text, fault))
        certificates = pem_certificates(&text, what, fault);
    buffer_free(&text);
    good = certificates != NULL;
    for (int i = 0; good && i < sk_X509_num(certificates); i++)
        good = X509_STORE_add_cert(store, sk_X509_value(certificates, i)) == 1 || no_memory(fault);
    if (good) {
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
        SSL_CTX_set_cert_store(ctx, store);
    } else {
        X509_STORE_free(store);
    }
    sk_X509_pop_free(certificates, X509_free);
    return good;
}

/* The store is another one after the system's authorities have changed. */
static bool set_system(struct tls_set *set, struct fault *fault)
{
    X509_STORE *store = authorities_store();

    if (!store)
        return no_memory(fault);
    authorities_log();
    set->trusts_system = true;
    if (SSL_CTX_get_cert_store(set->ctx) != store)
        SSL_CTX_set1_cert_store(set->ctx, store);
    return true;
}

/* The first certificate is ours, the others are its chain. */
static bool set_certificate(SSL_CTX *ctx, const char *cert, struct fault *fault)
{
    STACK_OF(X509) *certificates = NULL;
    struct buffer text;
    char what[260];
    X509 *own;
    bool good;

    name_source(what, sizeof what, "the client certificate", cert);
    if (pem_read(cert, "the client certificate", &text, fault))
        certificates = pem_certificates(&text, what, fault);
    pem_wipe(&text); /* the key may stand beside it */
    if (!certificates)
        return false;
    own = sk_X509_shift(certificates);
    good = SSL_CTX_use_certificate(ctx, own) == 1 && SSL_CTX_set1_chain(ctx, certificates) == 1;
    if (!good)
        fault_say(fault, TALON_E_LOCAL, 0, "local", "%s cannot be used: %s", what, ERR_reason_error_string(ERR_peek_error()));
    X509_free(own);
    sk_X509_pop_free(certificates, X509_free);
    return good;
}

static bool set_key(SSL_CTX *ctx, const char *source, struct fault *fault)
{
    EVP_PKEY *key = NULL;
    struct buffer text;
    char what[260];
    bool good;

    name_source(what, sizeof what, "the client key", source);
    if (pem_read(source, "the client key", &text, fault))
        key = pem_key(&text, what, fault);
    pem_wipe(&text);
    if (!key)
        return false;
    good = SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(key);
    if (!good)
        fault_say(fault, TALON_E_LOCAL, 0, "local", "%s does not belong to the client certificate", what);
    return good;
}

/* A certificate without a key may have it in the same text; a key alone is of no use to anybody. */
static bool set_identity(SSL_CTX *ctx, const struct talon_tls *tls, struct fault *fault)
{
    if (!tls->cert && !tls->key)
        return true;
    if (!tls->cert) {
        fault_say(fault, TALON_E_LOCAL, 0, "local", "a client key is given without its certificate");
        return false;
    }
    return set_certificate(ctx, tls->cert, fault) && set_key(ctx, tls->key ? tls->key : tls->cert, fault);
}

static void set_manners(SSL_CTX *ctx)
{
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}

static void set_callbacks(SSL_CTX *ctx)
{
    SSL_CTX_set_cert_verify_callback(ctx, verify_chain, NULL);
    SSL_CTX_set_info_callback(ctx, record_watch);
}

static bool fill(struct tls_set *set, const struct talon_tls *tls, struct fault *fault)
{
    set->ctx = SSL_CTX_new(TLS_client_method());
    if (!set->ctx)
        return no_memory(fault);
    set_manners(set->ctx);
    set_callbacks(set->ctx);
    SSL_CTX_set_verify(set->ctx, SSL_VERIFY_PEER, NULL);
    return (tls->ca ? set_authorities(set->ctx, tls->ca, fault) : set_system(set, fault)) && set_identity(set->ctx, tls, fault);
}

/* Stamps are taken before the files are read: a change in between is seen at the next look. */
static bool note_files(struct entry *entry, const struct talon_tls *tls)
{
    const char *sources[SOURCES] = { tls->ca, tls->cert, tls->key };

    for (int i = 0; i < SOURCES; i++) {
        if (!sources[i] || sources[i][0] != '/')
            continue;
        entry->paths[i] = strdup(sources[i]);
        if (!entry->paths[i])
            return false;
        entry->stamps[i] = stamp_of(sources[i]);
    }
    return true;
}

static struct entry *entry_create(const struct talon_tls *tls, const unsigned char digest[DIGEST], struct fault *fault)
{
    struct entry *entry = calloc(1, sizeof *entry);

    if (!entry || !note_files(entry, tls))
        no_memory(fault);
    else if (fill(&entry->set, tls, fault)) {
        memcpy(entry->digest, digest, DIGEST);
        return entry;
    }
    if (entry)
        entry_free(entry);
    ERR_clear_error();
    return NULL;
}

const struct tls_set *set_find(const struct talon_tls *tls, struct fault *fault)
{
    unsigned char digest[DIGEST];
    struct entry *entry = entries;

    fault->code = TALON_E_NONE;
    if (!digest_of(tls, digest)) {
        no_memory(fault);
        return NULL;
    }
    while (entry && memcmp(entry->digest, digest, DIGEST) != 0)
        entry = entry->next;
    if (entry && !is_fresh(entry)) {
        forget(entry);
        entry = NULL;
    }
    if (!entry) {
        entry = entry_create(tls, digest, fault);
        if (!entry)
            return NULL;
        if (n_entries == MOST_SETS)
            forget_oldest();
        entry->next = entries;
        entries = entry;
        n_entries++;
    } else if (entry->set.trusts_system && !set_system(&entry->set, fault)) {
        return NULL;
    }
    entry->used = ++uses;
    return &entry->set;
}

void set_prepare(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (ctx)
        SSL_free(SSL_new(ctx));
    SSL_CTX_free(ctx);
    authorities_store();
    ERR_clear_error();
}

bool set_apply(const struct tls_set *set, SSL_CTX *ctx, struct fault *fault)
{
    X509 *own = SSL_CTX_get0_certificate(set->ctx);
    EVP_PKEY *key = SSL_CTX_get0_privatekey(set->ctx);
    STACK_OF(X509) *chain = NULL;

    set_callbacks(ctx);
    SSL_CTX_get0_chain_certs(set->ctx, &chain);
    if (!own || (SSL_CTX_use_certificate(ctx, own) == 1 && SSL_CTX_set1_chain(ctx, chain) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1))
        return true;
    ERR_clear_error();
    return no_memory(fault);
}
