/* Numbers and threshold ranges: what is taken prints in a form that is taken again and means the same. */
#include "tests/fuzz/fuzz.h"

#include "value/range.h"

static void try_number(const char *text, enum cdc_unit unit)
{
	CDC_BUF_CLEANUP struct cdc_buf printed = CDC_BUF_INIT;
	cdc_num value, again;
	struct cdc_err err;

	if (cdc_num_parse(text, strlen(text), unit, &value, &err) < 0)
		return;
	HOLDS(value >= cdc_num_int(INT64_MIN) && value <= cdc_num_int(INT64_MAX));
	cdc_num_print(&printed, value, 9);
	HOLDS(cdc_num_parse(printed.text, printed.len, unit, &again, &err) == 0 && again == value);
	cdc_num_print_human(&printed, value, unit);
	cdc_num_to_ms(value);
}

static void try_range(const char *text, enum cdc_unit unit)
{
	CDC_BUF_CLEANUP struct cdc_buf first = CDC_BUF_INIT, second = CDC_BUF_INIT;
	struct cdc_range range, again;
	struct cdc_err err;

	if (cdc_range_parse(text, unit, &range, &err) < 0)
		return;
	HOLDS(range.set && (range.no_low || range.no_high || range.low <= range.high));
	cdc_range_print(&first, &range);
	HOLDS(cdc_range_parse(first.text, unit, &again, &err) == 0);
	cdc_range_print(&second, &again);
	HOLDS(cdc_streq(first.text, second.text));
	for (int i = -1; i <= 1; i++) {
		HOLDS(cdc_range_alerts(&range, range.low + i) == cdc_range_alerts(&again, range.low + i));
		HOLDS(cdc_range_alerts(&range, range.high + i) == cdc_range_alerts(&again, range.high + i));
	}
	cdc_range_print_reason(&second, &range, range.high + 1, unit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *text = fuzz_text(data, size);
	uint64_t positive;
	int64_t number;

	for (int unit = CDC_COUNT; unit <= CDC_PERCENT; unit++) {
		try_number(text, (enum cdc_unit)unit);
		try_range(text, (enum cdc_unit)unit);
	}
	if (cdc_num_parse_int(text, &number) && *text != '-')
		HOLDS(cdc_num_parse_uint(text, &positive) && positive == (uint64_t)number);
	return 0;
}
