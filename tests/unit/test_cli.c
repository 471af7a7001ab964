/* The command line's own work: options, and what `talon check` prints: JSON, a Nagios line, a table that fits its terminal. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/moment.h"
#include "cli/check_show.h"
#include "cli/cli.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- options ---- */

static char said[4096];

/* Runs cli_options with standard error (or output) going to `said`. */
static int options_of(char **argv, const struct cli_option *options, int *code, int of_fd)
{
    const int kept = dup(of_fd);
    FILE *file = tmpfile();
    int argc = 0, words;
    size_t n;

    while (argv[argc])
        argc++;
    fflush(NULL);
    dup2(fileno(file), of_fd);
    words = cli_options(argc, argv, options, "talon try [--config FILE]", code);
    fflush(NULL);
    dup2(kept, of_fd);
    close(kept);
    rewind(file);
    n = fread(said, 1, sizeof said - 1, file);
    said[n] = '\0';
    fclose(file);
    return words;
}

static void options_wherever_they_stand(void **unused)
{
    char *argv[] = { "try", "one", "--config", "a.yaml", "two", "--json", "--wait=1m30s", "--", "--three", "-", NULL };
    const char *config = NULL;
    bool json = false;
    uint64_t wait = 0;
    const struct cli_option options[] = {
        { "config", CLI_TEXT, &config, "" }, { "json", CLI_FLAG, &json, "" }, { "wait", CLI_DURATION, &wait, "" }, CLI_NO_MORE
    };
    int code = -1;

    (void)unused;
    assert_int_equal(options_of(argv, options, &code, STDERR_FILENO), 4);
    assert_string_equal(argv[1], "one");
    assert_string_equal(argv[2], "two");
    assert_string_equal(argv[3], "--three");
    assert_string_equal(argv[4], "-");
    assert_string_equal(config, "a.yaml");
    assert_true(json);
    assert_true(wait == 90 * (uint64_t)NS_PER_S);
    assert_string_equal(said, "");
}

static void options_that_are_wrong(void **unused)
{
    static const char *const cases[][2] = {
        { "--jsn", "talon try: there is no option --jsn; did you mean --json?\nusage: talon try [--config FILE]\n" },
        { "--zzzzzzzzzz", "there is no option --zzzzzzzzzz\n" },
        { "--config", "--config needs a value" },
        { "--json=yes", "--json takes no value" },
        { "--wait=5", "--wait: " },
        { "--wait=soon", "--wait: " },
        { "-j", "there are no short options like -j" },
        { "--", "" },
    };
    const char *config = NULL;
    bool json = false;
    uint64_t wait = 0;
    const struct cli_option options[] = {
        { "config", CLI_TEXT, &config, "" }, { "json", CLI_FLAG, &json, "" }, { "wait", CLI_DURATION, &wait, "" }, CLI_NO_MORE
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char word[40], *argv[] = { "try", word, NULL };
        int code = -1, words;

        snprintf(word, sizeof word, "%s", cases[i][0]);
        words = options_of(argv, options, &code, STDERR_FILENO);
        assert_int_equal(words, cases[i][1][0] ? -1 : 0);
        assert_int_equal(code, cases[i][1][0] ? CLI_UNKNOWN : 0);
        if (!strstr(said, cases[i][1]))
            fail_msg("%s: %s", cases[i][0], said);
    }
}

static void help_shows_every_option(void **unused)
{
    const char *config = NULL;
    uint64_t wait = 0;
    const struct cli_option options[] = { CLI_CONFIG(&config), { "wait", CLI_DURATION, &wait, "so long" }, CLI_NO_MORE };
    char *argv[] = { "try", "--help", NULL };
    int code = -1;

    (void)unused;
    assert_int_equal(options_of(argv, options, &code, STDOUT_FILENO), -1);
    assert_int_equal(code, CLI_OK);
    assert_non_null(strstr(said, "usage: talon try [--config FILE]\n"));
    assert_non_null(strstr(said, "\n  --config FILE   the configuration"));
    assert_non_null(strstr(said, "\n  --wait D        so long\n"));
}

/* ---- a one shot that there was not ---- */

static const size_t database = 0;
static const struct model_need needs_database = { 1, &database };

static const struct model_service services[] = {
    { .name = "database", .title = "Database", .first_check = 0, .n_checks = 1 },
    { .name = "shop", .title = "Shop", .first_check = 1, .n_checks = 3, .n_needs = 1, .needs = &needs_database },
};

static const struct model_check checks[] = {
    { .name = "ping", .full_name = "database.ping", .service = 0, .enabled = true },
    { .name = "front", .full_name = "shop.front", .service = 1, .enabled = true },
    { .name = "seen", .full_name = "shop.seen", .service = 1, .enabled = true, .witness = true },
    { .name = "a-check-with-a-name-that-is-far-too-long-for-any-terminal", .full_name = "shop.a-check-with-a-name-that-is-far-too-long-for-any-terminal", .service = 1, .enabled = true },
};

