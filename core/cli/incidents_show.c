/* Incidents and silences in words: see incidents_show.h. */
#include "cli/incidents_show.h"

#include <stdio.h>
#include <string.h>

static void add_acked(const cJSON *incident, struct buffer *line)
{
    const char *by = field_text(incident, "acked_by");
    const double until = field_number(incident, "acked_until_unix");
    char left[32];

    if (!field_true(incident, "acked"))
        return;
    buffer_text(line, ", acknowledged");
    if (until > 0.) {
        field_left(until, left, sizeof left);
        buffer_printf(line, " for %s more", left);
    }
    if (by[0])
        buffer_printf(line, " %s", by);
}

void describe_incident(const cJSON *incident, struct buffer *line)
{
    const double joined = field_number(incident, "joined"), reopened = field_number(incident, "reopened"), opened = field_number(incident, "opened_unix"),
                 closed = field_number(incident, "closed_unix"), into = field_number(incident, "folded_into");
    const char *state = field_text(incident, "state");
    char age[32], ago[32];

    field_age(opened, age, sizeof age);
    field_age(closed, ago, sizeof ago);
    buffer_printf(line, "incident %.0f of %s, ", field_number(incident, "id"), field_text(incident, "service"));
    if (strcmp(state, "open") == 0)
        buffer_printf(line, "open for %s", age);
    else
        buffer_printf(line, "%s %s ago, opened %s ago", state, ago, age);
    if (into > 0.)
        buffer_printf(line, " (into incident %.0f)", into);
    if (joined > 0.)
        buffer_printf(line, joined > 1. ? ", %.0f services with it" : ", %.0f service with it", joined);
    if (reopened > 0.)
        buffer_printf(line, ", opened again %.0f time%s", reopened, reopened > 1. ? "s" : "");
    add_acked(incident, line);
    if (field_text(field(incident, "repair"), "text")[0])
        buffer_printf(line, "; repair: %s", field_text(field(incident, "repair"), "text"));
}

void describe_silence(const cJSON *silence, struct buffer *line)
{
    const char *service = field_text(silence, "service"), *window = field_text(silence, "window"), *note = field_text(silence, "note");
    const double until = field_number(silence, "until_unix");
    char left[32];

    buffer_printf(line, "%s is silenced", service[0] ? service : "everything");
    if (window[0])
        buffer_printf(line, " by the window %s", window);
    if (until > 0.) {
        field_left(until, left, sizeof left);
        buffer_printf(line, field_true(silence, "until_ok") ? ", until it is ok, at most %s more" : ", %s left", left);
    }
    if (note[0])
        buffer_printf(line, "; %s", note);
}
