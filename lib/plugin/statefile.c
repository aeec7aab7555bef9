#include "plugin/statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "value/clock.h"

#define FILE_MAX     ((size_t)32 << 20)
#define RESERVE_MIN  8192
#define LOCK_RETRY_MS 5
#define READABLE_MAX 60

static void note(struct cdc_statefile *file, const char *format, ...) CDC_PRINTF(2, 3);

/* Only the first thing that went wrong is of use. */
static void note(struct cdc_statefile *file, const char *format, ...)
{
	va_list args;

	if (file->note.len)
		return;
	va_start(args, format);
	cdc_buf_vaddf(&file->note, format, args);
	va_end(args);
}

/* plugin.uid.what-it-is-about.hash: readable, free of anything a file system minds, and never the same for two. */
static void make_name(struct cdc_statefile *file, const char *plugin, const char *identity)
{
	char readable[READABLE_MAX + 1];
	size_t n = 0;

	for (const char *c = identity; *c && n < READABLE_MAX; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
		    strchr(".-_", *c);

		if (plain || (n > 0 && readable[n - 1] != '_'))
			readable[n++] = plain ? *c : '_';
	}
	readable[n] = '\0';
	snprintf(file->name, sizeof(file->name), "%s.%lu.%s.%016" PRIx64, plugin, (unsigned long)geteuid(), readable,
	    cdc_memory_hash(identity, strlen(identity)));
}

static void add_suffix(char *ret, size_t size, const struct cdc_statefile *file, const char *suffix)
{
	snprintf(ret, size, "%s.%s", file->name, suffix);
}

/* Opens a file of ours in the directory; -1 where it cannot be, or where it is not ours and not a plain file. */
static int open_own(struct cdc_statefile *file, const char *suffix, int flags)
{
	char name[200];
	struct stat status;
	int fd;

	add_suffix(name, sizeof(name), file, suffix);
	fd = openat(file->dir_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0) {
		if (errno == ELOOP)
			note(file, "state file %s is a symbolic link and not used", name);
		else if (errno != ENOENT || (flags & O_CREAT))
			note(file, "state file %s: %s", name, strerror(errno));
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid())
		return fd;
	note(file, "state file %s is not a plain file of this user and not used", name);
	close(fd);
	errno = EPERM;
	return -1;
}

static bool open_dir(struct cdc_statefile *file, const char *dir)
{
	struct stat status;

	file->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->dir_fd < 0 || fstat(file->dir_fd, &status) < 0) {
		note(file, "no state is kept: %s: %s", strerror(errno), dir);
		return false;
	}
	if (geteuid() == 0 && status.st_uid != 0) {
		note(file, "no state is kept: root does not write into a directory of another user: %s", dir);
		return false;
	}
	return true;
}

