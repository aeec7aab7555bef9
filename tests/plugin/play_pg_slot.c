#include "tests/plugin/play_pg_slot.h"

/* The files' names of the queries. */
static const char *const query_names[] = { [PG_SLOT_SLOTS] = "slots", [PG_SLOT_SERVER] = "server",
	[PG_SLOT_POSITION] = "position", [PG_SLOT_IDENTITY] = "identity", [PG_SLOT_STATS] = "stats" };

/* "pg17-inactive" was recorded on 17. */
void answers_load(struct answers *answers, const char *name)
{
	char major[3] = { name[2], name[3], '\0' };
	int64_t version;

	expect(cdc_num_parse_int(major, &version), "%s says no version", name);
	*answers = (struct answers){ .version = (int)version * 10000 };
	answers->count = pg_slot_ask(answers->version, answers->queries);
	for (size_t i = PG_SLOT_SLOTS; i < answers->count; i++) {
		struct cdc_pg_query *query = &answers->queries[i];
		struct fact fact;

		expect(facts_load("pg_slot", name, query_names[i], &fact), "%s.%s was not recorded", name,
		    query_names[i]);
		query->rows = fact.rows;
		query->refused = fact.refused;
		memcpy(query->sqlstate, fact.sqlstate, sizeof(query->sqlstate));
		memcpy(query->message, fact.message, sizeof(query->message));
	}
}

void answers_release(struct answers *answers)
{
	for (size_t i = 0; i < answers->count; i++)
		cdc_rows_release(&answers->queries[i].rows);
}

/* One run at the server's own time, or at that of the test. */
void answers_run(struct stage *stage, const struct answers *answers, int64_t now_ms)
{
	const struct pg_slot_config *config = (const struct pg_slot_config *)stage->policy;
	CDC_CLEANUP(pg_slot_facts_release) struct pg_slot_facts facts = { 0 };
	struct cdc_err err;

	if (pg_slot_parse(answers->queries, answers->count, answers->version, &facts, &err) < 0)
		fail_msg("%s", err.text);
	stage_begin(stage, now_ms ? now_ms : facts.server.now_ms);
	pg_slot_judge(config, &facts, &stage->check);
	stage_end(stage, true);
}


static size_t query_of(const char *name, size_t n)
{
	for (size_t i = PG_SLOT_SLOTS; i < CDC_LEN(query_names); i++)
		if (strlen(query_names[i]) == n && strncmp(query_names[i], name, n) == 0)
			return i;
	fail_msg("there is no query %.*s", (int)n, name);
	return 0;
}

static void refuse(struct cdc_pg_query *query, const char *sqlstate)
{
	query->refused = true;
	snprintf(query->sqlstate, sizeof(query->sqlstate), "%s", sqlstate);
	snprintf(query->message, sizeof(query->message), "permission denied: GRANT %s", query->grant);
}

/* One of the words of answers_change, which is cut up. */
static void change(struct answers *answers, char *word)
{
	size_t n = strcspn(word, "."), row = 0;
	struct cdc_rows *rows = &answers->queries[query_of(word, n)].rows;
	char *column = word + n + 1, *value = strchr(word, '=');

	if (cdc_begins_with(column, "refused=")) {
		refuse(&answers->queries[query_of(word, n)], column + strlen("refused="));
		return;
	}
	if (cdc_streq(column, "drop") || cdc_streq(column, "back")) {
		rows->count += *column == 'b' ? 1 : (size_t)-1;
		return;
	}
	expect(value != NULL, "'%s' is no change", word);
	*value++ = '\0';
	if (*column >= '0' && *column <= '9' && column[1] == '.') {
		row = (size_t)(*column - '0');
		column += 2;
	}
	facts_set(rows, row, column, cdc_streq(value, "\\N") ? NULL : value);
}

void answers_change(struct answers *answers, const char *changes)
{
	CDC_CLEANUP(cdc_free_string) char *copy = cdc_strdup(changes);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " ")) != NULL)
		if (*word)
			change(answers, word);
}
