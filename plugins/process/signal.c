/*
 * The action `process.signal`: the process of a pid file, or the one that listens on a port (listener.c), is told something by a signal. A number in a file is no proof of who has that number now, so the
 * process must have the name that is expected, must have begun before the file was written, and must be no part of Talon and not the system's first; whatever
 * cannot be seen is not signalled.
 */
#include "signal_action.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { SLACK_S = 2 }; /* between a start as the system counts it and the time of a file */

#define LOOK_AGAIN_NS UINT64_C(50000000)

static const char *const signals[] = { "TERM", "HUP", "INT", "QUIT", "USR1", "USR2", "CONT", "KILL", NULL };
static const int numbers[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGKILL };

const struct talon_option signal_options[] = {
    { .name = "pid_file", TALON_PATH_AT(struct signal_conf, pid_file), .help = "The file that holds its number." },
    { .name = "listens",
      TALON_STRING_AT(struct signal_conf, listens),
      .help = "Instead: it listens on this TCP port, `PORT` or `ADDRESS:PORT`. Who is only connected to it is never meant." },
    { .name = "name",
      TALON_STRING_AT(struct signal_conf, name),
      .flags = TALON_REQUIRED,
      .help = "Its name: the file name of the program, as `ps` shows it. One of another name is left alone." },
    { .name = "signal", TALON_ENUM_AT(struct signal_conf, signal), .choices = signals, .fallback = "TERM", .help = "What it is told." },
    { .name = "gone_within",
      TALON_DURATION_AT(struct signal_conf, gone_within),
      .max = INT64_C(3600000000000),
      .help = "It must have ended within this time; 0: nothing is waited for." },
    { .name = NULL },
};

const struct talon_metric signal_metrics[] = {
    { .name = "gone_time", .unit = "s", .help = "From the signal until it had ended, where that is waited for." },
    { .name = NULL },
};

int signal_validate(const void *given, struct talon_problem *problem)
{
    const struct signal_conf *conf = given;
    struct process_address address;

    problem->option = conf->pid_file || !conf->listens ? "pid_file" : "listens";
    if (!conf->pid_file == !conf->listens) {
        snprintf(problem->text, sizeof problem->text, "say which process by `pid_file` or by `listens`, one of them");
        return 1;
    }
    if (conf->listens && !process_address_read(conf->listens, &address)) {
        snprintf(problem->text, sizeof problem->text, "must be PORT, or ADDRESS:PORT with a numeric address or localhost");
        return 1;
    }
    problem->option = "name";
    if (!conf->name[0] || strchr(conf->name, '/'))
        snprintf(problem->text, sizeof problem->text, "must be a file name without folders, as `ps` shows it");
    else if (strlen(conf->name) >= PROCESS_NAME)
        snprintf(problem->text, sizeof problem->text, "is longer than 63 characters");
    else
        return 0;
    return 1;
}

/* ---- who it is */

/* When it began, seconds since 1970. */
static double began(struct talon_run *run, const struct process_facts *facts)
{
    return (double)run->host->unix_ns(run) / 1e9 - facts->uptime;
}

static int is_ours(pid_t pid, const struct process_facts *facts)
{
    static const char *const names[] = { "talon", "talon-core", "talon-host", "talon-keeper" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(facts->name, names[i]) == 0)
            return 1;
    return pid == getpid() || pid == getppid();
}

/* Where its number stands: in the pid file, or nowhere but at its port. */
static const char *place(const struct signal_conf *conf)
{
    return conf->pid_file ? conf->pid_file : conf->listens;
}

/* Ends the run where this is not the process that is meant; 0: it is. */
static int is_another(struct talon_run *run, const struct process_facts *facts)
{
    const struct signal_conf *conf = run->conf;
    const struct signal_state *state = run->state;
    const long pid = (long)state->pid;

    if (facts->zombie)
        talon_done(run, TALON_FAIL, "process.missing", "process %ld (%s) of %s has ended already: nobody was signalled", pid, facts->name, place(conf));
    else if (is_ours(state->pid, facts))
        talon_done(run, TALON_UNKNOWN, "refused.ours", "process %ld of %s is Talon's own: it was not signalled", pid, place(conf));
    else if (conf->listens) /* who holds the socket now is no question of what a file said once, and its name was looked at */
        return 0;
    else if (!process_is_called(state->pid, facts, conf->name))
        talon_done(run, TALON_UNKNOWN, "refused.other", "process %ld of %s is called %s, not %s: the pid file is stale, nobody was signalled", pid, conf->pid_file,
                   facts->name, conf->name);
    else if (facts->uptime < 0)
        talon_done(run, TALON_UNKNOWN, "refused.other", "nobody can see when process %ld began, so it may be another one than %s names: it was not signalled", pid,
                   conf->pid_file);
    else if (began(run, facts) > (double)state->written + SLACK_S)
        talon_done(run, TALON_UNKNOWN, "refused.other", "process %ld began %s after %s was written: it is another one of that name, it was not signalled", pid,
                   talon_show_time(run, (uint64_t)((began(run, facts) - (double)state->written) * 1e9)), conf->pid_file);
    else
        return 0;
    return 1;
}

