/* The plugin `kubernetes` on the fake host: how it finds its way into a cluster. */
#include "plugin_kubernetes_test.h"

#include "kit/yaml.h"

#include <cjson/cJSON.h>

static void is_ready(struct fake *fake)
{
    kube_answers(fake, 200, "ok");
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready in 2.0 ms");
}

/* The kubeconfig must not be taken, with these words. */
static void is_refused(const char *config, const char *words)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "api");

    fake_set(fake, "kubeconfig", kube_write("config", config));
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", words);
    assert_null(fake_asked(fake, 0));
    fake_free(fake);
}

/* ---- what is sent */

static void a_token_and_an_authority(void **unused)
{
    struct fake *fake = kube("api");
    const struct talon_http *asked;

    (void)unused;
    is_ready(fake);
    asked = fake_asked(fake, 0);
    assert_string_equal(asked->url, "https://kube.example:6443/readyz");
    assert_int_equal(asked->flags, TALON_HTTP_KEEP);
    assert_string_equal(asked->tls->ca, CERT_TEXT);
    assert_null(asked->tls->cert);
    assert_int_equal(asked->tls->insecure, 0);
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer t0k");
    fake_free(fake);
}

static void a_client_certificate(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    kube_config("client-certificate-data: " CERT64 ", client-key-data: " KEY64);
    is_ready(fake);
    assert_string_equal(fake_asked(fake, 0)->tls->cert, CERT_TEXT);
    assert_string_equal(fake_asked(fake, 0)->tls->key, KEY_TEXT);
    assert_null(fake_asked_header(fake, 0, "Authorization"));
    fake_free(fake);
}

static void paths_begin_at_the_file(void **unused)
{
    char expected[160];
    struct fake *fake = kube("api");

    (void)unused;
    kube_config("client-certificate: pki/me.crt, client-key: /abs/me.key, as: other, as-groups: [a, b]");
    is_ready(fake);
    snprintf(expected, sizeof expected, "%s/pki/me.crt", kube_folder);
    assert_string_equal(fake_asked(fake, 0)->tls->cert, expected);
    assert_string_equal(fake_asked(fake, 0)->tls->key, "/abs/me.key");
    assert_string_equal(fake_asked_header(fake, 0, "Impersonate-User"), "other");
    assert_string_equal(fake_asked_header(fake, 0, "Impersonate-Group"), "a");
    fake_free(fake);
}

static void what_a_cluster_says_of_tls(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    kube_write("config", "{\"current-context\":\"m\",\"contexts\":[{\"name\":\"m\",\"context\":{\"cluster\":\"c\"}}],"
                         "\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":\"https://192.0.2.1\",\"insecure-skip-tls-verify\":true,"
                         "\"tls-server-name\":\"kube.internal\"}}]}");
    is_ready(fake);
    assert_string_equal(fake_asked(fake, 0)->url, "https://192.0.2.1/readyz");
    assert_int_equal(fake_asked(fake, 0)->tls->insecure, 1);
    assert_string_equal(fake_asked(fake, 0)->tls->server_name, "kube.internal");
    assert_null(fake_asked(fake, 0)->tls->ca);
    fake_free(fake);
}

/* ---- several files */

static void the_first_file_wins(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "api");
    char names[400];

    (void)unused;
    kube_write("config", "contexts: [{ name: a, context: { cluster: one } }]\nclusters: [{ name: one, cluster: { server: 'https://one.example' } }]\n");
    kube_write("second",
               "current-context: a\ncontexts: [{ name: a, context: { cluster: two } }]\n"
               "clusters: [{ name: one, cluster: { server: 'https://other.example' } }, { name: two, cluster: { server: 'https://two.example' } }]\n");
    snprintf(names, sizeof names, "%s:%s:%s:%s", kube_path("gone"), kube_path("config"), kube_path("second"), kube_path("config"));
    fake_set(fake, "kubeconfig", names);
    is_ready(fake);
    assert_string_equal(fake_asked(fake, 0)->url, "https://one.example/readyz");
    fake_free(fake);
}

