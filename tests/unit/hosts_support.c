/* See hosts_support.h. */
#include "hosts_support.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t longest = UINT64_C(20) * NS_PER_S;

static int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* ---- before and after */

int bench_begin(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    const char *built = getenv("builddir");
    struct hosts_settings settings = { .host_program = bench->program, .child_path = "/usr/bin:/bin" };

    signal(SIGPIPE, SIG_IGN);
    log_open(&(struct log_settings){ .level = LOG_LEVEL_ERROR });
    snprintf(bench->program, sizeof bench->program, "%s/tests/unit/fake_talon_host", built ? built : ".");
    snprintf(bench->folder, sizeof bench->folder, "%s/talon-hosts-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(bench->folder))
        return -1;
    bench->fds = count_fds();
    bench->loop = loop_create();
    bench->hosts = hosts_create(bench->loop, &settings);
    bench->hosts->times.pause = MS(100);
    bench->hosts->times.longest_pause = MS(400);
    *state = bench;
    return bench->loop && bench->hosts ? 0 : -1;
}

static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[1024];

    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

int bench_end(void **state)
{
    struct bench *bench = *state;
    int status, fds;
    pid_t left;

    hosts_free(bench->hosts);
    ev_loop_destroy(bench->loop);
    log_close();
    fds = count_fds();
    if (fds != bench->fds)
        print_error("%d descriptors were left open\n", fds - bench->fds);
    left = waitpid(-1, &status, WNOHANG);
    if (left >= 0)
        print_error("the child %ld was left\n", (long)left);
    status = fds == bench->fds && left == -1 && errno == ECHILD ? 0 : -1;
    remove_folder(bench->folder);
    free(bench);
    return status;
}

/* ---- the loop */

struct waiting {
    condition_fn *holds;
    const void *arg;
    bool held;
};

static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct waiting *waiting = prepare->data;

    (void)events;
    waiting->held = waiting->holds && waiting->holds(waiting->arg);
    if (waiting->held)
        ev_break(loop, EVBREAK_ONE);
}

static void on_time(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)timer, (void)events;
    ev_break(loop, EVBREAK_ONE);
}

static bool wait_for(struct bench *bench, condition_fn *holds, const void *arg, uint64_t ns)
{
    struct waiting waiting = { .holds = holds, .arg = arg };
    ev_timer timer;
    ev_prepare prepare;

    if (holds && holds(arg))
        return true;
    ev_timer_init(&timer, on_time, (double)ns / 1e9, 0.);
    ev_prepare_init(&prepare, on_prepare); /* the last thing before the loop waits: whatever the turn has brought is done and sent by then */
    ev_set_priority(&prepare, EV_MINPRI);
    prepare.data = &waiting;
    ev_now_update(bench->loop);
    ev_timer_start(bench->loop, &timer);
    ev_prepare_start(bench->loop, &prepare);
    ev_run(bench->loop, 0);
    ev_timer_stop(bench->loop, &timer);
    ev_prepare_stop(bench->loop, &prepare);
    return waiting.held || (holds && holds(arg));
}

void until(struct bench *bench, condition_fn *holds, const void *arg)
{
    if (!wait_for(bench, holds, arg, longest))
        fail_msg("what was awaited did not come within 20 s");
}

void turn(struct bench *bench, uint64_t ns)
{
    wait_for(bench, NULL, NULL, ns);
}

void bench_tick(struct bench *bench, uint64_t ns)
{
    ev_timer *tick = &bench->hosts->tick;

    bench->hosts->times.tick = ns;
    ev_timer_stop(bench->loop, tick);
    ev_timer_set(tick, (double)ns / 1e9, 0.);
    ev_now_update(bench->loop);
    ev_timer_start(bench->loop, tick);
}

