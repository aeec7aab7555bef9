/*
 * check_binlog_retention: from facts to result, the server's part.
 */
#include "plugins/binlog_retention_internal.h"

#include "base/text.h"
#include "cdc/binlog_name.h"

#include <inttypes.h>

int64_t binlog_retention_total(const struct binlog_retention_facts *facts)
{
	int64_t total = 0;

	for (size_t i = 0; i < facts->count; i++)
		if (__builtin_add_overflow(total, facts->files[i].size, &total))
			return INT64_MAX;
	return total;
}

/* Which setting decides, for line 1 when the retention is too short. */
static void cause_of_retention(const struct binlog_server *server, struct cdc_item *item)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	bool hours = server->managed, days = cdc_streq(server->expiry_name, "expire_logs_days");
	int64_t unit_ms = hours ? 3600000 : days ? 86400000 : 1000;

	cdc_buf_addf(&text, "%s is ", server->expiry_name);
	cdc_num_print(&text, cdc_num_int(server->expiry_ms) / unit_ms, 3);
	cdc_item_cause(item, RETENTION, text.text);
}

static void judge_never(const struct binlog_server *server, struct cdc_item *item)
{
	if (server->total_limit > 0)
		return;
	cdc_finding_headline(cdc_item_raise(item, NEVER_EXPIRES, "never removes logs (%s)", server->expiry_name),
	    "never removes logs (%s): the disk is the limit", server->expiry_name);
}

static void judge_expiry(const struct binlog_server *server, struct cdc_item *item)
{
	switch (server->expiry) {
	case BINLOG_AFTER:
		cdc_item_value(item, RETENTION, cdc_num_ms(server->expiry_ms));
		cause_of_retention(server, item);
		break;
	case BINLOG_AT_ONCE:
		cdc_finding_headline(
		    cdc_item_raise(item, RDS_UNSET, "'binlog retention hours' is not set: logs go as soon as possible"),
		    "has no 'binlog retention hours': logs go as soon as possible");
		break;
	case BINLOG_NEVER:
		judge_never(server, item);
		break;
	case BINLOG_EXPIRY_UNKNOWN:
		cdc_item_raise(item, CDC_COND_DENIED, "retention not known: %s", server->rds_refused);
		break;
	}
}

/* How long logs last under a limit of their total size, as long as the load stays what it is. */
static void judge_total_limit(const struct binlog_server *server, int64_t rate, struct cdc_item *item)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	if (server->total_limit <= 0)
		return;
	cdc_buf_addf(&text, "%s is ", server->total_limit_name);
	cdc_text_add_bytes(&text, server->total_limit);
	if (rate > 0) {
		cdc_buf_add(&text, ", ");
		cdc_text_add_duration(&text, cdc_num_to_ms(cdc_num_int(server->total_limit) / rate));
		cdc_buf_add(&text, " at this rate");
	} else {
		cdc_buf_add(&text, ", how long is not known yet");
	}
	/* a reader as Debezium's is one of them */
	if (server->connections_needed > 0)
		cdc_buf_addf(&text, ", only while %" PRId64 " or more replicas are connected", server->connections_needed);
	cdc_finding_headline(cdc_item_raise(item, SIZE_LIMITED, "logs go by size: %s", text.text),
	    "removes logs by size: %s", text.text);
}

static void judge_format(const struct binlog_server *server, struct cdc_item *item)
{
	const char *options = server->row_value_options;

	if (server->format && strcasecmp(server->format, "ROW") != 0)
		cdc_item_raise(item, NOT_ROW, "binlog_format is %s: changes cannot be read from it", server->format);
	if (server->row_image && strcasecmp(server->row_image, "FULL") != 0)
		cdc_item_raise(item, ROW_IMAGE, "binlog_row_image is %s: rows are not complete", server->row_image);
	if (options && *options)
		cdc_item_raise(item, ROW_IMAGE, "binlog_row_value_options is %s: rows are not complete", options);
}

/* The first file of all has number 1 and is as old as the server's log, however young that is. */
static bool is_first_ever(const struct binlog_retention_facts *facts)
{
	struct cdc_binlog_name name = cdc_binlog_name_parse(facts->files[0].name);

	return !name.numbered || name.number <= 1;
}

