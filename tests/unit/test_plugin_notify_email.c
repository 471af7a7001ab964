/* `notify.email` on the fake host: the dialogue with each answer that a mail server documents, and what the letter looks like on the wire. */
#include "plugin_notify_test.h"

#include <stdlib.h>

#define PASSWORD "s3cr3tpassword"
#define PLAIN_LOGIN "AG1lAHMzY3IzdHBhc3N3b3Jk" /* \0me\0s3cr3tpassword */

static struct fake *email(void)
{
    struct fake *fake = channel("email");

    put(fake, "server", "mail.example.com");
    put(fake, "from", "talon@example.com");
    fake_add(fake, "to", NULL, "someone@example.net");
    return fake;
}

/* With a user, on this computer, without TLS: the dialogue alone. */
static struct fake *here(const char *tls)
{
    struct fake *fake = channel("email");

    fake_set(fake, "server", "127.0.0.1");
    put(fake, "from", "talon@example.com");
    fake_set(fake, "tls", tls);
    fake_set(fake, "user", "me");
    fake_set(fake, "password", PASSWORD);
    fake_add(fake, "to", NULL, "someone@example.net");
    return fake;
}

static void says(struct fake *fake, const char *line)
{
    fake_link_says(fake, FAKE_MS, line, strlen(line));
}

static void asked(struct fake *fake, const char *command, const char *answer)
{
    fake_link_hears(fake, command);
    says(fake, answer);
}

static void greets(struct fake *fake, const char *offer)
{
    fake_link(fake, FAKE_MS, NULL);
    says(fake, "220 mail.example.com ESMTP\r\n");
    asked(fake, "EHLO localhost\r\n", offer);
}

static void takes_sender(struct fake *fake)
{
    asked(fake, "MAIL FROM:<talon@example.com>\r\n", "250 2.1.0 Ok\r\n");
}

static void takes_letter(struct fake *fake)
{
    takes_sender(fake);
    asked(fake, "RCPT TO:<someone@example.net>\r\n", "250 2.1.5 Ok\r\n");
    asked(fake, "DATA\r\n", "354 End data with <CR><LF>.<CR><LF>\r\n");
    asked(fake, "\r\n.\r\n", "250 2.0.0 Ok: queued as 4F1\r\n");
}

static void over_tls_with_a_password(void **unused)
{
    struct fake *fake = email();

    (void)unused;
    fake_set(fake, "user", "me");
    fake_set(fake, "password", PASSWORD);
    fake_set(fake, "hello", "host.example.com");
    fake_set(fake, "ca", "/etc/ca.pem");
    fake_link(fake, FAKE_MS, NULL);
    says(fake, "220-mail.example.com\r\n220 ESMTP\r\n");
    asked(fake, "EHLO host.example.com\r\n", "250-mail.example.com\r\n250-AUTH LOGIN\r\n250 STARTTLS\r\n");
    asked(fake, "STARTTLS\r\n", "220 2.0.0 Ready to start TLS\r\n");
    fake_link_secures(fake, FAKE_MS, NULL);
    asked(fake, "EHLO host.example.com\r\n", "250-mail.example.com\r\n250 AUTH LOGIN PLAIN\r\n");
    asked(fake, "AUTH PLAIN " PLAIN_LOGIN "\r\n", "235 2.7.0 Authentication successful\r\n");
    takes_letter(fake);
    CONCLUDES(fake, TALON_OK, "notify.sent", "the mail server mail.example.com has taken the message");
    assert_int_equal(fake_connected(fake, 0)->to.port, 587);
    assert_null(fake_connected(fake, 0)->tls);
    assert_string_equal(fake_secured(fake)->ca, "/etc/ca.pem");
    assert_true(strstr(fake_sent(fake, NULL), "AUTH") > strstr(fake_sent(fake, NULL), "STARTTLS"));
    CONTAINS(fake_sent(fake, NULL), "\r\n.\r\nQUIT\r\n");
    assert_null(fake_broken(fake));
    tells_no_secret(fake);
    fake_free(fake);
}