static const struct model model = { .file = "/talon.yaml", .n_services = 2, .services = services, .n_checks = 4, .checks = checks };

static struct shot_entry entries[4];
static struct shot shot;
static size_t causes[2];

static void heard(size_t check, enum status status, const char *reason, const char *summary)
{
    static const struct result_metric metric = { "time", "s", 0.1 };
    static const struct result_detail detail = { "answer", "a \"b\"\nc" };

    result_drop(entries[check].result);
    entries[check] = (struct shot_entry){ check, result_make(status, reason, summary, 1500000, &metric, 1, &detail, 1) };
}

static int all_are_ok(void **unused)
{
    (void)unused;
    shot = (struct shot){ .model = &model, .entries = entries, .n = 4, .causes = causes, .duration = 12345678 };
    for (size_t i = 0; i < 4; i++)
        heard(i, STATUS_OK, "tcp.ok", "connected");
    shot_judge(&shot);
    return 0;
}

static int forget(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        result_drop(entries[i].result);
        entries[i].result = NULL;
    }
    return 0;
}

static void the_worst_wins(void **unused)
{
    static const struct {
        enum status first, second;
        int code;
    } cases[] = {
        { STATUS_OK, STATUS_OK, CLI_OK },         { STATUS_OK, STATUS_WARN, CLI_WARN },      { STATUS_WARN, STATUS_UNKNOWN, CLI_UNKNOWN },
        { STATUS_UNKNOWN, STATUS_FAIL, CLI_FAIL }, { STATUS_STOPPED, STATUS_OK, CLI_OK },    { STATUS_STARTING, STATUS_OK, CLI_WARN },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        all_are_ok(unused);
        heard(0, cases[i].first, "x.y", "");
        heard(1, cases[i].second, "x.y", "");
        heard(2, STATUS_FAIL, "x.y", ""); /* a witness decides nothing */
        shot_judge(&shot);
        assert_int_equal(shot.code, cases[i].code);
    }
    all_are_ok(unused);
    result_drop(entries[1].result);
    entries[1].result = NULL; /* it never ended */
    shot_judge(&shot);
    assert_int_equal(shot.code, CLI_UNKNOWN);
}

static void json(void **unused)
{
    struct buffer out = buffer_make(0);
    cJSON *answer, *check;

    (void)unused;
    heard(0, STATUS_FAIL, "connect.refused", "it \"says\" no");
    heard(1, STATUS_FAIL, "http.status", "HTTP 502");
    shot_judge(&shot);
    check_show_json(&out, &shot);
    answer = cJSON_ParseWithOpts(buffer_string(&out), NULL, 0);
    assert_non_null(answer);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(answer, "status")), "fail");
    assert_true(cJSON_GetObjectItem(answer, "duration_ms")->valuedouble > 12.3);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(answer, "checks")), 4);
    check = cJSON_GetArrayItem(cJSON_GetObjectItem(answer, "checks"), 0);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(check, "name")), "database.ping");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(check, "service")), "database");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(check, "status")), "fail");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(check, "reason")), "connect.refused");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(check, "summary")), "it \"says\" no");
    assert_true(cJSON_GetObjectItem(check, "duration_ms")->valuedouble == 1.5);
    assert_true(cJSON_GetObjectItem(cJSON_GetObjectItem(check, "metrics"), "time")->valuedouble == 0.1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetObjectItem(check, "details"), "answer")), "a \"b\"\nc");
    assert_null(cJSON_GetObjectItem(check, "caused_by"));
    check = cJSON_GetArrayItem(cJSON_GetObjectItem(answer, "checks"), 1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(check, "caused_by")), "database");
    assert_non_null(strstr(buffer_string(&out), "\"time\":0.1}")); /* as one would write it */
    cJSON_Delete(answer);
    buffer_free(&out);
}

static void nagios(void **unused)
{
    struct buffer out = buffer_make(0);

    (void)unused;
    check_show_nagios(&out, &shot);
    assert_string_equal(buffer_string(&out), "TALON OK - 4 of 4 checks ok | time=0.012s ok=4;;;0;4\n");
    buffer_clear(&out);
    heard(1, STATUS_FAIL, "http.body", "a | b");
    shot_judge(&shot);
    check_show_nagios(&out, &shot);
    assert_string_equal(buffer_string(&out), "TALON CRITICAL - 3 of 4 checks ok: shop.front: a / b | time=0.012s ok=3;;;0;4\nfail shop.front: a / b\n");
    buffer_clear(&out);
    heard(1, STATUS_STARTING, "starting", "it loads");
    shot_judge(&shot);
    check_show_nagios(&out, &shot);
    assert_non_null(strstr(buffer_string(&out), "TALON WARNING - 3 of 4 checks ok: shop.front: it loads |"));
    buffer_free(&out);
}

