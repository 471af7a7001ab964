/*
 * Repair as random histories, each of the eight promises asked after every event.
 *
 *   test_heal                       what `make check` runs: histories until --events (1.5 million; with SOAK set 60 million; 100,000 where sanitizers watch)
 *   test_heal --seed N --steps M    one history
 *   test_heal --mutants             (of the library with mutants) breaks each promise in turn: each must be caught
 */
#include "heal_random.h"

#include "base/sanitized.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 500, KEPT_STEPS = 2000, OFTEN = 1500000, SELDOM = 100000, SOAK = 60000000, TRIES = 3000 };

#ifdef HEAL_MUTANTS
int heal_mutant;

/* By the number that the code has for it (BROKEN), and what is broken by it: the beginning of the sentence that must be heard. */
static const char *const mutants[] = {
    "1: ", "2: ", "3: ", "4: ", "5: ", "6: ", "7: ", "8: ", "4: s", /* 9: a recovery is told before the stability window is over */
};

enum { MUTANTS = sizeof mutants / sizeof *mutants };

/* Broken in any of these histories, by a sentence that names the promise. */
static int try_mutants(void)
{
    int caught = 0;

    for (heal_mutant = 1; heal_mutant <= MUTANTS; heal_mutant++) {
        const char *promise = mutants[heal_mutant - 1];
        struct random_counts counts = { 0 };
        char broken[WORLD_TEXT] = "";
        uint64_t seed = 1;

        while (seed < TRIES && random_history(seed, STEPS, false, &counts, broken))
            seed++;
        printf("mutant %d: seed %" PRIu64 ": %s\n", heal_mutant, seed, broken[0] ? broken : "not caught");
        caught += strncmp(broken, promise, strlen(promise)) == 0;
    }
    printf("figure mutants.tried %d promises\nfigure mutants.caught %d promises\n", MUTANTS, caught);
    return caught == MUTANTS ? 0 : 1;
}
#endif

static bool is_soak(void)
{
    const char *soak = getenv("SOAK");

    return soak && *soak && strcmp(soak, "0") != 0;
}

/* Those that broke a promise once. */
static const uint64_t kept[] = { 52, 69, 124, 138, 279, 492, 546, 801, 1644, 2018, 2233, 2291, 2339 };

static uint64_t replay_kept(struct random_counts *counts)
{
    char broken[WORLD_TEXT];
    uint64_t broke = 0;

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (random_history(kept[i], KEPT_STEPS, false, counts, broken))
            continue;
        printf("seed %" PRIu64 ", kept: %s\n", kept[i], broken);
        broke++;
    }
    return broke;
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t fallback)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtoull(argv[i + 1], NULL, 10);
    return fallback;
}

int main(int argc, char **argv)
{
    const uint64_t seed = number(argc, argv, "--seed", 0), steps = number(argc, argv, "--steps", STEPS);
    const uint64_t events = number(argc, argv, "--events", is_soak() ? SOAK : ADDRESS_SANITIZED ? SELDOM : OFTEN);
    struct random_counts counts = { 0 };
    uint64_t broke = 0, next = seed > 0 ? seed : 1;
    char broken[WORLD_TEXT];

#ifdef HEAL_MUTANTS
    if (argc == 1 || strcmp(argv[1], "--mutants") == 0)
        return try_mutants();
#endif
    if (seed == 0)
        broke = replay_kept(&counts);
    do {
        if (!random_history(next, steps, seed > 0, &counts, broken)) {
            printf("seed %" PRIu64 ", %" PRIu64 " steps: %s\n", next, steps, broken);
            broke++;
        }
        next++;
    } while (seed == 0 && counts.events < events && broke < 5);
    printf("%" PRIu64 " starts, %" PRIu64 " fixed, %" PRIu64 " SOS, %" PRIu64 " all clear, %" PRIu64 " refusals\n", counts.starts, counts.fixed, counts.sos,
           counts.clears, counts.refusals);
    printf("figure property.events %" PRIu64 " events\nfigure property.simulated_hours %" PRIu64 " h\nfigure property.broken %" PRIu64 " histories\n",
           counts.events, counts.ns / 3600 / NS_PER_S, broke);
    return broke > 0 ? 1 : 0;
}
