/* Rows as bytes: see codec.h. What was read in a wrong way fails once and for all, so that nobody has to look before the end. */
#include "memory/codec.h"

#include "base/text.h"

#include <limits.h>
#include <string.h>

enum { VERSION = 1, SUM_BYTES = 8, MOST_DIGITS = 10 };

/* ---- numbers */

static void put(struct codec *codec, uint64_t value)
{
    unsigned char bytes[MOST_DIGITS];
    size_t n = 0;

    do
        bytes[n++] = (unsigned char)((value & 127) | (value > 127 ? 128 : 0));
    while ((value >>= 7) != 0);
    buffer_add(codec->out, bytes, n);
}

static uint64_t take(struct codec *codec)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < MOST_DIGITS && codec->left > 0 && !codec->failed; i++) {
        const unsigned char byte = *codec->in++;

        codec->left--;
        if (i == MOST_DIGITS - 1 && byte > 1)
            break;
        value |= (uint64_t)(byte & 127) << (7 * i);
        if (byte < 128)
            return value;
    }
    codec->failed = true;
    return 0;
}

static void add_to_sum(struct codec *codec, uint64_t value)
{
    codec->sum = text_hash(codec->sum, &value, sizeof value);
}

void codec_u64(struct codec *codec, uint64_t *value)
{
    if (codec->way == CODEC_READ)
        *value = take(codec);
    else if (codec->way == CODEC_WRITE)
        put(codec, *value);
    else
        add_to_sum(codec, *value);
}

void codec_i64(struct codec *codec, int64_t *value)
{
    uint64_t bits = (uint64_t)*value << 1 ^ (*value < 0 ? UINT64_MAX : 0); /* small ones of both signs are short */

    codec_u64(codec, &bits);
    if (codec->way == CODEC_READ)
        *value = (int64_t)(bits >> 1 ^ (bits & 1 ? UINT64_MAX : 0));
}

void codec_count(struct codec *codec, unsigned *value, unsigned bound)
{
    uint64_t bits = *value;

    codec_u64(codec, &bits);
    if (codec->way != CODEC_READ)
        return;
    codec->failed = codec->failed || bits >= bound;
    *value = codec->failed ? 0 : (unsigned)bits;
}

void codec_word(struct codec *codec, int *value, int bound)
{
    unsigned bits = (unsigned)*value;

    codec_count(codec, &bits, (unsigned)bound);
    *value = (int)bits;
}

void codec_bool(struct codec *codec, bool *value)
{
    unsigned bits = *value;

    codec_count(codec, &bits, 2);
    *value = bits == 1;
}

/* ---- texts */

static void take_text(struct codec *codec, char *text, size_t room)
{
    const uint64_t n = take(codec);

    text[0] = '\0';
    if (codec->failed || n >= room || n > codec->left || memchr(codec->in, '\0', (size_t)n)) {
        codec->failed = true;
        return;
    }
    memcpy(text, codec->in, (size_t)n);
    text[n] = '\0';
    codec->in += n;
    codec->left -= (size_t)n;
}

void codec_text(struct codec *codec, char *text, size_t room)
{
    if (codec->way == CODEC_READ) {
        take_text(codec, text, room);
    } else if (codec->way == CODEC_SUM) {
        codec->sum = text_hash(codec->sum, text, strlen(text) + 1);
    } else {
        put(codec, strlen(text));
        buffer_text(codec->out, text);
    }
}

/* ---- times */

/* From the row's moment to the one that all are told by; across boots the calendar alone knows, and it never goes back. */
static uint64_t passed(const struct codec *codec)
{
    if (codec->at.boot == codec->base.boot)
        return codec->base.elapsed > codec->at.elapsed ? codec->base.elapsed - codec->at.elapsed : 0;
    return codec->base.wall > codec->at.wall ? (uint64_t)(codec->base.wall - codec->at.wall) : 0;
}

void codec_past(struct codec *codec, uint64_t *elapsed)
{
    codec_u64(codec, elapsed);
    if (codec->way == CODEC_READ && codec->at.boot != codec->base.boot)
        *elapsed = codec->base.elapsed - passed(codec) - (codec->at.elapsed - *elapsed); /* a difference: the numbers go round */
}

