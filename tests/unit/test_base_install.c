/*
 * core/base/os/install_paths: this program copies itself to where a program of Talon could lie and runs the copy, which prints what it finds from
 * there.
 */
#include "base/os/install_paths.h"

#include "base/os/files.h"
#include "temp_folder.h"

#include <install_dirs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program; /* this one */

struct found {
    char host[TEMP_PATH * 2], core[TEMP_PATH * 2], plugins[TEMP_PATH * 2], runbooks[TEMP_PATH * 2], modules[TEMP_PATH * 2], template[TEMP_PATH * 2];
};

static void say(void)
{
    const char *const *folders = install_plugin_folders();

    printf("%s\n%s\n%s\n%s\n%s\n%s\n", install_host_program(), install_core_program(), folders[0], install_runbook_folder() ? install_runbook_folder() : "none",
           install_host_modules(), install_template_folder());
    if (folders[1])
        printf("one more\n");
}

static void copy_to(void **state, const char *name)
{
    struct buffer bytes = buffer_make(0);
    char why[256];

    assert_true(files_read(program, &bytes, why, sizeof why));
    assert_true(files_write(temp_path(state, name), bytes.data, bytes.len, 0755, false, why, sizeof why));
    buffer_free(&bytes);
}

static void folder(void **state, const char *name)
{
    char why[256];

    assert_true(files_make_folder(temp_path(state, name), why, sizeof why));
}

/* Runs FOLDER/name and reads its six lines; what lies in the test's folder is shown relative to it. */
static struct found run(void **state, const char *name)
{
    struct found found = { 0 };
    char *const lines[] = { found.host, found.core, found.plugins, found.runbooks, found.modules, found.template };
    char real[TEMP_PATH * 2], more[16];
    const char *path = temp_path(state, name);
    int ends[2];
    pid_t child;
    FILE *file;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        if (chdir("/") == 0)
            execl(path, path, "say", (char *)NULL);
        _exit(1);
    }
    close(ends[1]);
    file = fdopen(ends[0], "r");
    assert_non_null(file);
    assert_true(chdir(*state) == 0 && getcwd(real, sizeof real) && chdir("/") == 0); /* the temporary folder may lie behind a link */
    for (size_t i = 0; i < 6; i++) {
        const size_t n = strlen(real);

        assert_non_null(fgets(lines[i], sizeof found.host, file));
        lines[i][strcspn(lines[i], "\n")] = '\0';
        if (strncmp(lines[i], real, n) == 0)
            memmove(lines[i], lines[i] + n + 1, strlen(lines[i]) - n);
    }
    assert_null(fgets(more, sizeof more, file));
    fclose(file);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return found;
}

static void expect(struct found found, const char *host, const char *plugins, const char *runbooks, const char *modules)
{
    char beside[TEMP_PATH * 2];

    assert_string_equal(found.host, host);
    snprintf(beside, sizeof beside, "%.*score", (int)(strlen(host) - strlen("host")), host); /* talon-core lies beside it */
    assert_string_equal(found.core, beside);
    assert_string_equal(found.plugins, plugins);
    assert_string_equal(found.runbooks, runbooks);
    assert_string_equal(found.modules, modules);
}

static void a_build_tree_runs_as_it_is(void **state)
{
    copy_to(state, "talon");
    copy_to(state, "talon-host");
    folder(state, "plugins");
    expect(run(state, "talon"), "talon-host", "plugins/.libs", "none", "plugins/host/.libs");
    expect(run(state, "talon-host"), "talon-host", "plugins/.libs", "none", "plugins/host/.libs");
    folder(state, ".libs"); /* where libtool puts a program that it wraps */
    copy_to(state, ".libs/talon");
    assert_string_equal(run(state, ".libs/talon").template, "plugins/sdk/template");
    expect(run(state, ".libs/talon"), "talon-host", "plugins/.libs", "none", "plugins/host/.libs");
}

static void an_installed_tree_may_be_moved(void **state)
{
    folder(state, "moved/bin");
    folder(state, "moved/libexec/talon");
    folder(state, "moved/lib/talon/plugins");
    folder(state, "moved/share/talon/runbooks");
    folder(state, "moved/share/talon/template");
    copy_to(state, "moved/bin/talon");
    copy_to(state, "moved/libexec/talon/talon-host");
    copy_to(state, "moved/libexec/talon/talon-core");
    expect(run(state, "moved/libexec/talon/talon-core"), "moved/libexec/talon/talon-host", "moved/lib/talon/plugins", "moved/share/talon/runbooks",
           "moved/libexec/talon");
    expect(run(state, "moved/bin/talon"), "moved/libexec/talon/talon-host", "moved/lib/talon/plugins", "moved/share/talon/runbooks", "moved/libexec/talon");
    expect(run(state, "moved/libexec/talon/talon-host"), "moved/libexec/talon/talon-host", "moved/lib/talon/plugins", "moved/share/talon/runbooks",
           "moved/libexec/talon");
    assert_string_equal(run(state, "moved/bin/talon").template, "moved/share/talon/template");
    folder(state, "bin"); /* as Homebrew links what it keeps elsewhere */
    assert_int_equal(symlink("../moved/bin/talon", temp_path(state, "bin/talon")), 0);
    expect(run(state, "bin/talon"), "moved/libexec/talon/talon-host", "moved/lib/talon/plugins", "moved/share/talon/runbooks", "moved/libexec/talon");
}

static void what_is_not_beside_it_is_where_it_was_configured(void **state)
{
    struct stat st;
    const bool runbooks = stat(TALON_RUNBOOKDIR, &st) == 0 && S_ISDIR(st.st_mode);

    folder(state, "moved/bin");
    folder(state, "moved/libexec/talon");
    copy_to(state, "moved/bin/talon");
    expect(run(state, "moved/bin/talon"), TALON_HOSTDIR "/talon-host", TALON_PLUGINDIR, runbooks ? TALON_RUNBOOKDIR : "none", TALON_HOSTDIR);
    assert_string_equal(run(state, "moved/bin/talon").template, TALON_TEMPLATEDIR);
    folder(state, "moved/lib/talon/plugins"); /* each part by itself */
    expect(run(state, "moved/bin/talon"), TALON_HOSTDIR "/talon-host", "moved/lib/talon/plugins", runbooks ? TALON_RUNBOOKDIR : "none", TALON_HOSTDIR);
}

static void a_host_elsewhere_finds_all_that_lies_beside_it(void **state)
{
    struct found found;

    folder(state, "odd");
    copy_to(state, "odd/talon-host");
    found = run(state, "odd/talon-host");
    assert_string_equal(found.host, "odd/talon-host");
    assert_string_equal(found.modules, "odd");
    copy_to(state, "odd/talon-core");
    found = run(state, "odd/talon-core");
    assert_string_equal(found.host, "odd/talon-host");
    assert_string_equal(found.core, "odd/talon-core");
    assert_string_equal(found.modules, "odd");
}

int main(int argc, char **argv)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, temp_folder_make, temp_folder_remove)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_build_tree_runs_as_it_is),
        WITH_FOLDER(an_installed_tree_may_be_moved),
        WITH_FOLDER(what_is_not_beside_it_is_where_it_was_configured),
        WITH_FOLDER(a_host_elsewhere_finds_all_that_lies_beside_it),
    };
    char path[TEMP_PATH * 4];

    if (argc > 1) {
        say();
        return 0;
    }
    if (!files_absolute(argv[0], NULL, path, sizeof path))
        return 1;
    program = path;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