static void judge_gap(const struct binlog_retention_facts *facts, int64_t age_ms, struct cdc_item *item)
{
	const struct binlog_server *server = &facts->server;
	CDC_BUF_CLEANUP struct cdc_buf age = CDC_BUF_INIT, kept = CDC_BUF_INIT;

	const char *who = server->total_limit > 0 ? server->total_limit_name : "something else";

	if (server->expiry != BINLOG_AFTER || age_ms >= server->expiry_ms / 2 || server->uptime_ms <= server->expiry_ms ||
	    is_first_ever(facts))
		return;
	cdc_text_add_duration(&age, age_ms);
	cdc_text_add_duration(&kept, server->expiry_ms);
	cdc_finding_headline(
	    cdc_item_raise(item, GAP, "oldest log is %s old, not %s: %s removes logs", age.text, kept.text, who),
	    "has no log older than %s and is to keep them for %s: %s removes them", age.text, kept.text, who);
}

/*
 * From earlier runs only bounds are known. The lower one is the value, but where it alone would raise an alert that
 * the upper one would not, nothing is known.
 */
static void judge_recalled_age(const struct binlog_retention_facts *facts, struct cdc_item *item,
    struct cdc_check *check)
{
	const struct cdc_threshold *threshold = &check->policy->thresholds[OLDEST];
	struct binlog_age age = binlog_retention_recall(facts, facts->files[0].name, &check->memory);
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	int64_t at_least_ms;
	bool alerts;
	cdc_num value;

	cdc_item_cause(item, OLDEST, facts->probe_refused ? "no earlier run saw the oldest log" :
							     "no earlier run saw the oldest log, --probe-binlog tells");
	if (!age.before_ms.known || check->memory.now_ms - age.before_ms.value < 1000)
		return;
	at_least_ms = check->memory.now_ms - age.before_ms.value;
	value = cdc_num_ms(at_least_ms);
	cdc_text_add_duration(&text, at_least_ms);
	alerts = cdc_range_alerts(&threshold->warning, value) || cdc_range_alerts(&threshold->critical, value);
	if (alerts && !age.after_ms.known) {
		cdc_buf_add(&text, " at least, --probe-binlog tells");
		cdc_item_cause(item, OLDEST, text.text);
		return;
	}
	if (!alerts)
		cdc_item_phrase(item, "oldest change at least %s old", text.text);
	cdc_item_value(item, OLDEST, value);
	cdc_item_cause(item, OLDEST, "at least, as earlier runs saw it");
}

void binlog_retention_say(struct cdc_item *item, const struct cdc_check *check, enum binlog_metric metric,
    int64_t value_ms, const char *before, const char *behind)
{
	const struct cdc_threshold *threshold = &check->policy->thresholds[metric];
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	if (cdc_range_alerts(&threshold->warning, cdc_num_ms(value_ms)) ||
	    cdc_range_alerts(&threshold->critical, cdc_num_ms(value_ms)))
		return;
	cdc_text_add_duration(&text, value_ms);
	cdc_item_phrase(item, "%s %s%s", before, text.text, behind);
}

static void judge_oldest(const struct binlog_retention_facts *facts, struct cdc_item *item, struct cdc_check *check)
{
	int64_t age_ms;

	if (facts->count == 0)
		return;
	if (!facts->files[0].created_ms.known) {
		judge_recalled_age(facts, item, check);
		return;
	}
	age_ms = facts->server.now_ms - facts->files[0].created_ms.value;
	if (age_ms < 0)
		age_ms = 0;
	cdc_item_value(item, OLDEST, cdc_num_ms(age_ms));
	binlog_retention_say(item, check, OLDEST, age_ms, "oldest change", " old");
	judge_gap(facts, age_ms, item);
}

static void judge_sizes(const struct binlog_retention_config *config, const struct binlog_retention_facts *facts,
    struct cdc_item *item)
{
	int64_t total = binlog_retention_total(facts);

