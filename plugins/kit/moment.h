/*
 * Moments as watched systems write them, in nanoseconds since 1970: a system's own clock may differ from ours (a VM's does after each sleep), so an age is told
 * from two moments that the same clock has written.
 */
#ifndef KIT_MOMENT_H
#define KIT_MOMENT_H

#include <talon/plugin.h>

/* `2026-01-02T03:04:05.678901234Z` or with +01:00 in place of Z (RFC 3339). 0: it is none, or the year 1, with which Go writes "never". */
int moment_rfc3339(const char *text, int64_t *unix_ns);
/* `Fri, 02 Jan 2026 03:04:05 GMT`, as HTTP writes it. 0: it is none. */
int moment_http(const char *text, int64_t *unix_ns);
/* What the peer's clock says: the Date of its answer, else our own calendar. */
int64_t moment_of_peer(struct talon_run *run, const struct talon_response *got);

#endif
