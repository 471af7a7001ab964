/* When something has to begin again and again: cron's five fields, by the clocks of a time zone (as for `maintenance:`, talon.yaml(5)). */
#ifndef KIT_SCHEDULE_H
#define KIT_SCHEDULE_H

#include <talon/plugin.h>

/* zone NULL: the machine's own. 0: `option` is which of the two is wrong, `cron` or `zone`; the problem's text says why. */
int schedule_valid(const char *cron, const char *zone, struct talon_problem *problem);
/* The last beginning at or before that time, and the next after it; times are ns since 1970. 0: there is none within ten years, or it is no schedule. */
int schedule_last(const char *cron, const char *zone, int64_t unix_ns, int64_t *begins);
int schedule_next(const char *cron, const char *zone, int64_t unix_ns, int64_t *begins);

#endif
