/* Rows for the store and back: see rows.h. Each visit_ function is the one description of its row (codec.h). */
#include "memory/rows.h"

#include "memory/codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 32, MOST_ROWS = 1 << 20, VERDICTS = 9, STATUSES = 6, ENDINGS = 5, TOLDS = 3 };

const char *row_kind_name(enum row_kind kind)
{
    static const char *const names[ROW_KINDS] = { "moment", "rest", "silence", "incident", "service", "check" };

    return names[kind];
}

/* ---- checks */

/* Its status, reason and summary, so that status and `why` are whole at once; details and metrics are of the run that was. */
static void visit_result(struct codec *codec, struct result **result)
{
    bool is = *result != NULL;
    int status = is ? (int)(*result)->status : 0;
    char reason[RESULT_REASON_SIZE] = "", summary[RESULT_SUMMARY_SIZE + 1] = "";
    uint64_t took = is ? (*result)->duration_ns : 0;

    codec_bool(codec, &is);
    if (!is)
        return;
    if (*result) {
        snprintf(reason, sizeof reason, "%s", (*result)->reason);
        snprintf(summary, sizeof summary, "%s", (*result)->summary);
    }
    codec_word(codec, &status, STATUSES);
    codec_text(codec, reason, sizeof reason);
    if (codec_lazy(codec)) {
        codec_text(codec, summary, sizeof summary);
        codec_u64(codec, &took);
    }
    if (codec->way == CODEC_READ && !codec->failed)
        *result = result_make((enum status)status, reason, summary, took, NULL, 0, NULL, 0);
}

static void visit_check(struct codec *codec, struct kept_check *check)
{
    uint64_t turns = check->turns;

    codec_text(codec, check->name, sizeof check->name);
    codec_u64(codec, &check->fingerprint);
    codec_word(codec, &check->verdict, VERDICTS);
    codec_word(codec, &check->base, VERDICTS);
    codec_bool(codec, &check->broken);
    codec_bool(codec, &check->heard);
    codec_count(codec, &check->bad, UINT32_MAX);
    codec_count(codec, &check->unknown, UINT32_MAX);
    codec_i64(codec, &check->since);
    codec_past(codec, &check->since_elapsed);
    codec_ago(codec, &check->starting_for);
    codec_u64(codec, &turns);
    codec_bool(codec, &check->flapping);
    if (codec_lazy(codec) || check->broken) /* a recovery is counted; of a check that is well, how well it is can wait */
        codec_count(codec, &check->good, UINT32_MAX);
    if (codec_lazy(codec)) {
        codec_count(codec, &check->n_turns, TURNS + 1);
        codec_i64(codec, &check->last_begun);
        codec_i64(codec, &check->last_ended);
        codec_u64(codec, &check->runs);
        codec_u64(codec, &check->skipped);
    }
    check->turns = (uint32_t)turns;
    visit_result(codec, &check->last);
}

/* ---- services */

static void visit_service(struct codec *codec, struct kept_service *service)
{
    bool *const flags[] = { &service->watched, &service->root, &service->silenced, &service->was_down, &service->stop_told, &service->warn_told,
                            &service->flap_told, &service->flap_long_told, &service->confirming, &service->graced };

    codec_text(codec, service->name, sizeof service->name);
    codec_word(codec, &service->verdict, VERDICTS);
    codec_i64(codec, &service->since);
    codec_past(codec, &service->since_elapsed);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        codec_bool(codec, flags[i]);
    codec_ago(codec, &service->warns_for);
    codec_ago(codec, &service->flaps_for);
    codec_ago(codec, &service->bad_for);
    codec_text(codec, service->graced_by, sizeof service->graced_by);
    codec_until(codec, &service->grace_left);
    codec_until(codec, &service->spare_left);
    codec_u64(codec, &service->joined);
}

/* ---- what people know and have said */

static void visit_silence(struct codec *codec, struct engine_silence *silence)
{
    codec_text(codec, silence->service, sizeof silence->service);
    codec_text(codec, silence->note, sizeof silence->note);
    codec_i64(codec, &silence->since);
    codec_past(codec, &silence->begun);
    codec_ahead(codec, &silence->until);
    codec_bool(codec, &silence->until_ok);
    codec_bool(codec, &silence->told_long);
}

static void visit_entry(struct codec *codec, struct engine_entry *entry)
{
    int kind = (int)entry->kind;

    codec_i64(codec, &entry->at);
    codec_word(codec, &kind, ENTRY_KINDS);
    codec_text(codec, entry->who, sizeof entry->who);
    entry->kind = (enum engine_entry_kind)kind;
}

