/* ONC RPC: see rpc.h. */
#include "rpc.h"

#include <string.h>

#define LAST_FRAGMENT UINT32_C(0x80000000)

enum { CALL = 0, REPLY = 1, RPC_VERSION = 2, ACCEPTED = 0, DENIED = 1, MOST_VERIFIER = 400 };

static unsigned char *put(unsigned char *at, uint32_t word)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (unsigned char)(word >> shift);
    return at;
}

static uint32_t word_at(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

size_t rpc_write_call(unsigned char call[RPC_CALL], uint32_t xid, uint32_t program, uint32_t version, uint32_t procedure, const uint32_t *arguments,
                      size_t n)
{
    const uint32_t head[] = { xid, CALL, RPC_VERSION, program, version, procedure, 0, 0, 0, 0 }; /* AUTH_NONE twice, each without a body */
    unsigned char *at = call + 4;

    if (n > (RPC_CALL - 4 - sizeof head) / 4)
        n = (RPC_CALL - 4 - sizeof head) / 4;
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        at = put(at, head[i]);
    for (size_t i = 0; i < n; i++)
        at = put(at, arguments[i]);
    put(call, LAST_FRAGMENT | (uint32_t)(at - call - 4));
    return (size_t)(at - call);
}

enum rpc_record rpc_read_record(const unsigned char *bytes, size_t n, unsigned char record[RPC_REPLY], size_t *length, size_t *used)
{
    size_t at = 0;

    *length = 0;
    for (;;) {
        uint32_t mark, fragment;

        if (n - at < 4)
            return RPC_MORE;
        mark = word_at(bytes + at);
        fragment = mark & ~LAST_FRAGMENT;
        if (fragment > RPC_REPLY - *length)
            return RPC_TOO_LONG;
        if (fragment == 0 && !(mark & LAST_FRAGMENT)) /* an endless row of these would be no record either */
            return RPC_EMPTY;
        if (n - at - 4 < fragment)
            return RPC_MORE;
        memcpy(record + *length, bytes + at + 4, fragment);
        *length += fragment;
        at += 4 + fragment;
        if (mark & LAST_FRAGMENT) {
            *used = at;
            return RPC_WHOLE;
        }
    }
}

struct words {
    const unsigned char *at, *end;
    int short_of; /* it asked for more than there is */
};

static uint32_t next(struct words *words)
{
    if (words->end - words->at < 4) {
        words->short_of = 1;
        return 0;
    }
    words->at += 4;
    return word_at(words->at - 4);
}

static void skip(struct words *words, uint32_t n)
{
    const uint32_t padded = (n + 3) / 4 * 4;

    if (n > MOST_VERIFIER || words->end - words->at < (ptrdiff_t)padded)
        words->short_of = 1;
    else
        words->at += padded;
}

static enum rpc_verdict read_denied(struct words *words, struct rpc_reply *reply)
{
    const uint32_t why = next(words);

    reply->low = next(words);
    if (why == 0)
        reply->high = next(words);
    return words->short_of || why > 1 ? RPC_NO_REPLY : why == 0 ? RPC_REFUSED_RPC : RPC_REFUSED_AUTH;
}

static enum rpc_verdict read_accepted(struct words *words, struct rpc_reply *reply)
{
    static const enum rpc_verdict verdicts[] = { RPC_SUCCESS, RPC_NO_PROGRAM, RPC_NO_VERSION, RPC_NO_PROCEDURE, RPC_GARBAGE, RPC_SYSTEM_ERROR };
    uint32_t how;

    next(words); /* the kind of the verifier, which nobody asked for */
    skip(words, next(words));
    how = next(words);
    if (words->short_of || how >= sizeof verdicts / sizeof *verdicts)
        return RPC_NO_REPLY;
    if (verdicts[how] == RPC_NO_VERSION) {
        reply->low = next(words);
        reply->high = next(words);
    } else if (verdicts[how] == RPC_SUCCESS && words->end - words->at >= 4) {
        reply->word = next(words);
        reply->has_word = 1;
    }
    return words->short_of ? RPC_NO_REPLY : verdicts[how];
}

enum rpc_verdict rpc_read_reply(const unsigned char *record, size_t n, uint32_t xid, struct rpc_reply *reply)
{
    struct words words = { .at = record, .end = record + n };
    const uint32_t of = next(&words), kind = next(&words), how = next(&words);

    *reply = (struct rpc_reply){ 0 };
    if (words.short_of || kind != REPLY || (how != ACCEPTED && how != DENIED))
        return RPC_NO_REPLY;
    if (of != xid)
        return RPC_OTHER_CALL;
    return how == DENIED ? read_denied(&words, reply) : read_accepted(&words, reply);
}
