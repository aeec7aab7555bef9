/*
 * Exact numbers: every threshold and every metric is a whole number of billionths of its base unit in 128 bits, so
 * that 64-bit counters, bytes, fractions of seconds and percentages are compared without ever passing a double
 * (interface.md section 1).
 */
#ifndef CDC_NUM_H
#define CDC_NUM_H

#include "base/buf.h"
#include "base/err.h"

__extension__ typedef __int128 cdc_num;

#define CDC_NUM_ONE ((cdc_num)1000000000)

/* What a number counts; it decides which units a text may carry and how the number is printed. */
enum cdc_unit {
	CDC_COUNT,   /* no unit */
	CDC_COUNTER, /* no unit in, "c" in performance data: a total that only grows */
	CDC_SECONDS, /* ms s m h d w; base unit second */
	CDC_BYTES,   /* B kB MB GB TB KiB MiB GiB TiB; base unit byte */
	CDC_PERCENT  /* % */
};

static inline cdc_num cdc_num_int(int64_t value)
{
	return CDC_NUM_ONE * value;
}

static inline cdc_num cdc_num_uint(uint64_t value)
{
	return CDC_NUM_ONE * value;
}

static inline cdc_num cdc_num_ms(int64_t milliseconds)
{
	return CDC_NUM_ONE / 1000 * milliseconds;
}

/* Whole milliseconds of a number of seconds, cut toward zero; saturates at the ends of int64_t. */
int64_t cdc_num_to_ms(cdc_num seconds);

/* The whole part, cut toward zero; saturates at the ends of int64_t. */
int64_t cdc_num_to_int(cdc_num value);

/*
 * Reads n bytes of text: optional "-", decimal digits, optional fraction of at most nine digits, and a unit of the
 * given kind or none. Base 10, the whole text, no blank, no exponent; the value must lie within the 64-bit signed
 * integers. On failure -1, a CDC_ERR_USAGE that says why and what is valid (without quoting the text), *ret unchanged.
 */
int cdc_num_parse(const char *text, size_t n, enum cdc_unit unit, cdc_num *ret, struct cdc_err *err) CDC_MUST_USE;

/* Reads a whole text as a signed or unsigned decimal integer, nothing else; false when it is not one or overflows. */
bool cdc_num_parse_int(const char *text, int64_t *ret) CDC_MUST_USE;
bool cdc_num_parse_uint(const char *text, uint64_t *ret) CDC_MUST_USE;

/* Reads the integer that *text begins with and moves *text behind it; false when there is none, or it overflows. */
bool cdc_num_take_int(const char **text, int64_t *ret) CDC_MUST_USE;
bool cdc_num_take_uint(const char **text, uint64_t *ret) CDC_MUST_USE;

/* Appends the exact decimal number, no trailing zeros behind the point, at most `decimals` (0-9) of them, rest cut. */
void cdc_num_print(struct cdc_buf *buf, cdc_num value, int decimals);

/* Appends the number for people, with its unit: "12.4 MiB", "3h 12m", "91.5 %", "17". */
void cdc_num_print_human(struct cdc_buf *buf, cdc_num value, enum cdc_unit unit);

/* The unit as performance data and JSON spell it: "", "c", "s", "B", "%". */
const char *cdc_unit_name(enum cdc_unit unit);

/* How many decimals performance data of this unit has: bytes and counts none, seconds and percentages three. */
int cdc_unit_decimals(enum cdc_unit unit);

#endif
