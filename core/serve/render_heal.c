/*
 * Repair, for people and programs: GET /api/v1/limits (what bounds each runbook, and what refuses now), GET /api/v1/heal (what runs, and where each incident
 * stands), and their part of status, why and page.
 */
#include "serve/render_heal.h"

#include "serve/json.h"
#include "serve/serve.h"

#include <string.h>

const char *render_impact(enum model_impact impact)
{
    static const char *const words[] = { [MODEL_OBSERVE] = "observe", [MODEL_RESTART] = "restart", [MODEL_DISRUPT] = "disruptive",
                                         [MODEL_DESTROY] = "destructive" };

    return words[impact];
}

/* ---- limits */

static int64_t wall_until(const struct snapshot_heal *heal, uint64_t elapsed)
{
    return elapsed == UINT64_MAX || elapsed < heal->at.elapsed ? 0 : heal->at.wall + (int64_t)(elapsed - heal->at.elapsed);
}

void render_refusals(const struct moment *at, const struct heal_answer *answer, struct buffer *out)
{
    const struct snapshot_heal heal = { .at = *at };
    struct buffer text = buffer_make(0);
    size_t n = 0;

    json_name(out, "refuses");
    buffer_char(out, '[');
    for (int i = LIMIT_NONE + 1; i < LIMITS; i++) {
        struct heal_answer one = { .limit = (enum heal_limit)i, .until = answer->untils[i], .holder = i == LIMIT_LOCKS ? answer->holder : NULL };

        if ((answer->refusing >> i & 1) == 0)
            continue;
        buffer_clear(&text);
        heal_limit_text(&one, at, &text);
        buffer_text(out, n++ > 0 ? ",{" : "{");
        json_text(out, "limit", heal_limit_name(one.limit));
        json_text(out, "text", buffer_string(&text));
        json_moment(out, "until_unix", wall_until(&heal, one.until));
        buffer_char(out, '}');
    }
    buffer_char(out, ']');
    out->failed = out->failed || text.failed;
    buffer_free(&text);
}

static void add_limits(const struct model_limits *limits, struct buffer *out)
{
    json_count(out, "attempts_most", limits->attempts);
    json_ms(out, "cooldown_ms", limits->cooldown);
    json_count(out, "at_most", limits->at_most);
    json_ms(out, "per_ms", limits->at_most_window);
    json_ms(out, "hold_after_failure_ms", limits->hold_after_failure);
    json_count(out, "confirm_ticks", limits->confirm_ticks);
    json_count(out, "confirm_tries", limits->confirm_tries);
    json_text(out, "warmup", limits->warmup.n > 0 ? limits->warmup.text : NULL);
    json_text(out, "owner", limits->owner.n > 0 ? limits->owner.text : NULL);
    json_name(out, "locks");
    buffer_char(out, '[');
    for (size_t i = 0; i < limits->n_locks; i++) {
        buffer_text(out, i > 0 ? "," : "");
        json_string(out, limits->locks[i]);
    }
    buffer_char(out, ']');
}

static void add_entry(const struct snapshot *snapshot, const struct snapshot_entry *entry, struct buffer *out)
{
    const struct model_service *service = &snapshot->model->services[entry->service];
    const struct model_heal *heal = &service->heal[entry->nth];

    buffer_char(out, '{');
    json_text(out, "service", service->name);
    json_text(out, "runbook", heal->bound->name);
    json_text(out, "when", heal->when.n > 0 ? heal->when.text : NULL);
    json_text(out, "impact", render_impact(heal->bound->impact));
    json_bool(out, "running", entry->running);
    json_count(out, "attempts", entry->attempts);
    json_count(out, "in_window", entry->in_window);
    json_moment(out, "last_begun_unix", entry->last);
    json_moment(out, "failed_at_unix", entry->failed_at);
    add_limits(&heal->bound->limits, out);
    json_text(out, "limit", entry->answer.limit == LIMIT_NONE ? NULL : heal_limit_name(entry->answer.limit));
    json_moment(out, "allows_at_unix", entry->answer.limit == LIMIT_NONE ? 0 : wall_until(snapshot->heal, entry->answer.until));
    render_refusals(&snapshot->heal->at, &entry->answer, out);
    buffer_char(out, '}');
}

static void add_global(const struct snapshot *snapshot, struct buffer *out)
{
    const struct model_settings *settings = &snapshot->model->settings;

    json_count(out, "at_most", settings->remediation_at_most);
    json_ms(out, "per_ms", settings->remediation_window);
    json_count(out, "concurrent", settings->remediation_concurrent);
    json_count(out, "storm_percent", settings->storm_percent);
    json_ms(out, "storm_cooldown_ms", settings->storm_cooldown);
    json_bool(out, "sick", snapshot->overall.sick);
    json_bool(out, "storm", snapshot->overall.storm);
    json_bool(out, "switched_off", snapshot->heal && snapshot->heal->switched_off);
    json_bool(out, "safe_mode", snapshot->heal && snapshot->heal->safe_mode);
}

