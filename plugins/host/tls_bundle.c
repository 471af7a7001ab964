/*
 * A file with all authorities of a system, read without stopping the loop: for OpenSSL to parse 140 certificates takes 25 to 40 ms and 4 MiB, to find where
 * each begins and what its subject is takes 2 ms and 200 KiB. So that is what is done; a certificate is parsed when its subject is looked for, and stays
 * in the store then. It is a lookup of an X509_STORE, as the one for folders is.
 *
 * As with X509_load_cert_crl_file(), the three labels of certificates count, those of "TRUSTED CERTIFICATE" with their settings, and all that have one
 * subject are found together. Other than there, a block that is damaged costs that block, not the file.
 */
#include "tls_private.h"

#include "base/os/files.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 8 << 20 };

static const char begins[] = "-----BEGIN ", ends[] = "-----END ", dashes[] = "-----";

struct authority {
    unsigned long subject; /* its hash, as OpenSSL makes it of the canonical form */
    size_t at, n;          /* of the bytes */
    bool has_settings;     /* of trust, behind the certificate */
    bool taken;            /* is in the store, or cannot be parsed */
};

struct bundle {
    unsigned char *bytes; /* DER, one certificate after the other */
    size_t n_bytes;
    struct authority *all;
    size_t n, room;
    size_t damaged;
};

/* ---- the subject of a certificate, without the rest of it */

/* Reads a head; false: there is no element of definite length that lies within. */
static bool read_head(const unsigned char **at, const unsigned char *end, long *n, int *tag)
{
    int class;

    return *at < end && (ASN1_get_object(at, n, tag, &class, end - *at) & 0x81) == 0 && *n <= end - *at;
}

static bool skip(const unsigned char **at, const unsigned char *end)
{
    const unsigned char *p = *at;
    long n;
    int tag;

    if (!read_head(&p, end, &n, &tag))
        return false;
    *at = p + n;
    return true;
}

static bool enter(const unsigned char **at, const unsigned char **end)
{
    const unsigned char *p = *at;
    long n;
    int tag;

    if (!read_head(&p, *end, &n, &tag) || tag != V_ASN1_SEQUENCE)
        return false;
    *at = p;
    *end = p + n;
    return true;
}

/* It comes after version (which may be left out), serial number, algorithm, issuer and validity (RFC 5280 4.1). */
static X509_NAME *subject_of(const unsigned char *der, size_t n)
{
    const unsigned char *at = der, *end = der + n;

    if (!enter(&at, &end) || !enter(&at, &end))
        return NULL;
    if (at < end && *at == (V_ASN1_CONTEXT_SPECIFIC | V_ASN1_CONSTRUCTED) && !skip(&at, end))
        return NULL;
    for (int i = 0; i < 4; i++)
        if (!skip(&at, end))
            return NULL;
    return d2i_X509_NAME(NULL, &at, end - at);
}

/* ---- reading the file */

/* False: no memory. */
static bool make_room(struct bundle *bundle)
{
    const size_t room = bundle->room ? bundle->room * 2 : 256;
    struct authority *more;

    if (bundle->n < bundle->room)
        return true;
    more = realloc(bundle->all, room * sizeof *more);
    if (!more)
        return false;
    bundle->all = more;
    bundle->room = room;
    return true;
}

/* Decodes to the end of the bytes, of which there are enough. False: it is no base64. */
static bool decode(struct bundle *bundle, EVP_ENCODE_CTX *base64, const char *text, size_t n, size_t *length)
{
    unsigned char *to = bundle->bytes + bundle->n_bytes;
    int more = 0, rest = 0;

    EVP_DecodeInit(base64);
    if (EVP_DecodeUpdate(base64, to, &more, (const unsigned char *)text, (int)n) < 0 || EVP_DecodeFinal(base64, to + more, &rest) != 1)
        return false;
    *length = (size_t)more + (size_t)rest;
    return true;
}

