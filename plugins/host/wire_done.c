/* `done`: the message that there are most of, so it is written without a JSON tree. */
#include "wire.h"

#include "said.h"

#include <math.h>
#include <string.h>

static struct buffer line;

static const char *const statuses[] = { "ok", "warn", "fail", "unknown", "starting", "stopped" };

/* Nearly all are plain letters, and buffer_add() takes those in one go. */
static void add_text(const char *text)
{
    size_t n = 0;

    while ((unsigned char)text[n] >= ' ' && (unsigned char)text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
        n++;
    if (text[n] != '\0') {
        wire_add_json(&line, text);
        return;
    }
    buffer_char(&line, '"');
    buffer_add(&line, text, n);
    buffer_char(&line, '"');
}

/* ---- numbers: most are whole, or a count of nanoseconds in seconds. These read back to the same double, and need no printf. */

static void add_fraction(uint64_t billionths)
{
    char digits[10] = ".";
    size_t n = 9;

    for (size_t i = 9; i > 0; i--, billionths /= 10)
        digits[i] = (char)('0' + billionths % 10);
    while (digits[n] == '0')
        n--;
    buffer_add(&line, digits, n + 1);
}

static void add_number(double value)
{
    const double size = fabs(value), whole = floor(size);
    const double billionths = size < 4e6 ? rint(size * 1e9) : -1; /* up to 2^52: each is a whole number */

    if (whole == size && size < 9007199254740992.0) {
        buffer_text(&line, value < 0 ? "-" : "");
        wire_add_whole(&line, (uint64_t)size);
    } else if (billionths >= 0 && billionths / 1e9 == size) {
        buffer_text(&line, value < 0 ? "-" : "");
        wire_add_whole(&line, (uint64_t)billionths / 1000000000u);
        add_fraction((uint64_t)billionths % 1000000000u);
    } else {
        buffer_printf(&line, "%.17g", value);
    }
}

/* ---- what the run said */

static void add_metrics(const struct said *said)
{
    for (unsigned i = 0; i < said->n_metrics; i++) {
        buffer_text(&line, i > 0 ? ",[" : ",\"metrics\":[[");
        add_text(said->text.data + said->metrics[i].name);
        buffer_char(&line, ',');
        add_number(said->metrics[i].value);
        buffer_char(&line, ',');
        add_text(said->text.data + said->metrics[i].unit);
        buffer_char(&line, ']');
    }
    if (said->n_metrics > 0)
        buffer_char(&line, ']');
}

static void add_details(const struct said *said)
{
    for (unsigned i = 0; i < said->n_details; i++) {
        buffer_text(&line, i > 0 ? ",[" : ",\"details\":[[");
        add_text(said->text.data + said->details[i].name);
        buffer_char(&line, ',');
        add_text(said->text.data + said->details[i].value);
        buffer_char(&line, ']');
    }
    if (said->n_details > 0)
        buffer_char(&line, ']');
}

void wire_done(const char *run, const struct result *result, const struct said *said)
{
    buffer_clear(&line);
    buffer_text(&line, "{\"type\":\"done\",\"run\":\"");
    buffer_text(&line, run);
    buffer_text(&line, "\",\"status\":\"");
    buffer_text(&line, statuses[result->status]);
    buffer_text(&line, "\",\"reason\":\"");
    buffer_text(&line, result->reason);
    buffer_text(&line, "\",\"summary\":");
    add_text(result->summary);
    buffer_text(&line, ",\"duration_ns\":\"");
    wire_add_whole(&line, result->duration_ns);
    buffer_text(&line, "\",\"late_ms\":");
    wire_add_whole(&line, result->late_ns / 1000000u);
    if (said) {
        add_metrics(said);
        add_details(said);
        if (said->cut > 0) {
            buffer_text(&line, ",\"cut\":");
            wire_add_whole(&line, said->cut);
        }
    }
    buffer_char(&line, '}');
    wire_send(&line);
    if (wire_is_worker())
        wire_finish();
}

void wire_done_free(void)
{
    buffer_free(&line);
}
