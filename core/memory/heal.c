/*
 * What repair remembers, in the store: records of runbooks and ladders of incidents as rows, intents, and what it did as audit and evidence. An intent that has no end
 * is what a crash interrupted; it is the last word on what has begun, since it was on the disk before.
 */
#include "memory/heal_rows.h"
#include "memory/memory_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/shortage.h"
#include "serve/json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INTENTS = 1000, EVIDENCE_MAX = 12 << 10, INTENT_TEXT = 4096 };

struct heal_mark { /* of a row as it was written last */
    enum heal_row row;
    char name[HEAL_ROW_NAME];
    unsigned long long sum;
    bool there; /* it came by in this sweep */
};

/* ---- rows that have changed */

void heal_forget_marks(struct memory *memory)
{
    for (size_t i = 0; i < memory->n_healed; i++)
        memory->healed[i].sum = 0;
}

/* NULL: no memory. */
static struct heal_mark *mark_of(struct memory *memory, enum heal_row row, const char *name)
{
    struct heal_mark *more;

    for (size_t i = 0; i < memory->n_healed; i++)
        if (memory->healed[i].row == row && strcmp(memory->healed[i].name, name) == 0)
            return &memory->healed[i];
    more = realloc(memory->healed, (memory->n_healed + 1) * sizeof *more);
    if (!more) {
        shortage_note();
        return NULL;
    }
    memory->healed = more;
    more += memory->n_healed++;
    *more = (struct heal_mark){ .row = row };
    snprintf(more->name, sizeof more->name, "%s", name);
    return more;
}

static bool write_row(struct memory *memory, enum heal_row row, const struct heal_kept *kept, size_t i)
{
    const unsigned long long sum = heal_row_sum(row, kept, i);
    char name[HEAL_ROW_NAME];
    struct heal_mark *mark;

    heal_row_name(row, kept, i, name);
    mark = mark_of(memory, row, name);
    if (!mark)
        return false;
    mark->there = true;
    if (mark->sum == sum)
        return true;
    if (!heal_row_write(row, kept, i, &memory->bytes) || !store_keep(memory->store, heal_row_kind(row), name, memory->bytes.data, memory->bytes.len))
        return false;
    mark->sum = sum;
    return true;
}

static bool drop_gone(struct memory *memory)
{
    bool dropped = true;

    for (size_t i = 0; i < memory->n_healed;) {
        struct heal_mark *mark = &memory->healed[i];

        if (mark->there || !store_keep(memory->store, heal_row_kind(mark->row), mark->name, NULL, 0)) {
            dropped = dropped && mark->there;
            i++;
            continue;
        }
        *mark = memory->healed[--memory->n_healed];
    }
    return dropped;
}

bool memory_heal_keep(struct memory *memory, const struct heal *heal, const struct moment *now)
{
    struct heal_kept *kept = memory ? heal_export(heal, now) : NULL;
    bool written = true;

    if (!kept)
        return !memory;
    for (size_t i = 0; i < memory->n_healed; i++)
        memory->healed[i].there = false;
    for (int row = 0; row < HEAL_ROWS; row++)
        for (size_t i = 0; i < heal_rows_n((enum heal_row)row, kept); i++)
            written = write_row(memory, (enum heal_row)row, kept, i) && written;
    written = written && drop_gone(memory);
    heal_kept_free(kept);
    store_hurry(memory->store);
    return written;
}

/* ---- intents */

static void show_big(struct buffer *out, const char *name, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRIu64, value); /* as text: a number in JSON is exact up to 2^53 alone */
    json_text(out, name, text);
}

uint64_t memory_intent(struct memory *memory, const struct moment *now, const struct memory_intent *intent)
{
    struct buffer text = buffer_make(INTENT_TEXT);
    struct store_intent given = { .runbook = intent->runbook, .service = intent->service, .wall = now->wall, .boot = now->boot, .elapsed = now->elapsed };
    uint64_t number = 0;

    buffer_char(&text, '{');
    json_count(&text, "incident", intent->incident);
    json_bool(&text, "by_hand", intent->by_hand);
    json_bool(&text, "counts", intent->counts);
    json_text(&text, "who", intent->who);
    json_text(&text, "reason", intent->reason);
    show_big(&text, "awake", now->awake);
    show_big(&text, "elapsed", now->elapsed);
    show_big(&text, "boot", now->boot);
    buffer_char(&text, '}');
    given.text = buffer_string(&text);
    if (memory && !text.failed)
        number = store_intent(memory->store, &given);
    buffer_free(&text);
    return number;
}