void codec_ahead(struct codec *codec, uint64_t *elapsed)
{
    uint64_t left;

    codec_u64(codec, elapsed);
    if (codec->way != CODEC_READ || codec->at.boot == codec->base.boot || *elapsed == 0 || *elapsed == UINT64_MAX)
        return;
    left = *elapsed > codec->at.elapsed ? *elapsed - codec->at.elapsed : 0;
    *elapsed = codec->base.elapsed + (left > passed(codec) ? left - passed(codec) : 0);
}

/* How long nothing slept, at most: awake compares within one boot alone, and there the row is not younger than the base. */
static uint64_t awake_since(const struct codec *codec)
{
    return codec->at.boot == codec->base.boot && codec->base.awake > codec->at.awake ? codec->base.awake - codec->at.awake : 0;
}

void codec_ago(struct codec *codec, uint64_t *ns)
{
    if (codec->way == CODEC_SUM) {
        add_to_sum(codec, *ns == UINT64_MAX ? UINT64_MAX : codec->at.awake - *ns);
        return;
    }
    codec_u64(codec, ns);
    if (codec->way == CODEC_READ && *ns != UINT64_MAX)
        *ns += awake_since(codec);
}

void codec_until(struct codec *codec, uint64_t *ns)
{
    if (codec->way == CODEC_SUM) {
        add_to_sum(codec, *ns == 0 ? 0 : codec->at.awake + *ns);
        return;
    }
    codec_u64(codec, ns);
    if (codec->way == CODEC_READ)
        *ns = *ns > awake_since(codec) ? *ns - awake_since(codec) : 0;
}

bool codec_lazy(const struct codec *codec)
{
    return codec->way != CODEC_SUM;
}

/* ---- begin and end */

static void moment(struct codec *codec)
{
    codec_u64(codec, &codec->at.awake);
    codec_u64(codec, &codec->at.elapsed);
    codec_i64(codec, &codec->at.wall);
    codec_u64(codec, &codec->at.boot);
}

struct codec codec_writer(struct buffer *out, char kind, const struct moment *at)
{
    struct codec codec = { .way = CODEC_WRITE, .out = out, .at = *at };

    buffer_clear(out);
    buffer_char(out, VERSION);
    buffer_char(out, kind);
    moment(&codec);
    return codec;
}

struct codec codec_summer(const struct moment *at)
{
    struct codec codec = { .way = CODEC_SUM, .at = *at, .sum = TEXT_HASH };

    add_to_sum(&codec, at->boot); /* a row of another boot is to be written anew */
    return codec;
}

static void sum_of(const void *bytes, size_t n, unsigned char sum[SUM_BYTES])
{
    unsigned long long hash = text_hash(TEXT_HASH, bytes, n);

    for (int i = 0; i < SUM_BYTES; i++)
        sum[i] = (unsigned char)(hash >> (CHAR_BIT * i));
}

struct codec codec_reader(const void *bytes, size_t n, char kind, const struct moment *base)
{
    struct codec codec = { .way = CODEC_READ, .in = bytes, .left = n };
    unsigned char sum[SUM_BYTES];

    if (n < 2 + SUM_BYTES) {
        codec.failed = true;
        return codec;
    }
    codec.left -= SUM_BYTES;
    sum_of(bytes, codec.left, sum);
    if (memcmp(sum, codec.in + codec.left, SUM_BYTES) != 0 || codec.in[0] != VERSION || codec.in[1] != (unsigned char)kind)
        codec.failed = true;
    codec.in += 2;
    codec.left -= 2;
    moment(&codec);
    codec.base = base ? *base : codec.at;
    return codec;
}

bool codec_end(struct codec *codec)
{
    unsigned char sum[SUM_BYTES];

    if (codec->way == CODEC_READ) {
        codec->failed = codec->failed || codec->left > 0;
    } else if (codec->way == CODEC_WRITE) {
        sum_of(codec->out->data ? codec->out->data : "", codec->out->len, sum);
        buffer_add(codec->out, sum, sizeof sum);
        codec->failed = codec->out->failed;
    }
    return !codec->failed;
}
