/*
 * What a run reported: see result.h. The texts are cleaned into one buffer first; how long they are then decides the one allocation that holds
 * everything, so that a result is freed with one call by whoever drops it last.
 */
#include "base/result.h"

#include "base/shortage.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 128 };

static const char *const words[] = {
    [STATUS_OK] = "ok", [STATUS_WARN] = "warn", [STATUS_FAIL] = "fail", [STATUS_UNKNOWN] = "unknown", [STATUS_STARTING] = "starting", [STATUS_STOPPED] = "stopped",
};

enum { WORDS = sizeof words / sizeof words[0] };

const char *status_name(enum status status)
{
    return (unsigned)status < WORDS ? words[status] : words[STATUS_UNKNOWN];
}

int status_from(const char *name, enum status *status)
{
    for (unsigned i = 0; i < WORDS; i++) {
        if (strcmp(words[i], name) == 0) {
            *status = (enum status)i;
            return 1;
        }
    }
    return 0;
}

/* ---- choosing: the last of a name wins, at the place of the first */

struct draft {
    struct buffer texts;
    size_t reason, summary; /* where in texts */
    struct draft_metric {
        const struct result_metric *given;
        size_t name, unit;
    } metrics[RESULT_METRICS];
    struct draft_detail {
        const struct result_detail *given;
        size_t name, value;
    } details[RESULT_DETAILS];
    size_t n_metrics, n_details;
};

static void choose_metric(struct draft *draft, const struct result_metric *given)
{
    size_t i = 0;

    if (!given->name || given->name[0] == '\0' || !isfinite(given->value))
        return;
    while (i < draft->n_metrics && strcmp(draft->metrics[i].given->name, given->name) != 0)
        i++;
    if (i < RESULT_METRICS)
        draft->metrics[i].given = given;
    if (i == draft->n_metrics && i < RESULT_METRICS)
        draft->n_metrics++;
}

static void choose_detail(struct draft *draft, const struct result_detail *given)
{
    size_t i = 0;

    if (!given->name || given->name[0] == '\0')
        return;
    while (i < draft->n_details && strcmp(draft->details[i].given->name, given->name) != 0)
        i++;
    if (i < RESULT_DETAILS)
        draft->details[i].given = given;
    if (i == draft->n_details && i < RESULT_DETAILS)
        draft->n_details++;
}

/* ---- cleaning, within the bound for all of it */

/* Adds a text and its NUL; returns where it begins. */
static size_t add(struct draft *draft, const char *text, size_t max, void (*clean)(struct buffer *, const char *, size_t, size_t))
{
    const size_t at = draft->texts.len, left = RESULT_SIZE - at - 1;

    if (text && left > 0)
        clean(&draft->texts, text, strlen(text), max < left ? max : left);
    buffer_char(&draft->texts, '\0');
    return at;
}

/* A reason is a token: what stands between its parts must not divide it. */
static void clean_token(struct buffer *out, const char *text, size_t n, size_t max)
{
    const size_t start = out->len;

    text_clean(out, text, n, max);
    for (size_t i = start; i < out->len; i++)
        if (out->data[i] == ' ')
            out->data[i] = '_';
}

/* A name and its value are given whole or not at all: is there room for both, the value perhaps cut? */
static bool has_room(const struct draft *draft, const char *name)
{
    const size_t n = strnlen(name, NAME_SIZE);

    return RESULT_SIZE - draft->texts.len > 3 * n + 8; /* a byte that is not UTF-8 grows to three */
}

static void clean_metrics(struct draft *draft)
{
    size_t kept = 0;

    for (size_t i = 0; i < draft->n_metrics; i++) {
        struct draft_metric metric = draft->metrics[i];

        if (!has_room(draft, metric.given->name))
            continue;
        metric.name = add(draft, metric.given->name, NAME_SIZE, text_clean);
        metric.unit = add(draft, metric.given->unit, NAME_SIZE, text_clean);
        draft->metrics[kept++] = metric;
    }
    draft->n_metrics = kept;
}

