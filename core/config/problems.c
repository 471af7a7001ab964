/*
 * Problems: collected in the config's arena in the order of their finding, sorted when somebody asks. What is said again at the same place (an
 * aliased mistake, a default that a thousand checks inherit) is one problem, so that repetitions never crowd out what else is wrong.
 */
#include "config/problems.h"

#include "base/text.h"
#include "config/work.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUOTED = 60,
    SENTENCE = 1024,
    WARNINGS_KEPT = PROBLEMS_KEPT / 4, /* the rest is for errors */
    TABLE = PROBLEMS_KEPT * 2,
};

struct problem {
    enum config_severity severity;
    struct place at, note_at;
    const char *message, *note;
    unsigned long long hash;
    size_t order;
};

struct problems {
    struct arena *arena;
    struct vector all;    /* struct problem */
    unsigned short table[TABLE]; /* by hash: the number of a problem, from 1; found by `order` once they are sorted */
    size_t errors, warnings;     /* told; repetitions do not count as long as all is kept */
    bool last_kept;       /* a note belongs to something */
    bool sorted, muted;
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

/* ---- told ---- */

static void format_text(char text[SENTENCE], const char *format, va_list ap)
{
    if (vsnprintf(text, SENTENCE, format, ap) < 0)
        text[0] = '\0';
    text[text_valid_utf8(text, strlen(text))] = '\0';
}

static unsigned long long hash_of(struct place at, const char *message)
{
    unsigned long long hash = text_hash(TEXT_HASH, message, strlen(message));

    hash = text_hash(hash, &at.source, sizeof at.source);
    hash = text_hash(hash, &at.line, sizeof at.line);
    return text_hash(hash, &at.column, sizeof at.column);
}

static bool same_place(const struct place *a, const struct place *b)
{
    return a->source == b->source && a->line == b->line && a->column == b->column;
}

/* Where it stands in the table, or the free place where it belongs. The table is twice as large as what is kept: there always is one. */
static unsigned short *slot_of(struct problems *p, unsigned long long hash, struct place at, const char *message)
{
    size_t i = hash % TABLE;

    for (; p->table[i] > 0; i = (i + 1) % TABLE) {
        const struct problem *other = VECTOR_AT(&p->all, struct problem, p->table[i] - 1u);

        if (other->hash == hash && same_place(&other->at, &at) && strcmp(other->message, message) == 0)
            break;
    }
    return &p->table[i];
}

static int by_order(const void *left, const void *right)
{
    const struct problem *a = left, *b = right;

    return a->order < b->order ? -1 : a->order > b->order;
}

/* The table knows problems by the order of their finding. */
static void unsort(struct problems *p)
{
    if (p->sorted && p->all.n > 1)
        qsort(p->all.items, p->all.n, sizeof(struct problem), by_order);
    p->sorted = false;
}

static void tell(struct problems *p, enum config_severity severity, struct place at, const char *format, va_list ap)
{
    const bool room = p->all.n < PROBLEMS_KEPT && (severity == CONFIG_ERROR || p->warnings < WARNINGS_KEPT);
    char message[SENTENCE];
    struct problem *problem;
    unsigned short *slot;
    unsigned long long hash;

    p->last_kept = false;
    if (p->muted)
        return;
    format_text(message, format, ap);
    hash = hash_of(at, message);
    unsort(p);
    slot = slot_of(p, hash, at, message);
    if (*slot > 0)
        return;
    if (severity == CONFIG_ERROR)
        p->errors++;
    else
        p->warnings++;
    if (!room)
        return;
    problem = vector_push(p->arena, &p->all, sizeof *problem);
    *problem = (struct problem){ .severity = severity, .at = at, .hash = hash, .order = p->all.n, .message = arena_string(p->arena, message) };
    *slot = (unsigned short)p->all.n;
    p->last_kept = true;
}

bool problem_room(const struct config *c)
{
    return c->problems->all.n < PROBLEMS_KEPT;
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
    char text[SENTENCE];
    struct problem *last;

    if (!p->last_kept)
        return;
    last = VECTOR_AT(&p->all, struct problem, p->all.n - 1);
    format_text(text, format, ap);
    last->note = arena_string(p->arena, text);
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

/* A comparison costs the product of both lengths; a file full of long wrong words must not take minutes. */
const char *problem_meant(struct config *c, const char *wrong, const char *const *names, size_t n)
{
    const size_t length = strlen(wrong), cost = 1 + length * length / 64;

    if (length > WORK_MEANT || n > (WORK_NEAREST - c->compared) / cost)
        return NULL;
    c->compared += n * cost;
    return text_nearest(wrong, names, n);
}

bool problem_nearest(struct config *c, const char *wrong, const char *const *names, size_t n)
{
    const char *name = c->problems->last_kept ? problem_meant(c, wrong, names, n) : NULL;

    if (name)
        problem_note(c, "did you mean `%s`?", name);
    return name != NULL;
}

const char *problem_quote(struct config *c, const char *text)
{
    size_t n = strlen(text);

    if (n <= QUOTED)
        return arena_printf(c->arena, "`%s`", text);
    n = text_valid_utf8(text, QUOTED);
    return arena_printf(c->arena, "`%.*s...`", (int)n, text);
}

void problem_mute(struct config *c, bool mute)
{
    c->problems->muted = mute;
}

void problem_no_memory(struct problems *p, const char *file)
{
    p->no_memory = true;
    p->muted = false;
    snprintf(p->no_memory_file, sizeof p->no_memory_file, "%s", file ? file : "");
    p->no_memory_file[text_valid_utf8(p->no_memory_file, strlen(p->no_memory_file))] = '\0';
    p->last_kept = false;
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
    return by_order(a, b);
}

static struct model_place show_place(struct place at)
{
    return (struct model_place){ .file = at.source ? at.source->shown : "", .line = at.line, .column = at.column };
}

static void sort(struct problems *p)
{
    if (!p->sorted && p->all.n > 1)
        qsort(p->all.items, p->all.n, sizeof(struct problem), compare);
    p->sorted = true;
}

/* Where not all have room, warnings are left out before errors are: an error that nobody sees cannot be mended. */
static void fill(struct problems *p)
{
    size_t n = 0, errors = p->errors < PROBLEMS_SHOWN ? p->errors : PROBLEMS_SHOWN, warnings = PROBLEMS_SHOWN - errors;

    sort(p);
    if (p->no_memory)
        p->shown[n++] = (struct config_problem){ .severity = CONFIG_ERROR,
                                                 .place = { .file = p->no_memory_file, .line = 1, .column = 1 },
                                                 .message = "there is not enough memory for this configuration, which may take up to 54 MiB; make it smaller" };
    for (size_t i = 0; i < p->all.n && n < PROBLEMS_SHOWN; i++) {
        const struct problem *problem = VECTOR_AT(&p->all, struct problem, i);

        if (problem->severity == CONFIG_WARNING && warnings == 0)
            continue;
        warnings -= problem->severity == CONFIG_WARNING;
        p->shown[n++] = (struct config_problem){ .severity = problem->severity,
                                                 .place = show_place(problem->at),
                                                 .message = problem->message,
                                                 .note = problem->note,
                                                 .note_place = show_place(problem->note_at) };
    }
    p->n_shown = n;
    p->more = p->errors + p->warnings - n;
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
