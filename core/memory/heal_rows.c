/* Rows of repair for the store and back: see heal_rows.h. Each visit_ function is the one description of its row (codec.h). */
#include "memory/heal_rows.h"

#include "memory/codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 1 << 16 };

const char *heal_row_kind(enum heal_row row)
{
    static const char *const kinds[HEAL_ROWS] = { "heal_rest", "heal_record", "heal_ladder" };

    return kinds[row];
}

static char letter(enum heal_row row)
{
    static const char letters[HEAL_ROWS] = { 'p', 'h', 'l' };

    return letters[row];
}

/* ---- what they are made of */

static void visit_moment(struct codec *codec, struct moment *moment)
{
    codec_u64(codec, &moment->awake);
    codec_u64(codec, &moment->elapsed);
    codec_i64(codec, &moment->wall);
    codec_u64(codec, &moment->boot);
}

/* The oldest first, at most `room`. */
static void visit_starts(struct codec *codec, struct moment *starts, size_t *n, unsigned room)
{
    unsigned count = (unsigned)*n;

    codec_count(codec, &count, room + 1);
    *n = codec->failed ? 0 : count;
    for (size_t i = 0; i < *n && !codec->failed; i++)
        visit_moment(codec, &starts[i]);
}

static void visit_record(struct codec *codec, struct heal_kept_record *kept)
{
    struct heal_record *record = &kept->record;

    codec_text(codec, kept->runbook, sizeof kept->runbook);
    codec_text(codec, kept->service, sizeof kept->service);
    codec_u64(codec, &kept->fingerprint);
    codec_bool(codec, &record->running);
    codec_bool(codec, &record->started);
    visit_moment(codec, &record->last);
    visit_starts(codec, record->starts, &record->n, HEAL_STARTS);
    codec_bool(codec, &record->failed);
    visit_moment(codec, &record->ended_at);
    codec_u64(codec, &record->incident);
    codec_count(codec, &record->attempts, UINT32_MAX);
}

/* A later version may know more of them. */
static void visit_flags(struct codec *codec, bool *flags, unsigned n)
{
    unsigned there = n;

    codec_count(codec, &there, n + 1);
    for (unsigned i = 0; i < there && !codec->failed; i++)
        codec_bool(codec, &flags[i]);
}

static void visit_ladder(struct codec *codec, struct heal_kept_ladder *ladder)
{
    codec_u64(codec, &ladder->incident);
    codec_text(codec, ladder->service, sizeof ladder->service);
    codec_u64(codec, &ladder->not_ok);
    codec_u64(codec, &ladder->told);
    visit_flags(codec, ladder->asked, MODEL_AGENTS);
    codec_bool(codec, &ladder->exhausted);
    codec_bool(codec, &ladder->sos);
    codec_bool(codec, &ladder->delivered);
    codec_bool(codec, &ladder->cleared);
    visit_moment(codec, &ladder->sos_at);
}

/* What is in no array. */
static void visit_rest(struct codec *codec, struct heal_kept *kept)
{
    visit_starts(codec, kept->past.starts, &kept->past.n, HEAL_PAST);
    visit_flags(codec, kept->asked, MODEL_AGENTS);
    for (unsigned i = 0; i < MODEL_AGENTS && !codec->failed; i++)
        visit_moment(codec, &kept->asked_at[i]);
}

/* ---- each kind */

size_t heal_rows_n(enum heal_row row, const struct heal_kept *kept)
{
    return row == HEAL_ROW_REST ? 1 : row == HEAL_ROW_RECORD ? kept->n_records : kept->n_ladders;
}

void heal_row_name(enum heal_row row, const struct heal_kept *kept, size_t i, char name[HEAL_ROW_NAME])
{
    if (row == HEAL_ROW_RECORD)
        snprintf(name, HEAL_ROW_NAME, "%.63s %.63s", kept->records[i].runbook, kept->records[i].service);
    else if (row == HEAL_ROW_LADDER)
        snprintf(name, HEAL_ROW_NAME, "%" PRIu64, kept->ladders[i].incident);
    else
        snprintf(name, HEAL_ROW_NAME, "talon");
}

/* What is written or summed up is a copy: the same functions read. */
static void visit(struct codec *codec, enum heal_row row, const struct heal_kept *kept, size_t i)
{
    struct heal_kept rest;
    struct heal_kept_record record;
    struct heal_kept_ladder ladder;

    if (row == HEAL_ROW_REST) {
        rest = *kept;
        visit_rest(codec, &rest);
    } else if (row == HEAL_ROW_RECORD) {
        record = kept->records[i];
        visit_record(codec, &record);
    } else {
        ladder = kept->ladders[i];
        visit_ladder(codec, &ladder);
    }
}

bool heal_row_write(enum heal_row row, const struct heal_kept *kept, size_t i, struct buffer *out)
{
    struct codec codec = codec_writer(out, letter(row), &kept->at);

    visit(&codec, row, kept, i);
    return codec_end(&codec);
}

unsigned long long heal_row_sum(enum heal_row row, const struct heal_kept *kept, size_t i)
{
    struct codec codec = codec_summer(&kept->at);

    visit(&codec, row, kept, i);
    return codec.sum;
}

/* ---- read */

/* Room for one more, zeroed; NULL: no memory, or too many. */
static void *one_more(void **array, size_t n, size_t size)
{
    void *more = n < MOST_ROWS ? realloc(*array, (n + 1) * size) : NULL;

    if (!more)
        return NULL;
    *array = more;
    return memset((char *)more + n * size, 0, size);
}

static bool take_record(struct heal_kept *kept, struct codec *codec)
{
    struct heal_kept_record *record = one_more((void **)&kept->records, kept->n_records, sizeof *record);

    if (!record)
        return false;
    visit_record(codec, record);
    if (!codec_end(codec))
        return false;
    kept->n_records++;
    return true;
}

static bool take_ladder(struct heal_kept *kept, struct codec *codec)
{
    struct heal_kept_ladder *ladder = one_more((void **)&kept->ladders, kept->n_ladders, sizeof *ladder);

    if (!ladder)
        return false;
    visit_ladder(codec, ladder);
    if (!codec_end(codec))
        return false;
    kept->n_ladders++;
    return true;
}

static bool take_rest(struct heal_kept *kept, struct codec *codec)
{
    struct heal_kept rest = *kept;

    visit_rest(codec, &rest);
    if (!codec_end(codec))
        return false;
    *kept = rest;
    return true;
}

bool heal_row_take(enum heal_row row, struct heal_kept *kept, const char *name, const void *bytes, size_t n)
{
    struct codec codec = codec_reader(bytes, n, letter(row), NULL);
    char own[HEAL_ROW_NAME];
    bool taken;

    if (codec.failed)
        return false;
    taken = row == HEAL_ROW_REST ? take_rest(kept, &codec) : row == HEAL_ROW_RECORD ? take_record(kept, &codec) : take_ladder(kept, &codec);
    if (!taken || row == HEAL_ROW_REST)
        return taken;
    heal_row_name(row, kept, heal_rows_n(row, kept) - 1, own);
    if (strcmp(own, name) == 0)
        return true;
    kept->n_records -= row == HEAL_ROW_RECORD;
    kept->n_ladders -= row == HEAL_ROW_LADDER;
    return false;
}
