/* Times as Kubernetes writes them. */
#ifndef KUBERNETES_MOMENT_H
#define KUBERNETES_MOMENT_H

#include <talon/plugin.h>

/* Unix seconds of `2026-11-23T09:00:00Z` (RFC 3339, a fraction is dropped); 0: it is none. NULL is none. */
int64_t moment_read(const char *text);
/* "14 min" since then by the calendar; "" where it is none. Lives as long as the run. */
const char *moment_since(struct talon_run *run, const char *text);
/* The same of seconds; Kubernetes knows no shorter time than one. */
const char *moment_words(struct talon_run *run, int64_t seconds);
/* Seconds since then; -1: it is none. The future is 0. */
int64_t moment_age(struct talon_run *run, const char *text);

#endif
