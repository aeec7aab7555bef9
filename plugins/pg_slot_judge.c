/*
 * check_pg_slot: from facts to result. How each column is to be read per version: tests/facts/pg_slot, and the
 * comments below where it is not what the manual makes one expect.
 */
#include "plugins/pg_slot_internal.h"

#include "base/text.h"
#include "cdc/lsn.h"

#include <inttypes.h>
#include <stdlib.h>

/* On a restart every slot becomes inactive anew, some time after the postmaster's own start. */
#define RESTART_SLACK_MS 60000
/* A pause between runs after which "since first seen inactive" would be a guess. */
#define INACTIVE_PAUSE_MS ((int64_t)30 * 60 * 1000)

bool pg_slot_is_lost(const struct pg_slot *slot)
{
	return slot->invalidation_reason || (slot->wal_status && cdc_streq(slot->wal_status, "lost"));
}

bool pg_slot_is_copy(const struct pg_slot_server *server, const struct pg_slot *slot)
{
	/* on a promoted server `synced` stays true and means nothing any more */
	return server->standby && slot->synced;
}

bool pg_slot_is_unused(const struct pg_slot *slot)
{
	return !slot->restart_lsn.known && !pg_slot_is_lost(slot);
}

static bool has_status(const struct pg_slot *slot, const char *status)
{
	return slot->wal_status && cdc_streq(slot->wal_status, status);
}

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

static void judge_lost(const struct pg_slot *slot, struct cdc_item *item)
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
	if (reason_in_words(reason))
		cdc_item_phrase(item, "%s", reason_in_words(reason));
}

/* Why so much is retained: the first question that line 1 must answer. */
static const char *cause_of_retention(const struct pg_slot *slot, int64_t retained, int64_t lag)
{
	if (!slot->active)
		return "no consumer is connected";
	if (slot->physical)
		return "its standby does not keep up";
	if (lag < retained / 2)
		return "an open transaction holds restart_lsn";
	return "the consumer confirms nothing (stuck, or no heartbeat)";
}

static void judge_distances(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item)
{
	int64_t retained, lag = 0;

	if (!server->position_known)
		return;
	if (slot->confirmed_flush_lsn.known) {
		lag = cdc_lsn_distance(slot->confirmed_flush_lsn.value, server->position);
		cdc_item_value(item, LAG, cdc_num_int(lag));
		if (!slot->active)
			cdc_item_cause(item, LAG, "no consumer is connected");
	}
	if (slot->restart_lsn.known) {
		retained = cdc_lsn_distance(slot->restart_lsn.value, server->position);
		cdc_item_value(item, RETAINED, cdc_num_int(retained));
		cdc_item_cause(item, RETAINED, cause_of_retention(slot, retained, lag));
	}
}

static bool has_server_limit(const struct pg_slot_server *server)
{
	return server->keep_size.known && server->keep_size.value >= 0;
}

/* Bytes that may still be written; false where no limit is known. */
static bool headroom_of(const struct pg_slot_config *config, const struct pg_slot_server *server,
    const struct pg_slot *slot, const struct cdc_item *item, int64_t *ret)
{
	if (has_server_limit(server)) {
		*ret = slot->safe_wal_size.value;
		return slot->safe_wal_size.known;
	}
	if (config->size_limit == 0 || !item->values[RETAINED].known)
		return false;
	*ret = config->size_limit - cdc_num_to_int(item->values[RETAINED].value);
	return true;
}

/* How fast the WAL that the slot retains grows, in bytes per second; false where it does not or nobody knows. */
static bool growth_of(const struct pg_slot_server *server, struct cdc_item *item, struct cdc_check *check, int64_t *ret)
{
	struct cdc_window window = { check->policy->rate_min_ms, check->policy->rate_max_ms };

	return item->values[RETAINED].known &&
	    cdc_memory_rate(&check->memory, item->name, "retained", server->epoch,
		cdc_num_to_int(item->values[RETAINED].value), window, ret) &&
	    *ret > 0;
}

static void set_time_to_loss(struct cdc_item *item, int64_t milliseconds, const char *cause)
{
	cdc_num left = cdc_num_ms(milliseconds > 0 ? milliseconds : 0);

	if (item->values[TIME_TO_LOSS].known && item->values[TIME_TO_LOSS].value <= left)
		return;
	cdc_item_value(item, TIME_TO_LOSS, left);
	cdc_item_cause(item, TIME_TO_LOSS, cause);
}

