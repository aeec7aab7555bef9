/*
 * check_binlog_retention: what earlier runs tell. No statement says when a binary log file was created, but every run
 * sees which file is the last one: what comes later is younger than that run, what is there is older. From the same
 * memory comes the rate of writing. All of it belongs to one server and to one series of files.
 */
#include "plugins/binlog_retention_internal.h"

#include "cdc/binlog_name.h"

#include <inttypes.h>
#include <stdlib.h>

#define ITEM     "server"
#define KEY_SEEN "seen"
#define KEY_END  "end"
/* So many files are remembered as last ones; beyond it every second one is forgotten, which only widens an answer. */
#define SEEN_MAX 256
/* Uptime and clock are whole seconds of two statements. */
#define START_SLACK_MS 10000

/* A file that was the last one from the first run that saw it so to the last. */
struct sight {
	uint64_t number;
	int64_t first_ms, last_ms;
};

struct sights {
	struct sight at[SEEN_MAX + 1];
	size_t count;
};

static const char *name_of_last(const struct binlog_retention_facts *facts)
{
	return facts->count ? facts->files[facts->count - 1].name : NULL;
}

static const char *identity_of(const struct binlog_retention_facts *facts)
{
	return facts->server.identity ? facts->server.identity : "";
}

static bool parse_sight(char *text, struct sight *ret)
{
	char *number = strsep(&text, ":"), *first = strsep(&text, ":");

	return number && first && text && cdc_num_parse_uint(number, &ret->number) &&
	    cdc_num_parse_int(first, &ret->first_ms) && cdc_num_parse_int(text, &ret->last_ms) &&
	    ret->first_ms <= ret->last_ms;
}

/* Sights must be in order, or they are not of our making. */
static bool parse_sights(char *text, struct sights *ret)
{
	for (char *word = strsep(&text, " "); word; word = strsep(&text, " ")) {
		struct sight *sight = &ret->at[ret->count];

		if (ret->count == SEEN_MAX || !parse_sight(word, sight))
			return false;
		if (ret->count > 0 && (sight[-1].number >= sight->number || sight[-1].last_ms > sight->first_ms))
			return false;
		ret->count++;
	}
	return ret->count > 0;
}

/* What earlier runs saw of the series of files that `name` belongs to; empty when they saw another one. */
static struct sights recall(const struct binlog_retention_facts *facts, const char *name,
    const struct cdc_memory *memory)
{
	CDC_CLEANUP(cdc_free_string) char *owned = cdc_strdup(cdc_memory_get(memory, ITEM, KEY_SEEN));
	struct sights sights = { .count = 0 };
	char *text = owned, *identity, *series;

	if (!owned)
		return sights;
	identity = strsep(&text, "\t");
	series = strsep(&text, "\t");
	if (!series || !text || !cdc_streq(identity, identity_of(facts)) || !cdc_binlog_name_comparable(series, name) ||
	    !parse_sights(text, &sights))
		return (struct sights){ .count = 0 };
	/* the files were numbered anew */
	if (sights.at[sights.count - 1].number > cdc_binlog_name_parse(name_of_last(facts)).number)
		sights.count = 0;
	return sights;
}

struct binlog_age binlog_retention_recall(const struct binlog_retention_facts *facts, const char *name,
    const struct cdc_memory *memory)
{
	struct sights sights = recall(facts, name, memory);
	uint64_t number = cdc_binlog_name_parse(name).number;
	struct binlog_age age = { 0 };

	for (size_t i = 0; i < sights.count; i++) {
		if (sights.at[i].number < number)
			age.after_ms = (struct binlog_number){ true, sights.at[i].last_ms };
		else if (!age.before_ms.known)
			age.before_ms = (struct binlog_number){ true, sights.at[i].first_ms };
	}
	/* a clock that went backwards tells nothing */
	if (age.before_ms.known && age.before_ms.value > memory->now_ms)
		return (struct binlog_age){ 0 };
	return age;
}

static void halve(struct sights *sights)
{
	size_t kept = 0;

	for (size_t i = sights->count % 2 ? 0 : 1; i < sights->count; i += 2)
		sights->at[kept++] = sights->at[i];
	sights->count = kept;
}

/* Of files that are not there any more one sight is enough. */
static void forget_removed(struct sights *sights, uint64_t first)
{
	size_t removed = 0;

	while (removed + 1 < sights->count && sights->at[removed + 1].number < first)
		removed++;
	if (removed == 0)
		return;
	memmove(sights->at, sights->at + removed, (sights->count - removed) * sizeof(*sights->at));
	sights->count -= removed;
}