static void a_context_by_name(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    kube_write("config", "current-context: a\ncontexts:\n- { name: a, context: { cluster: one } }\n- { name: b, context: { cluster: two } }\n"
                         "clusters: [{ name: one, cluster: { server: 'https://one.example' } }, { name: two, cluster: { server: 'https://two.example' } }]\n");
    fake_set(fake, "context", "b");
    is_ready(fake);
    assert_string_equal(fake_asked(fake, 0)->url, "https://two.example/readyz");
    fake_free(fake);
}

static void where_it_is_by_default(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "api");

    (void)unused;
    kube_config("token: t");
    setenv("KUBECONFIG", kube_path("config"), 1);
    is_ready(fake);
    fake_free(fake);
    unsetenv("KUBECONFIG");
    setenv("HOME", kube_folder, 1);
    fake = fake_new(&talon_plugin_descriptor, "api");
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "/.kube/config does not exist");
    fake_free(fake);
    fake = fake_new(&talon_plugin_descriptor, "api");
    fake_set(fake, "kubeconfig", "~/config");
    is_ready(fake);
    fake_free(fake);
}

/* ---- what cannot be had */

static void files_that_cannot_be_read(void **unused)
{
    struct fake *fake;
    char *big = malloc((1 << 20) + 2);

    (void)unused;
    assert_int_equal(mkfifo(kube_path("fifo"), 0600), 0);
    fake = fake_new(&talon_plugin_descriptor, "api");
    fake_set(fake, "kubeconfig", kube_path("fifo"));
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "is no regular file");
    fake_free(fake);
    assert_int_equal(mkdir(kube_path("folder"), 0700), 0);
    fake = fake_new(&talon_plugin_descriptor, "api");
    fake_set(fake, "kubeconfig", kube_path("folder"));
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "is no regular file");
    fake_free(fake);
    memset(big, ' ', (1 << 20) + 1);
    big[(1 << 20) + 1] = '\0';
    fake = fake_new(&talon_plugin_descriptor, "api");
    fake_set(fake, "kubeconfig", kube_write("big", big));
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "File too large");
    fake_free(fake);
    free(big);
}

static void configs_that_lead_nowhere(void **unused)
{
    (void)unused;
    is_refused("", "has no current-context");
    is_refused("a: [1, 2\n", "line 2: did not find expected ',' or ']'");
    is_refused("a: 1\n---\nb: 2\n", "more than one document");
    is_refused("just a text", "has no current-context");
    is_refused("- 1\n- 2\n", "has no current-context");
    is_refused("current-context: x\n", "the context x is in no kubeconfig file");
    is_refused("current-context: x\ncontexts: [{ name: x }]\n", "names no cluster");
    is_refused("current-context: x\ncontexts: [{ name: x, context: { cluster: c } }]\n", "the cluster c of context x is in no kubeconfig file");
#define TO_CLUSTER "current-context: x\ncontexts: [{ name: x, context: { cluster: c, user: u } }]\nclusters: [{ name: c, cluster: "
    is_refused(TO_CLUSTER "{} }]\n", "has no server that is a URL");
    is_refused(TO_CLUSTER "{ server: kube.example } }]\n", "has no server that is a URL");
    is_refused(TO_CLUSTER "{ server: 'https://kube.example/?a=b' } }]\n", "has no server that is a URL");
    is_refused(TO_CLUSTER "{ server: 'https://kube.example', proxy-url: 'http://proxy.example' } }]\n", "through a proxy (proxy-url)");
    is_refused(TO_CLUSTER "{ server: 'https://kube.example', certificate-authority-data: '!!' } }]\n", "certificate-authority-data");
    is_refused(TO_CLUSTER "{ server: 'https://kube.example', certificate-authority-data: bm90IFBFTQ== } }]\n", "is no PEM text in base64");
    is_refused(TO_CLUSTER "{ server: 'https://kube.example' } }]\n", "the user u of context x is in no kubeconfig file");
#define TO_USER TO_CLUSTER "{ server: 'https://kube.example' } }]\nusers: [{ name: u, user: "
    is_refused(TO_USER "{ client-certificate: /a } }]\n", "not both");
    is_refused(TO_USER "{ username: a, password: secret-word } }]\n", "username and password");
    is_refused(TO_USER "{ auth-provider: { name: gcp } } }]\n", "auth-provider");
    is_refused(TO_USER "{ token: \"a\\nb\" } }]\n", "control characters");
    is_refused(TO_USER "{ exec: { args: [a] } } }]\n", "has no command");
}

