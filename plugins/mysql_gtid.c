#include "plugins/mysql_gtid.h"
static const struct cdc_option options[] = {
	{ .type = CDC_OPT_GROUP, .name = "MySQL connection", .group = cdc_my_options,
	    .offset = CDC_FIELD(struct mysql_gtid_config, my, struct cdc_my_params) },
	CDC_OPTION_END,
};
static const struct cdc_metric metrics[] = {
	{ .name = "behind", .unit = CDC_COUNT, .main = true, .shown = true, .has_min = true, .phrase = "%s behind", .help = "b" },
};
static const struct cdc_condition conditions[] = { { "off", CDC_CRITICAL, "gtid_mode is OFF" } };
static const char *const labels[] = { "ITEM", NULL };
static const struct cdc_example examples[] = { { NULL, NULL } };
const struct cdc_plugin mysql_gtid_plugin = {
	.name = "check_mysql_gtid",
	.question = "q?",
	.noun = "server",
	.nouns = "servers",
	.fixed_suffice = true,
	.config_size = sizeof(struct mysql_gtid_config),
	.options = options,
	.metrics = metrics,
	.metric_count = 1,
	.conditions = conditions,
	.condition_count = 1,
	.labels = labels,
	.examples = examples,
};