static void judge_headroom(const struct pg_slot_config *config, const struct pg_slot_server *server,
    const struct pg_slot *slot, struct cdc_item *item, struct cdc_check *check)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	bool own_limit = has_server_limit(server);
	int64_t headroom, growth;
	bool growing = growth_of(server, item, check, &growth);

	if (!headroom_of(config, server, slot, item, &headroom))
		return;
	cdc_item_value(item, HEADROOM, cdc_num_int(headroom));
	cdc_text_add_bytes(&text, headroom);
	cdc_buf_add(&text, own_limit ? " of WAL until it is lost" : " until the disk is full");
	if (!own_limit)
		cdc_item_phrase(item, "%s", text.text);
	if (growing) {
		cdc_buf_add(&text, ", shrinking by ");
		cdc_text_add_bytes(&text, growth);
		cdc_buf_add(&text, " per second");
	}
	if (headroom <= 0)
		set_time_to_loss(item, 0, own_limit ? "its limit is passed" : "the size limit is passed");
	else if (growing)
		set_time_to_loss(item, cdc_num_to_int(cdc_num_int(headroom) / growth * 1000), text.text);
}

static void judge_wal_status(const struct pg_slot *slot, struct cdc_item *item)
{
	if (has_status(slot, "unreserved"))
		cdc_finding_headline(cdc_item_raise(item, UNRESERVED, "unreserved"),
		    "is about to be lost: the next checkpoint may remove WAL that it needs");
	else if (has_status(slot, "extended"))
		cdc_item_raise(item, EXTENDED, "extended (keeps more than max_wal_size)");
}

/* How long no consumer has been connected; false where nobody can tell. *lower: it may be longer. */
static bool inactive_for(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_check *check,
    int64_t *ret_ms, bool *lower)
{
	int64_t since_ms;

	if (slot->inactive_since_ms.known) {
		*ret_ms = server->now_ms - slot->inactive_since_ms.value;
		*lower = slot->inactive_since_ms.value - server->start_ms < RESTART_SLACK_MS;
		if (*ret_ms < 0)
			*ret_ms = 0;
		return true;
	}
	since_ms = cdc_memory_since(&check->memory, slot->name, "unused", INACTIVE_PAUSE_MS);
	*ret_ms = check->memory.now_ms - since_ms;
	*lower = true;
	return since_ms >= 0;
}

static void judge_idle_timeout(const struct pg_slot_server *server, const struct pg_slot *slot, int64_t idle_ms,
    struct cdc_item *item)
{
	CDC_BUF_CLEANUP struct cdc_buf cause = CDC_BUF_INIT;

	if (!server->idle_timeout_ms.known || server->idle_timeout_ms.value <= 0 || pg_slot_is_lost(slot) ||
	    !slot->inactive_since_ms.known)
		return;
	cdc_buf_add(&cause, "idle_replication_slot_timeout is ");
	cdc_text_add_duration(&cause, server->idle_timeout_ms.value);
	set_time_to_loss(item, server->idle_timeout_ms.value - idle_ms, cause.text);
}

static void judge_activity(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item,
    struct cdc_check *check)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	struct cdc_finding *finding;
	int64_t idle_ms;
	bool lower;

	if (slot->active) {
		cdc_item_phrase(item, "active");
		return;
	}
	if (!inactive_for(server, slot, check, &idle_ms, &lower)) {
		cdc_item_raise(item, IDLE, "inactive");
		return;
	}
	cdc_item_value(item, INACTIVE, cdc_num_ms(idle_ms));
	if (lower)
		cdc_item_cause(item, INACTIVE, "at least that long");
	cdc_text_add_duration(&text, idle_ms);
	finding = cdc_item_raise(item, IDLE, "inactive for %s%s", lower ? "at least " : "", text.text);
	finding->age_ms = idle_ms;
	judge_idle_timeout(server, slot, idle_ms, item);
}

#define KEY_FROZEN "frozen"

/* What a run leaves for `frozen`: "confirmed,position,since". */
struct frozen {
	uint64_t confirmed, position; /* the server's position when the confirmed one was first seen */
	int64_t since_ms;
};

static bool get_frozen(const struct cdc_memory *memory, const char *name, struct frozen *ret)
{
	CDC_CLEANUP(cdc_free_string) char *text = cdc_strdup(cdc_memory_get(memory, name, KEY_FROZEN));
	char *next = text, *confirmed, *position;

	if (!text)
		return false;
	confirmed = strsep(&next, ",");
	position = strsep(&next, ",");
	return position && next && cdc_num_parse_uint(confirmed, &ret->confirmed) &&
	    cdc_num_parse_uint(position, &ret->position) && cdc_num_parse_int(next, &ret->since_ms);
}

