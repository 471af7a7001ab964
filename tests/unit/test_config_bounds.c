/* Each bound of the configuration: what just keeps it is read, one more is told with its place; and what hangs on the environment. */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is read under this key is not asked here: where a bound is told, nothing else is. */
#define ANY_KEY "programs: "

static void many(struct buffer *b, const char *text, size_t n)
{
    while (n-- > 0)
        buffer_text(b, text);
}

/* It may be wrong, but not by that bound. Frees the text. */
static void assert_bound_kept(struct buffer *text, const char *bound)
{
    assert_false(text->failed);
    assert_null(strstr(support_told("bounds.yaml", buffer_string(text)), bound));
    buffer_free(text);
}

/* expected NULL: it is read, without a warning. Frees the text. */
static void assert_told(struct buffer *text, const char *expected)
{
    char all[1000];

    assert_false(text->failed);
    if (expected) {
        snprintf(all, sizeof all, "bounds.yaml:%s\n", expected);
        assert_string_equal(support_told("bounds.yaml", buffer_string(text)), all);
    } else {
        model_drop(support_model("bounds.yaml", buffer_string(text)));
    }
    buffer_free(text);
}

/* ---- YAML ---- */

static struct buffer levels(size_t n)
{
    struct buffer b = buffer_make(0);

    buffer_text(&b, ANY_KEY);
    many(&b, "{a: ", n - 1);
    buffer_text(&b, "x");
    many(&b, "}", n - 1);
    buffer_text(&b, "\n");
    return b;
}

static void sixty_four_levels(void **state)
{
    struct buffer text = levels(64);

    (void)state;
    assert_bound_kept(&text, "levels");
    text = levels(65);
    assert_told(&text, "1:263: error: more than 64 levels within each other: is a bracket not closed?");
}

static struct buffer values(size_t n)
{
    struct buffer b = buffer_make(0);

    buffer_text(&b, ANY_KEY "{a: [x");
    many(&b, ",x", n - 6); /* the file's map, two keys, a map and a list are values as well, and the first x */
    buffer_text(&b, "]}\n");
    return b;
}

static void a_hundred_thousand_values(void **state)
{
    struct buffer text = values(100000);

    (void)state;
    assert_bound_kept(&text, "values");
    text = values(100001);
    assert_told(&text, "1:200006: error: more than 100000 values in one file, aliases and `<<` counted as copies: divide the file, or repeat less");
}

static void aliases_count_as_copies(void **state)
{
    struct buffer text = buffer_make(0);

    (void)state;
    buffer_text(&text, ANY_KEY "\n  a: &a [x");
    many(&text, ",x", 998);
    buffer_text(&text, "]\n");
    for (int i = 0; i < 99; i++)
        buffer_printf(&text, "  b%d: *a\n", i);
    assert_told(&text, "101:8: error: more than 100000 values in one file, aliases and `<<` counted as copies: divide the file, or repeat less");
}

static struct buffer anchors(size_t n)
{
    struct buffer b = buffer_make(0);

    buffer_text(&b, ANY_KEY "\n  a:\n");
    for (size_t i = 0; i < n; i++)
        buffer_printf(&b, "  - &a%zu x\n", i);
    return b;
}

static void a_thousand_anchors(void **state)
{
    struct buffer text = anchors(1000);

    (void)state;
    assert_bound_kept(&text, "anchors");
    text = anchors(1001);
    assert_told(&text, "1003:5: error: more than 1000 anchors in one file");
}

static struct buffer blanks(const char *what, size_t n)
{
    struct buffer b = buffer_make(0);

    buffer_text(&b, "services: {a: {enabled: false, title: \"a");
    many(&b, what, n);
    buffer_text(&b, "b\"}}\n");
    return b;
}

static void a_thousand_blanks_and_empty_lines(void **state)
{
    struct buffer text = blanks(" ", 1000);

    (void)state;
    assert_told(&text, NULL);
    text = blanks("\t", 1001);
    assert_told(&text, "1:1041: error: more than 1000 blanks in a row: remove them");
    text = blanks("\n", 1001); /* the first one ends a line that is not empty */
    assert_told(&text, NULL);
    text = blanks("\r\n", 1002);
    assert_told(&text, "1002:1: error: more than 1000 empty lines in a row: remove them");
}

/* ---- counts ---- */

static struct buffer named(const char *begin, const char *item, size_t n, const char *end)
{
    struct buffer b = buffer_make(0);

    buffer_printf(&b, "%s\n", begin);
    for (size_t i = 0; i < n; i++)
        buffer_printf(&b, "  n%zu: %s\n", i, item);
    buffer_text(&b, end);
    return b;
}

