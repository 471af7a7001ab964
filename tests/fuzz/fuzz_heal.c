/*
 * Fuzz target: what repair has kept, as the store gives it back at a start, and what it does with it afterwards. The first line says how that start is: `boot`
 * is another boot of the machine, `down` a store that never came up; anything else is another process of the same boot. Each part behind it is a row: its first
 * byte names the kind (p: the rest, h: a record, l: a ladder), with its highest bit set the row gets a right sum, so that its fields are reached.
 *
 * Whatever was read, minutes of a failing service must go by without an event that makes no sense, and what is kept then must come back the same.
 */
#include "fuzz.h"

#include "base/text.h"
#include "memory/heal_rows.h"
#include "sim/heal_world.h"

#include <stdlib.h>
#include <string.h>

enum { SUM = 8, SEALED = 0x80, MOST_ROWS = 40 };

#define SECONDS_OF(n) ((uint64_t)(n) * (uint64_t)NS_PER_S)

static struct world world;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

/* ---- a service whose check fails, and a runbook with limits and a warm-up */

static const struct model *make_model(void)
{
    struct build *b = build_begin(1, 4);
    struct model_service *service;
    struct model_check *check;
    struct model_runbook *book;
    struct model_step *steps;
    struct model_when *young = build_alloc(b, sizeof *young);

    build_settings(b)->remediation_at_most = 10;
    build_settings(b)->remediation_window = SECONDS_OF(3600);
    build_settings(b)->remediation_concurrent = 1;
    build_settings(b)->storm_percent = 100;
    build_settings(b)->sos = (struct model_sos){ true, SECONDS_OF(120), SECONDS_OF(300) };
    service = build_service(b, "web");
    service->critical = true;
    check = build_check(b, "ping");
    check->every = SECONDS_OF(10);
    check->fail_after = 1;
    check->recover_after = 1;
    check->confirm_every = SECONDS_OF(2);
    book = world_runbook(b, "restart", MODEL_DISRUPT);
    *young = (struct model_when){ .kind = MODEL_WHEN_METRIC, .check = 0, .metric = "uptime", .comparison = MODEL_LESS, .value = 2 };
    book->limits.warmup = (struct model_condition){ .text = "it is young", .n = 1, .nodes = young };
    book->limits.attempts = 2;
    book->limits.cooldown = SECONDS_OF(60);
    book->limits.hold_after_failure = SECONDS_OF(90);
    steps = world_steps(b, book, 1);
    steps[0] = (struct model_step){ .kind = MODEL_STEP_DO, .action = world_action("exec.run", SECONDS_OF(30)) };
    book->verify = world_passes(b, 0, 1, 2, SECONDS_OF(5), SECONDS_OF(30));
    world_entry(b, service, book);
    return build_end(b);
}

/* An incident is open, and nothing was done about it. */
static void begin_world(void)
{
    world_begin(&world, 1, make_model());
    world_heal(&world, &(struct heal_event){ .kind = HEAL_ONLY_LOOK, .of.only_look = { true, false } });
    world.way = WAY_FAILS;
    world_set(&world, "web", STATUS_FAIL);
    world_pass(&world, SECONDS_OF(15));
    MUST(engine_service(world.engine, 0)->incident > 0, "no incident was opened");
}

/* ---- rows */

static void seal(struct buffer *row)
{
    const unsigned long long sum = text_hash(TEXT_HASH, row->data ? row->data : "", row->len);

    for (int i = 0; i < SUM; i++)
        buffer_char(row, (char)(unsigned char)(sum >> (8 * i)));
}

static enum heal_row kind_of(unsigned char first)
{
    switch (first & ~(unsigned)SEALED) {
    case 'h':
        return HEAL_ROW_RECORD;
    case 'l':
        return HEAL_ROW_LADDER;
    default:
        return HEAL_ROW_REST;
    }
}

