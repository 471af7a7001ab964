/* core/base/result: cleaned, bounded (rules.md 2.3), and freed by whoever drops it last, on whatever thread. */
#include "base/result.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static void keeps_what_was_reported(void **state)
{
    char name[] = "ping_time";
    const struct result_metric metrics[] = { { name, "s", .25 }, { "clients", NULL, 3 } };
    const struct result_detail details[] = { { "head", "a\nb\tc" }, { "empty", NULL } };
    struct result *result = result_make(STATUS_WARN, "redis.error", "slow", 42, metrics, 2, details, 2);

    (void)state;
    assert_non_null(result);
    memset(name, 'x', sizeof name - 1); /* it was copied */
    assert_int_equal(result->status, STATUS_WARN);
    assert_string_equal(result->reason, "redis.error");
    assert_string_equal(result->summary, "slow");
    assert_int_equal(result->duration_ns, 42);
    assert_int_equal(result->n_metrics, 2);
    assert_non_null(result_metric(result, "ping_time"));
    assert_true(result_metric(result, "ping_time")->value == .25);
    assert_string_equal(result_metric(result, "ping_time")->unit, "s");
    assert_string_equal(result_metric(result, "clients")->unit, "");
    assert_null(result_metric(result, "none"));
    assert_int_equal(result->n_details, 2);
    assert_string_equal(result->details[0].name, "head");
    assert_string_equal(result->details[0].value, "a\nb\tc");
    assert_string_equal(result->details[1].value, "");
    result_drop(result);
}

static void nothing_is_fine(void **state)
{
    struct result *result = result_make(STATUS_OK, NULL, NULL, 0, NULL, 0, NULL, 0);

    (void)state;
    assert_string_equal(result->reason, "");
    assert_string_equal(result->summary, "");
    assert_null(result_metric(result, ""));
    result_drop(result);
    result_drop(NULL);
    assert_null(result_keep(NULL));
}

static void a_status_that_is_none_is_unknown(void **state)
{
    struct result *result = result_make((enum status)77, "x", "y", 0, NULL, 0, NULL, 0);

    (void)state;
    assert_int_equal(result->status, STATUS_UNKNOWN);
    result_drop(result);
}

static void cleans_texts(void **state)
{
    const struct result_metric metrics[] = { { "a\nb", "s\x01", 1 } };
    const struct result_detail details[] = { { "n\tn", "x\x1B\xFF\r\ny" } };
    struct result *result = result_make(STATUS_FAIL, "http .\nstatus", "two\nlines\xFF", 0, metrics, 1, details, 1);

    (void)state;
    assert_string_equal(result->reason, "http_._status");
    assert_string_equal(result->summary, "two lines\xEF\xBF\xBD");
    assert_string_equal(result->metrics[0].name, "a b");
    assert_string_equal(result->metrics[0].unit, "s ");
    assert_string_equal(result->details[0].name, "n n");
    assert_string_equal(result->details[0].value, "x \xEF\xBF\xBD\ny");
    result_drop(result);
}

static void the_last_of_a_name_wins(void **state)
{
    const struct result_metric metrics[] = { { "a", "", 1 }, { "b", "", 2 }, { "a", "s", 3 }, { "a", "", NAN }, { "b", "", INFINITY }, { "c", "", -INFINITY }, { "", "", 1 }, { NULL, "", 1 } };
    const struct result_detail details[] = { { "d", "1" }, { "e", "2" }, { "d", "3" }, { NULL, "4" }, { "", "5" } };
    struct result *result = result_make(STATUS_OK, "", "", 0, metrics, COUNT(metrics), details, COUNT(details));

    (void)state;
    assert_int_equal(result->n_metrics, 2);
    assert_string_equal(result->metrics[0].name, "a");
    assert_true(result->metrics[0].value == 3);
    assert_string_equal(result->metrics[0].unit, "s");
    assert_true(result->metrics[1].value == 2);
    assert_int_equal(result->n_details, 2);
    assert_string_equal(result->details[0].value, "3");
    result_drop(result);
}

static void counts_are_bounded(void **state)
{
    static char names[500][8];
    struct result_metric metrics[501];
    struct result_detail details[500];
    struct result *result;

    (void)state;
    for (size_t i = 0; i < 500; i++) {
        snprintf(names[i], sizeof names[i], "n%zu", i);
        metrics[i] = (struct result_metric){ names[i], "", (double)i };
        details[i] = (struct result_detail){ names[i], names[i] };
    }
    metrics[500] = (struct result_metric){ "n3", "", 1000 }; /* beyond the bound, but of a name that is kept */
    result = result_make(STATUS_OK, "", "", 0, metrics, 501, details, 500);
    assert_int_equal(result->n_metrics, RESULT_METRICS);
    assert_int_equal(result->n_details, RESULT_DETAILS);
    assert_string_equal(result->metrics[63].name, "n63");
    assert_true(result_metric(result, "n3")->value == 1000);
    assert_string_equal(result->details[31].name, "n31");
    result_drop(result);
}

