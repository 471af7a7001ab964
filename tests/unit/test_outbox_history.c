/*
 * Random histories of the outbox in simulated time: troubles come and go, channels fail in every way that they can, the network is away for hours, the process
 * ends at any instant and goes on from its rows. The judge knows the messages and what arrived, and nothing of how the outbox works:
 *
 *   each message reaches each of its channels once: as it is, or within the one line that tells what has passed; never twice but where nobody could know
 *   whether it had arrived, and a digest not even then
 *   no end of a trouble is told to a channel that never heard of it by itself
 *   in no window does a channel get more letters than the cap allows, pages aside
 *   a page is under way as soon as its channel is free, and one confirmation is told as delivered
 */
#include "outbox/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 3, SAID = 400, ROWS = 1024, KEYS = 6, CAP = 4, STEPS = 500, SENT = 4000, TOKEN = 16 };

#define S ((uint64_t)NS_PER_S)
#define WINDOW (3600 * S)

struct said {
    char token[TOKEN];
    enum outbox_level level;
    bool over;
    uint64_t key;
    bool due[CHANNELS];
    unsigned came[CHANNELS];  /* letters that arrived with it */
    bool plain[CHANNELS];     /* one of them without its end */
    unsigned maybe[CHANNELS]; /* times that nobody could know it */
};

struct row {
    char name[OUTBOX_NAME + 16];
    size_t n;
    unsigned char bytes[OUTBOX_ROW];
};

struct way { /* what a channel does */
    bool away;                /* nothing arrives, and that is known */
    bool in_flight;
    struct outbox_letter letter;
    uint64_t sent[SENT];      /* elapsed, of letters within the cap */
    size_t n_sent;
};

struct history {
    uint64_t random, seed;
    struct moment now;
    struct outbox *outbox;
    struct way ways[CHANNELS];
    struct said said[SAID];
    size_t n_said;
    bool open[KEYS + 1], paged[KEYS + 1];
    uint64_t key[KEYS + 1], next_key;
    struct row rows[ROWS];
    size_t n_rows;
    unsigned long long events;
};

static const char *const names[CHANNELS] = { "both", "normal", "pages" };
static struct zone utc;

static uint64_t draw(struct history *h, uint64_t below)
{
    h->random ^= h->random << 13;
    h->random ^= h->random >> 7;
    h->random ^= h->random << 17;
    return h->random % below;
}

