/*
 * The options of every command: long names only, `--name VALUE` or `--name=VALUE`, anywhere among the words. Written by hand because getopt_long is neither
 * POSIX nor the same everywhere (it stops at the first word on macOS), and because an error should name the nearest right option.
 */
#include "cli/cli.h"

#include "base/os/files.h"
#include "base/scalar.h"
#include "base/text.h"

#include <errno.h>
#include <install_dirs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_OPTIONS = 16 };

static const struct cli_option *find(const struct cli_option *options, const char *word, size_t n)
{
    for (; options->name; options++)
        if (strlen(options->name) == n && strncmp(options->name, word, n) == 0)
            return options;
    return NULL;
}

/* What is left to read of one command line. */
struct words {
    int argc, next, kept;
    char **argv;
    const struct cli_option *options;
    const char *usage;
};

/* Prints the sentence and the usage. */
__attribute__((format(printf, 2, 3))) static int refuse(const struct words *words, const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "talon %s: ", words->argv[0]);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\nusage: %s\n", words->usage);
    return CLI_UNKNOWN;
}

static int refuse_unknown(const struct words *words, const char *name, size_t n)
{
    const char *names[MOST_OPTIONS], *nearest;
    char given[64];
    size_t count = 0;

    for (; words->options[count].name && count < MOST_OPTIONS; count++)
        names[count] = words->options[count].name;
    snprintf(given, sizeof given, "%.*s", (int)n, name);
    nearest = text_nearest(given, names, count);
    if (nearest)
        return refuse(words, "there is no option --%s; did you mean --%s?", given, nearest);
    return refuse(words, "there is no option --%s", given);
}

/* Puts the value in its place. 0, or a sentence was printed. */
static int take_value(const struct words *words, const struct cli_option *option, const char *text)
{
    char why[SCALAR_WHY];

    struct cli_list *list = option->value;

    if (option->kind == CLI_TEXT || option->kind == CLI_WORD)
        *(const char **)option->value = text;
    else if (option->kind == CLI_LIST && list->n == CLI_MOST)
        return refuse(words, "--%s: at most %d of them", option->name, CLI_MOST);
    else if (option->kind == CLI_LIST)
        list->all[list->n++] = text;
    else if (!scalar_duration(text, option->value, why))
        return refuse(words, "--%s: %s", option->name, why);
    return 0;
}

/* One word that begins with --; its value may be the next. */
static int take_option(struct words *words, const char *name)
{
    const char *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const struct cli_option *option = find(words->options, name, n);

    if (!option)
        return refuse_unknown(words, name, n);
    if (option->kind != CLI_FLAG) {
        if (equals)
            return take_value(words, option, equals + 1);
        if (words->next == words->argc)
            return refuse(words, "--%s needs a value", option->name);
        return take_value(words, option, words->argv[words->next++]);
    }
    if (equals)
        return refuse(words, "--%s takes no value", option->name);
    *(bool *)option->value = true;
    return 0;
}

static int show_help(const struct words *words)
{
    const struct cli_option *option;
    char name[64];

    printf("usage: %s\n\n", words->usage);
    for (option = words->options; option->name; option++) {
        snprintf(name, sizeof name, "%s%s%s", option->name[1] ? "--" : "-", option->name, option->kind == CLI_DURATION ? " D" : option->kind == CLI_TEXT ? " FILE" : option->kind == CLI_WORD ? " X" : option->kind == CLI_LIST ? " X=Y" : "");
        printf("  %-15s %s\n", name, option->help);
    }
    printf("\ntalon(1) tells more.\n");
    return fflush(stdout) == 0 || errno == EPIPE ? CLI_OK : CLI_UNKNOWN;
}

int cli_options(int argc, char **argv, const struct cli_option *options, const char *usage, int *code)
{
    struct words words = { .argc = argc, .next = 1, .argv = argv, .options = options, .usage = usage };
    bool over = false;

    while (words.next < argc) {
        char *word = argv[words.next++];

        *code = 0;
        if (over || word[0] != '-' || word[1] == '\0') {
            argv[1 + words.kept++] = word;
        } else if (strcmp(word, "--") == 0) {
            over = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            *code = show_help(&words);
            return -1;
        } else {
            *code = word[1] == '-'                                  ? take_option(&words, word + 2)
                    : word[2] == '\0' && find(options, word + 1, 1) ? take_option(&words, word + 1)
                                                                    : refuse(&words, "there are no short options like %s", word);
            if (*code != 0)
                return -1;
        }
    }
    return words.kept;
}

int cli_new_config_file(const char *given, char *file, size_t n)
{
    const char *from_environment = getenv("TALON_CONFIG");

    if (!given && from_environment && from_environment[0])
        given = from_environment;
    if (files_absolute(given ? given : "~/.config/talon/talon.yaml", NULL, file, n))
        return 1;
    fprintf(stderr, "talon: the path of the configuration is too long, or there is no home folder (HOME) to find it in\n");
    return 0;
}

int cli_config_file(const char *given, char *file, size_t n)
{
    const char *from_environment = getenv("TALON_CONFIG");

    if (!cli_new_config_file(given, file, n))
        return 0;
    if (given || (from_environment && from_environment[0]) || access(file, F_OK) == 0)
        return 1;
    if (access(TALON_SYSCONFDIR "/talon/talon.yaml", F_OK) == 0) {
        snprintf(file, n, "%s", TALON_SYSCONFDIR "/talon/talon.yaml");
        return 1;
    }
    fprintf(stderr, "talon: there is no configuration: neither %s nor %s; `talon init` writes one, --config FILE names another\n", file, TALON_SYSCONFDIR "/talon/talon.yaml");
    return 0;
}
