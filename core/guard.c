/*
 * The guard: see guard.h. One loop over two descriptors, the signals' pipe and the core's socket, and a few points in time; no library, nothing allocated but the
 * core's last words. Everything that it waits for ends: a core that is told to stop is killed in the end, one that stands still as well.
 */
#include "guard.h"

#include "base/os/child.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/process.h"
#include "guard_keeper.h"
#include "guard_notify.h"
#include "guard_report.h"
#include "orphans.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND ((uint64_t)NS_PER_S)
#define MS ((uint64_t)NS_PER_MS)
#define NEVER UINT64_MAX

#define STALL (30 * SECOND)          /* until the core says what is configured */
#define TO_SPEAK (500 * MS)          /* from SIGABRT to SIGKILL: time for last words */
#define TO_STOP (10 * SECOND)        /* from SIGTERM to SIGKILL */
#define GOOD (60 * SECOND)           /* a life that needs no pause after it */
#define FIRST_PAUSE (500 * MS)
#define LONGEST_PAUSE (10 * SECOND)
#define CRASH_WINDOW (600 * SECOND)  /* CRASHES in it: safe mode */
#define LONGEST_SWEEP (600 * SECOND)

enum { CRASHES = 3, END_TEXT = 192, PATH = 4096, NO_CONFIG = 3 };

extern char **environ;

struct guard {
    const char *const *argv;
    pid_t core;                /* 0: none */
    int link;                  /* -1: closed */
    bool ready, was_ready, quitting, dying; /* dying: SIGABRT or SIGKILL was sent because it stood still */
    uint64_t start_at;         /* awake: of the next start */
    uint64_t started;          /* elapsed */
    uint64_t heard;            /* awake: of the last beat */
    uint64_t kill_at;          /* awake; NEVER: nothing is to be killed */
    uint64_t stall, pause;
    uint64_t sweep_at, sweep_pause; /* awake */
    uint64_t crashes[CRASHES]; /* elapsed; 0: none */
    char folder[PATH];         /* "": it has not said */
    char end[END_TEXT];        /* why it is being ended; "": it is not */
    char crash[END_TEXT + PATH]; /* of the one before, for the next one */
    char line[GUARD_LINE];
    size_t line_n;
    bool speaking;             /* what comes is last words */
    struct buffer words;
    struct guard_keeper keeper;
    int code;                  /* of the guard */
    bool over;
};

static int signals[2] = { -1, -1 };

/* ---- signals become bytes in a pipe */

static void on_signal(int number)
{
    const int error = errno;
    const unsigned char byte = (unsigned char)number;

    (void)!write(signals[1], &byte, 1);
    errno = error;
}

static bool catch_signals(void)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD };
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    sigset_t none;

    if (pipe(signals) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(signals[i], F_SETFD, FD_CLOEXEC);
        fcntl(signals[i], F_SETFL, O_NONBLOCK);
    }
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return true;
}

/* ---- starting the core */

static void schedule(struct guard *g, uint64_t pause)
{
    g->pause = pause;
    g->start_at = clock_awake() + pause;
}

/* Three crashes within ten minutes: it watches and pages, and repairs nothing. */
static bool is_unsafe(const struct guard *g, uint64_t elapsed)
{
    for (size_t i = 0; i < CRASHES; i++)
        if (g->crashes[i] == 0 || elapsed - g->crashes[i] > CRASH_WINDOW)
            return false;
    return true;
}

static pid_t spawn(struct guard *g, int theirs, uint64_t elapsed, char *why, size_t why_size)
{
    const char *argv[GUARD_WORDS + 5];
    struct child_request request = { .argv = argv, .env = (const char *const *)environ, .in = theirs, .out = STDOUT_FILENO, .err = STDERR_FILENO, .die_with_parent = 1 };
    size_t n = 0;

    for (; g->argv[n] && n < GUARD_WORDS; n++)
        argv[n] = g->argv[n];
    argv[n++] = "--guarded";
    if (is_unsafe(g, elapsed))
        argv[n++] = "--safe";
    if (g->crash[0]) {
        argv[n++] = "--after";
        argv[n++] = g->crash;
    }
    argv[n] = NULL;
    return child_start(&request, why, why_size);
}

static void start_failed(struct guard *g, const char *why)
{
    log_error("the core cannot be started", "why", why, NULL);
    if (!g->was_ready) {
        g->over = true;
        g->code = NO_CONFIG;
    }
    schedule(g, g->pause < LONGEST_PAUSE / 2 && g->pause > 0 ? 2 * g->pause : g->pause == 0 ? FIRST_PAUSE : LONGEST_PAUSE);
}

