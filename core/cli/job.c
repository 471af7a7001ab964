/*
 * `talon job NAME -- COMMAND...`: runs a command and tells the daemon that it begins, how it ended, how long it took and what it said last. Its output and its exit code
 * go through as they are, so that a line in a crontab stays what it was. A daemon that cannot be told is said to standard error and changes nothing else: a watchdog
 * must not keep a backup from running.
 */
#include "base/moment.h"
#include "base/os/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/people.h"
#include "cli/push.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char usage[] = "talon job NAME [--config FILE] -- COMMAND [ARGUMENT...]";

enum { ANSWER_MAX = 64 << 10, TAIL = 1500, CHUNK = 16 << 10, NOT_FOUND = 127, BY_SIGNAL = 128 };

struct stream {
    int from, to; /* from -1: it has ended */
};

struct job {
    const char *name;
    struct ask_place place;
    pid_t pid;
    struct stream streams[2]; /* standard output, standard error */
    char tail[TAIL];          /* the last of what both said, as it came */
    size_t n;
    int status;               /* of waitpid() */
    bool ended;
};

static int wake[2] = { -1, -1 };
static volatile sig_atomic_t child; /* 0: there is none */

static void on_signal(int number)
{
    const int error = errno;

    if (number != SIGCHLD && child > 0)
        kill((pid_t)child, number);
    while (write(wake[1], "", 1) < 0 && errno == EINTR)
        continue;
    errno = error;
}

/* ---- what it says */

static void keep(struct job *job, const char *bytes, size_t n)
{
    if (n > TAIL) {
        bytes += n - TAIL;
        n = TAIL;
    }
    if (job->n + n > TAIL) {
        const size_t over = job->n + n - TAIL;

        memmove(job->tail, job->tail + over, job->n - over);
        job->n -= over;
    }
    memcpy(job->tail + job->n, bytes, n);
    job->n += n;
}

/* A reader that has gone is the command's trouble no more than ours: it goes on, unheard. */
static void pass_on(int to, const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(to, bytes, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        bytes += done;
        n -= (size_t)done;
    }
}

/* False: there is nothing now. */
static bool read_some(struct job *job, struct stream *stream)
{
    char bytes[CHUNK];
    const ssize_t n = read(stream->from, bytes, sizeof bytes);

    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (n <= 0) {
        close(stream->from);
        stream->from = -1;
        return false;
    }
    keep(job, bytes, (size_t)n);
    pass_on(stream->to, bytes, (size_t)n);
    return true;
}

static void look_for_end(struct job *job)
{
    char bytes[16];
    pid_t found;

    while (read(wake[0], bytes, sizeof bytes) > 0)
        continue;
    do
        found = waitpid(job->pid, &job->status, WNOHANG);
    while (found < 0 && errno == EINTR);
    job->ended = found == job->pid || (found < 0 && errno == ECHILD);
}

/* Until the command has ended; what it left behind may keep its streams, and is not waited for. */
static void listen_to(struct job *job)
{
    while (!job->ended) {
        struct pollfd fds[3] = { { .fd = job->streams[0].from, .events = POLLIN }, { .fd = job->streams[1].from, .events = POLLIN }, { .fd = wake[0], .events = POLLIN } };

        if (poll(fds, 3, -1) < 0)
            continue;
        for (int i = 0; i < 2; i++)
            if (fds[i].revents != 0)
                read_some(job, &job->streams[i]);
        if (fds[2].revents != 0)
            look_for_end(job);
    }
    child = 0;
    for (int i = 0; i < 2; i++)
        while (job->streams[i].from >= 0 && read_some(job, &job->streams[i]))
            continue;
}

/* ---- its life */

static bool open_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return false;
    for (int i = 0; i < 2; i++)
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

static void take_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    const int numbers[] = { SIGCHLD, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
    action.sa_handler = SIG_IGN; /* the terminal sends these to the command as well, and how it ends is what counts */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGQUIT, &action, NULL);
}

