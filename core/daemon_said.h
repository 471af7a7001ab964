/* What came with a person's request: a JSON object, and who asks. Each reader says to the asker what is wrong, and gives false. */
#ifndef DAEMON_SAID_H
#define DAEMON_SAID_H

#include "control/control.h"
#include "engine/engine.h"

#include <cjson/cJSON.h>

enum { SAID_WRONG = 422 };

struct said {
    cJSON *json; /* NULL: it has no body, or none that is an object */
    char note[ENGINE_NOTE];
};

/* said.json is the caller's to delete. */
bool said_read(struct said *said, struct control_ask *ask);
/* NULL: it is not said. */
const char *said_text(const struct said *said, const char *name);
/* `for`: none is 0 where it may be left out. */
bool said_duration(const struct said *said, struct control_ask *ask, bool needed, uint64_t *ns);

#endif
