/* The text of a message: what a service cannot take is cut here, with a mark, because a page that is refused for its length reaches nobody. */
#include "notify.h"

#include <time.h>

static const char cut_mark[] = "\n[... cut]";

enum { MARK_UNITS = sizeof cut_mark - 1 };

/* How many bytes the character takes that begins here; 0: it is no UTF-8. */
static size_t length_of(const unsigned char *at)
{
    const size_t n = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3 : at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;

    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return n;
}

struct piece { /* one character as it will stand there */
    const char *bytes;
    size_t n, units;
};

static struct piece piece_of(const char *at, size_t length, int escape)
{
    const struct piece entity = !escape      ? (struct piece){ NULL, 0, 0 }
                                : *at == '&' ? (struct piece){ "&amp;", 5, 5 }
                                : *at == '<' ? (struct piece){ "&lt;", 4, 4 }
                                : *at == '>' ? (struct piece){ "&gt;", 4, 4 }
                                             : (struct piece){ NULL, 0, 0 };
    const unsigned char c = (unsigned char)*at;

    if (entity.bytes)
        return entity;
    if (length == 0)
        return (struct piece){ "\xef\xbf\xbd", 3, 1 };
    if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
        return (struct piece){ " ", 1, 1 };
    return (struct piece){ at, length, length == 4 ? 2 : 1 };
}

/* Measures or writes: as many characters as fit into `bound` units; `out` NULL measures. Returns where it stopped. */
static const char *take(const char *text, size_t bound, int escape, char *out, size_t *used)
{
    size_t units = 0;

    *used = 0;
    while (*text) {
        const size_t length = length_of((const unsigned char *)text);
        const struct piece piece = piece_of(text, length, escape);

        if (units + piece.units > bound)
            break;
        if (out)
            memcpy(out + *used, piece.bytes, piece.n);
        *used += piece.n;
        units += piece.units;
        text += length ? length : 1;
    }
    return text;
}

const char *notify_fit(struct talon_run *run, const char *text, size_t bound, int escape)
{
    size_t used;
    const int whole = *take(text, bound, escape, NULL, &used) == '\0';
    char *out;

    if (!whole)
        take(text, bound - MARK_UNITS, escape, NULL, &used);
    out = run->host->alloc(run, used + sizeof cut_mark);
    take(text, whole ? bound : bound - MARK_UNITS, escape, out, &used);
    if (!whole)
        memcpy(out + used, cut_mark, sizeof cut_mark);
    return out;
}

const char *notify_text(struct talon_run *run, const struct note *note, size_t bound, int escape)
{
    const int titled = note->title && *note->title;

    return notify_fit(run, titled ? talon_text(run, "%s\n%s", note->title, note->text) : note->text, bound, escape);
}

const char *notify_json(struct talon_run *run, cJSON *root)
{
    char *text = cJSON_PrintUnformatted(root);
    const char *kept = talon_text(run, "%s", text ? text : "");

    cJSON_free(text);
    cJSON_Delete(root);
    return kept;
}

const char *notify_base64(struct talon_run *run, const char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = run->host->alloc(run, (n + 2) / 3 * 4 + 1), *at = out;

    for (size_t i = 0; i < n; i += 3) {
        const size_t left = n - i;
        const uint32_t bits = (uint32_t)(unsigned char)bytes[i] << 16 | (left > 1 ? (uint32_t)(unsigned char)bytes[i + 1] << 8 : 0) |
                              (left > 2 ? (uint32_t)(unsigned char)bytes[i + 2] : 0);

        *at++ = digits[bits >> 18];
        *at++ = digits[bits >> 12 & 63];
        *at++ = left > 1 ? digits[bits >> 6 & 63] : '=';
        *at++ = left > 2 ? digits[bits & 63] : '=';
    }
    return out;
}

const char *notify_moment(struct talon_run *run, int64_t unix_s)
{
    const time_t at = (time_t)unix_s;
    struct tm parts;
    char text[40] = "";

    if (gmtime_r(&at, &parts))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return talon_text(run, "%s", text);
}
