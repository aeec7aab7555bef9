#include "value/num.h"

#include "base/text.h"

#define MAX_DECIMALS 9

struct suffix {
	enum cdc_unit unit;
	const char *name;
	int64_t factor_milli; /* thousandths of the base unit */
};

static const struct suffix suffixes[] = {
	{ CDC_SECONDS, "ms", 1 },
	{ CDC_SECONDS, "s", 1000 },
	{ CDC_SECONDS, "m", 60 * 1000 },
	{ CDC_SECONDS, "h", 3600 * 1000 },
	{ CDC_SECONDS, "d", 86400 * 1000LL },
	{ CDC_SECONDS, "w", 604800 * 1000LL },
	{ CDC_BYTES, "B", 1000 },
	{ CDC_BYTES, "kB", 1000 * 1000LL },
	{ CDC_BYTES, "MB", 1000 * 1000000LL },
	{ CDC_BYTES, "GB", 1000 * 1000000000LL },
	{ CDC_BYTES, "TB", 1000 * 1000000000000LL },
	{ CDC_BYTES, "KiB", 1000 * (1LL << 10) },
	{ CDC_BYTES, "MiB", 1000 * (1LL << 20) },
	{ CDC_BYTES, "GiB", 1000 * (1LL << 30) },
	{ CDC_BYTES, "TiB", 1000 * (1LL << 40) },
	{ CDC_PERCENT, "%", 1000 },
};

static const char *valid_units(enum cdc_unit unit)
{
	switch (unit) {
	case CDC_SECONDS:
		return "valid units: ms s m h d w";
	case CDC_BYTES:
		return "valid units: B kB MB GB TB KiB MiB GiB TiB";
	case CDC_PERCENT:
		return "valid unit: %";
	default:
		return "no unit is valid here";
	}
}

/* Zero when there is no such unit. */
static int64_t factor_of(enum cdc_unit unit, const char *text, size_t n)
{
	if (n == 0)
		return 1000;
	for (size_t i = 0; i < CDC_LEN(suffixes); i++)
		if (suffixes[i].unit == unit && strlen(suffixes[i].name) == n &&
		    memcmp(suffixes[i].name, text, n) == 0)
			return suffixes[i].factor_milli;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits from text[*at] on into *value (times ten each); false on overflow. */
static bool read_digits(const char *text, size_t n, size_t *at, cdc_num *value)
{
	for (; *at < n && is_digit(text[*at]); (*at)++)
		if (__builtin_mul_overflow(*value, (cdc_num)10, value) ||
		    __builtin_add_overflow(*value, (cdc_num)(text[*at] - '0'), value))
			return false;
	return true;
}

static int too_large(struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_USAGE, "the number does not fit into 64 bits");
}

/* "-12.5" without its unit, in billionths; *at is moved behind it. */
static int read_decimal(const char *text, size_t n, size_t *at, cdc_num *ret, struct cdc_err *err)
{
	bool negative = n > 0 && text[0] == '-';
	cdc_num value = 0;
	size_t start, decimals = 0;

	*at = start = negative ? 1 : 0;
	if (!read_digits(text, n, at, &value))
		return too_large(err);
	if (*at == start)
		return cdc_fail(err, CDC_ERR_USAGE, "a decimal number is expected");
	if (*at < n && text[*at] == '.') {
		start = ++*at;
		if (!read_digits(text, n, at, &value))
			return too_large(err);
		decimals = *at - start;
		if (decimals == 0)
			return cdc_fail(err, CDC_ERR_USAGE, "a digit is expected behind the point");
		if (decimals > MAX_DECIMALS)
			return cdc_fail(err, CDC_ERR_USAGE, "at most %d decimals are valid", MAX_DECIMALS);
	}
	for (; decimals < MAX_DECIMALS; decimals++)
		if (__builtin_mul_overflow(value, (cdc_num)10, &value))
			return too_large(err);
	*ret = negative ? -value : value;
	return 0;
}

int cdc_num_parse(const char *text, size_t n, enum cdc_unit unit, cdc_num *ret, struct cdc_err *err)
{
	cdc_num value = 0;
	int64_t factor;
	size_t at;

	if (read_decimal(text, n, &at, &value, err) < 0)
		return -1;
	factor = factor_of(unit, text + at, n - at);
	if (factor == 0)
		return cdc_fail(err, CDC_ERR_USAGE, "%s", valid_units(unit));
	if (__builtin_mul_overflow(value, (cdc_num)factor, &value))
		return too_large(err);
	value /= 1000;
	if (value > cdc_num_int(INT64_MAX) || value < cdc_num_int(INT64_MIN))
		return too_large(err);
	*ret = value;
	return 0;
}

