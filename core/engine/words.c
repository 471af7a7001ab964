/* Verdicts and states: their names, and which is worse. */
#include "engine/engine_private.h"

static const char *const verdict_names[] = {
    [VERDICT_NONE] = "starting",       [VERDICT_OK] = "ok",           [VERDICT_WARN] = "warn",       [VERDICT_STOPPED] = "stopped", [VERDICT_STARTING] = "starting",
    [VERDICT_RECOVERING] = "recovering", [VERDICT_UNKNOWN] = "unknown", [VERDICT_SUSPECT] = "suspect", [VERDICT_FAILED] = "failed",
};

static const int badness[] = {
    [VERDICT_OK] = 0,         [VERDICT_WARN] = 1, [VERDICT_STOPPED] = 2, [VERDICT_STARTING] = 3, [VERDICT_RECOVERING] = 4,
    [VERDICT_NONE] = 5,       [VERDICT_UNKNOWN] = 6, [VERDICT_SUSPECT] = 7, [VERDICT_FAILED] = 8,
};

static const char *const state_names[] = {
    [STATE_STARTING] = "Starting", [STATE_HEALTHY] = "Healthy",   [STATE_DEGRADED] = "Degraded", [STATE_FAILED] = "Failed",
    [STATE_INVESTIGATING] = "Investigating", [STATE_CRITICAL] = "Critical", [STATE_SOS] = "SOS",
};

bool engine_worse(enum engine_verdict a, enum engine_verdict b)
{
    return badness[a] > badness[b];
}

const char *engine_verdict_name(enum engine_verdict verdict)
{
    return verdict_names[verdict];
}

const char *engine_state_name(enum engine_state state)
{
    return state_names[state];
}