/* A block of the file whose label says that it is a certificate. False: no memory. */
static bool take_block(struct bundle *bundle, EVP_ENCODE_CTX *base64, const char *text, size_t n, bool has_settings)
{
    X509_NAME *subject = NULL;
    size_t length = 0;
    bool good = true;

    if (decode(bundle, base64, text, n, &length))
        subject = subject_of(bundle->bytes + bundle->n_bytes, length);
    if (!subject) {
        bundle->damaged++;
    } else if ((good = make_room(bundle))) {
        bundle->all[bundle->n++] =
            (struct authority){ .subject = X509_NAME_hash(subject), .at = bundle->n_bytes, .n = length, .has_settings = has_settings };
        bundle->n_bytes += length;
    }
    X509_NAME_free(subject);
    return good;
}

static bool starts(const char *line, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

/* A line without what is invisible at its end. */
static size_t length_of(const char *line, const char *end)
{
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    size_t n = (size_t)((stop ? stop : end) - line);

    while (n > 0 && (unsigned char)line[n - 1] <= ' ')
        n--;
    return n;
}

static const char *next_line(const char *line, const char *end)
{
    const char *stop = memchr(line, '\n', (size_t)(end - line));

    return stop ? stop + 1 : end;
}

struct label {
    const char *text; /* NULL: none */
    size_t n;
};

/* "-----BEGIN X-----", or NULL. */
static struct label label_of(const char *line, size_t n, const char *with)
{
    const size_t before = strlen(with), after = strlen(dashes);

    if (!starts(line, n, with) || n < before + after || memcmp(line + n - after, dashes, after) != 0)
        return (struct label){ .text = NULL };
    return (struct label){ .text = line + before, .n = n - before - after };
}

static bool is(struct label label, const char *name)
{
    return label.text && label.n == strlen(name) && memcmp(label.text, name, label.n) == 0;
}

static bool is_certificate(struct label label)
{
    return is(label, PEM_STRING_X509) || is(label, PEM_STRING_X509_OLD) || is(label, PEM_STRING_X509_TRUSTED);
}

/* To the line that ends the block; a block that has no end goes to where the next begins, or to the end of the text. *whole: it has one, of that label. */
static const char *end_of_block(const char *at, const char *end, struct label label, bool *whole)
{
    struct label last;

    *whole = false;
    for (; at < end; at = next_line(at, end)) {
        const size_t n = length_of(at, end);

        if (starts(at, n, begins))
            return at;
        if (!starts(at, n, ends))
            continue;
        last = label_of(at, n, ends);
        *whole = last.text && last.n == label.n && memcmp(last.text, label.text, label.n) == 0;
        return at;
    }
    return at;
}

/* False: no memory. */
static bool read_blocks(struct bundle *bundle, EVP_ENCODE_CTX *base64, const char *at, const char *end)
{
    bool good = true, whole = false;

    while (good && at < end) {
        const struct label label = label_of(at, length_of(at, end), begins);
        const char *text = next_line(at, end);

        at = label.text ? end_of_block(text, end, label, &whole) : text;
        if (!is_certificate(label))
            continue;
        if (whole)
            good = take_block(bundle, base64, text, (size_t)(at - text), is(label, PEM_STRING_X509_TRUSTED));
        else
            bundle->damaged++;
    }
    return good;
}

static void shrink(struct bundle *bundle)
{
    unsigned char *bytes = realloc(bundle->bytes, bundle->n_bytes);
    struct authority *all = realloc(bundle->all, bundle->n * sizeof *all);

    bundle->bytes = bytes ? bytes : bundle->bytes;
    bundle->all = all ? all : bundle->all;
    bundle->room = bundle->n;
}

/* False: no memory. */
static bool read_text(struct bundle *bundle, const struct buffer *text)
{
    EVP_ENCODE_CTX *base64 = EVP_ENCODE_CTX_new();
    bool good;

    bundle->bytes = malloc(text->len / 4 * 3 + 128);
    good = base64 && bundle->bytes && read_blocks(bundle, base64, buffer_string(text), buffer_string(text) + text->len);
    EVP_ENCODE_CTX_free(base64);
    ERR_clear_error();
    if (good && bundle->n > 0)
        shrink(bundle);
    return good;
}

static bool read_file(struct bundle *bundle, const char *file, char *why, size_t why_size)
{
    struct buffer text = buffer_make(MOST_BYTES);
    bool good = false;

    if (!files_read(file, &text, why, why_size))
        ; /* why says it */
    else if (!read_text(bundle, &text))
        snprintf(why, why_size, "no memory");
    else if (bundle->n == 0 && bundle->damaged == 0)
        snprintf(why, why_size, "it holds no certificate (no line \"-----BEGIN CERTIFICATE-----\")");
    else if (bundle->n == 0)
        snprintf(why, why_size, "none of its %zu certificates can be read", bundle->damaged);
    else
        good = true;
    buffer_free(&text);
    return good;
}

/* ---- the lookup */

static X509 *parse(const struct bundle *bundle, const struct authority *authority)
{
    const unsigned char *at = bundle->bytes + authority->at;

    return authority->has_settings ? d2i_X509_AUX(NULL, &at, (long)authority->n) : d2i_X509(NULL, &at, (long)authority->n);
}

/* All of that subject go into the store at once: a store that has one of a subject asks no lookup for another. */
static void take_all(struct bundle *bundle, X509_STORE *store, const X509_NAME *subject)
{
    const unsigned long hash = X509_NAME_hash((X509_NAME *)(uintptr_t)subject);

    for (size_t i = 0; i < bundle->n; i++) {
        struct authority *authority = &bundle->all[i];
        X509 *certificate = NULL;

        if (authority->subject != hash || authority->taken)
            continue;
        certificate = parse(bundle, authority);
        authority->taken = !certificate;
        if (certificate && X509_NAME_cmp(X509_get_subject_name(certificate), subject) == 0)
            authority->taken = X509_STORE_add_cert(store, certificate) == 1;
        X509_free(certificate);
    }
}

/* The caller takes a reference of its own to what it is given, and frees none: what *found holds must be the store's (X509_LOOKUP_meth_new(3)). */
static int find(X509_LOOKUP *lookup, const X509_NAME *subject, X509_OBJECT *found)
{
    struct bundle *bundle = X509_LOOKUP_get_method_data(lookup);
    X509_STORE *store = X509_LOOKUP_get_store(lookup);
    X509_OBJECT *first;
    X509 *certificate;

    if (!bundle || !subject)
        return 0;
    take_all(bundle, store, subject);
    ERR_clear_error();
    first = X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(store), X509_LU_X509, (X509_NAME *)(uintptr_t)subject);
    certificate = first ? X509_OBJECT_get0_X509(first) : NULL;
    if (!certificate || X509_OBJECT_set1_X509(found, certificate) != 1)
        return 0;
    X509_free(certificate);
    return 1;
}

