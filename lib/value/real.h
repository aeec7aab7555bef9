/*
 * The text of a floating point number as programs print one ("1.8E7", "0.25", "NaN", "0x1p-2"), converted to an exact
 * number without ever being a double. Grammar: Go's strconv.ParseFloat without underscores, which is what the
 * Prometheus text formats refer to; it covers Java's Double.toString and JSON's numbers.
 */
#ifndef CDC_REAL_H
#define CDC_REAL_H

#include "value/num.h"

enum cdc_real {
	CDC_REAL_NUMBER,
	CDC_REAL_NO_VALUE, /* NaN, an infinity, or beyond 10^20: well formed, and no number to judge */
	CDC_REAL_MALFORMED
};

/*
 * Reads n bytes, the whole text, no blanks; letters in any case. Digits beyond the ninth decimal are cut off. *ret is
 * written only for CDC_REAL_NUMBER.
 */
enum cdc_real cdc_real_parse(const char *text, size_t n, cdc_num *ret) CDC_MUST_USE;

#endif
