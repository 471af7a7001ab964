/*
 * The simulator as a test: random histories, each judged after every event, and the chain of three in random phases.
 *
 *   test_sim                         what `make check` runs
 *   test_sim --runs N --events M     N histories of M events, from --seed on (default 1)
 *   test_sim --seed N --events M     this one alone, told line by line
 */
#include "chain.h"
#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HISTORIES = 1000, EVENTS = 300, CHAINS = 1000, TWICE = 10 };

struct options {
    uint64_t seed, runs, events;
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
        uint64_t *number = seed ? &o->seed : runs ? &o->runs : strcmp(argv[i], "--events") == 0 ? &o->events : NULL;

        if (!number || i + 1 == argc || !read_number(argv[i + 1], number))
            return false;
        o->seed_given |= seed;
        o->runs_given |= runs;
    }
    return true;
}

static void tell(uint64_t seed, const struct history *h)
{
    printf("history %llu: rule broken at event %llu, after %llu s: %s\n  again: test_sim --seed %llu --events %llu\n", (unsigned long long)seed,
           (unsigned long long)h->judged, (unsigned long long)h->seconds, h->broken, (unsigned long long)seed, (unsigned long long)h->judged);
}

/* The same seed gives the same effects, in the same order, to the last byte. */
static void run_again(struct history *first)
{
    struct history second = { .seed = first->seed, .events = first->events };

    history_run(&second);
    if (second.hash != first->hash || second.judged != first->judged)
        snprintf(first->broken, sizeof first->broken, "the same seed gives other effects");
}

static void run_histories(const struct options *o, struct counts *counts)
{
    for (uint64_t i = 0; i < o->runs; i++) {
        struct history h = { .seed = o->seed + i, .events = o->events };

        history_run(&h);
        if (!h.broken[0] && i % TWICE == 0)
            run_again(&h);
        counts->events += h.judged;
        counts->seconds += h.seconds;
        if (h.broken[0]) {
            tell(h.seed, &h);
            counts->broken++;
            counts->failed++;
        } else {
            counts->passed++;
        }
    }
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
    struct history h = { .seed = o->seed, .events = o->events, .verbose = true };

    history_run(&h);
    if (h.broken[0])
        tell(o->seed, &h);
    else
        printf("history %llu: %llu events in %llu simulated seconds, all rules kept\n", (unsigned long long)o->seed, (unsigned long long)h.judged,
               (unsigned long long)h.seconds);
    return h.broken[0] ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct options o = { .seed = 1, .runs = HISTORIES, .events = EVENTS };
    struct counts counts = { 0 };

    if (!read_options(argc, argv, &o)) {
        fprintf(stderr, "usage: test_sim [--seed N] [--runs N] [--events N]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (o.seed_given && !o.runs_given)
        return run_one(&o);
    run_histories(&o, &counts);
    run_chains(&counts);
    printf("figure property.events %llu events\nfigure property.broken %llu histories\nsimulated %llu h\n%llu passed, %llu failed\n", (unsigned long long)counts.events,
           (unsigned long long)counts.broken, (unsigned long long)counts.seconds / 3600, (unsigned long long)counts.passed, (unsigned long long)counts.failed);
    return counts.failed > 0;
}
