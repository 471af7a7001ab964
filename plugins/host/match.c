/* Regular expressions: see match.h. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "match.h"

#include "die.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

/* About 10 ms at worst; a text of a megabyte that is gone through once needs a tenth of it. */
enum { MATCH_LIMIT = 2000000, DEPTH_LIMIT = 20000, HEAP_KIB = 16384, JIT_STACK_LEAST = 32768, JIT_STACK_MOST = 1 << 20 };

struct talon_pattern {
    struct talon_pattern *next;
    pcre2_code *code;
    pcre2_match_data *found;
};

static pcre2_match_context *context;
static pcre2_jit_stack *stack;

/* What comes from outside may be no UTF-8: where PCRE2 can, bad bytes match nothing; else all are bytes. */
static uint32_t options(void)
{
#ifdef PCRE2_MATCH_INVALID_UTF
    return PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
#else
    return 0;
#endif
}

static void prepare(void)
{
    if (context)
        return;
    context = pcre2_match_context_create(NULL);
    if (!context)
        die("no memory for a regular expression");
    pcre2_set_match_limit(context, MATCH_LIMIT);
    pcre2_set_depth_limit(context, DEPTH_LIMIT);
    pcre2_set_heap_limit(context, HEAP_KIB);
    stack = pcre2_jit_stack_create(JIT_STACK_LEAST, JIT_STACK_MOST, NULL);
    if (stack)
        pcre2_jit_stack_assign(context, NULL, stack);
}

const struct talon_pattern *match_compile(struct talon_pattern **list, const char *text, char why[MATCH_WHY])
{
    struct talon_pattern *pattern;
    PCRE2_UCHAR words[120];
    PCRE2_SIZE at;
    int error;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options(), &error, &at, NULL);

    if (!code) {
        pcre2_get_error_message(error, words, sizeof words);
        snprintf(why, MATCH_WHY, "is no regular expression: %s (at character %zu)", (const char *)words, (size_t)at + 1);
        return NULL;
    }
    prepare();
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* where that cannot be, it is interpreted */
    pattern = must_alloc(sizeof *pattern);
    pattern->code = code;
    pattern->found = pcre2_match_data_create(1, NULL);
    if (!pattern->found)
        die("no memory for a regular expression");
    pattern->next = *list;
    *list = pattern;
    return pattern;
}

void match_free(struct talon_pattern *list)
{
    while (list) {
        struct talon_pattern *next = list->next;

        pcre2_match_data_free(list->found);
        pcre2_code_free(list->code);
        free(list);
        list = next;
    }
}

int match_find(const struct talon_pattern *pattern, const char *text, size_t n, size_t span[2], const char **over)
{
    int count;
    const PCRE2_SIZE *where;

    *over = NULL;
    if (!pattern)
        return 0;
    count = pcre2_match(pattern->code, (PCRE2_SPTR)(text ? text : ""), text ? n : 0, 0, 0, pattern->found, context);
    if (count == PCRE2_ERROR_MATCHLIMIT || count == PCRE2_ERROR_DEPTHLIMIT || count == PCRE2_ERROR_HEAPLIMIT || count == PCRE2_ERROR_JIT_STACKLIMIT)
        *over = "a regular expression was given up on a text for which it is too expensive: it counts as not found; nested repetitions, as in (a+)+, do that";
    if (count < 0)
        return 0;
    where = pcre2_get_ovector_pointer(pattern->found);
    if (span) {
        span[0] = where[0];
        span[1] = where[1];
    }
    return 1;
}

void match_end(void)
{
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    stack = NULL;
    context = NULL;
}