static void visit_incident(struct codec *codec, struct row_incident *row)
{
    struct engine_incident *incident = &row->incident;
    int ending = (int)incident->ending, told = (int)incident->told;

    codec_u64(codec, &incident->id);
    codec_text(codec, incident->service, sizeof incident->service);
    codec_word(codec, &ending, ENDINGS);
    codec_u64(codec, &incident->folded_into);
    codec_i64(codec, &incident->opened);
    codec_i64(codec, &incident->closed);
    codec_past(codec, &incident->closed_elapsed);
    codec_count(codec, &incident->reopened, UINT32_MAX);
    codec_count(codec, &incident->joined, UINT32_MAX);
    codec_word(codec, &told, TOLDS);
    codec_bool(codec, &incident->collected);
    codec_bool(codec, &incident->acked);
    codec_ahead(codec, &incident->acked_until);
    codec_text(codec, incident->acked_by, sizeof incident->acked_by);
    codec_ahead(codec, &incident->repeat_at);
    codec_count(codec, &incident->dropped, UINT32_MAX);
    codec_count(codec, &incident->n_entries, ENGINE_ENTRIES + 1);
    for (unsigned i = 0; i < incident->n_entries && !codec->failed; i++)
        visit_entry(codec, &incident->entries[i]);
    codec_u64(codec, &row->lines);
    codec_bool(codec, &row->evidence);
    codec_text(codec, row->why, sizeof row->why);
    incident->ending = (enum engine_ending)ending;
    incident->told = (enum engine_told)told;
}

static void visit_rest(struct codec *codec, struct engine_kept *kept)
{
    unsigned troubles = SELF_TROUBLES;

    codec_u64(codec, &kept->last_incident);
    codec_ahead(codec, &kept->paused_until);
    codec_bool(codec, &kept->storm);
    codec_bool(codec, &kept->told_storm);
    codec_bool(codec, &kept->told_observer);
    codec_count(codec, &troubles, SELF_TROUBLES + 1); /* a later version may know more of them */
    for (unsigned i = 0; i < troubles; i++)
        codec_bool(codec, &kept->told_self[i]);
}

/* ---- written */

void row_name(enum row_kind kind, union row row, char name[ROW_NAME])
{
    switch (kind) {
    case ROW_CHECK:
        snprintf(name, ROW_NAME, "%s", row.check->name);
        break;
    case ROW_SERVICE:
        snprintf(name, ROW_NAME, "%s", row.service->name);
        break;
    case ROW_SILENCE:
        snprintf(name, ROW_NAME, "%s", row.silence->service[0] ? row.silence->service : "*");
        break;
    case ROW_INCIDENT:
        snprintf(name, ROW_NAME, "%" PRIu64, row.incident->incident.id);
        break;
    case ROW_MOMENT:
    case ROW_REST:
    case ROW_KINDS:
        snprintf(name, ROW_NAME, "talon");
        break;
    }
}

/* What is written or summed up is a copy: the same functions read. */
static void visit(struct codec *codec, enum row_kind kind, union row row)
{
    struct kept_check check;
    struct kept_service service;
    struct engine_silence silence;
    struct row_incident incident;
    struct engine_kept rest;

    switch (kind) {
    case ROW_CHECK:
        check = *row.check;
        visit_check(codec, &check);
        break;
    case ROW_SERVICE:
        service = *row.service;
        visit_service(codec, &service);
        break;
    case ROW_SILENCE:
        silence = *row.silence;
        visit_silence(codec, &silence);
        break;
    case ROW_INCIDENT:
        incident = *row.incident;
        visit_incident(codec, &incident);
        break;
    case ROW_REST:
        rest = *row.rest;
        visit_rest(codec, &rest);
        break;
    case ROW_MOMENT: /* it is all there is to it */
    case ROW_KINDS:
        break;
    }
}

static char letter(enum row_kind kind)
{
    static const char letters[ROW_KINDS] = { 'm', 't', 's', 'i', 'v', 'c' };

    return letters[kind];
}

bool row_write(enum row_kind kind, union row row, const struct moment *at, struct buffer *out)
{
    struct codec codec = codec_writer(out, letter(kind), at);

    visit(&codec, kind, row);
    return codec_end(&codec);
}

unsigned long long row_sum(enum row_kind kind, union row row, const struct moment *at)
{
    struct codec codec = codec_summer(at);

    visit(&codec, kind, row);
    return codec.sum;
}

/* ---- read */

bool rows_begin(struct rows *rows)
{
    *rows = (struct rows){ .kept = calloc(1, sizeof *rows->kept) };
    return rows->kept != NULL;
}

/* Room for one more; NULL: no memory, or too many. */
static void *one_more(void **array, size_t *room, size_t n, size_t size)
{
    if (n == *room) {
        const size_t wanted = *room > 0 ? 2 * *room : 16;
        void *more = wanted > MOST_ROWS ? NULL : realloc(*array, wanted * size);

        if (!more)
            return NULL;
        *array = more;
        *room = wanted;
    }
    return memset((char *)*array + n * size, 0, size);
}

