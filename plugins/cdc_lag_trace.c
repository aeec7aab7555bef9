/*
 * check_cdc_lag: what one run leaves of a task for the next. A gauge that freezes, a task that was started anew and a
 * snapshot that stands still all look healthy in one look; the next one must know the last.
 */
#include "plugins/cdc_lag_internal.h"

#include <inttypes.h>

#define HOUR_MS ((int64_t)60 * 60 * 1000)
/* More than a run a minute leaves in an hour says no more than that many. */
#define RESTARTS_MAX 64
#define FIELDS       10
/* The key of a task's trace, before its number. */
#define TASK "task."

static void fields_of(struct cdc_lag_trace *trace, int64_t *fields[FIELDS])
{
	int64_t *const all[FIELDS] = { &trace->at_ms, &trace->lag_ms, &trace->changes, &trace->events, &trace->erroneous,
		&trace->recovered, &trace->started_ms, &trace->moved_ms, &trace->sample_ms, &trace->fresh };

	memcpy(fields, all, sizeof(all));
}

static const struct cdc_lag_trace unknown = { CDC_LAG_UNKNOWN, CDC_LAG_UNKNOWN, CDC_LAG_UNKNOWN, CDC_LAG_UNKNOWN,
	CDC_LAG_UNKNOWN, CDC_LAG_UNKNOWN, CDC_LAG_UNKNOWN, CDC_LAG_UNKNOWN, CDC_LAG_UNKNOWN, CDC_LAG_UNKNOWN };

/* "-", or a number within the bounds that every number here has. */
static bool parse_number(const char *word, int64_t *ret)
{
	if (!word)
		return false;
	if (cdc_streq(word, "-"))
		return true;
	return cdc_num_parse_int(word, ret) && *ret <= CDC_LAG_NUMBER_MAX && *ret >= -CDC_LAG_NUMBER_MAX;
}

/* As many words as fields, each a number or "-"; false when the text is not of our making. */
static bool parse(char *text, struct cdc_lag_trace *ret)
{
	struct cdc_lag_trace trace = unknown;
	int64_t *fields[FIELDS];

	fields_of(&trace, fields);
	for (size_t i = 0; i < FIELDS; i++)
		if (!parse_number(strsep(&text, " "), fields[i]))
			return false;
	*ret = trace;
	return !text;
}

static void key_of(struct cdc_buf *key, const char *task)
{
	cdc_buf_addf(key, TASK "%s", task);
}

struct cdc_lag_trace cdc_lag_trace_read(const struct cdc_memory *memory, const char *item, const char *task)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT;
	CDC_CLEANUP(cdc_free_string) char *text = NULL;
	struct cdc_lag_trace trace = unknown;

	key_of(&key, task);
	text = cdc_strdup(cdc_memory_get(memory, item, key.text));
	if (!text || !parse(text, &trace) || trace.at_ms > memory->now_ms)
		return unknown;
	return trace;
}

void cdc_lag_trace_leave(struct cdc_memory *memory, const char *item, const char *task, const struct cdc_lag_trace *trace)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT, text = CDC_BUF_INIT;
	struct cdc_lag_trace copy = *trace;
	int64_t *fields[FIELDS];

	fields_of(&copy, fields);
	for (size_t i = 0; i < FIELDS; i++) {
		if (i > 0)
			cdc_buf_add_char(&text, ' ');
		if (*fields[i] == CDC_LAG_UNKNOWN)
			cdc_buf_add_char(&text, '-');
		else
			cdc_buf_addf(&text, "%" PRId64, *fields[i]);
	}
	key_of(&key, task);
	cdc_memory_put(memory, item, key.text, text.text);
}

void cdc_lag_trace_carry(struct cdc_memory *memory, const char *item, const char *task)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT;

	key_of(&key, task);
	cdc_memory_carry(memory, item, key.text);
}

void cdc_lag_trace_forget(struct cdc_lag_trace *trace)
{
	*trace = unknown;
}

const char *cdc_lag_next_task(const struct cdc_memory *memory, const char *item, const struct cdc_entry **at)
{
	do
		*at = cdc_memory_next(memory, item, *at);
	while (*at && strncmp((*at)->key, TASK, strlen(TASK)) != 0);
	return *at ? (*at)->key + strlen(TASK) : NULL;
}

/*
 * The list of times stands with the whole check and not with the item, for what is remembered of an item that is away
 * stays as it was. A list that grows too long loses its oldest.
 */
size_t cdc_lag_count_restarts(struct cdc_memory *memory, const char *item, bool again)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT, list = CDC_BUF_INIT;
	CDC_CLEANUP(cdc_free_string) char *old = NULL;
	char *next, *word;
	size_t count = 0;
	int64_t at_ms;

	cdc_buf_addf(&key, "restarts.%s", item);
	if (again) {
		cdc_buf_addf(&list, " %" PRId64, memory->now_ms);
		count++;
	}
	next = old = cdc_strdup(cdc_memory_get(memory, "", key.text));
	while ((word = strsep(&next, " ")) != NULL && count < RESTARTS_MAX) {
		if (!cdc_num_parse_int(word, &at_ms) || at_ms < 0 || at_ms > memory->now_ms || memory->now_ms - at_ms >= HOUR_MS)
			continue;
		cdc_buf_addf(&list, " %s", word);
		count++;
	}
	if (count > 0)
		cdc_memory_put(memory, "", key.text, list.text + 1);
	return count;
}
