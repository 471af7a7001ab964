/*
 * The border between talon-host and the parts of it that come as modules of their own: TLS (links OpenSSL) and HTTP (links
 * libcurl). They are loaded at their first use, by a thread (modules_load.h), so that a host whose plugins need neither starts in a millisecond and holds
 * under 1 MB (findings.md, Cost). Host and modules are built together: there is no version here beyond the size check.
 *
 * One thread, one libev loop. No function calls back before it has returned.
 */
#ifndef HOST_MODULES_H
#define HOST_MODULES_H

#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <talon/plugin.h>

/* ---- what the host gives a module ---- */

enum { RESOLVE_MOST = 8 };

struct resolved {
    struct talon_error error; /* TALON_E_NO_NAME, TALON_E_RESOLVER, TALON_E_LOCAL */
    size_t n;
    struct sockaddr_storage addresses[RESOLVE_MOST]; /* with the port; in the order in which to try them */
    socklen_t lengths[RESOLVE_MOST];
};

struct resolve; /* one question on its way */
typedef void resolved_fn(void *arg, const struct resolved *);

struct module_host {
    uint32_t size;
    struct ev_loop *loop;
    void (*log)(enum talon_level level, const char *text);
    /* Asks for the addresses of a name (or of a literal, at once on the next turn) in one of the host's four resolver threads. Waits its turn
     * when all are busy. host is copied. */
    struct resolve *(*resolve)(const char *host, uint16_t port, resolved_fn *done, void *arg);
    /* No callback follows. NULL: nothing. */
    void (*resolve_stop)(struct resolve *);
};

/* ---- TLS: talon-host-tls.so exports `const struct tls_module talon_tls_module` ---- */

struct tls_link;

enum tls_outcome {
    TLS_DONE,
    TLS_WANTS_READ,
    TLS_WANTS_WRITE,
    TLS_CLOSED, /* the peer has closed, properly or not */
    TLS_FAILED, /* see error() */
};

struct tls_module {
    uint32_t size;
    /* Once, after loading, before anything else is called; perhaps by a thread of its own, so the host's services are not used yet. False: cannot be used. */
    bool (*open)(const struct module_host *);
    /* A client for one connection on fd (borrowed), which is connected or connecting. `host` is verified unless tls->server_name says otherwise. Never
     * NULL but for no memory; what is wrong with the options (unreadable file, bad key) comes from the first handshake() as TLS_FAILED with
     * TALON_E_LOCAL. The system's authorities are one X509_STORE for all. alpn: wire format, or NULL. */
    struct tls_link *(*client)(int fd, const struct talon_tls *tls, const char *host, const char *alpn);
    enum tls_outcome (*handshake)(struct tls_link *);
    enum tls_outcome (*read)(struct tls_link *, void *bytes, size_t room, size_t *got);
    enum tls_outcome (*write)(struct tls_link *, const void *bytes, size_t n, size_t *sent);
    /* Why it failed: TALON_E_TLS with the peer's alert, TALON_E_CERT with what does not verify, TALON_E_CLOSED ... Borrowed until free. */
    void (*error)(const struct tls_link *, struct talon_error *);
    /* The certificate facts, also after a failed verification; NULL: none came. Borrowed until free. */
    const struct talon_peer *(*peer)(const struct tls_link *);
    void (*free)(struct tls_link *);
    /* For the HTTP module: makes the SSL_CTX of a libcurl connection verify, present and record as `tls` says. ctx is an SSL_CTX *, record
     * a `struct tls_record *` from record_create that must outlive the connection's handshake. */
    bool (*configure)(void *ctx, const struct talon_tls *tls, void *record, struct talon_error *);
    void *(*record_create)(void);
    const struct talon_peer *(*record_peer)(const void *record);
    bool (*record_error)(const void *record, struct talon_error *); /* true: it knows better than libcurl why the handshake failed */
    void (*record_free)(void *record);
};

/* ---- HTTP: talon-host-http.so exports `const struct http_module talon_http_module` ---- */

struct http_exchange;
typedef void http_finished_fn(void *arg, const struct talon_response *); /* the exchange is over and freed when it returns */
typedef size_t http_data_fn(void *arg, const char *bytes, size_t n, int last);

struct http_module {
    uint32_t size;
    /* As that of TLS. tls(): loads it at the first https; NULL: cannot. */
    bool (*open)(const struct module_host *, const struct tls_module *(*tls)(void));
    /* Begins. Everything in `http` is copied. timeout_ns: for the whole, 0: none. data NULL: collect the body. NULL: no memory. */
    struct http_exchange *(*start)(const struct talon_http *http, uint64_t timeout_ns, http_finished_fn *finished, http_data_fn *data, void *arg);
    /* Ends it with TALON_E_TIMEOUT and the token of the stage that it is in ("connect.timeout", "timeout"): finished() follows on the next turn. */
    void (*expire)(struct http_exchange *);
    /* Ends it; no callback follows. Allowed within its own callbacks. */
    void (*stop)(struct http_exchange *);
    /* Closes idle kept connections and frees everything. No exchange is left. */
    void (*close)(void);
};

#endif
