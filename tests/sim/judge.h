/*
 * What must hold after every event, whatever happened: the rules of rules.md 3 as far as the engine keeps them, each found out anew from the model,
 * the effects and the results, without a look into the engine.
 */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include "sim.h"

struct sim_view {              /* as it was before the event, by the indices after it */
    struct engine_check *checks;
    struct engine_service *services;
    struct engine_overall overall;
    uint64_t starts;
    unsigned published;
    size_t check;              /* whose run ends in this event, MODEL_NONE */
    uint64_t number, begun;    /* of that run */
    enum status status;
    bool dropped;              /* its result does not count */
    unsigned char *marks;      /* for walks over services */
};

/* Before the event; and after it, when its effects have been carried out. */
void judge_before(struct sim *sim, const struct engine_event *event);
void judge_after(struct sim *sim, const struct engine_event *event, enum engine_outcome outcome);
/* A model came: what was seen before it moves to its indices. old NULL: the first. */
void judge_moved(struct sim *sim, const struct model *old);
void judge_free(struct sim *sim);

/* judge_runs.c */
void judge_start(struct sim *sim, const struct engine_effect *effect);
void judge_runs(struct sim *sim, const struct engine_event *event);
bool judge_path_full(const struct sim *sim, size_t check);
/* judge_verdicts.c */
void judge_verdicts(struct sim *sim, const struct engine_event *event);
void judge_records(struct sim *sim);
/* judge_causes.c */
void judge_causes(struct sim *sim, const struct engine_event *event);
/* judge_people.c */
void judge_notice(struct sim *sim, const struct engine_effect *effect);
void judge_collected(struct sim *sim, const struct engine_effect *effect);
void judge_people(struct sim *sim, const struct engine_event *event);
/* judge_restart.c: another process has taken up what the one before had exported. */
void judge_restarted(struct sim *sim, const struct engine *before, const struct engine_kept *kept, uint64_t away);
/* judge_overall.c */
void judge_overall(struct sim *sim);

/* sim.c, for restart.c: the effects of the last event onto the targets; a run is over. */
void sim_carry_out(struct sim *sim);
void sim_end_run(struct sim *sim, size_t check);

bool judge_counts(const struct model *model, size_t check); /* enabled, no witness */
bool judge_watched(const struct model *model, size_t service);
bool judge_bad(enum engine_verdict verdict);
bool judge_down(enum engine_verdict verdict); /* what explains a failure of those that need it */

#endif
