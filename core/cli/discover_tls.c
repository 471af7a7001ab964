/* One ClientHello and a look at its answer: see discover_tls.h. */
#include "cli/discover_tls.h"

#include "base/os/random.h"

#include <stdint.h>
#include <string.h>

/* Record types and handshake types of RFC 8446 5.1 and 4. */
enum { CHANGE_CIPHER = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION = 23, SERVER_HELLO = 2, CERTIFICATE_REQUEST = 13, SERVER_HELLO_DONE = 14 };

/* What follows the random bytes: an empty session id, the suites that any server of this century has one of, no compression. */
static const unsigned char suites[] = {
    0x00,                                                                               /* session id */
    0x00, 0x1c, 0x13, 0x01, 0x13, 0x02, 0x13, 0x03,                                     /* TLS 1.3: AES-128, AES-256, ChaCha20 */
    0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 0xcc, 0xa9, 0xcc, 0xa8, 0xc0, 0x13, /* 1.2: ECDHE with ECDSA and RSA */
    0xc0, 0x14, 0x00, 0x9c, 0x00, 0x9d, 0x00, 0x2f,                                     /* and plain RSA */
    0x01, 0x00,                                                                         /* compression: none */
};

static const unsigned char extensions[] = {
    0x00, 0x00, 0x00, 0x0e, 0x00, 0x0c, 0x00, 0x00, 0x09, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', /* server_name */
    0x00, 0x0a, 0x00, 0x08, 0x00, 0x06, 0x00, 0x1d, 0x00, 0x17, 0x00, 0x18,                            /* groups: x25519, P-256, P-384 */
    0x00, 0x0b, 0x00, 0x02, 0x01, 0x00,                                                                /* points: uncompressed */
    0x00, 0x0d, 0x00, 0x14, 0x00, 0x12, 0x04, 0x03, 0x08, 0x04, 0x04, 0x01, 0x05, 0x03, 0x08, 0x05,    /* signatures */
    0x05, 0x01, 0x08, 0x06, 0x06, 0x01, 0x08, 0x07,
    0x00, 0x2b, 0x00, 0x05, 0x04, 0x03, 0x04, 0x03, 0x03,                                              /* versions: 1.3, 1.2 */
    0x00, 0x33, 0x00, 0x26, 0x00, 0x24, 0x00, 0x1d, 0x00, 0x20,                                        /* key share: x25519, 32 bytes follow */
};

static void put16(unsigned char *at, size_t value)
{
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

static void put_random(unsigned char *at)
{
    for (size_t i = 0; i < 4; i++) {
        const uint64_t id = random_id();

        memcpy(at + 8 * i, &id, sizeof id);
    }
}

size_t discover_tls_hello(unsigned char hello[TLS_HELLO])
{
    static const size_t start = 9; /* of the message's body: behind the record's and the message's head */
    size_t n = start;

    memset(hello, 0, TLS_HELLO);
    hello[0] = HANDSHAKE;
    put16(hello + 1, 0x0301);
    hello[5] = 1; /* ClientHello */
    put16(hello + n, 0x0303);
    put_random(hello + n + 2);
    n += 34;
    memcpy(hello + n, suites, sizeof suites);
    n += sizeof suites;
    put16(hello + n, sizeof extensions + 32);
    n += 2;
    memcpy(hello + n, extensions, sizeof extensions);
    n += sizeof extensions;
    put_random(hello + n); /* every 32 bytes are a point of x25519 */
    n += 32;
    put16(hello + 3, n - 5);
    put16(hello + 7, n - start);
    return n;
}

/* The messages of a server's first flight, which may lie across records. */
struct flight {
    size_t skip;  /* bytes of the message at hand that are still to come */
    unsigned char head[4];
    size_t n_head;
    bool hello;
};

/* Walks through a record's handshake bytes; TLS_MORE: nothing in them decides. */
static enum tls_answer walk(struct flight *flight, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t step = n - i < flight->skip ? n - i : flight->skip;

        i += step;
        flight->skip -= step;
        if (i == n)
            break;
        flight->head[flight->n_head++] = bytes[i++];
        if (flight->n_head < sizeof flight->head)
            continue;
        flight->n_head = 0;
        flight->skip = (size_t)flight->head[1] << 16 | (size_t)flight->head[2] << 8 | flight->head[3];
        if (!flight->hello && flight->head[0] != SERVER_HELLO)
            return TLS_NOT;
        flight->hello = true;
        if (flight->head[0] == CERTIFICATE_REQUEST)
            return TLS_CERTIFICATE;
        if (flight->head[0] == SERVER_HELLO_DONE)
            return TLS_GOOD;
    }
    return TLS_MORE;
}

enum tls_answer discover_tls_read(const unsigned char *bytes, size_t n)
{
    struct flight flight = { 0 };
    enum tls_answer answer = TLS_MORE;

    for (size_t i = 0; i < n && answer == TLS_MORE;) {
        size_t length = i + 5 <= n ? (size_t)bytes[i + 3] << 8 | bytes[i + 4] : 0;
        unsigned char type = bytes[i];

        if (type < CHANGE_CIPHER || type > APPLICATION || (i + 1 < n && bytes[i + 1] != 3))
            return TLS_NOT;
        if (i + 5 > n)
            break;
        if (type == ALERT)
            return TLS_REFUSED;
        if (type != HANDSHAKE) /* TLS 1.3: from here on it is secret, and a server that wants a certificate says so too late to matter */
            return flight.hello ? TLS_GOOD : TLS_NOT;
        answer = walk(&flight, bytes + i + 5, n - i - 5 < length ? n - i - 5 : length);
        i += 5 + length;
    }
    return answer;
}
