/* The table of what was written: see marks.h. Open addressing; what is dropped is dropped by building the table anew, which happens when something goes. */
#include "memory/marks.h"

#include "base/shortage.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

void marks_free(struct marks *marks)
{
    for (size_t i = 0; i < marks->room; i++)
        free(marks->places[i].name);
    free(marks->places);
    *marks = (struct marks){ 0 };
}

/* Its place, or the free one where it belongs. */
static size_t place_of(const struct mark *places, size_t room, enum row_kind kind, const char *name)
{
    const int salt = (int)kind;
    size_t at = (size_t)text_hash(text_hash(TEXT_HASH, &salt, sizeof salt), name, strlen(name)) & (room - 1);

    while (places[at].name && (places[at].kind != kind || strcmp(places[at].name, name) != 0))
        at = (at + 1) & (room - 1);
    return at;
}

struct mark *marks_find(const struct marks *marks, enum row_kind kind, const char *name)
{
    struct mark *mark = marks->room > 0 ? &marks->places[place_of(marks->places, marks->room, kind, name)] : NULL;

    return mark && mark->name ? mark : NULL;
}

static bool build_anew(struct marks *marks, size_t room)
{
    struct mark *places = calloc(room, sizeof *places);

    if (!places)
        return false;
    for (size_t i = 0; i < marks->room; i++)
        if (marks->places[i].name)
            places[place_of(places, room, marks->places[i].kind, marks->places[i].name)] = marks->places[i];
    free(marks->places);
    marks->places = places;
    marks->room = room;
    return true;
}

struct mark *marks_make(struct marks *marks, enum row_kind kind, const char *name)
{
    struct mark *mark = marks_find(marks, kind, name);
    char *copy;

    if (mark)
        return mark;
    copy = strdup(name);
    if (!copy || (2 * (marks->n + 1) > marks->room && !build_anew(marks, marks->room > 0 ? 2 * marks->room : FIRST_ROOM))) {
        shortage_note();
        free(copy);
        return NULL;
    }
    mark = &marks->places[place_of(marks->places, marks->room, kind, name)];
    *mark = (struct mark){ .name = copy, .kind = kind };
    marks->n++;
    return mark;
}

void marks_drop(struct marks *marks, enum row_kind kind, bool (*gone)(void *arg, const struct mark *mark), void *arg)
{
    bool dropped = false;

    for (size_t i = 0; i < marks->room; i++) {
        struct mark *mark = &marks->places[i];

        if (!mark->name || mark->kind != kind || mark->sweep == marks->sweep || !gone(arg, mark))
            continue;
        mark->kind = ROW_KINDS; /* of no kind, until the table is built anew without it */
        dropped = true;
    }
    if (!dropped)
        return;
    for (size_t i = 0; i < marks->room; i++) {
        if (marks->places[i].kind != ROW_KINDS || !marks->places[i].name)
            continue;
        free(marks->places[i].name);
        marks->places[i].name = NULL;
        marks->n--;
    }
    if (build_anew(marks, marks->room))
        return;
    shortage_note();
    marks_free(marks); /* chains are broken: all is written once more */
}
