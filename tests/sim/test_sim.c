/*
 * The simulator as a test: random histories, each judged after every event, and the chain of three in random phases.
 *
 *   test_sim                         what `make check` runs: histories until --events (3.5 million; with SOAK set 140 million; 200,000 where sanitizers watch), those
 *                                    kept in tests/sim/histories, the chain
 *   test_sim --runs N --steps M      N histories of M steps, from --seed on (default 1)
 *   test_sim --seed N --steps M      this one alone, told line by line
 *   test_sim --replay FILE           one that was kept, told line by line
 *
 * A history that breaks a rule is printed, shrunk, and printed as a text to be kept.
 */
#include "chain.h"
#include "history.h"
#include "profile.h"
#include "shrink.h"

#include "base/sanitized.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 600, CHAINS = 1000, TWICE = 20, PROFILE = 4, MOST_BROKEN = 5, OFTEN = 3500000, SELDOM = 200000, SOAK = 140000000 };

struct options {
    uint64_t seed, runs, steps, events; /* events: no more histories when so many were judged; 0: all */
    const char *replay;
    const struct model *profile; /* every PROFILEth history is of it */
    bool seed_given, runs_given;
};

struct counts {
    uint64_t passed, failed, events, seconds, broken;
};

static bool read_number(const char *text, uint64_t *number)
{
    char *end;

    *number = strtoull(text, &end, 10);
    return *text && !*end;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i += 2) {
        bool seed = strcmp(argv[i], "--seed") == 0, runs = strcmp(argv[i], "--runs") == 0;
        uint64_t *number = seed                                ? &o->seed
                           : runs                               ? &o->runs
                           : strcmp(argv[i], "--steps") == 0  ? &o->steps
                           : strcmp(argv[i], "--events") == 0 ? &o->events
                                                                : NULL;

        if (strcmp(argv[i], "--replay") == 0 && i + 1 < argc) {
            o->replay = argv[i + 1];
            continue;
        }
        if (!number || i + 1 == argc || !read_number(argv[i + 1], number))
            return false;
        o->seed_given |= seed;
        o->runs_given |= runs;
    }
    return true;
}

/* Which configuration a seed is about. */
static const struct model *model_for(const struct options *o, uint64_t seed)
{
    return seed % PROFILE == 0 ? o->profile : NULL;
}

static bool play(struct shrunk *s)
{
    struct history h = { .seed = s->seed, .steps = s->steps, .model = s->with, .left_out = s->left_out };

    history_run(&h);
    if (!h.broken[0])
        return false;
    s->steps = h.steps; /* what comes after it does not matter */
    snprintf(s->broken, sizeof s->broken, "%s", h.broken);
    return true;
}

static void tell(const struct history *h)
{
    struct shrunk s = { .seed = h->seed, .steps = h->steps, .play = play, .with = h->model };

    printf("history %llu: rule broken at event %llu, after %llu s: %s\n  again: test_sim --seed %llu --steps %llu\n", (unsigned long long)h->seed,
           (unsigned long long)h->judged, (unsigned long long)h->seconds, h->broken, (unsigned long long)h->seed, (unsigned long long)h->steps);
    snprintf(s.kind, sizeof s.kind, "%s", h->model ? "profile" : "random");
    shrink(&s);
    printf("  shrunk to %llu steps: %s\n  to be kept in tests/sim/histories:\n", (unsigned long long)s.n_kept, s.broken);
    shrink_write(&s, stdout);
    shrink_free(&s);
}

/* The same seed gives the same effects, in the same order, to the last byte. */
static void run_again(struct history *first)
{
    struct history second = { .seed = first->seed, .steps = first->steps, .model = first->model };

    history_run(&second);
    if (second.hash != first->hash || second.judged != first->judged)
        snprintf(first->broken, sizeof first->broken, "the same seed gives other effects");
}

static void run_histories(const struct options *o, struct counts *counts)
{
    for (uint64_t i = 0; i < o->runs && (o->events == 0 || counts->events < o->events) && counts->broken < MOST_BROKEN; i++) {
        struct history h = { .seed = o->seed + i, .steps = o->steps, .model = model_for(o, o->seed + i) };

        history_run(&h);
        if (!h.broken[0] && i % TWICE == 0)
            run_again(&h);
        counts->events += h.judged;
        counts->seconds += h.seconds;
        if (h.broken[0]) {
            tell(&h);
            counts->broken++;
            counts->failed++;
        } else {
            counts->passed++;
        }
    }
}

