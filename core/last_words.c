/*
 * Last words: see last_words.h. What happens in the handler is safe there: write(), and backtrace_symbols_fd(), which is when its library is loaded already
 * (backtrace(3)); so it is called once in peace. The handler has a stack of its own, since an overflown one is a reason to be called.
 */
#define _DEFAULT_SOURCE /* sigaltstack and its flag are no part of POSIX.1-2008's base */
#define _DARWIN_C_SOURCE
#include "last_words.h"

#include "base/os/log.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_BACKTRACE_SYMBOLS_FD
#include <execinfo.h>
#endif

enum { FRAMES = 64, STACK = 64 << 10 };

static int to = -1;
static const char *heading;

static void say(const char *text)
{
    (void)!write(to, text, strlen(text));
}

static void say_stack(void)
{
#ifdef HAVE_BACKTRACE_SYMBOLS_FD
    void *frames[FRAMES];

    backtrace_symbols_fd(frames, backtrace(frames, FRAMES), to);
#else
    say("(this system's C library cannot show the stack)\n");
#endif
}

static const char *name_of(int number)
{
    switch (number) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    default:
        return "SIGABRT";
    }
}

static void on_crash(int number)
{
    say(heading);
    say(name_of(number));
    say(" in:\n");
    say_stack();
    say("\nThe last lines of the log:\n");
    log_recent(to);
    signal(number, SIG_DFL);
    raise(number);
}

void last_words_begin(int fd, const char *head)
{
    static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    static unsigned char memory[STACK];
    const stack_t stack = { .ss_sp = memory, .ss_size = sizeof memory };
    struct sigaction crash = { .sa_handler = on_crash, .sa_flags = (int)((unsigned)SA_ONSTACK | (unsigned)SA_NODEFER | (unsigned)SA_RESETHAND) }, before;

    to = fd;
    heading = head;
#ifdef HAVE_BACKTRACE_SYMBOLS_FD
    void *frame;

    backtrace(&frame, 1);
#endif
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) /* AddressSanitizer says more than we would */
            sigaction(numbers[i], &crash, NULL);
}
