/* Which channels to people were ever proven, says the running daemon: a channel that nobody has tried is where an SOS ends in silence. */
#include "cli/validate_channels.h"

#include "cli/ask.h"
#include "cli/command.h"
#include "cli/fields.h"

#include <string.h>

enum { ANSWER_MAX = 1 << 20 };

static const cJSON *find(const cJSON *channels, const char *name)
{
    const cJSON *channel;

    cJSON_ArrayForEach(channel, channels)
    {
        if (strcmp(field_text(channel, "name"), name) == 0)
            return channel;
    }
    return NULL;
}

void validate_channels(const struct model *model, const char *file, struct buffer *messages)
{
    const struct model_notify *notify = &model->settings.notify;
    struct buffer body = buffer_make(ANSWER_MAX);
    struct ask_place place;
    cJSON *answer = NULL;
    char why[256];

    if (notify->n_channels == 0)
        return;
    ask_find(file, &place);
    if (command_try(&place, "/v1/notify", NULL, &body, &answer, why, sizeof why) != 200) {
        cJSON_Delete(answer);
        answer = NULL;
    }
    for (size_t i = 0; i < notify->n_channels; i++) {
        const struct model_channel *channel = &notify->channels[i];
        const cJSON *known = find(field(answer, "channels"), channel->name);

        if (field_true(known, "proven"))
            continue;
        buffer_printf(messages, "%s:%u:%u: warning: the channel `%s` was never proven%s: `talon notify test %s` sends a message through it\n", channel->place.file,
                      channel->place.line, channel->place.column, channel->name, answer ? "" : ", as far as can be known without a running daemon", channel->name);
    }
    cJSON_Delete(answer);
    buffer_free(&body);
}
