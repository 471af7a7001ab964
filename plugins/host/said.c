/* What a run has reported so far: see said.h. */
#include "said.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

void said_clear(struct said *said)
{
    said->n_metrics = said->n_details = said->cut = 0;
    if (said->text.max == 0)
        said->text = buffer_make(SAID_ALL + 4096);
    buffer_clear(&said->text);
}

void said_free(struct said *said)
{
    buffer_free(&said->text);
}

/* Plain letters need no cleaning, and most names are that. */
static bool is_plain(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] >= 0x7f)
            return false;
    return true;
}

static uint32_t add(struct said *said, const char *text, size_t most, bool lines)
{
    const uint32_t at = (uint32_t)said->text.len;
    const size_t n = strlen(text);

    if (n <= most && is_plain(text, n))
        buffer_add(&said->text, text, n);
    else if (lines)
        text_clean_lines(&said->text, text, n, most);
    else
        text_clean(&said->text, text, n, most);
    buffer_char(&said->text, '\0');
    return at;
}

static bool has_room(const struct said *said, size_t n)
{
    return said->text.len + n <= SAID_ALL;
}

bool said_metric(struct said *said, const char *name, double value, const char *unit)
{
    unsigned at = 0;

    if (!isfinite(value))
        return false;
    while (at < said->n_metrics && strcmp(said->text.data + said->metrics[at].name, name) != 0)
        at++;
    if (at < said->n_metrics) {
        said->metrics[at].value = value;
        return true;
    }
    if (at == SAID_METRICS || !has_room(said, strnlen(name, SAID_NAME) + strnlen(unit, SAID_UNIT))) {
        said->cut++;
        return true;
    }
    said->metrics[at].name = add(said, name, SAID_NAME, false);
    said->metrics[at].unit = add(said, unit, SAID_UNIT, false);
    said->metrics[at].value = value;
    said->n_metrics++;
    return true;
}

void said_detail(struct said *said, const char *name, const char *value)
{
    const size_t n = strlen(value);
    struct said_detail *into = &said->details[said->n_details];

    if (said->n_details == SAID_DETAILS || !has_room(said, strnlen(name, SAID_NAME) + (n < SAID_DETAIL ? n : SAID_DETAIL))) {
        said->cut++;
        return;
    }
    if (n > SAID_DETAIL)
        said->cut++;
    into->name = add(said, name, SAID_NAME, false);
    into->value = add(said, value, SAID_DETAIL, true);
    said->n_details++;
}
