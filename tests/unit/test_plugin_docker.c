/* The plugin `docker` on the fake host: the four ways of an engine not to answer, each state of a container, who stopped it, and the stream of events. */
#include "plugin_test.h"

#define NOW 1767323045 /* 2026-01-02T03:04:05Z */

static const struct talon_pair dated[] = { { "Date", "Fri, 02 Jan 2026 03:04:05 GMT" }, { NULL, NULL } };

static void answers(struct fake *fake, uint32_t status, const char *body)
{
    fake_http(
        fake, 2 * FAKE_MS,
        TALON_REQUEST(talon_response, .status = status, .headers = dated, .body = body, .body_len = strlen(body), .total_ns = 2 * FAKE_MS, .http_version = 11));
}

static void fails(struct fake *fake, struct talon_error error)
{
    fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .error = error));
}

static struct fake *operation(const char *name)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, name);

    fake_calendar(fake, NOW);
    fake_flags(fake, TALON_ONCE);
    return fake;
}

/* ---- the engine */

static const char info[] =
    "{\"ServerVersion\":\"29.0.1\",\"ContainersRunning\":3,\"ContainersPaused\":1,\"ContainersStopped\":2,\"NCPU\":8,\"MemTotal\":24893353984,"
    "\"Driver\":\"overlay2\",\"LiveRestoreEnabled\":false,\"Warnings\":[\"No swap limit support\",7]}";

static void a_good_engine(void **unused)
{
    struct fake *fake = operation("engine");

    (void)unused;
    fake_set(fake, "min_cpus", "8");
    fake_set(fake, "min_memory", "24GiB");
    answers(fake, 200, "OK");
    answers(fake, 200, "{\"Version\":\"29.0.1\",\"ApiVersion\":\"1.52\"}");
    answers(fake, 200, info);
    CONCLUDES(fake, TALON_OK, "docker.ok", "Docker 29.0.1 runs 3 containers");
    assert_string_equal(fake_asked(fake, 0)->url, "http://docker/_ping");
    assert_string_equal(fake_asked(fake, 0)->unix_path, "/var/run/docker.sock");
    assert_string_equal(fake_asked(fake, 2)->url, "http://docker/info");
    NEAR(fake_metric(fake, "time"), 0.002);
    NEAR(fake_metric(fake, "cpus"), 8);
    NEAR(fake_metric(fake, "memory"), 24893353984);
    NEAR(fake_metric(fake, "stopped"), 2);
    assert_string_equal(fake_detail(fake, "warnings"), "No swap limit support");
    assert_string_equal(fake_detail(fake, "api"), "1.52");
    fake_free(fake);
}

static void an_engine_that_does_not_answer(void **unused)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
        const char *words;
    } cases[] = {
        { FAKE_ERROR(TALON_E_NO_SOCKET, 2, "connect.no_socket", "there is no socket"), TALON_FAIL, "there is no socket /run/d.sock: Docker, or what forwards" },
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "refused"), TALON_FAIL, "nobody listens at /run/d.sock" },
        { FAKE_ERROR(TALON_E_CLOSED, 0, "connect.closed", "closed"), TALON_FAIL, "what forwards the socket lives, Docker behind it does not" },
        { FAKE_ERROR(TALON_E_TIMEOUT, 0, "timeout", "no answer"), TALON_FAIL, "accepts, but does not answer" },
        { FAKE_ERROR(TALON_E_DENIED, 13, "connect.denied", "no permission"), TALON_UNKNOWN, "cannot ask Docker through /run/d.sock: no permission" },
        { FAKE_ERROR(TALON_E_PROTOCOL, 0, "protocol.bad", "not HTTP"), TALON_FAIL, "cannot ask Docker through /run/d.sock: not HTTP" },
        { FAKE_ERROR(TALON_E_TOO_BIG, 0, "too_big", "more than 2 MiB"), TALON_FAIL, "more than 2 MiB" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int container = 0; container < 2; container++) {
            struct fake *fake = operation(container ? "container" : "engine");

            fake_set(fake, "socket", "/run/d.sock");
            if (container)
                fake_set(fake, "name", "web");
            fails(fake, cases[i].error);
            CONCLUDES(fake, cases[i].status, cases[i].error.token, cases[i].words);
            fake_free(fake);
        }
}