static void put_sights(const struct binlog_retention_facts *facts, const char *name, const struct sights *sights,
    struct cdc_memory *memory)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_addf(&text, "%s\t%s\t", identity_of(facts), name);
	for (size_t i = 0; i < sights->count; i++)
		cdc_buf_addf(&text, "%s%" PRIu64 ":%" PRId64 ":%" PRId64, i ? " " : "", sights->at[i].number,
		    sights->at[i].first_ms, sights->at[i].last_ms);
	cdc_memory_put(memory, ITEM, KEY_SEEN, text.text);
}

void binlog_retention_remember(const struct binlog_retention_facts *facts, struct cdc_memory *memory)
{
	const char *name = name_of_last(facts);
	struct cdc_binlog_name parsed;
	struct sights sights;

	if (!name) {
		cdc_memory_carry(memory, ITEM, KEY_SEEN);
		return;
	}
	parsed = cdc_binlog_name_parse(name);
	if (!parsed.numbered)
		return;
	sights = recall(facts, name, memory);
	/* the clock went backwards */
	if (sights.count > 0 && sights.at[sights.count - 1].last_ms > memory->now_ms)
		sights.count = 0;
	if (sights.count > 0 && sights.at[sights.count - 1].number == parsed.number)
		sights.at[sights.count - 1].last_ms = memory->now_ms;
	else
		sights.at[sights.count++] = (struct sight){ parsed.number, memory->now_ms, memory->now_ms };
	forget_removed(&sights, cdc_binlog_name_parse(facts->files[0].name).number);
	if (sights.count > SEEN_MAX)
		halve(&sights);
	put_sights(facts, name, &sights, memory);
}

/* Where the end was, and how much was written from the run in which counting began. */
struct end {
	char *identity, *name, *epoch;
	int64_t size, written, start_ms;
};

/* Splits what a run left; the texts point into it. */
static bool parse_end(char *text, struct end *ret)
{
	char *size, *written, *start;

	ret->identity = strsep(&text, "\t");
	ret->name = strsep(&text, "\t");
	size = strsep(&text, "\t");
	written = strsep(&text, "\t");
	ret->epoch = strsep(&text, "\t");
	start = text;
	return ret->epoch && start && cdc_num_parse_int(size, &ret->size) &&
	    cdc_num_parse_int(written, &ret->written) && cdc_num_parse_int(start, &ret->start_ms);
}

/* Bytes written since the end was there; false when that cannot be told. */
static bool written_since(const struct binlog_retention_facts *facts, const struct end *end, int64_t *ret)
{
	int64_t bytes = 0;

	for (size_t i = facts->count; i > 0; i--) {
		const struct binlog_file *file = &facts->files[i - 1];

		if (cdc_streq(file->name, end->name)) {
			if (file->size < end->size || __builtin_add_overflow(bytes, file->size - end->size, &bytes))
				return false;
			*ret = bytes;
			return true;
		}
		if (__builtin_add_overflow(bytes, file->size, &bytes))
			return false;
	}
	return false;
}

static bool same_start(int64_t a, int64_t b)
{
	return a - b < START_SLACK_MS && b - a < START_SLACK_MS;
}

bool binlog_retention_rate(const struct binlog_retention_facts *facts, struct cdc_check *check, int64_t *ret)
{
	struct cdc_window window = { check->policy->rate_min_ms, check->policy->rate_max_ms };
	struct cdc_memory *memory = &check->memory;
	CDC_CLEANUP(cdc_free_string) char *text = cdc_strdup(cdc_memory_get(memory, ITEM, KEY_END));
	CDC_BUF_CLEANUP struct cdc_buf epoch = CDC_BUF_INIT, now = CDC_BUF_INIT;
	int64_t start_ms = facts->server.now_ms - facts->server.uptime_ms, since, written = 0;
	struct end end;

	if (facts->count == 0) {
		cdc_memory_carry(memory, ITEM, KEY_END);
		return false;
	}
	if (text && parse_end(text, &end) && cdc_streq(end.identity, identity_of(facts)) &&
	    same_start(end.start_ms, start_ms) && written_since(facts, &end, &since) &&
	    !__builtin_add_overflow(end.written, since, &written)) {
		cdc_buf_add(&epoch, end.epoch);
		start_ms = end.start_ms;
	} else {
		written = 0;
		cdc_buf_addf(&epoch, "%" PRId64, memory->now_ms);
	}
	cdc_buf_addf(&now, "%s\t%s\t%" PRId64 "\t%" PRId64 "\t%s\t%" PRId64, identity_of(facts), name_of_last(facts),
	    facts->files[facts->count - 1].size, written, epoch.text, start_ms);
	cdc_memory_put(memory, ITEM, KEY_END, now.text);
	return cdc_memory_rate(memory, ITEM, "written", epoch.text, written, window, ret) && *ret >= 0;
}
