/* Drives the talon-host of this build as the core does: see host_drive.h. */
#include "host_drive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 4096, PATIENCE_MS = 10000, MUTTERED = 1 << 20 };

struct driven {
    pid_t pid;
    int fd, err;
    char *bytes;           /* read, not yet a line */
    size_t n, room;
    cJSON *kept[KEPT];     /* not heard yet */
    unsigned n_kept;
    cJSON *heard[KEPT];    /* to be freed at the end */
    unsigned n_heard;
    char *muttered;
    size_t n_muttered;
    bool ended;
    int status;
    unsigned n_ids;
    char ids[KEPT][16];
};

uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void until(bool (*is_so)(void *arg), void *arg)
{
    const uint64_t end = now_ns() + PATIENCE_MS * UINT64_C(1000000);

    while (!is_so(arg)) {
        assert_true(now_ns() < end);
        poll(NULL, 0, 2);
    }
}

/* ---- plugins */

static char folder[64];

static void remove_folder(void)
{
    char command[128];
    const char *const names[] = { "trial.so", "file.so", "disk.so", "exec.so", "tcp.so", "http.so", "other.so", "bare.so" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(command, sizeof command, "%s/%s", folder, names[i]);
        unlink(command);
    }
    rmdir(folder);
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[65536];
    const int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    ssize_t n;

    if (in < 0)
        print_error("%s: %s\n", from, strerror(errno));
    assert_true(in >= 0 && out >= 0);
    while ((n = read(in, bytes, sizeof bytes)) > 0)
        assert_int_equal(write(out, bytes, (size_t)n), n);
    assert_int_equal(fchmod(out, 0755), 0);
    close(in);
    close(out);
}

const char *driven_plugin(const char *built)
{
    static char path[256];
    const char *name = strrchr(built, '/') + 1;
    char from[512];

    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/talon-test-XXXXXX");
        assert_non_null(mkdtemp(folder));
        atexit(remove_folder);
    }
    snprintf(path, sizeof path, "%s/%s.so", folder, name);
    snprintf(from, sizeof from, "%s/%.*s/.libs/%s.so", getenv("builddir") ? getenv("builddir") : ".", (int)(name - built - 1), built, name);
    if (access(path, R_OK) != 0)
        copy_file(from, path);
    return path;
}

const cJSON *driven_load(struct driven *d, const char *built)
{
    driven_say(d, "{\"type\":\"load\",\"plugin\":\"%s\",\"path\":\"%s\"}", strrchr(built, '/') + 1, driven_plugin(built));
    return cJSON_GetObjectItem(driven_hear(d, "described"), "description");
}

/* ---- the process */

static _Noreturn void become_host(int socket, int err)
{
    char program[512];

    snprintf(program, sizeof program, "%s/talon-host", getenv("builddir") ? getenv("builddir") : ".");
    dup2(socket, 0);
    dup2(socket, 1);
    dup2(err, 2);
    execl(program, program, (char *)NULL);
    _exit(127);
}

static struct driven *start(const char *limits, const char *crumb)
{
    struct driven *d = calloc(1, sizeof *d);
    int ends[2], err[2];

    assert_non_null(d);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(pipe(err), 0);
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(err[i], F_SETFD, FD_CLOEXEC);
    }
    d->muttered = calloc(1, MUTTERED);
    d->pid = fork();
    if (d->pid == 0)
        become_host(ends[1], err[1]);
    close(ends[1]);
    close(err[1]);
    d->fd = ends[0];
    d->err = err[0];
    fcntl(d->err, F_SETFL, O_NONBLOCK);
    driven_say(d, "{\"type\":\"hello\",\"protocol\":1,\"version\":\"test\",\"path\":\"/usr/local/bin:/usr/bin:/bin\",\"limits\":{%s}%s%s%s}", limits ? limits : "",
               crumb ? ",\"crumb\":\"" : "", crumb ? crumb : "", crumb ? "\"" : "");
    assert_non_null(driven_hear(d, "hello"));
    return d;
}

struct driven *driven_start(const char *limits)
{
    return start(limits, NULL);
}

struct driven *driven_start_with_crumb(const char *name)
{
    return start(NULL, name);
}

struct driven *driven_trial(const char *limits)
{
    struct driven *d = driven_start(limits);

    driven_load(d, "tests/unit/plugins/trial");
    return d;
}

pid_t driven_pid(const struct driven *d)
{
    return d->pid;
}

int driven_fd(const struct driven *d)
{
    return d->fd;
}