void render_limits(const struct snapshot *snapshot, struct buffer *out)
{
    const struct snapshot_heal *heal = snapshot ? snapshot->heal : NULL;

    buffer_char(out, '{');
    json_moment(out, "updated_at_unix", snapshot ? snapshot->updated : 0);
    json_moment(out, "paused_until_unix", snapshot ? snapshot->paused_until : 0);
    json_name(out, "global");
    buffer_char(out, '{');
    if (snapshot)
        add_global(snapshot, out);
    buffer_char(out, '}');
    json_name(out, "runbooks");
    buffer_char(out, '[');
    for (size_t i = 0; heal && i < heal->n_entries; i++) {
        buffer_text(out, i > 0 ? ",\n " : "\n ");
        add_entry(snapshot, &heal->entries[i], out);
    }
    buffer_text(out, "]}\n");
}

/* ---- what runs, and where incidents stand */

static const char *tier_word(enum engine_tier tier)
{
    static const char *const words[] = { [TIER_NONE] = "none", [TIER_RUNBOOKS] = "runbooks", [TIER_AGENT] = "agent", [TIER_AGENT_FALLBACK] = "agent-fallback",
                                         [TIER_SOS] = "sos" };

    return words[tier];
}

static void add_run(const struct snapshot_run *run, struct buffer *out)
{
    buffer_char(out, '{');
    json_count(out, "run", run->run);
    json_text(out, "runbook", run->runbook);
    json_text(out, "service", run->service);
    json_count(out, "incident", run->incident);
    json_text(out, "step", run->step);
    json_text(out, "doing", run->doing);
    json_bool(out, "verifying", run->verifying);
    json_moment(out, "begun_unix", run->begun);
    json_moment(out, "deadline_unix", run->deadline);
    buffer_char(out, '}');
}

static const char *runbook_of(const struct snapshot *snapshot, const struct snapshot_place *at)
{
    const struct model *model = snapshot->model;

    if (at->service >= model->n_services || at->place.entry >= model->services[at->service].n_heal)
        return NULL;
    return model->services[at->service].heal[at->place.entry].bound->name;
}

static void add_place(const struct snapshot *snapshot, const struct snapshot_place *at, struct buffer *out)
{
    buffer_char(out, '{');
    json_count(out, "incident", at->incident);
    json_text(out, "service", at->service < snapshot->model->n_services ? snapshot->model->services[at->service].name : NULL);
    json_text(out, "tier", tier_word(at->place.tier));
    json_text(out, "runbook", runbook_of(snapshot, at));
    json_count(out, "attempts", at->place.attempts);
    json_bool(out, "running", at->place.running);
    json_bool(out, "exhausted", at->place.exhausted);
    json_text(out, "limit", at->place.limit == LIMIT_NONE ? NULL : heal_limit_name(at->place.limit));
    json_moment(out, "until_unix", at->until);
    json_bool(out, "sos_out", at->place.sos_out);
    json_moment(out, "sos_due_unix", at->place.sos_due);
    json_text(out, "text", at->text);
    buffer_char(out, '}');
}

const struct snapshot_place *render_find_place(const struct snapshot *snapshot, uint64_t incident)
{
    const struct snapshot_heal *heal = snapshot->heal;

    for (size_t i = 0; heal && incident > 0 && i < heal->n_places; i++)
        if (heal->places[i].incident == incident)
            return &heal->places[i];
    return NULL;
}

void render_repair(const struct snapshot *snapshot, uint64_t incident, struct buffer *out)
{
    const struct snapshot_place *at = render_find_place(snapshot, incident);

    json_name(out, "repair");
    if (at)
        add_place(snapshot, at, out);
    else
        buffer_text(out, "null");
}

void render_repairs(const struct snapshot *snapshot, const char *name, struct buffer *out)
{
    const struct snapshot_heal *heal = snapshot ? snapshot->heal : NULL;

    json_name(out, name);
    buffer_char(out, '[');
    for (size_t i = 0; heal && i < heal->n_runs; i++) {
        buffer_text(out, i > 0 ? ",\n " : "\n ");
        add_run(&heal->runs[i], out);
    }
    buffer_char(out, ']');
}

void render_heal(const struct snapshot *snapshot, struct buffer *out)
{
    const struct snapshot_heal *heal = snapshot ? snapshot->heal : NULL;

    buffer_char(out, '{');
    json_moment(out, "updated_at_unix", snapshot ? snapshot->updated : 0);
    json_bool(out, "switched_off", heal && heal->switched_off);
    json_bool(out, "safe_mode", heal && heal->safe_mode);
    json_moment(out, "paused_until_unix", snapshot ? snapshot->paused_until : 0);
    render_repairs(snapshot, "running", out);
    json_name(out, "incidents");
    buffer_char(out, '[');
    for (size_t i = 0; heal && i < heal->n_places; i++) {
        buffer_text(out, i > 0 ? ",\n " : "\n ");
        add_place(snapshot, &heal->places[i], out);
    }
    buffer_text(out, "]}\n");
}
