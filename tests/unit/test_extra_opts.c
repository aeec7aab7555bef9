/* lib/plugin/extra_opts: ini files of the monitoring plugins (interface.md section 5). */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct ini_case {
	const char *name, *text;
	const char *options; /* the arguments made, separated by "|"; NULL: refused */
	const char *error;
};

static const struct ini_case ini_cases[] = {
	{ "a value", "[check_toy]\ntext=hello\n", "--text=hello", NULL },
	{ "blanks around", "  [ check_toy ]  \n  text  =  hello world \n", "--text=hello world", NULL },
	{ "blanks within stay", "[check_toy]\ntext=a  b\n", "--text=a  b", NULL },
	{ "a second equals sign", "[check_toy]\ntext=a=b\n", "--text=a=b", NULL },
	{ "repeated keys", "[check_toy]\nmany=a\nmany=b\n", "--many=a|--many=b", NULL },
	{ "a flag", "[check_toy]\nquick=\n", "--quick", NULL },
	{ "an empty value", "[check_toy]\ntext=\n", "--text=", NULL },
	{ "an abbreviated key with an empty value", "[check_toy]\ntex=\n", "--tex=", NULL },
	{ "a letter with a value", "[check_toy]\nw=5:10\n", "-w5:10", NULL },
	{ "a letter with a blank before the value", "[check_toy]\nw = 5\n", "-w5", NULL },
	{ "a letter that is a flag", "[check_toy]\nq=\n", "-q", NULL },
	{ "a letter with an empty value", "[check_toy]\nx=\n", "-x|", NULL },
	{ "an alias letter with an empty value", "[check_toy]\nl=\n", "-l|", NULL },
	{ "comments", "# one\n; two\n[check_toy]\n# three\n  ; four\ntext=a#b;c\n", "--text=a#b;c", NULL },
	{ "empty lines", "\n\n[check_toy]\n\ntext=a\n\n", "--text=a", NULL },
	{ "DOS line ends", "[check_toy]\r\ntext=a\r\n", "--text=a", NULL },
	{ "no newline at the end", "[check_toy]\ntext=a", "--text=a", NULL },
	{ "other sections", "[a]\ntext=1\n[check_toy]\ntext=2\n[b]\ntext=3\n", "--text=2", NULL },
	{ "a section in two parts", "[check_toy]\ntext=1\n[a]\nx=2\n[check_toy]\nmany=3\n", "--text=1|--many=3", NULL },
	{ "an empty section", "[check_toy]\n", "", NULL },
	{ "wrong lines of other sections are not ours", "[a]\nnonsense\n[check_toy]\ntext=a\n", "--text=a", NULL },
	{ "an unknown key is for the command line to refuse", "[check_toy]\nnonsense=1\n", "--nonsense=1", NULL },
	{ "no such section", "[a]\ntext=1\n", NULL, "option file 'f' has no section [check_toy]" },
	{ "an empty file", "", NULL, "option file 'f' has no section [check_toy]" },
	{ "upper case", "[CHECK_TOY]\ntext=1\n", NULL, "option file 'f' has no section [check_toy]" },
	{ "an open bracket", "[check_toy\ntext=1\n", NULL, "option file 'f' has no section [check_toy]" },
	{ "before any section", "text=1\n[check_toy]\n", NULL, "option file 'f', line 1: no [section] begins before it" },
	{ "no equals sign", "[check_toy]\ntext\n", NULL, "option file 'f', line 2: 'key=value' or 'key=' is expected" },
	{ "no key", "[check_toy]\n=5\n", NULL, "option file 'f', line 2: 'key=value' or 'key=' is expected" },
	{ "a blank key", "[check_toy]\n\n  =5\n", NULL, "option file 'f', line 3: 'key=value' or 'key=' is expected" },
};

static char *joined(const struct cdc_arguments *arguments)
{
	struct cdc_buf text = CDC_BUF_INIT;

	for (int i = 0; i < arguments->argc; i++)
		cdc_buf_addf(&text, "%s%s", i ? "|" : "", arguments->argv[i]);
	return cdc_buf_take(&text);
}

static void test_ini(void **state CDC_UNUSED)
{
	struct cdc_table table;

	cdc_table_init(&table, &toy_plugin);
	for (size_t i = 0; i < CDC_LEN(ini_cases); i++) {
		const struct ini_case *c = &ini_cases[i];
		struct cdc_arguments arguments = { 0 };
		struct cdc_err err;
		int code = cdc_extra_opts_parse(&table, c->text, "check_toy", "f", &arguments, &err);
		CDC_CLEANUP(cdc_free_string) char *options = joined(&arguments);

		expect((code == 0) == (c->options != NULL), "%s: %s", c->name, code ? err.text : "was taken");
		if (c->options)
			expect_text(c->name, options, c->options);
		else
			expect_text(c->name, err.text, c->error);
		cdc_arguments_release(&arguments);
	}
	cdc_table_release(&table);
}

static char directory[] = "/tmp/cdc-unit-XXXXXX";

static int make_file(void **state CDC_UNUSED)
{
	static const char text[] = "[check_toy]\nwarning=5\nmany=file\n[other]\nmany=other\n";
	char path[200];
	int fd;

	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/monitoring-plugins.ini", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, text, sizeof(text) - 1) != sizeof(text) - 1)
		return -1;
	return close(fd);
}

static int remove_file(void **state CDC_UNUSED)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/monitoring-plugins.ini", directory);
	unlink(path);
	return rmdir(directory);
}

struct expand_case {
	const char *name;
	const char *argv[5]; /* "@" stands for the file's path */
	const char *options; /* NULL: refused */
	const char *error;
};

