/* Rotation of a file that another process holds open. */
#ifndef PROGRAMS_ROTATE_H
#define PROGRAMS_ROTATE_H

#include <stdint.h>

/* When the file has `bytes` or more: it is copied to FILE.1 (older ones move on up to .3) and emptied in place, because the program writes on into the same one.
 * What it writes in the instant between the end of the copy and the emptying is lost. "": nothing. */
void rotate_log(const char *path, uint64_t bytes);

#endif
