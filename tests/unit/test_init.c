/* What `talon init` writes for hosts that there are not: it reads back without a problem, says what it should, and is the same each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/init.h"
#include "cli/init_names.h"
#include "config_support.h"

#include <stdio.h>
#include <string.h>

static struct init_found found;
static struct buffer text;

static int empty_host(void **unused)
{
    (void)unused;
    found = (struct init_found){ .ephemeral = 32768, .n_mounts = 1, .mounts = { "/" } };
    buffer_free(&text);
    return 0;
}

static int free_text(void **unused)
{
    (void)unused;
    buffer_free(&text);
    return 0;
}

static struct listener *listens(uint16_t port, enum speech speech)
{
    struct listener *l = &found.listeners[found.n_listeners++];

    *l = (struct listener){ .port = port, .speech = speech };
    snprintf(l->address, sizeof l->address, "127.0.0.1");
    return l;
}

/* Writes it, reads it as the daemon would, and gives the model. No problem of any kind is allowed. */
static struct model *written(void)
{
    struct buffer problems = buffer_make(0);
    struct config *config;
    struct model *model;

    buffer_free(&text);
    assert_true(init_write(&found, &text));
    config = support_load_text("talon.yaml", buffer_string(&text));
    support_problems(config, support_folder(), &problems);
    if (problems.len > 0)
        fail_msg("%s\n%s", buffer_string(&problems), buffer_string(&text));
    model = config_model(config);
    assert_non_null(model);
    config_free(config);
    buffer_free(&problems);
    return model;
}

static const struct model_check *check_of(const struct model *model, const char *name)
{
    const size_t i = model_check(model, name);

    if (i == MODEL_NONE)
        fail_msg("there is no check %s in\n%s", name, buffer_string(&text));
    return &model->checks[i];
}

/* That check exists, is of that type, and its options hold each of these parts. */
static void is_check(const struct model *model, const char *name, const char *type, const char *part)
{
    const struct model_check *check = check_of(model, name);

    assert_string_equal(model->operations[check->operation].name, type);
    if (!strstr(check->conf.json, part))
        fail_msg("%s has %s, not %s", name, check->conf.json, part);
}

static void says(const char *part)
{
    if (!strstr(buffer_string(&text), part))
        fail_msg("there is no \"%s\" in\n%s", part, buffer_string(&text));
}

/* ---- hosts ---- */

static void a_host_with_nothing_on_it(void **unused)
{
    struct model *model = written();

    (void)unused;
    assert_int_equal(model->n_services, 1);
    is_check(model, "host.memory", "memory", "{");
    is_check(model, "host.load", "load", "{");
    is_check(model, "host.disk-root", "disk", "\"path\":\"/\"");
    assert_int_equal(model->settings.listen_port, 9999);
    assert_true(model->checks[0].every == UINT64_C(60000000000));
    says("needs: [host]");
    says("heal:");
    model_drop(model);
}

static void every_kind_of_listener(void **unused)
{
    struct model *model;

    (void)unused;
    listens(22, SPEAKS_SSH);
    listens(5432, SPEAKS_NOTHING);
    listens(6379, SPEAKS_REDIS);
    snprintf(found.listeners[2].address, sizeof found.listeners[2].address, "::1");
    listens(8080, SPEAKS_HTTP)->status = 200;
    listens(8081, SPEAKS_HTTP)->status = 404;
    listens(8082, SPEAKS_HTTP)->status = 302;
    listens(8083, SPEAKS_HTTP)->status = 502;
    listens(8443, SPEAKS_TLS)->handshake = true;
    listens(8444, SPEAKS_TLS);
    listens(9100, SPEAKS_NOTHING);
    model = written();
    is_check(model, "sshd.greeting", "tcp", "\"expect\":\"^SSH-\"");
    is_check(model, "postgresql.port", "tcp", "\"port\":5432");
    is_check(model, "redis.ping", "redis", "{\"host\":\"::1\",\"port\":6379}");
    is_check(model, "port-8080.answer", "http", "\"url\":\"http://127.0.0.1:8080/\"");
    assert_null(strstr(check_of(model, "port-8080.answer")->conf.json, "expect_status"));
    is_check(model, "port-8081.answer", "http", "\"expect_status\":[\"200-499\"]");
    is_check(model, "port-8082.answer", "http", "\"expect_status\":[\"200-499\"]");
    is_check(model, "port-8083.answer", "tcp", "\"port\":8083");
    is_check(model, "port-8443.tls", "tcp", "\"tls\":true");
    is_check(model, "port-8443.tls", "tcp", "\"server_name\":\"localhost\"");
    is_check(model, "port-8444.tls", "tcp", "\"port\":8444");
    assert_null(strstr(check_of(model, "port-8444.tls")->conf.json, "\"tls\""));
    is_check(model, "node-exporter.port", "tcp", "\"port\":9100");
    says("Something on port 8080 answers HTTP");
    model_drop(model);
}

