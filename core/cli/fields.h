/* What commands read of an answer in JSON, and how they show the moments in it. */
#ifndef CLI_FIELDS_H
#define CLI_FIELDS_H

#include "base/buffer.h"

#include <cjson/cJSON.h>

/* "", 0, false where it is not there or something else. */
const char *field_text(const cJSON *object, const char *name);
double field_number(const cJSON *object, const char *name);
bool field_true(const cJSON *object, const char *name);
const cJSON *field(const cJSON *object, const char *name);

/* How long ago a second since 1970 is: "3 min"; "-" for 0. */
void field_age(double since, char *out, size_t n);
/* How long until then: "3 min"; "now" where it is past. */
void field_left(double until, char *out, size_t n);
/* The moment as people here read it: "14:03:22" of today, "Nov 29 14:03" of another day; "-" for 0. */
void field_moment(double at, char *out, size_t n);

#endif
