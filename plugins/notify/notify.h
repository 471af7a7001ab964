/*
 * What the notifiers share: the text of a message within what its service takes, secrets that may not be told on, and the answers that mean the same
 * everywhere. Who sends goes by the reason: `notify.refused` and `auth.rejected` stay so until a person changes something, `notify.busy` passes (after
 * `retry_after`, where it is told), and with the metric `perhaps_sent` the message may have arrived although nothing says so.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include "kit/json.h"

enum notify_level { NOTIFY_PAGE, NOTIFY_MESSAGE, NOTIFY_DIGEST };

struct note {
    const char *text, *title;
    int32_t level, over;
};

extern const char *const notify_levels[];

#define NOTE_OPTIONS(S)                                                                                                                                        \
    { .name = "text", TALON_STRING_AT(S, note.text), .flags = TALON_REQUIRED, .help = "What to say." },                                                        \
        { .name = "title", TALON_STRING_AT(S, note.title), .help = "A line to stand above it." },                                                              \
        { .name = "level",                                                                                                                                     \
          TALON_ENUM_AT(S, note.level),                                                                                                                        \
          .choices = notify_levels,                                                                                                                            \
          .fallback = "message",                                                                                                                               \
          .help = "How urgent it is: a page, a message, or a digest." },                                                                                       \
        { .name = "over", TALON_BOOL_AT(S, note.over), .help = "What was told before is over: this is the all-clear." }

extern const struct talon_metric notify_metrics[];

enum { NOTIFY_PIECES = 32, NOTIFY_WORDS = 160 };

/* What the state of each run begins with. */
struct notify {
    const char *who; /* "Telegram" */
    const char *pieces[NOTIFY_PIECES]; /* of secrets */
    size_t n_pieces;
    void (*judge)(struct talon_run *run, const struct talon_response *got);
};

/* ---- secrets */

/* Nothing that is told later holds a piece of this text: the parts of an address or a header that are long enough to be secrets. NULL: nothing. */
void notify_hide(struct talon_run *run, const char *text);
/* The same for what follows the host in a URL, and for a user and password before it. */
void notify_hide_url(struct talon_run *run, const char *url);
/* The text with "***" in place of each such piece. */
const char *notify_hidden(struct talon_run *run, const char *text);
/* Ends the run; what is hidden does not stand in the summary. */
__attribute__((format(printf, 4, 5))) void notify_end(struct talon_run *run, enum talon_status status, const char *reason, const char *format, ...);

/* ---- text */

/* Title and text within `bound` UTF-16 units, bad UTF-8 replaced, with a mark where it had to be cut. escape: `&`, `<` and `>` are written as in HTML. */
const char *notify_text(struct talon_run *run, const struct note *note, size_t bound, int escape);
/* Without a title. */
const char *notify_fit(struct talon_run *run, const char *text, size_t bound, int escape);
/* The JSON, whose tree is freed; the run's. */
const char *notify_json(struct talon_run *run, cJSON *root);
/* Of n bytes. */
const char *notify_base64(struct talon_run *run, const char *bytes, size_t n);
/* `2026-01-02T03:04:05Z`. */
const char *notify_moment(struct talon_run *run, int64_t unix_s);

/* ---- the exchange */

/* Sends it, never follows a redirection, and calls judge for any answer; where there is none the run ends. */
void notify_send(struct talon_run *run, const struct talon_http *request, void (*judge)(struct talon_run *run, const struct talon_response *got));
/* Ends the run with what the status says of any service; words: what it says itself, may be empty. */
void notify_by_status(struct talon_run *run, const struct talon_response *got, const char *words);
/* Too many messages: when to try again (s), negative where it does not say. */
void notify_busy(struct talon_run *run, double retry_after, const char *words);
/* Of the header Retry-After, a number or a date; negative: not told. */
double notify_retry_after(struct talon_run *run, const struct talon_response *got);
/* Its words for a summary: ": words", or "". */
const char *notify_words(struct talon_run *run, const char *words, size_t n);

int notify_is_url(const char *text);

/* ---- the channels: one file each */

struct notify_telegram {
    struct note note;
    const char *token, *chat, *api;
    int64_t thread;
};

struct notify_slack {
    struct note note;
    const char *url;
};

struct notify_webhook {
    struct note note;
    const char *url, *method, *content_type, *template, *ca;
    const struct talon_pair *headers;
};

struct notify_alertmanager {
    struct note note;
    const char *url, *name, *user, *password, *bearer, *source, *ca;
    const struct talon_pair *labels;
    int64_t since;
    uint64_t lasts;
};

struct notify_imessage {
    struct note note;
    const char *to, *socket, *command;
};

struct notify_email {
    struct note note;
    const char *server, *ca, *from, *user, *password, *hello;
    const char *const *to;
    int64_t port;
    int32_t tls;
};

#define NOTIFY_CHANNEL(channel)                                                                                                                                \
    extern const struct talon_option notify_##channel##_options[];                                                                                             \
    int notify_##channel##_validate(const void *conf, struct talon_problem *problem);                                                                          \
    void notify_##channel##_start(struct talon_run *run)
NOTIFY_CHANNEL(telegram);
NOTIFY_CHANNEL(slack);
NOTIFY_CHANNEL(webhook);
NOTIFY_CHANNEL(alertmanager);
NOTIFY_CHANNEL(imessage);
NOTIFY_CHANNEL(email);

#endif
