#include "cdc/lsn.h"

#include <inttypes.h>

#define HALF_DIGITS_MAX 8

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads one half up to `end`; the text behind it, or NULL. */
static const char *parse_half(const char *text, char end, uint64_t *ret)
{
	int digits = 0;

	*ret = 0;
	for (; hex_digit(*text) >= 0 && digits < HALF_DIGITS_MAX; text++, digits++)
		*ret = *ret << 4 | (uint64_t)hex_digit(*text);
	return digits > 0 && *text == end ? text + 1 : NULL;
}

bool cdc_lsn_parse(const char *text, uint64_t *ret)
{
	uint64_t high, low;
	const char *second = parse_half(text, '/', &high);

	if (!second || !parse_half(second, '\0', &low))
		return false;
	*ret = high << 32 | low;
	return true;
}

void cdc_lsn_print(struct cdc_buf *buf, uint64_t lsn)
{
	cdc_buf_addf(buf, "%" PRIX64 "/%" PRIX64, lsn >> 32, lsn & 0xffffffff);
}

int64_t cdc_lsn_distance(uint64_t from, uint64_t to)
{
	if (to <= from)
		return 0;
	return to - from > INT64_MAX ? INT64_MAX : (int64_t)(to - from);
}
