/* The TLS module: clients over the host's sockets, and the SSL_CTX of libcurl's. See modules.h for what it promises, tls_private.h for how it is cut. */
#include "tls_private.h"

#include "base/os/reserve.h"
#include "base/shortage.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

const struct module_host *tls_host;

struct tls_link {
    SSL *ssl; /* NULL: the options cannot be used, the record says why */
    struct tls_record *record;
};

/* ---- one connection */

static bool offer_protocols(SSL *ssl, const char *alpn)
{
    return !alpn || SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn)) == 0;
}

static bool prepare(struct tls_link *link, int fd, const struct talon_tls *tls, const char *host, const char *alpn)
{
    struct tls_record *record = link->record;
    const struct tls_set *set;

    if (!record_expect(record, tls->server_name ? tls->server_name : host, tls->insecure != 0))
        return false;
    set = set_find(tls, &record->fault);
    if (!set)
        return false;
    record_trust(record, set);
    link->ssl = SSL_new(set->ctx);
    if (link->ssl && SSL_set_fd(link->ssl, fd) == 1 && record_hang(link->ssl, record) && offer_protocols(link->ssl, alpn)) {
        SSL_set_connect_state(link->ssl);
        return true;
    }
    SSL_free(link->ssl);
    link->ssl = NULL;
    fault_say(&record->fault, TALON_E_LOCAL, ENOMEM, "local", "no memory for a TLS connection");
    return false;
}

static struct tls_link *client(int fd, const struct talon_tls *tls, const char *host, const char *alpn)
{
    const struct talon_tls none = { .size = sizeof none };
    struct tls_link *link = calloc(1, sizeof *link);

    if (!link)
        return NULL;
    link->record = record_create();
    if (!link->record) {
        free(link);
        return NULL;
    }
    prepare(link, fd, tls ? tls : &none, host ? host : "", alpn);
    ERR_clear_error();
    return link;
}

static enum tls_outcome failed(struct tls_link *link, int os)
{
    record_note_failure(link->record, link->ssl, os);
    ERR_clear_error();
    return link->record->fault.code == TALON_E_CLOSED && SSL_is_init_finished(link->ssl) ? TLS_CLOSED : TLS_FAILED;
}

/* What OpenSSL's answer means. os: errno, as the call left it. */
static enum tls_outcome outcome(struct tls_link *link, int ret, int os)
{
    switch (SSL_get_error(link->ssl, ret)) {
    case SSL_ERROR_NONE:
        return TLS_DONE;
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return failed(link, 0);
    case SSL_ERROR_SYSCALL:
        return failed(link, os);
    default:
        return failed(link, 0);
    }
}

static enum tls_outcome handshake(struct tls_link *link)
{
    int ret;

    if (!link->ssl)
        return TLS_FAILED;
    ERR_clear_error();
    errno = 0;
    ret = SSL_do_handshake(link->ssl);
    return outcome(link, ret, errno);
}

static enum tls_outcome read_link(struct tls_link *link, void *bytes, size_t room, size_t *got)
{
    int ret;

    *got = 0;
    if (!link->ssl)
        return TLS_FAILED;
    ERR_clear_error();
    errno = 0;
    ret = SSL_read_ex(link->ssl, bytes, room, got);
    return outcome(link, ret, errno);
}

/* A write finds the peer gone. What it said before it went (with TLS 1.3: why it refuses us) may still lie there to be read. */
static void hear_last_words(struct tls_link *link)
{
    char byte;

    ERR_clear_error();
    SSL_peek(link->ssl, &byte, 1);
    ERR_clear_error();
}

static enum tls_outcome write_link(struct tls_link *link, const void *bytes, size_t n, size_t *sent)
{
    int ret, os;

    *sent = 0;
    if (!link->ssl)
        return TLS_FAILED;
    if (n == 0)
        return TLS_DONE;
    ERR_clear_error();
    errno = 0;
    ret = SSL_write_ex(link->ssl, bytes, n, sent);
    os = errno;
    if (ret != 1 && SSL_get_error(link->ssl, ret) == SSL_ERROR_SYSCALL) {
        hear_last_words(link);
        return failed(link, os);
    }
    return outcome(link, ret, os);
}

static void error_of(const struct tls_link *link, struct talon_error *error)
{
    *error = fault_error(&link->record->fault);
}

static const struct talon_peer *peer_of(const struct tls_link *link)
{
    return link->record->known ? &link->record->peer : NULL;
}

/* Says goodbye if there is room for it; nothing is waited for. */
static void free_link(struct tls_link *link)
{
    if (!link)
        return;
    if (link->ssl && SSL_is_init_finished(link->ssl) && link->record->fault.code == TALON_E_NONE)
        SSL_shutdown(link->ssl);
    SSL_free(link->ssl);
    ERR_clear_error();
    record_drop(link->record);
    free(link);
}

/* ---- for libcurl */

static bool configure(void *ctx, const struct talon_tls *tls, void *arg, struct talon_error *error)
{
    struct tls_record *record = arg;
    const struct tls_set *set = NULL;

    if (record_expect(record, tls->server_name ? tls->server_name : "", tls->insecure != 0))
        set = set_find(tls, &record->fault);
    if (set && set_apply(set, ctx, &record->fault)) {
        record_trust(record, set);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        if (record_hang_on_all(ctx, record))
            return true;
        fault_say(&record->fault, TALON_E_LOCAL, ENOMEM, "local", "no memory for a TLS connection");
    }
    ERR_clear_error();
    *error = fault_error(&record->fault);
    return false;
}

static void *create_record(void)
{
    return record_create();
}

static const struct talon_peer *record_peer(const void *arg)
{
    const struct tls_record *record = arg;

    return record->known ? &record->peer : NULL;
}

static bool record_error(const void *arg, struct talon_error *error)
{
    const struct tls_record *record = arg;

    *error = fault_error(&record->fault);
    return record->fault.code != TALON_E_NONE;
}

static void free_record(void *record)
{
    record_drop(record);
}

/* ---- the module's face */

/* A write to a peer that has gone must not end the process. */
static void ignore_sigpipe(void)
{
    struct sigaction action;

    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
        action.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &action, NULL);
    }
}

/* ---- memory: OpenSSL tells a refusal as one of many errors of a handshake, which would be taken for the peer's. So there is some kept for it */

enum { RESERVE = 128 << 10 };

static void *take_memory(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return reserve_resize(NULL, size);
}

static void *resize_memory(void *block, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (size > 0)
        return reserve_resize(block, size);
    free(block);
    return NULL;
}

static void give_memory(void *block, const char *file, int line)
{
    (void)file, (void)line;
    free(block);
}

static bool open_module(const struct module_host *host)
{
    if (host->size < sizeof *host)
        return false;
    reserve_begin(RESERVE);
    shortage_resize = reserve_resize;
    CRYPTO_set_mem_functions(take_memory, resize_memory, give_memory); /* false where libcurl has come first: then OpenSSL does with what malloc() gives */
    if (OPENSSL_init_ssl(0, NULL) != 1 || !record_open())
        return false;
    tls_host = host;
    ignore_sigpipe();
    set_prepare();
    return true;
}

TALON_PUBLIC const struct tls_module talon_tls_module = {
    .size = sizeof(struct tls_module),
    .open = open_module,
    .client = client,
    .handshake = handshake,
    .read = read_link,
    .write = write_link,
    .error = error_of,
    .peer = peer_of,
    .free = free_link,
    .configure = configure,
    .record_create = create_record,
    .record_peer = record_peer,
    .record_error = record_error,
    .record_free = free_record,
};