/* OpenSSL 1.1.1 declares the name without const. */
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static int by_subject(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *subject, X509_OBJECT *found)
#else
static int by_subject(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, X509_NAME *subject, X509_OBJECT *found)
#endif
{
    return type == X509_LU_X509 ? find(lookup, subject, found) : 0;
}

static void bundle_free(struct bundle *bundle)
{
    if (!bundle)
        return;
    free(bundle->bytes);
    free(bundle->all);
    free(bundle);
}

static void forget(X509_LOOKUP *lookup)
{
    bundle_free(X509_LOOKUP_get_method_data(lookup));
}

/* One for all, and for as long as the process lives: every store that has it needs it. NULL: no memory. */
static X509_LOOKUP_METHOD *method(void)
{
    static X509_LOOKUP_METHOD *only;
    X509_LOOKUP_METHOD *made;

    if (only)
        return only;
    made = X509_LOOKUP_meth_new("a file of authorities");
    if (made && X509_LOOKUP_meth_set_get_by_subject(made, by_subject) == 1 && X509_LOOKUP_meth_set_free(made, forget) == 1)
        return only = made;
    X509_LOOKUP_meth_free(made);
    return NULL;
}

static bool hang_on(X509_STORE *store, struct bundle *bundle)
{
    X509_LOOKUP *lookup = method() ? X509_STORE_add_lookup(store, method()) : NULL;

    return lookup && X509_LOOKUP_set_method_data(lookup, bundle) == 1;
}

bool bundle_add(X509_STORE *store, const char *file, size_t *damaged, char *why, size_t why_size)
{
    struct bundle *bundle = calloc(1, sizeof *bundle);

    *damaged = 0;
    if (!bundle) {
        snprintf(why, why_size, "no memory");
    } else if (read_file(bundle, file, why, why_size)) {
        *damaged = bundle->damaged;
        if (hang_on(store, bundle))
            return true;
        snprintf(why, why_size, "no memory");
    }
    bundle_free(bundle);
    return false;
}