static void a_thousand_of_each_name(void **state)
{
    static const struct {
        const char *begin, *item, *told;
    } kinds[] = {
        { "vars:", "x", "2:3: error: more than 1000 variables" },
        { "secrets:", "{env: X}", "2:3: error: more than 1000 secrets" },
        { "paths:", "{concurrent: 1}", "2:3: error: more than 1000 paths" },
        { "plugins:", "{path: x.so}", "2:3: error: more than 1000 plugins" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct buffer text = named(kinds[i].begin, kinds[i].item, 1000, "");

        assert_told(&text, NULL);
        text = named(kinds[i].begin, kinds[i].item, 1001, "");
        assert_told(&text, kinds[i].told);
    }
}

static void a_thousand_parameters(void **state)
{
    struct buffer text = named("runbook: r\nparams:", "{required: true}", 1000, "");

    (void)state;
    assert_told(&text, NULL);
    text = named("runbook: r\nparams:", "{required: true}", 1001, "");
    assert_told(&text, "3:3: error: more than 1000 parameters");
}

static struct buffer each(size_t checks, size_t items)
{
    struct buffer b = buffer_make(0);

    buffer_text(&b, "services:\n a:\n  checks:\n   c0: {load: {}, for_each: &e [0");
    for (size_t i = 1; i < items; i++)
        buffer_printf(&b, ",%zu", i);
    buffer_text(&b, "]}\n");
    for (size_t i = 1; i < checks; i++)
        buffer_printf(&b, "   c%zu: {load: {}, for_each: *e}\n", i);
    return b;
}

static void twenty_thousand_checks(void **state)
{
    struct buffer text = each(1, 1001);

    (void)state;
    assert_told(&text, "4:29: error: `for_each` has more than 1000 items");
    text = each(20, 1000);
    assert_told(&text, NULL);
    text = each(21, 1000);
    assert_told(&text, "24:4: error: more than 20000 checks");
}

static void four_thousand_files(void **state)
{
    struct buffer told = buffer_make(0);
    struct config *config;
    char name[64];

    (void)state;
    for (int i = 0; i < 4096; i++) {
        snprintf(name, sizeof name, "files/%04d.yaml", i);
        support_write(name, "# nothing\n", 10);
    }
    config = support_load_text("bounds.yaml", "include: [files/*.yaml]\n");
    support_problems(config, support_folder(), &told);
    assert_int_equal(config_errors(config), 1); /* with the main file they are one more */
    assert_non_null(strstr(buffer_string(&told), "bounds.yaml:1:11: error: `files/4095.yaml` cannot be read: there are too many files\n"));
    buffer_free(&told);
    config_free(config);
}

/* ---- lengths ---- */

static struct buffer with_variable(size_t n, const char *rest)
{
    struct buffer b = buffer_make(0);

    buffer_text(&b, "vars:\n  v: \"");
    many(&b, "x", n);
    buffer_printf(&b, "\"\n%s", rest);
    return b;
}

static void sixty_four_kibibytes_of_a_variable(void **state)
{
    struct buffer text = with_variable(65536, "");

    (void)state;
    assert_told(&text, NULL);
    text = with_variable(65537, "");
    assert_told(&text, "2:6: error: the variable `v` is longer than 64 KiB");
}

static void a_mebibyte_of_a_text(void **state)
{
    struct buffer rest = buffer_make(0), text;

    (void)state;
    buffer_text(&rest, "services: {a: {enabled: false, title: \"");
    many(&rest, "${vars.v}", 16);
    buffer_text(&rest, "\"}}\n");
    text = with_variable(65536, buffer_string(&rest));
    assert_told(&text, NULL);
    rest.len -= 4;
    buffer_text(&rest, "x\"}}\n");
    text = with_variable(65536, buffer_string(&rest));
    assert_told(&text, "3:39: error: this text is longer than 1 MiB when its variables are put in");
    buffer_free(&rest);
}

static void a_mebibyte_of_options(void **state)
{
    struct buffer rest = buffer_make(0), text;

    (void)state;
    buffer_text(&rest, "services: {a: {checks: {c: {exec: {command: [x");
    many(&rest, ", \"${vars.v}\"", 16);
    buffer_text(&rest, "]}}}}}\n");
    text = with_variable(65000, buffer_string(&rest));
    assert_told(&text, NULL);
    text = with_variable(65536, buffer_string(&rest));
    assert_told(&text, "3:29: error: these options come to more than 1 MiB");
    buffer_free(&rest);
}

static void twelve_mebibytes_of_all_options(void **state)
{
    struct buffer rest = buffer_make(0), text;

    (void)state;
    buffer_text(&rest, "services:\n a:\n  checks:\n   c0: &c {exec: {command: [x");
    many(&rest, ", \"${vars.v}\"", 15);
    buffer_text(&rest, "]}}\n");
    for (int i = 1; i < 12; i++)
        buffer_printf(&rest, "   c%d: *c\n", i);
    text = with_variable(65000, buffer_string(&rest));
    assert_told(&text, NULL);
    many(&rest, "   d: *c\n   e: *c\n", 1);
    text = with_variable(65000, buffer_string(&rest));
    assert_told(&text, "6:12: error: the options of all checks come to more than 12 MiB");
    buffer_free(&rest);
}

/* ---- the environment ---- */

static void what_is_no_text_in_the_environment(void **state)
{
    (void)state;
    setenv("TALON_TEST_BYTES", "a\xff", 1);
    assert_string_equal(support_told("bounds.yaml", "vars: {a: \"x ${env.TALON_TEST_BYTES}\"}\n"), "bounds.yaml:1:14: error: `${env.TALON_TEST_BYTES}` is not UTF-8\n");
}

static void the_user_database_knows_the_home_as_well(void **state)
{
    const struct passwd *user = getpwuid(getuid());
    char expected[2048];
    struct model *model;

    (void)state;
    if (!user)
        skip();
    unsetenv("HOME");
    unsetenv("TALON_STATE");
    snprintf(expected, sizeof expected, "%s/.local/state/talon", user->pw_dir);
    model = support_model("bounds.yaml", "# x\nlog: {level: info}\n");
    assert_string_equal(model->settings.state, expected);
    snprintf(expected, sizeof expected, "/opt/homebrew/bin:%s/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", user->pw_dir);
    assert_string_equal(model->settings.exec_path, expected);
    model_drop(model);
    setenv("HOME", "/home/talon", 1);
}

/* In a child that is a user whom nobody knows; what it read before, since it may not read any more. */
static bool is_told_without_home(const char *text, const char *expected)
{
    char file[2048];
    struct buffer packed = buffer_make(0), told = buffer_make(0);
    struct config_source *source;
    struct config *config;

    snprintf(file, sizeof file, "%s", support_write("bounds.yaml", text, strlen(text)));
    config = support_load(file);
    config_pack(config, &packed);
    config_free(config);
    source = config_unpack(buffer_string(&packed), packed.len);
    if (!source || setuid(54321) != 0 || getpwuid(54321))
        return false;
    unsetenv("HOME");
    config = support_load_packed(file, source);
    support_problems(config, support_folder(), &told);
    return strcmp(buffer_string(&told), expected) == 0;
}

static void without_any_home(void **state)
{
    static const struct {
        const char *text, *told;
    } cases[] = {
        { "# x\nlog: {level: info}\n",
          "bounds.yaml:1:1: error: the user has no home folder (HOME is not set), so `state:` must say where Talon keeps its state\n" },
        { "state: ~/x\n", "bounds.yaml:1:8: error: `state` must be a path: it is too long, or `~` has no meaning here\n" },
        { "state: /var/lib/talon\n", "" },
    };

    (void)state;
    if (geteuid() != 0)
        skip(); /* nobody else can become somebody else */
    setenv("HOME", "/home/talon", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const pid_t pid = fork();
        int status;

        if (pid == 0)
            _exit(is_told_without_home(cases[i].text, cases[i].told) ? 0 : 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

static void the_state_folder_of_the_environment_wins(void **state)
{
    struct config *config;
    struct buffer shown = buffer_make(0);

    (void)state;
    setenv("HOME", "/home/talon", 1);
    setenv("TALON_STATE", "~/elsewhere", 1);
    config = support_load_text("bounds.yaml", "state: /var/lib/talon\n");
    assert_string_equal(config_settings(config)->state, "/home/talon/elsewhere");
    config_show(config, "state", &shown);
    assert_string_equal(buffer_string(&shown), "state = /home/talon/elsewhere   # $TALON_STATE\n");
    unsetenv("TALON_STATE");
    buffer_free(&shown);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixty_four_levels),
        cmocka_unit_test(a_hundred_thousand_values),
        cmocka_unit_test(aliases_count_as_copies),
        cmocka_unit_test(a_thousand_anchors),
        cmocka_unit_test(a_thousand_blanks_and_empty_lines),
        cmocka_unit_test(a_thousand_of_each_name),
        cmocka_unit_test(a_thousand_parameters),
        cmocka_unit_test(twenty_thousand_checks),
        cmocka_unit_test(four_thousand_files),
        cmocka_unit_test(sixty_four_kibibytes_of_a_variable),
        cmocka_unit_test(a_mebibyte_of_a_text),
        cmocka_unit_test(a_mebibyte_of_options),
        cmocka_unit_test(twelve_mebibytes_of_all_options),
        cmocka_unit_test(what_is_no_text_in_the_environment),
        cmocka_unit_test(the_user_database_knows_the_home_as_well),
        cmocka_unit_test(without_any_home),
        cmocka_unit_test(the_state_folder_of_the_environment_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
