/* Problems: collected in the config's arena in the order of their finding, sorted when somebody asks. */
#include "config/problems.h"

#include "base/text.h"
#include "config/work.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUOTED = 60, MEANT = 100 };

struct problem {
    enum config_severity severity;
    struct place at, note_at;
    const char *message, *note;
    size_t order;
};

struct problems {
    struct arena *arena;
    struct vector all;    /* struct problem */
    size_t dropped, errors;
    bool last_kept;       /* a note belongs to something */
    bool sorted;
    char no_memory_file[256];
    bool no_memory;
    struct config_problem shown[PROBLEMS_SHOWN];
    size_t n_shown, more;
};

struct problems *problems_create(struct arena *arena)
{
    struct problems *p = arena_alloc(arena, sizeof *p);

    p->arena = arena;
    return p;
}

static const char *format_text(struct arena *arena, const char *format, va_list ap)
{
    char text[1024];
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(text, sizeof text, format, again);
    va_end(again);
    if (n < 0)
        return arena_string(arena, format);
    return arena_copy(arena, text, (size_t)n < sizeof text ? (size_t)n : text_valid_utf8(text, sizeof text - 1));
}

static void tell(struct problems *p, enum config_severity severity, struct place at, const char *format, va_list ap)
{
    struct problem *problem;

    if (severity == CONFIG_ERROR)
        p->errors++;
    p->last_kept = p->all.n < PROBLEMS_KEPT;
    if (!p->last_kept) {
        p->dropped++;
        return;
    }
    problem = vector_push(p->arena, &p->all, sizeof *problem);
    problem->severity = severity;
    problem->at = at;
    problem->order = p->all.n;
    problem->message = format_text(p->arena, format, ap);
    p->sorted = false;
}

void problem_error(struct config *c, struct place at, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    tell(c->problems, CONFIG_ERROR, at, format, ap);
    va_end(ap);
}

void problem_warning(struct config *c, struct place at, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    tell(c->problems, CONFIG_WARNING, at, format, ap);
    va_end(ap);
}

static void add_note(struct problems *p, const struct place *at, const char *format, va_list ap)
{
    struct problem *last;

    if (!p->last_kept)
        return;
    last = VECTOR_AT(&p->all, struct problem, p->all.n - 1);
    last->note = format_text(p->arena, format, ap);
    last->note_at = at ? *at : last->at;
}

void problem_note(struct config *c, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    add_note(c->problems, NULL, format, ap);
    va_end(ap);
}

void problem_note_at(struct config *c, struct place at, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    add_note(c->problems, &at, format, ap);
    va_end(ap);
}

bool problem_nearest(struct config *c, const char *wrong, const char *const *names, size_t n)
{
    const char *name;

    if (strlen(wrong) > MEANT || n > WORK_NEAREST - c->compared)
        return false;
    c->compared += n;
    name = text_nearest(wrong, names, n);
    if (!name)
        return false;
    problem_note(c, "did you mean `%s`?", name);
    return true;
}

const char *problem_quote(struct config *c, const char *text)
{
    size_t n = strlen(text);

    if (n <= QUOTED)
        return arena_printf(c->arena, "`%s`", text);
    n = text_valid_utf8(text, QUOTED);
    return arena_printf(c->arena, "`%.*s...`", (int)n, text);
}

void problem_no_memory(struct problems *p, const char *file)
{
    p->no_memory = true;
    snprintf(p->no_memory_file, sizeof p->no_memory_file, "%s", file ? file : "");
    p->no_memory_file[text_valid_utf8(p->no_memory_file, strlen(p->no_memory_file))] = '\0';
    p->errors++;
}

/* ---- sorted ---- */

static int compare_places(const struct place *a, const struct place *b)
{
    const unsigned order_a = a->source ? a->source->order : 0, order_b = b->source ? b->source->order : 0;

    if (order_a != order_b)
        return order_a < order_b ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return 0;
}

