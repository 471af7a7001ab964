/* Loading plugins into the real host: files that are not to be trusted or are none, options of every type, and what is wrong with them. */
#include "host_drive.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files */

static const char *refusal(struct driven *d, const char *name, const char *path)
{
    const cJSON *refused;

    driven_say(d, "{\"type\":\"load\",\"plugin\":\"%s\",\"path\":\"%s\"}", name, path);
    refused = driven_hear(d, "refused");
    assert_string_equal(text_in(refused, "plugin"), name);
    assert_string_equal(text_in(refused, "reason"), "plugin.refused");
    return text_in(refused, "text");
}

static void refuses_what_others_may_write(void **unused)
{
    struct driven *d = driven_start(NULL);
    const char *path = driven_plugin("tests/unit/plugins/trial");
    char folder[256];

    (void)unused;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    assert_int_equal(chmod(path, 0775), 0);
    HOLDS(refusal(d, "trial", path), "others may write: run chmod go-w");
    assert_int_equal(chmod(path, 0757), 0);
    HOLDS(refusal(d, "trial", path), "others may write");
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    HOLDS(refusal(d, "trial", path), "whose folder ");
    assert_int_equal(chmod(folder, 0700), 0);
    if (geteuid() == 0) { /* only root can make a file another user's */
        assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
        HOLDS(refusal(d, "trial", path), "belongs to another user (uid 12345)");
        assert_int_equal(chown(path, 0, (gid_t)-1), 0);
    }
    driven_load(d, "tests/unit/plugins/trial");
    driven_quit(d);
}

/* A link is as good as the file, but its own folder counts too. */
static void sees_through_links(void **unused)
{
    struct driven *d = driven_start(NULL);
    const char *path = driven_plugin("tests/unit/plugins/trial");
    char link_path[300], open_folder[] = "/tmp/talon-test-XXXXXX";

    (void)unused;
    assert_non_null(mkdtemp(open_folder));
    assert_int_equal(chmod(open_folder, 0777), 0);
    snprintf(link_path, sizeof link_path, "%s/trial.so", open_folder);
    assert_int_equal(symlink(path, link_path), 0);
    HOLDS(refusal(d, "trial", link_path), "others may write");
    unlink(link_path);
    rmdir(open_folder);
    driven_quit(d);
}

static void refuses_what_is_no_plugin(void **unused)
{
    struct driven *d = driven_start(NULL), *fresh = driven_start(NULL);
    const char *path = driven_plugin("tests/unit/plugins/trial");
    char other[300];
    int fd;

    (void)unused;
    HOLDS(refusal(d, "trial", "/nowhere/trial.so"), "cannot load /nowhere/trial.so: No such file");
    HOLDS(refusal(d, "trial", "trial.so"), "its path must be absolute");
    HOLDS(refusal(d, "renamed", path), "calls itself trial, not renamed");
    snprintf(other, sizeof other, "%.*s/other.so", (int)(strrchr(path, '/') - path), path);
    assert_int_equal(link(path, other), 0);
    HOLDS(refusal(d, "other", other), "calls itself trial: the file must be named trial.so");
    unlink(other);
    fd = open(other, O_WRONLY | O_CREAT, 0755);
    assert_int_equal(write(fd, "no object\n", 10), 10);
    close(fd);
    HOLDS(refusal(fresh, "other", other), "cannot load "); /* another host: a file that was opened once is never opened again */
    unlink(other);
    HOLDS(refusal(d, "bare", driven_plugin("tests/unit/plugins/bare")), "exports no talon_plugin_descriptor");
    driven_load(d, "tests/unit/plugins/trial");
    driven_load(d, "tests/unit/plugins/trial"); /* again: known */
    HOLDS(refusal(d, "trial", "/elsewhere/trial.so"), "another file needs a host of its own");
    driven_quit(d);
    driven_quit(fresh);
}

/* ---- options */