static void start(struct guard *g)
{
    const struct moment now = clock_moment();
    char why[512] = "no descriptor left";
    int ends[2];

    g->start_at = NEVER;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        start_failed(g, why);
        return;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    g->core = spawn(g, ends[1], now.elapsed, why, sizeof why);
    close(ends[1]);
    if (g->core < 0) {
        g->core = 0;
        close(ends[0]);
        start_failed(g, why);
        return;
    }
    g->link = ends[0];
    g->started = now.elapsed;
    g->heard = now.awake;
    g->kill_at = NEVER;
    g->stall = STALL;
    g->ready = g->dying = g->speaking = false;
    g->end[0] = '\0';
    g->line_n = 0;
    buffer_clear(&g->words);
}

/* ---- hearing it */

static void take_line(struct guard *g, const char *line)
{
    if (strcmp(line, GUARD_BEAT) == 0) {
        g->heard = clock_awake();
        if (g->ready)
            notify_beat();
    } else if (strcmp(line, GUARD_READY) == 0) {
        g->heard = clock_awake();
        g->ready = g->was_ready = true;
        notify_send("READY=1");
    } else if (strncmp(line, GUARD_STALL, sizeof GUARD_STALL - 1) == 0) {
        g->stall = strtoull(line + sizeof GUARD_STALL - 1, NULL, 10);
    } else if (strncmp(line, GUARD_FOLDER, sizeof GUARD_FOLDER - 1) == 0) {
        snprintf(g->folder, sizeof g->folder, "%s", line + sizeof GUARD_FOLDER - 1);
    } else if (strcmp(line, GUARD_KEEP) == 0) {
        if (!g->quitting && !g->over)
            guard_keeper_join(&g->keeper, g->link);
    } else if (strcmp(line, GUARD_WORDS_FOLLOW) == 0) {
        g->speaking = true;
    }
}

static void take_bytes(struct guard *g, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (g->speaking) {
            if (g->words.len < REPORT_SIZE)
                buffer_add(&g->words, bytes + i, n - i < REPORT_SIZE - g->words.len ? n - i : REPORT_SIZE - g->words.len);
            return;
        }
        if (bytes[i] != '\n' && g->line_n < sizeof g->line - 1) {
            g->line[g->line_n++] = bytes[i];
        } else if (bytes[i] == '\n') {
            g->line[g->line_n] = '\0';
            g->line_n = 0;
            take_line(g, g->line);
        }
    }
}

static void hear(struct guard *g)
{
    char bytes[4096];
    ssize_t n = 1;

    while (g->link >= 0 && n > 0) {
        n = read(g->link, bytes, sizeof bytes);
        if (n > 0)
            take_bytes(g, bytes, (size_t)n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            close(g->link);
            g->link = -1;
        }
    }
}

/* ---- its end */

static void describe(const struct guard *g, int status, char *text, size_t n)
{
    const char *before = g->end[0] ? g->end : "", *joint = g->end[0] ? ", then " : "";

    if (WIFSIGNALED(status))
        snprintf(text, n, "%.96s%ssignal %d (%.40s)", before, joint, WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(text, n, "%.96s%sexit code %d", before, joint, WEXITSTATUS(status));
}

static void save_report(struct guard *g, pid_t pid, const char *end, const struct moment *now)
{
    const struct report report = { .pid = pid, .end = end, .lived = now->elapsed - g->started, .wall = now->wall, .words = &g->words };
    char path[PATH], why[512];

    snprintf(g->crash, sizeof g->crash, "%s", end);
    if (!g->folder[0])
        return;
    if (report_save(g->folder, &report, path, sizeof path, why, sizeof why))
        snprintf(g->crash, sizeof g->crash, "%s; see %.3900s", end, path);
    else
        log_warn("the report of a crash was not saved", "why", why, NULL);
}

static void crashed(struct guard *g, pid_t pid, int status)
{
    const struct moment now = clock_moment();
    char end[END_TEXT];

    describe(g, status, end, sizeof end);
    save_report(g, pid, end, &now);
    log_error("the core has crashed and is started again", "end", g->crash, NULL);
    memmove(g->crashes + 1, g->crashes, sizeof g->crashes - sizeof *g->crashes);
    g->crashes[0] = now.elapsed;
    if (now.elapsed - g->started >= GOOD)
        schedule(g, 0);
    else
        schedule(g, g->pause == 0 ? FIRST_PAUSE : 2 * g->pause < LONGEST_PAUSE ? 2 * g->pause : LONGEST_PAUSE);
}

/* One that ends by itself was told to, or has said why it cannot run; the second only counts for the first one: a guard does not end because a core has
 * left something behind that the next one stumbles over. */
static void core_ended(struct guard *g, int status)
{
    const pid_t pid = g->core;

    hear(g);
    if (g->link >= 0)
        close(g->link);
    g->link = -1;
    g->core = 0;
    g->kill_at = NEVER;
    orphans_end_ours();
    if (g->quitting || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        g->over = true;
        g->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == NO_CONFIG && !g->was_ready) {
        g->over = true;
        g->code = NO_CONFIG;
    } else {
        crashed(g, pid, status);
    }
}

/* All children, those of others among them: as process 1, or as the one that adopts what a dead host has left. */
static void reap(struct guard *g)
{
    bool others = false;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == g->core)
            core_ended(g, status);
        else if (!guard_keeper_ended(&g->keeper, pid))
            others = true;
    }
    if (others)
        orphans_end_ours();
}

