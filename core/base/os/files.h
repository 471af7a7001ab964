/* Files that must never be half written or read without a bound: state, configuration, secrets, the lock. */
#ifndef BASE_OS_FILES_H
#define BASE_OS_FILES_H

#include "base/buffer.h"

#include <sys/types.h>

/* Appends what a regular file holds, b->max bytes at most (0: no bound); folders, FIFOs and devices are refused without being opened. False: errno and, in
 * why, what is wrong with it, without its path, which the caller shows as it was written ("it is a FIFO", "Permission denied"). */
bool files_read(const char *path, struct buffer *b, char *why, size_t why_size);
/* In the functions below, why is a whole sentence with the path. */

/* Writes beside and renames, so that readers see the old file or the new one, whole; with sync it is on disk before it returns. Mode as given. */
bool files_write(const char *path, const void *bytes, size_t n, mode_t mode, bool sync, char *why, size_t why_size);
/* Makes a folder and those above it, mode 0700. */
bool files_make_folder(const char *path, char *why, size_t why_size);
/* Takes the lock file: returns a descriptor to be kept open, or -1: held by another process (its pid in *holder, 0 if it cannot be told) or
 * trouble (*holder -1, why says what). Seen through by flock, never by a pid alone. */
int files_lock(const char *path, pid_t *holder, char *why, size_t why_size);
/* The same for a lock that programs of others take as well, who say in it who they are: "PID START NAME", START as process_started() has it. One that holds it without
 * flock counts while that very process lives: a pid alone, which another may have by now, proves nothing. Written as `name`'s. -1: holder is who has it ("kubectl,
 * pid 12"), or (held false) why it cannot be taken. */
enum { FILES_HOLDER = 160 };
int files_take(const char *path, const char *name, char holder[FILES_HOLDER], bool *held);
/* Gives it back: nobody is in it any more. -1: nothing. */
void files_give(int fd);
/* `~` at the start expanded, then made absolute against folder (NULL: the working directory); `..` stays as it is, since only the file system knows what
 * it means. False: too long, no home, or another one's (~name). */
bool files_absolute(const char *path, const char *folder, char *out, size_t n);

#endif
