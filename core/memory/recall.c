/*
 * The start: what an earlier process kept is read back, within a bound, since nothing is watched meanwhile. What cannot be read is left out and said.
 *
 * A store that does not answer in time may still hold incidents, whose numbers are not known then: new ones are counted on from the seconds since 1970, which no
 * number before has reached, so that none is used twice. What it still holds of checks, services and incidents is dropped, since it would be taken for this
 * process's own at the next start; silences stay, they end by themselves.
 */
#include "memory/memory_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_SAID = 5 };

struct recall {
    struct memory *memory;
    struct rows rows;
    enum row_kind kind;  /* of those that are read */
    uint64_t until;      /* awake */
    uint64_t last;       /* the highest number of an incident in the store's own list */
    unsigned bad;        /* rows that were left out */
    char why[PAGES_WHY];
};

/* ---- rows */

static void left_out(struct recall *recall, enum row_kind kind, const char *name)
{
    if (recall->bad++ < ROWS_SAID)
        log_warn("what was kept of it cannot be read and is left out", "kind", row_kind_name(kind), "name", name, NULL);
}

/* Its mark makes the sweep drop it where there is no such thing any more. */
static void take_row(void *arg, const char *name, const struct buffer *bytes)
{
    struct recall *recall = arg;

    marks_make(&recall->memory->marks, recall->kind, name);
    if (bytes->failed || !rows_take(&recall->rows, recall->kind, name, bytes->data ? bytes->data : "", bytes->len))
        left_out(recall, recall->kind, name);
}

/* ---- questions */

static bool ask(struct recall *recall, const struct store_ask *question, struct buffer *text)
{
    return pages_ask(recall->memory, question, recall->until, text, recall->why);
}

static bool take_kind(struct recall *recall, enum row_kind kind)
{
    recall->kind = kind;
    return pages_read(recall->memory, row_kind_name(kind), recall->until, take_row, recall, recall->why);
}

/* The store's list may know of incidents that no row tells of. */
static bool ask_last(struct recall *recall)
{
    struct buffer text = buffer_make(0);
    const bool asked = ask(recall, &(struct store_ask){ .question = STORE_ASK_LAST_INCIDENT }, &text);

    if (asked)
        recall->last = strtoull(buffer_string(&text), NULL, 10);
    buffer_free(&text);
    return asked;
}

/* ---- what comes of it */

static void remember_incidents(struct memory *memory, const struct row_incident *incidents, size_t n)
{
    if (!incidents_room(memory, n))
        return;
    for (size_t i = 0; i < n; i++) {
        struct known_incident *known = &memory->incidents[i];

        *known = (struct known_incident){ .id = incidents[i].incident.id, .lines = incidents[i].lines, .evidence = incidents[i].evidence };
        memcpy(known->why, incidents[i].why, sizeof known->why);
    }
}

/* Names alone: a service that is not in the model any more counts no more time. */
static void remember_services(struct memory *memory, const struct engine_kept *kept)
{
    memory->services = calloc(kept->n_services + 1, sizeof *memory->services);
    memory->n_services = memory->services ? kept->n_services : 0;
    for (size_t i = 0; i < memory->n_services; i++) {
        memcpy(memory->services[i].name, kept->services[i].name, sizeof memory->services[i].name);
        memory->services[i].class = -1;
    }
}

static void say_left_out(const struct recall *recall, const struct moment *now)
{
    struct memory *memory = recall->memory;

    if (recall->bad == 0)
        return;
    snprintf(memory->trouble, sizeof memory->trouble, "%u rows of what was kept before the start could not be read: those checks and services begin anew", recall->bad);
    memory->trouble_at = now->awake;
}

/* Nothing is known but the number that incidents go on from. */
static struct engine_kept *only_number(const struct moment *now, uint64_t last)
{
    struct engine_kept *kept = calloc(1, sizeof *kept);

    if (kept) {
        kept->at = *now;
        kept->last_incident = last;
    }
    return kept;
}

static struct engine_kept *nothing_read(struct recall *recall, const struct moment *now)
{
    static const enum row_kind dropped[] = { ROW_MOMENT, ROW_REST, ROW_INCIDENT, ROW_SERVICE, ROW_CHECK };
    struct memory *memory = recall->memory;

    snprintf(memory->trouble, sizeof memory->trouble, "what was kept before the start could not be read (%.300s): streaks, silences and incidents of before are not known", recall->why);
    memory->trouble_at = now->awake;
    log_error(memory->trouble, NULL);
    marks_free(&memory->marks);
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++)
        store_keep(memory->store, row_kind_name(dropped[i]), NULL, NULL, 0);
    return only_number(now, now->wall > 0 ? (uint64_t)now->wall / NS_PER_S : 0);
}

static struct engine_kept *take_all(struct recall *recall, const struct moment *now)
{
    struct engine_kept *kept = rows_end(&recall->rows);

    if (!kept) {
        free(recall->rows.incidents);
        return recall->last > 0 ? only_number(now, recall->last) : NULL;
    }
    if (recall->last > kept->last_incident)
        kept->last_incident = recall->last;
    remember_incidents(recall->memory, recall->rows.incidents, kept->n_incidents);
    remember_services(recall->memory, kept);
    free(recall->rows.incidents);
    return kept;
}

static void free_rows(struct rows *rows)
{
    engine_kept_free(rows->kept);
    free(rows->incidents);
}

struct engine_kept *memory_recall(struct memory *memory, const struct moment *now, uint64_t ns)
{
    struct recall recall = { .memory = memory, .until = clock_awake() + ns, .why = "there is no memory for it" };
    struct engine_kept *kept;
    bool read;

    if (!memory)
        return NULL;
    read = rows_begin(&recall.rows);
    for (int kind = 0; kind < ROW_KINDS && read; kind++)
        read = take_kind(&recall, (enum row_kind)kind);
    if (!read || !ask_last(&recall)) {
        free_rows(&recall.rows);
        kept = nothing_read(&recall, now);
    } else {
        say_left_out(&recall, now);
        kept = take_all(&recall, now);
    }
    store_incidents_lost(memory->store, now->wall);
    return kept;
}
