/*
 * Which values of secrets are used and which are refused (rules.md 1.7), from environment and files, and that no sentence ever holds one: every value here contains
 * the word "hunter2".
 */
#include "config_support.h"
#include "secrets_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what a value may be ---- */

static void values_from_the_environment(void **state)
{
    struct model_secret secret = secret_from_env("hunter2");

    (void)state;
    assert_value(&secret, "hunter2");
    secret = secret_from_env("hunter2\n");
    assert_value(&secret, "hunter2");
    secret = secret_from_env("hunter2\r\n");
    assert_value(&secret, "hunter2");
    secret = secret_from_env(" hunter2 \xc3\xa9 [");
    assert_value(&secret, " hunter2 \xc3\xa9 [");
    secret = secret_from_env(NULL);
    assert_refused(&secret, "secret s: TALON_TEST_SECRET is not set in Talon's environment");
    secret = secret_from_env("");
    assert_refused(&secret, "secret s: its value is empty");
    secret = secret_from_env("\n");
    assert_refused(&secret, "secret s: its value is empty");
}

static void values_that_are_refused(void **state)
{
    static const char *const controls[] = { "hunter2\n\n", "hunter2\r", "hun\nter2 hunter2", "\thunter2", "hunter2\x7f", "\x1bhunter2" };
    struct model_secret secret;

    (void)state;
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        secret = secret_from_env(controls[i]);
        assert_refused(&secret, "secret s: its value has control characters or line breaks in it");
    }
    secret = secret_from_env("{\"hunter2\": 1}");
    assert_refused(&secret, "secret s: what came is JSON; say `json: FIELD` to pick one field of it");
    secret = secret_from_env("hunter2 \xff");
    assert_refused(&secret, "secret s: its value is no UTF-8 text");
    secret = secret_from_file("hun\0ter2", 8, 0600);
    assert_refused(&secret, "secret s: its value has control characters or line breaks in it");
}

static void line_breaks_are_right_in_pem_text(void **state)
{
    static const char key[] = "-----BEGIN hunter2-----\nAAAA\r\nBBBB\n-----END hunter2-----\n";
    struct model_secret secret = secret_from_env(key);

    (void)state;
    assert_refused(&secret, "secret s: its value has control characters or line breaks in it");
    secret.pem = true;
    assert_value(&secret, "-----BEGIN hunter2-----\nAAAA\r\nBBBB\n-----END hunter2-----");
    secret = secret_from_env("hunter2\n\thunter2");
    secret.pem = true;
    assert_refused(&secret, "secret s: its value has control characters in it");
}

static void sixty_four_kibibytes_and_no_more(void **state)
{
    static char bytes[SECRETS_SIZE + 4];
    struct model_secret secret;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "hunter2", 7);
    secret = secret_from_file(bytes, SECRETS_SIZE, 0600);
    assert_int_equal(secrets_ask(&secret)->n, SECRETS_SIZE);
    secret = secret_from_file(bytes, SECRETS_SIZE + 1, 0600);
    assert_refused(&secret, "secret s: its value is larger than 64 KiB");
    memcpy(bytes + SECRETS_SIZE, "\r\n", 2);
    secret = secret_from_file(bytes, SECRETS_SIZE + 2, 0600);
    assert_int_equal(secrets_ask(&secret)->n, SECRETS_SIZE);
    secret = secret_from_file(bytes, SECRETS_SIZE + 4, 0600);
    assert_refused(&secret, "secret s: its value is larger than 64 KiB");
}