static void fills_every_type(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.options", 10000,
                                   "\"string\":\"s\",\"path\":\"/p\",\"pem\":\"-----BEGIN X-----\",\"whole\":\"-5\",\"number\":0.25,\"flag\":false,\"choice\":\"red\","
                                   "\"duration\":\"1500\",\"size\":\"18446744073709551615\",\"list\":[\"a\",\"b\"],\"map\":{\"k\":\"v\",\"l\":\"w\"},"
                                   "\"address\":{\"host\":\"db.example\",\"port\":5432},\"pattern\":\"a+\",\"nested\":{\"text\":\"t\",\"flag\":true},"
                                   "\"table\":[{\"name\":\"r1\",\"value\":\"1\"},{\"name\":\"r2\"}]");

    (void)unused;
    CONCLUDED(done, "ok", "trial.ok", "told");
    assert_string_equal(detail_in(done, "texts", 0), "s|/p|pem");
    assert_string_equal(detail_in(done, "numbers", 0), "-5|0.25|0|0|1500|18446744073709551615");
    assert_string_equal(detail_in(done, "list", 1), "b");
    assert_string_equal(detail_in(done, "l", 0), "w");
    assert_string_equal(detail_in(done, "address", 0), "db.example 5432");
    assert_string_equal(detail_in(done, "nested", 0), "t|1");
    assert_string_equal(detail_in(done, "r1", 0), "1");
    assert_string_equal(detail_in(done, "r2", 0), "5");
    driven_quit(d);
}

static void fills_defaults(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.options", 10000, "\"address\":null");

    (void)unused;
    assert_string_equal(detail_in(done, "texts", 0), "-|-|-");
    assert_string_equal(detail_in(done, "numbers", 0), "3|1.5|1|1|60000000000|2048");
    assert_string_equal(detail_in(done, "address", 0), "127.0.0.1 80");
    assert_string_equal(detail_in(done, "nested", 0), "inner|0");
    done = driven_run(d, "trial.options", 10000, "\"address\":{\"unix\":\"/x.sock\"}");
    assert_string_equal(detail_in(done, "address", 0), "/x.sock");
    driven_quit(d);
}

static void problem(struct driven *d, const char *conf, const char *option, const char *part)
{
    const cJSON *refused, *first;

    driven_say(d, "{\"type\":\"validate\",\"id\":\"v\",\"operation\":\"trial.options\",\"conf\":{%s}}", conf);
    refused = driven_hear(d, "refused");
    first = cJSON_GetArrayItem(cJSON_GetObjectItem(refused, "problems"), 0);
    assert_string_equal(text_in(refused, "id"), "v");
    assert_string_equal(text_in(first, "option"), option);
    HOLDS(text_in(first, "text"), part);
}