/* ---- those that were kept ---- */

static bool replay(const struct options *o, const char *path, bool verbose, struct counts *counts)
{
    FILE *in = fopen(path, "r");
    struct shrunk s = { 0 };
    struct history h = { .verbose = verbose };
    bool read = in && shrink_read(&s, in);

    if (in)
        fclose(in);
    h.seed = s.seed;
    h.steps = s.steps;
    h.model = strcmp(s.kind, "profile") == 0 ? o->profile : NULL;
    h.left_out = s.left_out;
    if (read)
        history_run(&h);
    else
        snprintf(h.broken, sizeof h.broken, "it cannot be read");
    shrink_free(&s);
    counts->events += h.judged;
    if (h.broken[0])
        printf("%s: %s\n", path, h.broken);
    return !h.broken[0];
}

static void replay_all(const struct options *o, struct counts *counts)
{
    const char *srcdir = getenv("srcdir");
    char folder[1024], path[2048];
    const struct dirent *entry;
    DIR *dir;

    snprintf(folder, sizeof folder, "%s/tests/sim/histories", srcdir ? srcdir : "..");
    dir = opendir(folder);
    if (!dir) {
        printf("%s cannot be read\n", folder);
        counts->failed++;
        return;
    }
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (replay(o, path, false, counts))
            counts->passed++;
        else
            counts->failed++;
    }
    closedir(dir);
}

/* It proves nothing where the third is not the first to fail: so most phases have to be such. */
static void run_chains(struct counts *counts)
{
    unsigned third_first = 0;

    for (uint64_t i = 0; i < CHAINS; i++) {
        char broken[SIM_TEXT];

        third_first += chain_run(i, broken);
        if (broken[0])
            printf("chain, phase %llu: %s\n", (unsigned long long)i, broken);
        counts->failed += broken[0] != '\0';
        counts->passed += broken[0] == '\0';
    }
    printf("chain: the last failed before the first in %u of %d phases\n", third_first, CHAINS);
    if (third_first < CHAINS / 2)
        counts->failed++;
}

static int run_one(const struct options *o)
{
    struct history h = { .seed = o->seed, .steps = o->steps, .model = model_for(o, o->seed), .verbose = true };

    history_run(&h);
    if (h.broken[0])
        tell(&h);
    else
        printf("history %llu: %llu events in %llu simulated seconds, all rules kept\n", (unsigned long long)o->seed, (unsigned long long)h.judged,
               (unsigned long long)h.seconds);
    return h.broken[0] ? 1 : 0;
}

static const struct model *load_profile(void)
{
    const char *srcdir = getenv("srcdir");
    char path[1024], plugins[1024];

    snprintf(path, sizeof path, "%s/etc/profiles/panda.yaml", srcdir ? srcdir : "..");
    snprintf(plugins, sizeof plugins, "%s/plugins", srcdir ? srcdir : "..");
    return profile_model(path, plugins);
}

static uint64_t how_many(void)
{
    const char *soak = getenv("SOAK");

    if (ADDRESS_SANITIZED)
        return SELDOM;
    return soak && *soak && strcmp(soak, "0") != 0 ? SOAK : OFTEN;
}

static void print_counts(const struct counts *counts)
{
    printf("figure property.events %llu events\nfigure property.simulated_hours %llu h\nfigure property.broken %llu histories\n%llu passed, %llu failed\n",
           (unsigned long long)counts->events, (unsigned long long)counts->seconds / 3600, (unsigned long long)counts->broken, (unsigned long long)counts->passed,
           (unsigned long long)counts->failed);
}

int main(int argc, char **argv)
{
    struct options o = { .seed = 1, .runs = UINT64_MAX, .steps = STEPS };
    struct counts counts = { 0 };

    if (!read_options(argc, argv, &o)) {
        fprintf(stderr, "usage: test_sim [--seed N] [--runs N] [--steps N] [--events N] [--replay FILE]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    o.profile = load_profile();
    if (o.replay)
        return replay(&o, o.replay, true, &counts) ? 0 : 1;
    if (o.seed_given && !o.runs_given)
        return run_one(&o);
    if (!o.runs_given && o.events == 0)
        o.events = how_many();
    run_histories(&o, &counts);
    replay_all(&o, &counts);
    run_chains(&counts);
    print_counts(&counts);
    model_drop(o.profile);
    return counts.failed > 0;
}