static void wrong_options(void **unused)
{
    static const char *const cases[][2] = {
        { "config", "\"config\" must be an absolute path" },
        { "/a:b", "\"b\" must be an absolute path" },
        { "/a:/b:/c:/d:/e:/f:/g:/h:/i", "8 are read at most" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = fake_new(&talon_plugin_descriptor, "api");
        fake_set(fake, "kubeconfig", cases[i][0]);
        REFUSES(fake, "kubeconfig", cases[i][1]);
        fake_free(fake);
    }
    fake = fake_new(&talon_plugin_descriptor, "api");
    fake_set(fake, "kubeconfig", "/a::~/b");
    ACCEPTS(fake);
    fake_free(fake);
}

/* ---- changes */

static void a_changed_file_is_read_again(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    is_ready(fake);
    kube_config("token: another");
    is_ready(fake);
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer another");
    fake_free(fake);
}

static void half_a_file_is_not_believed_at_once(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    is_ready(fake);
    kube_write("config", "current-context: [");
    is_ready(fake);
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer t0k");
    fake_advance(fake, 10 * FAKE_S);
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "cannot read");
    kube_config("token: whole");
    is_ready(fake);
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer whole");
    fake_free(fake);
}

static void a_token_file_is_read_each_time(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    kube_write("token", "first\n");
    kube_config("token: never, tokenFile: token");
    is_ready(fake);
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer first");
    kube_write("token", "second");
    is_ready(fake);
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer second");
    kube_write("token", " \n");
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "holds no token");
    kube_write("token", "two words");
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "holds no token");
    unlink(kube_path("token"));
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "No such file");
    fake_free(fake);
}

static void a_refused_token_file_is_tried_once_more(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    kube_write("token", "stale");
    kube_config("tokenFile: token");
    kube_answers(fake, 401, "{\"kind\":\"Status\",\"message\":\"Unauthorized\"}");
    kube_answers(fake, 401, "{\"kind\":\"Status\",\"message\":\"Unauthorized\"}");
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "https://kube.example:6443 refuses our credentials: HTTP 401: Unauthorized");
    assert_non_null(fake_asked(fake, 1));
    assert_null(fake_asked(fake, 2));
    fake_free(fake);
}

/* ---- credential plugins */

#define PLUGIN "exec: { apiVersion: client.authentication.k8s.io/v1, command: give, args: [a, 'b c'], env: [{ name: X, value: y }], provideClusterInfo: true }"

static void gives(struct fake *fake, const char *out)
{
    fake_child(fake, 5 * FAKE_MS, &(struct talon_exit){ .code = 0, .out = out, .out_len = strlen(out), .err = "" });
}

static struct fake *with_plugin(void)
{
    struct fake *fake = kube("api");

    kube_config(PLUGIN);
    return fake;
}

static int holds(const char *const *list, const char *part)
{
    while (*list && !strstr(*list, part))
        list++;
    return *list != NULL;
}

