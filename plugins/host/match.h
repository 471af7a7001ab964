/* Regular expressions (PCRE2), compiled once for each use and bounded: a bad pattern on a hostile text costs milliseconds, not the host. */
#ifndef HOST_MATCH_H
#define HOST_MATCH_H

#include <stddef.h>
#include <talon/plugin.h>

enum { MATCH_WHY = 200 };

/* Adds it to a list that match_free() frees. NULL: it cannot be compiled; why says where and how. */
const struct talon_pattern *match_compile(struct talon_pattern **list, const char *text, char why[MATCH_WHY]);
void match_free(struct talon_pattern *list);
/* Not 0: found, where is in span (may be NULL). `over` is set to a text where it was given up for being too expensive, which counts as not found. */
int match_find(const struct talon_pattern *pattern, const char *text, size_t n, size_t span[2], const char **over);
/* What all matches share. */
void match_end(void);

#endif
