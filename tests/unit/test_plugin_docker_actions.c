/* The actions of the plugin `docker` on the fake host: what is sent to the engine, what is left alone, and each way of it not being done. */
#include "plugin_test.h"

#define CONTAINER(status, host) "{\"State\":{\"Status\":\"" status "\",\"ExitCode\":137},\"HostConfig\":{" host "}}"
#define BOUNDS "\"RestartPolicy\":{\"Name\":\"no\",\"MaximumRetryCount\":0},\"Memory\":268435456,\"MemorySwap\":0,\"NanoCpus\":0"

static struct fake *action(const char *name)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, name);

    fake_set(fake, "name", "web");
    return fake;
}

static void asked(struct fake *fake, size_t n, const char *method, const char *url)
{
    const struct talon_http *request = fake_asked(fake, n);

    assert_non_null(request);
    assert_string_equal(request->method ? request->method : "GET", method);
    assert_string_equal(request->url, url);
    assert_string_equal(request->unix_path, "/var/run/docker.sock");
}

/* ---- start and restart */

static void starts(void **unused)
{
    struct fake *fake = action("start");

    (void)unused;
    web_answers(fake, 200, CONTAINER("exited", ""));
    web_answers(fake, 204, "");
    CONCLUDES(fake, TALON_OK, "docker.done", "started web, which was exited (exit code 137 (SIGKILL))");
    asked(fake, 0, "GET", "http://docker/containers/web/json");
    asked(fake, 1, "POST", "http://docker/containers/web/start");
    CONTAINS(fake_log(fake), "starts web, which is exited");
    CONTAINS(fake_detail(fake, "before"), "exited");
    fake_free(fake);

    fake = action("start");
    web_answers(fake, 200, CONTAINER("created", ""));
    web_answers(fake, 304, "");
    CONCLUDES(fake, TALON_OK, "docker.already", "started already by somebody else; before it was created");
    fake_free(fake);

    fake = action("start");
    web_answers(fake, 200, CONTAINER("running", ""));
    CONCLUDES(fake, TALON_OK, "docker.already", "web runs already: nothing was done");
    assert_null(fake_asked(fake, 1));
    fake_free(fake);
}

static void restarts(void **unused)
{
    struct fake *fake = action("restart");

    (void)unused;
    web_answers(fake, 200, CONTAINER("running", ""));
    web_answers(fake, 204, "");
    CONCLUDES(fake, TALON_OK, "docker.done", "restarted web, which was running");
    asked(fake, 1, "POST", "http://docker/containers/web/restart");
    fake_free(fake);

    fake = action("restart");
    fake_set(fake, "grace", "1500ms");
    web_answers(fake, 200, CONTAINER("running", ""));
    web_answers(fake, 204, "");
    CONCLUDES(fake, TALON_OK, "docker.done", "");
    asked(fake, 1, "POST", "http://docker/containers/web/restart?t=2");
    fake_free(fake);
}

/* ---- each way of it not being done */

static void before_anything_was_asked_for(void **unused)
{
    static const struct {
        uint32_t status;
        const char *body;
        enum talon_status is;
        const char *reason, *part;
    } cases[] = {
        { 404, "{\"message\":\"No such container: web\"}", TALON_UNKNOWN, "docker.missing",
          "nothing was done: there is no container web (No such container: web)" },
        { 403, "no", TALON_UNKNOWN, "refused.rights", "a person runs: docker restart web (HTTP 403: no)" },
        { 500, "{\"message\":\"shim gone\"}", TALON_FAIL, "docker.error", "HTTP 500: shim gone" },
        { 200, "[]", TALON_FAIL, "protocol.bad", "does not speak as Docker does" },
        { 200, "\001\002", TALON_FAIL, "protocol.bad", "does not speak as Docker does" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = action("restart");

        web_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, cases[i].is, cases[i].reason, cases[i].part);
        assert_null(fake_asked(fake, 1));
        fake_free(fake);
    }
}

static void what_the_engine_answers(void **unused)
{
    static const struct {
        uint32_t status;
        const char *body;
        enum talon_status is;
        const char *reason, *part;
    } cases[] = {
        { 404, "{\"message\":\"No such container: web\"}", TALON_UNKNOWN, "docker.missing", "nothing was done" },
        { 409, "{\"message\":\"cannot start a paused container, try unpause instead\"}", TALON_FAIL, "docker.error", "cannot start a paused container" },
        { 500, "{\"message\":\"driver failed: port is already allocated\"}", TALON_FAIL, "docker.error", "port is already allocated" },
        { 403, "authorization denied by plugin", TALON_UNKNOWN, "refused.rights", "a person runs: docker start web (HTTP 403: authorization denied" },
        { 200, "hello", TALON_FAIL, "docker.error", "Docker answers with HTTP 200: hello" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = action("start");

        web_answers(fake, 200, CONTAINER("exited", ""));
        web_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, cases[i].is, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void no_answer(void **unused)
{
    const struct talon_error denied = FAKE_ERROR(TALON_E_DENIED, 13, "connect.denied", "no permission");
    const struct talon_error gone = FAKE_ERROR(TALON_E_NO_SOCKET, 2, "connect.no_socket", "no socket");
    struct fake *fake = action("restart");

    (void)unused;
    fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .error = denied));
    CONCLUDES(fake, TALON_UNKNOWN, "refused.rights", "Talon may not use /var/run/docker.sock; a person runs: sudo docker restart web");
    fake_free(fake);

    fake = action("restart");
    fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .error = gone));
    CONCLUDES(fake, TALON_FAIL, "connect.no_socket", "there is no socket /var/run/docker.sock");
    fake_free(fake);

    fake = action("restart");
    CONCLUDES(fake, TALON_FAIL, "timeout", "accepts, but does not answer");
    fake_free(fake);

    fake = action("restart");
    web_answers(fake, 200, CONTAINER("running", ""));
    CONCLUDES(fake, TALON_FAIL, "timeout", "Docker took the request for web, but did not end it in time; it may still do it");
    fake_free(fake);
}

