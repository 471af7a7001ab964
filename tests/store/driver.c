/*
 * Writes into a store as a busy daemon does, until it is killed, and says on standard output what it was promised, so that a test can compare the two:
 *
 *   ready                  the store is up
 *   run AT                 a run was given to it; ms since 1970
 *   kept N                 the counter was given to it
 *   intent N, durable N    an intent was given to it; and is on disk
 *   down WHY, up, aside    as they come
 */
#include "store/store.h"

#include "base/os/clock.h"
#include "base/os/log.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_OF_AN_INTENT = 10, PATIENCE_MS = 20000 };

static void tell_news(struct store *store)
{
    char why[1500];

    for (struct store_news news = store_news(store); news.kind != STORE_NOTHING; news = store_news(store)) {
        if (news.kind == STORE_DURABLE)
            printf("durable %" PRIu64 "\n", news.intent);
        else if (news.kind == STORE_WENT_DOWN)
            printf("down %s\n", store_trouble(store, why, sizeof why) ? why : "");
        else
            puts(news.kind == STORE_CAME_UP ? "up" : "aside");
    }
}

static void write_round(struct store *store, uint64_t round)
{
    char text[32];
    const int64_t now = clock_moment().wall;

    if (store_run(store, &(struct store_run){ "driver.run", now, 1000000, STORE_RUN_OK, round % 16 == 0 ? "{}" : NULL }))
        printf("run %" PRId64 "\n", now / 1000000);
    snprintf(text, sizeof text, "%" PRIu64, round);
    if (store_keep(store, "check", "counter", text, strlen(text)))
        printf("kept %" PRIu64 "\n", round);
    if (round % ROUNDS_OF_AN_INTENT == 0) {
        uint64_t intent = store_intent(store, &(struct store_intent){ "runbook", "service", now, 1, (uint64_t)now, "{}" });

        if (intent > 0)
            printf("intent %" PRIu64 "\n", intent);
    }
    tell_news(store);
}

/* What was kept last time. */
static uint64_t counter_of(struct store *store)
{
    struct buffer text = buffer_make(0);
    char why[512];
    uint64_t counter = 0;

    if (store_ask_now(store, &(struct store_ask){ .question = STORE_ASK_KEPT, .name = "check" }, (uint64_t)PATIENCE_MS * 1000000, &text, why, sizeof why)) {
        const char *hex = strstr(buffer_string(&text), "\"bytes\":\"");

        for (hex = hex ? hex + 9 : ""; hex[0] == '3'; hex += 2)
            counter = counter * 10 + (uint64_t)(hex[1] - '0');
    }
    buffer_free(&text);
    return counter;
}

int main(int argc, char **argv)
{
    char why[1500];
    struct store *store;
    uint64_t round;
    bool told = false;

    if (argc != 2) {
        fprintf(stderr, "store-driver FOLDER\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    log_open(&(struct log_settings){ .level = LOG_LEVEL_INFO, .to_stderr = true });
    store = store_open(&(struct store_options){ argv[1], UINT64_MAX >> 2, UINT64_MAX >> 2, UINT64_MAX >> 2, 1u << 30, NULL, NULL }, why, sizeof why);
    if (!store) {
        fprintf(stderr, "store-driver: %s\n", why);
        return 1;
    }
    for (round = counter_of(store) + 1;; round++) {
        write_round(store, round);
        if (!told && store_is_up(store)) {
            puts("ready");
            told = true;
        }
        poll(NULL, 0, 1);
    }
}