void memory_intent_ended(struct memory *memory, const struct moment *now, uint64_t intent, const char *outcome)
{
    if (memory && intent > 0)
        store_intent_ended(memory->store, intent, now->wall, outcome);
}

/* ---- what is told of it */

void memory_heal_audit(struct memory *memory, const struct moment *now, const char *who, const char *what, const char *target, const char *text)
{
    if (memory)
        store_audit(memory->store, now->wall, who, what, target, text);
}

void memory_heal_line(struct memory *memory, const struct moment *now, uint64_t incident, const char *kind, const char *text)
{
    if (memory && incident > 0)
        store_line(memory->store, (int64_t)incident, now->wall, kind, text);
}

void memory_collected(struct memory *memory, const struct moment *now, uint64_t incident, const char *name, const struct result *result)
{
    struct buffer text = buffer_make(2 * RESULT_SIZE);

    if (!memory || incident == 0)
        return;
    show_result(&text, name, result, now->wall, EVIDENCE_MAX);
    if (!text.failed)
        store_line(memory->store, (int64_t)incident, now->wall, "evidence", buffer_string(&text));
    buffer_free(&text);
}

/* ---- the start */

struct heal_recall {
    struct memory *memory;
    struct heal_kept *kept;
    const struct moment *now;
    enum heal_row row;
    uint64_t until; /* awake */
    char why[PAGES_WHY];
};

static void take_row(void *arg, const char *name, const struct buffer *bytes)
{
    struct heal_recall *recall = arg;

    mark_of(recall->memory, recall->row, name); /* of a sum that no row has: it is written anew, or dropped */
    if (bytes->failed || !heal_row_take(recall->row, recall->kept, name, bytes->data ? bytes->data : "", bytes->len))
        log_warn("what was kept of repair cannot be read and is left out", "kind", heal_row_kind(recall->row), "name", name, NULL);
}

static uint64_t big_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text ? strtoull(text, NULL, 10) : 0;
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) && item->valuedouble > 0. && item->valuedouble < 9e15 ? item->valuedouble : 0.;
}

static void take_intent(struct heal_recall *recall, const cJSON *row)
{
    const char *runbook = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "runbook"));
    const char *service = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "service"));
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(row, "text");
    const struct moment at = { .awake = big_of(text, "awake"), .elapsed = big_of(text, "elapsed"), .boot = big_of(text, "boot"),
                               .wall = (int64_t)number_of(row, "at") * NS_PER_MS };
    const bool by_hand = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(text, "by_hand")), counts = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(text, "counts"));

    if (!runbook || !service || !heal_kept_intent(recall->kept, runbook, service, by_hand ? 0 : (uint64_t)number_of(text, "incident"), counts, &at))
        return;
    store_intent_ended(recall->memory->store, (uint64_t)number_of(row, "id"), recall->now->wall, "interrupted");
    store_audit(recall->memory->store, recall->now->wall, "talon", "interrupted", service, runbook);
    log_warn("a repair was interrupted when Talon ended; it counts as failed, and nothing of it goes on", "runbook", runbook, "service", service, NULL);
}

static bool take_intents(struct heal_recall *recall)
{
    struct buffer text = buffer_make(0);
    const bool asked = pages_ask(recall->memory, &(struct store_ask){ .question = STORE_ASK_INTENTS, .most = INTENTS }, recall->until, &text, recall->why);
    cJSON *rows = asked ? cJSON_ParseWithLength(buffer_string(&text), text.len) : NULL;
    const bool read = rows != NULL;
    const cJSON *row;

    cJSON_ArrayForEach(row, rows)
        take_intent(recall, row);
    cJSON_Delete(rows);
    buffer_free(&text);
    return read;
}

struct heal_kept *memory_heal_recall(struct memory *memory, const struct moment *now, uint64_t ns, bool *lost)
{
    struct heal_recall recall = { .memory = memory, .now = now, .until = clock_awake() + ns, .why = "there is no memory for it" };
    bool read;

    *lost = false;
    if (!memory)
        return NULL;
    recall.kept = calloc(1, sizeof *recall.kept);
    read = recall.kept != NULL;
    for (int row = 0; row < HEAL_ROWS && read; row++) {
        recall.row = (enum heal_row)row;
        read = pages_read(memory, heal_row_kind(recall.row), recall.until, take_row, &recall, recall.why);
    }
    if (read && take_intents(&recall)) {
        recall.kept->at = *now;
        return recall.kept;
    }
    *lost = true;
    log_error("what was kept of repair could not be read: all limits are taken as spent for one cooldown", "why", recall.why, NULL);
    heal_kept_free(recall.kept);
    return NULL;
}
