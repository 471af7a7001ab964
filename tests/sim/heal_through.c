/* What repair keeps goes through the rows of the store and back at each restart, as it does in a daemon: so a field that is forgotten there breaks a promise. */
#include "heal_world.h"

#include "memory/heal_rows.h"

#include <stdlib.h>

static void add(struct heal_kept *to, const struct heal_kept *from, enum heal_row row, size_t i, struct buffer *bytes)
{
    char name[HEAL_ROW_NAME];

    heal_row_name(row, from, i, name);
    if (!heal_row_write(row, from, i, bytes) || !heal_row_take(row, to, name, bytes->data, bytes->len))
        abort();
}

struct heal_kept *heal_through(struct heal_kept *kept)
{
    struct heal_kept *to = calloc(1, sizeof *to);
    struct buffer bytes = buffer_make(0);

    if (!kept || !to)
        abort();
    to->at = kept->at;
    for (int row = 0; row < HEAL_ROWS; row++)
        for (size_t i = 0; i < heal_rows_n((enum heal_row)row, kept); i++)
            add(to, kept, (enum heal_row)row, i, &bytes);
    buffer_free(&bytes);
    heal_kept_free(kept);
    return to;
}
