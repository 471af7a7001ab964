/* What the tests of core/serve share: an engine whose conclusions are set by hand, and models made of arrays. */
#ifndef SERVE_SUPPORT_H
#define SERVE_SUPPORT_H

#include "engine/engine.h"
#include "serve/snapshot.h"

/* The engine's inside here: what the test wants it to conclude. */
struct engine {
    const struct model *model;
    struct engine_service *services;
    struct engine_check *checks;
    bool *failed_probes;
    const char **whys;
    struct engine_overall overall;
    struct engine_incident *incidents; /* n_incidents of them: none, until the test sets them */
    size_t n_incidents;
    struct engine_silence silences[4];
    size_t n_silences;
    uint64_t paused_until;
};

/* The inside of what repairs, here: what the test wants it to conclude. The same answer for each entry. */
struct heal {
    struct heal_answer answer;
    struct heal_kept_record records[2];
    size_t n_records;
    struct heal_running running[2];
    size_t n_running;
    uint64_t incident; /* that it knows a place of */
    struct heal_place place;
};

/* With what repairs; NULL: nothing does. */
struct snapshot *support_snapshot_with(const struct engine *engine, const struct heal *heal);

/* Services and checks with sound values in all fields: "s0" with check "s0.c" and so on. To be changed by the test, freed by support_free(). */
struct engine *support_engine(size_t services, size_t checks_each);
void support_free(struct engine *engine);
struct model_service *support_service(struct engine *engine, size_t service);
struct model_check *support_check(struct engine *engine, size_t check);
/* Gives a check its last result. */
void support_result(struct engine *engine, size_t check, enum status status, const char *reason, const char *summary);

/* The instant of all snapshots made here, ns since 1970. */
#define SUPPORT_NOW (1700000000 * (int64_t)1000000000)
struct snapshot *support_snapshot(const struct engine *engine);

/* The shop: a failed root, two that it causes, one with a warning, a stopped one, a disabled one, a witness, and texts with everything that has to be escaped. */
enum { SHOP_COLIMA, SHOP_REDIS, SHOP_WORKER, SHOP_WEB, SHOP_MAIL, SHOP_BACKUP, SHOP_OLD, SHOP_SERVICES };
struct engine *support_shop(void);
struct snapshot *support_shop_snapshot(const struct engine *engine);

#endif
