/*
 * check_connect_status: does the worker itself live, and is the connector it shows as it was? A worker that is cut off
 * from Kafka goes on answering from memory, every connector RUNNING; only what passes through its main loop tells.
 */
#include "plugins/connect_status_internal.h"

#include <inttypes.h>

#include "base/text.h"
#include "plugin/absent.h"

static bool says(const char *body, const char *key, const char *word)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	return cdc_connect_member(body, key, &text) && cdc_streq(text.text, word);
}

/* KIP-1017: 200 healthy, 503 starting, 500 unhealthy. 3.9.1 with its broker gone needs 10 s to say 500. */
enum connect_status_life connect_status_of_health(int http_status, const char *body, bool late)
{
	if (late)
		return CONNECT_STATUS_CUT_OFF;
	if (says(body, "status", "starting"))
		return CONNECT_STATUS_STARTING;
	if (says(body, "status", "unhealthy"))
		return CONNECT_STATUS_UNHEALTHY;
	if (cdc_connect_is_rebalance(http_status, body))
		return CONNECT_STATUS_REBALANCING;
	if (http_status == 200)
		return CONNECT_STATUS_LIVE;
	if (http_status >= 500)
		return CONNECT_STATUS_UNHEALTHY;
	return http_status == 404 ? CONNECT_STATUS_ABSENT : CONNECT_STATUS_UNTOLD;
}

/* The plain GET passes through the worker's main loop: whatever it says of the connector, it lives. */
enum connect_status_life connect_status_of_connector(int http_status, const char *body, bool late)
{
	if (late)
		return CONNECT_STATUS_CUT_OFF;
	if (cdc_connect_is_rebalance(http_status, body))
		return CONNECT_STATUS_REBALANCING;
	if (http_status == 200 || (http_status == 404 && !cdc_connect_is_starting(http_status, body)))
		return CONNECT_STATUS_LIVE;
	if (http_status == 404)
		return CONNECT_STATUS_STARTING;
	return http_status >= 500 ? CONNECT_STATUS_CUT_OFF : CONNECT_STATUS_UNTOLD;
}

bool connect_status_knows_all(enum connect_status_life life)
{
	return life == CONNECT_STATUS_LIVE || life == CONNECT_STATUS_REBALANCING || life == CONNECT_STATUS_UNTOLD ||
	    life == CONNECT_STATUS_ABSENT;
}

void connect_status_judge_life(struct connect_status *status, enum connect_status_life life, const char *worker,
    const char *detail)
{
	struct cdc_item *cluster = status->cluster;
	CDC_BUF_CLEANUP struct cdc_buf said = CDC_BUF_LIMITED(400);

	if (detail && *detail)
		cdc_buf_addf(&said, " (%s)", detail);
	switch (life) {
	case CONNECT_STATUS_STARTING:
		cdc_item_raise(cluster, STARTING, "worker %s is starting%s", worker, said.text);
		break;
	case CONNECT_STATUS_UNHEALTHY:
		cdc_item_raise(cluster, UNHEALTHY, "worker %s is unhealthy%s", worker, said.text);
		break;
	case CONNECT_STATUS_REBALANCING:
		cdc_item_raise(cluster, REBALANCING, "worker %s is rebalancing%s", worker, said.text);
		break;
	case CONNECT_STATUS_CUT_OFF:
		cdc_item_raise(cluster, NOT_LIVE, "worker %s is cut off from Kafka%s", worker, said.text);
		cdc_item_phrase(cluster, "what it says of connectors is old");
		break;
	case CONNECT_STATUS_UNTOLD:
		cdc_result_note(status->check, "worker %s does not tell whether it lives%s", worker, said.text);
		break;
	default:
		break;
	}
}

void connect_status_judge_blind(struct connect_status *status, enum connect_status_life life, const char *worker)
{
	cdc_item_phrase(status->cluster, "connectors not judged in this run: %s is %s", worker,
	    life == CONNECT_STATUS_STARTING ? "starting" : "rebalancing");
}

