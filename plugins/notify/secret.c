/*
 * Secrets of a channel are kept out of what is told about it. A service may repeat what it was sent ("no such hook /services/T0/B0/..."), so they are
 * looked for in every word that leaves here, in pieces, since a service repeats pieces.
 */
#include "notify.h"

enum { LEAST_PIECE = 6, MOST_SUMMARY = 512 };

static const char between[] = "/?&=#:@ ,;\t";

static void keep(struct talon_run *run, const char *piece, size_t n)
{
    struct notify *notify = run->state;

    if (n >= LEAST_PIECE && notify->n_pieces < NOTIFY_PIECES)
        notify->pieces[notify->n_pieces++] = talon_text(run, "%.*s", (int)n, piece);
}

/* The whole first: its pieces alone would leave the short ones between them. */
static void keep_all(struct talon_run *run, const char *text, size_t n)
{
    const char *const end = text + n;

    keep(run, text, n);
    while (text < end) {
        size_t length = strcspn(text, between);

        if (length > (size_t)(end - text))
            length = (size_t)(end - text);
        if (length < n)
            keep(run, text, length);
        text += length + 1;
    }
}

void notify_hide(struct talon_run *run, const char *text)
{
    if (text)
        keep_all(run, text, strlen(text));
}

void notify_hide_url(struct talon_run *run, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL, *user, *path;

    if (!host)
        return;
    host += 3;
    path = host + strcspn(host, "/?#");
    user = memchr(host, '@', (size_t)(path - host));
    if (user)
        keep_all(run, host, (size_t)(user - host));
    keep_all(run, path, strlen(path));
}

/* In place: the mark is shorter than any piece. However often a peer repeats one, this takes no more memory than its words do. */
static void replace(char *text, const char *piece)
{
    static const char mark[] = "***";
    const size_t n = strlen(piece);
    const char *from = text, *at;
    char *to = text;

    while ((at = strstr(from, piece))) {
        memmove(to, from, (size_t)(at - from));
        to += at - from;
        memcpy(to, mark, sizeof mark - 1);
        to += sizeof mark - 1;
        from = at + n;
    }
    memmove(to, from, strlen(from) + 1);
}

const char *notify_hidden(struct talon_run *run, const char *text)
{
    const struct notify *notify = run->state;
    const size_t n = strlen(text) + 1;
    char *hidden = run->host->alloc(run, n);

    memcpy(hidden, text, n);
    for (size_t i = 0; i < notify->n_pieces; i++)
        replace(hidden, notify->pieces[i]);
    return hidden;
}

void notify_end(struct talon_run *run, enum talon_status status, const char *reason, const char *format, ...)
{
    char summary[MOST_SUMMARY];
    va_list ap;

    va_start(ap, format);
    vsnprintf(summary, sizeof summary, format, ap);
    va_end(ap);
    talon_done(run, status, reason, "%s", notify_hidden(run, summary));
}
