/*
 * check_pg_slot: does the consumer get on? How far it is behind, since when it confirms nothing, and what decoding
 * spills to disk.
 */
#include "plugins/pg_slot_internal.h"

#include "cdc/lsn.h"

#include <inttypes.h>

/* Why so much is retained: the first question that line 1 must answer. */
static const char *cause_of_retention(const struct pg_slot_server *server, const struct pg_slot *slot,
    int64_t retained, int64_t lag)
{
	if (pg_slot_is_copy(server, slot))
		return "as its slot on the primary does";
	if (!slot->active)
		return "no consumer is connected";
	if (slot->physical)
		return "its standby does not keep up";
	if (lag < retained / 2)
		return "an open transaction holds restart_lsn";
	return "nothing is confirmed (stuck, or no heartbeat)";
}

void pg_slot_judge_distances(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item)
{
	int64_t retained, lag = 0;

	if (!server->position_known)
		return;
	if (slot->confirmed_flush_lsn.known) {
		lag = cdc_lsn_distance(slot->confirmed_flush_lsn.value, server->position);
		cdc_item_value(item, LAG, cdc_num_int(lag));
		if (!slot->active && !pg_slot_is_copy(server, slot))
			cdc_item_cause(item, LAG, "no consumer is connected");
	}
	if (slot->restart_lsn.known) {
		retained = cdc_lsn_distance(slot->restart_lsn.value, server->position);
		cdc_item_value(item, RETAINED, cdc_num_int(retained));
		cdc_item_cause(item, RETAINED, cause_of_retention(server, slot, retained, lag));
	}
}

#define KEY_FROZEN "frozen"

/* What a run leaves for `frozen`: "confirmed,position,since". */
struct frozen {
	uint64_t confirmed, position; /* the server's position when the confirmed one was first seen */
	int64_t since_ms;
};

static bool get_frozen(const struct cdc_memory *memory, const char *name, struct frozen *ret)
{
	const char *text = cdc_memory_get(memory, name, KEY_FROZEN);

	return text && cdc_num_take_uint(&text, &ret->confirmed) && *text++ == ',' &&
	    cdc_num_take_uint(&text, &ret->position) && *text++ == ',' && cdc_num_parse_int(text, &ret->since_ms);
}

static void put_frozen(struct cdc_memory *memory, const char *name, const struct frozen *frozen)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_addf(&text, "%" PRIu64 ",%" PRIu64 ",%" PRId64, frozen->confirmed, frozen->position, frozen->since_ms);
	cdc_memory_put(memory, name, KEY_FROZEN, text.text);
}

/* Since when the consumer has confirmed nothing although WAL was written. */
void pg_slot_judge_frozen(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item,
    struct cdc_check *check)
{
	struct cdc_memory *memory = &check->memory;
	struct frozen is = { slot->confirmed_flush_lsn.value, server->position, memory->now_ms }, was;

	if (!slot->confirmed_flush_lsn.known || !server->position_known || !memory->usable)
		return;
	if (get_frozen(memory, item->name, &was)) {
		/* where nothing was written, there was nothing to confirm */
		if (was.confirmed == is.confirmed && was.position != is.position && was.since_ms <= memory->now_ms &&
		    cdc_memory_goes_on(memory))
			is = was;
		cdc_item_value(item, FROZEN, cdc_num_ms(memory->now_ms - is.since_ms));
	}
	put_frozen(memory, item->name, &is);
}

void pg_slot_judge_spill(const struct pg_slot *slot, struct cdc_item *item, struct cdc_check *check)
{
	CDC_BUF_CLEANUP struct cdc_buf reset = CDC_BUF_INIT;
	struct cdc_window window = { check->policy->rate_min_ms, check->policy->rate_max_ms };
	int64_t rate;

	if (!slot->spill_bytes.known)
		return;
	if (slot->stats_reset_ms.known)
		cdc_buf_addf(&reset, "%" PRId64, slot->stats_reset_ms.value);
	if (cdc_memory_rate(&check->memory, item->name, "spill", reset.text, slot->spill_bytes.value, window, &rate) &&
	    rate >= 0)
		cdc_item_value(item, SPILL, cdc_num_int(rate));
}
