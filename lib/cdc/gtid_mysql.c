#include "cdc/gtid_mysql.h"

#include <inttypes.h>
#include <stdlib.h>

void cdc_gtid_release(struct cdc_gtid_set *set)
{
	free(set->sources);
	free(set->intervals);
	*set = (struct cdc_gtid_set){ 0 };
}

void cdc_gtid_uuid_text(const uint8_t uuid[16], char ret[CDC_GTID_UUID_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*ret++ = '-';
		*ret++ = digits[uuid[i] >> 4];
		*ret++ = digits[uuid[i] & 15];
	}
	*ret = '\0';
}

static void print_interval(struct cdc_buf *buf, const struct cdc_gtid_interval *interval)
{
	cdc_buf_addf(buf, ":%" PRIu64, interval->first);
	if (interval->last != interval->first)
		cdc_buf_addf(buf, "-%" PRIu64, interval->last);
}

static bool same_uuid(const struct cdc_gtid_source *a, const struct cdc_gtid_source *b)
{
	return memcmp(a->uuid, b->uuid, sizeof(a->uuid)) == 0;
}

void cdc_gtid_print(struct cdc_buf *buf, const struct cdc_gtid_set *set)
{
	char uuid[CDC_GTID_UUID_LEN + 1];

	for (size_t i = 0; i < set->source_count; i++) {
		const struct cdc_gtid_source *source = &set->sources[i];

		if (i == 0 || !same_uuid(source, source - 1)) {
			cdc_gtid_uuid_text(source->uuid, uuid);
			cdc_buf_addf(buf, "%s%s", i ? "," : "", uuid);
		}
		if (source->tag[0])
			cdc_buf_addf(buf, ":%s", source->tag);
		for (size_t j = 0; j < source->count; j++)
			print_interval(buf, &set->intervals[source->begin + j]);
	}
}

void cdc_gtid_print_short(struct cdc_buf *buf, const struct cdc_gtid_set *set)
{
	char uuid[CDC_GTID_UUID_LEN + 1];

	if (cdc_gtid_is_empty(set)) {
		cdc_buf_add(buf, "nothing");
		return;
	}
	cdc_gtid_uuid_text(set->sources[0].uuid, uuid);
	cdc_buf_addf(buf, "%.4s…", uuid);
	if (set->sources[0].tag[0])
		cdc_buf_addf(buf, ":%s", set->sources[0].tag);
	print_interval(buf, &set->intervals[0]);
	if (set->interval_count > 1)
		cdc_buf_addf(buf, " and %zu more", set->interval_count - 1);
}

uint64_t cdc_gtid_count(const struct cdc_gtid_set *set)
{
	uint64_t count = 0;

	for (size_t i = 0; i < set->interval_count; i++) {
		uint64_t size = set->intervals[i].last - set->intervals[i].first + 1;

		if (size > UINT64_MAX - count)
			return UINT64_MAX;
		count += size;
	}
	return count;
}

bool cdc_gtid_is_empty(const struct cdc_gtid_set *set)
{
	return set->interval_count == 0;
}

bool cdc_gtid_has_tags(const struct cdc_gtid_set *set)
{
	for (size_t i = 0; i < set->source_count; i++)
		if (set->sources[i].tag[0])
			return true;
	return false;
}

static int compare_sources(const struct cdc_gtid_source *a, const struct cdc_gtid_source *b)
{
	int order = memcmp(a->uuid, b->uuid, sizeof(a->uuid));

	return order ? order : strcmp(a->tag, b->tag);
}

/* Intervals of one source, to be walked through from left to right. */
struct walk {
	const struct cdc_gtid_interval *at, *end;
};

static struct walk walk_of(const struct cdc_gtid_set *set, const struct cdc_gtid_source *source)
{
	const struct cdc_gtid_interval *begin = set->intervals + source->begin;

	return (struct walk){ begin, begin + source->count };
}

/* The same source of another set, searched from *from on, where the search before it ended. */
static struct walk find_walk(const struct cdc_gtid_set *set, const struct cdc_gtid_source *source, size_t *from)
{
	while (*from < set->source_count && compare_sources(&set->sources[*from], source) < 0)
		(*from)++;
	if (*from == set->source_count || compare_sources(&set->sources[*from], source) != 0)
		return (struct walk){ 0 };
	return walk_of(set, &set->sources[*from]);
}

