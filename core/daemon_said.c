/* What came with a person's request: see daemon_said.h. */
#include "daemon_said.h"

#include "base/scalar.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

const char *said_text(const struct said *said, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(said->json, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* "by ada: reason", in one line, cut between characters. */
static void make_note(struct said *said, const char *user)
{
    struct buffer note = buffer_make(0);
    const char *reason = said_text(said, "reason");

    if (!reason || !reason[0])
        reason = "no reason given";
    buffer_text(&note, "by ");
    text_clean(&note, user, strlen(user), 0);
    buffer_text(&note, ": ");
    text_clean(&note, reason, strlen(reason), sizeof said->note - 1 - note.len);
    snprintf(said->note, sizeof said->note, "%s", buffer_string(&note));
    buffer_free(&note);
}

bool said_read(struct said *said, struct control_ask *ask)
{
    const struct buffer *body = control_body(ask);

    said->json = body->len > 0 ? cJSON_ParseWithLength(buffer_string(body), body->len) : cJSON_CreateObject();
    if (!cJSON_IsObject(said->json)) {
        cJSON_Delete(said->json);
        control_refuse(ask, SAID_WRONG, "bad_request", "what comes with a command is a JSON object");
        return false;
    }
    make_note(said, control_user(ask));
    return true;
}

bool said_duration(const struct said *said, struct control_ask *ask, bool needed, uint64_t *ns)
{
    const char *text = said_text(said, "for");
    char why[SCALAR_WHY], sentence[SCALAR_WHY + 32];

    *ns = 0;
    if (!text && !needed)
        return true;
    if (!text) {
        control_refuse(ask, SAID_WRONG, "bad_request", "`for` is missing: a duration like 30m or 2h");
        return false;
    }
    if (scalar_duration(text, ns, why))
        return true;
    snprintf(sentence, sizeof sentence, "the duration is none: %s", why);
    control_refuse(ask, SAID_WRONG, "bad_request", sentence);
    return false;
}