static void a_plugin_gives_a_token(void **unused)
{
    struct fake *fake = with_plugin();
    const struct talon_command *spawned;

    (void)unused;
    gives(fake, "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"given\",\"expirationTimestamp\":\"2026-01-01T01:00:00Z\"}}");
    is_ready(fake);
    spawned = fake_spawned(fake, 0);
    assert_string_equal(spawned->argv[0], "give");
    assert_string_equal(spawned->argv[2], "b c");
    assert_null(spawned->argv[3]);
    assert_true(holds(spawned->env, "X=y"));
    assert_true(holds(spawned->env, "\"interactive\":false"));
    assert_true(holds(spawned->env, "\"server\":\"https://kube.example:6443\""));
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer given");
    is_ready(fake); /* it is kept */
    assert_null(fake_spawned(fake, 0));
    fake_advance(fake, 3600 * FAKE_S);
    gives(fake, "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"later\"}}");
    is_ready(fake);
    assert_non_null(fake_spawned(fake, 0));
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer later");
    fake_free(fake);
}

static void a_refused_one_is_asked_again(void **unused)
{
    struct fake *fake = with_plugin();

    (void)unused;
    gives(fake, "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"old\"}}");
    gives(
        fake,
        "{\"kind\":\"ExecCredential\",\"status\":{\"clientCertificateData\":\"-----BEGIN CERTIFICATE-----\",\"clientKeyData\":\"-----BEGIN PRIVATE KEY-----\"}}");
    kube_answers(fake, 401, "");
    is_ready(fake);
    assert_non_null(fake_spawned(fake, 1));
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer old");
    assert_null(fake_asked_header(fake, 1, "Authorization"));
    assert_string_equal(fake_asked(fake, 1)->tls->cert, "-----BEGIN CERTIFICATE-----");
    fake_free(fake);
}

static void plugins_that_give_nothing(void **unused)
{
    static const char *const cases[][2] = {
        { "", "printed no JSON" },
        { "Please log in: s3cret", "printed no JSON" },
        { "{\"kind\":\"Other\"}", "printed no ExecCredential" },
        { "{\"kind\":\"ExecCredential\"}", "gave neither a token nor a client certificate" },
        { "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"a b\"}}", "gave a token that is none" },
        { "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"a\",\"expirationTimestamp\":\"tomorrow\"}}", "a time of expiry that is none" },
        { "{\"kind\":\"ExecCredential\",\"status\":{\"clientCertificateData\":\"-----BEGIN CERTIFICATE-----\"}}", "no pair of PEM texts" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = with_plugin();

        gives(fake, cases[i][0]);
        CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", cases[i][1]);
        assert_null(strstr(fake_result(fake)->summary, "s3cret"));
        fake_free(fake);
    }
}

static void plugins_that_fail(void **unused)
{
    struct fake *fake = with_plugin();

    (void)unused;
    fake_child(fake, 5 * FAKE_MS, &(struct talon_exit){ .code = 3, .out = "s3cret", .out_len = 6, .err = "s3cret", .err_len = 6 });
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "the credential plugin give failed with exit code 3");
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "failed with exit code 3"); /* not started again at once */
    assert_null(fake_spawned(fake, 0));
    fake_advance(fake, 10 * FAKE_S);
    fake_child(
        fake, 5 * FAKE_MS,
        &(struct talon_exit){ .error = FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "no such program in PATH"), .code = -1, .out = "", .err = "" });
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "no such program in PATH");
    fake_advance(fake, 10 * FAKE_S);
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "the credential plugin give has not ended yet");
    fake_free(fake);
    fake = kube("api");
    kube_config("exec: { command: ./tool, interactiveMode: Always }");
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "wants to ask a person");
    fake_free(fake);
}

static void a_plugin_beside_its_kubeconfig(void **unused)
{
    struct fake *fake = kube("api");
    char expected[160];

    (void)unused;
    kube_config("exec: { command: bin/give }");
    gives(fake, "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"x\"}}");
    is_ready(fake);
    snprintf(expected, sizeof expected, "%s/bin/give", kube_folder);
    assert_string_equal(fake_spawned(fake, 0)->argv[0], expected);
    fake_free(fake);
}

/* ---- YAML */

