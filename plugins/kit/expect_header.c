/*
 * Expressions for the values of headers. The host compiles the expressions of pattern options alone; those inside a map
 * are compiled here, once for each instance, and matched within a bound, since the text comes from a peer.
 */
#include "expect.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { MATCH_STEPS = 100000, MATCH_KIB = 1024 };
#define NO_HEADER "^$" /* what is not there is as good as empty; by any other expression, also one that an empty text matches, one must be there */

struct expect_header {
    const char *name, *text;
    pcre2_code *code; /* NULL: the last one */
};

static int is_name(const char *name)
{
    return *name && name[strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static int compiles(const char *name, const char *pattern, char *why, size_t room)
{
    int error;
    PCRE2_SIZE offset;
    PCRE2_UCHAR words[120];
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);

    if (code) {
        pcre2_code_free(code);
        return 1;
    }
    pcre2_get_error_message(error, words, sizeof words);
    snprintf(why, room, "%.60s: %s at character %zu", name, (const char *)words, (size_t)offset + 1);
    return 0;
}

int expect_headers_are_good(const struct talon_pair *expect, char *why, size_t room)
{
    for (; expect && expect->name; expect++) {
        if (!is_name(expect->name)) {
            snprintf(why, room, "\"%.60s\" is no header name", expect->name);
            return 0;
        }
        if (!compiles(expect->name, expect->value, why, room))
            return 0;
    }
    return 1;
}

static void free_code(void *code)
{
    pcre2_code_free(code);
}

struct expect_header *expect_headers(struct talon_run *instance, const struct talon_pair *expect)
{
    struct expect_header *patterns;
    size_t n = 0, made = 0;
    int error;
    PCRE2_SIZE offset;

    while (expect && expect[n].name)
        n++;
    if (n == 0)
        return NULL;
    patterns = instance->host->alloc(instance, (n + 1) * sizeof *patterns);
    for (; expect->name; expect++) {
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)expect->value, PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);

        if (!code) { /* validate() saw that it compiles: there is no memory */
            talon_done(instance, TALON_UNKNOWN, "local", "no memory for the expression of header %s", expect->name);
            return NULL;
        }
        instance->host->defer(instance, free_code, code);
        patterns[made++] = (struct expect_header){ expect->name, expect->value, code };
    }
    return patterns;
}

static int matches(const struct expect_header *pattern, const char *value)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *bounds = pcre2_match_context_create(NULL);
    int found = 0;

    if (data && bounds) {
        pcre2_set_match_limit(bounds, MATCH_STEPS);
        pcre2_set_heap_limit(bounds, MATCH_KIB);
        found = pcre2_match(pattern->code, (PCRE2_SPTR)value, strlen(value), 0, 0, data, bounds) >= 0;
    }
    pcre2_match_context_free(bounds);
    pcre2_match_data_free(data);
    return found;
}

static const char *one_problem(struct talon_run *run, const struct expect_header *expect,
                               const struct talon_pair *headers)
{
    const char *value, *seen = NULL;

    for (; (value = talon_header(headers, expect->name)) != NULL; headers++) {
        if (matches(expect, value))
            return NULL;
        seen = value;
        while (headers->value != value) /* the same name may stand again behind it */
            headers++;
    }
    if (!seen)
        return strcmp(expect->text, NO_HEADER) == 0 ? NULL : talon_text(run, "header %s is missing", expect->name);
    return talon_text(run, "header %s is \"%s\", expected /%s/", expect->name,
                      talon_quote(run, seen, strlen(seen), 100), expect->text);
}

const char *expect_header_problem(struct talon_run *run, const struct expect_header *expect,
                                const struct talon_pair *headers)
{
    const char *problem = NULL;

    for (; expect && expect->code && !problem; expect++)
        problem = one_problem(run, expect, headers);
    return problem;
}
