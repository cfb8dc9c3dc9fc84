/*
 * Files of a project, read safely: opened below a directory without following links out of it,
 * regular files only, read once. Floor 0.
 */
#ifndef PGB_BASE_FILE_H
#define PGB_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

static inline void pgb_fd_cleanup(int *fd);
#define PGB_AUTO_FD(name) int name __attribute__((cleanup(pgb_fd_cleanup)))
void pgb_fd_close(int *fd); /* closes unless -1, sets -1 */
static inline void pgb_fd_cleanup(int *fd)
{
    pgb_fd_close(fd);
}

/* Opens a directory for the calls below. */
pgb_status pgb_dir_open(const char *path, int *ret_fd, pgb_error *err);

/* Opens a regular file named relative to dir for reading (O_NOFOLLOW, O_NONBLOCK, O_CLOEXEC; no "/"
 * or
 * ".." in name). A link is refused, whether it leads out of the folder or not; a FIFO, device or
 * directory is refused. display: the path for messages. PGB_PROJECT with the reason otherwise. */
pgb_status pgb_file_open_at(int dir, const char *name, const char *display, int *ret_fd,
                            pgb_error *err);

/* Reads a whole descriptor from its start, at most max bytes (more is an error). */
pgb_status pgb_file_read_fd(int fd, const char *display, size_t max, pgb_buf *buf, pgb_error *err);
pgb_status pgb_file_read(const char *path, size_t max, pgb_buf *buf, pgb_error *err);

/* Writes a file so that it is there whole or not at all: temporary name beside it, fsync, rename.
 * With exclusive, an existing file is an error (PGB_REFUSED) and kept. */
pgb_status pgb_file_write(const char *path, const void *bytes, size_t len, bool exclusive,
                          pgb_error *err);

/* Names in a directory, sorted by bytes, "." and ".." left out; in the arena. */
pgb_status pgb_dir_list(int dir, const char *display, pgb_arena *arena, char ***ret_names,
                        size_t *ret_n, pgb_error *err);

/* mkdir -p with the given mode for what is made. */
pgb_status pgb_dir_make(const char *path, mode_t mode, pgb_error *err);
/* rm -r; never follows links; a missing path is fine. */
pgb_status pgb_dir_remove(const char *path, pgb_error *err);

#endif
