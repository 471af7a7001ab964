/* The operation `nfs` of the plugin `mount` on the fake host, whose peers speak ONC RPC, or something else: each verdict that a server can give of a call,
 * answers in pieces and in fragments, and a portmapper in between. */
#include "plugin_test.h"

#include "../../plugins/mount/mount.h"

/* The test is of the network alone: nothing is mounted for it. */
int mount_find(const char *path, struct mount_entry *entry)
{
    (void)path, (void)entry;
    return 0;
}

int mount_room(const char *path, struct mount_space *space)
{
    (void)path, (void)space;
    return 0;
}

static struct fake *nfs(const char *service)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "nfs");

    fake_set(fake, "host", "nas.example");
    fake_set(fake, "service", service);
    return fake;
}

struct answer {
    unsigned char bytes[256];
    size_t n;
};

static void put(struct answer *answer, uint32_t word)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        answer->bytes[answer->n++] = (unsigned char)(word >> shift);
}

/* A reply in one fragment: the words behind the xid. */
static struct answer reply(uint32_t xid, const uint32_t *words, size_t n)
{
    struct answer answer = { .n = 0 };

    put(&answer, UINT32_C(0x80000000) | (uint32_t)(4 + 4 * n));
    put(&answer, xid);
    for (size_t i = 0; i < n; i++)
        put(&answer, words[i]);
    return answer;
}

/* Starts a run and lets it call: the xid of the call that begins at byte `from` of what was sent. */
static uint32_t called(struct fake *fake, size_t from)
{
    const unsigned char *sent;
    size_t n;

    if (from == 0) {
        fake_link(fake, FAKE_MS, NULL);
        fake_start(fake);
    }
    fake_advance(fake, FAKE_MS);
    sent = (const unsigned char *)fake_sent(fake, &n) + from;
    assert_true(n >= from + 44);
    return (uint32_t)sent[4] << 24 | (uint32_t)sent[5] << 16 | (uint32_t)sent[6] << 8 | sent[7];
}

#define ACCEPTED(...) (const uint32_t[]){ 1, 0, 0, 0, __VA_ARGS__ }, sizeof((const uint32_t[]){ 1, 0, 0, 0, __VA_ARGS__ }) / 4

static void a_server_that_lives(void **unused)
{
    static const unsigned char call[] = { 0x80, 0, 0, 0x28, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0x86, 0xa3, 0, 0, 0, 3,
                                          0,    0, 0, 0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0 };
    struct fake *fake = nfs("nfs");
    const struct answer answer = reply(called(fake, 0), ACCEPTED(0));
    const char *sent;
    size_t n;

    (void)unused;
    assert_int_equal(answer.n, 28);
    fake_link_says(fake, 3 * FAKE_MS, answer.bytes, answer.n);
    CONCLUDES(fake, TALON_OK, "rpc.ok", "nfs at nas.example:2049 (version 3) answered in 3.0 ms");
    NEAR(fake_metric(fake, "call_time"), 0.003);
    assert_string_equal(fake_connected(fake, 0)->to.host, "nas.example");
    assert_int_equal(fake_connected(fake, 0)->to.port, 2049);
    sent = fake_sent(fake, &n);
    assert_int_equal(n, sizeof call);
    assert_memory_equal(sent, call, 4);
    assert_memory_equal(sent + 8, call + 8, sizeof call - 8);
    fake_free(fake);
}

