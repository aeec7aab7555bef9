#include "plugin/extra_opts.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

#define FILE_MAX ((size_t)1 << 20)

static const char *const file_names[] = { "monitoring-plugins.ini", "plugins.ini", "nagios-plugins.ini" };

static const char *const file_paths[] = {
	"/usr/local/etc/monitoring-plugins/monitoring-plugins.ini",
	"/usr/local/etc/monitoring-plugins.ini",
	"/etc/monitoring-plugins/monitoring-plugins.ini",
	"/etc/monitoring-plugins.ini",
	"/etc/nagios/plugins.ini",
	"/usr/local/nagios/etc/plugins.ini",
	"/usr/local/etc/nagios/plugins.ini",
	"/etc/opt/nagios/plugins.ini",
	"/etc/nagios-plugins.ini",
	"/usr/local/etc/nagios-plugins.ini",
	"/etc/opt/nagios-plugins.ini",
};

static void append(struct cdc_arguments *arguments, char *text)
{
	arguments->argv = cdc_realloc(arguments->argv, (size_t)arguments->argc + 2, sizeof(*arguments->argv));
	arguments->argv[arguments->argc++] = text;
	arguments->argv[arguments->argc] = NULL;
}

static void append_made(struct cdc_arguments *arguments, char *text)
{
	CDC_GROW(arguments->made, arguments->made_count, &arguments->made_capacity);
	arguments->made[arguments->made_count++] = text;
	append(arguments, text);
}

void cdc_arguments_release(struct cdc_arguments *arguments)
{
	for (size_t i = 0; i < arguments->made_count; i++)
		free(arguments->made[i]);
	free(arguments->made);
	free(arguments->argv);
	*arguments = (struct cdc_arguments){ 0 };
}

static bool takes_value(const struct cdc_table *table, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < table->count; i++) {
		const struct cdc_option *option = &table->rows[i].option;

		if (option->type == CDC_OPT_GROUP)
			continue;
		if (n == 1 ? option->letter == *key || option->alias_letter == *key :
			     strncmp(option->name, key, n) == 0)
			return cdc_option_has_value(option);
	}
	return false;
}

/* Cuts blanks off both ends in place. */
static char *trim(char *text)
{
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	n = strlen(text);
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	return text;
}

/* "key = value" becomes --key=value, "key =" --key, and a single letter -kvalue. */
static int add_option(const struct cdc_table *table, char *line, size_t number, const char *file,
    struct cdc_arguments *arguments, struct cdc_err *err)
{
	struct cdc_buf option = CDC_BUF_INIT;
	char *equals = strchr(line, '=');
	char *key, *value;

	if (!equals || equals == line)
		return cdc_fail(err, CDC_ERR_USAGE, "option file '%s', line %zu: 'key=value' or 'key=' is expected", file,
		    number);
	*equals = '\0';
	key = trim(line);
	value = trim(equals + 1);
	if (!*key)
		return cdc_fail(err, CDC_ERR_USAGE, "option file '%s', line %zu: a key is expected before '='", file, number);
	if (strlen(key) == 1)
		cdc_buf_addf(&option, "-%s%s", key, value);
	else if (*value || takes_value(table, key))
		cdc_buf_addf(&option, "--%s=%s", key, value);
	else
		cdc_buf_addf(&option, "--%s", key);
	append_made(arguments, cdc_buf_take(&option));
	if (strlen(key) == 1 && !*value && takes_value(table, key))
		append_made(arguments, cdc_strdup(""));
	return 0;
}

static bool is_section(char *line, const char *section)
{
	char *end = strchr(line, ']');

	if (end)
		*end = '\0';
	return end && cdc_streq(trim(line + 1), section);
}

int cdc_extra_opts_parse(const struct cdc_table *table, const char *text, const char *section, const char *file,
    struct cdc_arguments *arguments, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_free_string) char *copy = cdc_strdup(text);
	bool in_any = false, inside = false, found = false;
	size_t number = 0;

	for (char *line = copy, *next; line; line = next) {
		char *newline = strchr(line, '\n');

		next = newline ? newline + 1 : NULL;
		if (newline)
			*newline = '\0';
		number++;
		line = trim(line);
		if (!*line || *line == '#' || *line == ';')
			continue;
		if (*line == '[') {
			in_any = true;
			inside = is_section(line, section);
			found = found || inside;
		} else if (!in_any) {
			return cdc_fail(err, CDC_ERR_USAGE, "option file '%s', line %zu: no [section] begins before it", file,
			    number);
		} else if (inside && add_option(table, line, number, file, arguments, err) < 0) {
			return -1;
		}
	}
	if (!found)
		return cdc_fail(err, CDC_ERR_USAGE, "option file '%s' has no section [%s]", file, section);
	return 0;
}

