/*
 * One description of a row's fields for three ways through it: written, read back, and summed up. A function that visits the fields of a struct with the calls
 * below cannot write what it does not read. Private to memory.
 *
 * Bytes: a version, a letter for the kind, the moment of writing, the fields, and a sum of it all. Numbers are little-endian base 128.
 */
#ifndef MEMORY_CODEC_H
#define MEMORY_CODEC_H

#include "base/buffer.h"
#include "base/moment.h"

#include <stdint.h>

enum codec_way { CODEC_WRITE, CODEC_READ, CODEC_SUM };

struct codec {
    enum codec_way way;
    bool failed;              /* READ: these are not such bytes. WRITE: no memory, or too long */
    struct moment at;         /* of writing. READ: of the row */
    struct moment base;       /* READ: the moment by which times of the fields are to be told */
    struct buffer *out;       /* WRITE */
    const unsigned char *in;  /* READ: what is left */
    size_t left;
    unsigned long long sum;   /* SUM: the same for two rows that differ in nothing but time that passes, and in what codec_lazy() says */
};

struct codec codec_writer(struct buffer *out, char kind, const struct moment *at);
/* Begins to read; `failed` when the sum, the version or the kind is another. base NULL: that of the row itself. */
struct codec codec_reader(const void *bytes, size_t n, char kind, const struct moment *base);
struct codec codec_summer(const struct moment *at);
/* Ends the row: the sum is written, or nothing may be left over. False: failed. */
bool codec_end(struct codec *codec);

void codec_u64(struct codec *codec, uint64_t *value);
void codec_i64(struct codec *codec, int64_t *value);
/* Below `bound`, or it is no such row. */
void codec_count(struct codec *codec, unsigned *value, unsigned bound);
void codec_word(struct codec *codec, int *value, int bound);
void codec_bool(struct codec *codec, bool *value);
/* Text in `room` bytes, NUL included. */
void codec_text(struct codec *codec, char *text, size_t room);
/* moment.elapsed of something past, or (ahead) to come, where 0 (none) and UINT64_MAX (for ever) stay: told by the boot of `base` where the row is of another. */
void codec_past(struct codec *codec, uint64_t *elapsed);
void codec_ahead(struct codec *codec, uint64_t *elapsed);
/* ns awake since something, UINT64_MAX: never; ns awake until something, 0: not. Both as seen from `base`. */
void codec_ago(struct codec *codec, uint64_t *ns);
void codec_until(struct codec *codec, uint64_t *ns);
/* True: what follows is part of the row, but no reason to write it anew. */
bool codec_lazy(const struct codec *codec);

#endif
