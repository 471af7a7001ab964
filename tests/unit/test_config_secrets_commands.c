/* Secrets that come from commands, how long values are kept, who gets them, and how they get into the options of a check. */
#include "config_support.h"
#include "secrets_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <ev.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR (UINT64_C(3600) * 1000000000)

/* ---- commands ---- */

static void values_from_commands(void **state)
{
    struct model_secret secret = secret_from_shell("echo hunter2");

    (void)state;
    assert_value(&secret, "hunter2");
    secret = secret_from_shell("printf hunt; echo noise >&2; printf er2");
    assert_value(&secret, "hunter2");
    secret = secret_from_shell("echo '{\"data\":{\"value\":\"hunter2\"}}'");
    assert_refused(&secret, "secret s: what came is JSON; say `json: FIELD` to pick one field of it");
    secret.json = "data.value";
    assert_value(&secret, "hunter2");
}

static void commands_that_fail(void **state)
{
    static const char *const missing[] = { "no-such-program-of-talon", "hunter2", NULL };
    struct model_secret secret = secret_from_shell("echo hunter2; echo hunter2 >&2; exit 3");
    const struct answer *answer;

    (void)state;
    assert_refused(&secret, "secret s: its command failed with exit code 3");
    secret = secret_from_shell("echo hunter2; kill -9 $$");
    assert_refused(&secret, "secret s: its command was ended by signal 9");
    secret = secret_from_shell("true");
    assert_refused(&secret, "secret s: its value is empty");
    secret = secret_from_command(missing);
    answer = secrets_ask(&secret);
    assert_non_null(strstr(answer->why, "secret s: its command cannot be started: "));
    assert_non_null(strstr(answer->why, "no-such-program-of-talon"));
}

static void commands_that_print_nonsense(void **state)
{
    struct model_secret secret = secret_from_shell("printf 'hun\\000ter2 hunter2'");

    (void)state;
    assert_refused(&secret, "secret s: its value has control characters or line breaks in it");
    secret = secret_from_shell("printf 'hunter2 \\377\\376'");
    assert_refused(&secret, "secret s: its value is no UTF-8 text");
    secret = secret_from_shell("while :; do echo hunter2 hunter2 hunter2 hunter2 hunter2 hunter2 hunter2; done");
    assert_refused(&secret, "secret s: its command printed more than 64 KiB");
    secret = secret_from_shell("head -c 100000 /dev/zero | tr '\\0' h");
    assert_refused(&secret, "secret s: its command printed more than 64 KiB");
}

/* A FIFO that processes hold open for writing: it is at its end when none of them is left. */
static int open_alive(void)
{
    char path[2048];
    int fd;

    snprintf(path, sizeof path, "%s/alive", support_folder());
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    fd = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    return fd;
}

/* Waits until some process holds it, or none. */
static void wait_alive(int fd, bool some)
{
    char byte;

    for (int i = 0; i < 20000; i++) {
        const ssize_t got = read(fd, &byte, 1);

        if (some ? got < 0 : got == 0)
            return;
        ev_run(secrets_loop, EVRUN_NOWAIT);
        pause_briefly();
    }
    fail_msg("a process was %s after 20 s", some ? "not there" : "still there");
}

static struct model_secret holding_alive(const char *rest)
{
    static char script[4096];

    snprintf(script, sizeof script, "exec 9>'%s/alive'; %s", support_folder(), rest);
    return secret_from_shell(script);
}

static void what_a_command_leaves_behind_is_not_waited_for(void **state)
{
    const int alive = open_alive();
    struct model_secret secret = holding_alive("sleep 1000 & echo hunter2");

    (void)state;
    assert_value(&secret, "hunter2"); /* though its output is still held open */
    wait_alive(alive, false);
    close(alive);
}

static void a_command_has_its_time(void **state)
{
    const int alive = open_alive();
    struct model_secret secret = holding_alive("trap '' TERM; echo hunter2; sleep 1000");

    (void)state;
    secrets_timeout_s = 0.3;
    assert_refused(&secret, "secret s: its command did not end within 30 s");
    secrets_timeout_s = 30.;
    wait_alive(alive, false);
    close(alive);
}

