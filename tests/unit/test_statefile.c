/* lib/plugin/statefile: one file per check, atomically replaced, locked, never trusted blindly (interface.md section 6). */
#include "tests/unit/unit.h"

#include "plugin/statefile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_NAME "check_toy.%lu.db_5432_all."

static char directory[] = "/tmp/cdc-unit-XXXXXX";
static const char identity[] = "db:5432 all";

static int make_directory(void **state CDC_UNUSED)
{
	return mkdtemp(directory) ? 0 : -1;
}

static int empty_directory(void **state CDC_UNUSED)
{
	DIR *dir = opendir(directory);

	if (!dir)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	return closedir(dir);
}

static int remove_directory(void **state)
{
	empty_directory(state);
	return rmdir(directory);
}

/* One run that reads and leaves a value; what it noted is in *note, which the caller frees. */
static bool run(const char *what, bool forget, const char *leave, char **note, char **found)
{
	struct cdc_statefile file = CDC_STATEFILE_INIT;
	struct cdc_memory memory = { .now_ms = EPOCH };
	const char *value;
	bool usable;

	cdc_statefile_open(&file, directory, "check_toy", what, forget, 50, &memory);
	usable = memory.usable;
	value = cdc_memory_get(&memory, "item", "key");
	*found = cdc_strdup(value ? value : "nothing");
	if (leave)
		cdc_memory_put(&memory, "item", "key", leave);
	cdc_statefile_save(&file, &memory);
	*note = cdc_strdup(file.note.text);
	cdc_statefile_release(&file);
	cdc_memory_release(&memory);
	return usable;
}

static void expect_run(const char *row, const char *what, bool forget, const char *leave, const char *found_wanted,
    const char *note_wanted, bool usable_wanted)
{
	CDC_CLEANUP(cdc_free_string) char *note = NULL, *found = NULL;
	bool usable = run(what, forget, leave, &note, &found);

	expect(usable == usable_wanted, "%s: usable is %d (%s)", row, usable, note);
	expect_text(row, found, found_wanted);
	if (*note_wanted)
		expect_part(row, note, note_wanted);
	else
		expect_text(row, note, "");
}

/* Calls for each file in the directory whose name ends in the suffix; returns how many there are. */
static size_t find_file(const char *suffix, char *path, size_t size)
{
	DIR *dir = opendir(directory);
	size_t found = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		size_t n = strlen(entry->d_name);

		if (n > strlen(suffix) && cdc_streq(entry->d_name + n - strlen(suffix), suffix)) {
			snprintf(path, size, "%s/%s", directory, entry->d_name);
			found++;
		}
	}
	closedir(dir);
	return found;
}

static void test_keeps(void **state CDC_UNUSED)
{
	char path[600], prefix[100];
	struct stat status;

	expect_run("first run", identity, false, "1", "nothing", "", true);
	expect_run("second run", identity, false, "2", "1", "", true);
	expect_run("another check", "db:5433 all", false, "other", "nothing", "", true);
	expect_run("third run", identity, false, "3", "2", "", true);
	assert_int_equal(find_file(".state", path, sizeof(path)), 2);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(find_file(".new", path, sizeof(path)), 0);
	snprintf(prefix, sizeof(prefix), "/" FIRST_NAME, (unsigned long)geteuid());
	find_file(".lock", path, sizeof(path));
	assert_true(strstr(path, "/check_toy.") != NULL);
}

static void test_forgets(void **state CDC_UNUSED)
{
	expect_run("first run", identity, false, "1", "nothing", "", true);
	expect_run("--forget", identity, true, "2", "nothing", "", true);
	expect_run("third run", identity, false, NULL, "2", "", true);
	expect_run("nothing was carried", identity, false, NULL, "nothing", "", true);
}

