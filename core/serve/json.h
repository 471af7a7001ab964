/* What every JSON answer is made of. Private to serve. */
#ifndef SERVE_JSON_H
#define SERVE_JSON_H

#include "base/buffer.h"

#include <stdint.h>

/* `"name":`, with a comma before it unless an object has just been opened. Names are ours: not escaped. */
void json_name(struct buffer *out, const char *name);
/* `"name":"value"`; value NULL: null. */
void json_text(struct buffer *out, const char *name, const char *value);
void json_bool(struct buffer *out, const char *name, bool value);
void json_count(struct buffer *out, const char *name, uint64_t value);
/* A string in the middle of an array or as an object's name; NULL: null. */
void json_string(struct buffer *out, const char *value);
/* A moment in whole seconds since 1970, null where there is none (0). */
void json_moment(struct buffer *out, const char *name, int64_t wall);
/* ns as milliseconds. */
void json_ms(struct buffer *out, const char *name, uint64_t ns);
/* The shortest decimals that read back to the same value; what is no number in JSON (infinite) is null. */
void json_number(struct buffer *out, double value);

/* The same digits for other formats: "0.1", "1e+300". Never infinite. */
enum { NUMBER_SIZE = 32 };
void number_show(double value, char out[NUMBER_SIZE]);

#endif