static void a_command_that_closes_its_output_is_waited_for(void **state)
{
    struct model_secret secret = secret_from_shell("echo hunter2; exec >/dev/null; sleep 0.05; exit 4");

    (void)state;
    assert_refused(&secret, "secret s: its command failed with exit code 4");
}

/* ---- what is kept ---- */

/* Prints how many times it ran. */
static struct model_secret counting(uint64_t ttl)
{
    static char script[4096];
    struct model_secret secret;

    snprintf(script, sizeof script, "echo x >> '%s/count'; wc -l < '%s/count' | tr -dc '0-9\\n'", support_folder(), support_folder());
    secret = secret_from_shell(script);
    secret.ttl = ttl;
    support_write("count", "", 0);
    return secret;
}

static void values_are_kept_for_their_time(void **state)
{
    struct model_secret secret = counting(HOUR);

    (void)state;
    assert_value(&secret, "1");
    assert_value(&secret, "1");
    secret = counting(1); /* a nanosecond: over at once */
    assert_value(&secret, "1");
    assert_value(&secret, "2");
    secret = counting(0);
    assert_value(&secret, "1");
    assert_value(&secret, "1");
}

static void failures_are_not_kept(void **state)
{
    struct model_secret secret = secret_from_env(NULL);

    (void)state;
    assert_refused(&secret, "secret s: TALON_TEST_SECRET is not set in Talon's environment");
    setenv("TALON_TEST_SECRET", "hunter2", 1);
    assert_value(&secret, "hunter2");
}

static void all_who_ask_at_once_share_one_run(void **state)
{
    struct model_secret secret = counting(HOUR);
    struct answer *answers = calloc(3, sizeof *answers);

    (void)state;
    assert_non_null(answers);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(secrets_get(secrets_all, &secret, secrets_on_answer, &answers[i]));
    for (size_t i = 0; i < 3; i++) {
        secrets_wait(&answers[i]);
        assert_string_equal(answers[i].value, "1");
    }
    free(answers);
}

static void a_reload_forgets_what_is_no_longer_named(void **state)
{
    struct model_secret secret = counting(HOUR), lasting;
    struct model model = { .n_secrets = 1, .secrets = &secret };

    (void)state;
    model.settings.exec_path = "/usr/bin:/bin";
    assert_value(&secret, "1");
    secrets_reload(secrets_all, &model);
    assert_value(&secret, "1"); /* still named: kept for its hour */
    model.n_secrets = 0;
    secrets_reload(secrets_all, &model);
    assert_value(&secret, "2");
    lasting = counting(0);
    model.secrets = &lasting;
    model.n_secrets = 1;
    assert_value(&lasting, "1");
    secrets_reload(secrets_all, &model);
    assert_value(&lasting, "2"); /* kept until the next reload */
}

static void a_reload_in_the_middle_answers_all_the_same(void **state)
{
    struct model_secret secret = counting(HOUR);
    struct answer *answer = calloc(1, sizeof *answer);

    (void)state;
    assert_non_null(answer);
    assert_non_null(secrets_get(secrets_all, &secret, secrets_on_answer, answer));
    ev_run(secrets_loop, EVRUN_NOWAIT);
    ev_run(secrets_loop, EVRUN_NOWAIT); /* the command runs */
    secrets_reload(secrets_all, NULL);
    secrets_wait(answer);
    assert_string_equal(answer->value, "1");
    free(answer);
}

/* ---- stopping ---- */

static void no_callback_follows_a_stop(void **state)
{
    struct model_secret secret = counting(HOUR);
    struct answer *stopped = calloc(1, sizeof *stopped), *other = calloc(1, sizeof *other);
    struct secrets_question *question;

    (void)state;
    assert_true(stopped && other);
    question = secrets_get(secrets_all, &secret, secrets_on_answer, stopped);
    assert_non_null(secrets_get(secrets_all, &secret, secrets_on_answer, other));
    secrets_stop(question);
    secrets_wait(other);
    assert_false(stopped->came);
    question = secrets_get(secrets_all, &secret, secrets_on_answer, stopped);
    secrets_stop(question);
    secrets_stop(NULL);
    assert_value(&secret, "1");
    assert_false(stopped->came);
    free(stopped);
    free(other);
}

static void on_answer_free(void *arg, const char *value, size_t n, const char *why)
{
    secrets_on_answer(arg, value, n, why);
    secrets_free(secrets_all);
    secrets_all = NULL;
}

