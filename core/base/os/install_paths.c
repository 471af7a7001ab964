/* Where Talon's own parts lie: see install_paths.h. */
#include "base/os/install_paths.h"

#include "base/os/install_paths_system.h"

#include <install_dirs.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct {
    char host[INSTALL_PATH_SIZE], core[INSTALL_PATH_SIZE], keeper[INSTALL_PATH_SIZE], plugins[INSTALL_PATH_SIZE], runbooks[INSTALL_PATH_SIZE], modules[INSTALL_PATH_SIZE],
        template[INSTALL_PATH_SIZE], data[INSTALL_PATH_SIZE];
    const char *folders[2];
} found;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* False: too long. */
static bool join(char out[INSTALL_PATH_SIZE], const char *folder, const char *rest)
{
    const size_t n = strlen(folder), more = strlen(rest);

    out[0] = '\0';
    if (n + 1 + more >= INSTALL_PATH_SIZE)
        return false;
    memmove(out, folder, n);
    out[n] = '/';
    memcpy(out + n + 1, rest, more + 1);
    return true;
}

/* Cuts the last part off; what is left of "/x" is "". */
static void cut(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash)
        *slash = '\0';
}

/* Does the folder hold talon-host and plugins/? */
static bool take_build(const char *folder)
{
    char plugins[INSTALL_PATH_SIZE];

    return join(found.host, folder, "talon-host") && is_file(found.host) && join(plugins, folder, "plugins") && is_folder(plugins) &&
           join(found.plugins, folder, "plugins/.libs") && join(found.modules, folder, "plugins/host/.libs") &&
           join(found.template, folder, "plugins/sdk/template") && join(found.data, folder, "share") && join(found.runbooks, folder, "share/runbooks");
}

/* What lies under the prefix, each part by itself: libraries may be elsewhere than programs. */
static void take_installed(const char *prefix)
{
    if (!join(found.host, prefix, "libexec/talon/talon-host") || !is_file(found.host))
        snprintf(found.host, sizeof found.host, "%s/talon-host", TALON_HOSTDIR);
    if (!join(found.plugins, prefix, "lib/talon/plugins") || !is_folder(found.plugins))
        snprintf(found.plugins, sizeof found.plugins, "%s", TALON_PLUGINDIR);
    if (!join(found.runbooks, prefix, "share/talon/runbooks") || !is_folder(found.runbooks))
        snprintf(found.runbooks, sizeof found.runbooks, "%s", TALON_RUNBOOKDIR);
    if (!join(found.template, prefix, "share/talon/template") || !is_folder(found.template))
        snprintf(found.template, sizeof found.template, "%s", TALON_TEMPLATEDIR);
    if (!join(found.data, prefix, "share/talon") || !is_folder(found.data))
        snprintf(found.data, sizeof found.data, "%s", TALON_DATADIR);
    snprintf(found.modules, sizeof found.modules, "%s", found.host);
    cut(found.modules);
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), size = strlen(end);

    return n >= size && strcmp(text + n - size, end) == 0;
}

static void find_parts(void)
{
    char program[INSTALL_PATH_SIZE], folder[INSTALL_PATH_SIZE], beside[INSTALL_PATH_SIZE];
    const bool known = install_system_program(program) != 0;

    found.folders[0] = found.plugins;
    if (!known)
        program[0] = '\0';
    memcpy(folder, program, sizeof folder);
    cut(folder);
    if (ends_with(folder, "/.libs")) /* libtool keeps the program itself there, and a script in its place */
        cut(folder);
    if (take_build(folder)) {
        if (!is_folder(found.runbooks))
            found.runbooks[0] = '\0';
        return;
    }
    memcpy(beside, folder, sizeof beside);
    if (ends_with(folder, "/libexec/talon")) /* talon-host or talon-core asks: from there it is one folder more up to the prefix */
        cut(folder);
    cut(folder);
    take_installed(folder);
    if (ends_with(program, "/talon-host") || ends_with(program, "/talon-core")) { /* they lie together, wherever that is */
        join(found.host, beside, "talon-host");
        memcpy(found.modules, beside, sizeof found.modules);
    }
    if (!is_folder(found.runbooks))
        found.runbooks[0] = '\0';
}

static void find(void)
{
    char folder[INSTALL_PATH_SIZE];

    find_parts();
    memcpy(folder, found.host, sizeof folder);
    cut(folder);
    join(found.core, folder, "talon-core");
    join(found.keeper, folder, "talon-keeper");
}

const char *install_host_program(void)
{
    pthread_once(&once, find);
    return found.host;
}

const char *install_core_program(void)
{
    pthread_once(&once, find);
    return found.core;
}

const char *install_keeper_program(void)
{
    pthread_once(&once, find);
    return found.keeper;
}

const char *const *install_plugin_folders(void)
{
    pthread_once(&once, find);
    return found.folders;
}

const char *install_runbook_folder(void)
{
    pthread_once(&once, find);
    return found.runbooks[0] ? found.runbooks : NULL;
}

const char *install_host_modules(void)
{
    pthread_once(&once, find);
    return found.modules;
}

const char *install_template_folder(void)
{
    pthread_once(&once, find);
    return found.template;
}

const char *install_data_folder(void)
{
    pthread_once(&once, find);
    return found.data;
}
