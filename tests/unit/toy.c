#include "tests/unit/unit.h"

#define CONFIG(field, type_wanted) CDC_FIELD(struct toy_config, field, type_wanted)

static const char *const colours[] = { "red", "green", "blue", NULL };

static const struct cdc_option options[] = {
	{ .type = CDC_OPT_GROUP, .name = "Toys" },
	CDC_OPTION_NAMES('s', "toy", "NAME", "Judge this toy.", struct toy_config),
	{ .type = CDC_OPT_TEXT, .letter = 'x', .name = "text", .metavar = "TEXT", .alias = "words", .alias_letter = 'l',
	    .offset = CONFIG(text, const char *), .help = "A text." },
	{ .type = CDC_OPT_FILE, .name = "path", .metavar = "FILE", .offset = CONFIG(file, const char *),
	    .help = "A file." },
	{ .type = CDC_OPT_FLAG, .letter = 'q', .name = "quick", .offset = CONFIG(flag, bool), .help = "A flag." },
	{ .type = CDC_OPT_INT, .letter = 'P', .name = "number", .metavar = "N", .min = -5, .max = 100, .initial = "7",
	    .offset = CONFIG(number, int64_t), .help = "A number." },
	{ .type = CDC_OPT_SIZE, .name = "size", .metavar = "BYTES", .min = 1, .offset = CONFIG(size, int64_t),
	    .help = "A size." },
	{ .type = CDC_OPT_DURATION, .name = "patience", .metavar = "DURATION", .min = 2,
	    .offset = CONFIG(duration, int64_t), .help = "A duration." },
	{ .type = CDC_OPT_CHOICE, .name = "colour", .metavar = "COLOUR", .choices = colours, .initial = "green",
	    .offset = CONFIG(choice, int), .help = "A colour." },
	{ .type = CDC_OPT_LIST, .name = "many", .metavar = "TEXT", .offset = CONFIG(many, struct cdc_strings),
	    .help = "Texts." },
	{ .type = CDC_OPT_RANGE, .name = "between", .metavar = "RANGE", .offset = CONFIG(range, struct cdc_range),
	    .help = "A range." },
	CDC_OPTION_END,
};

static const struct cdc_metric metrics[TOY_METRICS] = {
	[DEPTH] = { .name = "depth", .unit = CDC_BYTES, .main = true, .shown = true, .has_min = true,
	    .phrase = "holds %s", .warning = "10", .critical = "20", .help = "how much it holds" },
	[AGE] = { .name = "age", .unit = CDC_SECONDS, .phrase = "aged %s", .help = "how old it is" },
	[FILL] = { .name = "fill-level", .unit = CDC_PERCENT, .has_min = true, .has_max = true, .max = 100,
	    .item = "server", .phrase = "%s full", .warning = "90", .help = "how full the box is" },
	[TOTAL] = { .name = "moves", .unit = CDC_COUNTER, .phrase = "moved %s times", .help = "how often it moved" },
};

#define OWN(condition) [(condition) - CDC_COND_OWN]

static const struct cdc_condition conditions[] = {
	OWN(BROKEN) = { "broken", CDC_CRITICAL, "it is broken" },
	OWN(IDLE) = { "idle", CDC_WARNING, "nobody plays with it", .metric = "age", .grace = true },
	OWN(CUT) = { "cut", CDC_CRITICAL, "its string is cut", .grace = true },
	OWN(GONE) = { "gone", CDC_CRITICAL, "a part of it is gone", .held = true },
	OWN(FADED) = { "faded", CDC_CRITICAL, "its paint is gone", .grace = true, .held = true },
	OWN(PLAIN) = { "plain", CDC_OK, "it has no pattern" },
	OWN(HUSH) = { "hush", CDC_OK, "it makes no noise", .quiet = true },
	OWN(OWN_NONE) = { "none", CDC_WARNING, "there is no toy at all" },
};

static const char *const labels[] = { "TOY", "KIND", NULL };

static const struct cdc_example examples[] = {
	{ "-s bear -w 5", "One toy that must be there." },
	{ NULL, NULL },
};

static const struct cdc_default defaults[] = {
	{ "hold", "12h" },
	{ NULL, NULL },
};

const struct cdc_plugin toy_plugin = {
	.name = "check_toy",
	.question = "Are the toys in the box?",
	.noun = "toy",
	.nouns = "toys",
	.config_size = sizeof(struct toy_config),
	.options = options,
	.metrics = metrics,
	.metric_count = TOY_METRICS,
	.conditions = conditions,
	.condition_count = CDC_LEN(conditions),
	.labels = labels,
	.examples = examples,
	.defaults = defaults,
};

struct cdc_item *toy_item(struct stage *toy, const char *name, int64_t depth)
{
	struct cdc_item *item = cdc_result_add(&toy->check, name);

	cdc_item_label(item, 1, "wood");
	cdc_item_value(item, DEPTH, cdc_num_int(depth));
	return item;
}