#define DEMAND(h, condition)                                                                                                                                   \
    do {                                                                                                                                                       \
        if (!(condition))                                                                                                                                      \
            fail_msg("seed %llu: %s", (unsigned long long)(h)->seed, #condition);                                                                              \
    } while (0)

/* ---- the process and its rows */

static void set(struct history *h)
{
    const struct outbox_channel channels[CHANNELS] = { { names[0], 1, true, true }, { names[1], 2, true, false }, { names[2], 3, false, true } };
    struct outbox_settings settings = { .n_channels = CHANNELS, .channels = channels, .messages = CAP, .window = WINDOW, .zone = &utc, .expire = 20 * 86400 * S };
    char why[SCALAR_WHY];
    size_t at;

    assert_true(calendar_read("0 9 * * *", &settings.digest, why, &at));
    outbox_set(h->outbox, &h->now, &settings);
}

static struct row *row_of(struct history *h, const char *name)
{
    for (size_t i = 0; i < h->n_rows; i++)
        if (strcmp(h->rows[i].name, name) == 0)
            return &h->rows[i];
    DEMAND(h, h->n_rows < ROWS);
    h->rows[h->n_rows] = (struct row){ .n = 0 };
    snprintf(h->rows[h->n_rows].name, sizeof h->rows[0].name, "%s", name);
    return &h->rows[h->n_rows++];
}

static void keep(struct history *h)
{
    struct outbox_row row;

    while (outbox_row(h->outbox, &row)) {
        struct row *kept = row_of(h, row.name);

        kept->n = row.n;
        memcpy(kept->bytes, row.bytes, row.n);
        if (row.n == 0)
            *kept = h->rows[--h->n_rows];
    }
}

static bool has(const struct outbox_letter *letter, const struct said *said)
{
    return strstr(letter->text, said->token) != NULL;
}

static bool tells_end(const char *from, const char *to)
{
    const char *passed = strstr(from, "could not be sent");

    return passed && passed < to;
}

/* In a line that does not tell its end as well. */
static bool is_plain(const struct outbox_letter *letter, const struct said *said)
{
    const char *at = strstr(letter->text, said->token), *line = at;

    while (line && line > letter->text && line[-1] != '\n')
        line--;
    return at && !tells_end(line, at);
}

static uint64_t life(const struct history *h) /* a clock of the judge's own that neither boots nor jumps */
{
    return h->now.awake;
}

static void count_letter(struct history *h, struct way *way)
{
    size_t within = 0;

    if (way->letter.level != OUTBOX_MESSAGE)
        return;
    DEMAND(h, way->n_sent < SENT);
    way->sent[way->n_sent++] = life(h);
    for (size_t i = 0; i < way->n_sent; i++)
        within += life(h) - way->sent[i] < WINDOW;
    DEMAND(h, within <= CAP);
}

static void restart(struct history *h)
{
    outbox_free(h->outbox);
    h->outbox = outbox_create();
    assert_non_null(h->outbox);
    if (draw(h, 3) == 0) {
        h->now.boot++;
        h->now.elapsed = S;
    }
    for (size_t i = 0; i < h->n_rows; i++)
        DEMAND(h, outbox_restore(h->outbox, &h->now, h->rows[i].name, h->rows[i].bytes, h->rows[i].n));
    for (size_t i = 0; i < CHANNELS; i++) { /* what was under way arrives or not, and nobody hears of it */
        const bool arrives = h->ways[i].in_flight && !h->ways[i].away && draw(h, 2) == 0;

        for (size_t k = 0; h->ways[i].in_flight && k < h->n_said; k++) {
            if (!has(&h->ways[i].letter, &h->said[k]))
                continue;
            h->said[k].came[i] += arrives || h->ways[i].letter.level == OUTBOX_DIGEST;
            h->said[k].plain[i] = h->said[k].plain[i] || (arrives && is_plain(&h->ways[i].letter, &h->said[k]));
            h->said[k].maybe[i] += h->ways[i].letter.level != OUTBOX_DIGEST;
        }
        if (h->ways[i].in_flight)
            count_letter(h, &h->ways[i]);
        h->ways[i].in_flight = false;
    }
    set(h);
}

/* ---- what arrives */

static void hear_news(struct history *h)
{
    struct outbox_news news;

    while ((news = outbox_news(h->outbox)).kind != OUTBOX_NOTHING)
        if (news.kind == OUTBOX_DELIVERED)
            DEMAND(h, news.incident != 0);
}

static void send_all(struct history *h)
{
    struct outbox_letter letter;

    while (outbox_next(h->outbox, &h->now, &letter)) {
        size_t i = 0;

        while (strcmp(names[i], letter.name) != 0)
            i++;
        DEMAND(h, !h->ways[i].in_flight);
        DEMAND(h, letter.text[0] != '\0');
        h->ways[i].in_flight = true;
        h->ways[i].letter = letter;
        h->events++;
    }
    keep(h);
    DEMAND(h, outbox_due(h->outbox, &h->now) > 0);
}

static void end(struct history *h, size_t i)
{
    struct way *way = &h->ways[i];
    const uint64_t dice = draw(h, 20);
    const bool unsure = !way->away && (dice == 0 || dice == 1), arrives = !way->away && (dice == 0 || dice > 5);
    const enum outbox_outcome outcome = unsure ? OUTBOX_UNSURE : arrives ? OUTBOX_SENT : dice == 2 ? OUTBOX_BUSY : dice == 3 ? OUTBOX_REFUSED : OUTBOX_FAILED;

    way->in_flight = false;
    for (size_t k = 0; k < h->n_said; k++) {
        struct said *said = &h->said[k];

        if (!has(&way->letter, said))
            continue;
        DEMAND(h, said->due[i]);
        said->came[i] += arrives;
        said->plain[i] = said->plain[i] || (arrives && is_plain(&way->letter, said));
        said->maybe[i] += unsure && way->letter.level != OUTBOX_DIGEST;
        if (unsure && way->letter.level == OUTBOX_DIGEST && !arrives)
            said->came[i] = 1; /* given up as sent: decisions.md says why */
        DEMAND(h, said->came[i] <= 1 + said->maybe[i]);
    }
    if (outcome == OUTBOX_SENT || unsure)
        count_letter(h, way);
    outbox_ended(h->outbox, &h->now, way->letter.channel, outcome, outcome == OUTBOX_BUSY ? (1 + draw(h, 600)) * S : 0, "it does not answer");
    h->events++;
}

/* ---- what is said */

static void say(struct history *h, enum outbox_level level, bool over, uint64_t key)
{
    struct said *said = &h->said[h->n_said];
    struct outbox_say out = { .level = level, .over = over, .key = key, .incident = key, .subject = "It" };
    char text[64];

    *said = (struct said){ .level = level, .over = over, .key = key };
    snprintf(said->token, sizeof said->token, "<%llu>", (unsigned long long)h->n_said);
    snprintf(text, sizeof text, "%s is %s", said->token, over ? "well" : "bad");
    out.text = text;
    for (size_t i = 0; i < CHANNELS; i++)
        said->due[i] = level == OUTBOX_PAGE ? i != 1 : i != 2;
    for (size_t k = 0; over && k < h->n_said; k++) /* the end goes to all that were to hear of it */
        if (h->said[k].key == key && !h->said[k].over)
            for (size_t i = 0; i < CHANNELS; i++)
                said->due[i] = said->due[i] || h->said[k].due[i];
    h->n_said++;
    DEMAND(h, outbox_say(h->outbox, &h->now, &out));
    keep(h);
    h->events++;
}

/* Each trouble has a key of its own. */
static void trouble(struct history *h)
{
    const uint64_t slot = 1 + draw(h, KEYS);
    const uint64_t dice = draw(h, 6);

    if (h->n_said + 2 >= SAID)
        return;
    if (!h->open[slot]) {
        h->key[slot] = ++h->next_key;
        h->open[slot] = true;
        h->paged[slot] = false;
        say(h, dice < 2 ? OUTBOX_DIGEST : OUTBOX_MESSAGE, false, h->key[slot]);
    } else if (dice < 2 && !h->paged[slot]) {
        h->paged[slot] = true;
        say(h, OUTBOX_PAGE, false, h->key[slot]);
    } else {
        h->open[slot] = false;
        say(h, OUTBOX_MESSAGE, true, h->key[slot]);
        if (h->paged[slot])
            say(h, OUTBOX_PAGE, true, h->key[slot]);
    }
}

/* ---- the end */

/* Or nobody can know that none did. */
static bool any_alarm_came(const struct history *h, uint64_t key, size_t i)
{
    for (size_t m = 0; m < h->n_said; m++)
        if (h->said[m].key == key && !h->said[m].over && (h->said[m].came[i] > 0 || h->said[m].maybe[i] > 0))
            return true;
    return false;
}

/* An alarm that goes on has come. One that is over has come, or another of its trouble has, and the end of what was heard was heard as well. */
static void demand_told(struct history *h, size_t k, size_t i)
{
    const struct said *said = &h->said[k];
    bool over = false, end_came = false, any_came = false;

    if (said->over || !said->due[i])
        return;
    for (size_t m = 0; m < h->n_said; m++) {
        if (h->said[m].key != said->key)
            continue;
        over = over || h->said[m].over;
        end_came = end_came || (h->said[m].over && h->said[m].came[i] > 0);
        any_came = any_came || h->said[m].came[i] > 0;
    }
    DEMAND(h, over ? any_came : said->came[i] > 0);
    DEMAND(h, !over || !said->plain[i] || end_came);
    DEMAND(h, !end_came || any_alarm_came(h, said->key, i));
}

static void pass(struct history *h, uint64_t ns)
{
    h->now.awake += ns;
    h->now.elapsed += ns;
    h->now.wall += (int64_t)ns;
}

static void settle(struct history *h)
{
    for (size_t i = 0; i < CHANNELS; i++)
        h->ways[i].away = false;
    for (unsigned round = 0; round < 4000 && outbox_waiting(h->outbox) > 0; round++) {
        uint64_t due;

        send_all(h);
        for (size_t i = 0; i < CHANNELS; i++)
            if (h->ways[i].in_flight)
                end(h, i);
        keep(h);
        due = outbox_due(h->outbox, &h->now);
        if (due != UINT64_MAX)
            pass(h, due + 1);
    }
    DEMAND(h, outbox_waiting(h->outbox) == 0);
    DEMAND(h, outbox_lost(h->outbox) == 0);
    for (size_t k = 0; k < h->n_said; k++)
        for (size_t i = 0; i < CHANNELS; i++)
            demand_told(h, k, i);
}

static void step(struct history *h)
{
    const uint64_t dice = draw(h, 100);

    if (dice < 12)
        trouble(h);
    else if (dice < 14)
        restart(h);
    else if (dice < 16)
        h->ways[draw(h, CHANNELS)].away ^= true;
    else if (dice < 17)
        for (size_t i = 0; i < CHANNELS; i++)
            h->ways[i].away = true;
    else if (dice < 19)
        for (size_t i = 0; i < CHANNELS; i++)
            h->ways[i].away = false;
    else if (dice < 60)
        pass(h, draw(h, 300) * S);
    else if (dice < 62)
        pass(h, draw(h, 20) * 3600 * S);
    for (size_t i = 0; i < CHANNELS; i++)
        if (h->ways[i].in_flight && draw(h, 3) > 0)
            end(h, i);
    send_all(h);
    hear_news(h);
}

static unsigned long long play(uint64_t seed)
{
    struct history *h = calloc(1, sizeof *h);
    unsigned long long events;

    assert_non_null(h);
    h->seed = seed;
    h->random = seed * 0x9e3779b97f4a7c15u + 1;
    h->now = (struct moment){ .awake = 1000 * S, .elapsed = 1000 * S, .wall = (int64_t)(1790000000 * S), .boot = 1 };
    h->outbox = outbox_create();
    assert_non_null(h->outbox);
    set(h);
    for (unsigned i = 0; i < STEPS; i++)
        step(h);
    settle(h);
    events = h->events;
    outbox_free(h->outbox);
    free(h);
    return events;
}

static void each_message_arrives_once(void **state)
{
    const char *wanted = getenv("OUTBOX_SEED"), *soak = getenv("SOAK");
    const uint64_t first = wanted ? strtoull(wanted, NULL, 10) : 1, n = wanted ? 1 : soak ? 20000 : 300;
    unsigned long long events = 0;

    (void)state;
    for (uint64_t seed = first; seed < first + n; seed++)
        events += play(seed);
    printf("figure outbox.events %llu events\n", events);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_message_arrives_once) };

    zone_utc(&utc);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