static void a_silent_engine(void **unused)
{
    struct fake *fake = operation("engine");

    (void)unused;
    fake_timeout(fake, 3 * FAKE_S);
    CONCLUDES(fake, TALON_FAIL, "timeout", "accepts, but does not answer: Docker hangs");
    fake_free(fake);

    fake = operation("engine");
    fake_timeout(fake, 3 * FAKE_S);
    answers(fake, 200, "OK");
    answers(fake, 200, "{\"ApiVersion\":\"1.52\"}");
    CONCLUDES(fake, TALON_FAIL, "timeout", "Docker answers its ping, but not /info");
    fake_free(fake);

    fake = operation("engine");
    answers(fake, 200, "OK");
    CONCLUDES(fake, TALON_FAIL, "timeout", "Docker answers its ping, but not /version");
    fake_free(fake);
}

static void an_engine_in_trouble(void **unused)
{
    static const struct {
        uint32_t code;
        const char *body;
        enum talon_status status;
        const char *reason, *words;
    } pings[] = {
        { 500, "{\"message\":\"containerd is not\\n running\"}", TALON_FAIL, "docker.error", "HTTP 500: containerd is not running" },
        { 502, "<html>Bad gateway", TALON_FAIL, "docker.error", "HTTP 502: <html>Bad gateway" },
        { 403, "Forbidden", TALON_UNKNOWN, "auth.rejected", "the way to Docker refuses us this question: Forbidden" },
        { 200, "hello", TALON_FAIL, "protocol.bad", "/_ping is answered with \"hello\" instead of OK" },
        { 200, "", TALON_FAIL, "protocol.bad", "\"\" instead of OK" },
    };
    static const char *const infos[][2] = { { "[]", "the body is no object" }, { "{\"NCPU\":", "the body is not JSON" }, { "", "the body is empty" } };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof pings / sizeof *pings; i++) {
        fake = operation("engine");
        answers(fake, pings[i].code, pings[i].body);
        CONCLUDES(fake, pings[i].status, pings[i].reason, pings[i].words);
        fake_free(fake);
    }
    for (size_t i = 0; i < sizeof infos / sizeof *infos; i++) {
        fake = operation("engine");
        answers(fake, 200, "OK");
        answers(fake, 200, "{}");
        answers(fake, 200, infos[i][0]);
        CONCLUDES(fake, TALON_FAIL, "protocol.bad", infos[i][1]);
        fake_free(fake);
    }
}

static void a_machine_that_shrank(void **unused)
{
    struct fake *fake = operation("engine");

    (void)unused;
    fake_set(fake, "min_cpus", "10");
    answers(fake, 200, "OK");
    answers(fake, 200, "{}");
    answers(fake, 200, info);
    CONCLUDES(fake, TALON_FAIL, "docker.small", "8 CPUs, expected 10");
    fake_free(fake);

    fake = operation("engine");
    fake_set(fake, "min_memory", "32GiB");
    answers(fake, 200, "OK");
    answers(fake, 200, "{}");
    answers(fake, 200, info);
    CONCLUDES(fake, TALON_FAIL, "docker.small", "23.2 GiB of memory, expected 32.0 GiB");
    fake_free(fake);
}

/* ---- a container */

#define ID "\"Id\":\"abc123\",\"Config\":{\"Image\":\"web:1\"},"
#define HOUR_AGO "\"StartedAt\":\"2026-01-02T02:04:05.5Z\",\"FinishedAt\":\"0001-01-01T00:00:00Z\""
#define ENDED "\"StartedAt\":\"2026-01-02T02:04:05Z\",\"FinishedAt\":\"2026-01-02T03:01:05.25Z\""
#define POLICY(name) \
    ",\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"" name "\",\"MaximumRetryCount\":3},\"Memory\":1073741824,\"PortBindings\":{\"80/tcp\":[]}}}"
#define HEALTH(status, log) \
    ",\"Health\":{\"Status\":\"" status "\",\"FailingStreak\":4,\"Log\":[" \
    "{\"ExitCode\":0,\"Output\":\"old\"},{\"ExitCode\":1,\"Output\":\"" log "\"}]}"