static void a_field_of_json(void **state)
{
    struct model_secret secret = secret_from_env("{\"data\":{\"value\":\"hunter2 \\u00e9 \\\"\\\\\",\"list\":[\"a\",{\"b\":\"hunter2\"}],\"n\":5,\"nl\":\"hunter2\\n\",\"open\":\"{hunter2\"}}\n");

    (void)state;
    secret.json = "data.value";
    assert_value(&secret, "hunter2 \xc3\xa9 \"\\");
    secret.json = "data.list.1.b";
    assert_value(&secret, "hunter2");
    secret.json = "data.nl";
    assert_value(&secret, "hunter2");
    secret.json = "data.open";
    assert_value(&secret, "{hunter2");
    secret.json = "data.n";
    assert_refused(&secret, "secret s: the JSON that came has no text at `data.n`");
    secret.json = "data.list.x";
    assert_refused(&secret, "secret s: the JSON that came has no text at `data.list.x`");
    secret.json = "data.list.7";
    assert_refused(&secret, "secret s: the JSON that came has no text at `data.list.7`");
    secret.json = "data.nothing.deep";
    assert_refused(&secret, "secret s: the JSON that came has no text at `data.nothing.deep`");
}

static void what_is_no_json(void **state)
{
    static const char *const texts[] = { "hunter2", "{\"a\":\"hunter2\"", "{\"a\":\"hunter2\"} {\"a\":\"other\"}", "{\"a\":\"hunter2\\u0000more\"}" };
    struct model_secret secret;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        secret = secret_from_env(texts[i]);
        secret.json = "a";
        assert_refused(&secret, "secret s: what came is no JSON, and `json:` asks for a field of it");
    }
    secret = secret_from_env("{\"a\":\"\"}");
    secret.json = "a";
    assert_refused(&secret, "secret s: its value is empty");
    secret = secret_from_env("{\"a\":\"hunter2\\nhunter2\"}");
    secret.json = "a";
    assert_refused(&secret, "secret s: its value has control characters or line breaks in it");
}

/* ---- files ---- */

static void assert_file_refused(const struct model_secret *secret, const char *why)
{
    char expected[2048];

    snprintf(expected, sizeof expected, "secret s: %s %s", secret->file, why);
    assert_refused(secret, expected);
}

static void files_must_be_ours_alone(void **state)
{
    static const mode_t open_ones[] = { 0644, 0640, 0604, 0660, 0700, 0500, 0606, 04600 };
    struct model_secret secret = secret_from_file("hunter2\n", 8, 0600);

    (void)state;
    assert_value(&secret, "hunter2");
    secret = secret_from_file("hunter2\n", 8, 0400);
    assert_value(&secret, "hunter2");
    for (size_t i = 0; i < sizeof open_ones / sizeof *open_ones; i++) {
        secret = secret_from_file("hunter2\n", 8, open_ones[i]);
        assert_file_refused(&secret, "must have mode 0600 or 0400: others could read it; chmod 600 it");
    }
    if (geteuid() != 0)
        return; /* only root can give a file away */
    secret = secret_from_file("hunter2\n", 8, 0600);
    assert_int_equal(chown(secret.file, 12345, (gid_t)-1), 0);
    assert_file_refused(&secret, "belongs to another user");
}

static void what_is_no_file_is_not_opened(void **state)
{
    struct model_secret secret = secret_from_file(NULL, 0, 0);

    (void)state;
    assert_file_refused(&secret, "does not exist");
    secrets_reload(secrets_all, NULL);
    assert_int_equal(mkfifo(secret.file, 0600), 0);
    assert_file_refused(&secret, "is no file");
    unlink(secret.file);
    assert_int_equal(mkdir(secret.file, 0600), 0);
    assert_file_refused(&secret, "is no file");
    rmdir(secret.file);
    secret.file = "/dev/zero";
    assert_file_refused(&secret, "is no file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_from_the_environment),
        cmocka_unit_test(values_that_are_refused),
        cmocka_unit_test(line_breaks_are_right_in_pem_text),
        cmocka_unit_test(sixty_four_kibibytes_and_no_more),
        cmocka_unit_test(a_field_of_json),
        cmocka_unit_test(what_is_no_json),
        cmocka_unit_test(files_must_be_ours_alone),
        cmocka_unit_test(what_is_no_file_is_not_opened),
    };

    return cmocka_run_group_tests(tests, secrets_set_up, secrets_tear_down);
}
