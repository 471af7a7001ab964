/* The face of repair. */
#include "heal/heal.h"

#include <stdlib.h>

struct heal {
    struct moment now;
};

struct heal *heal_create(void)
{
    return calloc(1, sizeof(struct heal));
}

void heal_free(struct heal *heal)
{
    free(heal);
}

bool heal_event(struct heal *heal, const struct engine *engine, const struct moment *now, const struct heal_event *event)
{
    (void)engine;
    (void)event;
    heal->now = *now;
    return true;
}

const struct heal_effect *heal_effects(const struct heal *heal, size_t *n)
{
    (void)heal;
    *n = 0;
    return NULL;
}

const char *heal_refusal(const struct heal *heal)
{
    (void)heal;
    return "";
}

void heal_limit_text(const struct heal_answer *answer, const struct moment *now, struct buffer *out)
{
    (void)now;
    buffer_text(out, heal_limit_name(answer->limit));
}

struct heal_answer heal_would(const struct heal *heal, const struct engine *engine, const struct moment *now, size_t service, size_t nth, bool by_hand, bool force)
{
    (void)heal;
    (void)engine;
    (void)now;
    (void)service;
    (void)nth;
    (void)by_hand;
    (void)force;
    return (struct heal_answer){ .limit = LIMIT_SWITCHED_OFF, .until = UINT64_MAX };
}

const struct heal_running *heal_running(const struct heal *heal, size_t *n)
{
    (void)heal;
    *n = 0;
    return NULL;
}

bool heal_place(const struct heal *heal, uint64_t incident, struct heal_place *place)
{
    (void)heal;
    (void)incident;
    (void)place;
    return false;
}
