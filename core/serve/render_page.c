/*
 * GET /: what is wrong, first, in words; then everything that is watched or kept running. One document without scripts that asks for nothing else and comes again by
 * itself, so that it works in a browser left open on a wall, on a phone, and in a text browser over ssh. Times are ages at the instant of the snapshot,
 * which is named; whatever comes from outside is escaped.
 */
#include "base/scalar.h"
#include "base/text.h"
#include "serve/facts.h"
#include "serve/page_style.h"
#include "serve/render_heal.h"
#include "serve/serve.h"

#include <string.h>
#include <time.h>

enum { REFRESH_S = 10, AGE_SIZE = 32 };

/* ---- small parts */

static void add_age(const struct snapshot *snapshot, int64_t since, const char *after, struct buffer *out)
{
    char age[AGE_SIZE];

    if (since <= 0)
        return;
    scalar_show_age(snapshot->updated > since ? (uint64_t)(snapshot->updated - since) : 0, age, sizeof age);
    buffer_text(out, age);
    buffer_text(out, after);
}

static void add_verdict(enum engine_verdict verdict, struct buffer *out)
{
    const char *name = engine_verdict_name(verdict);

    buffer_printf(out, "<span class=\"verdict %s\">%s</span>", name, name);
}

/* The verdict whose colour an overall state has. */
static const char *state_class(const struct snapshot *snapshot, bool stalled)
{
    if (stalled)
        return "unknown";
    switch (snapshot ? snapshot->overall.state : STATE_STARTING) {
    case STATE_STARTING:
        return "starting";
    case STATE_HEALTHY:
        return "ok";
    case STATE_DEGRADED:
        return "warn";
    case STATE_FAILED:
    case STATE_INVESTIGATING:
    case STATE_CRITICAL:
    case STATE_SOS:
        break;
    }
    return "failed";
}

static const char *icon_colour(const char *class)
{
    static const struct {
        const char *class, *colour;
    } colours[] = { { "ok", "2c9a5b" }, { "warn", "d9a321" }, { "failed", "d93025" }, { "starting", "3b82d0" } };

    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (strcmp(colours[i].class, class) == 0)
            return colours[i].colour;
    return "8a6fc7";
}

static void add_head(const struct snapshot *snapshot, bool stalled, struct buffer *out)
{
    buffer_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    buffer_printf(out, "<meta http-equiv=\"refresh\" content=\"%d\">\n<title>%s%s - Talon</title>\n", (int)REFRESH_S, facts_state(snapshot), stalled ? " (stalled)" : "");
    buffer_printf(out,
                  "<link rel=\"icon\" href=\"data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%%3E"
                  "%%3Ccircle cx='8' cy='8' r='6' fill='%%23%s'/%%3E%%3C/svg%%3E\">\n<style>",
                  icon_colour(state_class(snapshot, stalled)));
    buffer_text(out, page_style);
    buffer_text(out, "</style>\n</head>\n<body>\n<main>\n");
}

/* ---- the state as a whole */

static void add_instant(const struct snapshot *snapshot, struct buffer *out)
{
    time_t seconds = (time_t)(snapshot->updated / NS_PER_S);
    struct tm tm;
    char text[64];

    if (localtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &tm) > 0)
        buffer_printf(out, "as of %s", text);
}

static void add_counts(const struct snapshot *snapshot, struct buffer *out)
{
    const struct model *model = snapshot->model;
    size_t services = 0, checks = 0;

    for (size_t i = 0; i < model->n_services; i++)
        services += facts_is_watched(model, i);
    for (size_t i = 0; i < model->n_checks; i++)
        checks += model->checks[i].enabled;
    buffer_printf(out, "%zu service%s, %zu check%s, ", services, services == 1 ? "" : "s", checks, checks == 1 ? "" : "s");
    add_instant(snapshot, out);
}

static void add_state(const struct snapshot *snapshot, bool stalled, struct buffer *out)
{
    struct buffer why = buffer_make(0);

    facts_why(snapshot, &why);
    out->failed = out->failed || why.failed;
    buffer_printf(out, "<header class=\"%s\">\n<h1>%s</h1>\n<p class=\"why\">", state_class(snapshot, stalled), facts_state(snapshot));
    text_html(out, buffer_string(&why));
    buffer_text(out, "</p>\n");
    if (snapshot) {
        buffer_text(out, "<p class=\"facts\">");
        add_counts(snapshot, out);
        buffer_text(out, "</p>\n");
    }
    buffer_text(out, "</header>\n");
    buffer_free(&why);
}

