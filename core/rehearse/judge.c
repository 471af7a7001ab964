/* What was expected beside what is: each expectation by itself, with a sentence of what was instead. */
#include "rehearse/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static void fail(struct world *w, const struct scenario_expect *expect, const char *format, ...)
{
    struct rehearsal *done = w->done;
    struct rehearsal_failure *grown;
    struct buffer text = buffer_make(0);
    va_list ap;

    if (done->n_failures == REHEARSAL_FAILURES) {
        done->more_failures++;
        return;
    }
    grown = realloc(done->failures, (done->n_failures + 1) * sizeof *grown);
    if (!grown) {
        w->no_memory = true;
        return;
    }
    va_start(ap, format);
    buffer_vprintf(&text, format, ap);
    va_end(ap);
    done->failures = grown;
    done->failures[done->n_failures++] = (struct rehearsal_failure){ .place = expect->place, .at = w->at, .text = strdup(buffer_string(&text)) };
    buffer_free(&text);
}

static const struct engine_service *service_of(const struct world *w, const char *name)
{
    const size_t service = model_service(engine_model(w->engine), name);

    return service == MODEL_NONE ? NULL : engine_service(w->engine, service);
}

static const char *name_of(const struct world *w, size_t service)
{
    return service == MODEL_NONE ? "nothing" : engine_model(w->engine)->services[service].name;
}

static const char *or_nothing(const char *value)
{
    return value ? value : "nothing";
}

static void why(const struct world *w, const char *name, struct buffer *out)
{
    const size_t service = model_service(engine_model(w->engine), name);

    if (service != MODEL_NONE)
        engine_why(w->engine, &w->now, service, out);
}

/* ---- verdicts and causes ---- */

static void judge_verdict(struct world *w, const struct scenario_expect *expect)
{
    const struct model *model = engine_model(w->engine);
    const bool is_check = strchr(expect->name, '.') != NULL;
    const size_t check = is_check ? model_check(model, expect->name) : MODEL_NONE;
    const struct engine_service *service = is_check ? NULL : service_of(w, expect->name);
    const char *is = "gone";
    struct buffer said = buffer_make(0);

    if (check != MODEL_NONE)
        is = engine_verdict_name(engine_check(w->engine, check)->verdict);
    else if (service)
        is = engine_verdict_name(service->verdict);
    if (strcmp(is, expect->value) != 0) {
        if (check != MODEL_NONE && engine_check(w->engine, check)->last)
            buffer_text(&said, engine_check(w->engine, check)->last->summary);
        else
            why(w, expect->name, &said);
        fail(w, expect, "%s should be %s and is %s%s%s", expect->name, expect->value, is, said.len > 0 ? ": " : "", buffer_string(&said));
    }
    buffer_free(&said);
}

static void judge_name(struct world *w, const struct scenario_expect *expect, const char *is, const char *what)
{
    if (strcmp(or_nothing(expect->value), is) != 0)
        fail(w, expect, "%s should %s %s, and it is %s", expect->name, what, or_nothing(expect->value), is);
}

static void judge_why(struct world *w, const struct scenario_expect *expect)
{
    struct buffer said = buffer_make(0);

    why(w, expect->name, &said);
    if (!strstr(buffer_string(&said), expect->value))
        fail(w, expect, "the reason of %s should have `%s` in it, and it is: %s", expect->name, expect->value, buffer_string(&said));
    buffer_free(&said);
}

/* ---- sets ---- */

static bool has(const struct scenario_expect *expect, const char *name)
{
    for (size_t i = 0; i < expect->n; i++)
        if (strcmp(expect->names[i], name) == 0)
            return true;
    return false;
}

static bool is_in(const struct engine_service *s, enum scenario_expected what)
{
    return what == EXPECT_ROOT ? s->root : what == EXPECT_SILENCED ? s->silenced : s->flapping;
}