static void clean_details(struct draft *draft)
{
    size_t kept = 0;

    for (size_t i = 0; i < draft->n_details; i++) {
        struct draft_detail detail = draft->details[i];

        if (!has_room(draft, detail.given->name))
            continue;
        detail.name = add(draft, detail.given->name, NAME_SIZE, text_clean);
        detail.value = add(draft, detail.given->value, RESULT_DETAIL_SIZE, text_clean_lines);
        draft->details[kept++] = detail;
    }
    draft->n_details = kept;
}

/* ---- the one allocation: the result, its metrics, its details, their texts */

static struct result *build(const struct draft *draft)
{
    const size_t metrics_size = draft->n_metrics * sizeof(struct result_metric), details_size = draft->n_details * sizeof(struct result_detail);
    struct result *result = calloc(1, sizeof *result + metrics_size + details_size + draft->texts.len);
    struct result_metric *metrics;
    struct result_detail *details;
    char *texts;

    if (!result)
        return NULL;
    metrics = (struct result_metric *)(void *)(result + 1);
    details = (struct result_detail *)(void *)(metrics + draft->n_metrics);
    texts = (char *)(details + draft->n_details);
    memcpy(texts, draft->texts.data, draft->texts.len);
    for (size_t i = 0; i < draft->n_metrics; i++)
        metrics[i] = (struct result_metric){ .name = texts + draft->metrics[i].name, .unit = texts + draft->metrics[i].unit, .value = draft->metrics[i].given->value };
    for (size_t i = 0; i < draft->n_details; i++)
        details[i] = (struct result_detail){ .name = texts + draft->details[i].name, .value = texts + draft->details[i].value };
    result->reason = texts + draft->reason;
    result->summary = texts + draft->summary;
    result->n_metrics = draft->n_metrics;
    result->n_details = draft->n_details;
    result->metrics = metrics;
    result->details = details;
    atomic_init(&result->users, 1);
    return result;
}

/* What a run reported is lost where there is no memory for it, but not that it has ended. Its one user more is this file, so that nobody frees it. */
static struct result no_memory = {
    .status = STATUS_UNKNOWN, .reason = "local", .summary = "Talon has no memory for what this check reported", .users = 1,
};

struct result *result_make(enum status status, const char *reason, const char *summary, uint64_t duration_ns,
                           const struct result_metric *metrics, size_t n_metrics, const struct result_detail *details, size_t n_details)
{
    struct draft draft = { .texts = buffer_make(RESULT_SIZE) };
    struct result *result = NULL;

    for (size_t i = 0; i < n_metrics; i++)
        choose_metric(&draft, &metrics[i]);
    for (size_t i = 0; i < n_details; i++)
        choose_detail(&draft, &details[i]);
    draft.reason = add(&draft, reason, RESULT_REASON_SIZE, clean_token);
    draft.summary = add(&draft, summary, RESULT_SUMMARY_SIZE, text_clean);
    clean_metrics(&draft);
    clean_details(&draft);
    if (!draft.texts.failed)
        result = build(&draft);
    buffer_free(&draft.texts);
    if (!result) {
        shortage_note();
        return result_keep(&no_memory);
    }
    result->status = (unsigned)status < WORDS ? status : STATUS_UNKNOWN;
    result->duration_ns = duration_ns;
    return result;
}

struct result *result_keep(struct result *result)
{
    if (result)
        atomic_fetch_add_explicit(&result->users, 1, memory_order_relaxed);
    return result;
}

void result_drop(struct result *result)
{
    if (result && atomic_fetch_sub_explicit(&result->users, 1, memory_order_acq_rel) == 1)
        free(result);
}

const struct result_metric *result_metric(const struct result *result, const char *name)
{
    for (size_t i = 0; i < result->n_metrics; i++)
        if (strcmp(result->metrics[i].name, name) == 0)
            return &result->metrics[i];
    return NULL;
}