static int compare(const void *left, const void *right)
{
    const struct problem *a = left, *b = right;
    const int by_place = compare_places(&a->at, &b->at);
    int by_text;

    if (by_place != 0)
        return by_place;
    by_text = strcmp(a->message, b->message);
    if (by_text != 0)
        return a->severity == b->severity ? by_text : a->severity < b->severity ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static struct model_place show_place(struct place at)
{
    return (struct model_place){ .file = at.source ? at.source->shown : "", .line = at.line, .column = at.column };
}

/* Sorts, and drops what is said twice: an aliased mistake is one mistake. */
static void sort(struct problems *p)
{
    struct problem *all = p->all.items;
    size_t n = 0;

    if (p->sorted || p->all.n == 0)
        return;
    qsort(all, p->all.n, sizeof *all, compare);
    for (size_t i = 0; i < p->all.n; i++) {
        const bool again = n > 0 && compare_places(&all[n - 1].at, &all[i].at) == 0 && strcmp(all[n - 1].message, all[i].message) == 0;

        if (!again)
            all[n++] = all[i];
        else if (all[i].severity == CONFIG_ERROR)
            p->errors--;
    }
    p->all.n = n;
    p->sorted = true;
}

static void fill(struct problems *p)
{
    size_t n = 0;

    sort(p);
    if (p->no_memory)
        p->shown[n++] = (struct config_problem){ .severity = CONFIG_ERROR,
                                                 .place = { .file = p->no_memory_file, .line = 1, .column = 1 },
                                                 .message = "there is not enough memory for this configuration, which may take up to 54 MiB; make it smaller" };
    for (size_t i = 0; i < p->all.n && n < PROBLEMS_SHOWN; i++) {
        const struct problem *problem = VECTOR_AT(&p->all, struct problem, i);

        p->shown[n++] = (struct config_problem){ .severity = problem->severity,
                                                 .place = show_place(problem->at),
                                                 .message = problem->message,
                                                 .note = problem->note,
                                                 .note_place = show_place(problem->note_at) };
    }
    p->n_shown = n;
    p->more = p->all.n + (p->no_memory ? 1 : 0) - n + p->dropped;
}

const struct config_problem *config_problems(const struct config *config, size_t *n, size_t *more)
{
    fill(config->problems);
    *n = config->problems->n_shown;
    *more = config->problems->more;
    return config->problems->shown;
}

size_t config_errors(const struct config *config)
{
    sort(config->problems);
    return config->problems->errors;
}

/* ---- shown ---- */

static void show_line(struct buffer *out, const struct model_place *place, const char *kind, const char *text)
{
    text_show(out, place->file, strlen(place->file));
    if (place->line > 0)
        buffer_printf(out, ":%u:%u", place->line, place->column);
    buffer_printf(out, ": %s: ", kind);
    text_show(out, text, strlen(text));
    buffer_char(out, '\n');
}

void config_show_problem(const struct config_problem *problem, struct buffer *out)
{
    show_line(out, &problem->place, problem->severity == CONFIG_ERROR ? "error" : "warning", problem->message);
    if (problem->note)
        show_line(out, problem->note_place.file ? &problem->note_place : &problem->place, "note", problem->note);
}

static void add_field(struct buffer *out, const char *name, const char *text)
{
    buffer_printf(out, "\"%s\":", name);
    text_json(out, text, strlen(text));
}

static void add_hint(struct buffer *out, const struct config_problem *problem)
{
    const struct model_place *at = &problem->note_place;
    struct buffer text = buffer_make(4096);

    buffer_text(&text, problem->note);
    if (at->file && (strcmp(at->file, problem->place.file) != 0 || at->line != problem->place.line || at->column != problem->place.column))
        buffer_printf(&text, " (%s:%u:%u)", at->file, at->line, at->column);
    add_field(out, "hint", buffer_string(&text));
    buffer_free(&text);
}

void config_problems_json(const struct config *config, struct buffer *out)
{
    size_t n, more;
    const struct config_problem *problems = config_problems(config, &n, &more);

    buffer_printf(out, "{\"ok\":%s,\"problems\":[", config_errors(config) == 0 ? "true" : "false");
    for (size_t i = 0; i < n; i++) {
        buffer_text(out, i > 0 ? ",{" : "{");
        add_field(out, "file", problems[i].place.file);
        buffer_printf(out, ",\"line\":%u,\"column\":%u,", problems[i].place.line, problems[i].place.column);
        add_field(out, "severity", problems[i].severity == CONFIG_ERROR ? "error" : "warning");
        buffer_char(out, ',');
        add_field(out, "message", problems[i].message);
        buffer_char(out, ',');
        if (problems[i].note)
            add_hint(out, &problems[i]);
        else
            buffer_text(out, "\"hint\":null");
        buffer_char(out, '}');
    }
    buffer_printf(out, "],\"more\":%zu}", more);
}
