/* The time of a file's last change, on Linux and wherever struct stat is as POSIX has it. */
#include "file.h"

int64_t file_changed_ns(const struct stat *found)
{
    return (int64_t)found->st_mtim.tv_sec * 1000000000 + (int64_t)found->st_mtim.tv_nsec;
}
