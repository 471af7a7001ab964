/* The breadcrumb of a plugin host in POSIX shared memory, which Linux and macOS have alike: see crumb.h. */
#include "base/os/crumb.h"

#include "base/os/random.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct crumb *map(int fd)
{
    void *at = mmap(NULL, sizeof(struct crumb), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    close(fd);
    return at == MAP_FAILED ? NULL : at;
}

struct crumb *crumb_create(char name[CRUMB_NAME])
{
    struct crumb *crumb;
    int fd;

    snprintf(name, CRUMB_NAME, "/talon-%016" PRIx64, random_id());
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return NULL;
    if (ftruncate(fd, sizeof *crumb) != 0) {
        close(fd);
        shm_unlink(name);
        return NULL;
    }
    crumb = map(fd);
    if (!crumb)
        shm_unlink(name);
    return crumb;
}

void crumb_unlink(const char *name)
{
    shm_unlink(name);
}

struct crumb *crumb_open(const char *name)
{
    struct stat found;
    int fd = shm_open(name, O_RDWR, 0);

    if (fd < 0)
        return NULL;
    if (fstat(fd, &found) != 0 || found.st_size < (off_t)sizeof(struct crumb)) { /* a shorter one would be a SIGBUS later */
        close(fd);
        return NULL;
    }
    return map(fd);
}

void crumb_close(struct crumb *crumb)
{
    if (crumb)
        munmap(crumb, sizeof *crumb);
}

struct crumb crumb_read(const struct crumb *crumb)
{
    struct crumb seen = { .since = atomic_load(&crumb->since) };

    memcpy(seen.plugin, crumb->plugin, sizeof seen.plugin);
    memcpy(seen.check, crumb->check, sizeof seen.check);
    memcpy(seen.run, crumb->run, sizeof seen.run);
    seen.plugin[sizeof seen.plugin - 1] = seen.check[sizeof seen.check - 1] = seen.run[sizeof seen.run - 1] = '\0';
    return seen;
}
