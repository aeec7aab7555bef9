/*
 * Feeds a fuzz target the inputs that were kept, or the files given: replay_range reads tests/fuzz/corpus/range. Fails
 * when there are none.
 */
#include "tests/fuzz/fuzz.h"

#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_MAX ((size_t)1 << 20)

static int replay(const char *path)
{
	CDC_CLEANUP(cdc_free_string) char *bytes = cdc_alloc(INPUT_MAX, 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, INPUT_MAX);
	uint8_t *exact;

	if (fd >= 0)
		close(fd);
	if (n < 0) {
		fprintf(stderr, "%s cannot be read\n", path);
		return -1;
	}
	/* of exactly that size, so that the address sanitizer sees what reads beyond it */
	exact = cdc_alloc((size_t)n, 1);
	memcpy(exact, bytes, (size_t)n);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(exact, (size_t)n);
	free(exact);
	return 0;
}

static int replay_all(const char *target)
{
	CDC_BUF_CLEANUP struct cdc_buf path = CDC_BUF_INIT;
	int count = 0, code = 0;
	DIR *dir;

	cdc_buf_addf(&path, "%s/tests/fuzz/corpus/%s", CDC_SRCDIR, target);
	dir = opendir(path.text);
	if (!dir) {
		fprintf(stderr, "%s cannot be read\n", path.text);
		return -1;
	}
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		CDC_BUF_CLEANUP struct cdc_buf file = CDC_BUF_INIT;

		if (entry->d_name[0] == '.')
			continue;
		cdc_buf_addf(&file, "%s/%s", path.text, entry->d_name);
		code |= replay(file.text);
		count++;
	}
	closedir(dir);
	printf("%d inputs\n", count);
	return count > 0 ? code : -1;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '_');
	int code = 0;

	if (argc < 2)
		return replay_all(name ? name + 1 : "") < 0;
	for (int i = 1; i < argc; i++)
		code |= replay(argv[i]);
	return code < 0;
}