static void a_table_for_a_pipe(void **unused)
{
    struct buffer out = buffer_make(0);
    const int kept = dup(STDOUT_FILENO), file = open("/dev/null", O_WRONLY);

    (void)unused;
    heard(0, STATUS_FAIL, "connect.refused", "refused");
    heard(1, STATUS_FAIL, "http.status", "HTTP 502");
    shot_judge(&shot);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    check_show_table(&out, &shot);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(file);
    assert_null(strchr(buffer_string(&out), '\033'));
    assert_non_null(strstr(buffer_string(&out), "fail     database.ping "));
    assert_non_null(strstr(buffer_string(&out), "caused by database; HTTP 502\n"));
    assert_non_null(strstr(buffer_string(&out), "(witness) connected\n"));
    assert_non_null(strstr(buffer_string(&out), checks[3].full_name));
    assert_non_null(strstr(buffer_string(&out), "\nfail: 4 checks in 12.3 ms, 2 ok, 2 fail\n"));
    buffer_free(&out);
}

/* Shows the table with standard output being a terminal. */
static void on_a_terminal(struct buffer *out)
{
    const int kept = dup(STDOUT_FILENO), master = posix_openpt(O_RDWR | O_NOCTTY);
    int slave;

    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    fflush(stdout);
    dup2(slave, STDOUT_FILENO);
    check_show_table(out, &shot);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(slave);
    close(master);
}

/* Columns of the widest row, without colours. */
static size_t widest(const struct buffer *out)
{
    size_t width = 0, most = 0;

    for (const char *c = buffer_string(out); *c; c++) {
        if (*c == '\033')
            c = strchr(c, 'm');
        else if (*c == '\n')
            width = 0;
        else
            width += ((unsigned char)*c & 0xC0) != 0x80;
        most = width > most ? width : most;
    }
    return most;
}

static void a_table_fits_its_terminal(void **unused)
{
    static const char *const sizes[] = { "80", "60", "200" };

    setenv("TERM", "xterm", 1);
    for (size_t i = 0; i < 3; i++) {
        struct buffer out = buffer_make(0);

        all_are_ok(unused);
        heard(1, STATUS_WARN, "x.y", "a summary of such a length that no table can hold it, whatever it does, so it must be cut \xc3\xa4\xc3\xb6\xc3\xbc somewhere");
        shot_judge(&shot);
        setenv("COLUMNS", sizes[i], 1);
        unsetenv("NO_COLOR");
        on_a_terminal(&out);
        assert_true(widest(&out) <= (size_t)strtoul(sizes[i], NULL, 10));
        assert_non_null(strstr(buffer_string(&out), "\033[33mwarn"));
        assert_non_null(strstr(buffer_string(&out), "a summary of"));
        buffer_clear(&out);
        setenv("NO_COLOR", "1", 1);
        on_a_terminal(&out);
        assert_null(strchr(buffer_string(&out), '\033'));
        buffer_free(&out);
    }
    unsetenv("COLUMNS");
    unsetenv("NO_COLOR");
}

static void cells(void **unused)
{
    static const struct {
        const char *text;
        size_t columns;
        int pad;
        const char *cell;
    } cases[] = {
        { "abc", 5, 1, "abc  " },          { "abc", 5, 0, "abc" },      { "abc", 3, 1, "abc" }, { "abcd", 3, 1, "ab\xe2\x80\xa6" },
        { "\xc3\xa4\xc3\xb6", 3, 1, "\xc3\xa4\xc3\xb6 " }, { "\xc3\xa4\xc3\xb6\xc3\xbc", 2, 1, "\xc3\xa4\xe2\x80\xa6" }, { "", 2, 1, "  " }, { "abc", 0, 1, "" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = buffer_make(0);

        cli_cell(&out, cases[i].text, cases[i].columns, cases[i].pad);
        assert_string_equal(buffer_string(&out), cases[i].cell);
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_wherever_they_stand),
        cmocka_unit_test(options_that_are_wrong),
        cmocka_unit_test(help_shows_every_option),
        cmocka_unit_test_setup_teardown(the_worst_wins, all_are_ok, forget),
        cmocka_unit_test_setup_teardown(json, all_are_ok, forget),
        cmocka_unit_test_setup_teardown(nagios, all_are_ok, forget),
        cmocka_unit_test_setup_teardown(a_table_for_a_pipe, all_are_ok, forget),
        cmocka_unit_test_setup_teardown(a_table_fits_its_terminal, all_are_ok, forget),
        cmocka_unit_test(cells),
    };

    return cmocka_run_group_tests_name("command line", tests, NULL, NULL);
}