/* ---- sizes */

static char *filled(size_t n, const char *with)
{
    char *text = malloc(n + 1);
    const size_t step = strlen(with);

    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = with[i % step];
    text[n] = '\0';
    return text;
}

static size_t all_texts(const struct result *result)
{
    size_t n = strlen(result->reason) + strlen(result->summary) + 2;

    for (size_t i = 0; i < result->n_metrics; i++)
        n += strlen(result->metrics[i].name) + strlen(result->metrics[i].unit) + 2;
    for (size_t i = 0; i < result->n_details; i++)
        n += strlen(result->details[i].name) + strlen(result->details[i].value) + 2;
    return n;
}

static void texts_are_bounded(void **state)
{
    char *text = filled(100000, "\xC3\xA4");
    const struct result_detail details[] = { { "d", text } };
    struct result *result = result_make(STATUS_OK, text, text, 0, NULL, 0, details, 1);

    (void)state;
    assert_int_equal(strlen(result->reason), RESULT_REASON_SIZE);
    assert_int_equal(strlen(result->summary), RESULT_SUMMARY_SIZE);
    assert_int_equal(strlen(result->details[0].value), RESULT_DETAIL_SIZE);
    assert_int_equal(text_valid_utf8(result->summary, RESULT_SUMMARY_SIZE), RESULT_SUMMARY_SIZE);
    result_drop(result);
    free(text);
}

static void all_together_are_bounded(void **state)
{
    static const char *const fillings[] = { "x", "\xFF", "\xC3\xA4", "a\n" };

    (void)state;
    for (size_t f = 0; f < COUNT(fillings); f++) {
        char *text = filled(5000, fillings[f]), names[RESULT_METRICS][300];
        struct result_metric metrics[RESULT_METRICS];
        struct result_detail details[RESULT_DETAILS];
        struct result *result;

        for (size_t i = 0; i < RESULT_METRICS; i++) {
            snprintf(names[i], sizeof names[i], "%zu%.280s", i, text);
            metrics[i] = (struct result_metric){ names[i], text, 1 };
            if (i < RESULT_DETAILS)
                details[i] = (struct result_detail){ names[i], text };
        }
        result = result_make(STATUS_OK, text, text, 0, metrics, RESULT_METRICS, details, RESULT_DETAILS);
        assert_non_null(result);
        assert_true(all_texts(result) <= RESULT_SIZE);
        assert_true(all_texts(result) > RESULT_SIZE - 1000); /* as much as fits */
        assert_int_equal(result->n_metrics, RESULT_METRICS);
        assert_in_range(result->n_details, 10, 15);
        result_drop(result);
        free(text);
    }
}

/* ---- users */

static void *keep_and_drop(void *arg)
{
    for (int i = 0; i < 10000; i++) {
        struct result *result = result_keep(arg);

        if (strcmp(result->reason, "shared") != 0)
            abort();
        result_drop(result);
    }
    result_drop(arg);
    return NULL;
}

static void threads_share_it(void **state)
{
    struct result *result = result_make(STATUS_OK, "shared", "", 0, NULL, 0, NULL, 0);
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, keep_and_drop, result_keep(result)), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&result->users), 1);
    result_drop(result);
}

static void status_words(void **state)
{
    static const char *const words[] = { "ok", "warn", "fail", "unknown", "starting", "stopped" };
    enum status status;

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        assert_string_equal(status_name((enum status)i), words[i]);
        assert_true(status_from(words[i], &status));
        assert_int_equal(status, i);
    }
    assert_string_equal(status_name((enum status)99), "unknown");
    assert_false(status_from("OK", &status));
    assert_false(status_from("", &status));
    assert_false(status_from("failed", &status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_reported),
        cmocka_unit_test(nothing_is_fine),
        cmocka_unit_test(a_status_that_is_none_is_unknown),
        cmocka_unit_test(cleans_texts),
        cmocka_unit_test(the_last_of_a_name_wins),
        cmocka_unit_test(counts_are_bounded),
        cmocka_unit_test(texts_are_bounded),
        cmocka_unit_test(all_together_are_bounded),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(status_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
