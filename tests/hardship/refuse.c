/*
 * Refuses memory: preloaded into a program (LD_PRELOAD), this makes every n-th allocation of it fail, for as long as a test says so. For tests on Linux with
 * the GNU C library alone, and not together with sanitizers, which bring an allocator of their own.
 *
 * TALON_TEST_REFUSE names a file of four 32-bit numbers that the test maps as well, so that it can begin and end a hard time without a signal and see what was
 * refused; TALON_TEST_REFUSE_IN names the program that it is meant for, since an environment is handed on to others.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OFFERED __attribute__((visibility("default")))

/* Where the C library keeps what is replaced here. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

struct control {
    _Atomic uint32_t every; /* 0: nothing is refused */
    _Atomic uint32_t asked, refused;
    _Atomic uint32_t loaded; /* programs that have this */
};

static struct control *control;

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("TALON_TEST_REFUSE"), *in = getenv("TALON_TEST_REFUSE_IN");
    int fd;
    void *mapped;

    if (!file || !in || strcmp(in, program_invocation_short_name) != 0)
        return;
    fd = open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        return;
    control = mapped;
    atomic_fetch_add(&control->loaded, 1);
}

static int refuses(void)
{
    const uint32_t every = control ? atomic_load(&control->every) : 0;

    if (every == 0 || atomic_fetch_add(&control->asked, 1) % every != every - 1)
        return 0;
    atomic_fetch_add(&control->refused, 1);
    errno = ENOMEM;
    return 1;
}

OFFERED void *malloc(size_t size)
{
    return refuses() ? NULL : __libc_malloc(size);
}

OFFERED void *calloc(size_t n, size_t size)
{
    return refuses() ? NULL : __libc_calloc(n, size);
}

OFFERED void *realloc(void *block, size_t size)
{
    return size > 0 && refuses() ? NULL : __libc_realloc(block, size);
}

OFFERED void *memalign(size_t alignment, size_t size)
{
    return refuses() ? NULL : __libc_memalign(alignment, size);
}

OFFERED void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

OFFERED int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *made = memalign(alignment, size);

    if (!made)
        return ENOMEM;
    *block = made;
    return 0;
}