static void reads(const char *text, const char *json)
{
    char problem[YAML_PROBLEM] = "";
    cJSON *tree = yaml_read(text, strlen(text), problem);
    char *printed = tree ? cJSON_PrintUnformatted(tree) : NULL;

    assert_string_equal(problem, "");
    assert_string_equal(printed, json);
    cJSON_free(printed);
    cJSON_Delete(tree);
}

static void does_not_read(const char *text, size_t n, const char *words)
{
    char problem[YAML_PROBLEM] = "";

    assert_null(yaml_read(text, n, problem));
    CONTAINS(problem, words);
}

static void yaml_is_read(void **unused)
{
    (void)unused;
    reads("", "{}");
    reads("# nothing\n", "{}");
    reads("a: 1\nb: 'null'\nc: null\nd: ~\ne:\nf: [x, {y: z}]\n", "{\"a\":\"1\",\"b\":\"null\",\"c\":null,\"d\":null,\"e\":null,\"f\":[\"x\",{\"y\":\"z\"}]}");
    reads("{\"a\": {\"b\": [true, 2.5]}}", "{\"a\":{\"b\":[\"true\",\"2.5\"]}}");
    reads("a: &x [1, &y 2]\nb: *x\nc: *y\n", "{\"a\":[\"1\",\"2\"],\"b\":[\"1\",\"2\"],\"c\":\"2\"}");
    reads("\xef\xbb\xbf"
          "a: b",
          "{\"a\":\"b\"}");
}

static void yaml_that_is_none(void **unused)
{
    char bomb[1024] = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n", line[80], deep[400];
    static char many[1 << 18];

    (void)unused;
    does_not_read("a: b: c", 7, "line 1: mapping values are not allowed");
    does_not_read("a: *b", 5, "an anchor that is not there");
    does_not_read("a: &b [*b]", 10, "stands within what it names");
    does_not_read("a: {<<: {b: c}}", 15, "`<<` is not read here");
    does_not_read("? [a]\n: b", 9, "a key must be a plain text");
    does_not_read("a: \"x\\0y\"", 9, "a text holds a NUL");
    does_not_read("a: \xff", 4, "line 1");
    for (int i = 1; i < 8; i++) {
        snprintf(line, sizeof line, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        snprintf(bomb + strlen(bomb), sizeof bomb - strlen(bomb), "%s", line);
    }
    does_not_read(bomb, strlen(bomb), "it is too large");
    memset(deep, '[', sizeof deep);
    does_not_read(deep, sizeof deep, "it is nested too deep");
    for (size_t i = 0; i < sizeof many; i += 2)
        memcpy(many + i, i == 0 ? "[x" : ",x", 2);
    does_not_read(many, sizeof many, "it is too large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_and_an_authority),
        cmocka_unit_test(a_client_certificate),
        cmocka_unit_test(paths_begin_at_the_file),
        cmocka_unit_test(what_a_cluster_says_of_tls),
        cmocka_unit_test(the_first_file_wins),
        cmocka_unit_test(a_context_by_name),
        cmocka_unit_test(where_it_is_by_default),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(configs_that_lead_nowhere),
        cmocka_unit_test(wrong_options),
        cmocka_unit_test(a_changed_file_is_read_again),
        cmocka_unit_test(half_a_file_is_not_believed_at_once),
        cmocka_unit_test(a_token_file_is_read_each_time),
        cmocka_unit_test(a_refused_token_file_is_tried_once_more),
        cmocka_unit_test(a_plugin_gives_a_token),
        cmocka_unit_test(a_refused_one_is_asked_again),
        cmocka_unit_test(plugins_that_give_nothing),
        cmocka_unit_test(plugins_that_fail),
        cmocka_unit_test(a_plugin_beside_its_kubeconfig),
        cmocka_unit_test(yaml_is_read),
        cmocka_unit_test(yaml_that_is_none),
    };

    return cmocka_run_group_tests_name("plugin kubernetes, its kubeconfig", tests, kube_make_folder, kube_remove_folder);
}
