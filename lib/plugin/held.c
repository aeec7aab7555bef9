#include "plugin/held.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"

#define KEY_HELD      "held."
#define HEADLINE_MARK '\x1f'

static void held_key(struct cdc_buf *key, const struct cdc_condition *row)
{
	cdc_buf_addf(key, KEY_HELD "%s", row->name);
}

/* What an earlier run saw: value is owned, the texts point into it. */
struct held {
	char *value, *text, *headline;
	int64_t seen_ms;
};

/* Splits a held value; false when it is not of our making. */
static bool parse_held(struct held *held)
{
	char *blank = strchr(held->value, ' '), *mark = strchr(held->value, HEADLINE_MARK);

	if (!blank || !mark || mark < blank)
		return false;
	*blank = *mark = '\0';
	held->text = blank + 1;
	held->headline = mark + 1;
	return cdc_num_parse_int(held->value, &held->seen_ms) && held->seen_ms >= 0;
}

/*
 * What an entry of the last run holds: its condition, or -1 when it is none that is held. True if its time is not over;
 * held->value is the caller's then.
 */
static bool open_held(const struct cdc_check *check, const struct cdc_entry *entry, int *condition, struct held *held)
{
	const struct cdc_policy *policy = check->policy;
	int64_t now_ms = check->memory.now_ms;

	if (!cdc_begins_with(entry->key, KEY_HELD))
		return false;
	*condition = cdc_plugin_find_condition(policy->plugin, entry->key + strlen(KEY_HELD));
	if (*condition < 0 || !policy->rows[*condition]->held)
		return false;
	held->value = cdc_strdup(entry->value);
	if (parse_held(held)) {
		/* a clock that went backwards must neither make it hold for ever nor forget it */
		if (held->seen_ms > now_ms)
			held->seen_ms = now_ms;
		if (now_ms - held->seen_ms < policy->hold_ms)
			return true;
	}
	free(held->value);
	return false;
}

void cdc_held_keep(struct cdc_check *check, const char *item, const struct cdc_condition *row, int64_t seen_ms,
    const char *text, const char *headline)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT, value = CDC_BUF_INIT;

	held_key(&key, row);
	cdc_buf_addf(&value, "%" PRId64 " %s%c%s", seen_ms, text, HEADLINE_MARK, headline ? headline : "");
	cdc_memory_put(&check->memory, item, key.text, value.text);
}

/* By the row, for one that replaces a common row has two indices. */
static bool has_live_finding(const struct cdc_check *check, const struct cdc_item *item, const struct cdc_condition *row)
{
	for (size_t i = 0; i < item->finding_count; i++)
		if (cdc_finding_row(check, &item->findings[i]) == row && !item->findings[i].from_memory)
			return true;
	return false;
}

/* An object that was gone and is there again: "is not there any more" would send people the wrong way. */
static void raise_back(struct cdc_check *check, struct cdc_item *item, const struct held *held)
{
	int64_t since_ms = cdc_memory_since(&check->memory, item->key, "back", INT64_MAX);
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	struct cdc_finding *finding;

	cdc_buf_add(&text, "was gone ");
	cdc_text_add_duration(&text, check->memory.now_ms - held->seen_ms);
	cdc_buf_add(&text, " ago, is back");
	if (since_ms >= 0) {
		cdc_buf_add(&text, " for ");
		cdc_text_add_duration(&text, check->memory.now_ms - since_ms);
	}
	finding = cdc_item_raise(item, CDC_COND_VANISHED, "%s", text.text);
	cdc_finding_headline(finding, "%s", text.text);
	finding->from_memory = true;
	finding->seen_ms = held->seen_ms;
}

static void raise_held(struct cdc_check *check, struct cdc_item *item, size_t condition, const struct held *held)
{
	const struct cdc_condition *row = check->policy->rows[condition];
	CDC_BUF_CLEANUP struct cdc_buf ago = CDC_BUF_INIT;
	struct cdc_finding *finding;

	if (has_live_finding(check, item, row))
		return;
	cdc_held_keep(check, item->key, row, held->seen_ms, held->text, held->headline);
	if (condition == CDC_COND_VANISHED && !item->absent) {
		raise_back(check, item, held);
		return;
	}
	finding = cdc_item_raise(item, condition, "%s", held->text);
	if (*held->headline)
		cdc_finding_headline(finding, "%s", held->headline);
	finding->from_memory = true;
	finding->seen_ms = held->seen_ms;
	cdc_buf_add(&ago, " (seen ");
	cdc_text_add_duration(&ago, check->memory.now_ms - held->seen_ms);
	cdc_buf_add(&ago, " ago)");
	cdc_finding_append(finding, ago.text);
}

void cdc_held_raise(struct cdc_check *check, struct cdc_item *item)
{
	const struct cdc_entry *entry = NULL;
	struct held held;
	int condition;

	while ((entry = cdc_memory_next(&check->memory, item->key, entry)) != NULL) {
		if (!open_held(check, entry, &condition, &held))
			continue;
		raise_held(check, item, (size_t)condition, &held);
		free(held.value);
	}
}

bool cdc_held_any(const struct cdc_check *check, const char *name)
{
	const struct cdc_entry *entry = NULL;
	struct held held;
	int condition;

	while ((entry = cdc_memory_next(&check->memory, name, entry)) != NULL) {
		if (!open_held(check, entry, &condition, &held))
			continue;
		free(held.value);
		return true;
	}
	return false;
}

bool cdc_held_was_told(const struct cdc_check *check, const char *name, size_t condition)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT;

	held_key(&key, check->policy->rows[condition]);
	return cdc_memory_get(&check->memory, name, key.text) != NULL;
}