static void ports_of_an_hour_are_left_out(void **unused)
{
    struct model *model;

    (void)unused;
    listens(9999, SPEAKS_HTTP)->status = 200; /* ourselves */
    listens(32767, SPEAKS_NOTHING);
    listens(32768, SPEAKS_NOTHING);
    listens(40000, SPEAKS_HTTP)->status = 200;
    listens(41000, SPEAKS_REDIS);
    snprintf(listens(42000, SPEAKS_HTTP)->server, 64, "Caddy");
    found.listeners[5].status = 200;
    model = written();
    assert_int_equal(model->n_services, 4);
    check_of(model, "port-32767.port");
    is_check(model, "redis.ping", "redis", "\"port\":41000");
    is_check(model, "caddy.http-42000", "http", "127.0.0.1:42000");
    model_drop(model);
}

static void two_of_a_kind_have_their_port_in_their_name(void **unused)
{
    struct model *model;

    (void)unused;
    listens(6379, SPEAKS_REDIS);
    listens(6380, SPEAKS_REDIS)->password = true;
    model = written();
    is_check(model, "redis-6379.ping", "redis", "\"port\":6379");
    is_check(model, "redis-6380.port", "tcp", "\"port\":6380");
    says("redis: { address: 127.0.0.1:6380, password: \"${secrets.redis}\" }");
    model_drop(model);
}

static void caddy_with_its_admin_interface(void **unused)
{
    struct model *model;

    (void)unused;
    found.caddy_admin = 2019;
    found.caddy_ports[0] = 443;
    found.caddy_ports[1] = 8085;
    found.n_caddy_ports = 2;
    snprintf(listens(80, SPEAKS_HTTP)->server, 64, "Caddy");
    found.listeners[0].status = 308;
    listens(443, SPEAKS_TLS);
    listens(2019, SPEAKS_HTTP)->status = 404;
    listens(8085, SPEAKS_HTTP)->status = 200;
    model = written();
    assert_int_equal(model->n_services, 2);
    is_check(model, "caddy.http-80", "http", "200-499");
    is_check(model, "caddy.tls-443", "tcp", "\"port\":443");
    is_check(model, "caddy.admin", "http", "http://127.0.0.1:2019/config/");
    is_check(model, "caddy.http-8085", "http", "http://127.0.0.1:8085/");
    model_drop(model);
}

static void docker_as_it_answers(void **unused)
{
    static const struct {
        enum init_answer answer;
        size_t services;
        const char *part;
    } cases[] = { { INIT_ANSWERS, 2, "Docker's engine answers" },
                  { INIT_DENIED, 1, "this user may not use it" },
                  { INIT_SILENT, 1, "does not answer (refused # x: y)" } };

    for (size_t i = 0; i < 3; i++) {
        struct model *model;

        empty_host(unused);
        found.n_docker = 1;
        found.docker[0] = (struct init_docker){ .path = "/var/run/docker.sock", .answer = cases[i].answer, .why = "refused\n# x: y" };
        model = written();
        assert_int_equal(model->n_services, cases[i].services);
        if (cases[i].answer == INIT_ANSWERS)
            is_check(model, "docker.ping", "http", "\"unix\":\"/var/run/docker.sock\"");
        says(cases[i].part);
        model_drop(model);
    }
}

