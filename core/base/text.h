/* Text from outside, made safe: names checked, UTF-8 repaired, control characters shown, the nearest right name found. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buffer.h"

/* Is it a name of rules.md 1.5, [a-z0-9][a-z0-9_-]{0,62}? */
bool text_is_name(const char *text);
/* The length of the longest valid UTF-8 prefix of n bytes; == n: all valid. NUL bytes count as invalid. */
size_t text_valid_utf8(const char *bytes, size_t n);
/* Appends at most max bytes of n given ones as valid UTF-8 on one line: control characters become spaces, bad UTF-8 becomes U+FFFD
 * (rules.md 2.3). Cuts between characters. max 0: no bound. */
void text_clean(struct buffer *out, const char *bytes, size_t n, size_t max);
/* The same, but keeps line breaks and tabs: details and captured output. */
void text_clean_lines(struct buffer *out, const char *bytes, size_t n, size_t max);
/* Appends with control characters shown as \xNN (rules.md 1.1). */
void text_show(struct buffer *out, const char *bytes, size_t n);
/* Appends with & < > " ' escaped for HTML. */
void text_html(struct buffer *out, const char *text);
/* Appends as a JSON string with its quotes; bad UTF-8 becomes U+FFFD. */
void text_json(struct buffer *out, const char *bytes, size_t n);
/* The name nearest to `wrong` by edits (a swap is one) among n, or NULL when none is near enough to be meant. */
const char *text_nearest(const char *wrong, const char *const *names, size_t n);
/* 64-bit FNV-1a, to be chained: start with TEXT_HASH. */
#define TEXT_HASH 14695981039346656037u
unsigned long long text_hash(unsigned long long hash, const void *bytes, size_t n);
/* Standard base64 with padding. Decoding appends and returns false for anything else. */
void text_base64(struct buffer *out, const void *bytes, size_t n);
bool text_unbase64(struct buffer *out, const char *text, size_t n);

#endif