#define MORE(rows, kind, array, n) one_more((void **)&(array), &(rows)->room[kind], n, sizeof *(array))

static bool take_check(struct rows *rows, struct codec *codec, const char *name)
{
    struct kept_check *check = MORE(rows, ROW_CHECK, rows->kept->checks, rows->kept->n_checks);

    if (!check)
        return false;
    visit_check(codec, check);
    if (codec_end(codec) && strcmp(check->name, name) == 0) {
        rows->kept->n_checks++;
        return true;
    }
    result_drop(check->last);
    return false;
}

static bool take_service(struct rows *rows, struct codec *codec, const char *name)
{
    struct kept_service *service = MORE(rows, ROW_SERVICE, rows->kept->services, rows->kept->n_services);

    if (!service)
        return false;
    visit_service(codec, service);
    if (!codec_end(codec) || strcmp(service->name, name) != 0)
        return false;
    rows->kept->n_services++;
    return true;
}

static bool take_silence(struct rows *rows, struct codec *codec)
{
    struct engine_silence *silence = MORE(rows, ROW_SILENCE, rows->kept->silences, rows->kept->n_silences);

    if (!silence)
        return false;
    visit_silence(codec, silence);
    if (!codec_end(codec))
        return false;
    rows->kept->n_silences++;
    return true;
}

static bool take_incident(struct rows *rows, struct codec *codec, const char *name)
{
    struct row_incident *incident = MORE(rows, ROW_INCIDENT, rows->incidents, rows->kept->n_incidents);

    if (!incident)
        return false;
    visit_incident(codec, incident);
    if (!codec_end(codec) || incident->incident.id == 0 || incident->incident.id > INT64_MAX || strtoull(name, NULL, 10) != incident->incident.id)
        return false;
    rows->kept->n_incidents++;
    return true;
}

static bool take_rest(struct rows *rows, struct codec *codec)
{
    struct engine_kept rest = { 0 };

    visit_rest(codec, &rest);
    if (!codec_end(codec))
        return false;
    rows->kept->last_incident = rest.last_incident;
    rows->kept->paused_until = rest.paused_until;
    rows->kept->storm = rest.storm;
    rows->kept->told_storm = rest.told_storm;
    rows->kept->told_observer = rest.told_observer;
    memcpy(rows->kept->told_self, rest.told_self, sizeof rest.told_self);
    return true;
}

/* Without a moment that was kept, the first row's is the one: whatever it is, all are told by it. */
static void take_moment(struct rows *rows, const struct moment *at)
{
    rows->kept->at = *at;
    rows->has_moment = true;
}

bool rows_take(struct rows *rows, enum row_kind kind, const char *name, const void *bytes, size_t n)
{
    struct codec codec = codec_reader(bytes, n, letter(kind), rows->has_moment ? &rows->kept->at : NULL);

    if (codec.failed)
        return false;
    if (!rows->has_moment)
        take_moment(rows, &codec.at);
    switch (kind) {
    case ROW_CHECK:
        return take_check(rows, &codec, name);
    case ROW_SERVICE:
        return take_service(rows, &codec, name);
    case ROW_SILENCE:
        return take_silence(rows, &codec);
    case ROW_INCIDENT:
        return take_incident(rows, &codec, name);
    case ROW_REST:
        return take_rest(rows, &codec);
    case ROW_MOMENT:
    case ROW_KINDS:
        break;
    }
    return codec_end(&codec);
}

/* Open ones first, then the latest: places may be fewer than there were. */
static int by_worth(const void *a, const void *b)
{
    const struct engine_incident *x = &((const struct row_incident *)a)->incident, *y = &((const struct row_incident *)b)->incident;
    const bool open_x = x->ending == INCIDENT_OPEN, open_y = y->ending == INCIDENT_OPEN;

    if (open_x != open_y)
        return open_x ? -1 : 1;
    return x->id > y->id ? -1 : x->id < y->id;
}

struct engine_kept *rows_end(struct rows *rows)
{
    struct engine_kept *kept = rows->kept;

    rows->kept = NULL;
    if (rows->has_moment)
        kept->incidents = calloc(kept->n_incidents + 1, sizeof *kept->incidents);
    if (!kept->incidents) {
        engine_kept_free(kept);
        return NULL;
    }
    if (kept->n_incidents > 1)
        qsort(rows->incidents, kept->n_incidents, sizeof *rows->incidents, by_worth);
    for (size_t i = 0; i < kept->n_incidents; i++) {
        kept->incidents[i] = rows->incidents[i].incident;
        if (kept->incidents[i].id > kept->last_incident)
            kept->last_incident = kept->incidents[i].id;
    }
    return kept;
}
