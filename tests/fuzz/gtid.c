/*
 * GTID sets of MySQL, two separated by a NUL: what is taken prints in a form that is the same set, and the algebra's
 * laws hold: a is what is only in it and what is in both, which is in b; and nothing that is only in a is in b.
 */
#include "tests/fuzz/fuzz.h"

#include "cdc/gtid_mysql.h"

static bool same(const struct cdc_gtid_set *a, const struct cdc_gtid_set *b)
{
	return cdc_gtid_contains(a, b) && cdc_gtid_contains(b, a);
}

static bool is_canonical(const struct cdc_gtid_set *set)
{
	size_t intervals = 0;

	for (size_t i = 0; i < set->source_count; i++) {
		const struct cdc_gtid_source *source = &set->sources[i];
		const struct cdc_gtid_interval *at = set->intervals + source->begin;

		if (source->begin != intervals || source->count == 0)
			return false;
		for (size_t j = 0; j < source->count; j++)
			if (at[j].first == 0 || at[j].last < at[j].first || at[j].last > CDC_GTID_LAST ||
			    (j > 0 && at[j].first <= at[j - 1].last + 1))
				return false;
		intervals += source->count;
	}
	return intervals == set->interval_count;
}

static void read_again(const struct cdc_gtid_set *set)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT, again_text = CDC_BUF_INIT;
	CDC_GTID_CLEANUP struct cdc_gtid_set again = { 0 };
	struct cdc_err err;

	HOLDS(is_canonical(set));
	cdc_gtid_print(&text, set);
	HOLDS(cdc_gtid_parse(text.text, &again, &err) == 0);
	cdc_gtid_print(&again_text, &again);
	HOLDS(cdc_streq(text.text, again_text.text));
	HOLDS(same(set, &again) && cdc_gtid_count(set) == cdc_gtid_count(&again));
}

static void compare(const struct cdc_gtid_set *a, const struct cdc_gtid_set *b)
{
	CDC_GTID_CLEANUP struct cdc_gtid_set only = { 0 }, both = { 0 }, nothing = { 0 }, rest = { 0 };
	uint64_t count = cdc_gtid_count(a);

	cdc_gtid_subtract(a, b, &only);
	cdc_gtid_intersect(a, b, &both);
	HOLDS(is_canonical(&only) && is_canonical(&both));
	HOLDS(cdc_gtid_contains(a, &only) && cdc_gtid_contains(a, &both) && cdc_gtid_contains(b, &both));
	HOLDS(cdc_gtid_contains(b, a) == cdc_gtid_is_empty(&only));
	HOLDS(count == UINT64_MAX || count == cdc_gtid_count(&only) + cdc_gtid_count(&both));
	cdc_gtid_intersect(&only, b, &nothing);
	HOLDS(cdc_gtid_is_empty(&nothing));
	cdc_gtid_subtract(a, &only, &rest);
	HOLDS(same(&rest, &both));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *left = fuzz_part(&data, &size), *right = fuzz_part(&data, &size);
	CDC_GTID_CLEANUP struct cdc_gtid_set a = { 0 }, b = { 0 };
	CDC_BUF_CLEANUP struct cdc_buf brief = CDC_BUF_INIT;
	struct cdc_err err;

	if (cdc_gtid_parse(left, &a, &err) < 0) {
		HOLDS(err.kind == CDC_ERR_USAGE && *err.text && !a.sources && !a.intervals);
		return 0;
	}
	read_again(&a);
	cdc_gtid_print_short(&brief, &a);
	HOLDS(brief.len > 0 && brief.len < 120);
	if (cdc_gtid_parse(right, &b, &err) == 0) {
		compare(&a, &b);
		compare(&b, &a);
	}
	return 0;
}
