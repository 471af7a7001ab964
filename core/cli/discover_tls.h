/*
 * As much of TLS as it takes to see that a socket speaks it: one ClientHello (RFC 8446 4.1.2, RFC 5246 7.4.1.2) and a look at what comes back. No secret is
 * agreed on and nothing is verified; the core links no TLS library.
 */
#ifndef CLI_DISCOVER_TLS_H
#define CLI_DISCOVER_TLS_H

#include <stdbool.h>
#include <stddef.h>

enum { TLS_HELLO = 512 };

/* Writes a ClientHello for TLS 1.3 or 1.2 that asks for the name `localhost`; returns its length. */
size_t discover_tls_hello(unsigned char hello[TLS_HELLO]);

enum tls_answer {
    TLS_MORE,        /* so far it may become any of these */
    TLS_NOT,         /* that is no TLS */
    TLS_REFUSED,     /* it speaks TLS, and ends the handshake: no such name, no common version */
    TLS_CERTIFICATE, /* it goes on, and wants a client's certificate */
    TLS_GOOD
};

enum tls_answer discover_tls_read(const unsigned char *bytes, size_t n);

#endif