static void each_verdict(void **unused)
{
    static const struct {
        uint32_t words[8];
        size_t n;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { { 1, 0, 0, 0, 0 }, 5, TALON_OK, "rpc.ok", "answered" },
        { { 1, 0, 0, 8, 7, 7, 0 }, 7, TALON_OK, "rpc.ok", "answered" }, /* with a verifier of two words */
        { { 1, 0, 0, 0, 1 }, 5, TALON_FAIL, "rpc.no_program", "says that this program does not run" },
        { { 1, 0, 0, 0, 2, 4, 4 }, 7, TALON_FAIL, "rpc.version", "offers the versions 4 to 4, expected 3" },
        { { 1, 0, 0, 0, 3 }, 5, TALON_FAIL, "protocol.bad", "does not understand the call" },
        { { 1, 0, 0, 0, 4 }, 5, TALON_FAIL, "protocol.bad", "does not understand the call" },
        { { 1, 0, 0, 0, 5 }, 5, TALON_FAIL, "rpc.error", "lacks something" },
        { { 1, 0, 0, 0, 6 }, 5, TALON_FAIL, "protocol.bad", "does not speak RPC" },
        { { 1, 1, 0, 2, 2 }, 5, TALON_FAIL, "protocol.bad", "does not understand the call" },
        { { 1, 1, 1, 5 }, 4, TALON_UNKNOWN, "auth.rejected", "wants credentials even for a call that does nothing (5)" },
        { { 1, 1, 2, 5 }, 4, TALON_FAIL, "protocol.bad", "does not speak RPC" },
        { { 1, 2 }, 2, TALON_FAIL, "protocol.bad", "does not speak RPC" },
        { { 0, 0, 0, 0, 0 }, 5, TALON_FAIL, "protocol.bad", "does not speak RPC" },
        { { 1, 0, 0, 4096, 0 }, 5, TALON_FAIL, "protocol.bad", "does not speak RPC" },
        { { 1, 0, 0, UINT32_MAX, 0 }, 5, TALON_FAIL, "protocol.bad", "does not speak RPC" },
        { { 1, 0, 0, 8, 0 }, 5, TALON_FAIL, "protocol.bad", "does not speak RPC" },
        { { 1, 0 }, 2, TALON_FAIL, "protocol.bad", "does not speak RPC" },
        { { 1, 0, 0, 0, 2, 4 }, 6, TALON_FAIL, "protocol.bad", "does not speak RPC" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = nfs("nfs");
        const struct answer answer = reply(called(fake, 0), cases[i].words, cases[i].n);

        fake_link_says(fake, FAKE_MS, answer.bytes, answer.n);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void answers_in_pieces(void **unused)
{
    struct fake *fake = nfs("nfs");
    struct answer whole = reply(called(fake, 0), ACCEPTED(0)), fragments = { .n = 0 };

    (void)unused;
    for (size_t i = 0; i < whole.n; i++)
        fake_link_says(fake, FAKE_MS, whole.bytes + i, 1);
    CONCLUDES(fake, TALON_OK, "rpc.ok", "");

    put(&fragments, 8); /* two fragments: the second is the last */
    put(&fragments, called(fake, 0));
    put(&fragments, 1);
    put(&fragments, UINT32_C(0x80000010));
    for (int i = 0; i < 4; i++)
        put(&fragments, 0);
    fake_link_says(fake, FAKE_MS, fragments.bytes, fragments.n);
    CONCLUDES(fake, TALON_OK, "rpc.ok", "");
    fake_free(fake);
}

static void peers_that_do_not_speak_so(void **unused)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *reason, *part;
    } cases[] = {
        { "HTTP/1.1 400 Bad Request\r\n", 26, "protocol.bad", "does not speak RPC, it sent \"HTTP/1.1 400 Bad Request\"" },
        { "SSH-2.0-OpenSSH_9.2\r\n", 21, "protocol.bad", "does not speak RPC" },
        { "\0\0\0\0\0\0\0\0", 8, "protocol.bad", "does not speak RPC" },
        { "\x80\0\0\0", 4, "protocol.bad", "does not speak RPC" },
        { "\x80\0\4\1", 4, "protocol.bad", "does not speak RPC" },
        { "\x80\0\0\x18\0\0\0\0", 8, "protocol.short", "closed the connection within its answer" },
        { "", 0, "connect.closed", "closed the connection without an answer" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = nfs("nfs");

        fake_link(fake, FAKE_MS, NULL);
        if (cases[i].n > 0)
            fake_link_says(fake, FAKE_MS, cases[i].bytes, cases[i].n);
        fake_link_ends(fake, FAKE_MS, NULL);
        CONCLUDES(fake, TALON_FAIL, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void an_answer_to_another_call(void **unused)
{
    struct fake *fake = nfs("nfs");
    const struct answer answer = reply(called(fake, 0) + 1, ACCEPTED(0));

    (void)unused;
    fake_link_says(fake, FAKE_MS, answer.bytes, answer.n);
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "answered another call than ours");
    fake_free(fake);
}

static void connections_that_fail(void **unused)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
        const char *part;
    } cases[] = {
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "connection refused"), TALON_FAIL,
          "cannot connect to nfs at nas.example:2049: connection refused" },
        { FAKE_ERROR(TALON_E_UNREACHABLE, 113, "connect.unreachable", "no route to host"), TALON_FAIL, "no route to host" },
        { FAKE_ERROR(TALON_E_NO_NAME, 0, "dns.none", "no such name"), TALON_FAIL, "no such name" },
        { FAKE_ERROR(TALON_E_RESOLVER, 0, "dns.unreachable", "no answer from the resolver"), TALON_UNKNOWN, "no answer from the resolver" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct talon_link link = { .size = sizeof link, .error = cases[i].error };

        fake = nfs("nfs");
        fake_link(fake, FAKE_MS, &link);
        CONCLUDES(fake, cases[i].status, cases[i].error.token, cases[i].part);
        fake_free(fake);
    }
    fake = nfs("nfs"); /* the kernel answers, nfsd does not */
    fake_link(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "timeout", "connected to nfs at nas.example:2049, but it did not answer");
    fake_free(fake);
}

/* ---- mountd, whose port the portmapper knows ---- */

static void mountd_is_asked_for(void **unused)
{
    static const unsigned char arguments[] = { 0, 1, 0x86, 0xa5, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0, 0 };
    struct fake *fake = nfs("mountd");
    struct answer port, answer;
    const char *sent;
    size_t n;

    (void)unused;
    port = reply(called(fake, 0), ACCEPTED(0, 20048));
    fake_link_says(fake, 0, port.bytes, port.n);
    fake_link(fake, FAKE_MS, NULL);
    fake_advance(fake, FAKE_MS);
    answer = reply(called(fake, 60), ACCEPTED(0));
    fake_link_says(fake, FAKE_MS, answer.bytes, answer.n);
    CONCLUDES(fake, TALON_OK, "rpc.ok", "mountd at nas.example:20048 (version 3) answered");
    assert_int_equal(fake_connected(fake, 0)->to.port, 111);
    assert_int_equal(fake_connected(fake, 1)->to.port, 20048);
    sent = fake_sent(fake, &n);
    assert_int_equal(n, 60 + 44);
    assert_memory_equal(sent + 44, arguments, sizeof arguments);

    port = reply(called(fake, 0), ACCEPTED(0, 0));
    fake_link_says(fake, FAKE_MS, port.bytes, port.n);
    CONCLUDES(fake, TALON_FAIL, "rpc.not_registered", "the portmapper at nas.example:111 does not know mountd (version 3 over TCP)");
    port = reply(called(fake, 0), ACCEPTED(0));
    fake_link_says(fake, FAKE_MS, port.bytes, port.n);
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "the portmapper at nas.example:111 named no port");
    fake_free(fake);
}

static void the_portmapper_itself(void **unused)
{
    struct fake *fake = nfs("portmapper");
    const struct answer answer = reply(called(fake, 0), ACCEPTED(0));

    (void)unused;
    fake_link_says(fake, FAKE_MS, answer.bytes, answer.n);
    CONCLUDES(fake, TALON_OK, "rpc.ok", "the portmapper at nas.example:111 (version 2) answered");
    fake_free(fake);
}

static void wrong_options(void **unused)
{
    static const char *const hosts[] = { "", "nas.example/volume", "a b" };

    (void)unused;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "nfs");

        fake_set(fake, "host", hosts[i]);
        REFUSES(fake, "host", "is no name of a host");
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_lives), cmocka_unit_test(each_verdict),          cmocka_unit_test(answers_in_pieces),
        cmocka_unit_test(peers_that_do_not_speak_so), cmocka_unit_test(an_answer_to_another_call), cmocka_unit_test(connections_that_fail),
        cmocka_unit_test(mountd_is_asked_for), cmocka_unit_test(the_portmapper_itself), cmocka_unit_test(wrong_options),
    };

    return cmocka_run_group_tests_name("plugin mount, NFS", tests, NULL, NULL);
}
