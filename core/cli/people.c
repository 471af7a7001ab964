/* What the commands of people share: see people.h. */
#include "cli/people.h"

#include "base/scalar.h"
#include "base/text.h"
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void people_join(int n, char **words, struct buffer *text)
{
    for (int i = 0; i < n; i++) {
        buffer_text(text, i > 0 ? " " : "");
        buffer_text(text, words[i]);
    }
}

void people_say(struct buffer *said, const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    buffer_printf(said, "%s\"%s\":", said->len > 1 ? "," : "", name);
    text_json(said, text, strlen(text));
}

bool people_is_name(const char *text)
{
    return text[0] && strlen(text) <= 127 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.") == strlen(text);
}

bool people_duration(const char *who, const char *text)
{
    char why[SCALAR_WHY];
    uint64_t ns;
    const bool good = scalar_duration(text, &ns, why);

    if (!good && who)
        fprintf(stderr, "%s: %s is no duration: %s\n", who, text, why);
    return good;
}

void people_next(struct buffer *out, const char *format, ...)
{
    struct buffer text = buffer_make(0);
    va_list ap;

    va_start(ap, format);
    buffer_vprintf(&text, format, ap);
    va_end(ap);
    out->failed = out->failed || text.failed;
    buffer_printf(out, "%snext:%s ", cli_colour("bold"), cli_plain());
    cli_wrap(out, buffer_string(&text), 6, 6);
    buffer_free(&text);
}

int people_print(const struct buffer *answer, const struct buffer *out, bool json)
{
    return cli_print(json ? answer : out) != 0 ? CLI_UNKNOWN : CLI_OK;
}

int people_refuse(const char *usage, const char *sentence)
{
    fprintf(stderr, "%s\nusage: %s\n", sentence, usage);
    return CLI_UNKNOWN;
}
