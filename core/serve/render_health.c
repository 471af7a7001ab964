/*
 * GET /health: the contract of the program before this one (systems.md 12.8, item 86: its eight fields, in their order, with their types), then what is
 * new. Readers ask it every few seconds, so it names failed probes and nothing else of them.
 */
#include "serve/facts.h"
#include "serve/json.h"
#include "serve/serve.h"

static void add_failed_probes(const struct snapshot *snapshot, struct buffer *out)
{
    struct buffer name = buffer_make(0);
    size_t n = 0;

    json_name(out, "failed_probes");
    buffer_char(out, '[');
    for (size_t i = 0; snapshot && i < snapshot->model->n_checks; i++) {
        if (!snapshot->checks[i].failed_probe)
            continue;
        buffer_clear(&name);
        facts_probe_name(snapshot->model, i, &name);
        out->failed = out->failed || name.failed;
        buffer_text(out, n++ > 0 ? "," : "");
        json_string(out, buffer_string(&name));
    }
    buffer_char(out, ']');
    buffer_free(&name);
}

void render_health(const struct snapshot *snapshot, bool stalled, struct buffer *out)
{
    static const struct engine_overall none = { .state = STATE_STARTING };
    const struct engine_overall *overall = snapshot ? &snapshot->overall : &none;

    buffer_char(out, '{');
    json_bool(out, "ok", overall->ok && !stalled);
    json_text(out, "state", facts_state(snapshot));
    json_count(out, "consecutive_failures", overall->consecutive_failures);
    json_count(out, "probe_count", overall->probe_count);
    json_count(out, "failed_probe_count", overall->failed_probe_count);
    add_failed_probes(snapshot, out);
    json_count(out, "worker_restarts", snapshot ? snapshot->worker_restarts : 0);
    json_count(out, "updated_at_unix", snapshot && snapshot->updated > 0 ? (uint64_t)snapshot->updated / NS_PER_S : 0);
    json_count(out, "witnesses_failed", overall->witnesses_failed);
    json_count(out, "silenced", overall->silenced);
    json_count(out, "stopped", overall->stopped);
    json_bool(out, "stalled", stalled);
    json_text(out, "config_error", snapshot ? snapshot->config_error : NULL);
    json_text(out, "version", TALON_VERSION);
    buffer_text(out, "}\n");
}
