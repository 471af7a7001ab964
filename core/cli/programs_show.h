/* Supervised programs as lines for people: `talon programs` and `talon status` show the same. */
#ifndef CLI_PROGRAMS_SHOW_H
#define CLI_PROGRAMS_SHOW_H

#include "base/buffer.h"

#include <cjson/cJSON.h>

/* One of an answer's `programs`. */
void programs_row(struct buffer *out, const cJSON *program);

#endif