static void judge_set(struct world *w, const struct scenario_expect *expect, const char *what)
{
    const struct model *model = engine_model(w->engine);
    struct buffer is = buffer_make(0), should = buffer_make(0);
    size_t n = 0, same = 0;

    for (size_t i = 0; i < model->n_services; i++) {
        if (!is_in(engine_service(w->engine, i), expect->what))
            continue;
        n++;
        same += has(expect, model->services[i].name);
        buffer_printf(&is, "%s%s", n > 1 ? ", " : "", model->services[i].name);
    }
    for (size_t i = 0; i < expect->n; i++)
        buffer_printf(&should, "%s%s", i > 0 ? ", " : "", expect->names[i]);
    if (n != same || n != expect->n)
        fail(w, expect, "%s should be %s, and it is %s", what, expect->n > 0 ? buffer_string(&should) : "nothing", n > 0 ? buffer_string(&is) : "nothing");
    buffer_free(&is);
    buffer_free(&should);
}

/* ---- incidents ---- */

static void judge_count(struct world *w, const struct scenario_expect *expect, bool open)
{
    size_t room, n = 0;
    const struct engine_incident *all = engine_incidents(w->engine, &room);

    for (size_t i = 0; i < room; i++)
        n += all[i].id > 0 && (!open || all[i].ending == INCIDENT_OPEN);
    if (n != expect->n)
        fail(w, expect, open ? "%zu incidents should be open, and there are %zu" : "%zu incidents should have been opened, and it were %zu", expect->n, n);
}

static void judge_incident(struct world *w, const struct scenario_expect *expect)
{
    size_t room;
    const struct engine_incident *all = engine_incidents(w->engine, &room), *last = NULL;
    const char *is = "none";

    for (size_t i = 0; i < room; i++)
        if (all[i].id > 0 && strcmp(all[i].service, expect->name) == 0 && (!last || all[i].id > last->id))
            last = &all[i];
    if (last)
        is = engine_ending_name(last->ending);
    if (strcmp(is, expect->value) != 0)
        fail(w, expect, "the last incident of %s should be %s, and it is %s", expect->name, expect->value, is);
}

/* ---- who was told ---- */

static const char *level_name(enum engine_level level)
{
    return level == LEVEL_DIGEST ? "digest" : level == LEVEL_MESSAGE ? "message" : "page";
}

static bool is_meant(const struct scenario_told *line, const struct world_told *told)
{
    if (line->level != told->level || (line->notice >= 0 && line->notice != (int)told->notice))
        return false;
    return line->who ? told->who && strcmp(line->who, told->who) == 0 : told->who == NULL;
}

static void show_told(const struct world_told *told, struct buffer *out)
{
    buffer_printf(out, "%s%s %s %s (%s)", out->len > 0 ? "; " : "", level_name(told->level), told->who ? told->who : "talon", engine_notice_name(told->notice),
                  told->text ? told->text : "");
}

/* Each line once, in any order; what was told beside them counts, digests only where they are asked for. */
static void judge_told(struct world *w, const struct scenario_expect *expect)
{
    struct buffer is = buffer_make(0);
    size_t extra = 0, missing = 0;
    unsigned char *used = calloc(w->n_told + 1, 1);

    for (size_t i = 0; used && i < expect->n; i++) {
        size_t k = 0;

        while (k < w->n_told && (used[k] || !is_meant(&expect->told[i], &w->told[k])))
            k++;
        if (k < w->n_told)
            used[k] = 1;
        else
            missing++;
    }
    for (size_t k = 0; used && k < w->n_told; k++) {
        extra += !used[k] && !(expect->flag && w->told[k].level == LEVEL_DIGEST);
        show_told(&w->told[k], &is);
    }
    if (missing > 0 || extra > 0)
        fail(w, expect, "of what should have been told %zu %s missing, and %zu %s told beside it: %s", missing, missing == 1 ? "is" : "are", extra,
             extra == 1 ? "was" : "were", w->n_told > 0 ? buffer_string(&is) : "nothing was told");
    w->no_memory = w->no_memory || !used;
    free(used);
    buffer_free(&is);
    tell_forget(w);
}

/* ---- the whole ---- */

static void judge_flag(struct world *w, const struct scenario_expect *expect, bool is, const char *what)
{
    if (is != expect->flag)
        fail(w, expect, "%s: should be %s, and is %s", what, expect->flag ? "true" : "false", is ? "true" : "false");
}