static void add_notice(const char *class, const char *what, const char *text, struct buffer *out)
{
    buffer_printf(out, "<p class=\"notice %s\"><b>%s</b> ", class, what);
    text_html(out, text);
    buffer_text(out, "</p>\n");
}

static void add_notices(const struct snapshot *snapshot, bool stalled, struct buffer *out)
{
    if (stalled)
        add_notice("failed", "Talon stands still.", "Its loop has not turned for a while; below is what it saw last.", out);
    if (snapshot && snapshot->config_error)
        add_notice("warn", "The configuration was refused, the one before goes on.", snapshot->config_error, out);
    if (snapshot && snapshot->self)
        add_notice("warn", "Talon itself:", snapshot->self, out);
}

/* ---- services */

static void add_check(const struct snapshot *snapshot, size_t check, struct buffer *out)
{
    const struct model_check *model = &snapshot->model->checks[check];
    const struct snapshot_check *state = &snapshot->checks[check];

    buffer_text(out, "<tr><th scope=\"row\">");
    text_html(out, model->name);
    buffer_text(out, "</th><td>");
    add_verdict(state->verdict, out);
    buffer_text(out, "</td><td>");
    if (model->witness)
        buffer_text(out, "(witness) ");
    if (state->stale)
        buffer_text(out, "(stale) ");
    text_html(out, state->last ? state->last->summary : "not heard yet");
    buffer_text(out, "</td><td class=\"age\">");
    add_age(snapshot, state->last_ended, " ago", out);
    buffer_text(out, "</td></tr>\n");
}

static void add_checks(const struct snapshot *snapshot, const struct model_service *service, struct buffer *out)
{
    buffer_text(out, "<table class=\"checks\">\n");
    for (size_t i = service->first_check; i < service->first_check + service->n_checks; i++)
        if (snapshot->model->checks[i].enabled)
            add_check(snapshot, i, out);
    buffer_text(out, "</table>\n");
}

static void add_name(const struct model_service *service, struct buffer *out)
{
    buffer_text(out, "<h2>");
    text_html(out, service->title);
    if (strcmp(service->title, service->name) != 0) {
        buffer_text(out, " <small>");
        text_html(out, service->name);
        buffer_text(out, "</small>");
    }
    buffer_text(out, "</h2>");
}

static void add_repair(const struct snapshot_place *place, struct buffer *out)
{
    if (!place || !place->text[0])
        return;
    buffer_text(out, "<p class=\"note\"><b>Repair:</b> ");
    text_html(out, place->text);
    buffer_text(out, "</p>\n");
}

static void add_service(const struct snapshot *snapshot, size_t i, bool open, struct buffer *out)
{
    const struct model_service *service = &snapshot->model->services[i];
    const struct snapshot_service *state = &snapshot->services[i];

    buffer_printf(out, "<li class=\"%s\"><details%s>\n<summary>", engine_verdict_name(state->verdict), open ? " open" : "");
    add_name(service, out);
    buffer_char(out, ' ');
    add_verdict(state->verdict, out);
    buffer_text(out, " <span class=\"age\">");
    add_age(snapshot, state->since, "", out);
    buffer_text(out, "</span>\n<span class=\"why\">");
    text_html(out, state->why);
    buffer_text(out, "</span></summary>\n");
    add_repair(render_find_place(snapshot, state->incident), out);
    if (open && service->note) {
        buffer_text(out, "<p class=\"note\">");
        text_html(out, service->note);
        buffer_text(out, "</p>\n");
    }
    add_checks(snapshot, service, out);
    buffer_text(out, "</details></li>\n");
}

/* Those that are good or those that are not, worst first. */
static void add_services(const struct snapshot *snapshot, bool good, struct buffer *out)
{
    size_t n = 0;

    for (unsigned rank = 0; rank < FACTS_RANKS; rank++) {
        for (size_t i = 0; i < snapshot->model->n_services; i++) {
            if (facts_rank(snapshot, i) != rank || facts_is_good(snapshot->services[i].verdict) != good)
                continue;
            if (n++ == 0)
                buffer_printf(out, "<ul class=\"services%s\">\n", good ? "" : " bad");
            add_service(snapshot, i, !good, out);
        }
    }
    if (n > 0)
        buffer_text(out, "</ul>\n");
}

