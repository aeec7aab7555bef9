/*
 * A threshold range as the plugin guidelines define it: [@]start:end. "10" is 0 to 10, "10:" at least 10, "~:10" at
 * most 10, "10:20" between, endpoints on the good side; "@10:20" alerts inside, endpoints included. "~:" never alerts.
 * Source: monitoring-plugins guidelines, definitions/01.range_expressions.md (2023).
 */
#ifndef CDC_RANGE_H
#define CDC_RANGE_H

#include "value/num.h"

/* A zeroed range is unset and never alerts. */
struct cdc_range {
	cdc_num low, high;
	bool no_low, no_high; /* minus and plus infinity */
	bool inside;          /* "@" */
	bool set;
};

/*
 * Reads the whole text; bounds may carry a unit of the given kind. An empty range and start > end are refused. On
 * failure -1 and a CDC_ERR_USAGE that quotes the text; *ret is unchanged.
 */
int cdc_range_parse(const char *text, enum cdc_unit unit, struct cdc_range *ret, struct cdc_err *err) CDC_MUST_USE;

/* True when the value raises the alert. */
bool cdc_range_alerts(const struct cdc_range *range, cdc_num value);

/* True when no value at all raises the alert ("~:", or unset). */
bool cdc_range_never(const struct cdc_range *range);

/* Appends the canonical form in base units: "10" for 0:10, "10:", "~:10", "5:10", "@10"; nothing when unset. */
void cdc_range_print(struct cdc_buf *buf, const struct cdc_range *range);

/* Appends why a value that alerts does so: "more than 10 GiB", "less than 4h", "within 1 to 2". */
void cdc_range_print_reason(struct cdc_buf *buf, const struct cdc_range *range, cdc_num value, enum cdc_unit unit);

#endif
