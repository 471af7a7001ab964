/* Rows of the store, read back page by page at a start, where nothing runs yet. */
#include "memory/memory_private.h"

#include "base/os/clock.h"

#include <cjson/cJSON.h>
#include <stdio.h>

enum { PAGE = 250 /* of rows in one answer: what SQLite takes to make it grows with its square */ };

struct pages {
    struct memory *memory;
    const char *kind;
    uint64_t until; /* awake */
    pages_take *take;
    void *arg;
    char *why;      /* PAGES_WHY bytes */
};

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What is no hex makes it `failed`. */
static void unhex(const char *hex, struct buffer *out)
{
    buffer_clear(out);
    for (; hex[0]; hex += 2) {
        if (digit(hex[0]) < 0 || digit(hex[1]) < 0) {
            out->failed = true;
            return;
        }
        buffer_char(out, (char)(digit(hex[0]) * 16 + digit(hex[1])));
    }
}

static void take_row(struct pages *pages, const cJSON *row)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "name"));
    const char *hex = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "bytes"));

    if (!name || !hex)
        return;
    unhex(hex, &pages->memory->bytes);
    pages->take(pages->arg, name, &pages->memory->bytes);
}

bool pages_ask(struct memory *memory, const struct store_ask *question, uint64_t until, struct buffer *text, char why[PAGES_WHY])
{
    const uint64_t now = clock_awake();

    buffer_clear(text);
    return store_ask_now(memory->store, question, now < until ? until - now : 0, text, why, PAGES_WHY);
}

/* How many rows there were; -1: they could not be read. */
static int take_page(struct pages *pages, int from)
{
    const struct store_ask question = { .question = STORE_ASK_KEPT, .name = pages->kind, .id = from, .most = PAGE };
    struct buffer text = buffer_make(0);
    const bool asked = pages_ask(pages->memory, &question, pages->until, &text, pages->why);
    cJSON *rows = asked ? cJSON_Parse(buffer_string(&text)) : NULL;
    const int n = rows ? cJSON_GetArraySize(rows) : -1;
    const cJSON *row;

    if (asked && !rows)
        snprintf(pages->why, PAGES_WHY, "there is no memory for it");
    cJSON_ArrayForEach(row, rows)
        take_row(pages, row);
    cJSON_Delete(rows);
    buffer_free(&text);
    return n;
}

bool pages_read(struct memory *memory, const char *kind, uint64_t until, pages_take *take, void *arg, char why[PAGES_WHY])
{
    struct pages pages = { .memory = memory, .kind = kind, .until = until, .take = take, .arg = arg, .why = why };
    int from = 0, n;

    do {
        n = take_page(&pages, from);
        from += n;
    } while (n == PAGE);
    return n >= 0;
}
