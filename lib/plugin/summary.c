/*
 * Line 1: what is wrong and where, worst first, in a line that fits a text message.
 */
#include "plugin/render.h"

#include "base/text.h"

#include <stdlib.h>

#define NAME_MAX_BYTES   64
#define ERROR_MAX_BYTES  400
#define HEADLINE_MAX     300
/* Between findings that do not belong together. */
#define SEPARATOR " - "

/* A list of phrases that is cut between them, not within one. */
struct phrases {
	struct cdc_buf *buf;
	size_t start, max; /* max: of the whole buffer, from its beginning */
	bool cut;
};

static void add_part(struct phrases *phrases, const char *text)
{
	size_t before = phrases->buf->len;

	if (before > phrases->start)
		cdc_buf_add(phrases->buf, ", ");
	cdc_text_add_safe(phrases->buf, text, HEADLINE_MAX);
	if (phrases->buf->len > phrases->max) {
		cdc_buf_truncate(phrases->buf, before);
		phrases->cut = true;
	}
}

/* Says nothing of a condition that is fine and has no news in it. */
static bool is_silent(const struct cdc_check *check, const struct cdc_finding *finding)
{
	return finding->state == CDC_OK && finding->condition >= 0 &&
	    cdc_plugin_condition(check->policy->plugin, (size_t)finding->condition)->quiet;
}

static void add_findings(struct phrases *phrases, const struct cdc_check *check, const struct cdc_item *item, bool fine,
    size_t from)
{
	for (size_t i = from; i < item->finding_count; i++) {
		const struct cdc_finding *finding = &item->findings[i];

		if ((finding->state == CDC_OK) == fine && !is_silent(check, finding))
			add_part(phrases, finding->text);
	}
}

static void add_shown_metrics(struct phrases *phrases, const struct cdc_check *check, const struct cdc_item *item)
{
	const struct cdc_plugin *plugin = check->policy->plugin;

	for (size_t i = 0; i < plugin->metric_count; i++) {
		CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

		if (!item->values[i].known || item->values[i].violated ||
		    !(item->values[i].shown || plugin->metrics[i].shown))
			continue;
		cdc_metric_phrase(&text, &plugin->metrics[i], item->values[i].phrase, item->values[i].value);
		add_part(phrases, text.text);
	}
}

/* All phrases of an item but its first `skip` findings, problems first. */
static void add_item(struct phrases *phrases, const struct cdc_check *check, const struct cdc_item *item, size_t skip)
{
	add_findings(phrases, check, item, false, skip);
	for (size_t i = 0; i < item->phrase_count; i++)
		add_part(phrases, item->phrases[i]);
	add_shown_metrics(phrases, check, item);
	add_findings(phrases, check, item, true, skip);
}

void cdc_render_item_text(struct cdc_buf *buf, const struct cdc_check *check, const struct cdc_item *item,
    const struct cdc_item *cut)
{
	struct phrases phrases = { .buf = buf, .start = buf->len, .max = SIZE_MAX };
	bool long_first = item == cut && item->finding_count > 0 && item->findings[0].headline;

	if (long_first)
		add_part(&phrases, item->findings[0].headline);
	add_item(&phrases, check, item, long_first ? 1 : 0);
	if (buf->len == phrases.start)
		cdc_buf_add(buf, "ok");
}

/* The item that line 1 is about when nothing is wrong: the only one there is. */
static const struct cdc_item *only_item(const struct cdc_result *result)
{
	size_t count = cdc_result_item_count(result);
	const struct cdc_item *only = NULL;

	if (count > 1)
		return NULL;
	for (size_t i = 0; i < result->count; i++)
		if (result->items[i]->fixed == (count == 0) && !only)
			only = result->items[i];
	return only;
}

static const struct cdc_item *worst_item(const struct cdc_result *result)
{
	const struct cdc_item *worst = cdc_result_worst(result);

	return worst && worst->state != CDC_OK ? worst : NULL;
}

static void add_name(struct cdc_buf *buf, const char *name)
{
	cdc_text_add_safe(buf, name, NAME_MAX_BYTES);
}

/* "name is lost (wal_removed): ..." or "name: inactive for 5m". */
static void add_headline(struct cdc_buf *buf, const struct cdc_item *item)
{
	const struct cdc_finding *finding = &item->findings[0];

	add_name(buf, item->name);
	cdc_buf_add(buf, finding->headline ? " " : ": ");
	cdc_text_add_safe(buf, finding->headline ? finding->headline : finding->text, HEADLINE_MAX);
}

/* " - 1 of 3 slots critical" */
static void add_tally(struct cdc_buf *buf, const struct cdc_check *check)
{
	static const enum cdc_state order[] = { CDC_CRITICAL, CDC_WARNING, CDC_UNKNOWN };
	const struct cdc_result *result = &check->result;
	bool first = true;

	for (size_t i = 0; i < CDC_LEN(order); i++) {
		size_t count = cdc_result_count_state(result, order[i]);

		if (count == 0)
			continue;
		if (first)
			cdc_buf_addf(buf, " - %zu of %zu %s %s", count, cdc_result_item_count(result),
			    result->plugin->nouns, cdc_state_word(order[i]));
		else
			cdc_buf_addf(buf, ", %zu %s", count, cdc_state_word(order[i]));
		first = false;
	}
}

/* What a fixed item says about the whole: "5 of 5 tasks running". */
static void add_fixed_phrases(struct cdc_buf *buf, const struct cdc_result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		const struct cdc_item *item = result->items[i];

		for (size_t p = 0; item->fixed && p < item->phrase_count; p++) {
			cdc_buf_add(buf, ", ");
			cdc_text_add_safe(buf, item->phrases[p], HEADLINE_MAX);
		}
	}
}

