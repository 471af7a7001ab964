/*
 * What the snapshot says of repair: for each entry of `heal:` its limits as they are now, for each open incident where it stands on its ladder, and what runs. Copied out
 * of the machine of core/heal, so that the serving thread never sees it.
 */
#ifndef SERVE_SNAPSHOT_HEAL_H
#define SERVE_SNAPSHOT_HEAL_H

#include "engine/engine.h"
#include "heal/heal.h"

enum { SNAPSHOT_DOING = 160, SNAPSHOT_STEP = 32 };

struct snapshot_entry { /* of the `heal:` of a service */
    size_t service, nth;
    struct heal_answer answer;     /* may it start by itself? its holder is `holder` */
    char holder[ENGINE_NAME];
    bool running, failed;          /* failed: the last run that ended did not help */
    unsigned attempts, in_window;  /* within the service's incident; starts that at_most counts now */
    int64_t last, failed_at;       /* wall ns; 0: never */
};

struct snapshot_place { /* of an open incident */
    uint64_t incident;
    size_t service;
    struct heal_place place;
    int64_t until;                 /* wall ns; 0: it hangs on more than time, or nothing is waited for */
    char text[ENGINE_TEXT];        /* where it stands, as a sentence: "bridge-heal waits: cooldown, allows in 12m" */
};

struct snapshot_run {
    uint64_t run, incident;
    char runbook[ENGINE_NAME], service[ENGINE_NAME], doing[SNAPSHOT_DOING], step[SNAPSHOT_STEP];
    int64_t begun, deadline;       /* wall ns */
    bool verifying;
};

struct snapshot_heal {
    bool switched_off, safe_mode;
    struct moment at;
    size_t n_entries, n_places, n_runs;
    struct snapshot_entry *entries;
    struct snapshot_place *places;
    struct snapshot_run *runs;
    int64_t last_run, last_agent, last_sos; /* wall ns; 0: never */
};

/* NULL: no memory. To be freed with free(): one allocation. */
struct snapshot_heal *snapshot_heal_make(const struct heal *heal, const struct engine *engine, const struct moment *now);

#endif