static void finds_what_is_wrong(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *refused;

    (void)unused;
    problem(d, "\"string\":5", "string", "another type");
    problem(d, "\"nothing\":5", "nothing", "is no option");
    problem(d, "\"path\":\"relative\"", "path", "absolute");
    problem(d, "\"pem\":\"text\"", "pem", "neither an absolute path nor PEM text");
    problem(d, "\"pem\":\"/nowhere/key.pem\"", "pem", "/nowhere/key.pem cannot be read: No such file");
    problem(d, "\"whole\":\"6\"", "whole", "must be from -5 to 5");
    problem(d, "\"whole\":\"x\"", "whole", "decimal digits");
    problem(d, "\"whole\":6", "whole", "another type");
    problem(d, "\"duration\":\"-1\"", "duration", "decimal digits");
    problem(d, "\"size\":\"18446744073709551616\"", "size", "decimal digits");
    problem(d, "\"choice\":\"blue\"", "choice", "none of its choices");
    problem(d, "\"list\":[1]", "list", "a list of strings");
    problem(d, "\"map\":{\"a\":1}", "map", "a map of strings");
    problem(d, "\"address\":{\"host\":\"a\",\"port\":0}", "address", "a port from 1 to 65535");
    problem(d, "\"pattern\":\"(\"", "pattern", "is no regular expression");
    problem(d, "\"nested\":{\"flag\":1}", "nested.flag", "another type");
    problem(d, "\"nested\":[]", "nested", "a map of options");
    problem(d, "\"table\":[{\"name\":\"a\"},{}]", "table.2.name", "is required");
    problem(d, "\"table\":[5]", "table", "its item 1 must be a map");
    problem(d, "\"string\":\"bad\"", "string", "is bad, as it says"); /* only the plugin knows */
    driven_say(d, "{\"type\":\"validate\",\"id\":\"w\",\"operation\":\"trial.options\",\"conf\":{\"string\":\"good\"}}");
    assert_string_equal(text_in(driven_hear(d, "ready"), "id"), "w");
    driven_say(d, "{\"type\":\"setup\",\"instance\":\"i\",\"operation\":\"trial.options\",\"name\":\"a.b\",\"conf\":{\"whole\":\"6\"}}");
    refused = driven_hear(d, "refused");
    assert_string_equal(text_in(refused, "instance"), "i");
    assert_false(cJSON_IsTrue(cJSON_GetObjectItem(refused, "again")));
    driven_say(d, "{\"type\":\"validate\",\"id\":\"x\",\"operation\":\"none.such\",\"conf\":{}}");
    assert_string_equal(text_in(driven_hear(d, "refused"), "reason"), "plugin.no_operation");
    driven_say(d, "{\"type\":\"setup\",\"instance\":\"i\",\"operation\":\"none.such\",\"name\":\"a.b\",\"conf\":{}}");
    assert_string_equal(text_in(driven_hear(d, "refused"), "reason"), "plugin.no_operation");
    driven_quit(d);
}

/* ---- patterns */

static void matches(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    CONCLUDED(driven_run(d, "trial.match", 10000, "\"pattern\":\"l+\",\"text\":\"hello\""), "ok", "trial.ok", "1 2-4");
    CONCLUDED(driven_run(d, "trial.match", 10000, "\"pattern\":\"(h)(e)(l)\",\"text\":\"hello\""), "ok", "trial.ok", "1 0-3");
    CONCLUDED(driven_run(d, "trial.match", 10000, "\"pattern\":\"x\",\"text\":\"hello\""), "ok", "trial.ok", "0 0-0");
    CONCLUDED(driven_run(d, "trial.match", 10000, "\"pattern\":\"^.$\",\"text\":\"\\u00e9\""), "ok", "trial.ok", "1 0-2"); /* characters, not bytes */
    CONCLUDED(driven_run(d, "trial.match", 10000, "\"text\":\"hello\""), "ok", "trial.ok", "0 0-0"); /* none was given */
    driven_quit(d);
}

/* Exponential on this text: given up in bounded time, counts as not found, and is said. */
static void bounds_matches(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.match", 10000, "\"pattern\":\"^(a+)+$\",\"text\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"");

    (void)unused;
    CONCLUDED(done, "ok", "trial.ok", "0 0-0");
    assert_true(strtoull(text_in(done, "duration_ns"), NULL, 10) < UINT64_C(2000000000));
    driven_log(d, "too expensive");
    CONCLUDED(driven_run(d, "trial.match", 10000, "\"pattern\":\"needle\",\"text\":\"0123456789\",\"repeat\":\"1000000\""), "ok", "trial.ok", "0 0-0");
    driven_quit(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_others_may_write),
        cmocka_unit_test(sees_through_links),
        cmocka_unit_test(refuses_what_is_no_plugin),
        cmocka_unit_test(fills_every_type),
        cmocka_unit_test(fills_defaults),
        cmocka_unit_test(finds_what_is_wrong),
        cmocka_unit_test(matches),
        cmocka_unit_test(bounds_matches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
