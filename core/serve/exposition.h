/*
 * Writes metrics in Prometheus' text format 0.0.4 or OpenMetrics 1.0. Both are the same lines but for a few rules, and those are here alone. Private
 * to serve. Sources: prometheus.io/docs/instrumenting/exposition_formats, github.com/prometheus/OpenMetrics (specification/OpenMetrics.md).
 */
#ifndef SERVE_EXPOSITION_H
#define SERVE_EXPOSITION_H

#include "base/buffer.h"

enum exposition_type { EXPOSITION_GAUGE, EXPOSITION_COUNTER, EXPOSITION_INFO, EXPOSITION_STATESET };

struct exposition {
    struct buffer *out;
    bool openmetrics;
    const char *name;              /* of the family that was begun last */
    enum exposition_type type;
    bool labelled;                 /* the sample that is being written has a label */
};

/* Begins a family: HELP and TYPE. name: without `_total` or `_info`, which are added where they belong. Kept: a literal. */
void exposition_family(struct exposition *exposition, const char *name, enum exposition_type type, const char *help);
/* A sample: begin, labels, value. */
void exposition_sample(struct exposition *exposition);
void exposition_label(struct exposition *exposition, const char *name, const char *value);
void exposition_value(struct exposition *exposition, double value);
/* A sample without labels. */
void exposition_single(struct exposition *exposition, double value);
/* The end mark, where there is one. */
void exposition_end(struct exposition *exposition);

#endif
