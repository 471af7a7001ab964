/*
 * Protobuf's wire format, field by field: no tree is built and nothing recurses, so a peer's message costs what its bytes cost. Who reads goes into a message
 * within a message by himself, and never deeper than he knows it; fields that he does not know are passed over, as the format wants it.
 */
#ifndef KIT_PROTOBUF_H
#define KIT_PROTOBUF_H

#include <talon/plugin.h>

struct protobuf {
    const uint8_t *at, *end;
    int bad; /* what follows cannot be read: cut short, or no such thing */
};

enum protobuf_type { PROTOBUF_VARINT = 0, PROTOBUF_FIXED64 = 1, PROTOBUF_BYTES = 2, PROTOBUF_FIXED32 = 5 };

struct protobuf_field {
    uint32_t number, type;
    uint64_t value;       /* of a number, as it was encoded */
    const uint8_t *bytes; /* of a text, a message or packed numbers; they lie in the message */
    size_t n;
};

struct protobuf protobuf_of(const void *bytes, size_t n);
/* The next field; 0: there is none, or the message is bad. */
int protobuf_next(struct protobuf *message, struct protobuf_field *field);
/* The message within a field; an empty one where the field is none. */
struct protobuf protobuf_inside(const struct protobuf_field *field);
/* Does a text field hold exactly that? */
int protobuf_is(const struct protobuf_field *field, const char *text);
/* A field's text on one line, cut after `max` bytes (talon_quote); "" where it is none. Lives as long as its owner, so it is not for
 * each field of a peer's message, but for those that are told. */
const char *protobuf_text(struct talon_run *owner, const struct protobuf_field *field, size_t max);

/* Appends a text field to a message of *n bytes in `room`; 0: there is no room. */
int protobuf_put_text(uint8_t *message, size_t room, size_t *n, uint32_t number, const char *text);

#endif