const char *bench_file(struct bench *bench, const char *name, const char *text)
{
    static char paths[8][1024];
    static size_t next;
    char *path = paths[next++ % 8];
    FILE *file;

    snprintf(path, sizeof paths[0], "%s/%s", bench->folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

/* ---- descriptions */

static void on_described(void *arg, const char *plugin, const char *text, const char *why)
{
    struct description *description = arg;

    (void)plugin;
    free(description->text);
    description->over = true;
    description->calls++;
    description->text = text ? strdup(text) : NULL;
    snprintf(description->why, sizeof description->why, "%s", why ? why : "");
}

static bool is_described(const void *arg)
{
    return ((const struct description *)arg)->over;
}

void describe(struct bench *bench, const struct hosts_plugin *plugin, struct description *description)
{
    free(description->text);
    *description = (struct description){ .over = false };
    assert_true(hosts_describe(bench->hosts, plugin, on_described, description));
    assert_false(description->over); /* never from within */
    until(bench, is_described, description);
}

void description_free(struct description *description)
{
    free(description->text);
    *description = (struct description){ .over = false };
}

void load_shared(struct bench *bench, const char *name, const char *text)
{
    struct hosts_plugin plugin = { .name = name };
    struct description description = { .over = false };
    char file[128];

    snprintf(file, sizeof file, "%s.so", name);
    plugin.path = bench_file(bench, file, text);
    describe(bench, &plugin, &description);
    if (!description.text)
        fail_msg("%s", description.why);
    description_free(&description);
}

void load_own(struct bench *bench, const char *name, const char *mode)
{
    const char *command[] = { bench->program, mode, NULL };
    struct hosts_plugin plugin = { .name = name, .command = command, .own_host = true };
    struct description description = { .over = false };

    describe(bench, &plugin, &description);
    if (!description.text)
        fail_msg("%s", description.why);
    description_free(&description);
}

/* ---- instances and runs */

static void on_nudge(void *arg)
{
    ((struct use *)arg)->nudges++;
}

static void on_save(void *arg, const void *bytes, size_t n)
{
    struct use *use = arg;

    assert_true(n <= sizeof use->saved);
    memcpy(use->saved, bytes, n);
    use->n_saved = n;
    use->saves++;
}

static void on_done(void *arg, struct result *result)
{
    struct use *use = arg;

    assert_non_null(use->run);
    result_drop(use->result);
    use->result = result;
    use->run = NULL;
    use->done++;
}

struct use *use_operation(struct bench *bench, const char *plugin, const char *operation, const char *name, const char *conf, const char *saved)
{
    struct use *use = calloc(1, sizeof *use);
    struct hosts_instance_request request = {
        .plugin = plugin,
        .operation = operation,
        .name = name,
        .conf = conf,
        .saved = saved,
        .n_saved = saved ? strlen(saved) : 0,
        .nudge = on_nudge,
        .save = on_save,
        .arg = use,
    };

    use->instance = hosts_setup(bench->hosts, &request);
    assert_non_null(use->instance);
    return use;
}

struct use *use_make(struct bench *bench, const char *plugin, const char *name, const char *conf)
{
    return use_operation(bench, plugin, plugin, name, conf, NULL);
}

void use_free(struct use *use)
{
    if (use->instance)
        hosts_teardown(use->instance);
    result_drop(use->result);
    free(use);
}

void use_start(struct use *use, uint64_t timeout, unsigned flags)
{
    unsigned done = use->done;

    assert_null(use->run);
    use->run = hosts_start(use->instance, timeout, flags, on_done, use);
    assert_non_null(use->run);
    assert_int_equal(use->done, done); /* never from within */
}

static bool is_done(const void *arg)
{
    return ((const struct use *)arg)->run == NULL;
}

const struct result *use_wait(struct bench *bench, struct use *use)
{
    until(bench, is_done, use);
    return use->result;
}

static bool is_sent(const void *arg)
{
    return ((const struct use *)arg)->instance->run.id != 0;
}

void use_sent(struct bench *bench, const struct use *use)
{
    until(bench, is_sent, use);
}

const struct result *use_run(struct bench *bench, struct use *use, uint64_t timeout)
{
    use_start(use, timeout, 0);
    return use_wait(bench, use);
}

const char *use_detail(const struct use *use, const char *name)
{
    for (size_t i = 0; use->result && i < use->result->n_details; i++)
        if (strcmp(use->result->details[i].name, name) == 0)
            return use->result->details[i].value;
    fail_msg("the result has no detail %s", name);
    return "";
}

void assert_result(const struct result *result, enum status status, const char *reason)
{
    assert_non_null(result);
    if (result->status != status || strcmp(result->reason, reason) != 0)
        fail_msg("expected %s %s, found %s %s: %s", status_name(status), reason, status_name(result->status), result->reason, result->summary);
}

/* ---- hosts */

static bool find_view(const struct bench *bench, const char *name, struct hosts_view *found)
{
    for (size_t i = 0; hosts_view(bench->hosts, i, found); i++)
        if (strcmp(found->name, name) == 0)
            return true;
    return false;
}

bool has_host(const struct bench *bench, const char *name)
{
    struct hosts_view found;

    return find_view(bench, name, &found);
}

struct hosts_view view(const struct bench *bench, const char *name)
{
    struct hosts_view found = { .name = NULL };

    if (!find_view(bench, name, &found))
        fail_msg("there is no host %s", name);
    return found;
}

void kill_host(const struct bench *bench, const char *name, int number)
{
    pid_t pid = view(bench, name).pid;

    assert_true(pid > 1);
    kill(pid, number);
}

struct awaited {
    struct bench *bench;
    const char *name, *state;
    unsigned deaths;
};

static bool is_in_state(const void *arg)
{
    const struct awaited *awaited = arg;
    struct hosts_view found;

    return find_view(awaited->bench, awaited->name, &found) && (!awaited->state || strcmp(found.state, awaited->state) == 0) &&
           found.deaths >= awaited->deaths;
}

void wait_for_state(struct bench *bench, const char *name, const char *state)
{
    until(bench, is_in_state, &(struct awaited){ .bench = bench, .name = name, .state = state });
}

void wait_for_deaths(struct bench *bench, const char *name, unsigned deaths)
{
    until(bench, is_in_state, &(struct awaited){ .bench = bench, .name = name, .deaths = deaths });
}

const char *conf_once(const struct bench *bench, const char *run, const char *more, int times)
{
    static char conf[512];

    snprintf(conf, sizeof conf, "{\"run\":\"%s\",\"times\":%d,\"file\":\"%s/%s\"%s}", run, times, bench->folder, run, more);
    return conf;
}
