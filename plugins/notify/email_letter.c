/*
 * The letter: headers that nothing of a message's text can add to, since the subject is encoded where it is not plain (RFC 2047) and holds no line break, and a
 * text in quoted-printable, which passes servers that take seven bits and short lines alone.
 */
#include "email.h"

#include <time.h>

enum { TEXT_BOUND = 32768, SUBJECT_BOUND = 160, LINE = 76, WORD = 45, DATE = 64 };

/* ---- the subject */

static int is_plain(const char *text)
{
    for (const char *at = text; *at; at++)
        if (*at < ' ' || *at > '~')
            return 0;
    return strstr(text, "=?") == NULL;
}

/* Whole characters of at most WORD bytes. */
static size_t piece_of(const char *text)
{
    const size_t left = strlen(text);
    size_t n = left < WORD ? left : WORD;

    while (n > 0 && n < left && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static const char *encoded(struct talon_run *run, const char *text)
{
    const char *out = "";

    for (size_t n; *text; text += n) {
        n = piece_of(text);
        out = talon_text(run, "%s%s=?UTF-8?B?%s?=", out, *out ? "\r\n " : "", notify_base64(run, text, n));
    }
    return out;
}

/* The title; without one the first line of the text. */
static const char *subject(struct talon_run *run)
{
    const struct notify_email *conf = run->conf;
    const int titled = conf->note.title && *conf->note.title;
    const char *of = titled ? conf->note.title : talon_text(run, "%.*s", (int)strcspn(conf->note.text, "\n"), conf->note.text);
    char *line;

    of = notify_fit(run, of, SUBJECT_BOUND, 0);
    line = run->host->alloc(run, strlen(of) + 1);
    for (size_t i = 0; of[i]; i++)
        line[i] = (char)(of[i] == '\n' || of[i] == '\t' ? ' ' : of[i]);
    return is_plain(line) ? line : encoded(run, line);
}

/* ---- the other headers */

/* In English whatever the locale is, as RFC 5322 wants it. */
static const char *date(struct talon_run *run)
{
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    const time_t at = (time_t)(run->host->unix_ns(run) / INT64_C(1000000000));
    struct tm parts;
    char text[DATE];

    if (!gmtime_r(&at, &parts))
        return "Thu, 01 Jan 1970 00:00:00 +0000";
    snprintf(text, sizeof text, "%s, %02d %s %d %02d:%02d:%02d +0000", days[parts.tm_wday % 7], parts.tm_mday, months[parts.tm_mon % 12], parts.tm_year + 1900,
             parts.tm_hour, parts.tm_min, parts.tm_sec);
    return talon_text(run, "%s", text);
}

static const char *everybody(struct talon_run *run)
{
    const struct notify_email *conf = run->conf;
    const char *all = conf->to[0];

    for (size_t i = 1; conf->to[i]; i++)
        all = talon_text(run, "%s,\r\n %s", all, conf->to[i]);
    return all;
}

static const char *headers(struct talon_run *run)
{
    const struct notify_email *conf = run->conf;
    const unsigned long long now = (unsigned long long)run->host->unix_ns(run);

    return talon_text(run,
                      "Date: %s\r\nFrom: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%llx.%llx%s>\r\n%sAuto-Submitted: auto-generated\r\n"
                      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
                      date(run), conf->from, everybody(run), subject(run), now, (unsigned long long)run->id, strchr(conf->from, '@'),
                      conf->note.level == NOTIFY_PAGE ? "Importance: high\r\n" : "");
}

/* ---- the text */

struct sheet {
    char *at;
    size_t column;
};

static void put(struct sheet *sheet, const char *bytes, size_t n)
{
    if (sheet->column + n > LINE - 1) {
        memcpy(sheet->at, "=\r\n", 3);
        sheet->at += 3;
        sheet->column = 0;
    }
    if (sheet->column == 0 && *bytes == '.') /* a line that begins with a dot has another one before it, or it would end the letter */
        *sheet->at++ = '.';
    memcpy(sheet->at, bytes, n);
    sheet->at += n;
    sheet->column += n;
}

static void put_character(struct sheet *sheet, const char *at)
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char c = (unsigned char)*at;
    const char hex[3] = { '=', digits[c >> 4], digits[c & 15] };
    const int blank_at_end = (c == ' ' || c == '\t') && (at[1] == '\n' || at[1] == '\0');

    if (c == '\n') {
        memcpy(sheet->at, "\r\n", 2);
        sheet->at += 2;
        sheet->column = 0;
    } else if (c == '=' || c > '~' || blank_at_end) {
        put(sheet, hex, sizeof hex);
    } else {
        put(sheet, at, 1);
    }
}

const char *email_letter(struct talon_run *run)
{
    static const char end[] = "\r\n.\r\n";
    const struct notify_email *conf = run->conf;
    const char *head = headers(run), *text = notify_fit(run, conf->note.text, TEXT_BOUND, 0);
    const size_t n = strlen(head);
    char *letter = run->host->alloc(run, n + 5 * strlen(text) + sizeof end);
    struct sheet sheet = { letter + n, 0 };

    memcpy(letter, head, n);
    for (; *text; text++)
        put_character(&sheet, text);
    memcpy(sheet.at, end, sizeof end);
    return letter;
}
