/*
 * What people have to do with: incidents, silences, the pause. GET /api/v1/incidents, one of them with its timeline, and their part of the status. Times of the
 * judgement that go on in sleep are told as moments of the calendar.
 */
#include "serve/render_people.h"

#include "serve/json.h"
#include "serve/render_heal.h"
#include "serve/serve.h"

#include <string.h>

static void add_fields(const struct snapshot *snapshot, const struct snapshot_incident *incident, struct buffer *out)
{
    buffer_char(out, '{');
    json_count(out, "id", incident->id);
    json_text(out, "service", incident->service);
    json_text(out, "state", engine_ending_name(incident->ending));
    json_moment(out, "opened_unix", incident->opened);
    json_moment(out, "closed_unix", incident->closed);
    json_name(out, "folded_into");
    if (incident->folded_into > 0)
        json_number(out, (double)incident->folded_into);
    else
        buffer_text(out, "null");
    json_count(out, "joined", incident->joined);
    json_count(out, "reopened", incident->reopened);
    json_bool(out, "told", incident->told != TOLD_NOTHING);
    json_bool(out, "acked", incident->acked);
    json_text(out, "acked_by", incident->acked_by);
    json_moment(out, "acked_until_unix", incident->acked_until);
    render_repair(snapshot, incident->ending == INCIDENT_OPEN ? incident->id : 0, out);
}

static void add_timeline(const struct snapshot_incident *incident, struct buffer *out)
{
    json_name(out, "timeline");
    buffer_char(out, '[');
    for (unsigned i = 0; i < incident->n_entries; i++) {
        const struct engine_entry *entry = &incident->entries[i];

        buffer_text(out, i > 0 ? ",\n  {" : "\n  {");
        json_moment(out, "at_unix", entry->at);
        json_text(out, "kind", engine_entry_name(entry->kind));
        json_text(out, "who", entry->who[0] ? entry->who : NULL);
        buffer_char(out, '}');
    }
    buffer_char(out, ']');
    json_count(out, "timeline_left_out", incident->dropped);
}

static void add_incidents(const struct snapshot *snapshot, size_t n, struct buffer *out)
{
    json_name(out, "incidents");
    buffer_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        buffer_text(out, i > 0 ? ",\n " : "\n ");
        add_fields(snapshot, &snapshot->incidents[i], out);
        buffer_char(out, '}');
    }
    buffer_char(out, ']');
}

static void add_silence(const struct snapshot_silence *silence, struct buffer *out)
{
    buffer_char(out, '{');
    json_text(out, "service", silence->service);
    json_text(out, "window", silence->window);
    json_text(out, "note", silence->note);
    json_moment(out, "since_unix", silence->since);
    json_moment(out, "until_unix", silence->until);
    json_bool(out, "until_ok", silence->until_ok);
    buffer_char(out, '}');
}

void render_silences(const struct snapshot *snapshot, const char *service, struct buffer *out)
{
    size_t n = 0;

    json_name(out, "silences");
    buffer_char(out, '[');
    for (size_t i = 0; snapshot && i < snapshot->n_silences; i++) {
        if (!render_silence_is_of(&snapshot->silences[i], service))
            continue;
        buffer_text(out, n++ > 0 ? ",\n " : "\n ");
        add_silence(&snapshot->silences[i], out);
    }
    buffer_char(out, ']');
}

void render_open_incidents(const struct snapshot *snapshot, struct buffer *out)
{
    add_incidents(snapshot, snapshot ? snapshot->n_open : 0, out);
}

void render_incidents(const struct snapshot *snapshot, struct buffer *out)
{
    buffer_char(out, '{');
    json_moment(out, "updated_at_unix", snapshot ? snapshot->updated : 0);
    add_incidents(snapshot, snapshot ? snapshot->n_incidents : 0, out);
    buffer_text(out, "}\n");
}

const struct snapshot_incident *render_find_incident(const struct snapshot *snapshot, uint64_t id)
{
    for (size_t i = 0; snapshot && i < snapshot->n_incidents; i++)
        if (snapshot->incidents[i].id == id)
            return &snapshot->incidents[i];
    return NULL;
}

void render_one_incident(const struct snapshot *snapshot, const struct snapshot_incident *incident, struct buffer *out)
{
    add_fields(snapshot, incident, out);
    add_timeline(incident, out);
    buffer_char(out, '}');
}

bool render_incident(const struct snapshot *snapshot, uint64_t id, struct buffer *out)
{
    const struct snapshot_incident *incident = render_find_incident(snapshot, id);

    if (!incident)
        return false;
    render_one_incident(snapshot, incident, out);
    buffer_char(out, '\n');
    return true;
}

bool render_silence_is_of(const struct snapshot_silence *silence, const char *service)
{
    return !service || !silence->service || strcmp(silence->service, service) == 0;
}
