/* smtp_greeting.c on the fake host: what servers say, in pieces, late, wrong and not at all. */
#include <talon/fake_host.h>

#include <stdlib.h>

static struct fake *use(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "smtp_greeting");

    fake_set(fake, "address", "mail.example.com:25");
    fake_set(fake, "warn_after", "500ms");
    return fake;
}

/* A server that takes the connection and says this. */
static struct fake *server(const char *says)
{
    struct fake *fake = use();

    fake_link(fake, 2 * FAKE_MS, NULL);
    fake_link_says(fake, FAKE_MS, says, strlen(says));
    return fake;
}

static void expect(struct fake *fake, enum talon_status status, const char *reason, const char *part)
{
    const struct fake_result *result = fake_result(fake);

    fake_run(fake);
    if (result->status != status || strcmp(result->reason, reason) != 0 || !strstr(result->summary, part) || fake_broken(fake)) {
        fprintf(stderr, "expected %s with \"%s\"\ngot      %s: %s (status %d)\n", reason, part, result->reason, result->summary, (int)result->status);
        if (fake_broken(fake))
            fprintf(stderr, "the plugin breaks the contract: %s\n", fake_broken(fake));
        exit(1);
    }
    fake_free(fake);
}

static void it_takes_leave(void)
{
    struct fake *fake = server("220 mail.example.com ESMTP\r\n");
    size_t n;

    fake_run(fake);
    if (strcmp(fake_sent(fake, &n), "QUIT\r\n") != 0 || fake_metric(fake, "greeting_time") != 0.003) {
        fprintf(stderr, "sent \"%s\", greeting_time %g\n", fake_sent(fake, &n), fake_metric(fake, "greeting_time"));
        exit(1);
    }
    fake_free(fake);
}

int main(void)
{
    struct fake *fake;

    expect(server("220 mail.example.com ESMTP\r\n"), TALON_OK, "smtp.ok", "greeted in 3.0 ms: 220 mail.example.com ESMTP");
    expect(server("220-mail.example.com\r\n220-be patient\r\n220 ready\r\n"), TALON_OK, "smtp.ok", "220 ready");
    expect(server("554 no service here\r\n"), TALON_FAIL, "smtp.refused", "554 no service here");
    expect(server("421 too busy\r\n"), TALON_FAIL, "smtp.refused", "421 too busy");
    expect(server("SSH-2.0-Example\r\n"), TALON_FAIL, "smtp.greeting", "no greeting of a mail server: SSH-2.0-Example");
    expect(server("\n"), TALON_FAIL, "smtp.greeting", "no greeting");

    fake = server("220 mail.exa");
    fake_link_says(fake, 600 * FAKE_MS, "mple.com ESMTP\r\n", 16);
    expect(fake, TALON_WARN, "smtp.slow", "greeted in 603 ms");

    fake = server("220 mail.example.com ESMTP\r\n");
    fake_set(fake, "host", "mail.example.com");
    expect(fake, TALON_OK, "smtp.ok", "mail.example.com");
    fake = server("220 mail.example.community ESMTP\r\n");
    fake_set(fake, "host", "mail.example.com");
    expect(fake, TALON_FAIL, "smtp.host", "expected mail.example.com");

    fake = server("220 mail");
    fake_link_ends(fake, FAKE_MS, NULL);
    expect(fake, TALON_FAIL, "connect.closed", "hung up");
    fake = use();
    fake_link(fake, 2 * FAKE_MS, NULL);
    expect(fake, TALON_FAIL, "smtp.silent", "did not greet");
    fake = use();
    fake_link(fake, FAKE_MS, TALON_REQUEST(talon_link, .error = FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "connection refused")));
    expect(fake, TALON_FAIL, "connect.refused", "cannot connect: connection refused");
    it_takes_leave();

    puts("all as expected");
    return 0;
}
