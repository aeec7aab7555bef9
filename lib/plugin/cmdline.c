#include "plugin/cmdline.h"

#include "base/text.h"

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#define QUOTE_MAX 120
/* getopt_long's val of row i; above every character, so that letters need no translation table of their own */
#define FIRST_VAL 256

/* What getopt_long(3) wants to know, made from the rows. */
struct getopt_input {
	struct option *longs;
	size_t count;
	struct cdc_buf shorts;
};

static void add_long(struct getopt_input *input, const char *name, const struct cdc_option *option, size_t row)
{
	input->longs[input->count++] = (struct option){ .name = name,
		.has_arg = cdc_option_has_value(option) ? required_argument : no_argument,
		.val = FIRST_VAL + (int)row };
}

static void add_short(struct getopt_input *input, char letter, const struct cdc_option *option)
{
	if (!letter)
		return;
	cdc_buf_add_char(&input->shorts, letter);
	if (cdc_option_has_value(option))
		cdc_buf_add_char(&input->shorts, ':');
}

static void input_init(struct getopt_input *input, const struct cdc_table *table)
{
	*input = (struct getopt_input){ .shorts = CDC_BUF_INIT };
	input->longs = cdc_alloc(2 * table->count + 1, sizeof(*input->longs));
	cdc_buf_add_char(&input->shorts, ':');
	for (size_t i = 0; i < table->count; i++) {
		const struct cdc_option *option = &table->rows[i].option;

		if (option->type == CDC_OPT_GROUP)
			continue;
		add_long(input, option->name, option, i);
		if (option->alias)
			add_long(input, option->alias, option, i);
		add_short(input, option->letter, option);
		add_short(input, option->alias_letter, option);
	}
}

static void input_release(struct getopt_input *input)
{
	free(input->longs);
	cdc_buf_release(&input->shorts);
}

/* The row of a short option. */
static size_t row_of_letter(const struct cdc_table *table, char letter)
{
	size_t i = 0;

	while (table->rows[i].option.letter != letter && table->rows[i].option.alias_letter != letter)
		i++;
	return i;
}

static int not_in_range(const struct cdc_option *option, const char *text, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_USAGE, "'%s': a number from %lld to %lld is expected", text, (long long)option->min,
	    (long long)option->max);
}

static int store_int(const struct cdc_option *option, const char *text, int64_t *field, struct cdc_err *err)
{
	int64_t value;

	if (!cdc_num_parse_int(text, &value) || value < option->min || value > option->max)
		return not_in_range(option, text, err);
	*field = value;
	return 0;
}

static int store_number(const struct cdc_option *option, const char *text, int64_t *field, struct cdc_err *err)
{
	bool duration = option->type == CDC_OPT_DURATION;
	struct cdc_err why;
	cdc_num value;
	cdc_num limit = duration ? cdc_num_int(INT64_MAX / 1000) : cdc_num_int(INT64_MAX);

	if (cdc_num_parse(text, strlen(text), duration ? CDC_SECONDS : CDC_BYTES, &value, &why) < 0)
		return cdc_fail(err, CDC_ERR_USAGE, "'%s': %s", text, why.text);
	if (value < cdc_num_int(option->min) || value > limit)
		return cdc_fail(err, CDC_ERR_USAGE, "'%s': it must not be less than %lld, and fit into 64 bits", text,
		    (long long)option->min);
	*field = duration ? cdc_num_to_ms(value) : cdc_num_to_int(value);
	return 0;
}

static int store_choice(const struct cdc_option *option, const char *text, int *field, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf valid = CDC_BUF_INIT;

	for (int i = 0; option->choices[i]; i++) {
		if (cdc_streq(option->choices[i], text)) {
			*field = i + option->from_one;
			return 0;
		}
		cdc_buf_addf(&valid, "%s%s", i ? ", " : "", option->choices[i]);
	}
	return cdc_fail(err, CDC_ERR_USAGE, "'%s': valid are %s", text, valid.text);
}

