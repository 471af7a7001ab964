/* talon: one program, one word for each thing it can do. This file only finds the command. */
#include "base/text.h"
#include "cli/cli.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command {
    const char *name;
    int (*call)(int argc, char **argv);
    const char *what;
} commands[] = {
    { "run", cli_run, "watch, always on, in the foreground; launchd and systemd start this" },
    { "check", cli_check, "run every check (or the named ones) once, now; never heals, never writes" },
    { "status", cli_status, "what the running daemon concludes" },
    { "reload", cli_reload, "the running daemon reads its configuration again, whole or not at all" },
    { "why", cli_why, "of a service, check or incident: the chain from its result to its root cause, and what can be done" },
    { "silence", cli_silence, "tell nobody of a service for a while; --until-ok, --end" },
    { "pause", cli_pause, "repair nothing for a while; `resume` ends it" },
    { "resume", cli_resume, "repair goes on" },
    { "ack", cli_ack, "somebody is on that incident: it is not told of again" },
    { "heal", cli_heal, "repair a service by hand, through the same limits; --dry-run shows what would be done" },
    { "notify", cli_notify, "how the channels to people are; `notify test` sends a message through them" },
    { "limits", cli_limits, "what bounds repair: used up, and what refuses now until when; --rearm" },
    { "incidents", cli_incidents, "what is open and was lately; of one its timeline" },
    { "history", cli_history, "of a check: a row of its states, and a table; --since D" },
    { "uptime", cli_uptime, "how much of the last day, week, month, quarter and year services were up" },
    { "log", cli_log, "the daemon's log; -f goes on with it" },
    { "ping", cli_ping, "a job says how it went, for a `push` check" },
    { "job", cli_job, "NAME -- COMMAND: run it, and tell a `push` check how it went" },
    { "programs", cli_programs, "those that Talon keeps running; start, stop, restart NAME" },
    { "validate", cli_validate, "every error of the configuration, with file, line and column" },
    { "config", cli_config, "show: the effective values, and the file and line each came from" },
    { "rehearse", cli_rehearse, "a written timeline of failures through the configuration, in simulated time; nothing is executed" },
    { "plugin", cli_plugin, "list, info NAME, schema: what plugins can do; new NAME, test FILE: for authors; clear NAME: out of quarantine" },
    { "init", cli_init, "look around on this host and write a first configuration" },
    { "migrate", cli_migrate, "print what the configuration of the old program is in the new form" },
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static int help(FILE *to)
{
    fprintf(to, "talon watches one host and everything stacked on it.\n\nusage: talon COMMAND [OPTION...]\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-10s%s\n", commands[i].name, commands[i].what);
    fprintf(to, "\n`talon COMMAND --help` shows its options; talon(1) and talon.yaml(5) tell the rest.\n");
    return to == stderr ? CLI_UNKNOWN : CLI_OK;
}

static int unknown(const char *word)
{
    const char *names[COMMANDS], *nearest;

    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    nearest = text_nearest(word, names, COMMANDS);
    fprintf(stderr, "talon: there is no command `%s`", word);
    if (nearest)
        fprintf(stderr, "; did you mean `%s`?", nearest);
    fprintf(stderr, " (`talon --help` lists them)\n");
    return CLI_UNKNOWN;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a reader that has gone is no error, and a peer that hangs up is told by write() */
    signal(SIGXFSZ, SIG_IGN); /* nor is a file that may not grow: write() tells that, too */
    if (argc < 2)
        return help(stderr);
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].call(argc - 1, argv + 1);
    if (strcmp(argv[1], "help") == 0 || ((strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) && argc == 2))
        return help(stdout);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        printf("talon %s\n", TALON_VERSION);
        return CLI_OK;
    }
    if (argv[1][0] == '-')
        return cli_old(argc, argv);
    return unknown(argv[1]);
}