int driven_ends(struct driven *d)
{
    const uint64_t end = now_ns() + PATIENCE_MS * UINT64_C(1000000);

    while (!d->ended) {
        d->ended = waitpid(d->pid, &d->status, WNOHANG) == d->pid;
        assert_true(d->ended || now_ns() < end);
        if (!d->ended)
            poll(NULL, 0, 2);
    }
    return d->status;
}

void driven_free(struct driven *d)
{
    if (!d->ended) {
        kill(d->pid, SIGKILL);
        waitpid(d->pid, NULL, 0);
    }
    close(d->fd);
    close(d->err);
    for (unsigned i = 0; i < d->n_kept; i++)
        cJSON_Delete(d->kept[i]);
    for (unsigned i = 0; i < d->n_heard; i++)
        cJSON_Delete(d->heard[i]);
    free(d->bytes);
    free(d->muttered);
    free(d);
}

void driven_quit(struct driven *d)
{
    int status;

    driven_say(d, "{\"type\":\"quit\"}");
    status = driven_ends(d);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        print_error("the host ended with status %x:\n%s\n", (unsigned)status, driven_stderr(d));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    driven_free(d);
}

const char *driven_stderr(struct driven *d)
{
    ssize_t n;

    while (d->n_muttered < MUTTERED - 1 && (n = read(d->err, d->muttered + d->n_muttered, MUTTERED - 1 - d->n_muttered)) > 0)
        d->n_muttered += (size_t)n;
    return d->muttered;
}

void driven_mutters(struct driven *d, const char *part)
{
    const uint64_t end = now_ns() + PATIENCE_MS * UINT64_C(1000000);

    while (!strstr(driven_stderr(d), part)) {
        if (now_ns() >= end)
            print_error("\"%s\" is not in: %s\n", part, driven_stderr(d));
        assert_true(now_ns() < end);
        poll(NULL, 0, 2);
    }
}

/* ---- lines */

void driven_say(struct driven *d, const char *format, ...)
{
    static char line[1 << 20];
    size_t done = 0;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(line, sizeof line - 1, format, ap);
    va_end(ap);
    assert_true(n > 0 && (size_t)n < sizeof line - 1);
    line[n++] = '\n';
    while (done < (size_t)n) {
        const ssize_t sent = send(d->fd, line + done, (size_t)n - done, MSG_NOSIGNAL);

        assert_true(sent > 0);
        done += (size_t)sent;
    }
}

static void keep(struct driven *d, const char *line, size_t n)
{
    cJSON *message = cJSON_ParseWithLength(line, n);

    if (!message)
        print_error("no JSON: %.*s\n", (int)n, line);
    assert_non_null(message);
    assert_true(d->n_kept < KEPT);
    d->kept[d->n_kept++] = message;
}

/* Takes what is there; false: nothing came within that time, or it is closed. */
static bool fill(struct driven *d, int ms)
{
    struct pollfd p = { .fd = d->fd, .events = POLLIN };
    char *newline;
    ssize_t n;

    if (poll(&p, 1, ms) <= 0)
        return false;
    if (d->n + 65536 > d->room) {
        d->room = d->n + 65536;
        d->bytes = realloc(d->bytes, d->room);
    }
    n = read(d->fd, d->bytes + d->n, 65536);
    if (n <= 0)
        return false;
    d->n += (size_t)n;
    while ((newline = memchr(d->bytes, '\n', d->n))) {
        const size_t length = (size_t)(newline - d->bytes) + 1;

        keep(d, d->bytes, length - 1);
        memmove(d->bytes, d->bytes + length, d->n - length);
        d->n -= length;
    }
    return true;
}

static const cJSON *take(struct driven *d, unsigned i)
{
    cJSON *message = d->kept[i];

    memmove(&d->kept[i], &d->kept[i + 1], (--d->n_kept - i) * sizeof *d->kept);
    assert_true(d->n_heard < KEPT);
    d->heard[d->n_heard++] = message;
    return message;
}

static const cJSON *find(struct driven *d, const char *type, const char *field, const char *value)
{
    for (unsigned i = 0; i < d->n_kept; i++)
        if (strcmp(text_in(d->kept[i], "type"), type) == 0 && (!field || strcmp(text_in(d->kept[i], field), value) == 0))
            return take(d, i);
    return NULL;
}

static const cJSON *wait_for(struct driven *d, const char *type, const char *field, const char *value, unsigned ms)
{
    const uint64_t end = now_ns() + ms * UINT64_C(1000000);
    const cJSON *found;

    while (!(found = find(d, type, field, value)) && now_ns() < end)
        if (!fill(d, (int)((end - now_ns()) / 1000000) + 1) && !find(d, type, field, value))
            break;
    return found ? found : find(d, type, field, value);
}