static void test_names_stay_in_the_directory(void **state CDC_UNUSED)
{
	static const char *const identities[] = { "../../etc/passwd", "/etc/passwd", "a/b", "", ".", "\n\xff%s%n", "..",
		("a name that is very much longer than anything that a file system would ever take as the name of one file, "
		"with a slash / and another / and so on, and on, and on, and on, and on, and on, and on, and on, and on") };
	char path[600];

	for (size_t i = 0; i < CDC_LEN(identities); i++) {
		expect_run(identities[i], identities[i], false, "1", "nothing", "", true);
		expect_run(identities[i], identities[i], false, "2", "1", "", true);
	}
	assert_int_equal(find_file(".state", path, sizeof(path)), CDC_LEN(identities));
}

static void overwrite(const char *path, const char *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static void test_damaged(void **state CDC_UNUSED)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *note;
	} cases[] = {
		{ "", 0, "it is damaged" },
		{ "garbage", 7, "it is damaged" },
		{ "a\0b\n", 4, "is damaged and not used" },
	};
	char path[600], moved[600];

	for (size_t i = 0; i < CDC_LEN(cases); i++) {
		expect_run("first run", identity, true, "1", "nothing", "", true);
		assert_int_equal(find_file(".state", path, sizeof(path)), 1);
		overwrite(path, cases[i].bytes, cases[i].n);
		expect_run("damaged", identity, false, "2", "nothing", cases[i].note, true);
		assert_int_equal(find_file(".damaged", moved, sizeof(moved)), 1);
		expect_run("mended", identity, false, "3", "2", "", true);
	}
}

/* The right form, but of another check: a hash in a file's name is no proof. */
static void test_foreign_identity(void **state CDC_UNUSED)
{
	struct cdc_memory memory = { .usable = true, .now_ms = EPOCH };
	const struct cdc_buf *text;
	char path[600];

	expect_run("first run", identity, false, "1", "nothing", "", true);
	cdc_memory_put(&memory, "item", "key", "foreign");
	text = cdc_memory_seal(&memory, "another identity");
	find_file(".state", path, sizeof(path));
	overwrite(path, text->text, text->len);
	cdc_memory_release(&memory);
	expect_run("foreign", identity, false, "2", "nothing", "it belongs to another check", true);
}

