/* The wire format of Protocol Buffers, see protobuf.h. */
#include "protobuf.h"

struct protobuf protobuf_of(const void *bytes, size_t n)
{
    const uint8_t *at = bytes;

    return (struct protobuf){ .at = at, .end = at ? at + n : at };
}

static int bad(struct protobuf *message)
{
    message->bad = 1;
    message->at = message->end;
    return 0;
}

static int take_varint(struct protobuf *message, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (message->at == message->end)
            return bad(message);
        *value |= (uint64_t)(*message->at & 0x7f) << shift;
        if (!(*message->at++ & 0x80))
            return 1;
    }
    return bad(message); /* longer than ten bytes */
}

static int take_fixed(struct protobuf *message, unsigned n, uint64_t *value)
{
    *value = 0;
    if ((size_t)(message->end - message->at) < n)
        return bad(message);
    for (unsigned i = 0; i < n; i++)
        *value |= (uint64_t)*message->at++ << (8 * i);
    return 1;
}

static int take_bytes(struct protobuf *message, struct protobuf_field *field)
{
    uint64_t n;

    if (!take_varint(message, &n) || n > (uint64_t)(message->end - message->at))
        return bad(message);
    field->bytes = message->at;
    field->n = (size_t)n;
    message->at += n;
    return 1;
}

int protobuf_next(struct protobuf *message, struct protobuf_field *field)
{
    uint64_t key;

    *field = (struct protobuf_field){ .number = 0 };
    if (message->at == message->end)
        return 0;
    if (!take_varint(message, &key) || key >> 32 || key >> 3 == 0)
        return bad(message);
    field->number = (uint32_t)(key >> 3);
    field->type = (uint32_t)(key & 7);
    switch (field->type) {
    case PROTOBUF_VARINT:
        return take_varint(message, &field->value);
    case PROTOBUF_FIXED64:
        return take_fixed(message, 8, &field->value);
    case PROTOBUF_FIXED32:
        return take_fixed(message, 4, &field->value);
    case PROTOBUF_BYTES:
        return take_bytes(message, field);
    default: /* groups, which nobody writes any more */
        return bad(message);
    }
}

struct protobuf protobuf_inside(const struct protobuf_field *field)
{
    return field->type == PROTOBUF_BYTES ? protobuf_of(field->bytes, field->n) : protobuf_of(NULL, 0);
}

int protobuf_is(const struct protobuf_field *field, const char *text)
{
    return field->type == PROTOBUF_BYTES && field->n == strlen(text) && memcmp(field->bytes, text, field->n) == 0;
}

const char *protobuf_text(struct talon_run *owner, const struct protobuf_field *field, size_t max)
{
    return field->type == PROTOBUF_BYTES ? talon_quote(owner, (const char *)field->bytes, field->n, max) : "";
}

static int put_varint(uint8_t *message, size_t room, size_t *n, uint64_t value)
{
    do {
        if (*n == room)
            return 0;
        message[(*n)++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value > 0);
    return 1;
}

int protobuf_put_text(uint8_t *message, size_t room, size_t *n, uint32_t number, const char *text)
{
    const size_t length = strlen(text);

    if (!put_varint(message, room, n, (uint64_t)number << 3 | PROTOBUF_BYTES) || !put_varint(message, room, n, length) || room - *n < length)
        return 0;
    memcpy(message + *n, text, length);
    *n += length;
    return 1;
}
