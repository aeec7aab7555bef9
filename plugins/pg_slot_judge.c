/*
 * check_pg_slot: from facts to result. How each column is to be read per version: tests/facts/pg_slot, and the
 * comments below where it is not what the manual makes one expect.
 */
#include "plugins/pg_slot_internal.h"

#include "base/text.h"

#include <stdlib.h>

/* On a restart, and when a backend has crashed, every slot becomes inactive anew, some time after it began. */
#define RESTART_SLACK_MS 60000

static bool has_status(const struct pg_slot *slot, const char *status)
{
	return slot->wal_status && cdc_streq(slot->wal_status, status);
}

static void judge_wal_status(const struct pg_slot *slot, struct cdc_item *item)
{
	if (has_status(slot, "unreserved"))
		cdc_finding_headline(cdc_item_raise(item, UNRESERVED, "unreserved"),
		    "is about to be lost: the next checkpoint may remove WAL that it needs");
	else if (has_status(slot, "extended"))
		cdc_item_raise(item, EXTENDED, "extended (keeps more than max_wal_size)");
}

/* True if the server itself made the slot inactive when it began, so that nobody knows since when it really is. */
static bool is_of_restart(const struct pg_slot_server *server, int64_t since_ms)
{
	return since_ms - server->start_ms < RESTART_SLACK_MS ||
	    (server->crash_ms.known && llabs(since_ms - server->crash_ms.value) < RESTART_SLACK_MS);
}

/* How long no consumer has been connected; false where nobody can tell. *lower: it may be longer. */
static bool inactive_for(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_check *check,
    int64_t *ret_ms, bool *lower)
{
	int64_t since_ms;

	if (slot->inactive_since_ms.known) {
		*ret_ms = server->now_ms - slot->inactive_since_ms.value;
		*lower = is_of_restart(server, slot->inactive_since_ms.value);
		if (*ret_ms < 0)
			*ret_ms = 0;
		return true;
	}
	since_ms = cdc_memory_since(&check->memory, slot->name, "unused", INT64_MAX);
	*ret_ms = check->memory.now_ms - since_ms;
	*lower = true;
	return since_ms >= 0;
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
	pg_slot_judge_idle_timeout(server, slot, idle_ms, item);
}

static void judge_ages(const struct pg_slot *slot, struct cdc_item *item)
{
	if (slot->catalog_xmin_age.known)
		cdc_item_value(item, CATALOG_XMIN_AGE, cdc_num_int(slot->catalog_xmin_age.value));
	if (slot->xmin_age.known)
		cdc_item_value(item, XMIN_AGE, cdc_num_int(slot->xmin_age.value));
}

/* A start, too, sets inactive_since of every copy; a sync within so short a time behind it cannot be told from that. */
#define START_SLACK_MS 2000

static void judge_sync_age(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item)
{
	int64_t since_ms = slot->inactive_since_ms.value;

	cdc_item_value(item, SYNC_AGE, cdc_num_ms(server->now_ms > since_ms ? server->now_ms - since_ms : 0));
	cdc_item_cause(item, SYNC_AGE,
	    "slot synchronisation has stopped, a promotion now repeats changes (see this server's log)");
	cdc_item_phrase(item, "copy of the primary's slot");
	if (since_ms - server->start_ms < START_SLACK_MS)
		cdc_item_phrase(item, "last synced when this server started or before");
	else
		item->values[SYNC_AGE].shown = true;
}

/*
 * A standby's copy: active means that the sync worker holds it, inactive_since moves with every sync, and a temporary
 * copy is one that is not ready yet.
 */
static void judge_copy(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item)
{
	if (slot->inactive_since_ms.known && !slot->temporary && !pg_slot_is_lost(slot))
		judge_sync_age(server, slot, item);
	if (!server->sync_slots)
		return;
	if (pg_slot_is_lost(slot))
		cdc_item_raise(item, NOT_SYNCED, "its copy on this standby is invalid");
	else if (slot->temporary)
		cdc_finding_headline(cdc_item_raise(item, NOT_SYNCED, "not synced yet (the copy is temporary)"),
		    "is not synced yet: it would not survive a promotion of this standby now");
}

/*
 * What a former primary keeps of its failover slots: the worker that copies slots ends at one of its own name, so that
 * none is copied any more. A standby itself cannot create such a slot.
 */
static void judge_obstacle(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item)
{
	if (server->standby && server->sync_slots && slot->failover && !slot->synced)
		cdc_finding_headline(
		    cdc_item_raise(item, NOT_SYNCED, "not synced: this standby's own slot stops slot synchronisation (drop it)"),
		    "is this standby's own slot and stops slot synchronisation: drop it here, or no slot survives a promotion");
}

