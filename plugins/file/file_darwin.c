/* The time of a file's last change, on macOS, which names the field in its own way. */
#define _DARWIN_C_SOURCE
#include "file.h"

int64_t file_changed_ns(const struct stat *found)
{
    return (int64_t)found->st_mtimespec.tv_sec * 1000000000 + (int64_t)found->st_mtimespec.tv_nsec;
}