/* A row is refused under another name than its own: the second try has the right one, which the first has read. */
static void take_row(struct heal_kept *kept, const char *bytes, size_t n)
{
    static struct heal_kept guess;
    const enum heal_row kind = n > 0 ? kind_of((unsigned char)bytes[0]) : HEAL_ROW_REST;
    struct buffer row = buffer_make(0);
    char name[HEAL_ROW_NAME];

    if (n < 1)
        return;
    buffer_add(&row, bytes + 1, n - 1);
    if ((unsigned char)bytes[0] & SEALED)
        seal(&row);
    guess = (struct heal_kept){ .n_records = 0 };
    if (!heal_row_take(kind, &guess, kind == HEAL_ROW_REST ? "talon" : "", row.data ? row.data : "", row.len) && kind != HEAL_ROW_REST &&
        (kind == HEAL_ROW_RECORD ? guess.records != NULL : guess.ladders != NULL)) {
        heal_row_name(kind, &guess, 0, name);
        heal_row_take(kind, kept, name, row.data ? row.data : "", row.len);
    } else if (kind == HEAL_ROW_REST) {
        heal_row_take(kind, kept, "talon", row.data ? row.data : "", row.len);
    }
    free(guess.records);
    free(guess.ladders);
    buffer_free(&row);
}

static void read_rows(struct fuzz_parts *parts, struct heal_kept *kept)
{
    char *part;
    size_t n;

    for (int i = 0; i < MOST_ROWS && (part = fuzz_part(parts, &n)) != NULL; i++) {
        take_row(kept, part, n);
        free(part);
    }
}

/* ---- a start */

static void start(struct heal_kept *kept, bool booted, bool down)
{
    const struct heal_event restore = { .kind = HEAL_RESTORE, .of.kept = kept };

    heal_free(world.heal);
    world.heal = heal_create();
    MUST(world.heal != NULL, "no memory");
    world.heal_wake = UINT64_MAX;
    if (booted)
        world.now.boot++;
    MUST(world_heal(&world, &(struct heal_event){ .kind = HEAL_MODEL }), "a model is refused");
    if (down)
        world_store(&world, STORE_NEVER_UP, false);
    MUST(world_heal(&world, &restore), "what was kept is not taken up");
    MUST(!world_heal(&world, &restore), "what was kept is taken up twice");
}

static void again(enum heal_row kind, const struct heal_kept *kept, size_t i)
{
    struct buffer first = buffer_make(0), second = buffer_make(0);
    struct heal_kept other = { .at = kept->at };
    char name[HEAL_ROW_NAME];

    heal_row_name(kind, kept, i, name);
    MUST(heal_row_write(kind, kept, i, &first), "what is kept cannot be written");
    MUST(heal_row_take(kind, &other, name, first.data, first.len), "what was written is not understood");
    MUST(heal_row_write(kind, &other, 0, &second), "what was read cannot be written");
    MUST(first.len == second.len && memcmp(first.data, second.data, first.len) == 0, "it is another after two ways");
    free(other.records);
    free(other.ladders);
    buffer_free(&first);
    buffer_free(&second);
}

static void look_at_what_is_kept(void)
{
    struct heal_kept *kept = heal_export(world.heal, &world.now);

    MUST(kept != NULL, "no memory");
    for (int kind = 0; kind < HEAL_ROWS; kind++)
        for (size_t i = 0; i < heal_rows_n((enum heal_row)kind, kept); i++)
            again((enum heal_row)kind, kept, i);
    heal_kept_free(kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct fuzz_parts parts = { bytes, n, false };
    struct heal_kept *kept = calloc(1, sizeof *kept);
    size_t length;
    char *how = fuzz_part(&parts, &length);

    MUST(kept != NULL, "no memory");
    if (how) {
        begin_world();
        kept->at = world.now;
        read_rows(&parts, kept);
        start(kept, strncmp(how, "boot", 4) == 0, strncmp(how, "down", 4) == 0);
        look_at_what_is_kept();
        world_pass(&world, SECONDS_OF(200));
        MUST(world.broken[0] == '\0', "an event was refused");
        look_at_what_is_kept();
        world_end(&world);
    }
    free(how);
    heal_kept_free(kept);
    return 0;
}
