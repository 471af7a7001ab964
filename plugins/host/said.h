/* What a run has reported so far: metrics and details, within the bounds of rules.md 2.3. What is over them is left out and counted. */
#ifndef HOST_SAID_H
#define HOST_SAID_H

#include "base/buffer.h"

#include <stdint.h>

enum { SAID_METRICS = 64, SAID_DETAILS = 32, SAID_DETAIL = 4096, SAID_NAME = 128, SAID_UNIT = 16, SAID_ALL = 65536 };

struct said {
    struct said_metric {
        uint32_t name, unit; /* where they stand in text, each with its NUL */
        double value;
    } metrics[SAID_METRICS];
    struct said_detail {
        uint32_t name, value;
    } details[SAID_DETAILS];
    unsigned n_metrics, n_details, cut;
    struct buffer text; /* clean already */
};

void said_clear(struct said *said);
void said_free(struct said *said);
/* The last of a name wins. False: it is no number, and was dropped. */
bool said_metric(struct said *said, const char *name, double value, const char *unit);
void said_detail(struct said *said, const char *name, const char *value);

#endif