static void it_may_be_freed_from_within_an_answer(void **state)
{
    struct model_secret secret = counting(HOUR);
    struct answer *first = calloc(1, sizeof *first), *second = calloc(1, sizeof *second);

    (void)state;
    assert_true(first && second);
    assert_non_null(secrets_get(secrets_all, &secret, on_answer_free, first));
    assert_non_null(secrets_get(secrets_all, &secret, secrets_on_answer, second));
    secrets_wait(first);
    assert_null(secrets_all);
    ev_run(secrets_loop, EVRUN_NOWAIT);
    assert_false(second->came);
    secrets_all = secrets_create(secrets_loop, "/usr/bin:/bin");
    assert_non_null(secrets_all);
    free(first);
    free(second);
}

static void freeing_ends_a_command(void **state)
{
    const int alive = open_alive();
    struct model_secret secret = holding_alive("sleep 1000");
    struct answer *answer = calloc(1, sizeof *answer);

    (void)state;
    assert_non_null(answer);
    assert_non_null(secrets_get(secrets_all, &secret, secrets_on_answer, answer));
    wait_alive(alive, true);
    secrets_free(secrets_all);
    wait_alive(alive, false);
    assert_false(answer->came);
    secrets_all = secrets_create(secrets_loop, "/usr/bin:/bin");
    assert_non_null(secrets_all);
    close(alive);
    free(answer);
}

/* ---- into a conf ---- */

static void values_are_filled_in_escaped(void **state)
{
    static const char json[] = "{\"a\":\"Bearer !\",\"b\":\"\",\"c\":1}";
    const struct model_hole holes[] = { { 13, 0 }, { 14, 1 }, { 21, 0 } };
    const struct model_conf conf = { .json = json, .n_holes = 3, .holes = holes };
    static const char *const values[] = { "x\"\\", "\xc3\xa9\n", "" };
    const size_t lengths[] = { 3, 3, 0 };
    struct buffer out = buffer_make(0);

    (void)state;
    secrets_fill(&out, &conf, values, lengths);
    assert_string_equal(buffer_string(&out), "{\"a\":\"Bearer x\\\"\\\\!\xc3\xa9\\n\",\"b\":\"\",\"c\":1}");
    buffer_free(&out);
}

static void nothing_is_copied_while_values_are_filled_in(void **state)
{
    static const char json[] = "{\"a\":\"\"}";
    const struct model_hole hole = { 6, 0 };
    const struct model_conf conf = { .json = json, .n_holes = 1, .holes = &hole };
    struct buffer out = buffer_make(0);
    char value[5000];
    const char *values[] = { value };
    const size_t lengths[] = { sizeof value };
    const char *data;

    (void)state;
    memset(value, 1, sizeof value); /* each becomes six characters */
    secrets_fill(&out, &conf, values, lengths);
    assert_false(out.failed);
    assert_int_equal(out.len, sizeof json - 1 + 6 * sizeof value);
    data = out.data;
    assert_ptr_equal(buffer_reserve(&out, 1), data + out.len); /* the room was made before, not by growing */
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_from_commands),
        cmocka_unit_test(commands_that_fail),
        cmocka_unit_test(commands_that_print_nonsense),
        cmocka_unit_test(what_a_command_leaves_behind_is_not_waited_for),
        cmocka_unit_test(a_command_has_its_time),
        cmocka_unit_test(a_command_that_closes_its_output_is_waited_for),
        cmocka_unit_test(values_are_kept_for_their_time),
        cmocka_unit_test(failures_are_not_kept),
        cmocka_unit_test(all_who_ask_at_once_share_one_run),
        cmocka_unit_test(a_reload_forgets_what_is_no_longer_named),
        cmocka_unit_test(a_reload_in_the_middle_answers_all_the_same),
        cmocka_unit_test(no_callback_follows_a_stop),
        cmocka_unit_test(it_may_be_freed_from_within_an_answer),
        cmocka_unit_test(freeing_ends_a_command),
        cmocka_unit_test(values_are_filled_in_escaped),
        cmocka_unit_test(nothing_is_copied_while_values_are_filled_in),
    };

    return cmocka_run_group_tests(tests, secrets_set_up, secrets_tear_down);
}