	if (facts->server.logs_refused) {
		cdc_item_raise(item, CDC_COND_DENIED, "binary logs not listed: %s", facts->server.logs_refused);
		return;
	}
	cdc_item_value(item, FILES, cdc_num_int((int64_t)facts->count));
	cdc_item_value(item, SIZE, cdc_num_int(total));
	if (config->size_limit > 0)
		cdc_item_value(item, HEADROOM, cdc_num_int(config->size_limit) - cdc_num_int(total));
	else
		cdc_item_cause(item, HEADROOM, "--size-limit is missing");
}

/* A probe is asked for by an option, but only what the command line judges by it makes its right a must. */
static void judge_probe(const struct binlog_retention_facts *facts, struct cdc_item *item, struct cdc_check *check)
{
	const struct cdc_policy *policy = check->policy;
	size_t condition = facts->probe_denied ? CDC_COND_DENIED : CDC_COND_PROTOCOL;

	if (!facts->probe_refused)
		return;
	if (cdc_policy_asks_metric(policy, OLDEST) || cdc_policy_asks_metric(policy, TIME_TO_LOSS) ||
	    cdc_policy_asks_condition(policy, GAP))
		cdc_item_raise(item, condition, "age of logs not known: %s", facts->probe_refused);
	else
		cdc_result_note(check, "--probe-binlog told nothing: %s", facts->probe_refused);
}

static void label(struct cdc_item *item, const struct binlog_server *server)
{
	cdc_item_label(item, LABEL_ITEM, item->name);
	cdc_item_label(item, LABEL_FLAVOUR, server->mariadb ? "mariadb" : "mysql");
}

static int64_t judge_server(const struct binlog_retention_config *config, const struct binlog_retention_facts *facts,
    struct cdc_check *check)
{
	struct cdc_item *item = cdc_result_add_fixed(check, "server");
	int64_t rate = 0;

	label(item, &facts->server);
	if (facts->server.log_off) {
		cdc_finding_headline(cdc_item_raise(item, LOG_OFF, "binary logging is off (log_bin)"),
		    "has binary logging off (log_bin): there is nothing to read");
		return 0;
	}
	if (binlog_retention_rate(facts, check, &rate))
		cdc_item_value(item, RATE, cdc_num_int(rate));
	else
		cdc_item_cause(item, RATE, "it takes two runs, --rate-window apart");
	judge_format(&facts->server, item);
	judge_expiry(&facts->server, item);
	judge_total_limit(&facts->server, rate, item);
	judge_sizes(config, facts, item);
	judge_oldest(facts, item, check);
	judge_probe(facts, item, check);
	return rate;
}

/* A threshold that nothing can be measured by must not look like one that is kept. */
static void note_no_reader(struct cdc_check *check)
{
	for (size_t metric = BEHIND; metric <= TIME_TO_LOSS; metric++)
		if (cdc_policy_asks_metric(check->policy, metric))
			cdc_result_note(check, "%s has no value: --binlog-file or --offsets is missing",
			    check->policy->plugin->metrics[metric].name);
}

/* The reader is named by its position, so --include can add nothing to it; --exclude takes it away. */
static bool selects_reader(const struct binlog_reader *reader, struct cdc_check *check)
{
	const struct cdc_policy *policy = check->policy;
	bool selected = reader->file && !cdc_patterns_match(&policy->exclude, "reader");

	if (policy->include.count && !selected && !cdc_patterns_match(&policy->include, "server"))
		cdc_result_raise(check, CDC_COND_NONE, "nothing that --include names is there to judge");
	return selected;
}

void binlog_retention_judge(const struct binlog_retention_config *config, const struct binlog_retention_facts *facts,
    const struct binlog_reader *reader, struct cdc_check *check)
{
	int64_t rate = judge_server(config, facts, check);
	bool selected = selects_reader(reader, check);
	struct cdc_item *item;

	if (reader->missing)
		cdc_result_raise(check, CDC_COND_MISSING, "--offsets has no partition of server %s", reader->missing);
	if (selected && !facts->server.log_off) {
		item = cdc_result_add(check, "reader");
		label(item, &facts->server);
		binlog_retention_judge_reader(facts, reader, rate, item, check);
	} else if (!reader->file && !reader->missing) {
		note_no_reader(check);
	}
	binlog_retention_remember(facts, &check->memory);
}
