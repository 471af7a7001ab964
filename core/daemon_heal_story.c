/* What the last runs did, line by line, for whoever waits for one at a prompt. Bounded: the middle of a long one is left out. */
#include "daemon_heal.h"

#include "serve/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *heal_outcome_word(enum heal_outcome outcome)
{
    static const char *const words[] = { [HEAL_FIXED] = "fixed", [HEAL_NOT_FIXED] = "not fixed", [HEAL_FAILED] = "failed", [HEAL_INTERRUPTED] = "interrupted" };

    return words[outcome];
}

/* A free place, or that of the oldest run that is over, else of the oldest. */
static struct heal_story *place_for(struct daemon_heal *h)
{
    struct heal_story *best = &h->stories[0];

    for (size_t i = 1; i < HEAL_STORIES; i++) {
        struct heal_story *story = &h->stories[i];

        if (best->run == 0)
            break;
        if (story->run == 0 || (story->over && !best->over) || (story->over == best->over && story->run < best->run))
            best = story;
    }
    return best;
}

struct heal_story *heal_story_begin(struct daemon_heal *h, uint64_t run, const char *runbook, const char *service, int64_t wall)
{
    struct heal_story *story = place_for(h);
    struct heal_line *lines = story->lines ? story->lines : calloc(HEAL_LINES, sizeof *lines);

    *story = (struct heal_story){ .run = run, .begun = wall, .lines = lines };
    snprintf(story->runbook, sizeof story->runbook, "%s", runbook);
    snprintf(story->service, sizeof story->service, "%s", service);
    return story;
}

struct heal_story *heal_story_of(struct daemon_heal *h, uint64_t run)
{
    for (size_t i = 0; i < HEAL_STORIES && run > 0; i++)
        if (h->stories[i].run == run)
            return &h->stories[i];
    return NULL;
}

void heal_story_add(struct heal_story *story, int64_t wall, const char *text)
{
    const unsigned half = HEAL_LINES / 2;

    if (!story || !story->lines)
        return;
    if (story->n == HEAL_LINES) {
        memmove(&story->lines[half], &story->lines[half + 1], (HEAL_LINES - half - 1) * sizeof *story->lines);
        story->n--;
        story->dropped++;
    }
    story->lines[story->n].at = wall;
    snprintf(story->lines[story->n++].text, sizeof story->lines->text, "%s", text);
}

void heal_story_printf(struct heal_story *story, int64_t wall, const char *format, ...)
{
    char text[ENGINE_TEXT];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    heal_story_add(story, wall, text);
}

void heal_story_show(const struct heal_story *story, struct buffer *out)
{
    buffer_char(out, '{');
    json_count(out, "run", story->run);
    json_text(out, "runbook", story->runbook);
    json_text(out, "service", story->service);
    json_moment(out, "begun_unix", story->begun);
    json_moment(out, "ended_unix", story->ended);
    json_text(out, "outcome", story->refused ? "refused" : story->over ? heal_outcome_word(story->outcome) : NULL);
    json_text(out, "why", story->over ? story->why : NULL);
    json_count(out, "left_out", story->dropped);
    json_name(out, "lines");
    buffer_char(out, '[');
    for (unsigned i = 0; i < story->n; i++) {
        buffer_text(out, i > 0 ? ",\n {" : "\n {");
        json_moment(out, "at_unix", story->lines[i].at);
        json_text(out, "text", story->lines[i].text);
        buffer_char(out, '}');
    }
    buffer_text(out, "]}\n");
}

void heal_story_free(struct daemon_heal *h)
{
    for (size_t i = 0; i < HEAL_STORIES; i++)
        free(h->stories[i].lines);
}