static void a_cluster_here_elsewhere_and_gone(void **unused)
{
    struct model *model;

    (void)unused;
    snprintf(found.kubeconfig, sizeof found.kubeconfig, "~/.kube/config");
    snprintf(found.cluster.context, sizeof found.cluster.context, "k3s\n  evil: true");
    snprintf(found.cluster.host, sizeof found.cluster.host, "127.0.0.1");
    found.cluster.port = 6443;
    found.cluster_is_here = true;
    listens(6443, SPEAKS_TLS)->handshake = true;
    model = written();
    is_check(model, "kubernetes.api", "tcp", "\"port\":6443");
    assert_int_equal(model->n_services, 2);
    model_drop(model);

    found.n_listeners = 0;
    model = written();
    assert_int_equal(model->n_services, 1);
    says("nobody listens there now");
    model_drop(model);

    found.cluster_is_here = false;
    snprintf(found.cluster.host, sizeof found.cluster.host, "2001:db8::1");
    model = written();
    assert_int_equal(model->n_services, 1);
    says("is not on this host");
    says("#       tcp: { address: \"[2001:db8::1]:6443\" }");
    model_drop(model);
}

static void names_from_a_wild_system(void **unused)
{
    static const char *const mounts[] = { "/",          "/data",     "/DATA",       "/Volumes/My Disk: #1", "/a\"b\\c", "/${vars.x}",
                                          "/line\nend", "/\xc3\xa4", "/bad\xff\xfe", "/'",                   "/trailing " };
    struct model *model;

    (void)unused;
    found.n_mounts = sizeof mounts / sizeof *mounts;
    for (size_t i = 0; i < found.n_mounts; i++)
        snprintf(found.mounts[i], sizeof found.mounts[i], "%s", mounts[i]);
    snprintf(listens(8080, SPEAKS_HTTP)->server, 64, "evil\r\nlisten: 0.0.0.0:1 # \xff");
    found.listeners[0].status = 200;
    model = written();
    is_check(model, "host.disk-data", "disk", "\"/data\"");
    is_check(model, "host.disk-data-2", "disk", "\"/DATA\"");
    is_check(model, "host.disk-volumes-my-disk-1", "disk", "\"/Volumes/My Disk: #1\"");
    is_check(model, "host.disk-a-b-c", "disk", "\"/a\\\"b\\\\c\"");
    is_check(model, "host.disk-vars-x", "disk", "\"/${vars.x}\"");
    is_check(model, "host.disk-line-end", "disk", "\"/line\\nend\"");
    is_check(model, "host.disk", "disk", "\"/\xc3\xa4\"");
    is_check(model, "host.disk-2", "disk", "\"/'\"");
    is_check(model, "host.disk-trailing", "disk", "\"/trailing \"");
    assert_int_equal(model->n_checks, 2 + 10 + 1); /* what is no text at all is left out */
    assert_int_equal(model->settings.listen_port, 9999);
    model_drop(model);
}

static void more_than_anyone_has(void **unused)
{
    struct model *model;

    (void)unused;
    for (uint16_t i = 0; i < DISCOVER_PORTS; i++) {
        struct listener *l = listens((uint16_t)(1000 + i), (enum speech)(i % 5));

        l->status = 100 * (1 + i % 7);
        l->handshake = i % 2;
        l->password = i % 3 == 0;
    }
    model = written();
    assert_int_equal(model->n_services, 1 + DISCOVER_PORTS);
    model_drop(model);
}

static void the_same_again(void **unused)
{
    struct buffer again = buffer_make(0), said = buffer_make(0);
    struct model *model;

    (void)unused;
    listens(22, SPEAKS_SSH);
    listens(6379, SPEAKS_REDIS)->password = true;
    found.n_docker = 1;
    found.docker[0] = (struct init_docker){ .path = "/var/run/docker.sock", .answer = INIT_DENIED };
    model = written();
    assert_true(init_write(&found, &again));
    assert_string_equal(buffer_string(&again), buffer_string(&text));
    init_tell(&found, &said);
    assert_string_equal(buffer_string(&said), "found:\n  memory, load, /\n  Docker: /var/run/docker.sock is not for this user: left as a comment\n"
                                              "  an SSH server on 127.0.0.1:22\n"
                                              "  Redis on 127.0.0.1:6379 (it wants a password: see the comment there)\n");
    model_drop(model);
    buffer_free(&again);
    buffer_free(&said);
}