static const struct expand_case expand_cases[] = {
	{ "nothing to expand", { "-w", "3" }, "check_toy|-w|3", NULL },
	{ "the command line comes last", { "-w", "3", "--extra-opts=@" }, "check_toy|--warning=5|--many=file|-w|3", NULL },
	{ "another section", { "--extra-opts=other@" }, "check_toy|--many=other", NULL },
	{ "a value behind", { "--extra-opts", "other@" }, "check_toy|--many=other", NULL },
	{ "abbreviated", { "--extra=other@" }, "check_toy|--many=other", NULL },
	{ "twice", { "--extra-opts=other@", "--extra-opts=@" }, "check_toy|--many=other|--warning=5|--many=file", NULL },
	{ "an option follows, no value", { "--extra-opts", "-q" }, "check_toy|--warning=5|--many=file|-q", NULL },
	{ "by the environment", { "--extra-opts=other" }, "check_toy|--many=other", NULL },
	{ "behind --", { "--", "--extra-opts=other@" }, "check_toy|--|--extra-opts=other@", NULL },
	{ "no such section", { "--extra-opts=none@" }, NULL, "has no section [none]" },
	{ "no such file", { "--extra-opts=x@/nonexistent/file" }, NULL, "/nonexistent/file" },
};

static void test_expand(void **state CDC_UNUSED)
{
	struct cdc_table table;

	assert_int_equal(setenv("NAGIOS_CONFIG_PATH", directory, 1), 0);
	unsetenv("MP_CONFIG_FILE");
	cdc_table_init(&table, &toy_plugin);
	for (size_t i = 0; i < CDC_LEN(expand_cases); i++) {
		const struct expand_case *c = &expand_cases[i];
		char arguments[5][300], *argv[7] = { arguments[4] };
		struct cdc_arguments expanded = { 0 };
		struct cdc_err err;
		int argc = 1, code;

		snprintf(arguments[4], sizeof(arguments[4]), "check_toy");
		for (int a = 0; a < 4 && c->argv[a]; a++) {
			size_t n = strlen(c->argv[a]);

			snprintf(arguments[a], sizeof(arguments[a]), "%s", c->argv[a]);
			if (n > 0 && c->argv[a][n - 1] == '@')
				snprintf(arguments[a] + n, sizeof(arguments[a]) - n, "%s/monitoring-plugins.ini", directory);
			argv[argc++] = arguments[a];
		}
		code = cdc_extra_opts_expand(&table, "check_toy", argc, argv, &expanded, &err);
		expect((code == 0) == (c->options != NULL), "%s: %s", c->name, code ? err.text : "was taken");
		if (code == 0) {
			CDC_CLEANUP(cdc_free_string) char *options = joined(&expanded);
			size_t n = strcspn(options, "/");

			/* the path is another one each time */
			expect(strncmp(options, c->options, n) == 0, "%s: %s", c->name, options);
		} else {
			expect_part(c->name, err.text, c->error);
			assert_int_equal(err.kind, CDC_ERR_USAGE);
			assert_null(expanded.argv);
		}
		cdc_arguments_release(&expanded);
	}
	cdc_table_release(&table);
}

static void test_file_by_environment(void **state CDC_UNUSED)
{
	char option[] = "--extra-opts", name[] = "check_toy", *argv[] = { name, option, NULL };
	struct cdc_arguments expanded = { 0 };
	struct cdc_table table;
	struct cdc_err err;

	setenv("NAGIOS_CONFIG_PATH", directory, 1);
	setenv("MP_CONFIG_FILE", "/nonexistent/first", 1);
	cdc_table_init(&table, &toy_plugin);
	assert_int_equal(cdc_extra_opts_expand(&table, "check_toy", 2, argv, &expanded, &err), -1);
	expect_part("MP_CONFIG_FILE comes first", err.text, "/nonexistent/first");
	unsetenv("MP_CONFIG_FILE");
	setenv("NAGIOS_CONFIG_PATH", "/nonexistent::/also", 1);
	if (access("/etc/monitoring-plugins.ini", F_OK) != 0 && access("/etc/nagios/plugins.ini", F_OK) != 0) {
		assert_int_equal(cdc_extra_opts_expand(&table, "check_toy", 2, argv, &expanded, &err), -1);
		expect_part("nowhere", err.text, "no option file in any standard place");
	}
	assert_int_equal(cdc_extra_opts_expand(&table, "check_toy", 0, argv, &expanded, &err), 0);
	assert_int_equal(expanded.argc, 1); /* execve(2) without any argument */
	cdc_arguments_release(&expanded);
	cdc_table_release(&table);
}

/* The whole way: what the file says, the command line changes. */
static void test_command_line_wins(void **state CDC_UNUSED)
{
	struct cdc_arguments arguments = { 0 };
	struct toy_config config = { 0 };
	struct cdc_table table;
	enum cdc_wish wish;
	struct cdc_err err;
	char name[] = "check_toy", option[] = "-w7", path[300], *argv[] = { name, option, path, NULL };

	snprintf(path, sizeof(path), "--extra-opts=@%s/monitoring-plugins.ini", directory);
	cdc_table_init(&table, &toy_plugin);
	cdc_policy_init(&config.policy, &toy_plugin);
	assert_int_equal(cdc_extra_opts_expand(&table, "check_toy", 3, argv, &arguments, &err), 0);
	assert_int_equal(cdc_cmdline_parse(&table, &config, arguments.argc, arguments.argv, &wish, &err), 0);
	assert_true(config.policy.thresholds[DEPTH].warning.high == cdc_num_int(7));
	assert_int_equal(config.many.count, 1);
	cdc_cmdline_release(&table, &config);
	cdc_arguments_release(&arguments);
	cdc_table_release(&table);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ini),
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_file_by_environment),
		cmocka_unit_test(test_command_line_wins),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