static bool contains_all(struct walk whole, struct walk part)
{
	for (; part.at < part.end; part.at++) {
		while (whole.at < whole.end && whole.at->last < part.at->first)
			whole.at++;
		if (whole.at == whole.end || whole.at->first > part.at->first || whole.at->last < part.at->last)
			return false;
	}
	return true;
}

bool cdc_gtid_contains(const struct cdc_gtid_set *set, const struct cdc_gtid_set *part)
{
	size_t from = 0;

	for (size_t i = 0; i < part->source_count; i++)
		if (!contains_all(find_walk(set, &part->sources[i], &from), walk_of(part, &part->sources[i])))
			return false;
	return true;
}

/* Appends to the source that begin_result began. */
static void add_interval(struct cdc_gtid_set *set, uint64_t first, uint64_t last)
{
	CDC_GROW(set->intervals, set->interval_count, &set->interval_capacity);
	set->intervals[set->interval_count++] = (struct cdc_gtid_interval){ first, last };
}

static void subtract_walk(struct walk a, struct walk b, struct cdc_gtid_set *ret)
{
	for (; a.at < a.end; a.at++) {
		uint64_t first = a.at->first;

		while (b.at < b.end && b.at->last < first)
			b.at++;
		/* an interval of b may reach into the next one of a, so the last one is not left behind */
		while (b.at < b.end && b.at->first <= a.at->last) {
			if (b.at->first > first)
				add_interval(ret, first, b.at->first - 1);
			first = b.at->last + 1;
			if (b.at->last > a.at->last)
				break;
			b.at++;
		}
		if (first <= a.at->last)
			add_interval(ret, first, a.at->last);
	}
}

static void intersect_walk(struct walk a, struct walk b, struct cdc_gtid_set *ret)
{
	while (a.at < a.end && b.at < b.end) {
		uint64_t first = a.at->first > b.at->first ? a.at->first : b.at->first;
		uint64_t last = a.at->last < b.at->last ? a.at->last : b.at->last;

		if (first <= last)
			add_interval(ret, first, last);
		if (a.at->last < b.at->last)
			a.at++;
		else
			b.at++;
	}
}

/* Keeps the name of a source if any interval was added for it. */
static void add_source(struct cdc_gtid_set *ret, const struct cdc_gtid_source *source, size_t begin)
{
	if (ret->interval_count == begin)
		return;
	CDC_GROW(ret->sources, ret->source_count, &ret->source_capacity);
	ret->sources[ret->source_count] = *source;
	ret->sources[ret->source_count].begin = begin;
	ret->sources[ret->source_count++].count = ret->interval_count - begin;
}

static void combine(const struct cdc_gtid_set *a, const struct cdc_gtid_set *b,
    void (*walk)(struct walk, struct walk, struct cdc_gtid_set *), struct cdc_gtid_set *ret)
{
	size_t from = 0;

	for (size_t i = 0; i < a->source_count; i++) {
		size_t begin = ret->interval_count;

		walk(walk_of(a, &a->sources[i]), find_walk(b, &a->sources[i], &from), ret);
		add_source(ret, &a->sources[i], begin);
	}
}

void cdc_gtid_subtract(const struct cdc_gtid_set *a, const struct cdc_gtid_set *b, struct cdc_gtid_set *ret)
{
	combine(a, b, subtract_walk, ret);
}

void cdc_gtid_intersect(const struct cdc_gtid_set *a, const struct cdc_gtid_set *b, struct cdc_gtid_set *ret)
{
	combine(a, b, intersect_walk, ret);
}

void cdc_gtid_filter(struct cdc_gtid_set *set, bool (*keep)(const char *uuid, const void *arg), const void *arg)
{
	size_t sources = 0, intervals = 0;
	char uuid[CDC_GTID_UUID_LEN + 1];

	for (size_t i = 0; i < set->source_count; i++) {
		struct cdc_gtid_source source = set->sources[i];

		cdc_gtid_uuid_text(source.uuid, uuid);
		if (!keep(uuid, arg))
			continue;
		memmove(set->intervals + intervals, set->intervals + source.begin,
		    source.count * sizeof(*set->intervals));
		source.begin = intervals;
		intervals += source.count;
		set->sources[sources++] = source;
	}
	set->source_count = sources;
	set->interval_count = intervals;
}
