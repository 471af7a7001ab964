/* `talos.service` and `talos.etcd` on the fake host: services in each state, a list without end, and an etcd member with each of its troubles. */
#include "talos_support.h"

#include <stdlib.h>

/* ---- talos.service */

static void add_service(struct message *list, const char *id, const char *state, int unknown, int healthy, const char *words)
{
    struct message service = { .n = 0 }, event = { .n = 0 }, events = { .n = 0 }, health = { .n = 0 };

    put_text(&event, 1, "first");
    put(&events, 1, &event);
    event.n = 0;
    put_text(&event, 1, words);
    put_text(&event, 2, state);
    put(&events, 1, &event);
    if (unknown)
        put_number(&health, 1, 1);
    if (healthy)
        put_number(&health, 2, 1);
    put_text(&health, 3, words);
    put_text(&service, 1, id);
    put_text(&service, 2, state);
    put(&service, 3, &events);
    put(&service, 4, &health);
    put(list, 2, &service);
}

static struct message good_services(void)
{
    struct message list = { .n = 0 };

    add_service(&list, "apid", "Running", 0, 1, "");
    add_service(&list, "etcd", "Running", 0, 1, "");
    add_service(&list, "kubelet", "Running", 0, 1, "");
    add_service(&list, "machined", "Running", 1, 0, "");
    add_service(&list, "udevd", "Skipped", 1, 0, "");
    return list;
}

static void services_that_are_well(void **state)
{
    struct fake *fake = talos(state, "service");
    struct message list = good_services();

    fake_add(fake, "required", NULL, "etcd");
    fake_add(fake, "required", NULL, "kubelet");
    talos_answers(fake, &list);
    CONCLUDES(fake, TALON_OK, "talos.ok", "5 services are well");
    NEAR(fake_metric(fake, "services"), 5);
    NEAR(fake_metric(fake, "bad"), 0);
    assert_string_equal(fake_detail(fake, "udevd"), "Skipped");
    CONTAINS(fake_asked(fake, 0)->url, "/machine.MachineService/ServiceList");
    fake_free(fake);

    fake = talos(state, "service");
    fake_set(fake, "service", "etcd");
    add_service(&list, "cri", "Failed", 0, 0, "boom");
    talos_answers(fake, &list);
    CONCLUDES(fake, TALON_OK, "talos.ok", "etcd is well");
    fake_free(fake);
}

static void services_that_are_not(void **state)
{
    static const struct {
        const char *id, *state, *words;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { "cri", "Failed", "task exited with code 1", TALON_FAIL, "talos.state", "cri is Failed: task exited with code 1" },
        { "cri", "Stopping", "", TALON_FAIL, "talos.state", "cri is Stopping" },
        { "cri", "Waiting", "Waiting for service \"etcd\" to be \"up\"", TALON_STARTING, "starting", "cri is Waiting: Waiting for service" },
        { "cri", "Preparing", "", TALON_STARTING, "starting", "cri is Preparing" },
        { "cri", "Running", "context deadline exceeded", TALON_FAIL, "talos.unhealthy", "cri runs, but is not healthy: context deadline exceeded" },
        { "cri", "", "", TALON_FAIL, "talos.state", "cri is in no state" },
    };
    struct fake *fake;
    struct message list;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = talos(state, "service");
        list = good_services();
        add_service(&list, cases[i].id, cases[i].state, 0, 0, cases[i].words);
        talos_answers(fake, &list);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        NEAR(fake_metric(fake, "bad"), 1);
        fake_free(fake);
    }
    fake = talos(state, "service"); /* what has failed is told before what starts */
    list = good_services();
    add_service(&list, "cri", "Starting", 0, 0, "");
    add_service(&list, "trustd", "Failed", 0, 0, "boom");
    add_service(&list, "syslogd", "Failed", 0, 0, "bang");
    talos_answers(fake, &list);
    CONCLUDES(fake, TALON_FAIL, "talos.state", "trustd is Failed: boom (and 2 more)");
    fake_free(fake);

    for (int required = 0; required < 2; required++) {
        fake = talos(state, "service");
        list = good_services();
        if (required)
            fake_add(fake, "required", NULL, "trustd");
        else
            fake_set(fake, "service", "trustd");
        talos_answers(fake, &list);
        CONCLUDES(fake, TALON_FAIL, "talos.missing", "the node has no service trustd");
        fake_free(fake);
    }
}

static void a_list_without_end(void **state)
{
    struct fake *fake = talos(state, "service");
    const size_t n = 200000;
    uint8_t *body = malloc(5 + 4 + 2 * n);
    size_t at = 5;

    assert_non_null(body);
    memset(body, 0, 5);
    body[at++] = 0x0a; /* messages */
    for (size_t left = 2 * n; left > 0; left >>= 7)
        body[at++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    for (size_t i = 0; i < n; i++) { /* services that are nothing */
        body[at++] = 0x12;
        body[at++] = 0;
    }
    body[2] = (uint8_t)((at - 5) >> 16);
    body[3] = (uint8_t)((at - 5) >> 8);
    body[4] = (uint8_t)(at - 5);
    fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .status = 200, .headers = talos_fine, .body = body, .body_len = at, .http_version = 20));
    CONCLUDES(fake, TALON_FAIL, "talos.state", "is in no state (and 255 more)");
    fake_free(fake);
    free(body);
}