static void put_frozen(struct cdc_memory *memory, const char *name, const struct frozen *frozen)
{
	char text[80];

	snprintf(text, sizeof(text), "%" PRIu64 ",%" PRIu64 ",%" PRId64, frozen->confirmed, frozen->position,
	    frozen->since_ms);
	cdc_memory_put(memory, name, KEY_FROZEN, text);
}

/* Since when the consumer has confirmed nothing although WAL was written. */
static void judge_frozen(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item,
    struct cdc_check *check)
{
	struct cdc_memory *memory = &check->memory;
	struct frozen is = { slot->confirmed_flush_lsn.value, server->position, memory->now_ms }, was;

	if (!slot->confirmed_flush_lsn.known || !server->position_known || !memory->usable)
		return;
	if (get_frozen(memory, item->name, &was)) {
		/* where nothing was written, there was nothing to confirm */
		if (was.confirmed == is.confirmed && was.position != is.position && was.since_ms <= memory->now_ms)
			is = was;
		cdc_item_value(item, FROZEN, cdc_num_ms(memory->now_ms - is.since_ms));
	}
	put_frozen(memory, item->name, &is);
}

static void judge_spill(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item,
    struct cdc_check *check)
{
	CDC_BUF_CLEANUP struct cdc_buf epoch = CDC_BUF_INIT;
	struct cdc_window window = { check->policy->rate_min_ms, check->policy->rate_max_ms };
	int64_t rate;

	if (!slot->spill_bytes.known)
		return;
	cdc_buf_addf(&epoch, "%s/%" PRId64, server->epoch, slot->stats_reset_ms.known ? slot->stats_reset_ms.value : 0);
	if (cdc_memory_rate(&check->memory, item->name, "spill", epoch.text, slot->spill_bytes.value, window, &rate) &&
	    rate >= 0)
		cdc_item_value(item, SPILL, cdc_num_int(rate));
}

static void judge_ages(const struct pg_slot *slot, struct cdc_item *item)
{
	if (slot->catalog_xmin_age.known)
		cdc_item_value(item, CATALOG_XMIN_AGE, cdc_num_int(slot->catalog_xmin_age.value));
	if (slot->xmin_age.known)
		cdc_item_value(item, XMIN_AGE, cdc_num_int(slot->xmin_age.value));
}

/*
 * A standby's copy: active means that the sync worker holds it, inactive_since moves with every sync, and a temporary
 * copy is one that is not ready yet.
 */
static void judge_copy(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	int64_t age_ms = server->now_ms - slot->inactive_since_ms.value;

	if (slot->inactive_since_ms.known && !slot->temporary && !pg_slot_is_lost(slot)) {
		if (age_ms < 0)
			age_ms = 0;
		cdc_item_value(item, SYNC_AGE, cdc_num_ms(age_ms));
		cdc_text_add_duration(&text, age_ms);
		cdc_item_phrase(item, "copy of the primary's slot, synced %s ago", text.text);
	}
	if (!server->sync_slots)
		return;
	if (pg_slot_is_lost(slot))
		cdc_item_raise(item, NOT_SYNCED, "its copy on this standby is invalid");
	else if (slot->temporary)
		cdc_finding_headline(cdc_item_raise(item, NOT_SYNCED, "not synced yet (the copy is temporary)"),
		    "is not synced yet: it would not survive a promotion of this standby now");
}

static void judge_reserved(const struct pg_slot_config *config, const struct pg_slot_server *server,
    const struct pg_slot *slot, struct cdc_item *item, struct cdc_check *check)
{
	if (pg_slot_is_lost(slot))
		return;
	judge_distances(server, slot, item);
	judge_wal_status(slot, item);
	judge_headroom(config, server, slot, item, check);
	judge_frozen(server, slot, item, check);
	if (!has_server_limit(server) && !pg_slot_is_copy(server, slot))
		cdc_item_raise(item, UNLIMITED, "no size limit");
}

