/* How a program finds itself: one file for each system defines it. Private to install_paths.c. */
#ifndef BASE_OS_INSTALL_PATHS_SYSTEM_H
#define BASE_OS_INSTALL_PATHS_SYSTEM_H

#include <stddef.h>

enum { INSTALL_PATH_SIZE = 4096 };

/* The running program's absolute path without symbolic links; 1, or 0: it cannot be told. */
int install_system_program(char path[INSTALL_PATH_SIZE]);

#endif