static void add_all_fine(struct cdc_buf *buf, const struct cdc_check *check)
{
	const struct cdc_plugin *plugin = check->policy->plugin;
	size_t metric = cdc_plugin_main_metric(plugin);
	struct cdc_extreme extreme = cdc_result_extreme(check);

	cdc_buf_addf(buf, "%zu %s", cdc_result_item_count(&check->result), plugin->nouns);
	add_fixed_phrases(buf, &check->result);
	if (!extreme.name)
		return;
	cdc_buf_addf(buf, ", %s %s ", cdc_policy_fears_low(check->policy, metric) ? "lowest" : "highest",
	    plugin->metrics[metric].name);
	cdc_num_print_human(buf, extreme.value, plugin->metrics[metric].unit);
	cdc_buf_add(buf, " (");
	add_name(buf, extreme.name);
	cdc_buf_add(buf, ")");
}

/* What concerns the whole: first when it is the worst, else behind. */
static void add_whole(struct cdc_buf *buf, const struct cdc_result *result)
{
	for (size_t i = 0; i < result->finding_count; i++) {
		if (i > 0)
			cdc_buf_add(buf, SEPARATOR);
		cdc_text_add_safe(buf, result->findings[i].text, ERROR_MAX_BYTES);
	}
}

static bool whole_is_worst(const struct cdc_result *result, const struct cdc_item *worst)
{
	return result->finding_count > 0 &&
	    (!worst || cdc_state_rank(result->findings[0].state) > cdc_state_rank(worst->state));
}

/* How long which part of line 1 may be. */
struct room {
	size_t headline, phrases;
};

/* Line 1 about one item: its headline, then as many of its other phrases as fit. */
static struct cdc_summary summary_of_one(struct cdc_buf *buf, const struct cdc_check *check,
    const struct cdc_item *item, const struct room *room)
{
	bool problem = item->state != CDC_OK;
	struct phrases phrases = { .buf = buf, .max = room->phrases };

	if (problem) {
		add_headline(buf, item);
		phrases.start = 0;
	} else {
		add_name(buf, item->name);
		cdc_buf_add(buf, ": ");
		phrases.start = buf->len;
	}
	if (buf->len > room->headline) {
		cdc_text_cut(buf, room->headline);
		return (struct cdc_summary){ .item = true, .cut = item };
	}
	add_item(&phrases, check, item, problem ? 1 : 0);
	return (struct cdc_summary){ .item = phrases.cut };
}

static size_t count_problems(const struct cdc_result *result)
{
	return cdc_result_count_state(result, CDC_CRITICAL) + cdc_result_count_state(result, CDC_WARNING) +
	    cdc_result_count_state(result, CDC_UNKNOWN);
}

/* The limit is for a line that is about one item; with several of them nothing is cut. */
static struct cdc_summary summary_of_many(struct cdc_buf *buf, const struct cdc_check *check,
    const struct cdc_item *worst, size_t max)
{
	CDC_BUF_CLEANUP struct cdc_buf tally = CDC_BUF_INIT;
	struct cdc_summary left_out = { .cut = NULL };
	size_t room;

	if (!worst) {
		add_all_fine(buf, check);
		return left_out;
	}
	add_tally(&tally, check);
	add_headline(buf, worst);
	room = max > tally.len + 40 ? max - tally.len : 40;
	if (count_problems(&check->result) < 2 && buf->len > room) {
		cdc_text_cut(buf, room);
		left_out.cut = worst;
	}
	cdc_buf_add(buf, tally.text);
	return left_out;
}

/* Cuts what concerns the whole to what an item leaves of the line; true if anything was cut. */
static bool cut_whole(struct cdc_buf *whole, const struct cdc_buf *line, size_t max)
{
	size_t room = max > line->len + strlen(SEPARATOR) ? max - line->len - strlen(SEPARATOR) : 0;
	bool cut = whole->len > room;

	cdc_text_cut(whole, room);
	return cut;
}

/* The whole goes before what else is to be said of an item; a long headline leaves it a quarter of the line. */
static struct room room_before(const struct cdc_buf *whole, size_t max)
{
	size_t wanted = whole->len ? whole->len + strlen(SEPARATOR) : 0;

	return (struct room){ .headline = max - (wanted < max / 4 ? wanted : max / 4),
		.phrases = wanted < max ? max - wanted : 0 };
}

struct cdc_summary cdc_render_summary(struct cdc_buf *buf, const struct cdc_check *check, size_t max)
{
	const struct cdc_result *result = &check->result;
	const struct cdc_item *worst = worst_item(result), *only = only_item(result);
	CDC_BUF_CLEANUP struct cdc_buf line = CDC_BUF_INIT, whole = CDC_BUF_INIT;
	struct cdc_summary left_out = { .cut = NULL };
	struct room room;

	add_whole(&whole, result);
	room = room_before(&whole, max);
	if (whole_is_worst(result, worst)) {
		cdc_buf_add(buf, whole.text);
		left_out.item = true;
		left_out.cut = worst;
		return left_out;
	}
	if (only && (worst == only || !worst)) {
		left_out = summary_of_one(&line, check, only, &room);
		left_out.whole = cut_whole(&whole, &line, max);
	} else {
		left_out = summary_of_many(&line, check, worst, max);
	}
	if (whole.len > 0)
		cdc_buf_addf(&line, SEPARATOR "%s", whole.text);
	if (line.len == 0)
		cdc_buf_add(&line, result->error ? "see the error" : "nothing to judge");
	cdc_buf_add(buf, line.text);
	return left_out;
}
