/*
 * From text to a set. The grammar is the server's own (sql/rpl_gtid_set.cc, Gtid_set::add_gtid_text), but stricter:
 * what it would quietly read as nothing is refused here.
 */
#include "cdc/gtid_mysql.h"

#include <stdlib.h>

#define QUOTE_BYTES 24

/* Where reading stands. */
struct reader {
	const char *text, *at;
	struct cdc_gtid_set *set;
	struct cdc_err *err;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void skip_blanks(struct reader *reader)
{
	while (is_blank(*reader->at))
		reader->at++;
}

static int refuse(const struct reader *reader, const char *at, const char *why)
{
	return cdc_fail(reader->err, CDC_ERR_USAGE, "%s at character %zu of the GTID set, before '%.*s'", why,
	    (size_t)(at - reader->text) + 1, QUOTE_BYTES, at);
}

static int hex_digit(char c)
{
	c = to_lower(c);
	if (is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_uuid(struct reader *reader, uint8_t uuid[16])
{
	const char *c = reader->at;

	for (int i = 0; i < 16; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *c++ != '-')
			return refuse(reader, reader->at, "a UUID is expected");
		high = hex_digit(c[0]);
		low = high < 0 ? -1 : hex_digit(c[1]);
		if (low < 0)
			return refuse(reader, reader->at, "a UUID is expected");
		uuid[i] = (uint8_t)(high * 16 + low);
		c += 2;
	}
	reader->at = c;
	return 0;
}

static int read_number(struct reader *reader, uint64_t *ret)
{
	const char *begin = reader->at;
	uint64_t value = 0;

	if (!is_digit(*begin))
		return refuse(reader, begin, "a transaction number is expected");
	for (; is_digit(*reader->at); reader->at++) {
		unsigned digit = (unsigned)(*reader->at - '0');

		if (value > (CDC_GTID_LAST - digit) / 10)
			return refuse(reader, begin, "a number above 9223372036854775806");
		value = value * 10 + digit;
	}
	if (value == 0)
		return refuse(reader, begin, "zero, which no transaction has,");
	*ret = value;
	return 0;
}

static int read_interval(struct reader *reader)
{
	struct cdc_gtid_set *set = reader->set;
	struct cdc_gtid_interval interval;
	const char *begin = reader->at;

	if (read_number(reader, &interval.first) < 0)
		return -1;
	interval.last = interval.first;
	skip_blanks(reader);
	if (*reader->at == '-') {
		reader->at++;
		skip_blanks(reader);
		if (read_number(reader, &interval.last) < 0)
			return -1;
		skip_blanks(reader);
	}
	if (interval.last < interval.first)
		return refuse(reader, begin, "an interval that ends before it starts");
	CDC_GROW(set->intervals, set->interval_count, &set->interval_capacity);
	set->intervals[set->interval_count++] = interval;
	set->sources[set->source_count - 1].count++;
	return 0;
}

static int read_tag(struct reader *reader, char tag[CDC_GTID_TAG_MAX + 1])
{
	const char *begin = reader->at;
	size_t n = 0;

	for (; is_letter(*reader->at) || is_digit(*reader->at); reader->at++) {
		if (n == CDC_GTID_TAG_MAX)
			return refuse(reader, begin, "a tag of more than 32 characters");
		tag[n++] = to_lower(*reader->at);
	}
	tag[n] = '\0';
	skip_blanks(reader);
	return 0;
}

static void begin_source(struct cdc_gtid_set *set, const uint8_t uuid[16])
{
	struct cdc_gtid_source source = { .begin = set->interval_count };

	memcpy(source.uuid, uuid, sizeof(source.uuid));
	CDC_GROW(set->sources, set->source_count, &set->source_capacity);
	set->sources[set->source_count++] = source;
}

/* ":" and an interval or a tag; a tag belongs to what follows it. */
static int read_part(struct reader *reader, const uint8_t uuid[16])
{
	struct cdc_gtid_set *set = reader->set;
	struct cdc_gtid_source *last = &set->sources[set->source_count - 1];

	reader->at++;
	skip_blanks(reader);
	if (!is_letter(*reader->at))
		return read_interval(reader);
	if (last->count == 0 && last->tag[0])
		return refuse(reader, reader->at, "an interval of the tag is expected");
	if (last->count > 0)
		begin_source(set, uuid);
	return read_tag(reader, set->sources[set->source_count - 1].tag);
}

/* One UUID and all that follows it up to a comma. */
static int read_source(struct reader *reader)
{
	uint8_t uuid[16];

	if (read_uuid(reader, uuid) < 0)
		return -1;
	skip_blanks(reader);
	begin_source(reader->set, uuid);
	while (*reader->at == ':')
		if (read_part(reader, uuid) < 0)
			return -1;
	if (reader->set->sources[reader->set->source_count - 1].count == 0)
		return refuse(reader, reader->at, "a UUID without an interval");
	return 0;
}

static int read_all(struct reader *reader)
{
	skip_blanks(reader);
	while (*reader->at) {
		if (read_source(reader) < 0)
			return -1;
		if (!*reader->at)
			return 0;
		if (*reader->at != ',')
			return refuse(reader, reader->at, "a comma, colon or dash is expected");
		reader->at++;
		skip_blanks(reader);
		if (!*reader->at)
			return refuse(reader, reader->at, "a UUID is expected behind the comma");
	}
	return 0;
}

static int compare_names(const struct cdc_gtid_source *a, const struct cdc_gtid_source *b)
{
	int order = memcmp(a->uuid, b->uuid, sizeof(a->uuid));

	return order ? order : strcmp(a->tag, b->tag);
}

/* By name, and in the order of the text where the name is the same. */
static int compare_sources(const void *a, const void *b)
{
	const struct cdc_gtid_source *left = a, *right = b;
	int order = compare_names(left, right);

	return order ? order : (left->begin > right->begin) - (left->begin < right->begin);
}

static int compare_intervals(const void *a, const void *b)
{
	const struct cdc_gtid_interval *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

static bool are_sources_sorted(const struct cdc_gtid_set *set)
{
	for (size_t i = 1; i < set->source_count; i++)
		if (compare_names(&set->sources[i - 1], &set->sources[i]) >= 0)
			return false;
	return true;
}

/* Sorts the sources, makes one of those of the same name, and puts the intervals into their order. */
static void sort_sources(struct cdc_gtid_set *set)
{
	struct cdc_gtid_interval *sorted = cdc_alloc(set->interval_count, sizeof(*sorted));
	size_t kept = 0, filled = 0;

	qsort(set->sources, set->source_count, sizeof(*set->sources), compare_sources);
	for (size_t i = 0; i < set->source_count; i++) {
		struct cdc_gtid_source source = set->sources[i];

		memcpy(sorted + filled, set->intervals + source.begin, source.count * sizeof(*sorted));
		if (kept > 0 && compare_names(&set->sources[kept - 1], &source) == 0) {
			set->sources[kept - 1].count += source.count;
		} else {
			set->sources[kept] = source;
			set->sources[kept++].begin = filled;
		}
		filled += source.count;
	}
	free(set->intervals);
	set->intervals = sorted;
	set->interval_capacity = set->interval_count;
	set->source_count = kept;
}

static bool are_intervals_sorted(const struct cdc_gtid_interval *at, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (at[i].first < at[i - 1].first)
			return false;
	return true;
}

/* Sorts the intervals of every source and joins those that overlap or touch. */
static void join_intervals(struct cdc_gtid_set *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->source_count; i++) {
		struct cdc_gtid_source *source = &set->sources[i];
		struct cdc_gtid_interval *at = set->intervals + source->begin;
		size_t count = source->count;

		if (!are_intervals_sorted(at, count))
			qsort(at, count, sizeof(*at), compare_intervals);
		source->begin = kept;
		for (size_t j = 0; j < count; j++) {
			struct cdc_gtid_interval *last = kept > source->begin ? &set->intervals[kept - 1] : NULL;

			if (!last || at[j].first > last->last + 1)
				set->intervals[kept++] = at[j];
			else if (at[j].last > last->last)
				last->last = at[j].last;
		}
		source->count = kept - source->begin;
	}
	set->interval_count = kept;
}

int cdc_gtid_parse(const char *text, struct cdc_gtid_set *ret, struct cdc_err *err)
{
	CDC_GTID_CLEANUP struct cdc_gtid_set set = { 0 };
	struct reader reader = { .text = text, .at = text, .set = &set, .err = err };

	if (read_all(&reader) < 0)
		return -1;
	if (!are_sources_sorted(&set))
		sort_sources(&set);
	join_intervals(&set);
	*ret = set;
	set = (struct cdc_gtid_set){ 0 };
	return 0;
}