#define RUNS "{" ID "\"RestartCount\":0,\"State\":{\"Status\":\"running\"," HOUR_AGO "}" POLICY("unless-stopped")
#define EXITED(code, more, policy) "{" ID "\"RestartCount\":1,\"State\":{\"Status\":\"exited\",\"ExitCode\":" code "," more ENDED "}" POLICY(policy)

static struct fake *container(const char *body)
{
    struct fake *fake = operation("container");

    fake_set(fake, "name", "web");
    if (body)
        answers(fake, 200, body);
    return fake;
}

static void one_that_runs(void **unused)
{
    struct fake *fake = container(RUNS);

    (void)unused;
    CONCLUDES(fake, TALON_OK, "docker.ok", "runs for 60 min");
    assert_string_equal(fake_asked(fake, 0)->url, "http://docker/containers/web/json");
    assert_int_equal(fake_asked(fake, 0)->flags & TALON_HTTP_KEEP, 0);
    NEAR(fake_metric(fake, "uptime"), 3599.5);
    NEAR(fake_metric(fake, "restarts"), 0);
    assert_string_equal(fake_detail(fake, "image"), "web:1");
    fake_free(fake);

    fake = container("{\"RestartCount\":2,\"State\":{\"Status\":\"running\"," HOUR_AGO HEALTH("healthy", "") "}}");
    CONCLUDES(fake, TALON_OK, "docker.ok", "runs for 60 min, healthy, restarted 2 times");
    fake_free(fake);
}