/* The example at the end is one: with its marks taken away it is good as well. */
static void the_example_is_good(void **unused)
{
    struct buffer good = buffer_make(0), problems = buffer_make(0);
    struct config *config;
    struct model *model = written();
    const char *at = strstr(buffer_string(&text), "  # shop:");

    (void)unused;
    assert_non_null(at);
    model_drop(model);
    buffer_add(&good, text.data, (size_t)(at - text.data));
    for (const char *line = at, *end; (end = strchr(line, '\n')) != NULL && strncmp(line, "  # What to do", 14) != 0; line = end + 1) {
        if (strncmp(line, "  # ", 4) == 0) {
            buffer_text(&good, "  ");
            buffer_add(&good, line + 4, (size_t)(end - line) - 3);
        }
    }
    config = support_load_text("example.yaml", buffer_string(&good));
    support_problems(config, support_folder(), &problems);
    if (problems.len > 0)
        fail_msg("%s\n%s", buffer_string(&problems), buffer_string(&good));
    model = config_model(config);
    assert_non_null(model);
    assert_true(model_check(model, "shop.queue") != MODEL_NONE);
    model_drop(model);
    config_free(config);
    buffer_free(&good);
    buffer_free(&problems);
}

/* ---- names and scalars by themselves ---- */

static void names(void **unused)
{
    static const char *const cases[][2] = {
        { "disk-/", "disk" },        { "Volumes/My Disk", "volumes-my-disk" }, { "--a--", "a" }, { "", "unnamed" },
        { "\xc3\xa4\xc3\xb6", "unnamed" }, { "a_b", "a_b" },                   { "_a", "a" },    { "UPPER", "upper" },
    };
    char long_text[300], name[INIT_NAME];

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct init_names taken = { .n = 0 };

        init_names_take(&taken, cases[i][0], name);
        assert_string_equal(name, cases[i][1]);
        init_names_take(&taken, cases[i][0], name);
        assert_int_equal(strcmp(name + strlen(name) - 2, "-2"), 0);
    }
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    init_names_take(&(struct init_names){ .n = 0 }, long_text, name);
    assert_true(strlen(name) <= 63);
}

static void scalars(void **unused)
{
    static const char *const cases[][2] = {
        { "127.0.0.1:6379", "127.0.0.1:6379" }, { "[::1]:1", "\"[::1]:1\"" }, { "a b", "a b" },          { "a: b", "\"a: b\"" },
        { "a:", "\"a:\"" },                     { "", "\"\"" },               { "a#b", "\"a#b\"" },      { "a,b", "\"a,b\"" },
        { "-a", "\"-a\"" },                     { "a\tb", "\"a\\x09b\"" },    { "~/x", "\"~/x\"" },      { "\"", "\"\\\"\"" },
        { "${x}", "\"$${x}\"" },                { "$x", "\"$x\"" },           { "a ", "\"a \"" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = buffer_make(0);

        init_scalar(&out, cases[i][0]);
        assert_string_equal(buffer_string(&out), cases[i][1]);
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_host_with_nothing_on_it, empty_host, free_text),
        cmocka_unit_test_setup_teardown(every_kind_of_listener, empty_host, free_text),
        cmocka_unit_test_setup_teardown(ports_of_an_hour_are_left_out, empty_host, free_text),
        cmocka_unit_test_setup_teardown(two_of_a_kind_have_their_port_in_their_name, empty_host, free_text),
        cmocka_unit_test_setup_teardown(caddy_with_its_admin_interface, empty_host, free_text),
        cmocka_unit_test_setup_teardown(docker_as_it_answers, empty_host, free_text),
        cmocka_unit_test_setup_teardown(a_cluster_here_elsewhere_and_gone, empty_host, free_text),
        cmocka_unit_test_setup_teardown(names_from_a_wild_system, empty_host, free_text),
        cmocka_unit_test_setup_teardown(more_than_anyone_has, empty_host, free_text),
        cmocka_unit_test_setup_teardown(the_same_again, empty_host, free_text),
        cmocka_unit_test_setup_teardown(the_example_is_good, empty_host, free_text),
        cmocka_unit_test(names),
        cmocka_unit_test(scalars),
    };

    return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
