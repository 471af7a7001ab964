/* Incidents and silences in the words of status, why and incidents. */
#ifndef CLI_INCIDENTS_SHOW_H
#define CLI_INCIDENTS_SHOW_H

#include "cli/ask.h"
#include "cli/fields.h"

/* "incident 7 of colima, open for 3 min, 23 services with it, acknowledged by ada: on it" */
void describe_incident(const cJSON *incident, struct buffer *line);
/* "redis is silenced, 2 h left: ada: reason" */
void describe_silence(const cJSON *silence, struct buffer *line);
/* `talon incidents ID`; the exit code. */
int incident_one(const struct ask_place *place, const char *id, bool json);

#endif
