/*
 * Repair as random histories, each of the eight promises asked after every event.
 *
 *   test_heal                       what `make check` runs: histories until --events (5 million; with SOAK set 200 million; 100,000 where sanitizers watch), and
 *                                   those kept in tests/sim/heal_histories
 *   test_heal --seed N --steps M    one history, told line by line
 *   test_heal --replay FILE         one that was kept, told line by line
 *   test_heal --mutants             (of the library with mutants) breaks each promise in turn: each must be caught
 *
 * A history that breaks a promise is printed, shrunk, and printed as a text to be kept.
 */
#include "heal_random.h"
#include "shrink.h"

#include "base/sanitized.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 500, KEPT_STEPS = 2000, OFTEN = 5000000, SELDOM = 100000, SOAK = 200000000, TRIES = 3000, MOST_BROKEN = 5 };

#ifdef HEAL_MUTANTS
int heal_mutant;

/* By the number that the code has for it (BROKEN): what is broken, and the beginning of the sentence that must be heard. */
static const struct {
    const char *what, *promise;
} mutants[] = {
    { "limits are forgotten over a restart", "1: " },
    { "a store that is down counts as up", "2: " },
    { "needs do not matter", "3: " },
    { "the stability window has one pass", "4: " },
    { "a silence does not matter", "5: " },
    { "SOS comes after half the time", "6: an SOS after" },
    { "refusals are not told", "7: " },
    { "a sick observer does not matter", "8: " },
    { "a recovery is told before the stability window is over", "4: s" },
    { "other healers do not matter", "1: " },
    { "what is hard ends no `until`", "until: " },
    { "what warms up is not tolerated", "until: " },
    { "SOS waits for twice the time", "6: no SOS" },
    { "SOS comes once and never again", "6: no SOS" },
    { "all is clear again and again", "6: an all-clear" },
    { "a lock that is somebody else's does not matter", "1: " },
};

enum { MUTANTS = sizeof mutants / sizeof *mutants };

/* Broken in any of these histories, by a sentence that names the promise. */
static int try_mutants(void)
{
    int caught = 0;

    for (heal_mutant = 1; heal_mutant <= MUTANTS; heal_mutant++) {
        const char *promise = mutants[heal_mutant - 1].promise;
        struct random_history h = { .seed = 0 };

        do
            h = (struct random_history){ .seed = h.seed + 1, .steps = STEPS };
        while (h.seed < TRIES && random_history(&h));
        printf("mutant %d, %s: seed %" PRIu64 ": %s\n", heal_mutant, mutants[heal_mutant - 1].what, h.seed, h.broken[0] ? h.broken : "not caught");
        caught += strncmp(h.broken, promise, strlen(promise)) == 0;
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

/* ---- one that broke a promise */

static bool play(struct shrunk *s)
{
    struct random_history h = { .seed = s->seed, .steps = s->steps, .left_out = s->left_out };

    if (random_history(&h))
        return false;
    s->steps = h.steps; /* what comes after it does not matter */
    snprintf(s->broken, sizeof s->broken, "%s", h.broken);
    return true;
}

static void tell(const struct random_history *h)
{
    struct shrunk s = { .kind = "repair", .seed = h->seed, .steps = h->steps, .play = play };

    printf("seed %" PRIu64 ", step %" PRIu64 ": %s\n", h->seed, h->steps, h->broken);
    shrink(&s);
    printf("  shrunk to %" PRIu64 " steps: %s\n  to be kept in tests/sim/heal_histories:\n", s.n_kept, s.broken);
    shrink_write(&s, stdout);
    shrink_free(&s);
}

/* ---- those that broke one once */

/* From before histories could be shrunk. */
static const uint64_t old_ones[] = { 52, 69, 124, 138, 279, 492, 546, 801, 1644, 2018, 2233, 2291, 2339 };

static uint64_t replay_old(struct random_counts *counts)
{
    uint64_t broke = 0;

    for (size_t i = 0; i < sizeof old_ones / sizeof *old_ones; i++) {
        struct random_history h = { .seed = old_ones[i], .steps = KEPT_STEPS, .old = true, .counts = *counts };

        if (!random_history(&h))
            printf("seed %" PRIu64 ", kept: %s\n", h.seed, h.broken), broke++;
        *counts = h.counts;
    }
    return broke;
}

static bool replay(const char *path, bool verbose, struct random_counts *counts)
{
    FILE *in = fopen(path, "r");
    struct shrunk s = { .seed = 0 };
    const bool read = in && shrink_read(&s, in) && strcmp(s.kind, "repair") == 0;
    struct random_history h = { .seed = s.seed, .steps = s.steps, .left_out = s.left_out, .verbose = verbose, .counts = *counts };

    if (in)
        fclose(in);
    if (!read)
        snprintf(h.broken, sizeof h.broken, "it cannot be read");
    else
        random_history(&h);
    shrink_free(&s);
    *counts = h.counts;
    if (h.broken[0])
        printf("%s: %s\n", path, h.broken);
    return !h.broken[0];
}

static uint64_t replay_all(struct random_counts *counts)
{
    const char *srcdir = getenv("srcdir");
    char folder[1024], path[2048];
    const struct dirent *entry;
    uint64_t broke = 0;
    DIR *dir;

    snprintf(folder, sizeof folder, "%s/tests/sim/heal_histories", srcdir ? srcdir : "..");
    dir = opendir(folder);
    if (!dir) {
        printf("%s cannot be read\n", folder);
        return 1;
    }
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        broke += !replay(path, false, counts);
    }
    closedir(dir);
    return broke;
}

/* ---- */

static const char *word(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t fallback)
{
    const char *found = word(argc, argv, name);

    return found ? strtoull(found, NULL, 10) : fallback;
}

static uint64_t run_histories(uint64_t seed, uint64_t steps, uint64_t events, struct random_counts *counts)
{
    uint64_t broke = 0, next = seed > 0 ? seed : 1;

    do {
        struct random_history h = { .seed = next++, .steps = steps, .verbose = seed > 0, .counts = *counts };

        if (!random_history(&h))
            tell(&h), broke++;
        *counts = h.counts;
    } while (seed == 0 && counts->events < events && broke < MOST_BROKEN);
    return broke;
}

int main(int argc, char **argv)
{
    const uint64_t seed = number(argc, argv, "--seed", 0), steps = number(argc, argv, "--steps", STEPS);
    const uint64_t events = number(argc, argv, "--events", is_soak() ? SOAK : ADDRESS_SANITIZED ? SELDOM : OFTEN);
    const char *kept = word(argc, argv, "--replay");
    struct random_counts counts = { 0 };
    uint64_t broke = 0;

#ifdef HEAL_MUTANTS
    if (argc == 1 || strcmp(argv[1], "--mutants") == 0)
        return try_mutants();
#endif
    if (kept)
        return replay(kept, true, &counts) ? 0 : 1;
    if (seed == 0)
        broke = replay_old(&counts) + replay_all(&counts);
    broke += run_histories(seed, steps, events, &counts);
    printf("%" PRIu64 " starts, %" PRIu64 " fixed, %" PRIu64 " SOS, %" PRIu64 " all clear, %" PRIu64 " refusals\n", counts.starts, counts.fixed, counts.sos,
           counts.clears, counts.refusals);
    printf("figure property.events %" PRIu64 " events\nfigure property.simulated_hours %" PRIu64 " h\nfigure property.broken %" PRIu64 " histories\n",
           counts.events, counts.ns / 3600 / NS_PER_S, broke);
    return broke > 0 ? 1 : 0;
}