static void each_state(void **unused)
{
    static const struct {
        const char *body;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { "{\"State\":{\"Status\":\"paused\",\"Running\":true," HOUR_AGO "}}", TALON_FAIL, "docker.paused", "is paused" },
        { "{\"RestartCount\":7,\"State\":{\"Status\":\"restarting\",\"Running\":true,\"ExitCode\":3," ENDED "}}", TALON_FAIL, "docker.restarting",
          "ends again and again, last 3 min ago: exit code 3, restarted 7 times" },
        { "{\"RestartCount\":1,\"State\":{\"Status\":\"restarting\",\"OOMKilled\":true,\"ExitCode\":137," ENDED "}}", TALON_FAIL, "docker.oom",
          "killed for want of memory 3 min ago, restarted 1 time" },
        { EXITED("1", "", "no"), TALON_FAIL, "docker.exited", "has ended: exit code 1, 3 min ago, restarted 1 time" },
        { "{\"State\":{\"Status\":\"exited\",\"ExitCode\":1,\"FinishedAt\":\"2026-01-02T03:04:05.2Z\"}}", TALON_FAIL, "docker.exited", "has ended: exit code 1, just now" },
        { EXITED("255", "", "unless-stopped"), TALON_FAIL, "docker.exited", "exit code 255 (also what is left when Docker or its machine ended under it)" },
        { EXITED("139", "", "no"), TALON_FAIL, "docker.exited", "exit code 139 (SIGSEGV)" },
        { EXITED("137", "\"OOMKilled\":true,", "always"), TALON_FAIL, "docker.oom", "was killed for want of memory 3 min ago" },
        { EXITED("128", "\"Error\":\"range of CPUs is from 0.01 to 4.00\",", "always"), TALON_FAIL, "docker.start",
          "could not start it: range of CPUs is from" },
        { EXITED("0", "\"Error\":\"no such device\",", "always"), TALON_FAIL, "docker.start", "no such device" },
        { "{\"State\":{\"Status\":\"created\"},\"Created\":\"2026-01-02T03:00:05Z\"}", TALON_FAIL, "docker.created", "was made 4 min ago, but never started" },
        { "{\"State\":{\"Status\":\"created\"},\"Created\":\"2026-01-02T03:04:04Z\"}", TALON_STARTING, "starting", "is not started yet" },
        { "{\"State\":{\"Status\":\"created\",\"Error\":\"port is already allocated\"}}", TALON_FAIL, "docker.start", "port is already allocated" },
        { "{\"State\":{\"Status\":\"removing\"}}", TALON_FAIL, "docker.removing", "is being removed" },
        { "{\"State\":{\"Status\":\"dead\",\"Error\":\"device busy\"}}", TALON_FAIL, "docker.dead", "cannot start it: device busy" },
        { "{\"State\":{\"Status\":\"flying\"}}", TALON_FAIL, "protocol.bad", "\"flying\" is none that Docker knows" },
        { "{}", TALON_FAIL, "protocol.bad", "its state \"\"" },
        { "{\"State\":{\"Status\":\"running\"," HOUR_AGO HEALTH("unhealthy", "first\\ncannot open /data\\n") "}}", TALON_FAIL, "docker.unhealthy",
          "is unhealthy, 4 health checks failed in a row: cannot open /data" },
        { "{\"State\":{\"Status\":\"running\"," HOUR_AGO HEALTH("starting", "") "}}", TALON_STARTING, "starting", "no health check has passed yet" },
        { "{\"State\":{\"Status\":\"running\"," HOUR_AGO ",\"Health\":{\"Status\":\"unhealthy\",\"Log\":7}}}", TALON_FAIL, "docker.unhealthy", "is unhealthy" },
        { "{\"RestartCount\":5,\"State\":{\"Status\":\"running\",\"StartedAt\":\"2026-01-02T03:04:03Z\"}}", TALON_STARTING, "starting",
          "runs for 2.0 s only, restarted 5 times" },
        { "{\"State\":{\"Status\":\"running\",\"OOMKilled\":true," HOUR_AGO "}}", TALON_WARN, "docker.oom", "killed a process of it for want of memory" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = container(cases[i].body);

        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

static void one_that_is_missing(void **unused)
{
    struct fake *fake = container(NULL);

    (void)unused;
    answers(fake, 404, "{\"message\":\"No such container: web\"}");
    CONCLUDES(fake, TALON_FAIL, "docker.missing", "there is no container web");
    fake_free(fake);

    fake = container(NULL);
    answers(fake, 500, "{\"message\":\"dead file system\"}");
    CONCLUDES(fake, TALON_FAIL, "docker.error", "HTTP 500: dead file system");
    fake_free(fake);
}

static void one_that_is_set_up_badly(void **unused)
{
    static const char *const cases[][4] = {
        { "restart_policy", "always", "docker.policy", "its restart policy is unless-stopped, expected always" },
        { "memory", "18GiB", "docker.memory", "bounded to 1.0 GiB, expected 18.0 GiB" },
        { "forbid_ports", "80/tcp", "docker.port", "it publishes 80/tcp" },
    };
    static const char *const fine[][2] = {
        { "restart_policy", "unless-stopped" }, { "memory", "1GiB" }, { "forbid_ports", "3111/tcp" }, { "restart_policy", "any" }
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = container(RUNS);
        if (i == 2)
            fake_add(fake, cases[i][0], NULL, cases[i][1]);
        else
            fake_set(fake, cases[i][0], cases[i][1]);
        CONCLUDES(fake, TALON_WARN, cases[i][2], cases[i][3]);
        fake_free(fake);
    }
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        fake = container(RUNS);
        if (i == 2)
            fake_add(fake, fine[i][0], NULL, fine[i][1]);
        else
            fake_set(fake, fine[i][0], fine[i][1]);
        CONCLUDES(fake, TALON_OK, "docker.ok", "runs");
        fake_free(fake);
    }
}

static void restarts_between_two_looks(void **unused)
{
    struct fake *fake = container("{\"Id\":\"a\",\"RestartCount\":2,\"State\":{\"Status\":\"running\"," HOUR_AGO "}}");

    (void)unused;
    CONCLUDES(fake, TALON_OK, "docker.ok", "restarted 2 times");
    answers(fake, 200, "{\"Id\":\"a\",\"RestartCount\":4,\"State\":{\"Status\":\"running\"," HOUR_AGO "}}");
    CONCLUDES(fake, TALON_WARN, "docker.restarted", "Docker had to restart it 2 times since the last look");
    answers(fake, 200, "{\"Id\":\"b\",\"RestartCount\":9,\"State\":{\"Status\":\"running\"," HOUR_AGO "}}");
    CONCLUDES(fake, TALON_OK, "docker.ok", "restarted 9 times");
    fake_free(fake);
}

static void a_young_one_is_looked_at_when_it_is_old_enough(void **unused)
{
    static const char young[] = "{\"State\":{\"Status\":\"running\",\"StartedAt\":\"2026-01-02T03:04:03Z\"}}";
    struct fake *fake = container(young);

    (void)unused;
    fake_flags(fake, 0);
    CONCLUDES(fake, TALON_STARTING, "starting", "runs for 2.0 s only");
    answers(fake, 200, young);
    CONCLUDES(fake, TALON_STARTING, "starting", "runs for 2.0 s only");
    fake_advance(fake, 7 * FAKE_S);
    assert_int_equal(fake_nudges(fake), 0);
    fake_advance(fake, 2 * FAKE_S);
    assert_int_equal(fake_nudges(fake), 1);
    fake_free(fake);
}

/* ---- who stopped it */

static void stopped_by_hand_as_its_policy_tells(void **unused)
{
    static const char *const cases[] = { EXITED("0", "", "always"), EXITED("137", "", "unless-stopped"), EXITED("143", "", "on-failure") };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = container(cases[i]);
        CONCLUDES(fake, TALON_STOPPED, "stopped.by_hand", "was stopped by hand: exit code");
        fake_free(fake);
    }
    fake = container("{\"RestartCount\":3,\"State\":{\"Status\":\"exited\",\"ExitCode\":137," ENDED "}" POLICY("on-failure"));
    CONCLUDES(fake, TALON_FAIL, "docker.exited", "Docker gave up after 3 restarts");
    fake_free(fake);
}

static void stopped_by_hand_as_events_tell(void **unused)
{
    struct fake *fake = container(EXITED("137", "", "no"));

    (void)unused;
    answers(fake, 200, "{\"Action\":\"kill\",\"Actor\":{\"Attributes\":{\"signal\":\"15\",\"name\":\"web\"}}}\n{\"Action\":\"stop\"}\n");
    CONCLUDES(fake, TALON_STOPPED, "stopped.by_hand", "exit code 137 (SIGKILL), 3 min ago");
    CONTAINS(fake_asked(fake, 1)->url, "events?since=1767319445&until=1767322867&filters=");
    answers(fake, 200, EXITED("137", "", "no")); /* remembered: no second question */
    CONCLUDES(fake, TALON_STOPPED, "stopped.by_hand", "was stopped by hand");
    assert_null(fake_asked(fake, 1));
    answers(fake, 200, "{\"Id\":\"other\",\"State\":{\"Status\":\"exited\",\"ExitCode\":0," ENDED "}}");
    answers(fake, 200, "");
    CONCLUDES(fake, TALON_FAIL, "docker.exited", "has ended: exit code 0, 3 min ago; nobody was seen to stop it");
    fake_free(fake);
}

static void no_act_was_seen(void **unused)
{
    static const char *const cases[] = { "", "garbage\n\n{\n", "{\"Action\":\"kill\",\"Actor\":{\"Attributes\":{\"signal\":\"1\"}}}\n", "{\"Action\":\"die\"}",
                                         "[7]\n" };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = container(EXITED("0", "", "no"));
        answers(fake, 200, cases[i]);
        CONCLUDES(fake, TALON_FAIL, "docker.exited", "nobody was seen to stop it");
        fake_free(fake);
    }
    fake = container(EXITED("0", "", "no"));
    fails(fake, (struct talon_error)FAKE_ERROR(TALON_E_CLOSED, 0, "connect.closed", "closed"));
    CONCLUDES(fake, TALON_FAIL, "connect.closed", "Docker behind it does not");
    fake_free(fake);
}