static void judge_reserved(const struct pg_slot_config *config, const struct pg_slot_server *server,
    const struct pg_slot *slot, struct cdc_item *item, struct cdc_check *check)
{
	if (pg_slot_is_lost(slot))
		return;
	pg_slot_judge_distances(server, slot, item);
	judge_wal_status(slot, item);
	pg_slot_judge_headroom(config, server, slot, item, check);
	pg_slot_judge_frozen(server, slot, item, check);
	if (!pg_slot_has_limit(server) && !pg_slot_is_copy(server, slot))
		cdc_item_raise(item, UNLIMITED, "no size limit");
}

/* Why a slot has neither positions nor distances; NULL: it has. */
static const char *why_no_distance(const struct pg_slot_server *server, const struct pg_slot *slot)
{
	if (pg_slot_is_lost(slot))
		return "the slot is lost";
	if (pg_slot_is_unused(slot))
		return "it reserves no WAL";
	return server->position_known ? NULL : "the WAL position is not known";
}

static const char *why_no_loss(const struct pg_slot_config *config, const struct pg_slot_server *server,
    const struct cdc_item *item)
{
	if (item->values[HEADROOM].known)
		return "its WAL does not grow, or there is no rate yet";
	if (pg_slot_has_limit(server) || config->size_limit)
		return "there is no headroom";
	return "no size limit";
}

static const char *why_not_inactive(const struct pg_slot_server *server, const struct pg_slot *slot)
{
	if (pg_slot_is_copy(server, slot))
		return "a copy has no consumer";
	if (slot->active)
		return "a consumer is connected";
	return pg_slot_is_unused(slot) ? "never used" : "no memory of earlier runs";
}

/* Nobody reads it but where the command line has a threshold. */
static void explain(struct cdc_item *item, size_t metric, const char *why, const struct cdc_policy *policy)
{
	if (!item->values[metric].known && cdc_policy_asks_metric(policy, metric))
		cdc_item_cause(item, metric, why);
}

/* Why metrics have no value, for those that have a threshold. */
static void explain_absent(const struct pg_slot_config *config, const struct pg_slot_server *server,
    const struct pg_slot *slot, struct cdc_item *item, const struct cdc_check *check)
{
	const struct cdc_policy *policy = &config->policy;
	const char *none = why_no_distance(server, slot);

	explain(item, RETAINED, none ? none : "it has no restart_lsn", policy);
	explain(item, LAG, none ? none : "it has no confirmed_flush_lsn", policy);
	explain(item, HEADROOM, none ? none : pg_slot_has_limit(server) ? "the server does not tell" : "no size limit", policy);
	explain(item, TIME_TO_LOSS, none ? none : why_no_loss(config, server, item), policy);
	explain(item, INACTIVE, why_not_inactive(server, slot), policy);
	if (!slot->confirmed_flush_lsn.known && !none)
		none = "it has no confirmed_flush_lsn";
	explain(item, FROZEN, none ? none : check->memory.usable ? "first seen" : "no memory of earlier runs", policy);
	explain(item, SPILL, slot->spill_bytes.known ? "no rate yet" : "the server has no statistics of it", policy);
	explain(item, CATALOG_XMIN_AGE, "it has no catalog_xmin", policy);
	explain(item, XMIN_AGE, "it has no xmin", policy);
	explain(item, SYNC_AGE, pg_slot_is_copy(server, slot) ? "not synced yet" : "no copy of a primary's slot", policy);
}

static void judge_used(const struct pg_slot_config *config, const struct pg_slot_server *server,
    const struct pg_slot *slot, struct cdc_item *item, struct cdc_check *check)
{
	if (pg_slot_is_copy(server, slot))
		judge_copy(server, slot, item);
	else
		judge_activity(server, slot, item, check);
	judge_reserved(config, server, slot, item, check);
	judge_obstacle(server, slot, item);
	if (server->standby && item->values[RETAINED].known)
		cdc_item_phrase(item, "standby (positions: WAL received)");
	if (!server->standby && server->version >= 170000 && !slot->physical && !slot->failover)
		cdc_item_raise(item, FAILOVER_OFF, "failover is off: the slot does not survive a failover");
}

static struct cdc_item *add_item(const struct pg_slot *slot, struct cdc_check *check)
{
	struct cdc_item *item = cdc_result_add(check, slot->name);

	cdc_item_label(item, LABEL_PLUGIN, slot->plugin);
	cdc_item_label(item, LABEL_TYPE, slot->physical ? "physical" : "logical");
	cdc_item_label(item, LABEL_DATABASE, slot->database);
	return item;
}

