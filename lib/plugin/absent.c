#include "plugin/absent.h"

#include <stdlib.h>

#include "plugin/held.h"

/* Entries of every object, besides timers (since.*), rates (rate.*) and what is held (held.*). */
#define KEY_KNOWN  "known"
#define KEY_ABSENT "absent"

/* Names that are used once would fill the state file for ever. */
#define KNOWN_FOR_MS ((int64_t)30 * 24 * 60 * 60 * 1000)

bool cdc_was_absent(const struct cdc_check *check, const char *name, int64_t *since_ms)
{
	return cdc_memory_get_int(&check->memory, name, KEY_ABSENT, since_ms);
}

bool cdc_was_known(const struct cdc_check *check, const char *name)
{
	return cdc_memory_get(&check->memory, name, KEY_KNOWN) != NULL;
}

/* What is remembered of it stays, or its return could not be told from a first sight. */
void cdc_absent_carry(struct cdc_check *check, const struct cdc_item *item)
{
	if (item->absent)
		cdc_memory_carry_item(&check->memory, item->name, false);
}

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
 * An object that the last run knew, that nobody named, and that is not in the result. It is told as vanished by the
 * first run without it and reported for as long as that is held. That it was there is known for longer, or one that comes
 * back as another one would look well.
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
	if (told && !cdc_held_any(check, name)) {
		if (check->memory.now_ms - since_ms < KNOWN_FOR_MS)
			cdc_memory_carry_item(&check->memory, name, false);
		return;
	}
	item = cdc_result_add(check, name);
	item->absent = true;
	if (!told && !check->elsewhere)
		cdc_finding_headline(cdc_item_raise(item, CDC_COND_VANISHED, "not there any more"),
		    "is not there any more: an earlier run judged it (--forget if that is meant)");
}

static void mark(const struct cdc_memory *memory, const char *name, bool *marks)
{
	size_t index = cdc_memory_index(memory, name);

	if (index < memory->old.item_count)
		marks[index] = true;
}

/* Which of the last run's objects this run came across, by index; fixed items are no objects. The caller frees it. */
static bool *mark_present(const struct cdc_memory *memory, const struct cdc_result *result)
{
	bool *marks = cdc_alloc(memory->old.item_count, sizeof(*marks));

	for (size_t i = 0; i < result->count; i++)
		if (!result->items[i]->fixed)
			mark(memory, result->items[i]->name, marks);
	for (size_t i = 0; i < result->left_count; i++)
		mark(memory, result->left_out[i].name, marks);
	return marks;
}

/* True if what is remembered under that name may stay as it was: nothing in this run speaks of it. */
static bool is_untouched(const struct cdc_check *check, const char *name)
{
	for (size_t i = 0; i < check->result.count; i++)
		if (cdc_streq(check->result.items[i]->name, name) || cdc_streq(check->result.items[i]->key, name))
			return false;
	return true;
}

void cdc_absent_visit(struct cdc_check *check, bool complete)
{
	const struct cdc_entries *old = &check->memory.old;
	bool *present = mark_present(&check->memory, &check->result);

	for (size_t i = 0; i < old->item_count; i++) {
		const char *name = old->items[i].name;

		if (present[i])
			continue;
		if (complete && cdc_was_known(check, name) && cdc_policy_selects(check->policy, name))
			judge_vanished(check, name);
		else if (!complete && is_untouched(check, name))
			cdc_memory_carry_item(&check->memory, name, true);
	}
	free(present);
}
