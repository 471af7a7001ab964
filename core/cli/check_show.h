/* What a one shot found, as `talon check` prints it. Each appends its whole answer. */
#ifndef CLI_CHECK_SHOW_H
#define CLI_CHECK_SHOW_H

#include "base/buffer.h"
#include "cli/shot.h"

/* One object, as design.md 14 gives it. */
void check_show_json(struct buffer *out, const struct shot *shot);
/* As a Nagios plugin: one line with performance data, then a line for each check that is not ok. */
void check_show_nagios(struct buffer *out, const struct shot *shot);
/* A table; in a terminal with colours, and no row longer than that is wide. */
void check_show_table(struct buffer *out, const struct shot *shot);

#endif