/* ---- talos.etcd */

static struct message etcd(uint64_t leader, const char *error, int learner)
{
    struct message m = { .n = 0 }, status = { .n = 0 };

    put_text(&status, 1, "3.6.0");
    put_number(&status, 2, 20971520);
    put_number(&status, 3, 10485760);
    put_number(&status, 4, leader);
    put_number(&status, 5, 1000);
    put_number(&status, 7, 990);
    if (error)
        put_text(&status, 8, error);
    if (learner)
        put_number(&status, 9, 1);
    put(&m, 2, &status);
    return m;
}

static struct message alarms(uint64_t which)
{
    struct message m = { .n = 0 }, alarm = { .n = 0 };

    put_number(&alarm, 1, 77);
    put_number(&alarm, 2, which);
    put(&m, 2, &alarm);
    return m;
}

static void an_etcd_member(void **state)
{
    static const struct {
        uint64_t leader;
        const char *error;
        int learner;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { 0, NULL, 0, TALON_FAIL, "talos.no_leader", "etcd has no leader" },
        { 9, "etcdserver: no leader", 0, TALON_FAIL, "talos.etcd", "etcd says of itself: etcdserver: no leader" },
        { 9, NULL, 1, TALON_WARN, "talos.learner", "still a learner" },
    };
    static const char *const alarmed[] = { NULL, "NOSPACE: its database is full", "CORRUPT", "the alarm 7" };
    struct message m, alarm;
    struct fake *fake;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = talos(state, "etcd");
        m = etcd(cases[i].leader, cases[i].error, cases[i].learner);
        talos_answers(fake, &m);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        NEAR(fake_metric(fake, "db_size"), 20971520);
        NEAR(fake_metric(fake, "behind"), 10);
        fake_free(fake);
    }
    for (size_t i = 0; i < sizeof alarmed / sizeof *alarmed; i++) {
        fake = talos(state, "etcd");
        m = etcd(9, NULL, 0);
        alarm = alarms(i == 3 ? 7 : i);
        talos_answers(fake, &m);
        talos_answers(fake, &alarm);
        CONCLUDES(fake, i > 0 ? TALON_FAIL : TALON_OK, i > 0 ? "talos.alarm" : "talos.ok", i > 0 ? alarmed[i] : "etcd has a leader and no alarms");
        CONTAINS(fake_asked(fake, 1)->url, "/machine.MachineService/EtcdAlarmList");
        fake_free(fake);
    }
}

/* ---- talos.service-restart */

static struct fake *restart(void **state, const char *service)
{
    struct fake *fake = talos(state, "service-restart");

    fake_set(fake, "service", service);
    return fake;
}

static void refuses_with(struct fake *fake, const char *status, const char *words)
{
    const struct talon_pair headers[] = { { "Content-Type", "application/grpc" }, { "grpc-status", status }, { "grpc-message", words }, { NULL, NULL } };

    fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .status = 200, .headers = headers, .body = "", .http_version = 20));
}

static void a_restart(void **state)
{
    struct fake *fake = restart(state, "kubelet");
    struct message said = { .n = 0 };
    const struct talon_http *asked;

    put_text(&said, 2, "Service \"kubelet\" restarting");
    talos_answers(fake, &said);
    CONCLUDES(fake, TALON_OK, "talos.ok", "restarts kubelet: Service \"kubelet\" restarting");
    asked = fake_asked(fake, 0);
    CONTAINS(asked->url, "/machine.MachineService/ServiceRestart");
    assert_int_equal(asked->body_len, 5 + 9);
    assert_memory_equal(asked->body, "\0\0\0\0\x09\x0a\x07kubelet", 14);
    assert_null(fake_asked(fake, 1));
    fake_free(fake);
}

static void restarts_that_are_refused(void **state)
{
    static const struct {
        const char *code, *said;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { "7", "not authorized", TALON_UNKNOWN, "refused.rights", "os:operator: talosctl service kubelet restart (not authorized)" },
        { "16", "no peer", TALON_UNKNOWN, "auth.rejected", "no peer" },
        { "5", "service not found", TALON_FAIL, "talos.missing", "the node has no service kubelet" },
        { "9", "service doesn't support restart operation via API", TALON_FAIL, "grpc.error", "doesn't support restart" },
        { "14", "connection refused", TALON_FAIL, "grpc.unavailable", "connection refused" },
        { "12", "unknown method", TALON_UNKNOWN, "grpc.unimplemented", "knows no such call" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = restart(state, "kubelet");

        refuses_with(fake, cases[i].code, cases[i].said);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

static void names_that_are_no_service(void **state)
{
    static const char *const names[] = { "", "-x", "Kubelet", "a b", "a/b" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct fake *fake = restart(state, names[i]);

        REFUSES(fake, "service", "no service of Talos");
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_that_are_well),
        cmocka_unit_test(services_that_are_not),
        cmocka_unit_test(a_list_without_end),
        cmocka_unit_test(an_etcd_member),
        cmocka_unit_test(a_restart),
        cmocka_unit_test(restarts_that_are_refused),
        cmocka_unit_test(names_that_are_no_service),
    };

    return cmocka_run_group_tests(tests, temp_folder_make, temp_folder_remove);
}
