/* The listening unix socket: see socket.h. */
#define _XOPEN_SOURCE 700 /* S_ISVTX */
#include "control/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 32 };

/* What is being opened, and where it says what is wrong. */
struct opening {
    const char *path;
    struct sockaddr_un address;
    char *why;
    size_t why_size;
};

/* "the control socket PATH cannot be made: REASON"; errno tells where reason is NULL. */
static bool refuse(const struct opening *opening, const char *reason)
{
    const char *text = reason ? reason : strerror(errno);

    snprintf(opening->why, opening->why_size, "the control socket %.200s cannot be made: %s", opening->path, text);
    return false;
}

static bool set_address(struct opening *opening)
{
    if (strlen(opening->path) >= sizeof opening->address.sun_path)
        return refuse(opening, "its path is too long for a socket; set `control.path` to a shorter one");
    opening->address.sun_family = AF_UNIX;
    memcpy(opening->address.sun_path, opening->path, strlen(opening->path) + 1);
    return true;
}

/* Who may rename or replace files of the socket's folder could put another one in its place. */
static bool check_folder(const struct opening *opening)
{
    char folder[sizeof opening->address.sun_path];
    char *slash;
    struct stat st;

    memcpy(folder, opening->address.sun_path, sizeof folder);
    slash = strrchr(folder, '/');
    if (!slash)
        return refuse(opening, "its path is not absolute");
    slash[slash == folder] = '\0';
    if (stat(folder, &st) != 0)
        return refuse(opening, errno == ENOENT ? "its folder does not exist; make it, or set `control.path` to another place" : NULL);
    if (!S_ISDIR(st.st_mode))
        return refuse(opening, "what should be its folder is none");
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return refuse(opening, "its folder belongs to another user; set `control.path` to a folder of this one");
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (st.st_mode & S_ISVTX) == 0)
        return refuse(opening, "its folder can be written by others; take that from it (chmod go-w), or set `control.path` to another place");
    return true;
}

static bool is_answered(const struct opening *opening)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool answered;

    if (fd < 0)
        return true; /* nobody knows */
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    answered = connect(fd, (const struct sockaddr *)&opening->address, sizeof opening->address) == 0 || (errno != ECONNREFUSED && errno != ENOENT);
    close(fd);
    return answered;
}

/* A socket that nobody answers on was left by a daemon that did not end by itself. */
static bool clear_place(const struct opening *opening)
{
    struct stat st;

    if (lstat(opening->path, &st) != 0)
        return errno == ENOENT || refuse(opening, NULL);
    if (!S_ISSOCK(st.st_mode))
        return refuse(opening, "something else is there that is no socket; move it, or set `control.path` to another place");
    if (is_answered(opening))
        return refuse(opening, "another program answers on it; end that, or set `control.path` to another place");
    return unlink(opening->path) == 0 || errno == ENOENT || refuse(opening, NULL);
}

/* Nobody can connect before listen(), and the file never has more rights than it is to have. */
static bool bind_closed(const struct opening *opening, int fd)
{
    mode_t before = umask(0177);
    bool bound = bind(fd, (const struct sockaddr *)&opening->address, sizeof opening->address) == 0;

    umask(before);
    return bound || refuse(opening, NULL);
}

static bool let_in(const struct opening *opening, const gid_t *group)
{
    if (!group)
        return true;
    if (lchown(opening->path, (uid_t)-1, *group) != 0)
        return refuse(opening, errno == EPERM ? "the daemon's user is not in the group of `control.group`, so it cannot let that in" : NULL);
    return chmod(opening->path, 0660) == 0 || refuse(opening, NULL);
}

static bool prepare(const struct opening *opening, int fd)
{
    return (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) || refuse(opening, NULL);
}

static bool remember(const struct opening *opening, struct socket_file *file)
{
    struct stat st;

    if (lstat(opening->path, &st) != 0)
        return refuse(opening, NULL);
    *file = (struct socket_file){ .device = st.st_dev, .inode = st.st_ino };
    return true;
}

int socket_open(const char *path, const gid_t *group, struct socket_file *file, char *why, size_t why_size)
{
    struct opening opening = { .path = path, .why = why, .why_size = why_size };
    int fd;

    if (!set_address(&opening) || !check_folder(&opening) || !clear_place(&opening))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        refuse(&opening, NULL);
        return -1;
    }
    if (prepare(&opening, fd) && bind_closed(&opening, fd)) {
        if (remember(&opening, file) && let_in(&opening, group) && (listen(fd, BACKLOG) == 0 || refuse(&opening, NULL)))
            return fd;
        unlink(path);
    }
    close(fd);
    return -1;
}

bool socket_is_there(const char *path, const struct socket_file *file)
{
    struct stat st;

    return lstat(path, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode;
}

void socket_remove(const char *path, const struct socket_file *file)
{
    if (socket_is_there(path, file))
        unlink(path);
}
