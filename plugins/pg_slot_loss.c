/*
 * check_pg_slot: is the slot lost, and how long until it is? Headroom, the rate at which it shrinks, and the time-out
 * of idle slots.
 */
#include "plugins/pg_slot_internal.h"

#include "base/text.h"
#include "cdc/lsn.h"

/*
 * Before 17 the server does not say why. WAL removal clears restart_lsn and a conflict on a standby leaves it;
 * `conflicting` itself says nothing, for 16 sets it after WAL removal too.
 */
static const char *lost_reason(const struct pg_slot *slot)
{
	if (slot->invalidation_reason)
		return slot->invalidation_reason;
	return slot->restart_lsn.known ? "conflicting" : "wal_removed";
}

static const char *reason_in_words(const char *reason)
{
	static const char *const words[][2] = {
		{ "wal_removed", "the WAL it needs was removed (max_slot_wal_keep_size)" },
		{ "rows_removed", "rows that its decoding needs were vacuumed away" },
		{ "conflicting", "it conflicted with the recovery of this standby" },
		{ "wal_level_insufficient", "wal_level of the primary is no longer logical" },
		{ "idle_timeout", "nobody used it for idle_replication_slot_timeout" },
	};

	for (size_t i = 0; i < CDC_LEN(words); i++)
		if (cdc_streq(words[i][0], reason))
			return words[i][1];
	return NULL;
}

void pg_slot_judge_lost(const struct pg_slot *slot, struct cdc_item *item)
{
	const struct pg_slot_lsn *last = slot->confirmed_flush_lsn.known ? &slot->confirmed_flush_lsn : &slot->restart_lsn;
	CDC_BUF_CLEANUP struct cdc_buf since = CDC_BUF_INIT;
	const char *reason = lost_reason(slot);
	struct cdc_finding *finding;

	if (last->known) {
		cdc_buf_add(&since, " since ");
		cdc_lsn_print(&since, last->value);
	}
	finding = cdc_item_raise(item, LOST, "lost (%s)", reason);
	cdc_finding_headline(finding, "is lost (%s): changes%s are gone", reason, since.text);
	cdc_finding_past(finding, "was lost (%s): changes%s are gone", reason, since.text);
	if (reason_in_words(reason))
		cdc_item_phrase(item, "%s", reason_in_words(reason));
}

bool pg_slot_has_limit(const struct pg_slot_server *server)
{
	return server->keep_size.known && server->keep_size.value >= 0;
}

/* Bytes that may still be written; false where no limit is known. */
static bool headroom_of(const struct pg_slot_config *config, const struct pg_slot_server *server,
    const struct pg_slot *slot, const struct cdc_item *item, int64_t *ret)
{
	if (pg_slot_has_limit(server)) {
		*ret = slot->safe_wal_size.value;
		return slot->safe_wal_size.known;
	}
	if (config->size_limit == 0 || !item->values[RETAINED].known)
		return false;
	*ret = config->size_limit - cdc_num_to_int(item->values[RETAINED].value);
	return true;
}

/* How fast the WAL that the slot retains grows, in bytes per second; false where it does not or nobody knows. */
static bool growth_of(const struct cdc_item *item, struct cdc_check *check, int64_t *ret)
{
	struct cdc_window window = { check->policy->rate_min_ms, check->policy->rate_max_ms };

	return item->values[RETAINED].known &&
	    cdc_memory_rate(&check->memory, item->name, "retained", "",
		cdc_num_to_int(item->values[RETAINED].value), window, ret) &&
	    *ret > 0;
}

/* phrase: where what comes is no loss of the slot; NULL: it is. */
static void set_time_to_loss(struct cdc_item *item, int64_t milliseconds, const char *cause, const char *phrase)
{
	cdc_num left = cdc_num_ms(milliseconds > 0 ? milliseconds : 0);

	if (item->values[TIME_TO_LOSS].known && item->values[TIME_TO_LOSS].value <= left)
		return;
	cdc_item_value(item, TIME_TO_LOSS, left);
	item->values[TIME_TO_LOSS].phrase = phrase;
	cdc_item_cause(item, TIME_TO_LOSS, cause);
}

/* Nothing is lost there, the disk is full. */
static void show_size_limit(struct cdc_item *item)
{
	item->values[HEADROOM].phrase = "%s until the disk is full";
	item->values[HEADROOM].shown = true;
}

void pg_slot_judge_headroom(const struct pg_slot_config *config, const struct pg_slot_server *server,
    const struct pg_slot *slot, struct cdc_item *item, struct cdc_check *check)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	bool own_limit = pg_slot_has_limit(server);
	int64_t headroom, growth;
	bool growing = growth_of(item, check, &growth);
	const char *phrase = own_limit ? NULL : "disk full in %s";

	if (!headroom_of(config, server, slot, item, &headroom))
		return;
	cdc_item_value(item, HEADROOM, cdc_num_int(headroom));
	cdc_text_add_bytes(&text, headroom);
	cdc_buf_add(&text, own_limit ? " of WAL until it is lost" : " until the disk is full");
	if (!own_limit)
		show_size_limit(item);
	if (growing) {
		cdc_buf_add(&text, ", shrinking by ");
		cdc_text_add_bytes(&text, growth);
		cdc_buf_add(&text, " per second");
	}
	if (headroom <= 0)
		set_time_to_loss(item, 0, own_limit ? "its limit is passed" : "--size-limit is passed", phrase);
	else if (growing)
		set_time_to_loss(item, cdc_num_to_int(cdc_num_int(headroom) / growth * 1000), text.text, phrase);
}

void pg_slot_judge_idle_timeout(const struct pg_slot_server *server, const struct pg_slot *slot, int64_t idle_ms,
    struct cdc_item *item)
{
	CDC_BUF_CLEANUP struct cdc_buf cause = CDC_BUF_INIT;

	if (!server->idle_timeout_ms.known || server->idle_timeout_ms.value <= 0 || pg_slot_is_lost(slot) ||
	    !slot->inactive_since_ms.known)
		return;
	cdc_buf_add(&cause, "idle_replication_slot_timeout is ");
	cdc_text_add_duration(&cause, server->idle_timeout_ms.value);
	set_time_to_loss(item, server->idle_timeout_ms.value - idle_ms, cause.text, NULL);
}
