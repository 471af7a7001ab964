/* Which files are read, in which order, which are refused, and what is watched. */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_service(const char *file, const char *name)
{
    char text[200];

    snprintf(text, sizeof text, "service: %s\nenabled: false\n", name);
    support_write(file, text, strlen(text));
}

static const char *in_folder(const char *name)
{
    static char path[2048];

    snprintf(path, sizeof path, "%s/%s", support_folder(), name);
    return path;
}

/* The services in the model, in order: "a b c". */
static const char *names_of(const struct model *model)
{
    static char names[500];
    size_t n = 0;

    names[0] = '\0';
    for (size_t i = 0; i < model->n_services; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i > 0 ? " " : "", model->services[i].name);
    return names;
}

static void assert_services(const char *file, const char *text, const char *expected)
{
    struct model *model = support_model(file, text);

    assert_string_equal(names_of(model), expected);
    model_drop(model);
}

/* ---- which ---- */

static void patterns_read_in_the_order_of_names(void **state)
{
    (void)state;
    write_service("order/b.yaml", "b");
    write_service("order/a.yaml", "a");
    write_service("order/c.yml", "c");
    write_service("order/.hidden.yaml", "hidden");
    write_service("order/a.yaml~", "old");
    write_service("order/ab-x-cd.yaml", "x");
    assert_services("order.yaml", "services: {z: {enabled: false}}\ninclude: [order/*.yaml]\n", "z a x b");
    assert_services("order.yaml", "include: [order/c.*, order/b.yaml, order/a*]\n", "c b a x");
    assert_services("order.yaml", "include: order/*b*c*.yaml\n", "x");
    assert_services("order.yaml", "vars: {what: order}\ninclude: [\"${vars.what}/b.yaml\"]\n", "b");
    assert_services("order.yaml", "include:\nservices:\n", "");
}

static void a_file_reached_twice_is_loaded_once(void **state)
{
    (void)state;
    write_service("twice/a.yaml", "a");
    unlink(in_folder("twice/b.yaml"));
    assert_int_equal(symlink("a.yaml", in_folder("twice/b.yaml")), 0);
    assert_services("twice.yaml", "include: [twice/a.yaml, \"twice/*.yaml\", ./twice/../twice/a.yaml]\n", "a");
}

static void the_main_file_never_includes_itself(void **state)
{
    (void)state;
    write_service("self/a.yaml", "a");
    assert_services("self/talon.yaml", "include: [\"*.yaml\", talon.yaml]\n", "a");
}

static void absolute_paths_and_home(void **state)
{
    char text[4096];

    (void)state;
    write_service("home/a.yaml", "a");
    setenv("HOME", in_folder("home"), 1);
    assert_services("home.yaml", "include: [~/a.yaml]\n", "a");
    snprintf(text, sizeof text, "include: [\"%s\"]\n", in_folder("home/*.yaml"));
    assert_services("home.yaml", text, "a");
}

static void installed_runbooks_are_known(void **state)
{
    static const char text[] = "services: {a: {checks: {x: {load: {}}}, heal: [{run: installed}]}}\n";
    const char *plugins[] = { NULL, NULL };
    char file[2048], runbooks[2048], folder[2048];
    struct config_request request = { .file = file, .plugin_folders = plugins, .runbook_folder = runbooks };
    struct config *config;
    struct model *model;

    (void)state;
    snprintf(folder, sizeof folder, "%s", in_folder("plugins"));
    plugins[0] = folder;
    support_write("installed/r.yaml", "runbook: installed\n", 19);
    snprintf(runbooks, sizeof runbooks, "%s", in_folder("installed"));
    snprintf(file, sizeof file, "%s", support_write("installed.yaml", text, sizeof text - 1));
    config = config_read(&request);
    support_describe(config, false);
    config_check(config);
    model = config_model(config);
    assert_non_null(model);
    assert_string_equal(model->runbooks[0].name, "installed");
    model_drop(model);
    config_free(config);
}

/* ---- which not ---- */

static void what_is_no_file_is_refused_without_being_opened(void **state)
{
    (void)state;
    write_service("odd/a.yaml", "a");
    unlink(in_folder("odd/fifo.yaml"));
    assert_int_equal(mkfifo(in_folder("odd/fifo.yaml"), 0600), 0); /* to open it would wait for a writer */
    mkdir(in_folder("odd/folder.yaml"), 0700);
    assert_string_equal(support_told("odd.yaml", "include: [odd/*.yaml, /dev/tty]\n"),
                        "odd.yaml:1:11: error: `odd/fifo.yaml` cannot be read: it is a FIFO, not a file\n"
                        "odd.yaml:1:11: error: `odd/folder.yaml` cannot be read: it is a directory; name its files, as in `checks/*.yaml`\n"
                        "odd.yaml:1:23: error: `/dev/tty` cannot be read: it is a device or socket, not a file\n");
}

static void a_file_that_may_not_be_read(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip(); /* root may read everything */
    write_service("locked/a.yaml", "a");
    chmod(in_folder("locked/a.yaml"), 0);
    assert_string_equal(support_told("locked.yaml", "include: [locked/a.yaml]\n"), "locked.yaml:1:11: error: `locked/a.yaml` cannot be read: Permission denied\n");
}

