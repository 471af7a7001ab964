/*
 * What is expected of an HTTP answer, the same wherever one is judged: by `http`, and where an answer comes through another server. Each function says what is
 * not as expected in a sentence part, for a summary.
 */
#ifndef KIT_EXPECT_H
#define KIT_EXPECT_H

#include <talon/plugin.h>

/* Is it one of `200`, `2xx`, `200-399`? */
int expect_status_is_pattern(const char *pattern);
/* Is the status among those? NULL or an empty list: any 2xx. */
int expect_status_matches(const char *const *patterns, uint32_t status);
/* Those for people: "200 or 3xx". */
const char *expect_status_words(struct talon_run *run, const char *const *patterns);

/* Compares what stands at each path with its value. NULL: all as expected; else what is not, a sentence that lives as long as the run. */
const char *expect_json_problem(struct talon_run *run, const struct talon_pair *expect, const char *body, size_t n);

/* Regular expressions for the values of headers. Is each name one of a header, and does each expression compile? If not, why says what is wrong. */
int expect_headers_are_good(const struct talon_pair *expect, char *why, size_t room);
/* Compiled for as long as the instance lives, behind whose options they stand; NULL for NULL. */
struct expect_header;
struct expect_header *expect_headers(struct talon_run *instance, const struct talon_pair *expect);
/* NULL: for each name one of its values matches; else what does not, a sentence that lives as long as the run. */
const char *expect_header_problem(struct talon_run *run, const struct expect_header *expect, const struct talon_pair *headers);

/* What a bad answer says of itself: `: "database gone"`, or nothing. */
const char *expect_own_words(struct talon_run *run, const struct talon_response *got);

#endif