/* ---- events */

static void events_bring_the_check_forward(void **unused)
{
    static const char other[] = "{\"Action\":\"die\",\"Actor\":{\"Attributes\":{\"name\":\"webby\"}}}\n";
    static const char half[] = "{\"Action\":\"die\",\"Actor\":{\"Attributes\":{\"na", rest[] = "me\":\"web\"}}}\n";
    struct fake *fake = container(RUNS);

    (void)unused;
    fake_flags(fake, 0);
    fake_http(fake, 100 * FAKE_S, TALON_REQUEST(talon_response, .status = 200));
    CONCLUDES(fake, TALON_OK, "docker.ok", "runs");
    CONTAINS(fake_asked(fake, 1)->url, "http://docker/events?filters=%7B%22type%22");
    fake_http_piece(fake, other, sizeof other - 1);
    assert_int_equal(fake_nudges(fake), 0);
    fake_http_piece(fake, half, sizeof half - 1);
    assert_int_equal(fake_nudges(fake), 0);
    fake_http_piece(fake, rest, sizeof rest - 1);
    assert_int_equal(fake_nudges(fake), 1);
    answers(fake, 200, RUNS);
    CONCLUDES(fake, TALON_OK, "docker.ok", "runs");
    assert_null(fake_asked(fake, 1)); /* one stream is enough */
    fake_free(fake);
}