/* 0, or errno. The command has the signals as they usually are. */
static int spawn(struct job *job, char **command, int out, int err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t usual;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        sigemptyset(&usual);
        sigaddset(&usual, SIGINT);
        sigaddset(&usual, SIGQUIT);
        sigaddset(&usual, SIGPIPE);
        sigaddset(&usual, SIGXFSZ);
        posix_spawnattr_setsigdefault(&attributes, &usual);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
        error = posix_spawnp(&job->pid, command[0], &actions, &attributes, command, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* 0, or errno. */
static int begin(struct job *job, char **command)
{
    int out[2], err[2], error;

    if (!open_pipe(wake) || fcntl(wake[1], F_SETFL, O_NONBLOCK) != 0 || !open_pipe(out) || !open_pipe(err))
        return errno;
    take_signals();
    error = spawn(job, command, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    job->streams[0] = (struct stream){ out[0], STDOUT_FILENO };
    job->streams[1] = (struct stream){ err[0], STDERR_FILENO };
    child = error == 0 ? (sig_atomic_t)job->pid : 0;
    return error;
}

/* ---- what the daemon is told */

static void report(const struct job *job, const struct buffer *said)
{
    struct buffer body = buffer_make(ANSWER_MAX);

    if (said->failed || !push_report("talon job", &job->place, job->name, buffer_string(said), &body))
        fprintf(stderr, "talon job: the command is run all the same; the check %s does not know of it\n", job->name);
    buffer_free(&body);
}

static void report_start(const struct job *job)
{
    struct buffer said = buffer_make(0);

    buffer_text(&said, "{\"status\":\"start\"}");
    report(job, &said);
    buffer_free(&said);
}

static void report_end(const struct job *job, int code, const char *message, uint64_t took)
{
    struct buffer said = buffer_make(0);

    buffer_printf(&said, "{\"status\":\"%s\",\"exit\":%d,\"took_ms\":%llu", code == 0 ? "ok" : "fail", code, (unsigned long long)(took / NS_PER_MS));
    people_say(&said, "message", message);
    buffer_text(&said, ",\"tail\":");
    text_json(&said, job->tail, job->n);
    buffer_text(&said, "}");
    report(job, &said);
    buffer_free(&said);
}

static int code_of(const struct job *job)
{
    if (WIFEXITED(job->status))
        return WEXITSTATUS(job->status);
    return WIFSIGNALED(job->status) ? BY_SIGNAL + WTERMSIG(job->status) : CLI_UNKNOWN;
}

static int run(struct job *job, char **command)
{
    const uint64_t began = clock_awake();
    char message[256] = "";
    int error, code;

    report_start(job);
    error = begin(job, command);
    if (error != 0) {
        snprintf(message, sizeof message, "%.100s cannot be run: %s", command[0], strerror(error));
        fprintf(stderr, "talon job: %s\n", message);
        code = error == ENOENT ? NOT_FOUND : NOT_FOUND - 1;
    } else {
        listen_to(job);
        code = code_of(job);
        if (WIFSIGNALED(job->status))
            snprintf(message, sizeof message, "ended by signal %d (%s)", WTERMSIG(job->status), strsignal(WTERMSIG(job->status)));
    }
    report_end(job, code, message, clock_awake() - began);
    return code;
}

int cli_job(int argc, char **argv)
{
    const char *config = NULL;
    struct cli_option options[] = { CLI_CONFIG(&config), CLI_NO_MORE };
    int code, words = cli_options(argc, argv, options, usage, &code);
    struct job job = { .pid = -1 };

    if (words < 0)
        return code;
    if (words < 2 || !people_is_name(argv[1]))
        return people_refuse(usage, "talon job: needs the name of a `push` check and, after --, the command");
    job.name = argv[1];
    ask_find(config, &job.place);
    argv[1 + words] = NULL; /* argv[argc] is one, and options that stood among the words left room before it */
    return run(&job, argv + 2);
}