static void judge_service(struct world *w, const struct scenario_expect *expect)
{
    const struct engine_service *s = service_of(w, expect->name);

    if (!s)
        fail(w, expect, "there is no service %s now", expect->name);
    else if (expect->what == EXPECT_CAUSED_BY)
        judge_name(w, expect, name_of(w, s->caused_by), "be caused by");
    else if (expect->what == EXPECT_WAITING_FOR)
        judge_name(w, expect, name_of(w, s->waiting_for), "wait for");
    else
        judge_name(w, expect, or_nothing(tell_would_heal(w, model_service(engine_model(w->engine), expect->name))), "be healed with");
}

/* ---- repair ---- */

static void judge_healed(struct world *w, const struct scenario_expect *expect, struct repair_seen *seen)
{
    judge_name(w, expect, or_nothing(seen->started), "be healed with");
    seen->started = NULL;
}

/* The limit's name, what it says, or what an action said. */
static void judge_refused_heal(struct world *w, const struct scenario_expect *expect, struct repair_seen *seen)
{
    if (!strstr(buffer_string(&seen->said), expect->value))
        fail(w, expect, "a repair of %s should have been refused with `%s`, and what was said is: %s", expect->name, expect->value,
             seen->said.len > 0 ? buffer_string(&seen->said) : "nothing");
    buffer_clear(&seen->said);
}

static void judge_repair(struct world *w, const struct scenario_expect *expect)
{
    struct repair_seen *seen = repair_seen(w, expect->name);

    if (!seen)
        return;
    if (expect->what == EXPECT_HEALED)
        judge_healed(w, expect, seen);
    else if (expect->what == EXPECT_OUTCOME)
        judge_name(w, expect, or_nothing(seen->outcome), "have come to");
    else if (expect->what == EXPECT_REFUSED_HEAL)
        judge_refused_heal(w, expect, seen);
    else
        judge_name(w, expect, repair_tier_name(seen), "have climbed to");
}

/* ---- the whole: by kind ---- */

static void judge_state(struct world *w, const struct scenario_expect *expect, enum engine_state state)
{
    if (strcmp(engine_state_name(state), expect->value) != 0)
        fail(w, expect, "the state should be %s, and is %s", expect->value, engine_state_name(state));
}

void judge(struct world *w, const struct scenario_expect *expect)
{
    const struct engine_overall *overall = engine_overall(w->engine);

    w->done->judged++;
    switch (expect->what) {
    case EXPECT_VERDICT:
        judge_verdict(w, expect);
        break;
    case EXPECT_ROOT:
        judge_set(w, expect, "the root cause");
        break;
    case EXPECT_SILENCED:
        judge_set(w, expect, "what is silenced");
        break;
    case EXPECT_FLAPPING:
        judge_set(w, expect, "what is flapping");
        break;
    case EXPECT_CAUSED_BY:
    case EXPECT_WAITING_FOR:
    case EXPECT_WOULD_HEAL:
        judge_service(w, expect);
        break;
    case EXPECT_STATE:
        judge_state(w, expect, overall->state);
        break;
    case EXPECT_INCIDENTS:
        judge_count(w, expect, true);
        break;
    case EXPECT_OPENED:
        judge_count(w, expect, false);
        break;
    case EXPECT_INCIDENT:
        judge_incident(w, expect);
        break;
    case EXPECT_TOLD:
        judge_told(w, expect);
        break;
    case EXPECT_WHY:
        judge_why(w, expect);
        break;
    case EXPECT_SICK:
        judge_flag(w, expect, overall->sick, "the observer is sick");
        break;
    case EXPECT_STORM:
        judge_flag(w, expect, overall->storm, "there is a storm");
        break;
    case EXPECT_PAUSED:
        judge_flag(w, expect, engine_paused_until(w->engine) > w->now.elapsed, "repair is paused");
        break;
    case EXPECT_REFUSED:
        judge_flag(w, expect, w->refused, "what was asked for was refused");
        break;
    case EXPECT_HEALED:
    case EXPECT_OUTCOME:
    case EXPECT_REFUSED_HEAL:
    case EXPECT_ESCALATED:
        judge_repair(w, expect);
        break;
    }
}
