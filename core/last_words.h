/* What a crashing process says before it goes: the signal, its stack, the last lines of its log. */
#ifndef LAST_WORDS_H
#define LAST_WORDS_H

/* From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT write `head` and the rest to fd, then do what they always do. head: borrowed for good. */
void last_words_begin(int fd, const char *head);

#endif
