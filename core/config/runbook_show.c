/* What a person is told of the runbooks that services ask for, before any of them runs: impact and limits, as text and as JSON. */
#include "config/runbook.h"

#include "base/scalar.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

static const char *duration(uint64_t ns, char text[64])
{
    scalar_show_duration(ns, text, 64);
    return text;
}

void config_show_limits(const struct model_limits *limits, struct buffer *out)
{
    char one[64], two[64];

    buffer_printf(out, "attempts %u, cooldown %s, ", limits->attempts, duration(limits->cooldown, one));
    buffer_printf(out, "at_most %u per %s, ", limits->at_most, duration(limits->at_most_window, one));
    buffer_printf(out, "hold_after_failure %s, confirm %u tick%s", duration(limits->hold_after_failure, one), limits->confirm_ticks, limits->confirm_ticks == 1 ? "" : "s");
    if (limits->confirm_within > 0)
        buffer_printf(out, " within %s", duration(limits->confirm_within, two));
    if (limits->confirm_tries > 0)
        buffer_printf(out, " or %u tries every %s", limits->confirm_tries, duration(limits->confirm_every, two));
    if (limits->warmup.n > 0)
        buffer_printf(out, ", not while %s", limits->warmup.text);
    if (limits->owner.n > 0)
        buffer_printf(out, ", owned by another while %s", limits->owner.text);
    for (size_t i = 0; i < limits->n_locks; i++)
        buffer_printf(out, "%s%s", i == 0 ? ", locks " : " ", limits->locks[i]);
}

static void show_entry(const struct model_service *service, const struct model_heal *heal, struct buffer *out)
{
    struct buffer line = buffer_make(0);

    buffer_printf(&line, "%s: when %s: %s (%s), ", service->name, heal->when.n > 0 ? heal->when.text : "it fails", heal->bound->name, runbook_impact(heal->bound->impact));
    config_show_limits(&heal->bound->limits, &line);
    text_show(out, buffer_string(&line), line.len);
    buffer_char(out, '\n');
    if (line.failed)
        out->failed = true;
    buffer_free(&line);
}

void config_show_heal(const struct model *model, struct buffer *out)
{
    for (size_t i = 0; i < model->n_services; i++)
        for (size_t k = 0; k < model->services[i].n_heal; k++)
            show_entry(&model->services[i], &model->services[i].heal[k], out);
}

/* ---- JSON ---- */

static void add_text(struct buffer *out, const char *key, const char *text)
{
    buffer_printf(out, "\"%s\":", key);
    text_json(out, text, strlen(text));
}

static void add_limits(const struct model_limits *limits, struct buffer *out)
{
    buffer_printf(out, "\"limits\":{\"attempts\":%u,\"cooldown_ms\":%" PRIu64 ",\"at_most\":%u,\"at_most_window_ms\":%" PRIu64 ",\"hold_after_failure_ms\":%" PRIu64,
                  limits->attempts, limits->cooldown / 1000000, limits->at_most, limits->at_most_window / 1000000, limits->hold_after_failure / 1000000);
    buffer_printf(out, ",\"confirm_ticks\":%u,\"confirm_within_ms\":%" PRIu64 ",\"confirm_tries\":%u,\"confirm_every_ms\":%" PRIu64 ",", limits->confirm_ticks,
                  limits->confirm_within / 1000000, limits->confirm_tries, limits->confirm_every / 1000000);
    add_text(out, "warmup", limits->warmup.n > 0 ? limits->warmup.text : "");
    buffer_char(out, ',');
    add_text(out, "owner", limits->owner.n > 0 ? limits->owner.text : "");
    buffer_text(out, ",\"locks\":[");
    for (size_t i = 0; i < limits->n_locks; i++)
        buffer_printf(out, "%s\"%s\"", i > 0 ? "," : "", limits->locks[i]);
    buffer_text(out, "]}");
}

void config_heal_json(const struct model *model, struct buffer *out)
{
    bool first = true;

    buffer_char(out, '[');
    for (size_t i = 0; i < model->n_services; i++) {
        for (size_t k = 0; k < model->services[i].n_heal; k++) {
            const struct model_heal *heal = &model->services[i].heal[k];

            buffer_text(out, first ? "{" : ",{");
            first = false;
            add_text(out, "service", model->services[i].name);
            buffer_char(out, ',');
            add_text(out, "when", heal->when.n > 0 ? heal->when.text : "");
            buffer_char(out, ',');
            add_text(out, "runbook", heal->bound->name);
            buffer_char(out, ',');
            add_text(out, "impact", runbook_impact(heal->bound->impact));
            buffer_printf(out, ",\"deadline_ms\":%" PRIu64 ",", heal->bound->deadline / 1000000);
            add_limits(&heal->bound->limits, out);
            buffer_char(out, '}');
        }
    }
    buffer_char(out, ']');
}