const cJSON *driven_listen(struct driven *d, const char *type, unsigned ms)
{
    return wait_for(d, type, NULL, NULL, ms);
}

static const cJSON *must(struct driven *d, const cJSON *message, const char *type, const char *which)
{
    if (!message) {
        for (unsigned i = 0; i < d->n_kept && i < 20; i++) {
            char *text = cJSON_PrintUnformatted(d->kept[i]);

            print_error("instead: %s\n", text);
            cJSON_free(text);
        }
        print_error("no `%s` %s came; on standard error: %s\n", type, which, driven_stderr(d));
    }
    assert_non_null(message);
    return message;
}

const cJSON *driven_hear(struct driven *d, const char *type)
{
    return must(d, wait_for(d, type, NULL, NULL, PATIENCE_MS), type, "");
}

const cJSON *driven_log(struct driven *d, const char *part)
{
    const cJSON *log;

    do
        log = must(d, wait_for(d, "log", NULL, NULL, PATIENCE_MS), "log", part);
    while (!strstr(text_in(log, "text"), part));
    return log;
}

unsigned driven_kept(struct driven *d, const char *type)
{
    unsigned n = 0;

    while (fill(d, 0))
        ;
    for (unsigned i = 0; i < d->n_kept; i++)
        n += strcmp(text_in(d->kept[i], "type"), type) == 0;
    return n;
}

/* ---- runs */

static const char *new_id(struct driven *d, char letter)
{
    char *id = d->ids[d->n_ids];

    assert_true(d->n_ids < KEPT);
    snprintf(id, sizeof d->ids[0], "%c%u", letter, ++d->n_ids);
    return id;
}

const char *driven_setup(struct driven *d, const char *operation, const char *conf)
{
    const char *id = new_id(d, 'i');

    driven_say(d, "{\"type\":\"setup\",\"instance\":\"%s\",\"operation\":\"%s\",\"name\":\"service.check\",\"conf\":{%s}}", id, operation, conf);
    must(d, wait_for(d, "ready", "instance", id, PATIENCE_MS), "ready", id);
    return id;
}

const char *driven_begin(struct driven *d, const char *instance, unsigned left_ms, const char *flags)
{
    const char *id = new_id(d, 'r');

    driven_say(d, "{\"type\":\"start\",\"run\":\"%s\",\"instance\":\"%s\",\"left_ns\":\"%u000000\",\"flags\":[%s]}", id, instance, left_ms, flags ? flags : "");
    return id;
}

const cJSON *driven_done(struct driven *d, const char *run)
{
    return must(d, wait_for(d, "done", "run", run, PATIENCE_MS), "done", run);
}

const cJSON *driven_run(struct driven *d, const char *operation, unsigned left_ms, const char *conf)
{
    return driven_done(d, driven_begin(d, driven_setup(d, operation, conf), left_ms, NULL));
}

/* ---- what messages hold */

const char *text_in(const cJSON *message, const char *field)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, field));

    return text ? text : "";
}

double metric_in(const cJSON *done, const char *name)
{
    const cJSON *metric;

    cJSON_ArrayForEach(metric, cJSON_GetObjectItem(done, "metrics"))
    {
        if (strcmp(cJSON_GetArrayItem(metric, 0)->valuestring, name) == 0)
            return cJSON_GetArrayItem(metric, 1)->valuedouble;
    }
    print_error("no metric %s\n", name);
    fail();
    return 0;
}

const char *detail_in(const cJSON *done, const char *name, unsigned n)
{
    const cJSON *detail;

    cJSON_ArrayForEach(detail, cJSON_GetObjectItem(done, "details"))
    {
        if (strcmp(cJSON_GetArrayItem(detail, 0)->valuestring, name) == 0 && n-- == 0)
            return cJSON_GetArrayItem(detail, 1)->valuestring;
    }
    return NULL;
}

void holds(const char *text, const char *part, const char *file, int line)
{
    if (text && strstr(text, part))
        return;
    print_error("\"%s\" does not hold \"%s\"\n", text ? text : "(nothing)", part);
    _fail(file, line);
}

void concluded(const cJSON *done, const char *status, const char *reason, const char *part, const char *file, int line)
{
    if (strcmp(text_in(done, "status"), status) != 0 || strcmp(text_in(done, "reason"), reason) != 0) {
        print_error("%s %s: %s\n", text_in(done, "status"), text_in(done, "reason"), text_in(done, "summary"));
        _fail(file, line);
    }
    holds(text_in(done, "summary"), part, file, line);
}
