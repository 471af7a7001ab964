/* /metrics in both its formats: what it says, the rules of the formats, its bound, and Prometheus' own judgement where that is installed. */
#include "serve_support.h"

#include "serve/serve.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct engine *shop;
static struct snapshot *shot;

static int open_shop(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    shop = support_shop();
    shot = support_shop_snapshot(shop);
    return shot ? 0 : -1;
}

static int close_shop(void **state)
{
    (void)state;
    snapshot_drop(shot);
    support_free(shop);
    return 0;
}

/* Without strstr(): a sanitizer measures all of the text at each call of it. */
static size_t occurrences(const char *text, const char *what)
{
    const size_t length = strlen(what);
    size_t n = 0;

    for (; (text = strchr(text, *what)); text++)
        n += strncmp(text, what, length) == 0;
    return n;
}

static void metrics_say_what_the_snapshot_says(void **state)
{
    static const char *const lines[] = {
        "talon_build_info{version=\"" TALON_VERSION "\"} 1\n",
        "talon_state{talon_state=\"Failed\"} 1\n",
        "talon_state{talon_state=\"Healthy\"} 0\n",
        "# TYPE talon_rounds_total counter\ntalon_rounds_total 42\n",
        "talon_stalled 1\n",
        "talon_config_refused 1\n",
        "talon_plugin_host_deaths_total{host=\"colima\"} 4\n",
        "talon_plugin_host_running{host=\"shared\"} 1\n",
        "talon_program_running{program=\"mailer\"} 1\n",
        "talon_program_running{program=\"port81\"} 0\n",
        "talon_program_restarts_total{program=\"mailer\"} 2\n",
        "talon_service_verdict{service=\"redis\",verdict=\"failed\"} 1\n",
        "talon_service_verdict{service=\"redis\",verdict=\"ok\"} 0\n",
        "talon_service_critical{service=\"colima\"} 1\n",
        "talon_service_root_cause{service=\"colima\"} 1\n",
        "talon_service_root_cause{service=\"redis\"} 0\n",
        "talon_check_info{service=\"redis\",check=\"c1\",type=\"redis\",witness=\"true\"} 1\n",
        "talon_check_verdict{service=\"redis\",check=\"c\"} 2\n",
        "talon_check_verdict{service=\"worker\",check=\"c\"} 7\n",
        "talon_check_verdict{service=\"mail\",check=\"c\"} 5\n",
        "talon_check_status{service=\"mail\",check=\"c\"} 5\n",
        "talon_check_duration_seconds{service=\"web\",check=\"c\"} 2.1\n",
        "talon_check_runs_total{service=\"web\",check=\"c\"} 12\n",
        "talon_check_bad_in_a_row{service=\"colima\",check=\"c\"} 4\n",
        "talon_check_stale{service=\"web\",check=\"c1\"} 1\n",
        "talon_check_metric{service=\"web\",check=\"c\",metric=\"usage\",unit=\"%\"} 1e+300\n",
        "talon_check_metric{service=\"web\",check=\"c\",metric=\"q\",unit=\"a\\\"b\\\\c\"} -0.1\n",
        "talon_check_metric{service=\"redis\",check=\"c\",metric=\"ping_time\",unit=\"s\"} 0.0002\n",
        "talon_check_metrics_left_out 0\n",
    };
    struct buffer out = buffer_make(0);

    (void)state;
    render_metrics(shot, true, false, &out);
    assert_false(out.failed);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(out.data, lines[i]))
            fail_msg("missing: %s", lines[i]);
    assert_null(strstr(out.data, "service=\"old\""));
    assert_null(strstr(out.data, "# EOF"));
    buffer_free(&out);
}

