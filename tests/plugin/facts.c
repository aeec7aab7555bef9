#include "tests/plugin/facts.h"

#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#define PATH_SIZE 400

static bool read_text(const char *path, struct cdc_buf *ret)
{
	struct cdc_err err;

	if (access(path, F_OK) != 0)
		return false;
	if (cdc_file_read(path, ret, &err) < 0)
		fail_msg("%s", err.text);
	return true;
}

/* "# error 42501: permission denied" */
static void read_refusal(const char *text, struct fact *ret)
{
	const char *error = strstr(text, "# error ");

	if (!error || strlen(error) < 15)
		return;
	ret->refused = true;
	memcpy(ret->sqlstate, error + 8, 5);
	snprintf(ret->message, sizeof(ret->message), "%.*s", (int)strcspn(error + 15, "\n"), error + 15);
}

bool facts_load(const char *plugin, const char *name, const char *query, struct fact *ret)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	char path[PATH_SIZE];
	struct cdc_err err;

	*ret = (struct fact){ .refused = false };
	snprintf(path, sizeof(path), CDC_SRCDIR "/tests/facts/%s/%s.%s.tsv", plugin, name, query);
	if (!read_text(path, &text))
		return false;
	read_refusal(text.text, ret);
	if (!ret->refused && cdc_rows_parse_tsv(text.text, &ret->rows, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	return true;
}

/* A row is one block of memory: it is made anew. */
static void replace_row(struct cdc_rows *rows, size_t row, const char **cells)
{
	CDC_ROWS_CLEANUP struct cdc_rows made = { 0 };

	cdc_rows_set_columns(&made, rows->columns, (const char *const *)rows->names);
	cdc_rows_add(&made, cells);
	free(rows->blocks[row]);
	rows->blocks[row] = made.blocks[0];
	memcpy(rows->cells + row * rows->columns, made.cells, rows->columns * sizeof(*made.cells));
	made.count = 0;
}

bool facts_read(const char *plugin, const char *name, const char *question, struct cdc_buf *ret)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), CDC_SRCDIR "/tests/facts/%s/%s.%s", plugin, name, question);
	return read_text(path, ret);
}

void facts_set(struct cdc_rows *rows, size_t row, const char *column, const char *value)
{
	const char *cells[100];
	bool found = false;

	expect(rows->columns <= CDC_LEN(cells) && row < rows->count, "there is no row %zu", row);
	for (size_t i = 0; i < rows->columns; i++) {
		cells[i] = rows->cells[row * rows->columns + i];
		if (cdc_streq(rows->names[i], column)) {
			cells[i] = value;
			found = true;
		}
	}
	expect(found, "there is no column %s", column);
	replace_row(rows, row, cells);
}

/* Cuts the next section off *text: its heading without "== ", and the output expected. */
static bool next_section(char **text, char **heading, char **expected)
{
	char *end, *newline;

	if (strncmp(*text, "== ", 3) != 0)
		return false;
	*heading = *text + 3;
	newline = strchr(*heading, '\n');
	if (!newline)
		return false;
	*newline = '\0';
	*expected = newline + 1;
	end = strncmp(*expected, "== ", 3) == 0 ? *expected - 1 : strstr(*expected, "\n== ");
	*text = end ? end + 1 : *expected + strlen(*expected);
	return true;
}

static void play_all(char *text, struct cdc_buf *written, char *(*play)(const char *name, const char *options),
    size_t *wrong)
{
	char *heading, *expected;

	while (next_section(&text, &heading, &expected)) {
		char kept = *text;
		size_t n = strcspn(heading, " ");
		CDC_CLEANUP(cdc_free_string) char *name = cdc_strndup(heading, n);
		CDC_CLEANUP(cdc_free_string) char *got = play(name, heading + n);

		*text = '\0';
		if (!getenv("CDC_UPDATE") && !cdc_streq(got, expected)) {
			print_error("== %s\n      got: %s   wanted: %s", heading, got, expected);
			(*wrong)++;
		}
		*text = kept;
		cdc_buf_addf(written, "== %s\n%s", heading, got);
	}
	expect(*text == '\0', "no section begins at '%.60s'", text);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every recorded name without a section, one "== NAME" line each. */
static void find_missing(const char *plugin, const char *query, const char *text, struct cdc_buf *ret)
{
	char path[PATH_SIZE], suffix[60], heading[PATH_SIZE], *names[1000];
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), CDC_SRCDIR "/tests/facts/%s", plugin);
	snprintf(suffix, sizeof(suffix), *query == '.' ? "%s" : ".%s.tsv", query);
	dir = opendir(path);
	expect(dir != NULL, "%s cannot be read", path);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL && count < CDC_LEN(names);) {
		size_t n = strlen(entry->d_name), m = strlen(suffix);

		if (n > m && cdc_streq(entry->d_name + n - m, suffix))
			names[count++] = cdc_strndup(entry->d_name, n - m);
	}
	closedir(dir);
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		size_t n = (size_t)snprintf(heading, sizeof(heading), "== %s", names[i]);
		const char *found = strstr(text, heading);

		while (found && found[n] != ' ' && found[n] != '\n')
			found = strstr(found + 1, heading);
		if (!found)
			cdc_buf_addf(ret, "%s\n", heading);
		free(names[i]);
	}
	expect(count > 0, "nothing is recorded in %s", path);
}

static void write_text(const char *path, const struct cdc_buf *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text->text, text->len) != (ssize_t)text->len)
		fail_msg("%s cannot be written", path);
	close(fd);
}

void facts_expect(const char *plugin, const char *query, char *(*play)(const char *name, const char *options))
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT, missing = CDC_BUF_INIT, written = CDC_BUF_INIT;
	char path[PATH_SIZE];
	size_t wrong = 0;

	snprintf(path, sizeof(path), CDC_SRCDIR "/tests/plugin/%s.expected", plugin);
	read_text(path, &text);
	find_missing(plugin, query, text.text, &missing);
	if (getenv("CDC_UPDATE")) {
		cdc_buf_add(&text, missing.text);
		play_all(text.text, &written, play, &wrong);
		write_text(path, &written);
		return;
	}
	expect(missing.len == 0, "recorded, and nothing is expected of it:\n%s", missing.text);
	play_all(text.text, &written, play, &wrong);
	expect(wrong == 0, "%zu outputs are not as expected (CDC_UPDATE=1 writes them down)", wrong);
}
