/* The text of Redis' INFO, and what may be expected of its fields. */
#ifndef REDIS_INFO_H
#define REDIS_INFO_H

#include <stddef.h>

enum { REDIS_FIELD = 256 };

/* The value of a field of the INFO text of n bytes, into value (cut); returns 0 when there is no such field. */
int redis_info_field(const char *info, size_t n, const char *name, char value[REDIS_FIELD]);
/* Is the text a number, and which? */
int redis_is_number(const char *text, double *number);

enum redis_verdict { REDIS_HOLDS, REDIS_FAILS, REDIS_NO_NUMBER };

/* Does a value meet `ok`, `< 100`, `>= 1`, `!= slave`? Numbers are compared by value. */
enum redis_verdict redis_compare(const char *value, const char *expected);
/* Can it be compared with: is there a number behind <, <=, >, >=, and anything at all behind == and !=? */
int redis_is_expectation(const char *expected);

#endif
