/*
 * check_pg_slot: was the slot dropped and created again? A slot that was looks healthy, and the changes between are
 * gone; so every run leaves what identifies the slot, and the next one looks for evidence (check_pg_slot(1),
 * `recreated`). A jump forward of its positions is no evidence: consumers do that.
 */
#include "plugins/pg_slot_internal.h"

#include "cdc/lsn.h"
#include "plugin/absent.h"

#include <inttypes.h>

#define KEY_SLOT "slot"
#define FIELDS   9

/* What one run leaves of a slot for the next. */
struct trace {
	const char *plugin, *type, *database;
	uint64_t restart_lsn, confirmed_flush_lsn; /* 0: not known */
	int64_t total_txns, stats_reset_ms;        /* -1: not known */
	bool lost;
	const char *epoch; /* of the server: within one its counters and positions can be compared */
};

static struct trace trace_of(const struct pg_slot_server *server, const struct pg_slot *slot)
{
	return (struct trace){
		.plugin = slot->plugin ? slot->plugin : "",
		.type = slot->physical ? "physical" : "logical",
		.database = slot->database ? slot->database : "",
		.restart_lsn = slot->restart_lsn.known ? slot->restart_lsn.value : 0,
		.confirmed_flush_lsn = slot->confirmed_flush_lsn.known ? slot->confirmed_flush_lsn.value : 0,
		.total_txns = slot->total_txns.known ? slot->total_txns.value : -1,
		.stats_reset_ms = slot->stats_reset_ms.known ? slot->stats_reset_ms.value : -1,
		.lost = pg_slot_is_lost(slot),
		.epoch = server->epoch,
	};
}

/* Names are kept apart by bars; a bar in a name becomes a blank, in every run alike. */
static void add_field(struct cdc_buf *buf, const char *text)
{
	for (; *text; text++)
		cdc_buf_add_char(buf, *text == '|' ? ' ' : *text);
	cdc_buf_add_char(buf, '|');
}

static void print_trace(struct cdc_buf *text, const struct trace *trace)
{
	add_field(text, trace->plugin);
	add_field(text, trace->type);
	add_field(text, trace->database);
	cdc_buf_addf(text, "%" PRIu64 "|%" PRIu64 "|%" PRId64 "|%" PRId64 "|%d|%s", trace->restart_lsn,
	    trace->confirmed_flush_lsn, trace->total_txns, trace->stats_reset_ms, (int)trace->lost, trace->epoch);
}

/* Splits what a run left; the texts point into it. False when it is not of our making. */
static bool parse_trace(char *text, struct trace *ret)
{
	char *fields[FIELDS];
	int64_t lost;
	size_t n = 0;

	for (char *field = strsep(&text, "|"); field && n < CDC_LEN(fields); field = strsep(&text, "|"))
		fields[n++] = field;
	if (n != CDC_LEN(fields))
		return false;
	*ret = (struct trace){ .plugin = fields[0], .type = fields[1], .database = fields[2], .epoch = fields[8] };
	if (!cdc_num_parse_uint(fields[3], &ret->restart_lsn) ||
	    !cdc_num_parse_uint(fields[4], &ret->confirmed_flush_lsn) ||
	    !cdc_num_parse_int(fields[5], &ret->total_txns) || !cdc_num_parse_int(fields[6], &ret->stats_reset_ms) ||
	    !cdc_num_parse_int(fields[7], &lost))
		return false;
	ret->lost = lost != 0;
	return true;
}

static bool differs(const char *was, const char *is)
{
	for (; *was && (*was == *is || (*was == ' ' && *is == '|')); was++, is++)
		;
	return *was || *is;
}

/* The same run of the same server: its counters and positions can be compared. */
static bool same_run(const struct trace *was, const struct trace *is)
{
	return cdc_streq(was->epoch, is->epoch);
}

/* "system/timeline/start/crash", as pg_slot_parse.c makes it; timeline 0 is not known. */
static bool parse_epoch(const char *epoch, const char **system, size_t *system_len, int64_t *timeline, int64_t *start_ms)
{
	const char *next = epoch + strcspn(epoch, "/");

	*system = epoch;
	*system_len = (size_t)(next - epoch);
	return *next++ == '/' && cdc_num_take_int(&next, timeline) && *next++ == '/' && cdc_num_take_int(&next, start_ms);
}

