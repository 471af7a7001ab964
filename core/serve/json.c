/* Writes JSON: see json.h. Straight into the buffer, without a tree: an answer for 1000 checks is made while clients wait. */
#include "serve/json.h"

#include "base/moment.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_name(struct buffer *out, const char *name)
{
    const char last = out->len > 0 ? out->data[out->len - 1] : '{';

    if (last != '{' && last != '[')
        buffer_char(out, ',');
    buffer_char(out, '"');
    buffer_text(out, name);
    buffer_text(out, "\":");
}

void json_string(struct buffer *out, const char *value)
{
    if (value)
        text_json(out, value, strlen(value));
    else
        buffer_text(out, "null");
}

void json_text(struct buffer *out, const char *name, const char *value)
{
    json_name(out, name);
    json_string(out, value);
}

void json_bool(struct buffer *out, const char *name, bool value)
{
    json_name(out, name);
    buffer_text(out, value ? "true" : "false");
}

/* printf's machinery costs more than all the rest of such a line. */
static void add_count(struct buffer *out, uint64_t value)
{
    char digits[20];
    size_t n = sizeof digits;

    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buffer_add(out, digits + n, sizeof digits - n);
}

void json_count(struct buffer *out, const char *name, uint64_t value)
{
    json_name(out, name);
    add_count(out, value);
}

void json_moment(struct buffer *out, const char *name, int64_t wall)
{
    json_name(out, name);
    if (wall > 0)
        add_count(out, (uint64_t)wall / NS_PER_S);
    else
        buffer_text(out, "null");
}

void json_ms(struct buffer *out, const char *name, uint64_t ns)
{
    json_name(out, name);
    json_number(out, (double)ns / 1e6);
}

void number_show(double value, char out[NUMBER_SIZE])
{
    /* 15 digits are enough for most numbers that people meet, 17 for all (IEEE 754 binary64) */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, NUMBER_SIZE, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return;
    }
}

void json_number(struct buffer *out, double value)
{
    char text[NUMBER_SIZE];

    if (!isfinite(value)) {
        buffer_text(out, "null");
        return;
    }
    if (value >= 0. && value < 1e15 && value == floor(value)) {
        add_count(out, (uint64_t)value);
        return;
    }
    number_show(value, text);
    buffer_text(out, text);
}
