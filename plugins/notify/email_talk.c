/*
 * What is said to the mail server: one function for each answer that is waited for. A code of 400 and more passes by itself and is tried again later; one of
 * 500 and more is a refusal that a person must see to, in the server's own words.
 */
#include "email.h"

static const char *const names[] = { "the connection", "the connection", "EHLO",      "STARTTLS", "STARTTLS", "AUTH PLAIN", "AUTH LOGIN",
                                     "AUTH LOGIN",     "AUTH LOGIN",     "MAIL FROM", "RCPT TO",  "DATA",     "the letter" };

__attribute__((format(printf, 3, 4))) static void say(struct talon_run *run, enum email_step next, const char *format, ...)
{
    struct email *email = run->state;
    va_list ap, again;
    char *line;
    int n;

    va_start(ap, format);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, format, ap);
    n = n < 0 ? 0 : n;
    line = run->host->alloc(run, (size_t)n + 3);
    vsnprintf(line, (size_t)n + 1, format, again);
    va_end(again);
    va_end(ap);
    memcpy(line + n, "\r\n", 2);
    email->step = next;
    email->reply = (struct email_reply){ .code = 0 };
    run->host->send(run, email->link, line, (size_t)n + 2);
}

__attribute__((format(printf, 4, 5))) static void end(struct talon_run *run, enum talon_status status, const char *reason, const char *format, ...)
{
    struct email *email = run->state;
    char summary[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(summary, sizeof summary, format, ap);
    va_end(ap);
    email->over = 1;
    notify_end(run, status, reason, "%s", summary);
}

static const char *words_of(struct talon_run *run, const struct email_reply *reply)
{
    const char *words = notify_words(run, reply->words, reply->n);

    return talon_text(run, ": %d%s", reply->code, *words ? words + 1 : "");
}

/* Any answer but the one that goes on. */
static void refused(struct talon_run *run, const struct email_reply *reply)
{
    struct email *email = run->state;
    const char *words = words_of(run, reply);

    email->over = 1;
    if (reply->code >= 400 && reply->code < 500)
        notify_busy(run, -1, words);
    else if (reply->code < 400)
        end(run, TALON_FAIL, "protocol.bad", "%s answers to %s with what does not belong there%s", email->notify.who, names[email->step], words);
    else if (reply->code == 530 || reply->code == 534 || reply->code == 535 || reply->code == 538)
        end(run, TALON_UNKNOWN, "auth.rejected", "%s does not accept our credentials%s", email->notify.who, words);
    else
        end(run, TALON_FAIL, "notify.refused", "%s refuses %s%s", email->notify.who, email->step <= AGREEING ? "us" : "the message", words);
}

static void send_from(struct talon_run *run)
{
    const struct notify_email *conf = run->conf;

    say(run, SENDER, "MAIL FROM:<%s>", conf->from);
}

static void log_in(struct talon_run *run, int plain, int login)
{
    struct email *email = run->state;

    if (plain)
        say(run, PASSWORD_PLAIN, "AUTH PLAIN %s", email_plain_login(run));
    else if (login)
        say(run, LOGIN_USER, "AUTH LOGIN");
    else
        end(run, TALON_UNKNOWN, "auth.rejected", "%s offers no way to log in that we know (PLAIN, LOGIN)", email->notify.who);
}

static void greeted(struct talon_run *run)
{
    const struct notify_email *conf = run->conf;
    struct email *email = run->state;
    const struct email_reply reply = email->reply;

    if (conf->tls == EMAIL_TLS_LATER && !email->secure && !reply.starttls)
        end(run, TALON_FAIL, "tls.missing", "%s does not offer STARTTLS: nothing was sent, since it would have gone in plain text", email->notify.who);
    else if (conf->tls == EMAIL_TLS_LATER && !email->secure)
        say(run, AGREEING, "STARTTLS");
    else if (conf->user)
        log_in(run, reply.plain, reply.login);
    else
        send_from(run);
}

static void secure(struct talon_run *run)
{
    const struct notify_email *conf = run->conf;
    struct email *email = run->state;
    const struct talon_tls tls = { .size = sizeof tls, .ca = conf->ca };

    email->step = SECURING;
    run->host->secure(run, email->link, &tls);
}

/* Each recipient is asked for; whoever is not taken does not keep the others from being told. */
static void next_recipient(struct talon_run *run)
{
    const struct notify_email *conf = run->conf;
    struct email *email = run->state;

    if (conf->to[email->recipient])
        say(run, RECIPIENT, "RCPT TO:<%s>", conf->to[email->recipient++]);
    else if (email->taken > 0)
        say(run, READY, "DATA");
    else
        refused(run, &email->refusal);
}

static void recipient_answered(struct talon_run *run)
{
    struct email *email = run->state;
    const int code = email->reply.code, passes = code >= 400 && code < 500;

    if (code == 421) {
        refused(run, &email->reply); /* it closes */
        return;
    }
    if (code < 300)
        email->taken++;
    else if (email->refusal.code == 0 || (passes && email->later == 0))
        email->refusal = email->reply; /* what passes is kept before what does not: then the whole is tried again */
    email->later += passes != 0;
    next_recipient(run);
}

static void send_letter(struct talon_run *run)
{
    struct email *email = run->state;
    const char *letter = email_letter(run);

    email->step = LETTER;
    email->reply = (struct email_reply){ .code = 0 };
    run->host->send(run, email->link, letter, strlen(letter));
}

static void sent(struct talon_run *run)
{
    static const char quit[] = "QUIT\r\n";
    struct email *email = run->state;

    run->host->send(run, email->link, quit, sizeof quit - 1); /* the answer changes nothing, and is not waited for */
    if (email->taken < email->recipient)
        end(run, TALON_WARN, "notify.sent", "%s has taken the message for %zu of %zu recipients%s", email->notify.who, email->taken, email->recipient,
            words_of(run, &email->refusal));
    else
        end(run, TALON_OK, "notify.sent", "%s has taken the message", email->notify.who);
}

/* One whole answer. */
static void answered(struct talon_run *run)
{
    static const short wanted[] = { 0, 220, 250, 220, 0, 235, 334, 334, 235, 250, 0, 354, 250 };
    const struct notify_email *conf = run->conf;
    struct email *email = run->state;

    if (wanted[email->step] && email->reply.code != wanted[email->step]) {
        refused(run, &email->reply);
        return;
    }
    switch (email->step) {
    case GREETING:
        say(run, HELLO, "EHLO %s", conf->hello);
        break;
    case HELLO:
        greeted(run);
        break;
    case AGREEING:
        secure(run);
        break;
    case LOGIN_USER:
        say(run, LOGIN_PASSWORD, "%s", email_encoded(run, conf->user));
        break;
    case LOGIN_PASSWORD:
        say(run, LOGIN_END, "%s", email_encoded(run, conf->password));
        break;
    case PASSWORD_PLAIN:
    case LOGIN_END:
        send_from(run);
        break;
    case SENDER:
        next_recipient(run);
        break;
    case RECIPIENT:
        recipient_answered(run);
        break;
    case READY:
        send_letter(run);
        break;
    case LETTER:
        sent(run);
        break;
    case CONNECTING:
    case SECURING:
        break;
    }
}

/* ---- what comes */

static void no_reply(struct talon_run *run, const char *line, size_t n)
{
    struct email *email = run->state;

    if (email->step == LETTER)
        run->host->metric(run, "perhaps_sent", 1, "");
    end(run, TALON_FAIL, "protocol.bad", "%s does not speak SMTP, or no more of it%s", email->notify.who, notify_words(run, line, n));
}

static void heard_line(struct talon_run *run, const char *line, size_t n)
{
    struct email *email = run->state;

    if (n > 0 && line[n - 1] == '\r')
        n--;
    switch (email_reply_line(&email->reply, line, n)) {
    case EMAIL_MORE:
        break;
    case EMAIL_WHOLE:
        answered(run);
        break;
    case EMAIL_NO_REPLY:
        no_reply(run, line, n);
        break;
    }
}

/* Stops at the line that agrees to TLS: what stands behind it is the host's to refuse. */
size_t email_heard(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    struct email *email = run->state;
    size_t used = 0;

    (void)arg;
    while (!email->over && email->step != SECURING) {
        const char *line = bytes + used, *line_end = memchr(line, '\n', n - used);

        if (!line_end && (!last || used == n))
            break;
        used = line_end ? (size_t)(line_end - bytes) + 1 : n;
        heard_line(run, line, (size_t)((line_end ? line_end : bytes + n) - line));
    }
    return email->over ? n : used;
}

static void lost(struct talon_run *run, const struct talon_error *error)
{
    struct email *email = run->state;
    const char *who = email->notify.who;
    const enum talon_status status = talon_ours(error) ? TALON_UNKNOWN : TALON_FAIL;

    if (email->step == LETTER)
        run->host->metric(run, "perhaps_sent", 1, "");
    if (email->step == CONNECTING)
        end(run, status, error->token, "cannot reach %s: %s", who, error->text);
    else if (email->step == SECURING)
        end(run, status, error->token, "no TLS with %s: %s", who, error->text);
    else if (email->step == LETTER)
        end(run, status, error->token, "%s did not say whether it has taken the message: %s", who, error->text);
    else if (error->code == TALON_E_TIMEOUT)
        end(run, TALON_FAIL, "notify.unanswered", "%s did not answer to %s in time: nothing was sent", who, names[email->step]);
    else
        end(run, status, error->token, "%s is gone after %s: %s", who, names[email->step], error->text);
}

void email_linked(struct talon_run *run, void *arg, const struct talon_link *link)
{
    const struct notify_email *conf = run->conf;
    struct email *email = run->state;

    (void)arg;
    if (email->over)
        return;
    if (link->error.code) {
        lost(run, &link->error);
        return;
    }
    email->secure = link->peer != NULL;
    if (email->step == SECURING)
        say(run, HELLO, "EHLO %s", conf->hello);
    else
        email->step = GREETING;
}
