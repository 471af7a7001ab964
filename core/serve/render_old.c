/*
 * state.json and last-probe.json as readers of the program before this one know them (systems.md 12.8, item 88). A probe is a check that is enabled and
 * no witness; its name is that of /health's failed_probes. Times of repair are whole seconds
 * since 1970, null until there was any.
 */
#include "serve/facts.h"
#include "serve/json.h"
#include "serve/serve.h"

static void add_probe(const struct snapshot *snapshot, size_t check, struct buffer *out)
{
    const struct result *result = snapshot->checks[check].last;
    struct buffer name = buffer_make(0);

    facts_probe_name(snapshot->model, check, &name);
    out->failed = out->failed || name.failed;
    buffer_char(out, '{');
    json_text(out, "name", buffer_string(&name));
    json_bool(out, "passed", result->status == STATUS_OK || result->status == STATUS_WARN);
    json_text(out, "output", result->summary);
    json_count(out, "duration_ms", result->duration_ns / NS_PER_MS);
    buffer_char(out, '}');
    buffer_free(&name);
}

static void add_probes(const struct snapshot *snapshot, struct buffer *out)
{
    size_t n = 0;

    buffer_char(out, '[');
    for (size_t i = 0; snapshot && i < snapshot->model->n_checks; i++) {
        if (!facts_is_probe(snapshot->model, i) || !snapshot->checks[i].last)
            continue;
        buffer_text(out, n++ > 0 ? ",\n" : "\n");
        add_probe(snapshot, i, out);
    }
    buffer_text(out, n > 0 ? "\n]" : "]");
}

void render_old_probes(const struct snapshot *snapshot, struct buffer *out)
{
    add_probes(snapshot, out);
    buffer_char(out, '\n');
}

void render_old_state(const struct snapshot *snapshot, struct buffer *out)
{
    const struct snapshot_heal *heal = snapshot ? snapshot->heal : NULL;

    buffer_char(out, '{');
    json_text(out, "current_state", facts_state(snapshot));
    json_count(out, "consecutive_failures", snapshot ? snapshot->overall.consecutive_failures : 0);
    json_moment(out, "last_heal_time", heal ? heal->last_run : 0);
    json_moment(out, "last_agent_time", heal ? heal->last_agent : 0);
    json_moment(out, "last_sos_time", heal ? heal->last_sos : 0);
    json_name(out, "last_probe_results");
    add_probes(snapshot, out);
    json_count(out, "worker_restarts", snapshot ? snapshot->worker_restarts : 0);
    buffer_text(out, "}\n");
}