/* True when the lock is ours. Another run of the same check holds it for a few milliseconds at most. */
static bool lock(struct cdc_statefile *file, int64_t wait_ms)
{
	struct cdc_deadline deadline = cdc_deadline_in(wait_ms);

	file->lock_fd = open_own(file, "lock", O_RDWR | O_CREAT);
	if (file->lock_fd < 0)
		return false;
	while (flock(file->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (cdc_deadline_left_ms(&deadline) == 0) {
			note(file, "state file %s.state is locked by another run", file->name);
			return false;
		}
		poll(NULL, 0, LOCK_RETRY_MS);
	}
	return true;
}

/* The whole file, which the caller owns; NULL when it cannot be read, is too large, or holds a NUL byte. */
static char *read_all(int fd, size_t *ret_size)
{
	struct stat status;
	size_t size = fstat(fd, &status) == 0 && status.st_size > 0 ? (size_t)status.st_size : 0, done = 0;
	CDC_CLEANUP(cdc_free_string) char *text = NULL;
	ssize_t n = 1;

	if (size > FILE_MAX)
		return NULL;
	text = cdc_realloc(NULL, size + 1, 1);
	for (; n > 0 && done < size; done += n > 0 ? (size_t)n : 0)
		n = read(fd, text + done, size - done);
	if (n < 0 || memchr(text, '\0', done))
		return NULL;
	text[done] = '\0';
	*ret_size = done;
	return CDC_TAKE(text);
}

/* Reads what the last run left; false when there is something that is not ours and must stay as it is. */
static bool load(struct cdc_statefile *file, struct cdc_memory *memory, size_t *size)
{
	CDC_CLEANUP(cdc_free_string) char *text = NULL;
	struct cdc_err why;
	int fd = open_own(file, "state", O_RDONLY);

	*size = 0;
	if (fd < 0)
		return errno == ENOENT;
	text = read_all(fd, size);
	close(fd);
	if (!text) {
		file->damaged = true;
		note(file, "state file %s.state is damaged and not used", file->name);
	} else if (cdc_memory_parse(CDC_TAKE(text), file->identity, memory, &why) < 0) {
		file->damaged = true;
		note(file, "state file %s.state is not used: %s", file->name, why.text);
	}
	return true;
}

/* A new file with room for more than the old one had; nothing is renamed yet. */
static bool reserve(struct cdc_statefile *file, size_t old_size)
{
	char name[200];
	int code;

	add_suffix(name, sizeof(name), file, "new");
	unlinkat(file->dir_fd, name, 0); /* what a killed run left; the lock is ours */
	file->new_fd = open_own(file, "new", O_WRONLY | O_CREAT | O_EXCL);
	if (file->new_fd < 0)
		return false;
	code = posix_fallocate(file->new_fd, 0, (off_t)(old_size + old_size / 4 + RESERVE_MIN));
	if (code == 0 || code == EOPNOTSUPP || code == EINVAL)
		return true;
	note(file, "no state can be kept: %s", strerror(code));
	return false;
}

void cdc_statefile_open(struct cdc_statefile *file, const char *dir, const char *plugin, const char *identity,
    bool forget, int64_t wait_ms, struct cdc_memory *memory)
{
	struct cdc_memory read = { 0 };
	bool locked, ours;
	size_t size;

	file->identity = cdc_strdup(identity);
	make_name(file, plugin, identity);
	if (!open_dir(file, dir))
		return;
	locked = lock(file, wait_ms);
	ours = load(file, &read, &size);
	if (!forget) {
		memory->old = read.old;
		memory->previous_ms = read.previous_ms;
		read.old = (struct cdc_entries){ 0 };
	}
	cdc_memory_release(&read);
	/* a run that only lost the race for the lock may count on the file: the other one keeps it up */
	memory->usable = ours && (locked ? reserve(file, size) : file->lock_fd >= 0);
}

static bool write_all(int fd, const struct cdc_buf *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->text + done, text->len - done);

		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return ftruncate(fd, (off_t)text->len) == 0 && fsync(fd) == 0;
}

static bool rename_suffix(struct cdc_statefile *file, const char *from, const char *to)
{
	char old[200], new[200];

	add_suffix(old, sizeof(old), file, from);
	add_suffix(new, sizeof(new), file, to);
	return renameat(file->dir_fd, old, file->dir_fd, new) == 0;
}

void cdc_statefile_save(struct cdc_statefile *file, struct cdc_memory *memory)
{
	const struct cdc_buf *text;

	if (file->new_fd < 0 || !memory->usable)
		return;
	text = cdc_memory_seal(memory, file->identity);
	if (text->len > FILE_MAX) {
		note(file, "no state is kept: it would be larger than %zu MiB", FILE_MAX >> 20);
		return;
	}
	if (!write_all(file->new_fd, text)) {
		note(file, "no state can be kept: %s", strerror(errno));
		return;
	}
	if (file->damaged)
		rename_suffix(file, "state", "damaged");
	if (rename_suffix(file, "new", "state")) {
		close(file->new_fd);
		file->new_fd = -1;
	} else {
		note(file, "no state can be kept: %s", strerror(errno));
	}
}

void cdc_statefile_release(struct cdc_statefile *file)
{
	char name[200];

	if (file->new_fd >= 0) {
		close(file->new_fd);
		add_suffix(name, sizeof(name), file, "new");
		unlinkat(file->dir_fd, name, 0);
	}
	if (file->lock_fd >= 0)
		close(file->lock_fd);
	if (file->dir_fd >= 0)
		close(file->dir_fd);
	file->new_fd = file->lock_fd = file->dir_fd = -1;
	cdc_free_string(&file->identity);
	cdc_buf_release(&file->note);
}
