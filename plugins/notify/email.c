/*
 * The action `notify.email`: one letter to one mail server (RFC 5321), over TLS from the first byte, or after STARTTLS; in plain text to this computer alone,
 * so that neither text nor password crosses a network openly, whatever a server or somebody before it says.
 */
#include "email.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { MAX_ANSWER = 16384, MOST_ADDRESS = 254, PORT_SUBMISSION = 587, PORT_TLS = 465, PORT_PLAIN = 25 };

static const char *const tls_choices[] = { "starttls", "implicit", "none", NULL };

const struct talon_option notify_email_options[] = {
    NOTE_OPTIONS(struct notify_email),
    { .name = "server", TALON_STRING_AT(struct notify_email, server), .flags = TALON_REQUIRED, .help = "The mail server, by its name or address." },
    { .name = "port",
      TALON_INT_AT(struct notify_email, port),
      .max = 65535,
      .help = "Its port. Not given: 587, with `tls: implicit` 465, with `tls: none` 25." },
    { .name = "tls",
      TALON_ENUM_AT(struct notify_email, tls),
      .choices = tls_choices,
      .fallback = "starttls",
      .help = "When TLS begins: after STARTTLS, without which nothing is sent; at once; or never, which only a server on this computer may have." },
    { .name = "ca", TALON_PEM_AT(struct notify_email, ca), .help = "Authorities to trust, as PEM text or a file of it. Not given: those of the system." },
    { .name = "from", TALON_STRING_AT(struct notify_email, from), .flags = TALON_REQUIRED, .help = "Who sends it: an address." },
    { .name = "to", TALON_LIST_AT(struct notify_email, to), .flags = TALON_REQUIRED, .help = "Whom: up to 50 addresses." },
    { .name = "user", TALON_STRING_AT(struct notify_email, user), .help = "Who logs in. Not given: nobody does." },
    { .name = "password", TALON_STRING_AT(struct notify_email, password), .flags = TALON_SECRET, .help = "The password of `user`." },
    { .name = "hello", TALON_STRING_AT(struct notify_email, hello), .fallback = "localhost", .help = "The name by which we greet the server." },
    { .name = NULL },
};

/* ---- what may be configured */

static int bad(struct talon_problem *problem, const char *option, const char *text)
{
    problem->option = option;
    snprintf(problem->text, sizeof problem->text, "%s", text);
    return 1;
}

/* Nothing that could end a command or a header, or begin another one. */
static int is_token(const char *text)
{
    for (const char *at = text; *at; at++)
        if (*at <= ' ' || *at > '~' || strchr("<>\",;\\()", *at))
            return 0;
    return *text != '\0';
}

static int is_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at && at > text && at[1] && !strchr(at + 1, '@') && strlen(text) <= MOST_ADDRESS && is_token(text);
}

static int is_here(const char *server)
{
    struct in_addr four;
    struct in6_addr six;

    if (inet_pton(AF_INET, server, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    return strcmp(server, "localhost") == 0 || (inet_pton(AF_INET6, server, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six));
}

int notify_email_validate(const void *given, struct talon_problem *problem)
{
    const struct notify_email *conf = given;
    size_t n = 0;

    if (!*conf->note.text)
        return bad(problem, "text", "is empty");
    if (!is_token(conf->server))
        return bad(problem, "server", "must be the name or address of a mail server, such as mail.example.com");
    if (conf->tls == EMAIL_TLS_NONE && !is_here(conf->server))
        return bad(problem, "tls", "may be none only for a server on this computer (localhost, 127.0.0.1, ::1): write starttls or implicit");
    if (!is_address(conf->from))
        return bad(problem, "from", "must be an address, such as talon@example.com");
    for (; conf->to && conf->to[n]; n++)
        if (!is_address(conf->to[n]))
            return bad(problem, "to", "must be addresses, such as someone@example.com");
    if (n == 0 || n > EMAIL_MOST_TO)
        return bad(problem, "to", n == 0 ? "is empty" : "has more than 50 addresses");
    return is_token(conf->hello) ? 0 : bad(problem, "hello", "must be a name, such as host.example.com");
}

/* ---- the run */

const char *email_plain_login(struct talon_run *run)
{
    const struct notify_email *conf = run->conf;
    const size_t user = strlen(conf->user), password = strlen(conf->password);
    char *both = run->host->alloc(run, user + password + 3);

    memcpy(both + 1, conf->user, user);
    memcpy(both + user + 2, conf->password, password);
    return notify_base64(run, both, user + password + 2);
}

const char *email_encoded(struct talon_run *run, const char *text)
{
    return notify_base64(run, text, strlen(text));
}

/* A server may repeat what it was told, in the form in which it was told. */
static void hide_login(struct talon_run *run)
{
    const struct notify_email *conf = run->conf;

    if (!conf->user)
        return;
    notify_hide(run, conf->password);
    notify_hide(run, email_plain_login(run));
    notify_hide(run, email_encoded(run, conf->password));
}

void notify_email_start(struct talon_run *run)
{
    const struct notify_email *conf = run->conf;
    struct email *email = run->state;
    const struct talon_tls tls = { .size = sizeof tls, .ca = conf->ca };
    const int64_t usual = conf->tls == EMAIL_TLS_LATER ? PORT_SUBMISSION : conf->tls == EMAIL_TLS_AT_ONCE ? PORT_TLS : PORT_PLAIN;

    email->notify.who = talon_text(run, "the mail server %s", conf->server);
    if (!conf->user != !conf->password) { /* when it is configured a secret has no value yet, so it is seen here */
        notify_end(run, TALON_UNKNOWN, "auth.rejected", "nobody can log in to %s: there is %s", email->notify.who,
                   conf->user ? "a user without a password" : "a password without a user");
        return;
    }
    hide_login(run);
    email->link = run->host->connect(run,
                                     TALON_REQUEST(talon_connect, .max_input = MAX_ANSWER,
                                                   .to = { .host = conf->server, .port = (uint32_t)(conf->port ? conf->port : usual) },
                                                   .tls = conf->tls == EMAIL_TLS_AT_ONCE ? &tls : NULL, .data = email_heard),
                                     email_linked, NULL);
}