/*
 * Another server of the same cluster took over: a promotion keeps the postmaster's start, so another start with
 * another timeline is another machine.
 */
static bool failed_over(const struct pg_slot_server *server, const struct trace *was)
{
	const char *system;
	size_t system_len;
	int64_t timeline, start_ms;

	if (server->standby || !server->system_identifier || !server->timeline.known ||
	    !parse_epoch(was->epoch, &system, &system_len, &timeline, &start_ms))
		return false;
	return strlen(server->system_identifier) == system_len &&
	    memcmp(system, server->system_identifier, system_len) == 0 && start_ms != server->start_ms && timeline > 0 &&
	    timeline != server->timeline.value;
}

/*
 * Tools copy slots, too: Patroni, pg_failover_slots. A copy begins at or before what was last seen confirmed, even when
 * its consumer has read on since; a slot that is made after the failover begins behind it.
 */
static bool was_synced(const struct pg_slot *slot, const struct trace *was, const struct trace *is)
{
	return slot->synced || (is->restart_lsn > 0 && is->restart_lsn <= was->confirmed_flush_lsn);
}

/* A copy whose consumer is far ahead looks the same. */
#define NOT_SHOWN "a server took over, no sign that it was synced"

/* The evidence in words, or NULL. */
static const char *evidence(const struct pg_slot_server *server, const struct pg_slot *slot, const struct trace *was,
    const struct trace *is)
{
	if (was->lost && !is->lost)
		return "it was lost in an earlier run";
	if (differs(was->type, is->type))
		return "its type changed";
	if (differs(was->plugin, is->plugin))
		return "its plugin changed";
	if (differs(was->database, is->database))
		return "its database changed";
	if (same_run(was, is) && is->total_txns >= 0 && is->total_txns < was->total_txns &&
	    is->stats_reset_ms == was->stats_reset_ms)
		return "its total_txns fell";
	if (same_run(was, is) && is->restart_lsn > 0 && is->restart_lsn < was->restart_lsn)
		return "its restart_lsn went back";
	if (!slot->physical && failed_over(server, was) && !was_synced(slot, was, is))
		return NOT_SHOWN;
	return NULL;
}

static void raise(struct cdc_item *item, const char *why)
{
	bool sure = !cdc_streq(why, NOT_SHOWN);

	cdc_finding_headline(cdc_item_raise(item, RECREATED, "%s (%s)", sure ? "created again" : "may be created again", why),
	    "%s created again (%s): changes may be missing", sure ? "was dropped and" : "may be", why);
}

/* A copy is compared with nothing, but that there was a slot must be known when it is missing after a promotion. */
static void put_first_sight(struct cdc_memory *memory, const char *name, struct trace is)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	is.lost = false; /* the primary's slot may be fine, and the server makes the copy anew */
	print_trace(&text, &is);
	cdc_memory_put(memory, name, KEY_SLOT, text.text);
}

void pg_slot_compare(const struct pg_slot_facts *facts, const struct pg_slot *slot, struct cdc_item *item,
    struct cdc_check *check)
{
	const struct pg_slot_server *server = &facts->server;
	CDC_CLEANUP(cdc_free_string) char *text = NULL;
	CDC_BUF_CLEANUP struct cdc_buf now = CDC_BUF_INIT;
	struct trace is = trace_of(server, slot), was;
	const char *why = NULL;
	int64_t since_ms;

	/* temporary slots come and go, and the copies of a standby are dropped and made anew by the server itself */
	if (!check->memory.usable)
		return;
	text = cdc_strdup(cdc_memory_get(&check->memory, item->name, KEY_SLOT));
	if (slot->temporary || pg_slot_is_copy(server, slot)) {
		cdc_memory_carry(&check->memory, item->name, KEY_SLOT);
		if (!text && slot->synced)
			put_first_sight(&check->memory, item->name, is);
		return;
	}
	print_trace(&now, &is);
	if (text && !cdc_streq(text, now.text) && parse_trace(text, &was))
		why = evidence(server, slot, &was, &is);
	if (text && cdc_was_absent(check, item->name, &since_ms) && !is.lost)
		why = "it was missing in an earlier run";
	if (why)
		raise(item, why);
	cdc_memory_put(&check->memory, item->name, KEY_SLOT, now.text);
}