static void judge_slot(const struct pg_slot_config *config, const struct pg_slot_facts *facts,
    const struct pg_slot *slot, struct cdc_check *check)
{
	const struct pg_slot_server *server = &facts->server;
	struct cdc_item *item = cdc_result_add(check, slot->name);

	cdc_item_label(item, LABEL_PLUGIN, slot->plugin);
	cdc_item_label(item, LABEL_TYPE, slot->physical ? "physical" : "logical");
	cdc_item_label(item, LABEL_DATABASE, slot->database);
	item->transient = slot->temporary;
	cdc_item_value(item, ACTIVE, cdc_num_int(slot->active));
	judge_ages(slot, item);
	judge_spill(server, slot, item, check);
	pg_slot_compare(facts, slot, item, check);
	if (pg_slot_is_lost(slot))
		judge_lost(slot, item);
	if (pg_slot_is_unused(slot)) {
		cdc_item_phrase(item, "never used: it reserves no WAL");
		return;
	}
	if (pg_slot_is_copy(server, slot))
		judge_copy(server, slot, item);
	else
		judge_activity(server, slot, item, check);
	judge_reserved(config, server, slot, item, check);
	if (!server->standby && server->version >= 170000 && !slot->physical && !slot->failover)
		cdc_item_raise(item, FAILOVER_OFF, "failover is off: the slot does not survive a failover");
}

static bool is_wanted(const struct pg_slot_config *config, const struct pg_slot *slot)
{
	bool type = config->type == PG_SLOT_ALL || (config->type == PG_SLOT_PHYSICAL) == slot->physical;

	if (!cdc_policy_selects(&config->policy, slot->name))
		return false;
	if (cdc_policy_named(&config->policy, slot->name))
		return true;
	return type && (!slot->temporary || config->temporary || slot->synced);
}

static void judge_absent(const struct pg_slot_server *server, const char *name, struct cdc_check *check)
{
	struct cdc_item *item = cdc_result_add(check, name);

	item->absent = true;
	if (server->standby && server->sync_slots)
		cdc_finding_headline(cdc_item_raise(item, NOT_SYNCED, "not on this standby"),
		    "is not on this standby: it would not survive a promotion now (failover=true on the primary?)");
	else if (server->standby)
		cdc_item_raise(item, STANDBY, "not on this standby, which keeps no copies of slots");
	else
		cdc_finding_headline(cdc_item_raise(item, CDC_COND_MISSING, "does not exist"),
		    "does not exist on this server: nothing keeps WAL for its consumer");
}

static bool is_there(const struct pg_slot_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->count; i++)
		if (cdc_streq(facts->slots[i].name, name))
			return true;
	return false;
}

static void judge_named(const struct pg_slot_facts *facts, struct cdc_check *check)
{
	const struct cdc_strings *names = &check->policy->names;

	for (size_t i = 0; i < names->count; i++)
		if (cdc_policy_selects(check->policy, names->at[i]) && !is_there(facts, names->at[i]) &&
		    !cdc_result_find(&check->result, names->at[i]))
			judge_absent(&facts->server, names->at[i], check);
}

static void judge_server(const struct pg_slot_facts *facts, struct cdc_check *check)
{
	const struct pg_slot_server *server = &facts->server;
	struct cdc_window window = { check->policy->rate_min_ms, check->policy->rate_max_ms };
	struct cdc_item *item = cdc_result_add_fixed(check, "server");
	int64_t rate;

	if (server->standby)
		cdc_item_raise(item, STANDBY, "is a standby: positions are the WAL that it received");
	if (server->max_slots > 0)
		cdc_item_value(item, SLOTS_USED, cdc_num_int((int64_t)facts->count * 100) / server->max_slots);
	if (server->position_known &&
	    cdc_memory_rate(&check->memory, item->name, "wal", server->epoch, (int64_t)server->position, window, &rate) &&
	    rate >= 0)
		cdc_item_value(item, WAL_RATE, cdc_num_int(rate));
}

static void judge_statistics(const struct pg_slot_facts *facts, struct cdc_check *check)
{
	if (!facts->stats_refused)
		return;
	if (cdc_policy_asks_metric(check->policy, SPILL))
		cdc_result_raise(check, CDC_COND_DENIED, "spill is not known: %s", facts->stats_refused);
	else
		cdc_result_note(check, "spill is not known: %s", facts->stats_refused);
}

void pg_slot_judge(const struct pg_slot_config *config, const struct pg_slot_facts *facts, struct cdc_check *check)
{
	check->elsewhere = facts->server.standby;
	judge_server(facts, check);
	judge_statistics(facts, check);
	for (size_t i = 0; i < facts->count; i++)
		if (is_wanted(config, &facts->slots[i]))
			judge_slot(config, facts, &facts->slots[i], check);
	judge_named(facts, check);
}