static void tls_from_the_first_byte(void **unused)
{
    struct fake *fake = with(email, "tls", "implicit");

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    says(fake, "220 mail.example.com ESMTP\r\n");
    asked(fake, "EHLO localhost\r\n", "250 mail.example.com\r\n");
    takes_letter(fake);
    CONCLUDES(fake, TALON_OK, "notify.sent", "has taken");
    assert_int_equal(fake_connected(fake, 0)->to.port, 465);
    assert_non_null(fake_connected(fake, 0)->tls);
    assert_null(fake_secured(fake));
    fake_free(fake);
}

/* Whoever sits between may take STARTTLS out of the offer, refuse it, or say something behind the go-ahead. */
static void nothing_goes_in_plain_text(void **unused)
{
    static const struct {
        const char *offer, *agrees;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { "250 mail.example.com\r\n", NULL, TALON_FAIL, "tls.missing", "does not offer STARTTLS" },
        { "250 AUTH=STARTTLS\r\n", NULL, TALON_FAIL, "tls.missing", "does not offer STARTTLS" },
        { "250 STARTTLS\r\n", "454 4.7.0 TLS not available\r\n", TALON_FAIL, "notify.busy", "454 4.7.0 TLS not available" },
        { "250 STARTTLS\r\n", "502 5.5.1 no\r\n", TALON_FAIL, "notify.refused", "refuses us: 502 5.5.1 no" },
        { "250 STARTTLS\r\n", "220 go\r\n250 mail.example.com\r\n", TALON_FAIL, "protocol.bad", "said more in plain text" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = email();

        greets(fake, cases[i].offer);
        if (cases[i].agrees) {
            asked(fake, "STARTTLS\r\n", cases[i].agrees);
            fake_link_secures(fake, FAKE_MS, NULL);
        }
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        assert_null(strstr(fake_sent(fake, NULL), "MAIL"));
        assert_null(fake_broken(fake));
        fake_free(fake);
    }
}

static void tls_that_is_broken(void **unused)
{
    struct fake *fake = email();

    (void)unused;
    greets(fake, "250 STARTTLS\r\n");
    asked(fake, "STARTTLS\r\n", "220 go\r\n");
    fake_link_secures(fake, FAKE_MS, TALON_REQUEST(talon_link, .error = FAKE_ERROR(TALON_E_CERT, 0, "tls.expired", "the certificate expired")));
    CONCLUDES(fake, TALON_FAIL, "tls.expired", "no TLS with the mail server mail.example.com: the certificate expired");
    assert_null(strstr(fake_sent(fake, NULL), "MAIL"));
    fake_free(fake);
}

static void login_in_two_steps(void **unused)
{
    struct fake *fake = here("none");

    (void)unused;
    greets(fake, "250-me\r\n250 AUTH=LOGIN\r\n");
    asked(fake, "AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\r\n");
    asked(fake, "bWU=\r\n", "334 UGFzc3dvcmQ6\r\n");
    asked(fake, "czNjcjN0cGFzc3dvcmQ=\r\n", "235 ok\r\n");
    takes_letter(fake);
    CONCLUDES(fake, TALON_OK, "notify.sent", "has taken");
    assert_int_equal(fake_connected(fake, 0)->to.port, 25);
    fake_free(fake);
}

/* What the server answers at that step, after everything before it has gone well. */
static void a_step_that_fails(void **unused)
{
    enum { BEGIN, EHLO, AUTH, FROM, TO, DATA, END };
    static const struct {
        int at;
        const char *answer;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { BEGIN, "421 4.3.2 too many connections\r\n", TALON_FAIL, "notify.busy", "takes no more messages for now: 421 4.3.2 too many connections" },
        { BEGIN, "554 5.7.1 you are on a list\r\n", TALON_FAIL, "notify.refused", "refuses us: 554 5.7.1 you are on a list" },
        { BEGIN, "SSH-2.0-OpenSSH_9.2\r\n", TALON_FAIL, "protocol.bad", "does not speak SMTP, or no more of it: SSH-2.0" },
        { BEGIN, "250 hello\r\n", TALON_FAIL, "protocol.bad", "answers to the connection with what does not belong there: 250 hello" },
        { BEGIN, "220-one\r\n221 other\r\n", TALON_FAIL, "protocol.bad", "does not speak SMTP" },
        { BEGIN, "999 x\r\n", TALON_FAIL, "protocol.bad", "does not speak SMTP" },
        { EHLO, "502 5.5.2 what\r\n", TALON_FAIL, "notify.refused", "refuses us: 502" },
        { EHLO, "250 no way to log in\r\n", TALON_UNKNOWN, "auth.rejected", "offers no way to log in that we know" },
        { AUTH, "535 5.7.8 bad credentials " PLAIN_LOGIN "\r\n", TALON_UNKNOWN, "auth.rejected", "does not accept our credentials: 535 5.7.8 bad credentials ***" },
        { AUTH, "454 4.7.0 try later\r\n", TALON_FAIL, "notify.busy", "454" },
        { FROM, "530 5.7.0 log in first\r\n", TALON_UNKNOWN, "auth.rejected", "530" },
        { FROM, "553 5.1.8 not your address\r\n", TALON_FAIL, "notify.refused", "553 5.1.8 not your address" },
        { TO, "450 4.2.0 greylisted\r\n", TALON_FAIL, "notify.busy", "450 4.2.0 greylisted" },
        { TO, "550 5.1.1 no such user\r\n", TALON_FAIL, "notify.refused", "refuses the message: 550 5.1.1 no such user" },
        { TO, "421 4.4.2 closing\r\n", TALON_FAIL, "notify.busy", "421" },
        { DATA, "503 5.5.1 no\r\n", TALON_FAIL, "notify.refused", "503" },
        { END, "554 5.7.1 spam: " PASSWORD "\r\n", TALON_FAIL, "notify.refused", "554 5.7.1 spam: ***" },
        { END, "452 4.3.1 no space\r\n", TALON_FAIL, "notify.busy", "452" },
    };
    static const char *const steps[][2] = { { NULL, "220 hello\r\n" },         { "EHLO", "250 AUTH PLAIN\r\n" }, { "AUTH PLAIN", "235 ok\r\n" },
                                            { "MAIL FROM", "250 ok\r\n" },    { "RCPT TO", "250 ok\r\n" },      { "DATA\r\n", "354 go\r\n" },
                                            { "\r\n.\r\n", "250 taken\r\n" } };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = here("none");

        fake_link(fake, FAKE_MS, NULL);
        for (int at = BEGIN; at <= cases[i].at; at++) {
            if (steps[at][0])
                fake_link_hears(fake, steps[at][0]);
            says(fake, at == cases[i].at ? cases[i].answer : steps[at][1]);
        }
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        assert_true(isnan(fake_metric(fake, "perhaps_sent")));
        assert_null(fake_broken(fake));
        tells_no_secret(fake);
        fake_free(fake);
    }
}

