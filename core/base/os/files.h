/* Files that must never be half written or read without a bound: state, configuration, secrets, the lock. */
#ifndef BASE_OS_FILES_H
#define BASE_OS_FILES_H

#include "base/buffer.h"

#include <sys/types.h>

/* Reads a regular file of at most b->max bytes (opened non-blocking, so that a FIFO cannot hang it). False: errno and a sentence in why. */
bool files_read(const char *path, struct buffer *b, char *why, size_t why_size);
/* Writes beside and renames, so that readers see the old file or the new one, whole; with sync it is on disk before it returns. Mode as given. */
bool files_write(const char *path, const void *bytes, size_t n, mode_t mode, bool sync, char *why, size_t why_size);
/* Makes a folder and those above it, mode 0700. */
bool files_make_folder(const char *path, char *why, size_t why_size);
/* Takes the lock file: returns a descriptor to be kept open, or -1: held by another process (its pid in *holder, 0 if it cannot be told) or
 * trouble (*holder -1, why says what). Seen through by flock, never by a pid alone. */
int files_lock(const char *path, pid_t *holder, char *why, size_t why_size);
/* `~` at the start expanded, then made absolute against folder (NULL: the working directory). False: too long or no home. */
bool files_absolute(const char *path, const char *folder, char *out, size_t n);

#endif
