/* Reads a parameter of a query (RFC 3986, and the + of forms). Strict: what is malformed is refused, never guessed. */
#include "serve/request.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: malformed, control characters, or too long. */
static bool decode(const char *text, size_t n, char *value, size_t room)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        char c = text[i] == '+' ? ' ' : text[i];

        if (text[i] == '%') {
            if (n - i < 3 || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
                return false;
            c = (char)(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        }
        if ((unsigned char)c < 0x20 || c == 0x7F || used + 1 >= room)
            return false;
        value[used++] = c;
    }
    value[used] = '\0';
    return true;
}

bool request_query(const struct request *request, const char *name, char *value, size_t n)
{
    const size_t length = strlen(name);
    bool found = false;

    value[0] = '\0';
    if (request->query_cut)
        return false;
    for (const char *at = request->query; *at;) {
        const size_t part = strcspn(at, "&");

        if (part > length && at[length] == '=' && memcmp(at, name, length) == 0) {
            if (found || !decode(at + length + 1, part - length - 1, value, n))
                return false;
            found = true;
        }
        at += part + (at[part] == '&');
    }
    return true;
}