/* ---- what signals ask for */

static void quit(struct guard *g, int number)
{
    if (!g->quitting)
        notify_send("STOPPING=1");
    if (g->over || !g->core) { /* only programs are waited for, if at all */
        g->over = true;
        guard_keeper_end(&g->keeper, clock_awake());
        return;
    }
    kill(g->core, g->quitting ? SIGKILL : number); /* who asks twice does not want to wait */
    kill(g->core, SIGCONT);
    g->quitting = true;
    g->kill_at = clock_awake() + TO_STOP;
}

static void take_signals(struct guard *g)
{
    unsigned char byte;

    while (read(signals[0], &byte, 1) == 1) {
        if (byte == SIGTERM || byte == SIGINT)
            quit(g, byte);
        else if (byte != SIGCHLD && g->core)
            kill(g->core, byte);
    }
    reap(g);
}

/* ---- time */

/* What an earlier Talon has left behind: after 1 s, so that the core comes first, and again after 2 s, 4 s ..., since its hosts may still be dying. */
static void sweep(struct guard *g, uint64_t now)
{
    if (orphans_end_all() > 0)
        log_warn("ended processes that checks of an earlier Talon had left behind", NULL);
    g->sweep_pause = 2 * g->sweep_pause < LONGEST_SWEEP ? 2 * g->sweep_pause : LONGEST_SWEEP;
    g->sweep_at = now + g->sweep_pause;
}

static void end_stalled(struct guard *g, uint64_t now)
{
    snprintf(g->end, sizeof g->end, "stood still for %" PRIu64 " s%s", (now - g->heard) / SECOND, process_is_stopped(g->core) ? ", since it was stopped" : "");
    log_error("the core is being ended", "why", g->end, NULL);
    g->dying = true;
    g->kill_at = process_is_stopped(g->core) ? now : now + TO_SPEAK; /* one that is stopped hears nothing but SIGKILL */
    kill(g->core, SIGABRT);
}

static void look_at_time(struct guard *g)
{
    const uint64_t now = clock_awake();

    if (g->core && !g->dying && !g->quitting && now - g->heard >= g->stall)
        end_stalled(g, now);
    if (g->core && now >= g->kill_at) {
        kill(g->core, SIGKILL);
        g->kill_at = NEVER;
    }
    if (!g->core && !g->over && now >= g->start_at)
        start(g);
    if (g->over && !g->keeper.told)
        guard_keeper_end(&g->keeper, now);
    guard_keeper_look(&g->keeper, now);
    if (now >= g->sweep_at)
        sweep(g, now);
}

static int next_ms(const struct guard *g)
{
    const uint64_t now = clock_awake();
    uint64_t due = g->start_at < g->kill_at ? g->start_at : g->kill_at;

    if (g->sweep_at < due)
        due = g->sweep_at;
    if (g->keeper.kill_at < due)
        due = g->keeper.kill_at;
    if (g->core && !g->dying && !g->quitting && g->heard + g->stall < due)
        due = g->heard + g->stall;
    if (due <= now)
        return 0;
    return due - now >= 3600 * SECOND ? 3600 * 1000 : (int)((due - now) / MS) + 1;
}

/* A guard that was stopped itself, or got no turn, has not listened: silence of that time proves nothing. */
static void turn(struct guard *g)
{
    struct pollfd fds[2] = { { .fd = signals[0], .events = POLLIN }, { .fd = g->link, .events = POLLIN } };
    const int wait = next_ms(g);
    const uint64_t before = clock_awake();

    poll(fds, g->link >= 0 ? 2 : 1, wait);
    hear(g);
    if (clock_awake() - before > (uint64_t)wait * MS + SECOND)
        g->heard = clock_awake();
    take_signals(g);
    look_at_time(g);
}

int guard_run(const char *const *argv)
{
    struct guard g = { .argv = argv, .link = -1, .start_at = 0, .kill_at = NEVER, .stall = STALL, .sweep_pause = SECOND, .words = buffer_make(REPORT_SIZE),
                       .keeper = { .link = -1, .kill_at = NEVER } };

    log_open(&(struct log_settings){ .level = LOG_LEVEL_INFO, .to_stderr = true });
    notify_begin();
    if (!catch_signals()) {
        fprintf(stderr, "talon run: cannot start: no descriptor left\n");
        return NO_CONFIG;
    }
    process_adopt_orphans();
    g.sweep_at = clock_awake() + g.sweep_pause;
    while (!g.over || g.keeper.pid)
        turn(&g);
    orphans_end_ours();
    buffer_free(&g.words);
    log_close();
    return g.code;
}
