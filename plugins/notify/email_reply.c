/* An answer of a mail server, line by line (RFC 5321 4.2): the code counts, the words are for people. Nothing of it is trusted to be short or printable. */
#include "email.h"

#include <strings.h>

enum { MOST_LINES = 200, CODE = 3 };

static int is_code(const char *line, size_t n)
{
    if (n < CODE || line[0] < '2' || line[0] > '5')
        return 0;
    return line[1] >= '0' && line[1] <= '9' && line[2] >= '0' && line[2] <= '9' && (n == CODE || line[CODE] == ' ' || line[CODE] == '-');
}

static void add_words(struct email_reply *reply, const char *words, size_t n)
{
    const size_t room = sizeof reply->words - reply->n;

    if (room == 0 || n == 0)
        return;
    if (reply->n > 0)
        reply->words[reply->n++] = ' ';
    n = n < sizeof reply->words - reply->n ? n : sizeof reply->words - reply->n;
    memcpy(reply->words + reply->n, words, n);
    reply->n += n;
}

static int is_word(const char *at, size_t n, const char *word)
{
    return strlen(word) == n && strncasecmp(at, word, n) == 0;
}

/* `STARTTLS`, or `AUTH LOGIN PLAIN`; old servers say `AUTH=LOGIN`. */
static void note_offer(struct email_reply *reply, const char *line, size_t n)
{
    const char *const end = line + n;
    int is_auth = 0;

    for (const char *at = line; at < end;) {
        size_t length = 0;

        while (at + length < end && at[length] != ' ' && at[length] != '=')
            length++;
        if (at == line && is_word(at, length, "STARTTLS"))
            reply->starttls = 1;
        is_auth = at == line ? is_word(at, length, "AUTH") : is_auth;
        reply->plain |= is_auth && is_word(at, length, "PLAIN");
        reply->login |= is_auth && is_word(at, length, "LOGIN");
        at += length + 1;
    }
}

enum email_reply_state email_reply_line(struct email_reply *reply, const char *line, size_t n)
{
    int code;

    if (!is_code(line, n) || reply->lines >= MOST_LINES)
        return EMAIL_NO_REPLY;
    code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (reply->lines > 0 && code != reply->code)
        return EMAIL_NO_REPLY;
    reply->code = code;
    reply->lines++;
    if (n > CODE + 1) {
        add_words(reply, line + CODE + 1, n - CODE - 1);
        note_offer(reply, line + CODE + 1, n - CODE - 1);
    }
    return n > CODE && line[CODE] == '-' ? EMAIL_MORE : EMAIL_WHOLE;
}
