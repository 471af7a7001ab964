/* Reads INFO's `field:value` lines and compares values (info.h). */
#include "info.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int redis_info_field(const char *info, size_t n, const char *name, char value[REDIS_FIELD])
{
    const size_t length = strlen(name);
    const char *end = info + n;

    while (info < end) {
        const char *newline = memchr(info, '\n', (size_t)(end - info));
        const char *stop = newline ? newline : end;

        if ((size_t)(stop - info) > length && memcmp(info, name, length) == 0 && info[length] == ':') {
            const char *from = info + length + 1;
            size_t size = (size_t)(stop - from);

            if (size > 0 && from[size - 1] == '\r')
                size--;
            if (size >= REDIS_FIELD)
                size = REDIS_FIELD - 1;
            memcpy(value, from, size);
            value[size] = '\0';
            return 1;
        }
        info = newline ? newline + 1 : end;
    }
    return 0;
}

int redis_is_number(const char *text, double *number)
{
    char *end;

    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return 0;
    *number = strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}

enum comparison { EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL };

/* Splits `>= 1` into its comparison and what follows; a plain value is to be equal. */
static enum comparison split(const char *expected, const char **operand)
{
    static const struct {
        const char *sign;
        enum comparison comparison;
    } signs[] = { { "<=", LESS_EQUAL }, { ">=", GREATER_EQUAL }, { "==", EQUAL },
                  { "!=", NOT_EQUAL },  { "<", LESS },           { ">", GREATER } };

    *operand = expected;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncmp(expected, signs[i].sign, strlen(signs[i].sign)) == 0) {
            *operand += strlen(signs[i].sign);
            *operand += strspn(*operand, " \t");
            return signs[i].comparison;
        }
    return EQUAL;
}

static int holds(enum comparison comparison, double value, double limit)
{
    switch (comparison) {
    case LESS:
        return value < limit;
    case LESS_EQUAL:
        return value <= limit;
    case GREATER:
        return value > limit;
    case GREATER_EQUAL:
        return value >= limit;
    case NOT_EQUAL:
        return value < limit || value > limit;
    case EQUAL:
    default:
        return value >= limit && value <= limit;
    }
}

enum redis_verdict redis_compare(const char *value, const char *expected)
{
    const char *operand;
    const enum comparison comparison = split(expected, &operand);
    double number, limit;
    const int numbers = redis_is_number(value, &number) && redis_is_number(operand, &limit);

    if (numbers)
        return holds(comparison, number, limit) ? REDIS_HOLDS : REDIS_FAILS;
    if (comparison != EQUAL && comparison != NOT_EQUAL)
        return REDIS_NO_NUMBER;
    return (strcmp(value, operand) == 0) == (comparison == EQUAL) ? REDIS_HOLDS : REDIS_FAILS;
}

int redis_is_expectation(const char *expected)
{
    const char *operand;
    const enum comparison comparison = split(expected, &operand);
    double number;

    if (comparison == EQUAL || comparison == NOT_EQUAL)
        return *operand || operand == expected;
    return redis_is_number(operand, &number);
}
