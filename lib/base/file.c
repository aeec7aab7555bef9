#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX   ((size_t)64 << 10)
#define PIPE_WAIT_MS 30000

static void close_fd(int *fd)
{
	if (*fd > STDIN_FILENO)
		close(*fd);
}

static int cannot(const char *path, const char *what, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_USAGE, "file '%s' cannot be %s: %s", path, what, strerror(errno));
}

static int check_mode(const char *path, int fd, bool secret, struct cdc_err *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return cannot(path, "examined", err);
	if (S_ISDIR(status.st_mode))
		return cdc_fail(err, CDC_ERR_USAGE, "'%s' is a directory, a file is expected", path);
	if (!secret)
		return 0;
	if (!S_ISREG(status.st_mode))
		return cdc_fail(err, CDC_ERR_USAGE, "'%s' holds a secret and must be a regular file", path);
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return cdc_fail(err, CDC_ERR_USAGE,
		    "file '%s' holds a secret and is open to group or others: chmod 0600 it", path);
	return 0;
}

/* O_NONBLOCK: a FIFO that nobody writes must not hang the open. */
static int open_file(const char *path, bool secret, struct cdc_err *err)
{
	int fd;

	if (cdc_streq(path, "-") && !secret)
		return STDIN_FILENO;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return cannot(path, "read", err);
	if (check_mode(path, fd, secret, err) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * A pipe may be filled later than it is opened, and by then the descriptor must wait: poll(2) knows whether there was a
 * writer at all, read(2) without one says that the file has ended. A run's own deadline ends the waiting sooner.
 */
static int wait_for_pipe(const char *path, int fd, struct cdc_err *err)
{
	struct pollfd pipe = { .fd = fd, .events = POLLIN };

	if (poll(&pipe, 1, PIPE_WAIT_MS) > 0)
		return 0;
	return cdc_fail(err, CDC_ERR_USAGE, "pipe '%s' was not filled within %d s", path, PIPE_WAIT_MS / 1000);
}

static bool is_pipe(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

static int read_all(const char *path, int fd, struct cdc_buf *ret, struct cdc_err *err)
{
	char block[16384];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && wait_for_pipe(path, fd, err) == 0)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -1 : cannot(path, "read", err);
		if (memchr(block, '\0', (size_t)n))
			return cdc_fail(err, CDC_ERR_USAGE, "file '%s' holds a NUL byte, a text file is expected", path);
		cdc_buf_add_bytes(ret, block, (size_t)n);
		if (ret->cut)
			return cdc_fail(err, CDC_ERR_USAGE, "file '%s' is larger than %zu bytes", path, ret->limit);
	}
	return 0;
}

int cdc_file_read(const char *path, struct cdc_buf *ret, struct cdc_err *err)
{
	CDC_CLEANUP(close_fd) int fd = open_file(path, false, err);

	if (fd < 0 || (is_pipe(fd) && wait_for_pipe(path, fd, err) < 0))
		return -1;
	return read_all(path, fd, ret, err);
}

int cdc_file_read_early(const char *path, struct cdc_buf *ret, struct cdc_err *err)
{
	CDC_CLEANUP(close_fd) int fd = open_file(path, false, err);

	return fd < 0 ? -1 : read_all(path, fd, ret, err);
}

int cdc_file_read_secret(const char *path, struct cdc_buf *ret, struct cdc_err *err)
{
	CDC_CLEANUP(close_fd) int fd = open_file(path, true, err);

	if (ret->limit > SECRET_MAX)
		ret->limit = SECRET_MAX;
	return fd < 0 ? -1 : read_all(path, fd, ret, err);
}

int cdc_file_check(const char *path, bool secret, struct cdc_err *err)
{
	CDC_CLEANUP(close_fd) int fd = open_file(path, secret, err);

	return fd < 0 ? -1 : 0;
}
