#include "value/real.h"

/* 10^20 in billionths. */
#define LIMIT (CDC_NUM_ONE * 10000000000 * 10000000000)
/* How many digits of a mantissa are kept: more than a number below the limit has, and they fit into 127 bits. */
#define DIGITS_10 37
#define DIGITS_16 30
/* Beyond this nothing but zero or "too large" can follow; it keeps the exponent within an int. */
#define MAX_EXPONENT 100000

struct mantissa {
	cdc_num value;
	int scale;   /* how many digits stand behind the point, minus those that were left out before it */
	int digits;  /* significant ones read */
	bool any;
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool equals(const char *text, size_t n, const char *word)
{
	if (strlen(word) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (lower(text[i]) != word[i])
			return false;
	return true;
}

static bool is_special(const char *text, size_t n)
{
	return equals(text, n, "nan") || equals(text, n, "inf") || equals(text, n, "infinity");
}

/* The value of a digit in the base, or -1. */
static int digit_of(char c, int base)
{
	int value = c >= '0' && c <= '9' ? c - '0' : base == 16 && lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;

	return value < base ? value : -1;
}

/* Digits with at most one point; more digits than fit are counted and not kept. Returns how many bytes were read. */
static size_t read_mantissa(const char *text, size_t n, int base, struct mantissa *ret)
{
	bool point = false;
	size_t i;

	for (i = 0; i < n; i++) {
		int digit = digit_of(text[i], base);

		if (text[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (digit < 0)
			break;
		ret->any = true;
		if (ret->digits < (base == 10 ? DIGITS_10 : DIGITS_16)) {
			ret->value = ret->value * base + digit;
			ret->digits += ret->value != 0;
			ret->scale += point && ret->scale < MAX_EXPONENT;
		} else {
			ret->scale -= !point && ret->scale > -MAX_EXPONENT;
		}
	}
	return i;
}

/* "e-5" from its letter on to the end of the text; false when it is none. An empty text is 0. */
static bool read_exponent(const char *text, size_t n, char letter, int *ret)
{
	bool negative;
	int value = 0;
	size_t i = 1;

	*ret = 0;
	if (n == 0)
		return true;
	if (lower(text[0]) != letter || n < 2)
		return false;
	negative = text[1] == '-';
	i += text[1] == '-' || text[1] == '+';
	if (i == n)
		return false;
	for (; i < n; i++) {
		if (digit_of(text[i], 10) < 0)
			return false;
		if (value < MAX_EXPONENT)
			value = value * 10 + (text[i] - '0');
	}
	*ret = negative ? -value : value;
	return true;
}

/* value * base^power in billionths; power comes with the nine decimals of a number already in it for base 10. */
static bool scale(cdc_num value, int base, int power, cdc_num *ret)
{
	for (; power > 0 && value != 0; power--) {
		value *= base;
		if (value > LIMIT)
			return false;
	}
	for (; power < 0 && value != 0; power++)
		value /= base;
	*ret = value;
	return value <= LIMIT;
}

static enum cdc_real read_decimal(const char *text, size_t n, cdc_num *ret)
{
	struct mantissa mantissa = { 0 };
	size_t read = read_mantissa(text, n, 10, &mantissa);
	int exponent;

	if (!mantissa.any || !read_exponent(text + read, n - read, 'e', &exponent))
		return CDC_REAL_MALFORMED;
	return scale(mantissa.value, 10, exponent - mantissa.scale + 9, ret) ? CDC_REAL_NUMBER : CDC_REAL_NO_VALUE;
}

/* "0x1.8p3", behind the 0x. The mantissa is shortened so that the nine decimals fit beside it. */
static enum cdc_real read_hexadecimal(const char *text, size_t n, cdc_num *ret)
{
	struct mantissa mantissa = { 0 };
	size_t read = read_mantissa(text, n, 16, &mantissa);
	int exponent;

	if (!mantissa.any || read == n || !read_exponent(text + read, n - read, 'p', &exponent))
		return CDC_REAL_MALFORMED;
	exponent -= 4 * mantissa.scale;
	for (; mantissa.value >> 80 != 0; exponent++)
		mantissa.value >>= 1;
	return scale(mantissa.value * CDC_NUM_ONE, 2, exponent, ret) ? CDC_REAL_NUMBER : CDC_REAL_NO_VALUE;
}

enum cdc_real cdc_real_parse(const char *text, size_t n, cdc_num *ret)
{
	bool negative = n > 0 && text[0] == '-';
	size_t sign = negative || (n > 0 && text[0] == '+');
	enum cdc_real kind;
	cdc_num value = 0;

	text += sign;
	n -= sign;
	if (is_special(text, n))
		return CDC_REAL_NO_VALUE;
	if (n > 2 && text[0] == '0' && lower(text[1]) == 'x')
		kind = read_hexadecimal(text + 2, n - 2, &value);
	else
		kind = read_decimal(text, n, &value);
	if (kind == CDC_REAL_NUMBER)
		*ret = negative ? -value : value;
	return kind;
}
