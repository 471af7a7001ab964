/*
 * `talon status --watch`: once a second. On a terminal each look is drawn over the one before, on the screen beside the usual one, which is as it was when this ends,
 * however it is ended. Lines are written over and their rest cleared, so that nothing flickers. Elsewhere one look follows another.
 */
#include "cli/cli.h"
#include "cli/status_show.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const char enter_screen[] = "\033[?1049h\033[?25l", leave_screen[] = "\033[?25h\033[?1049l"; /* xterm's: terminfo calls them smcup, civis, cnorm, rmcup */

static volatile sig_atomic_t ended;

static void on_end(int number)
{
    (void)number;
    ended = 1;
}

/* Only for the sleep to end: the next look is drawn for the new size. */
static void on_size(int number)
{
    (void)number;
}

static void take_signals(void)
{
    struct sigaction action = { .sa_handler = on_end };
    const int ends[] = { SIGINT, SIGTERM, SIGHUP };

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaction(ends[i], &action, NULL);
    action.sa_handler = on_size;
    sigaction(SIGWINCH, &action, NULL);
}

static size_t rows(void)
{
    const char *lines = getenv("LINES");
    struct winsize size;
    const long given = lines ? strtol(lines, NULL, 10) : 0;

    if (given >= 3 && given <= 1000)
        return (size_t)given;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row >= 3 ? size.ws_row : 24;
}

/* What fits of the text, each line with the rest of its row cleared. */
static void draw(struct buffer *out, const char *text)
{
    const size_t room = rows() - 1;
    size_t left = 0;

    buffer_text(out, "\033[H");
    for (size_t row = 0; *text; row++) {
        const size_t n = strcspn(text, "\n");

        if (row < room - 1) {
            buffer_add(out, text, n);
            buffer_text(out, "\033[K\r\n");
        } else {
            left++;
        }
        text += n + (text[n] == '\n');
    }
    if (left > 0)
        buffer_printf(out, "%s... %zu more line%s%s\033[K\r\n", cli_colour("dim"), left, left == 1 ? "" : "s", cli_plain());
    buffer_text(out, "\033[J");
}

static int draw_look(const struct status_look *look)
{
    struct buffer text = buffer_make(0), out = buffer_make(0);
    int printed;

    if (look->trouble[0])
        cli_wrap(&text, look->trouble, 0, 2);
    status_text(look, &text);
    draw(&out, buffer_string(&text));
    out.failed = out.failed || text.failed;
    printed = cli_print(&out);
    buffer_free(&text);
    buffer_free(&out);
    return printed != 0 ? printed : look->code;
}

static void show_screen(const char *sequence)
{
    fputs(sequence, stdout);
    fflush(stdout);
}

int status_watch(const struct ask_place *place, bool json, uint64_t max_age)
{
    const struct timespec second = { .tv_sec = 1 };
    const bool in_place = cli_is_terminal() && !json;
    int code = CLI_UNKNOWN;

    take_signals();
    if (in_place)
        show_screen(enter_screen);
    while (!ended && !cli_reader_is_gone()) {
        struct status_look look;

        status_look(place, max_age, &look);
        code = in_place ? draw_look(&look) : status_print(&look, json);
        status_look_free(&look);
        if (ended || cli_reader_is_gone())
            break;
        nanosleep(&second, NULL);
        if (!in_place && !json && !ended)
            fputs("\n", stdout);
    }
    if (in_place)
        show_screen(leave_screen);
    return code;
}
