/* The timeline of an incident: bounded. How it began is kept for ever, of the rest the latest. */
#include "engine/engine_private.h"

#include <stdio.h>
#include <string.h>

enum { KEPT_FIRST = ENGINE_ENTRIES / 2 };

void timeline_add(struct engine *engine, struct engine_incident *incident, enum engine_entry_kind kind, const char *who)
{
    struct engine_entry *entry;

    if (incident->n_entries == ENGINE_ENTRIES) {
        memmove(&incident->entries[KEPT_FIRST], &incident->entries[KEPT_FIRST + 1], (ENGINE_ENTRIES - KEPT_FIRST - 1) * sizeof *incident->entries);
        incident->n_entries--;
        incident->dropped++;
    }
    entry = &incident->entries[incident->n_entries++];
    entry->at = engine->now.wall;
    entry->kind = kind;
    snprintf(entry->who, sizeof entry->who, "%s", who);
    incident->changed = engine->incidents_changed = true;
}

const char *engine_entry_name(enum engine_entry_kind kind)
{
    static const char *const names[] = {
        [ENTRY_OPENED] = "opened",     [ENTRY_REOPENED] = "opened again", [ENTRY_JOINED] = "joined",         [ENTRY_FOLDED] = "folded",
        [ENTRY_RECOVERED] = "recovered", [ENTRY_STOPPED] = "stopped",     [ENTRY_REMOVED] = "removed",       [ENTRY_ACKED] = "acknowledged",
        [ENTRY_ACK_OVER] = "acknowledgement over", [ENTRY_SILENCED] = "silenced", [ENTRY_UNSILENCED] = "silence over", [ENTRY_FLAPPING] = "flapping",
        [ENTRY_TOLD] = "told",         [ENTRY_TOLD_OVER] = "told that it is over", [ENTRY_HEAL_BEGUN] = "repair begun", [ENTRY_FIXED] = "fixed",
        [ENTRY_NOT_FIXED] = "not fixed", [ENTRY_HEAL_FAILED] = "repair failed", [ENTRY_INTERRUPTED] = "repair interrupted", [ENTRY_REFUSED] = "repair refused",
        [ENTRY_EXHAUSTED] = "exhausted", [ENTRY_AGENT] = "agent asked",     [ENTRY_AGENT_ENDED] = "agent ended", [ENTRY_SOS] = "SOS",
        [ENTRY_SOS_DELIVERED] = "SOS delivered", [ENTRY_ALL_CLEAR] = "all clear", [ENTRY_REARMED] = "re-armed",
    };

    return names[kind];
}

const char *engine_ending_name(enum engine_ending ending)
{
    static const char *const names[] = {
        [INCIDENT_OPEN] = "open",       [INCIDENT_RECOVERED] = "recovered", [INCIDENT_FOLDED] = "folded",
        [INCIDENT_STOPPED] = "stopped", [INCIDENT_REMOVED] = "removed",
    };

    return names[ending];
}