static void some_recipients_are_refused(void **unused)
{
    static const struct {
        const char *first, *second;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { "550 5.1.1 no such user\r\n", "250 ok\r\n", TALON_WARN, "notify.sent", "for 1 of 2 recipients: 550 5.1.1 no such user" },
        { "550 5.1.1 no such user\r\n", "450 4.2.0 later\r\n", TALON_FAIL, "notify.busy", "450 4.2.0 later" },
        { "450 4.2.0 later\r\n", "550 5.1.1 no such user\r\n", TALON_FAIL, "notify.busy", "450 4.2.0 later" },
        { "550 5.1.1 no such user\r\n", "551 5.1.6 moved\r\n", TALON_FAIL, "notify.refused", "550 5.1.1 no such user" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = with(email, "tls", "implicit");

        fake_add(fake, "to", NULL, "other@example.net");
        greets(fake, "250 mail\r\n");
        takes_sender(fake);
        asked(fake, "RCPT TO:<someone@example.net>\r\n", cases[i].first);
        asked(fake, "RCPT TO:<other@example.net>\r\n", cases[i].second);
        if (cases[i].status == TALON_WARN) {
            asked(fake, "DATA\r\n", "354 go\r\n");
            asked(fake, "\r\n.\r\n", "250 taken\r\n");
        }
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

/* After the last byte of the letter nobody knows; before it, it has not arrived. */
static void a_server_that_goes_or_is_silent(void **unused)
{
    (void)unused;
    for (int letter = 0; letter <= 1; letter++)
        for (int silent = 0; silent <= 1; silent++) {
            struct fake *fake = with(email, "tls", "implicit");

            greets(fake, "250 mail\r\n");
            takes_sender(fake);
            if (letter) {
                asked(fake, "RCPT TO", "250 ok\r\n");
                asked(fake, "DATA\r\n", "354 go\r\n");
                fake_link_hears(fake, "\r\n.\r\n");
            }
            if (!silent)
                fake_link_ends(fake, FAKE_MS, NULL);
            CONCLUDES(fake, TALON_FAIL, !silent ? "connect.closed" : letter ? "timeout" : "notify.unanswered",
                      letter ? "did not say whether" : silent ? "did not answer to RCPT TO in time" : "is gone after RCPT TO");
            assert_true(isnan(fake_metric(fake, "perhaps_sent")) == !letter);
            fake_free(fake);
        }
}

/* What it said before it went is heard, also without a line end. */
static void last_words(void **unused)
{
    struct fake *fake = email();

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    says(fake, "421 4.3.2 shutting down");
    fake_link_ends(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "notify.busy", "421 4.3.2 shutting down");
    fake_free(fake);
}

static void an_answer_without_end(void **unused)
{
    struct fake *fake = email();
    char *line = malloc(20001);

    (void)unused;
    assert_non_null(line);
    memset(line, 'x', 20000);
    line[20000] = '\0';
    fake_link(fake, FAKE_MS, NULL);
    says(fake, line);
    CONCLUDES(fake, TALON_FAIL, "too_big", "is gone after the connection");
    fake_free(fake);
    fake = email();
    fake_link(fake, FAKE_MS, NULL);
    for (int i = 0; i < 201; i++)
        says(fake, "220-and\r\n");
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "does not speak SMTP");
    fake_free(fake);
    free(line);
}

/* ---- the letter */

static const char *letter_of(struct fake *fake)
{
    greets(fake, "250 mail\r\n");
    takes_letter(fake);
    CONCLUDES(fake, TALON_OK, "notify.sent", "");
    return strstr(fake_sent(fake, NULL), "DATA\r\n") + 6;
}

static struct fake *letter(const char *title, const char *text)
{
    struct fake *fake;

    other_option = "text";
    other_value = text;
    fake = email();
    fake_set(fake, "tls", "implicit");
    if (title)
        fake_set(fake, "title", title);
    return fake;
}

static void what_a_letter_is(void **unused)
{
    struct fake *fake = letter("Redis has failed", "It does not answer.\nA = B, \xc3\xa4");

    (void)unused;
    fake_set(fake, "level", "page");
    fake_add(fake, "to", NULL, "other@example.net");
    greets(fake, "250 mail\r\n");
    takes_sender(fake);
    asked(fake, "RCPT TO:<someone@example.net>\r\n", "250 ok\r\n");
    asked(fake, "RCPT TO:<other@example.net>\r\n", "251 ok\r\n");
    asked(fake, "DATA\r\n", "354 go\r\n");
    asked(fake, "\r\n.\r\n", "250 taken\r\n");
    CONCLUDES(fake, TALON_OK, "notify.sent", "has taken");
    CONTAINS(fake_sent(fake, NULL), "DATA\r\nDate: Fri, 02 Jan 2026 03:04:05 +0000\r\nFrom: talon@example.com\r\nTo: someone@example.net,\r\n other@example.net\r\n"
                                    "Subject: Redis has failed\r\nMessage-ID: <");
    CONTAINS(fake_sent(fake, NULL), "@example.com>\r\nImportance: high\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                                    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
                                    "It does not answer.\r\nA =3D B, =C3=A4\r\n.\r\n");
    fake_free(fake);
}

/* However a title is made, it adds no header, and no text ends the letter early. */
static void nothing_can_be_put_in(void **unused)
{
    static const char title[] = "down\r\nBcc: thief@example.org\r\n\r\nfalse text";
    struct fake *fake = letter(title, ".\n.\r\nQUIT\r\n..two\n. .");
    const char *said = letter_of(fake);

    (void)unused;
    CONTAINS(said, "\r\nSubject: down  Bcc: thief@example.org    false text\r\n");
    assert_null(strstr(said, "\r\nBcc:"));
    CONTAINS(said, "\r\n\r\n..\r\n..=20\r\nQUIT=20\r\n...two\r\n.. .\r\n.\r\n");
    assert_string_equal(strstr(said, "\r\n.\r\n"), "\r\n.\r\nQUIT\r\n");
    fake_free(fake);
}

static void a_subject_in_utf8(void **unused)
{
    struct fake *fake = letter("Gr\xc3\xbc\xc3\x9f" "e: \xe2\x9c\x93 \xe2\x9c\x93 \xe2\x9c\x93 \xe2\x9c\x93 \xe2\x9c\x93 \xe2\x9c\x93 \xe2\x9c\x93 \xe2\x9c\x93 \xe2\x9c\x93 \xff", "x");

    (void)unused;
    CONTAINS(letter_of(fake), "\r\nSubject: =?UTF-8?B?R3LDvMOfZTog4pyTIOKckyDinJMg4pyTIOKckyDinJMg4pyTIOKckyDinJMg?=\r\n =?UTF-8?B?77+9?=\r\n");
    fake_free(fake);
    fake = letter(NULL, "=?UTF-8?Q?first?=\nsecond");
    CONTAINS(letter_of(fake), "\r\nSubject: =?UTF-8?B?PT9VVEYtOD9RP2ZpcnN0Pz0=?=\r\n");
    fake_free(fake);
}

/* A line on the wire has at most 76 characters (77 with the dot before a dot), and a text of any length has an end. */
static void long_lines(void **unused)
{
    enum { LENGTH = 40000 };
    char *text = malloc(LENGTH + 1);
    struct fake *fake;
    const char *said;
    size_t column = 0;

    (void)unused;
    assert_non_null(text);
    for (size_t i = 0; i < LENGTH; i++)
        text[i] = ". =x"[i % 4];
    text[LENGTH] = '\0';
    fake = letter("x", text);
    said = strstr(letter_of(fake), "\r\n\r\n") + 4;
    assert_int_equal(strncmp(said, ".. =3Dx. =3D", 12), 0);
    for (; strncmp(said, "\r\n.\r\n", 5) != 0; said++) {
        column = *said == '\n' ? 0 : column + 1;
        assert_true(column <= 78);
    }
    CONTAINS(said - 9, "[... cut]");
    free(text);
    fake_free(fake);
}

/* What is a secret has no value when it is configured. */
static void half_a_login(void **unused)
{
    struct fake *fake = with(email, "user", "me");

    (void)unused;
    ACCEPTS(fake);
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "there is a user without a password");
    assert_null(fake_connected(fake, 0));
    fake_free(fake);
    fake = with(email, "password", "x");
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "there is a password without a user");
    fake_free(fake);
}