/* ---- programs that are kept running */

/* The verdict whose colour its state has. */
static const char *program_class(const struct snapshot_program *program)
{
    if (!program->wanted)
        return "stopped";
    return strcmp(program->state, "running") == 0 || strcmp(program->state, "owned by another") == 0 ? "ok" : "warn";
}

/* Its process, how often it was started again, and what is waited for. */
static void add_program_facts(const struct snapshot *snapshot, const struct snapshot_program *program, struct buffer *out)
{
    const char *between = "";
    char left[AGE_SIZE];

    if (program->pid > 0)
        buffer_printf(out, "pid %ld", program->pid), between = ", ";
    if (program->restarts > 0)
        buffer_printf(out, "%srestarted %llu time%s", between, (unsigned long long)program->restarts, program->restarts == 1 ? "" : "s"), between = ", ";
    if (!program->wanted)
        buffer_printf(out, "%sstopped by a person", between), between = ", ";
    if (program->next > snapshot->updated && strcmp(program->state, "running") != 0) {
        scalar_show_age((uint64_t)(program->next - snapshot->updated), left, sizeof left);
        buffer_printf(out, "%sagain in %s", between, left), between = ", ";
    }
    if (!program->why)
        return;
    buffer_text(out, *between ? ": " : "");
    text_html(out, program->why);
}

static void add_program(const struct snapshot *snapshot, const struct snapshot_program *program, struct buffer *out)
{
    const char *class = program_class(program);

    buffer_printf(out, "<li class=\"%s\"><details>\n<summary><h2>", class);
    text_html(out, program->name);
    buffer_printf(out, " <small>program</small></h2> <span class=\"verdict %s\">", class);
    text_html(out, program->state);
    buffer_text(out, "</span> <span class=\"age\">");
    add_age(snapshot, program->since, "", out);
    buffer_text(out, "</span>\n<span class=\"why\">");
    add_program_facts(snapshot, program, out);
    buffer_text(out, "</span></summary>\n<p class=\"note\">Its last end: ");
    text_html(out, program->last_end ? program->last_end : "none was seen");
    buffer_text(out, "</p>\n</details></li>\n");
}

static void add_programs(const struct snapshot *snapshot, struct buffer *out)
{
    if (snapshot->n_programs == 0)
        return;
    buffer_text(out, "<ul class=\"services\">\n");
    for (size_t i = 0; i < snapshot->n_programs; i++)
        add_program(snapshot, &snapshot->programs[i], out);
    buffer_text(out, "</ul>\n");
}

/* ---- */

static void add_disabled(const struct model *model, struct buffer *out)
{
    size_t n = 0;

    for (size_t i = 0; i < model->n_services; i++) {
        if (facts_is_watched(model, i))
            continue;
        buffer_text(out, n++ == 0 ? "<p>Not watched, since disabled: " : ", ");
        text_html(out, model->services[i].name);
    }
    buffer_text(out, n > 0 ? ".</p>\n" : "");
}

static void add_foot(const struct snapshot *snapshot, struct buffer *out)
{
    buffer_text(out, "<footer>\n");
    if (snapshot) {
        add_disabled(snapshot->model, out);
        buffer_text(out, "<p>Configuration: ");
        text_html(out, snapshot->model->file);
        buffer_text(out, "</p>\n");
    }
    buffer_text(out, "<p>Talon " TALON_VERSION ". The same for programs: <a href=\"/api/v1/status\">status</a>, <a href=\"/health\">health</a>, "
                     "<a href=\"/metrics\">metrics</a>.</p>\n</footer>\n</main>\n</body>\n</html>\n");
}

void render_page(const struct snapshot *snapshot, bool stalled, struct buffer *out)
{
    add_head(snapshot, stalled, out);
    add_state(snapshot, stalled, out);
    add_notices(snapshot, stalled, out);
    if (snapshot) {
        add_services(snapshot, false, out);
        add_services(snapshot, true, out);
        add_programs(snapshot, out);
    }
    add_foot(snapshot, out);
}
