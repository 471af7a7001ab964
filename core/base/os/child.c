/*
 * Starting children: see child.h. Here is what can be done before there is a second process: finding the program, the environment, the descriptors.
 * The rest is in child_linux.c and child_darwin.c.
 */
#include "base/os/child.h"

#include "base/os/child_system.h"
#include "base/os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static const char usual_path[] = "/usr/bin:/bin:/usr/sbin:/sbin";

/* ---- finding the program */

static const char *path_or_ours(const char *path)
{
    const char *ours = path ? path : getenv("PATH");

    return ours && ours[0] ? ours : usual_path;
}

/* 1: a file that can be executed, 0: nothing there, -1: something that cannot. */
static int judge(const char *file)
{
    struct stat st;

    if (stat(file, &st) != 0)
        return errno == EACCES ? -1 : 0;
    return S_ISREG(st.st_mode) && access(file, X_OK) == 0 ? 1 : -1;
}

static int take(const char *file, char *found, size_t found_size)
{
    const int kind = judge(file);

    if (kind != 0)
        snprintf(found, found_size, "%s", file);
    return kind;
}

int child_find(const char *program, const char *path, char *found, size_t found_size)
{
    char file[PATH_SIZE], denied[PATH_SIZE] = "";
    int kind;

    if (strchr(program, '/'))
        return files_absolute(program, NULL, file, sizeof file) ? take(file, found, found_size) : 0;
    if (program[0] == '\0')
        return 0;
    path = path_or_ours(path);
    for (size_t n; *path; path += n + (path[n] == ':')) {
        n = strcspn(path, ":");
        if (path[0] != '/' || snprintf(file, sizeof file, "%.*s/%s", (int)n, path, program) >= (int)sizeof file)
            continue; /* a relative folder, or none, means another program from each working directory */
        kind = take(file, found, found_size);
        if (kind == 1)
            return 1;
        if (kind < 0 && !denied[0])
            memcpy(denied, file, sizeof file);
    }
    if (!denied[0])
        return 0;
    snprintf(found, found_size, "%s", denied);
    return -1;
}

/* ---- the environment */

/* One allocation: the pointers, then the texts. NULL: no memory. */
static char **default_env(const char *path)
{
    /* The last two say which authorities to trust: what asks over TLS would not know of them otherwise. */
    static const char *const names[] = { "PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR" };
    enum { NAMES = sizeof names / sizeof names[0] };
    const char *values[NAMES];
    size_t size = (NAMES + 1) * sizeof(char *), n = 0;
    char **env, *text;

    for (size_t i = 0; i < NAMES; i++) {
        values[i] = i == 0 ? path_or_ours(path) : getenv(names[i]);
        size += values[i] ? strlen(names[i]) + strlen(values[i]) + 2 : 0;
    }
    env = calloc(1, size);
    if (!env)
        return NULL;
    text = (char *)(env + NAMES + 1);
    for (size_t i = 0; i < NAMES; i++) {
        if (!values[i])
            continue;
        env[n++] = text;
        text += snprintf(text, size - (size_t)(text - (char *)env), "%s=%s", names[i], values[i]) + 1;
    }
    return env;
}

/* ---- the descriptors */

/* Above 2, so that putting one in its place cannot overwrite another. Opened or copied ones are added to `opened`. -1: errno. */
static int lift(int fd, int *opened, size_t *n)
{
    int lifted = fd >= 0 ? fd : open("/dev/null", O_RDWR | O_CLOEXEC);

    if (lifted < 0)
        return -1;
    if (fd < 0)
        opened[(*n)++] = lifted;
    if (lifted > 2)
        return lifted;
    lifted = fcntl(lifted, F_DUPFD_CLOEXEC, 3);
    if (lifted >= 0)
        opened[(*n)++] = lifted;
    return lifted;
}

static bool lift_all(const struct child_request *request, struct child_plan *plan, int *opened, size_t *n)
{
    const int given[3] = { request->in, request->out, request->err };

    for (int i = 0; i < 3; i++) {
        plan->fds[i] = lift(given[i], opened, n);
        if (plan->fds[i] < 0)
            return false;
    }
    return true;
}

/* ---- starting */

static pid_t refuse(int error)
{
    errno = error;
    return -1;
}

/* Writes the sentence for a program that is not there, or not to be executed. */
static pid_t not_found(const struct child_request *request, int kind, const char *found, char *why, size_t why_size)
{
    const char *program = request->argv[0];

    if (kind < 0)
        snprintf(why, why_size, "%s is not executable", found);
    else if (strchr(program, '/'))
        snprintf(why, why_size, "%s does not exist", program);
    else if (program[0] == '\0')
        snprintf(why, why_size, "the name of the program is empty");
    else
        snprintf(why, why_size, "%s is not found in %s", program, path_or_ours(request->path));
    return refuse(kind < 0 ? EACCES : ENOENT);
}

static bool folder_good(const char *folder, char *why, size_t why_size)
{
    struct stat st;
    int error = stat(folder, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;

    if (error == 0 && access(folder, X_OK) != 0)
        error = errno;
    if (error != 0)
        snprintf(why, why_size, "the folder %s cannot be entered: %s", folder, strerror(error));
    return error == 0;
}

static pid_t start(const struct child_request *request, struct child_plan *plan, char *why, size_t why_size)
{
    int opened[6], error = 0;
    size_t n = 0;
    pid_t pid = -1;

    if (!lift_all(request, plan, opened, &n))
        error = errno;
    else
        error = child_system_start(plan, &pid);
    while (n > 0)
        close(opened[--n]);
    if (error == 0)
        return pid;
    if (error == ENOENT) /* it was there: then it is a script, and what its first line names is not */
        snprintf(why, why_size, "%s cannot be started: its interpreter does not exist", plan->program);
    else if (error == ENOEXEC)
        snprintf(why, why_size, "%s cannot be started: it is no program of this system, and has no #! line", plan->program);
    else
        snprintf(why, why_size, "%s cannot be started: %s", plan->program, strerror(error));
    return refuse(error);
}

pid_t child_start(const struct child_request *request, char *why, size_t why_size)
{
    char found[PATH_SIZE] = "";
    const int kind = child_find(request->argv[0], request->path, found, sizeof found);
    char **env = NULL;
    struct child_plan plan = {
        .program = found,
        .argv = (char *const *)request->argv, /* exec changes neither: its type is older than const */
        .env = (char *const *)request->env,
        .folder = request->folder ? request->folder : "/",
        .die_with_parent = request->die_with_parent,
        .new_session = request->new_session,
    };
    pid_t pid;
    int error;

    if (kind != 1)
        return not_found(request, kind, found, why, why_size);
    if (!folder_good(plan.folder, why, why_size))
        return refuse(ENOTDIR);
    if (!plan.env) {
        env = default_env(request->path);
        if (!env) {
            snprintf(why, why_size, "there is no memory");
            return refuse(ENOMEM);
        }
        plan.env = env;
    }
    pid = start(request, &plan, why, why_size);
    error = errno;
    free(env);
    errno = error;
    return pid;
}
