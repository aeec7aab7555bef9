/*
 * check_mysql_gtid: where the reader is.
 */
#include "plugins/mysql_gtid_internal.h"

#include "cdc/offsets.h"

void mysql_gtid_reader_release(struct mysql_gtid_reader *reader)
{
	cdc_gtid_position_release(&reader->position);
	cdc_patterns_release(&reader->includes);
	cdc_patterns_release(&reader->excludes);
	*reader = (struct mysql_gtid_reader){ 0 };
}

int mysql_gtid_check(const struct mysql_gtid_config *config, struct cdc_err *err)
{
	int given = (config->gtid_set != NULL) + (config->gtid_file != NULL) + (config->offsets != NULL);

	if (given > 1)
		return cdc_fail(err, CDC_ERR_USAGE, "only one of --gtid-set, --gtid-file and --offsets can say where the "
						    "reader is");
	if (config->offsets_server && !config->offsets)
		return cdc_fail(err, CDC_ERR_USAGE, "option --server picks a partition of --offsets, which is not given");
	if (config->source_includes.count && config->source_excludes.count)
		return cdc_fail(err, CDC_ERR_USAGE, "--source-includes and --source-excludes exclude each other, as in "
						    "Debezium");
	return 0;
}

/* One regular expression of a list; a comma behind a backslash is part of it. */
static char *next_expression(const char **list)
{
	struct cdc_buf text = CDC_BUF_INIT;
	const char *at = *list;

	while (*at == ' ')
		at++;
	for (; *at && *at != ','; at++) {
		if (at[0] == '\\' && at[1] == ',')
			at++;
		cdc_buf_add_char(&text, *at);
	}
	while (text.len > 0 && text.text[text.len - 1] == ' ')
		cdc_buf_truncate(&text, text.len - 1);
	*list = *at ? at + 1 : at;
	return cdc_buf_take(&text);
}

static int compile(const struct cdc_strings *lists, const char *option, struct cdc_patterns *ret, struct cdc_err *err)
{
	for (size_t i = 0; i < lists->count; i++) {
		const char *list = lists->at[i];

		while (*list) {
			CDC_CLEANUP(cdc_free_string) char *expression = next_expression(&list);

			if (*expression && cdc_patterns_add(ret, expression, err) < 0)
				return cdc_fail_in(err, "option %s", option);
			/* the patterns keep only a borrowed text, which nobody reads here */
			if (*expression)
				ret->at[ret->count - 1].text = lists->at[i];
		}
	}
	return 0;
}

/* MariaDB: Debezium's documentation speaks of domains, and its code compares "domain-server". */
static bool matches(const struct cdc_patterns *patterns, const char *source)
{
	char domain[12];
	size_t n = strcspn(source, "-");

	if (cdc_patterns_match(patterns, source))
		return true;
	if (strlen(source) == CDC_GTID_UUID_LEN || n >= sizeof(domain))
		return false;
	snprintf(domain, sizeof(domain), "%.*s", (int)n, source);
	return cdc_patterns_match(patterns, domain);
}

static bool keep(const char *source, const void *arg)
{
	const struct mysql_gtid_reader *reader = arg;

	if (reader->includes.count)
		return matches(&reader->includes, source);
	return !matches(&reader->excludes, source);
}

struct cdc_gtid_filter mysql_gtid_filter(const struct mysql_gtid_reader *reader)
{
	return (struct cdc_gtid_filter){ .keep = keep, .arg = reader };
}

/* The GTIDs in the offset of the partition that is meant; NULL without an error: --server names none that is there. */
static int gtids_of(const struct mysql_gtid_config *config, const struct cdc_offsets *offsets, const char **ret,
    struct cdc_err *err)
{
	const struct cdc_offset *offset = NULL;

	*ret = NULL;
	if (config->offsets_server && !cdc_offsets_find(offsets, config->offsets_server))
		return 0;
	if (cdc_offsets_pick(offsets, config->offsets_server, "gtids", &offset, err) < 0)
		return -1;
	if (offset->count == 0)
		return cdc_fail(err, CDC_ERR_USAGE, "the offset of server '%s' is empty: it was deleted, and its reader begins anew",
		    offset->server);
	*ret = cdc_offset_get(offset, "gtids");
	if (!*ret)
		return cdc_fail(err, CDC_ERR_USAGE, "the offset of server '%s' has no gtids: its reader does not use GTIDs "
		    "(check_binlog_retention judges its file and position)", offset->server);
	return 0;
}

static int read_offsets(const struct mysql_gtid_config *config, const char *text, struct mysql_gtid_reader *ret,
    struct cdc_err *err)
{
	CDC_OFFSETS_CLEANUP struct cdc_offsets offsets = { 0 };
	const char *gtids = NULL;

	if (cdc_offsets_parse(text, &offsets, err) < 0 || gtids_of(config, &offsets, &gtids, err) < 0)
		return cdc_fail_in(err, "option --offsets");
	if (!gtids) {
		ret->missing = config->offsets_server;
		return 0;
	}
	if (cdc_gtid_position_parse(gtids, &ret->position, err) < 0)
		return cdc_fail_in(err, "option --offsets: gtids");
	ret->given = true;
	return 0;
}

int mysql_gtid_read_position(const struct mysql_gtid_config *config, const char *text, struct mysql_gtid_reader *ret,
    struct cdc_err *err)
{
	struct cdc_gtid_filter filter = mysql_gtid_filter(ret);
	bool was_empty;

	ret->includes.any_case = ret->excludes.any_case = true;
	if (compile(&config->source_includes, "--source-includes", &ret->includes, err) < 0 ||
	    compile(&config->source_excludes, "--source-excludes", &ret->excludes, err) < 0)
		return -1;
	if (!text)
		return 0;
	if (config->offsets) {
		if (read_offsets(config, text, ret, err) < 0)
			return -1;
	} else if (cdc_gtid_position_parse(text, &ret->position, err) < 0) {
		return cdc_fail_in(err, config->gtid_set ? "option --gtid-set" : "option --gtid-file");
	} else {
		ret->given = true;
	}
	was_empty = cdc_gtid_position_is_empty(&ret->position);
	cdc_gtid_position_filter(&ret->position, &filter);
	ret->nothing_left = !was_empty && cdc_gtid_position_is_empty(&ret->position);
	return 0;
}
