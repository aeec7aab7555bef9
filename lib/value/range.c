#include "value/range.h"

#define QUOTE_MAX 120

static int refuse(const char *text, const char *why, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_USAGE, "'%.*s' is no range: %s", QUOTE_MAX, text, why);
}

/* One bound; an empty one leaves *ret and its infinity as the caller set them. */
static int parse_bound(const char *text, size_t n, enum cdc_unit unit, cdc_num *ret, struct cdc_err *err)
{
	return n == 0 ? 0 : cdc_num_parse(text, n, unit, ret, err);
}

static int parse_bounds(const char *bounds, enum cdc_unit unit, struct cdc_range *range, struct cdc_err *err)
{
	const char *colon = strchr(bounds, ':');
	const char *end = colon ? colon + 1 : bounds;
	size_t start_len = colon ? (size_t)(colon - bounds) : 0;

	if (start_len == 1 && bounds[0] == '~')
		range->no_low = true;
	else if (parse_bound(bounds, start_len, unit, &range->low, err) < 0)
		return -1;
	range->no_high = *end == '\0';
	return parse_bound(end, strlen(end), unit, &range->high, err);
}

int cdc_range_parse(const char *text, enum cdc_unit unit, struct cdc_range *ret, struct cdc_err *err)
{
	struct cdc_range range = { .set = true, .inside = text[0] == '@' };
	const char *bounds = text + range.inside;
	struct cdc_err why;

	if (!*bounds || cdc_streq(bounds, ":"))
		return refuse(text, "it is empty, [@]start:end is expected", err);
	if (parse_bounds(bounds, unit, &range, &why) < 0)
		return refuse(text, why.text, err);
	if (!range.no_low && !range.no_high && range.low > range.high)
		return refuse(text, "its start is greater than its end", err);
	*ret = range;
	return 0;
}

bool cdc_range_alerts(const struct cdc_range *range, cdc_num value)
{
	bool within;

	if (!range->set)
		return false;
	within = (range->no_low || value >= range->low) && (range->no_high || value <= range->high);
	return within == range->inside;
}

bool cdc_range_never(const struct cdc_range *range)
{
	return !range->set || (range->no_low && range->no_high && !range->inside);
}

void cdc_range_print(struct cdc_buf *buf, const struct cdc_range *range)
{
	if (!range->set)
		return;
	if (range->inside)
		cdc_buf_add_char(buf, '@');
	if (range->no_low)
		cdc_buf_add(buf, "~:");
	else if (range->low != 0 || range->no_high) {
		cdc_num_print(buf, range->low, 9);
		cdc_buf_add_char(buf, ':');
	}
	if (!range->no_high)
		cdc_num_print(buf, range->high, 9);
}

void cdc_range_print_reason(struct cdc_buf *buf, const struct cdc_range *range, cdc_num value, enum cdc_unit unit)
{
	if (range->inside && range->no_low && range->no_high) {
		cdc_buf_add(buf, "whatever its value");
	} else if (range->inside && range->no_high) {
		cdc_buf_add(buf, "at least ");
		cdc_num_print_human(buf, range->low, unit);
	} else if (range->inside && range->no_low) {
		cdc_buf_add(buf, "at most ");
		cdc_num_print_human(buf, range->high, unit);
	} else if (range->inside) {
		cdc_buf_add(buf, "within ");
		cdc_num_print_human(buf, range->low, unit);
		cdc_buf_add(buf, " to ");
		cdc_num_print_human(buf, range->high, unit);
	} else if (!range->no_low && value < range->low) {
		cdc_buf_add(buf, "less than ");
		cdc_num_print_human(buf, range->low, unit);
	} else {
		cdc_buf_add(buf, "more than ");
		cdc_num_print_human(buf, range->high, unit);
	}
}