/* The first of the standard files below a directory of NAGIOS_CONFIG_PATH; NULL when there is none. */
static char *find_in_path(const char *path)
{
	while (path && *path) {
		size_t n = strcspn(path, ":");

		for (size_t i = 0; n > 0 && i < CDC_LEN(file_names); i++) {
			struct cdc_buf file = CDC_BUF_INIT;

			cdc_buf_addf(&file, "%.*s/%s", (int)n, path, file_names[i]);
			if (access(file.text, F_OK) == 0)
				return cdc_buf_take(&file);
			cdc_buf_release(&file);
		}
		path += n + (path[n] == ':');
	}
	return NULL;
}

static char *find_file(void)
{
	const char *named = getenv("MP_CONFIG_FILE");
	char *found;

	if (named && *named)
		return cdc_strdup(named);
	found = find_in_path(getenv("NAGIOS_CONFIG_PATH"));
	for (size_t i = 0; !found && i < CDC_LEN(file_paths); i++)
		if (access(file_paths[i], F_OK) == 0)
			found = cdc_strdup(file_paths[i]);
	return found;
}

/* Takes in what one --extra-opts names; locator is NULL where it has no value. */
static int take_in(const struct cdc_table *table, const char *default_section, const char *locator,
    struct cdc_arguments *arguments, struct cdc_err *err)
{
	const char *at = locator ? strchr(locator, '@') : NULL;
	size_t n = locator ? strcspn(locator, "@") : 0;
	CDC_CLEANUP(cdc_free_string) char *section = n ? cdc_strndup(locator, n) : cdc_strdup(default_section);
	CDC_CLEANUP(cdc_free_string) char *file = at ? cdc_strdup(at + 1) : find_file();
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_LIMITED(FILE_MAX);

	if (!file || !*file)
		return cdc_fail(err, CDC_ERR_USAGE,
		    "--extra-opts: there is no option file in any standard place (the last one is '%s')",
		    file_paths[CDC_LEN(file_paths) - 1]);
	if (cdc_file_read_early(file, &text, err) < 0)
		return cdc_fail_in(err, "--extra-opts");
	return cdc_extra_opts_parse(table, text.text, section, file, arguments, err);
}

/* True if the argument is --extra-opts or an abbreviation that can be nothing else. */
static bool is_extra_opts(const char *argument)
{
	static const char name[] = "--extra-opts";
	size_t n = strcspn(argument, "=");

	return n > strlen("--ex") && n <= strlen(name) && strncmp(argument, name, n) == 0;
}

int cdc_extra_opts_expand(const struct cdc_table *table, const char *default_section, int argc, char **argv,
    struct cdc_arguments *ret, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_arguments_release) struct cdc_arguments files = { 0 }, rest = { 0 };
	static char nameless[] = "check"; /* execve(2) without any argument */
	bool options = true;

	for (int i = 1; i < argc; i++) {
		const char *value;

		options = options && !cdc_streq(argv[i], "--");
		if (!options || !is_extra_opts(argv[i])) {
			append(&rest, argv[i]);
			continue;
		}
		value = strchr(argv[i], '=');
		if (value)
			value++;
		else if (i + 1 < argc && argv[i + 1][0] != '-')
			value = argv[++i];
		if (take_in(table, default_section, value, &files, err) < 0)
			return -1;
	}
	*ret = (struct cdc_arguments){ 0 };
	append(ret, argc > 0 ? argv[0] : nameless);
	for (int i = 0; i < files.argc; i++)
		append(ret, files.argv[i]);
	for (int i = 0; i < rest.argc; i++)
		append(ret, rest.argv[i]);
	ret->made = CDC_TAKE(files.made);
	ret->made_count = files.made_count;
	files.made_count = 0;
	return 0;
}