static void test_symbolic_links(void **state CDC_UNUSED)
{
	static const char *const suffixes[] = { ".state", ".lock" };
	char path[600], target[600];

	snprintf(target, sizeof(target), "%s/target", directory);
	for (size_t i = 0; i < CDC_LEN(suffixes); i++) {
		int fd = open(target, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		struct stat status;

		close(fd);
		expect_run("first run", identity, true, "1", "nothing", "", true);
		assert_int_equal(find_file(suffixes[i], path, sizeof(path)), 1);
		unlink(path);
		assert_int_equal(symlink("target", path), 0);
		expect_run(suffixes[i], identity, false, "2", i == 0 ? "nothing" : "1", "is a symbolic link", false);
		assert_int_equal(stat(target, &status), 0);
		assert_int_equal(status.st_size, 0);
		unlink(path);
	}
}

static void test_not_a_file(void **state CDC_UNUSED)
{
	char path[600];

	expect_run("first run", identity, false, "1", "nothing", "", true);
	find_file(".state", path, sizeof(path));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_run("a pipe", identity, false, "2", "nothing", "is not a plain file of this user and not used", false);
}

static void test_foreign_owner(void **state CDC_UNUSED)
{
	char path[600];

	if (geteuid() != 0)
		skip(); /* only root can give files away */
	expect_run("first run", identity, false, "1", "nothing", "", true);
	find_file(".state", path, sizeof(path));
	assert_int_equal(chown(path, 65534, 65534), 0);
	expect_run("of another owner", identity, false, "2", "nothing", "is not a plain file of this user", false);
	unlink(path);
	assert_int_equal(chown(directory, 65534, 65534), 0);
	expect_run("in a directory of another owner", identity, false, "2", "nothing",
	    "root does not write into a directory of another user", false);
	assert_int_equal(chown(directory, 0, 0), 0);
}

static void test_locked(void **state CDC_UNUSED)
{
	char path[600];
	int fd;

	expect_run("first run", identity, false, "1", "nothing", "", true);
	assert_int_equal(find_file(".lock", path, sizeof(path)), 1);
	fd = open(path, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	/* it may be read, and the other run keeps it up; but nothing is written */
	expect_run("locked", identity, false, "2", "1", "is locked by another run", true);
	close(fd);
	expect_run("free again", identity, false, "3", "1", "", true);
}

static void test_left_by_a_killed_run(void **state CDC_UNUSED)
{
	char path[600];
	size_t n;
	int fd;

	expect_run("first run", identity, false, "1", "nothing", "", true);
	find_file(".state", path, sizeof(path));
	n = strlen(path) - strlen("state");
	snprintf(path + n, sizeof(path) - n, "new");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	expect_run("second run", identity, false, "2", "1", "", true);
	expect_run("third run", identity, false, "3", "2", "", true);
}

static void test_no_directory(void **state CDC_UNUSED)
{
	static const char *const directories[] = { "/nonexistent/dir", "/dev/null", "" };

	for (size_t i = 0; i < CDC_LEN(directories); i++) {
		struct cdc_statefile file = CDC_STATEFILE_INIT;
		struct cdc_memory memory = { .now_ms = EPOCH };

		cdc_statefile_open(&file, directories[i], "check_toy", identity, false, 50, &memory);
		assert_false(memory.usable);
		expect_part(directories[i], file.note.text, "no state is kept: ");
		cdc_memory_put(&memory, "item", "key", "1");
		cdc_statefile_save(&file, &memory);
		cdc_statefile_release(&file);
		cdc_memory_release(&memory);
	}
}

static void test_no_right_to_write(void **state CDC_UNUSED)
{
	chmod(directory, 0555);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	expect_run("no right", identity, false, "1", "nothing", "Permission denied", false);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	chmod(directory, 0700);
}

/* As a full disk: known before anything is judged, and the old file stays. */
static void test_full_disk(void **state CDC_UNUSED)
{
	struct rlimit old, small;

	expect_run("first run", identity, false, "1", "nothing", "", true);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ 100, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	expect_run("full", identity, false, "2", "1", "no state can be kept", false);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	expect_run("room again", identity, false, "3", "1", "", true);
}

static void test_large(void **state CDC_UNUSED)
{
	CDC_CLEANUP(cdc_free_string) char *large = cdc_alloc(1 << 20, 1);

	memset(large, 'x', (1 << 20) - 1);
	expect_run("small", identity, false, "1", "nothing", "", true);
	expect_run("larger than what was reserved", identity, false, large, "1", "", true);
	expect_run("large", identity, false, "3", large, "", true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_keeps, empty_directory),
		cmocka_unit_test_teardown(test_forgets, empty_directory),
		cmocka_unit_test_teardown(test_names_stay_in_the_directory, empty_directory),
		cmocka_unit_test_teardown(test_damaged, empty_directory),
		cmocka_unit_test_teardown(test_foreign_identity, empty_directory),
		cmocka_unit_test_teardown(test_symbolic_links, empty_directory),
		cmocka_unit_test_teardown(test_not_a_file, empty_directory),
		cmocka_unit_test_teardown(test_foreign_owner, empty_directory),
		cmocka_unit_test_teardown(test_locked, empty_directory),
		cmocka_unit_test_teardown(test_left_by_a_killed_run, empty_directory),
		cmocka_unit_test_teardown(test_no_directory, empty_directory),
		cmocka_unit_test_teardown(test_no_right_to_write, empty_directory),
		cmocka_unit_test_teardown(test_full_disk, empty_directory),
		cmocka_unit_test_teardown(test_large, empty_directory),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
