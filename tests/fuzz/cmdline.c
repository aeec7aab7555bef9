/* The command line: arguments separated by NUL. */
#include "tests/fuzz/fuzz.h"

static char **split_input(char *text, size_t size, int *argc)
{
	static char name[] = "check_toy";
	char **argv = cdc_alloc(size + 3, sizeof(*argv));

	*argc = 0;
	argv[(*argc)++] = name;
	for (size_t at = 0; at < size; at += strlen(text + at) + 1)
		argv[(*argc)++] = text + at;
	return argv;
}

/*
 * For nested repetitions regcomp(3) takes memory that doubles with each; what the library does not refuse, a program's
 * own limit ends with a usage error.
 */
static bool repeats_too_often(const uint8_t *data, size_t size)
{
	size_t repetitions = 0;

	for (size_t i = 0; i < size; i++)
		repetitions += strchr("*+{", data[i]) && data[i];
	return repetitions > 8 || memchr(data, '{', size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *text = cdc_strndup((const char *)data, size);
	struct toy_config config = { 0 };
	struct cdc_table table;
	struct cdc_err err = { .kind = CDC_ERR_NONE };
	enum cdc_wish wish;
	char **argv;
	int argc;

	if (repeats_too_often(data, size) || size > 4096)
		return 0;
	argv = split_input(text, size, &argc);
	cdc_table_init(&table, &toy_plugin);
	cdc_policy_init(&config.policy, &toy_plugin);
	if (cdc_cmdline_parse(&table, &config, argc, argv, &wish, &err) < 0)
		HOLDS(err.kind == CDC_ERR_USAGE && *err.text);
	else
		HOLDS(config.policy.timeout_ms > 0 && config.policy.rate_min_ms <= config.policy.rate_max_ms &&
		    config.policy.grace_ms >= 0 && config.number >= -5 && config.number <= 100);
	cdc_cmdline_release(&table, &config);
	cdc_table_release(&table);
	free(argv);
	return 0;
}