void connect_status_judge_down(struct connect_status *status, const char *text)
{
	cdc_item_raise(status->cluster, WORKER_DOWN, "%s", text);
}

bool connect_status_fits_path(const char *name)
{
	if (!*name || cdc_streq(name, ".") || cdc_streq(name, ".."))
		return false;
	for (; *name; name++)
		if (strchr("/%\\", *name) || (unsigned char)*name < ' ' || *name == 0x7f)
			return false;
	return true;
}

/* --- flapping and since when ---------------------------------------------------------------------------------- */

#define HOUR_MS      ((int64_t)3600 * 1000)
#define FLAPS        3
#define FLAPS_KEPT   16
#define KEY_FLAPS    "flaps"
/* A pause between runs after which "failed since" would be a guess. */
#define FAILED_PAUSE_MS ((int64_t)30 * 60 * 1000)

/* Whether it failed in the last run, and when it changed between FAILED and RUNNING within the last hour. */
struct flaps {
	bool failed;
	int64_t at_ms[FLAPS_KEPT];
	size_t count;
};

static void add_flap(struct flaps *flaps, int64_t at_ms)
{
	if (flaps->count == FLAPS_KEPT) {
		memmove(flaps->at_ms, flaps->at_ms + 1, (FLAPS_KEPT - 1) * sizeof(*flaps->at_ms));
		flaps->count--;
	}
	flaps->at_ms[flaps->count++] = at_ms;
}

/* "F,ms,ms" or "R,ms,ms": nothing is kept of a connector that ran all the time, so nothing reads as "ran". */
static struct flaps read_flaps(const struct cdc_memory *memory, const char *item)
{
	CDC_CLEANUP(cdc_free_string) char *text = cdc_strdup(cdc_memory_get(memory, item, KEY_FLAPS));
	struct flaps flaps = { 0 };
	char *next = text, *word = text ? strsep(&next, ",") : NULL;
	int64_t at_ms;

	if (!word)
		return flaps;
	flaps.failed = cdc_streq(word, "F");
	while ((word = strsep(&next, ",")) != NULL)
		if (cdc_num_parse_int(word, &at_ms) && at_ms <= memory->now_ms && memory->now_ms - at_ms <= HOUR_MS)
			add_flap(&flaps, at_ms);
	return flaps;
}

static void leave_flaps(struct cdc_memory *memory, const char *item, const struct flaps *flaps)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	if (!flaps->failed && flaps->count == 0)
		return;
	cdc_buf_add(&text, flaps->failed ? "F" : "R");
	for (size_t i = 0; i < flaps->count; i++)
		cdc_buf_addf(&text, ",%" PRId64, flaps->at_ms[i]);
	cdc_memory_put(memory, item, KEY_FLAPS, text.text);
}

static void judge_flapping(struct cdc_check *check, struct cdc_item *item, bool failed, bool running)
{
	struct cdc_memory *memory = &check->memory;
	struct flaps flaps;

	if (!memory->usable)
		return;
	flaps = read_flaps(memory, item->name);
	if ((failed != flaps.failed) && (failed || running)) {
		if (cdc_was_known(check, item->name))
			add_flap(&flaps, memory->now_ms);
		flaps.failed = failed;
	}
	leave_flaps(memory, item->name, &flaps);
	if (flaps.count >= FLAPS)
		cdc_finding_headline(cdc_item_raise(item, FLAPPING, "flapping: %zu changes in the last hour", flaps.count),
		    "is flapping: %zu changes between FAILED and RUNNING in the last hour", flaps.count);
}

void connect_status_compare(struct cdc_check *check, struct cdc_item *item, bool failed, bool running)
{
	int64_t since_ms;

	judge_flapping(check, item, failed, running);
	if (!failed)
		return;
	since_ms = cdc_memory_since(&check->memory, item->name, "failing", FAILED_PAUSE_MS);
	if (since_ms >= 0)
		cdc_item_value(item, FAILED_FOR, cdc_num_ms(check->memory.now_ms - since_ms));
}
