/*
 * What a run reported: facts, no judgement. Made once by core/hosts (already cleaned and bounded, rules.md 2.3), never changed,
 * counted by reference: the engine, the snapshot of the serving thread and the store hold the same one.
 */
#ifndef BASE_RESULT_H
#define BASE_RESULT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum status { STATUS_OK, STATUS_WARN, STATUS_FAIL, STATUS_UNKNOWN, STATUS_STARTING, STATUS_STOPPED };

enum {
    RESULT_METRICS = 64,
    RESULT_DETAILS = 32,
    RESULT_DETAIL_SIZE = 4096,
    RESULT_SUMMARY_SIZE = 512,
    RESULT_REASON_SIZE = 64,
    RESULT_SIZE = 65536,
};

struct result_metric {
    const char *name, *unit;
    double value;
};

struct result_detail {
    const char *name, *value;
};

struct result {
    atomic_uint users;
    enum status status;
    const char *reason;  /* token */
    const char *summary; /* one line */
    uint64_t duration_ns;
    size_t n_metrics, n_details;
    const struct result_metric *metrics;
    const struct result_detail *details;
};

/* A new result with one user; copies everything into one allocation, cleans texts, drops NaN and infinite metrics, keeps the last of a
 * name, cuts what is over the bounds above. Never NULL: without memory it is one of all, `unknown`, `local`, which says so. */
struct result *result_make(enum status status, const char *reason, const char *summary, uint64_t duration_ns,
                           const struct result_metric *metrics, size_t n_metrics, const struct result_detail *details, size_t n_details);
/* One more user. Returns the same; NULL stays NULL. Any thread. */
struct result *result_keep(struct result *result);
/* One user less; the last one frees it. NULL: nothing. Any thread. */
void result_drop(struct result *result);
/* The metric of that name, or NULL. */
const struct result_metric *result_metric(const struct result *result, const char *name);
/* "ok", "warn" ... and back (false: no such word). */
const char *status_name(enum status status);
int status_from(const char *name, enum status *status);

#endif