static void the_end_of_events_is_news(void **unused)
{
    struct fake *fake = container(RUNS);
    unsigned n = 0;

    (void)unused;
    fake_flags(fake, 0);
    fake_http(fake, 5 * FAKE_S, TALON_REQUEST(talon_response, .status = 200));
    CONCLUDES(fake, TALON_OK, "docker.ok", "runs");
    for (int i = 0; i < 3; i++)
        fails(fake, (struct talon_error)FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "refused"));
    fake_advance(fake, 6 * FAKE_S);
    assert_int_equal(fake_nudges(fake), 1);
    fake_advance(fake, 60 * FAKE_S); /* tried again after 1, 2, 4, 8 s; silence that is refused is no news */
    assert_int_equal(fake_nudges(fake), 1);
    while (fake_asked(fake, n))
        n++;
    assert_int_equal(n, 6);
    fake_free(fake);
}

static void a_stream_is_renewed_in_silence(void **unused)
{
    struct fake *fake = container(RUNS);

    (void)unused;
    fake_flags(fake, 0);
    fake_http(fake, 600 * FAKE_S, TALON_REQUEST(talon_response, .status = 200, .error = FAKE_ERROR(TALON_E_TIMEOUT, 0, "timeout", "too long")));
    CONCLUDES(fake, TALON_OK, "docker.ok", "runs");
    assert_true(fake_asked(fake, 1)->timeout_ns == 600 * FAKE_S);
    fake_advance(fake, 601 * FAKE_S);
    assert_int_equal(fake_nudges(fake), 0);
    assert_non_null(fake_asked(fake, 2));
    fake_free(fake);
}

static void options_that_cannot_be(void **unused)
{
    static const char *const names[] = { "", "a/b", "-a", "a b", "x?y=1", "../info" };
    static const char *const ports[] = { "80", "0/tcp", "70000/tcp", "80/icmp", "/tcp" };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fake = fake_new(&talon_plugin_descriptor, "container");
        fake_set(fake, "name", names[i]);
        REFUSES(fake, "name", "is no name of a container");
        fake_free(fake);
    }
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        fake = fake_new(&talon_plugin_descriptor, "container");
        fake_set(fake, "name", "web_1.x-y");
        fake_add(fake, "forbid_ports", NULL, "8080/udp");
        fake_add(fake, "forbid_ports", NULL, ports[i]);
        REFUSES(fake, "forbid_ports", "is no port of a container");
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_engine),
        cmocka_unit_test(an_engine_that_does_not_answer),
        cmocka_unit_test(a_silent_engine),
        cmocka_unit_test(an_engine_in_trouble),
        cmocka_unit_test(a_machine_that_shrank),
        cmocka_unit_test(one_that_runs),
        cmocka_unit_test(each_state),
        cmocka_unit_test(one_that_is_missing),
        cmocka_unit_test(one_that_is_set_up_badly),
        cmocka_unit_test(restarts_between_two_looks),
        cmocka_unit_test(a_young_one_is_looked_at_when_it_is_old_enough),
        cmocka_unit_test(stopped_by_hand_as_its_policy_tells),
        cmocka_unit_test(stopped_by_hand_as_events_tell),
        cmocka_unit_test(no_act_was_seen),
        cmocka_unit_test(events_bring_the_check_forward),
        cmocka_unit_test(the_end_of_events_is_news),
        cmocka_unit_test(a_stream_is_renewed_in_silence),
        cmocka_unit_test(options_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