static void judge_slot(const struct pg_slot_config *config, const struct pg_slot_facts *facts,
    const struct pg_slot *slot, struct cdc_check *check)
{
	const struct pg_slot_server *server = &facts->server;
	struct cdc_item *item = add_item(slot, check);

	/* a copy that is not ready yet is temporary too, and a promotion that drops it loses the slot */
	item->transient = slot->temporary && !slot->synced;
	cdc_item_value(item, ACTIVE, cdc_num_int(slot->active));
	item->values[ACTIVE].unjudged = pg_slot_is_copy(server, slot);
	judge_ages(slot, item);
	pg_slot_judge_spill(slot, item, check);
	pg_slot_compare(facts, slot, item, check);
	if (pg_slot_is_lost(slot))
		pg_slot_judge_lost(slot, item);
	if (pg_slot_is_unused(slot))
		cdc_item_phrase(item, "never used: it reserves no WAL");
	else
		judge_used(config, server, slot, item, check);
	explain_absent(config, server, slot, item, check);
	cdc_settle(check, item);
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

/* True if the name was given before. */
static bool is_repeated(const struct cdc_strings *names, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (cdc_streq(names->at[i], names->at[index]))
			return true;
	return false;
}

static void judge_named(const struct pg_slot_facts *facts, struct cdc_check *check)
{
	const struct cdc_strings *names = &check->policy->names;

	for (size_t i = 0; i < names->count; i++)
		if (cdc_policy_selects(check->policy, names->at[i]) && !is_there(facts, names->at[i]) &&
		    !is_repeated(names, i))
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
	cdc_item_cause(item, SLOTS_USED, "at 100 % no slot can be created (drop unused ones, or raise it)");
	if (server->position_known &&
	    cdc_memory_rate(&check->memory, item->key, "wal", "", (int64_t)server->position, window, &rate) &&
	    rate >= 0)
		cdc_item_value(item, WAL_RATE, cdc_num_int(rate));
	else
		cdc_item_cause(item, WAL_RATE, check->memory.usable ? "no rate yet" : "no memory of earlier runs");
}

/*
 * Aurora PostgreSQL without logical replication refuses its position, with "wal_level must be set to 'logical'" or
 * 0A000. What a slot retains is the question, so that it is not known is no note.
 */
static void judge_position(const struct pg_slot_facts *facts, struct cdc_check *check)
{
	const char *why = facts->position_refused;

	if (!why)
		return;
	if (facts->position_denied)
		cdc_result_raise(check, CDC_COND_DENIED, "reading the WAL position failed: %s", why);
	else
		cdc_result_raise(check, CDC_COND_PROTOCOL,
		    "the server does not tell its WAL position (%s)%s", why,
		    facts->position_unlogical ? ": rds.logical_replication is off or the cluster was not rebooted" : "");
}

/* A fork that has no such functions is no missing right: then it goes without. */
static void judge_identity(const struct pg_slot_facts *facts, struct cdc_check *check)
{
	/* the timeline comes from the position */
	if (!facts->identity_refused || facts->position_refused)
		return;
	if (cdc_policy_asks_condition(check->policy, RECREATED))
		cdc_result_raise(check, CDC_COND_DENIED, "a failover is not noticed: %s", facts->identity_refused);
	else
		cdc_result_note(check, "a failover is not noticed: %s", facts->identity_refused);
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
	cdc_memory_epoch(&check->memory, facts->server.epoch);
	check->elsewhere = facts->server.standby;
	judge_server(facts, check);
	judge_position(facts, check);
	judge_identity(facts, check);
	judge_statistics(facts, check);
	for (size_t i = 0; i < facts->count; i++)
		if (is_wanted(config, &facts->slots[i]))
			judge_slot(config, facts, &facts->slots[i], check);
	judge_named(facts, check);
}

void pg_slot_judge_seen(const struct pg_slot_config *config, const struct cdc_pg_query *queries, int version,
    struct cdc_check *check)
{
	CDC_CLEANUP(pg_slot_facts_release) struct pg_slot_facts facts = { 0 };
	struct cdc_err err;

	if (pg_slot_parse_slots(&queries[PG_SLOT_SLOTS].rows, version, &facts, &err) < 0)
		return;
	for (size_t i = 0; i < facts.count; i++) {
		const struct pg_slot *slot = &facts.slots[i];
		struct cdc_item *item;

		if (!is_wanted(config, slot) || !(pg_slot_is_lost(slot) || has_status(slot, "unreserved")))
			continue;
		item = add_item(slot, check);
		if (pg_slot_is_lost(slot))
			pg_slot_judge_lost(slot, item);
		else
			judge_wal_status(slot, item);
		cdc_settle(check, item);
	}
}