/* The rules that both formats share: each line is a comment or a sample of the family begun last; no family and no series comes twice; all end in a line break. */
static void check_exposition(const char *text, bool openmetrics)
{
    char family[128] = "", *copy = strdup(text), *rest = copy, *line;
    struct buffer seen = buffer_make(0);

    while ((line = strchr(rest, '\n'))) {
        char *start = rest, *end = start + strcspn(start, "{ "), series[512];

        *line = '\0';
        rest = line + 1;
        if (strcmp(start, "# EOF") == 0) {
            assert_true(openmetrics);
            assert_string_equal(rest, "");
            continue;
        }
        if (strncmp(start, "# HELP ", 7) == 0) {
            assert_true(strcspn(start + 7, " ") < sizeof family);
            snprintf(family, sizeof family, "%.*s", (int)strcspn(start + 7, " "), start + 7);
            snprintf(series, sizeof series, "\n# HELP %s ", family);
            assert_null(strstr(buffer_string(&seen), series));
            buffer_text(&seen, series);
            continue;
        }
        if (strncmp(start, "# TYPE ", 7) == 0) {
            assert_int_equal(strncmp(start + 7, family, strlen(family)), 0);
            continue;
        }
        assert_int_equal(strncmp(start, family, strlen(family)), 0);
        if (!openmetrics)
            assert_int_equal(end - start, strlen(family));
        assert_true(snprintf(series, sizeof series, "\n%.*s ", (int)(strrchr(start, ' ') - start), start) < (int)sizeof series);
        assert_null(strstr(buffer_string(&seen), series));
        buffer_text(&seen, series);
        strtod(strrchr(start, ' ') + 1, &end);
        assert_int_equal(*end, '\0');
    }
    assert_string_equal(rest, "");
    free(copy);
    buffer_free(&seen);
}

static void no_series_comes_twice(void **state)
{
    struct buffer out = buffer_make(0);

    (void)state;
    render_metrics(shot, false, false, &out);
    check_exposition(buffer_string(&out), false);
    buffer_clear(&out);
    render_metrics(shot, false, true, &out);
    check_exposition(buffer_string(&out), true);
    buffer_clear(&out);
    render_metrics(NULL, false, false, &out);
    check_exposition(buffer_string(&out), false);
    buffer_free(&out);
}

static void openmetrics_has_its_own_rules(void **state)
{
    struct buffer out = buffer_make(0);

    (void)state;
    render_metrics(shot, false, true, &out);
    assert_non_null(strstr(out.data, "# TYPE talon_rounds counter\ntalon_rounds_total 42\n"));
    assert_non_null(strstr(out.data, "# TYPE talon_build info\ntalon_build_info{"));
    assert_non_null(strstr(out.data, "# TYPE talon_state stateset\ntalon_state{talon_state=\"Starting\"} 0\n"));
    assert_string_equal(out.data + out.len - 6, "# EOF\n");
    assert_int_equal(occurrences(out.data, "# EOF"), 1);
    buffer_free(&out);
}

static void metrics_are_bounded(void **state)
{
    struct engine *engine = support_engine(1, 26000);
    struct snapshot *snapshot = support_snapshot(engine);
    struct buffer out = buffer_make(0);

    (void)state;
    render_metrics(snapshot, false, false, &out);
    assert_int_equal(occurrences(out.data, "\ntalon_check_metric{"), 50000);
    assert_non_null(strstr(out.data, "\ntalon_check_metrics_left_out 2000\n"));
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

/* The program's exit status with that standard input; -1: it is not installed. */
static int run_promtool(const struct buffer *input)
{
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        close(ends[1]);
        execlp("promtool", "promtool", "check", "metrics", (char *)NULL);
        _exit(errno == ENOENT ? 127 : 126);
    }
    close(ends[0]);
    for (size_t done = 0; done < input->len;) {
        ssize_t n = write(ends[1], input->data + done, input->len - done);

        if (n <= 0)
            break;
        done += (size_t)n;
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status);
}

static void promtool_finds_nothing(void **state)
{
    struct engine *engine = support_engine(100, 10);
    struct snapshot *snapshot = support_snapshot(engine), *const all[] = { shot, snapshot, NULL };
    struct buffer out = buffer_make(0);
    int found = 0;

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all && found == 0; i++) {
        buffer_clear(&out);
        render_metrics(all[i], false, false, &out);
        found = run_promtool(&out);
    }
    if (found < 0)
        print_message("promtool is not installed: /metrics was not judged by it\n");
    else
        assert_int_equal(found, 0);
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_say_what_the_snapshot_says),
        cmocka_unit_test(no_series_comes_twice),
        cmocka_unit_test(openmetrics_has_its_own_rules),
        cmocka_unit_test(metrics_are_bounded),
        cmocka_unit_test(promtool_finds_nothing),
    };

    return cmocka_run_group_tests(tests, open_shop, close_shop);
}
