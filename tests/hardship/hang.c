/*
 * A disk that hangs: preloaded into Talon (LD_PRELOAD), this makes every write into the log of the store's database wait for as long as a test says so. For tests on
 * Linux alone; it shows programs as they are shipped, without debug hooks.
 *
 * TALON_TEST_HANG names a file of two 32-bit numbers that the test maps as well: whether writes hang, and how many have.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define OFFERED __attribute__((visibility("default")))

struct control {
    _Atomic uint32_t hangs, hung;
};

static struct control *control;

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("TALON_TEST_HANG");
    const int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    void *mapped;

    if (fd < 0)
        return;
    mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED)
        control = mapped;
}

static int is_of_the_store(int fd)
{
    static const char name[] = "/talon.db-wal";
    char link[64], path[4096];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path);
    return n >= (ssize_t)sizeof name - 1 && memcmp(path + n - (ssize_t)(sizeof name - 1), name, sizeof name - 1) == 0;
}

OFFERED ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    static ssize_t (*_Atomic real)(int, const void *, size_t, off64_t);

    if (!real)
        real = (ssize_t (*)(int, const void *, size_t, off64_t))(uintptr_t)dlsym(RTLD_NEXT, "pwrite64");
    if (control && atomic_load(&control->hangs) && is_of_the_store(fd)) {
        atomic_fetch_add(&control->hung, 1);
        while (atomic_load(&control->hangs))
            nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    return real(fd, bytes, n, at);
}
