/*
 * Objects that an earlier run knew and this one did not come across: what is remembered of them, and whether they
 * vanished.
 */
#include "plugin/decide_internal.h"

#include <stdlib.h>

/* Entries of every object, besides timers (since.*), rates (rate.*) and what is held (held.*). */
#define KEY_KNOWN  "known"
#define KEY_ABSENT "absent"

bool cdc_was_absent(const struct cdc_check *check, const char *name, int64_t *since_ms)
{
	return cdc_memory_get_int(&check->memory, name, KEY_ABSENT, since_ms);
}

bool cdc_was_known(const struct cdc_check *check, const char *name)
{
	return cdc_memory_get(&check->memory, name, KEY_KNOWN) != NULL;
}

/* What the next run must know of an item: that it was there, or since when it is not. */
void cdc_absent_remember(struct cdc_check *check, const struct cdc_item *item)
{
	struct cdc_memory *memory = &check->memory;
	int64_t since_ms;

	if (item->fixed || item->transient)
		return;
	cdc_memory_put(memory, item->name, KEY_KNOWN, "1");
	if (item->absent && !check->elsewhere) {
		if (!cdc_was_absent(check, item->name, &since_ms))
			since_ms = memory->now_ms;
		cdc_memory_put_int(memory, item->name, KEY_ABSENT, since_ms);
	}
}

/*
 * What is remembered of an object that is not there stays, or its return could not be told from a first sight; only
 * timers stop.
 */
void cdc_absent_carry(struct cdc_check *check, const char *name)
{
	cdc_memory_carry_item(&check->memory, name, false);
}

/*
 * An object that the last run knew, that nobody named, and that is not in the result. It is told as vanished by the
 * first run without it, reported for as long as that is held, and then forgotten.
 */
static void judge_vanished(struct cdc_check *check, const char *name)
{
	int64_t since_ms;
	/* within a grace nothing was held yet: then it is told again until it counts */
	bool told = cdc_was_absent(check, name, &since_ms) &&
	    cdc_held_was_told(check, name, CDC_COND_VANISHED);
	struct cdc_item *item;

	if (check->elsewhere && !cdc_held_any(check, name)) {
		cdc_memory_carry_item(&check->memory, name, true);
		return;
	}
	if (told && !cdc_held_any(check, name))
		return;
	item = cdc_result_add(check, name);
	item->absent = true;
	if (!told && !check->elsewhere)
		cdc_finding_headline(cdc_item_raise(item, CDC_COND_VANISHED, "not there any more"),
		    "is not there any more: an earlier run judged it (--forget if that is meant)");
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * The names of all items of the result but the fixed ones, which are no objects, sorted for bsearch(3). The texts
 * belong to the result.
 */
static const char **names_of(const struct cdc_result *result, size_t *ret_count)
{
	const char **names = cdc_alloc(result->count + result->left_count, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < result->count; i++)
		if (!result->items[i]->fixed)
			names[count++] = result->items[i]->name;
	for (size_t i = 0; i < result->left_count; i++)
		names[count++] = result->left_out[i].name;
	qsort(names, count, sizeof(*names), compare_names);
	*ret_count = count;
	return names;
}

/* True if what is remembered under that name may stay as it was: nothing in this run speaks of it. */
static bool is_untouched(const struct cdc_check *check, const char *name)
{
	for (size_t i = 0; i < check->result.count; i++)
		if (cdc_streq(check->result.items[i]->name, name) || cdc_streq(check->result.items[i]->key, name))
			return false;
	return true;
}

/* Looks at every object of the last run that this run did not come across. */
void cdc_absent_visit(struct cdc_check *check, bool complete)
{
	const struct cdc_entries *old = &check->memory.old;
	size_t count;
	const char **names = names_of(&check->result, &count);

	for (size_t i = 0; i < old->item_count; i++) {
		const char *name = old->items[i].name;

		if (bsearch(&name, names, count, sizeof(*names), compare_names))
			continue;
		if (complete && cdc_was_known(check, name) && cdc_policy_selects(check->policy, name))
			judge_vanished(check, name);
		else if (!complete && is_untouched(check, name))
			cdc_memory_carry_item(&check->memory, name, true);
	}
	free(names);
}