/* ---- update */

static void updates(void **unused)
{
    struct fake *fake = action("update");

    (void)unused;
    fake_set(fake, "restart_policy", "on-failure");
    fake_set(fake, "retries", "3");
    fake_set(fake, "memory", "512MiB");
    fake_set(fake, "memory_swap", "1GiB");
    fake_set(fake, "cpus", "1.5");
    web_answers(fake, 200, CONTAINER("running", BOUNDS));
    web_answers(fake, 200, "{\"Warnings\":null}");
    CONCLUDES(fake, TALON_OK, "docker.done",
              "updated web: restart policy on-failure, was no, memory 512.0 MiB, was 256.0 MiB, memory and swap 1.0 GiB, "
              "was without a bound, 1.5 CPUs, was without a bound");
    asked(fake, 1, "POST", "http://docker/containers/web/update");
    assert_string_equal(fake_asked_header(fake, 1, "Content-Type"), "application/json");
    assert_string_equal(fake_asked(fake, 1)->body, "{\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":3},\"Memory\":536870912,"
                                                   "\"MemorySwap\":1073741824,\"NanoCpus\":1500000000}");
    fake_free(fake);

    fake = action("update");
    fake_set(fake, "restart_policy", "no");
    fake_set(fake, "memory", "256MiB");
    web_answers(fake, 200, CONTAINER("running", BOUNDS));
    CONCLUDES(fake, TALON_OK, "docker.already", "web is as it should be already: nothing was done");
    assert_null(fake_asked(fake, 1));
    fake_free(fake);
}

static void updates_that_are_not_good(void **unused)
{
    struct fake *fake = action("update");

    (void)unused;
    fake_set(fake, "memory", "512MiB");
    web_answers(fake, 200, CONTAINER("running", BOUNDS));
    web_answers(fake, 200, "{\"Warnings\":[\"Your kernel does not support memory limits.\"]}");
    CONCLUDES(fake, TALON_WARN, "docker.warned", "and Docker warns: Your kernel does not support memory limits.");
    fake_free(fake);

    fake = action("update");
    fake_set(fake, "memory", "512MiB");
    web_answers(fake, 200, CONTAINER("running", BOUNDS));
    web_answers(fake, 409, "{\"message\":\"Memory limit should be smaller than already set memoryswap limit\"}");
    CONCLUDES(fake, TALON_FAIL, "docker.error", "Memory limit should be smaller than already set memoryswap limit");
    fake_free(fake);

    fake = action("update");
    fake_set(fake, "cpus", "2");
    web_answers(fake, 200, CONTAINER("running", BOUNDS));
    web_answers(fake, 403, "no");
    CONCLUDES(fake, TALON_UNKNOWN, "refused.rights", "a person runs: docker update --cpus 2 web");
    fake_free(fake);

    fake = action("update");
    fake_set(fake, "cpus", "2");
    web_answers(fake, 200, "{}");
    web_answers(fake, 200, "garbage");
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "does not speak as Docker does");
    fake_free(fake);
}

static void options(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "start");

    (void)unused;
    fake_set(fake, "name", "../web");
    REFUSES(fake, "name", "is no name of a container");
    fake_free(fake);

    fake = action("update");
    REFUSES(fake, "restart_policy", "nothing would be changed");
    fake_set(fake, "memory", "2GiB");
    fake_set(fake, "memory_swap", "1GiB");
    REFUSES(fake, "memory_swap", "cannot be less than `memory`");
    fake_free(fake);

    fake = action("update");
    fake_set(fake, "restart_policy", "always");
    fake_set(fake, "retries", "1");
    REFUSES(fake, "retries", "has no effect without");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts),    cmocka_unit_test(restarts), cmocka_unit_test(before_anything_was_asked_for), cmocka_unit_test(what_the_engine_answers),
        cmocka_unit_test(no_answer), cmocka_unit_test(updates),  cmocka_unit_test(updates_that_are_not_good),    cmocka_unit_test(options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