static int store_text(const struct cdc_option *option, const char *text, const char **field, struct cdc_err *err)
{
	if (!*text && !option->may_be_empty)
		return cdc_fail(err, CDC_ERR_USAGE, "a value is expected, not an empty text");
	*field = text;
	return 0;
}

static int store_name(const char *text, struct cdc_strings *field, struct cdc_err *err)
{
	if (!*text)
		return cdc_fail(err, CDC_ERR_USAGE, "a name is expected, not an empty text");
	cdc_strings_add(field, text);
	return 0;
}

/* Puts one value where its row says. */
static int store(const struct cdc_row *row, void *config, const char *text, struct cdc_err *err)
{
	const struct cdc_option *option = &row->option;
	struct cdc_policy *policy = config;
	void *field = (char *)config + row->base + option->offset;

	switch (option->type) {
	case CDC_OPT_FLAG:
		*(bool *)field = true;
		return 0;
	case CDC_OPT_COUNT:
		*(int *)field += *(int *)field < option->max;
		return 0;
	case CDC_OPT_TEXT:
	case CDC_OPT_FILE:
		return store_text(option, text, field, err);
	case CDC_OPT_LIST:
		return store_name(text, field, err);
	case CDC_OPT_PATTERNS:
		return cdc_patterns_add(field, text, err);
	case CDC_OPT_INT:
		return store_int(option, text, field, err);
	case CDC_OPT_SIZE:
	case CDC_OPT_DURATION:
		return store_number(option, text, field, err);
	case CDC_OPT_RANGE:
		return cdc_range_parse(text, CDC_COUNT, field, err);
	case CDC_OPT_CHOICE:
		return store_choice(option, text, field, err);
	case CDC_OPT_TIMEOUT:
		return cdc_policy_set_timeout(policy, text, err);
	case CDC_OPT_WINDOW:
		return cdc_policy_set_window(policy, text, err);
	case CDC_OPT_ON:
		return cdc_policy_set_on(policy, text, err);
	case CDC_OPT_WARNING:
	case CDC_OPT_CRITICAL:
		return cdc_policy_set_threshold(policy, option->metric, option->type == CDC_OPT_CRITICAL, text, err);
	default:
		return 0;
	}
}

/* The defaults of thresholds are the policy's own (cdc_policy_init): a default is no wish of the command line. */
static void store_defaults(const struct cdc_table *table, void *config)
{
	struct cdc_err err;

	for (size_t i = 0; i < table->count; i++) {
		const struct cdc_option *option = &table->rows[i].option;

		if (option->initial && option->type != CDC_OPT_WARNING && option->type != CDC_OPT_CRITICAL &&
		    store(&table->rows[i], config, option->initial, &err) < 0)
			abort();
	}
}

static bool begins_with(const char *text, const char *prefix, size_t n)
{
	return strncmp(text, prefix, n) == 0;
}

/* Why getopt_long did not accept a long option: unknown, ambiguous, or a value where none is taken. */
static int refuse_long(const struct getopt_input *input, const char *argument, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf matches = CDC_BUF_INIT;
	size_t n = strcspn(argument, "=") - 2, found = 0;
	/* what stands behind "=" may be a secret that other plugins take there */
	CDC_CLEANUP(cdc_free_string) char *name = cdc_strndup(argument, n + 2);

	for (size_t i = 0; i < input->count; i++) {
		const struct option *option = &input->longs[i];

		if (begins_with(option->name, argument + 2, n)) {
			cdc_buf_addf(&matches, "%s--%s", found++ ? ", " : "", option->name);
			if (strlen(option->name) == n)
				return cdc_fail(err, CDC_ERR_USAGE, "option --%s takes no value", option->name);
		}
	}
	if (found > 1 && n > 0)
		return cdc_fail(err, CDC_ERR_USAGE, "option '%s' is ambiguous: %s", name, matches.text);
	if (found == 1)
		return cdc_fail(err, CDC_ERR_USAGE, "option %s takes no value", matches.text);
	return cdc_fail(err, CDC_ERR_USAGE, "unknown option '%s' (--help lists the valid ones)", name);
}

