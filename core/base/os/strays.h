/* Ends all processes that somebody has left behind and that bear his mark, however fast they make new ones. */
#ifndef BASE_OS_STRAYS_H
#define BASE_OS_STRAYS_H

#include <stdbool.h>
#include <stddef.h>

/* Of those whose mark (PROCESS_MARK, process.h) begins so. spare: is that one to live, by what follows the beginning? NULL: none is. Returns how many there
 * were. Where marks cannot be seen, none. Takes a look at all processes of the system, so it is for those who know that there is something to end. */
size_t strays_end(const char *beginning, bool (*spare)(const char *rest));

#endif
