/* lib/base/file: files that options name, and those that hold secrets. */
#include "tests/unit/unit.h"

#include "base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/cdc-unit-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const char *bytes, size_t n, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int make_directory(void **state CDC_UNUSED)
{
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state CDC_UNUSED)
{
	static const char *const names[] = { "plain", "nul", "large", "secret", "open", "world", "fifo", "link", "late" };

	for (size_t i = 0; i < CDC_LEN(names); i++)
		unlink(path_of(names[i]));
	return rmdir(directory);
}

static void test_reads_whole(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	struct cdc_err err;

	write_file("plain", "first\nsecond\n", 13, 0644);
	assert_int_equal(cdc_file_read(path_of("plain"), &text, &err), 0);
	assert_string_equal(text.text, "first\nsecond\n");
	assert_int_equal(cdc_file_check(path_of("plain"), false, &err), 0);
}

/* What fills a pipe late: opens it, writes, writes again. */
static pid_t fill_late(const char *path)
{
	pid_t child = fork();
	int fd;

	if (child != 0)
		return child;
	poll(NULL, 0, 50);
	fd = open(path, O_WRONLY);
	for (int i = 0; i < 2; i++) {
		poll(NULL, 0, 50);
		if (write(fd, "part\n", 5) != 5)
			_exit(1);
	}
	_exit(0);
}

static void test_waits_for_a_pipe(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT, early = CDC_BUF_INIT;
	struct cdc_err err;
	int status;
	pid_t child;

	assert_int_equal(mkfifo(path_of("late"), 0600), 0);
	assert_int_equal(cdc_file_read_early(path_of("late"), &early, &err), 0);
	assert_string_equal(early.text, "");
	child = fill_late(path_of("late"));
	assert_int_equal(cdc_file_read(path_of("late"), &text, &err), 0);
	assert_string_equal(text.text, "part\npart\n");
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

struct refused_case {
	const char *name;
	bool secret;
	const char *part; /* of the error's text */
};

static const struct refused_case refused_cases[] = {
	{ "absent", false, "cannot be read: No such file or directory" },
	{ "absent", true, "cannot be read: No such file or directory" },
	{ ".", false, "is a directory, a file is expected" },
	{ ".", true, "is a directory, a file is expected" },
	{ "nul", false, "holds a NUL byte" },
	{ "nul", true, "holds a NUL byte" },
	{ "large", false, "is larger than 100000 bytes" },
	{ "large", true, "is larger than 65536 bytes" },
	{ "open", true, "chmod 0600" },
	{ "world", true, "chmod 0600" },
	{ "fifo", true, "must be a regular file" },
	{ "link", true, "chmod 0600" },
};

static void test_refuses(void **state CDC_UNUSED)
{
	static char large[100001];

	memset(large, 'x', sizeof(large));
	write_file("nul", "a\0b", 3, 0600);
	write_file("large", large, sizeof(large), 0600);
	write_file("open", "secret", 6, 0640);
	write_file("world", "secret", 6, 0604);
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	assert_int_equal(symlink("open", path_of("link")), 0);
	for (size_t i = 0; i < CDC_LEN(refused_cases); i++) {
		const struct refused_case *c = &refused_cases[i];
		CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_LIMITED(100000);
		struct cdc_err err;
		int code = c->secret ? cdc_file_read_secret(path_of(c->name), &text, &err) :
				       cdc_file_read(path_of(c->name), &text, &err);

		expect(code == -1, "%s was read", c->name);
		assert_int_equal(err.kind, CDC_ERR_USAGE);
		expect_part(c->name, err.text, c->part);
		expect_part(c->name, err.text, path_of(c->name));
	}
}

static void test_reads_a_secret(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	struct cdc_err err;

	write_file("secret", "user:password", 13, 0400);
	assert_int_equal(cdc_file_check(path_of("secret"), true, &err), 0);
	assert_int_equal(cdc_file_read_secret(path_of("secret"), &text, &err), 0);
	assert_string_equal(text.text, "user:password");
	write_file("open", "secret", 6, 0640);
	assert_int_equal(cdc_file_check(path_of("open"), true, &err), -1);
	assert_int_equal(cdc_file_check(path_of("open"), false, &err), 0);
}

/* A pipe that nobody writes must not hang a check. */
static void test_fifo_does_not_hang(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	struct cdc_err err;

	unlink(path_of("fifo"));
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	if (cdc_file_read_early(path_of("fifo"), &text, &err) == 0)
		assert_string_equal(text.text, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_whole),
		cmocka_unit_test(test_waits_for_a_pipe),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_reads_a_secret),
		cmocka_unit_test(test_fifo_does_not_hang),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
