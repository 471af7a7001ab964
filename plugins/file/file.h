/* What differs between systems in looking at a file. */
#ifndef FILE_H
#define FILE_H

#include <stdint.h>
#include <sys/stat.h>

/* When the content was last changed, in ns since 1970. */
int64_t file_changed_ns(const struct stat *found);

#endif
