/*
 * The option files that the client library will read: whether they are there, and whether a password in them is open
 * to others, which the library does not ask (mysql_options(3), MYSQL_READ_DEFAULT_FILE).
 */
#include "client/my_internal.h"

#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

#define OPTION_FILE_MAX ((size_t)1 << 20)
#define INCLUDE_DEPTH   8 /* libmariadb stops at 64 and libmysqlclient at 10: nobody nests that deep */

/* What is looked for, and whether it was found. */
struct scan {
	const char *group; /* NULL: none */
	bool group_found;
};

/* Whether the line sets the option, in any of the spellings of option files. */
static bool sets(const char *line, const char *option)
{
	line += strspn(line, " \t");
	if (strncmp(line, "loose", 5) == 0 && (line[5] == '-' || line[5] == '_'))
		line += 6;
	if (strncmp(line, option, strlen(option)) != 0)
		return false;
	line += strlen(option);
	line += strspn(line, " \t");
	return *line == '=';
}

static bool is_group(const char *line, const char *group)
{
	size_t n = strlen(group);

	line += strspn(line, " \t");
	return line[0] == '[' && strncmp(line + 1, group, n) == 0 && line[n + 1] == ']';
}

/* The word behind a directive such as "!include"; NULL: the line is another one. The caller frees it. */
static char *argument_of(const char *line, const char *directive)
{
	size_t n = strlen(directive);

	line += strspn(line, " \t");
	if (strncmp(line, directive, n) != 0 || (line[n] != ' ' && line[n] != '\t'))
		return NULL;
	line += n + strspn(line + n, " \t");
	n = strcspn(line, "\r\n");
	while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	return cdc_strndup(line, n);
}

static int scan_file(const char *path, unsigned depth, struct scan *scan, struct cdc_err *err);

/* The library passes over what it cannot read. */
static int scan_included(const char *path, unsigned depth, struct scan *scan, struct cdc_err *err)
{
	if (depth == INCLUDE_DEPTH || access(path, R_OK) < 0)
		return 0;
	return scan_file(path, depth + 1, scan, err);
}

static int scan_directory(const char *path, unsigned depth, struct scan *scan, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf pattern = CDC_BUF_INIT;
	glob_t files = { 0 };
	int code = 0;

	cdc_buf_addf(&pattern, "%s/*.cnf", path);
	if (glob(pattern.text, 0, NULL, &files) == 0)
		for (size_t i = 0; i < files.gl_pathc && code == 0; i++)
			code = scan_included(files.gl_pathv[i], depth, scan, err);
	globfree(&files);
	return code;
}

static int follow(const char *line, unsigned depth, struct scan *scan, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_free_string) char *file = argument_of(line, "!include");
	CDC_CLEANUP(cdc_free_string) char *directory = argument_of(line, "!includedir");

	if (file)
		return scan_included(file, depth, scan, err);
	return directory ? scan_directory(directory, depth, scan, err) : 0;
}

static int scan_file(const char *path, unsigned depth, struct scan *scan, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_LIMITED(OPTION_FILE_MAX);
	bool secret = false;
	int code = cdc_file_read(path, &text, err);

	for (const char *line = text.text; code == 0 && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		secret = secret || sets(line, "password");
		scan->group_found = scan->group_found || (scan->group && is_group(line, scan->group));
		code = follow(line, depth, scan, err);
	}
	if (code == 0 && secret)
		code = cdc_file_check(path, true, err);
	explicit_bzero(text.text, text.len);
	return code;
}

/* Of the usual files only the account's own one is its to protect. */
static int check_own_file(struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf path = CDC_BUF_INIT;
	struct scan scan = { 0 };
	const char *home = getenv("HOME");

	if (!home || !*home)
		return 0;
	cdc_buf_addf(&path, "%s/.my.cnf", home);
	return access(path.text, R_OK) < 0 ? 0 : scan_file(path.text, 0, &scan, err);
}

int cdc_my_check_option_files(const struct cdc_my_params *params, struct cdc_err *err)
{
	struct scan scan = { .group = params->defaults_group };

	if (!params->defaults_file)
		return check_own_file(err);
	if (scan_file(params->defaults_file, 0, &scan, err) < 0)
		return cdc_fail_in(err, "option --defaults-file");
	if (scan.group && !scan.group_found)
		return cdc_fail(err, CDC_ERR_USAGE, "option --defaults-group: %s has no group [%s]", params->defaults_file,
		    scan.group);
	return 0;
}