static int refuse_option(const struct getopt_input *input, char **argv, struct cdc_err *err)
{
	const char *argument = argv[optind - 1];

	if (argument[0] == '-' && argument[1] == '-' && (optopt == 0 || optopt >= FIRST_VAL))
		return refuse_long(input, argument, err);
	return cdc_fail(err, CDC_ERR_USAGE, "unknown option '-%c' (--help lists the valid ones)", optopt);
}

static int refuse_without_value(const struct cdc_table *table, char **argv, struct cdc_err *err)
{
	const struct cdc_option *option;

	if (optopt < FIRST_VAL) {
		option = &table->rows[row_of_letter(table, (char)optopt)].option;
		return cdc_fail(err, CDC_ERR_USAGE, "option -%c needs a value: %s", optopt, option->metavar);
	}
	option = &table->rows[optopt - FIRST_VAL].option;
	return cdc_fail(err, CDC_ERR_USAGE, "option %s needs a value: %s", argv[optind - 1], option->metavar);
}

static const struct cdc_row *row_of_val(const struct cdc_table *table, int val)
{
	return &table->rows[val >= FIRST_VAL ? (size_t)(val - FIRST_VAL) : row_of_letter(table, (char)val)];
}

/*
 * Other plugins take a secret as --password=SECRET, which here abbreviates an option that takes a file: what is no file
 * may be a secret then, and is not quoted.
 */
static bool may_be_secret(char **argv, const char *value)
{
	static const char *const names[] = { "--pass", "--passwd", "--password" };
	const char *spelled = argv[optind - 1] == value ? argv[optind - 2] : argv[optind - 1];

	for (size_t i = 0; i < CDC_LEN(names); i++)
		if (strcspn(spelled, "=") == strlen(names[i]) && begins_with(spelled, names[i], strlen(names[i])))
			return access(value, F_OK) != 0;
	return false;
}

static int parse_all(const struct cdc_table *table, const struct getopt_input *input, void *config, int argc,
    char **argv, enum cdc_wish *ret, struct cdc_err *err)
{
	int val;

	opterr = 0;
	optind = 0; /* getopt(3): 0 makes glibc forget an earlier parse */
	while ((val = getopt_long(argc, argv, input->shorts.text, input->longs, NULL)) != -1) {
		const struct cdc_row *row;

		if (val == '?')
			return refuse_option(input, argv, err);
		if (val == ':')
			return refuse_without_value(table, argv, err);
		row = row_of_val(table, val);
		if (row->option.type == CDC_OPT_HELP || row->option.type == CDC_OPT_VERSION) {
			*ret = row->option.type == CDC_OPT_HELP ? CDC_WISH_HELP : CDC_WISH_VERSION;
			return 0;
		}
		if (optarg && may_be_secret(argv, optarg))
			return cdc_fail(err, CDC_ERR_USAGE,
			    "option --%s: there is no such file (no option takes a secret itself)", row->option.name);
		if (store(row, config, optarg, err) < 0)
			return cdc_fail_in(err, "option --%s", row->option.name);
	}
	*ret = CDC_WISH_CHECK;
	if (optind < argc)
		return cdc_fail(err, CDC_ERR_USAGE, "unexpected argument '%s': everything is given by options",
		    argv[optind]);
	return 0;
}

int cdc_cmdline_parse(const struct cdc_table *table, void *config, int argc, char **argv, enum cdc_wish *ret,
    struct cdc_err *err)
{
	CDC_CLEANUP(input_release) struct getopt_input input;

	input_init(&input, table);
	store_defaults(table, config);
	return parse_all(table, &input, config, argc, argv, ret, err);
}

void cdc_cmdline_release(const struct cdc_table *table, void *config)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct cdc_option *option = &table->rows[i].option;
		void *field = (char *)config + table->rows[i].base + option->offset;

		if (option->type == CDC_OPT_LIST)
			cdc_strings_release(field);
		else if (option->type == CDC_OPT_PATTERNS)
			cdc_patterns_release(field);
	}
	cdc_policy_release(config);
}