static void sizes_and_ends(void **state)
{
    static char large[(1 << 20) + 1];
    char text[64];

    (void)state;
    memset(large, '#', sizeof large);
    support_write("size/large.yaml", large, sizeof large);
    support_write("size/full.yaml", large, sizeof large - 1);
    support_write("size/empty.yaml", "", 0);
    support_write("size/blank.yaml", "\n \n", 3);
    assert_string_equal(support_told("size.yaml", "include: [size/*.yaml]\n"),
                        "size.yaml:1:11: error: `size/large.yaml` cannot be read: it is larger than 1 MiB; divide it\n"
                        "size/blank.yaml:1:1: warning: there is nothing in this file but comments\n"
                        "size/empty.yaml:1:1: error: this file is empty: was it cut short? remove it, or say `enabled: false` in it\n"
                        "size/full.yaml:1:1: warning: there is nothing in this file but comments\n");
    snprintf(text, sizeof text, "include: [size/none*.yaml, nowhere/*.yaml]\n");
    assert_string_equal(support_told("size.yaml", text), "size.yaml:1:11: warning: `size/none*.yaml` names no file\n"
                                                         "size.yaml:1:28: warning: `nowhere/*.yaml` names no file\n");
}

static void problems_of_several_files_stand_in_reading_order(void **state)
{
    (void)state;
    support_write("many/b.yaml", "service: b\nx: 1\n", 16);
    support_write("many/a.yaml", "service: a\ny: 1\nenabled: no\n", 28);
    assert_string_equal(support_told("many.yaml", "include: [many/b.yaml, many/a.yaml]\nzz: 1\n"),
                        "many.yaml:2:1: error: unknown key `zz`\n"
                        "many/b.yaml:1:10: error: the service `b` has no check\n"
                        "many/b.yaml:1:10: note: give it one under `checks:`, or say `enabled: false`\n"
                        "many/b.yaml:2:1: error: unknown key `x`\n"
                        "many/a.yaml:2:1: error: unknown key `y`\n"
                        "many/a.yaml:3:10: error: `enabled` must be true or false: write false, not `no`\n");
}

static void the_main_file_is_missing(void **state)
{
    struct config *config = support_load(in_folder("no-such-file.yaml"));
    struct buffer told = buffer_make(0);

    (void)state;
    support_problems(config, support_folder(), &told);
    assert_string_equal(buffer_string(&told), "no-such-file.yaml:1:1: error: this file cannot be read: No such file or directory\n");
    assert_null(config_model(config));
    assert_string_equal(config_folders(config)[0], in_folder("no-such-file.yaml")); /* it may come */
    buffer_free(&told);
    config_free(config);
}

static void names_of_files_that_are_no_text(void **state)
{
    size_t n, more;
    struct config *config;

    (void)state;
    support_write("names/\xff\n.yaml", "service: a\nx: 1\nenabled: false\n", 31);
    config = support_load_text("names.yaml", "include: [names/*.yaml]\n");
    assert_int_equal(config_errors(config), 1);
    assert_non_null(strstr(config_problems(config, &n, &more)[0].place.file, "names/\xef\xbf\xbd .yaml"));
    config_free(config);
}

/* ---- what is watched ---- */

static bool is_watched(const struct config *config, const char *path)
{
    const char *const *folders = config_folders(config);

    for (size_t i = 0; folders[i]; i++)
        if (strcmp(folders[i], path) == 0)
            return true;
    return false;
}

static void files_and_folders_are_known(void **state)
{
    const struct config_file *files;
    struct config *config;
    struct stat st;
    size_t n;

    (void)state;
    write_service("watch/a.yaml", "a");
    write_service("watched/b.yaml", "b");
    config = support_load_text("watch.yaml", "include: [watch/a.yaml, watched/*.yaml, watch/gone.yaml]\n");
    files = config_files(config, &n);
    assert_int_equal(n, 3);
    assert_string_equal(files[0].path, in_folder("watch.yaml"));
    assert_string_equal(files[1].path, in_folder("watch/a.yaml"));
    assert_int_equal(stat(files[1].path, &st), 0);
    assert_int_equal(files[1].inode, (uint64_t)st.st_ino);
    assert_int_equal(files[1].n, st.st_size);
    assert_true(is_watched(config, in_folder("watched")));
    assert_false(is_watched(config, in_folder("watch")));
    assert_true(is_watched(config, in_folder("watch/gone.yaml")));
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_read_in_the_order_of_names),
        cmocka_unit_test(a_file_reached_twice_is_loaded_once),
        cmocka_unit_test(the_main_file_never_includes_itself),
        cmocka_unit_test(absolute_paths_and_home),
        cmocka_unit_test(installed_runbooks_are_known),
        cmocka_unit_test(what_is_no_file_is_refused_without_being_opened),
        cmocka_unit_test(a_file_that_may_not_be_read),
        cmocka_unit_test(sizes_and_ends),
        cmocka_unit_test(problems_of_several_files_stand_in_reading_order),
        cmocka_unit_test(the_main_file_is_missing),
        cmocka_unit_test(names_of_files_that_are_no_text),
        cmocka_unit_test(files_and_folders_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