/* ---- until it is gone */

static int is_gone(struct talon_run *run)
{
    const struct signal_state *state = run->state;
    struct process_facts facts;
    const enum process_answer answer = process_look(state->pid, &facts);

    if (answer != PROCESS_YES)
        return answer == PROCESS_NO;
    return facts.zombie || (facts.uptime >= 0 && began(run, &facts) > state->began + SLACK_S); /* the number is another's by now */
}

static void look_again(struct talon_run *run, void *arg)
{
    const struct signal_conf *conf = run->conf;
    const struct signal_state *state = run->state;
    const uint64_t waited = run->host->now_ns(run) - state->sent_ns;

    (void)arg;
    if (is_gone(run)) {
        run->host->metric(run, "gone_time", (double)waited / 1e9, "s");
        talon_done(run, TALON_OK, "process.gone", "%s, process %ld, ended %s after SIG%s", conf->name, (long)state->pid, talon_show_time(run, waited),
                   signals[conf->signal]);
    } else if (waited >= conf->gone_within) {
        talon_done(run, TALON_FAIL, "process.lives", "%s, process %ld, still lives %s after SIG%s", conf->name, (long)state->pid, talon_show_time(run, waited),
                   signals[conf->signal]);
    } else {
        run->host->timer(run, LOOK_AGAIN_NS, look_again, NULL);
    }
}

/* ---- the signal */

static void not_sent(struct talon_run *run, int why)
{
    const struct signal_conf *conf = run->conf;
    const struct signal_state *state = run->state;

    if (why == EPERM)
        talon_done(run, TALON_UNKNOWN, "refused.rights", "user %ld may not signal %s, process %ld: sudo kill -%s %ld", (long)geteuid(), conf->name,
                   (long)state->pid, signals[conf->signal], (long)state->pid);
    else if (why == ESRCH)
        talon_done(run, TALON_FAIL, "process.missing", "%s, process %ld, has just ended: nobody was signalled", conf->name, (long)state->pid);
    else
        talon_done(run, TALON_UNKNOWN, "local", "cannot signal %s, process %ld: %s", conf->name, (long)state->pid, strerror(why));
}

static void send(struct talon_run *run)
{
    const struct signal_conf *conf = run->conf;
    struct signal_state *state = run->state;
    const int why = process_kill(state->pid, numbers[conf->signal]);

    state->sent_ns = run->host->now_ns(run);
    if (why != 0)
        not_sent(run, why);
    else if (conf->gone_within > 0)
        look_again(run, NULL);
    else
        talon_done(run, TALON_OK, "process.signalled", "%s, process %ld, was sent SIG%s", conf->name, (long)state->pid, signals[conf->signal]);
}

void signal_found(struct talon_run *run, const struct process_facts *facts)
{
    struct signal_state *state = run->state;

    if (is_another(run, facts))
        return;
    state->began = began(run, facts);
    send(run);
}

void signal_start(struct talon_run *run)
{
    const struct signal_conf *conf = run->conf;
    struct signal_state *state = run->state;
    struct process_facts facts;
    enum process_answer answer;

    if (conf->listens) {
        listener_find(run);
        return;
    }
    state->pid = process_read_pid(run, conf->pid_file, &state->written);
    if (state->pid <= 0)
        return;
    if (state->pid == 1) {
        talon_done(run, TALON_UNKNOWN, "refused.first", "%s names process 1, the system's first: it is never signalled", conf->pid_file);
        return;
    }
    answer = process_look(state->pid, &facts);
    if (answer == PROCESS_NO) {
        talon_done(run, TALON_FAIL, "process.missing", "process %ld of %s does not run: nobody was signalled", (long)state->pid, conf->pid_file);
    } else if (answer == PROCESS_HIDDEN) {
        talon_done(run, TALON_UNKNOWN, "refused.rights", "user %ld may not see who process %ld is, so it is not signalled: sudo kill -%s %ld, if it is %s",
                   (long)geteuid(), (long)state->pid, signals[conf->signal], (long)state->pid, conf->name);
    } else {
        signal_found(run, &facts);
    }
}