bool cdc_num_take_uint(const char **text, uint64_t *ret)
{
	const char *c = *text;
	uint64_t value = 0;

	if (!is_digit(*c))
		return false;
	for (; is_digit(*c); c++)
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			return false;
	*text = c;
	*ret = value;
	return true;
}

bool cdc_num_take_int(const char **text, int64_t *ret)
{
	bool negative = **text == '-';
	const char *c = *text + negative;
	uint64_t size;

	if (!cdc_num_take_uint(&c, &size) || size > (uint64_t)INT64_MAX + negative)
		return false;
	*text = c;
	*ret = negative ? (int64_t)(0 - size) : (int64_t)size;
	return true;
}

bool cdc_num_parse_uint(const char *text, uint64_t *ret)
{
	uint64_t value;

	if (!cdc_num_take_uint(&text, &value) || *text)
		return false;
	*ret = value;
	return true;
}

bool cdc_num_parse_int(const char *text, int64_t *ret)
{
	int64_t value;

	if (!cdc_num_take_int(&text, &value) || *text)
		return false;
	*ret = value;
	return true;
}

int64_t cdc_num_to_int(cdc_num value)
{
	value /= CDC_NUM_ONE;
	if (value > INT64_MAX)
		return INT64_MAX;
	if (value < INT64_MIN)
		return INT64_MIN;
	return (int64_t)value;
}

int64_t cdc_num_to_ms(cdc_num seconds)
{
	seconds /= CDC_NUM_ONE / 1000;
	if (seconds > INT64_MAX)
		return INT64_MAX;
	if (seconds < INT64_MIN)
		return INT64_MIN;
	return (int64_t)seconds;
}

#define HALF ((uint64_t)1000000000000000000)

__extension__ typedef unsigned __int128 whole_num;

/* A difference or product of metrics may be beyond 64 bits. */
static void add_whole(struct cdc_buf *buf, whole_num whole)
{
	uint64_t low;

	if (whole <= UINT64_MAX) {
		cdc_buf_add_uint(buf, (uint64_t)whole);
		return;
	}
	add_whole(buf, whole / HALF);
	low = (uint64_t)(whole % HALF);
	for (uint64_t unit = HALF / 10; unit > 1 && low < unit; unit /= 10)
		cdc_buf_add_char(buf, '0');
	cdc_buf_add_uint(buf, low);
}

void cdc_num_print(struct cdc_buf *buf, cdc_num value, int decimals)
{
	whole_num size = value < 0 ? 0 - (whole_num)value : (whole_num)value;
	/* a division of 128 bits takes ten times as long */
	whole_num whole = size <= UINT64_MAX ? (uint64_t)size / (uint64_t)CDC_NUM_ONE : size / (whole_num)CDC_NUM_ONE;
	unsigned fraction = (unsigned)(size - whole * (whole_num)CDC_NUM_ONE);
	char digits[MAX_DECIMALS + 1];

	if (fraction == 0)
		decimals = 0;
	for (int i = MAX_DECIMALS - 1; decimals > 0 && i >= 0; i--, fraction /= 10)
		digits[i] = (char)('0' + fraction % 10);
	while (decimals > 0 && digits[decimals - 1] == '0')
		decimals--;
	if (value < 0 && (whole != 0 || decimals > 0))
		cdc_buf_add_char(buf, '-');
	add_whole(buf, whole);
	if (decimals > 0) {
		cdc_buf_add_char(buf, '.');
		cdc_buf_add_bytes(buf, digits, (size_t)decimals);
	}
}

void cdc_num_print_human(struct cdc_buf *buf, cdc_num value, enum cdc_unit unit)
{
	if (unit == CDC_BYTES) {
		cdc_text_add_bytes(buf, cdc_num_to_int(value));
	} else if (unit == CDC_SECONDS) {
		cdc_text_add_duration(buf, cdc_num_to_ms(value));
	} else {
		cdc_num_print(buf, value, unit == CDC_PERCENT ? 1 : cdc_unit_decimals(unit));
		if (unit == CDC_PERCENT)
			cdc_buf_add(buf, " %");
	}
}

const char *cdc_unit_name(enum cdc_unit unit)
{
	switch (unit) {
	case CDC_COUNTER:
		return "c";
	case CDC_SECONDS:
		return "s";
	case CDC_BYTES:
		return "B";
	case CDC_PERCENT:
		return "%";
	default:
		return "";
	}
}

int cdc_unit_decimals(enum cdc_unit unit)
{
	return unit == CDC_SECONDS || unit == CDC_PERCENT ? 3 : 0;
}
