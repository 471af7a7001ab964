/* Where the systems differ about files: one file for each defines it. Private to files*.c. */
#ifndef BASE_OS_FILES_SYSTEM_H
#define BASE_OS_FILES_SYSTEM_H

/* Returns when what was written to the descriptor is on the disk: 0, or -1 with errno. */
int files_system_sync(int fd);

#endif
