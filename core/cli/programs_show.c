/* A line for a supervised program: its state, since when, its process, how often it was started again, and what is waited for. See programs_show.h. */
#include "cli/programs_show.h"

#include "cli/cli.h"
#include "cli/fields.h"

#include <stdio.h>
#include <string.h>

enum { NAME = 20, STATE = 22 };

/* Between two parts. */
static const char *gap(const struct buffer *out)
{
    return out->len > 0 ? "  " : "";
}

static void add_detail(struct buffer *out, const cJSON *program)
{
    const char *why = field_text(program, "why"), *end = field_text(program, "last_end");
    const double pid = field_number(program, "pid"), next = field_number(program, "next_unix");
    char left[32];

    if (pid > 0.)
        buffer_printf(out, "pid %.0f", pid);
    if (field_number(program, "restarts") > 0.)
        buffer_printf(out, "%s%.0f restarts", gap(out), field_number(program, "restarts"));
    if (next > 0. && strcmp(field_text(program, "state"), "running") != 0) {
        field_left(next, left, sizeof left);
        buffer_printf(out, "%sagain in %s", gap(out), left);
    }
    if (why[0])
        buffer_printf(out, "%s%s", gap(out), why);
    else if (end[0])
        buffer_printf(out, "%slast end: %s", gap(out), end);
}

void programs_row(struct buffer *out, const cJSON *program)
{
    const char *state = field_text(program, "state");
    struct buffer detail = buffer_make(0);
    char age[32];

    field_age(field_number(program, "since_unix"), age, sizeof age);
    cli_cell(out, field_text(program, "name"), NAME, 1);
    cli_cell(out, state, STATE, 1);
    cli_cell(out, age, 8, 1);
    add_detail(&detail, program);
    cli_rest(out, buffer_string(&detail), NAME + STATE + 8);
    buffer_char(out, '\n');
    buffer_free(&detail);
}