static void what_is_refused(void **unused)
{
    static const struct {
        const char *option, *value, *words;
    } cases[] = {
        { "text", "", "is empty" },
        { "server", "mail example", "name or address of a mail server" },
        { "tls", "none", "only for a server on this computer" },
        { "from", "talon", "must be an address" },
        { "from", "a@b\r\nBcc:c@d", "must be an address" },
        { "from", "<a@b>", "must be an address" },
        { "from", "a@b@c", "must be an address" },
        { "hello", "two words", "must be a name" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = with(email, cases[i].option, cases[i].value);
        REFUSES(fake, cases[i].option, cases[i].words);
        fake_free(fake);
    }
    fake = email();
    fake_add(fake, "to", NULL, "a@b>\r\nDATA");
    REFUSES(fake, "to", "must be addresses");
    fake_free(fake);
    for (size_t i = 0; i < 3; i++) {
        static const char *const servers[] = { "localhost", "127.0.0.2", "::1" };

        fake = with(email, "server", servers[i]);
        fake_set(fake, "tls", "none");
        ACCEPTS(fake);
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_tls_with_a_password),
        cmocka_unit_test(tls_from_the_first_byte),
        cmocka_unit_test(nothing_goes_in_plain_text),
        cmocka_unit_test(tls_that_is_broken),
        cmocka_unit_test(login_in_two_steps),
        cmocka_unit_test(a_step_that_fails),
        cmocka_unit_test(some_recipients_are_refused),
        cmocka_unit_test(a_server_that_goes_or_is_silent),
        cmocka_unit_test(last_words),
        cmocka_unit_test(an_answer_without_end),
        cmocka_unit_test(what_a_letter_is),
        cmocka_unit_test(nothing_can_be_put_in),
        cmocka_unit_test(a_subject_in_utf8),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(half_a_login),
        cmocka_unit_test(what_is_refused),
    };

    return cmocka_run_group_tests_name("notify.email", tests, NULL, NULL);
}
