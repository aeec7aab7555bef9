#include "cdc/binlog_name.h"

#include "value/num.h"

#define INNODB_SUFFIX ".ibb"

static struct cdc_binlog_name parse(const char *name, size_t len, char separator)
{
	struct cdc_binlog_name found = { .base_len = len };
	const char *at = memrchr(name, separator, len);
	char digits[24];
	size_t count;

	if (!at)
		return found;
	count = len - (size_t)(at + 1 - name);
	if (count == 0 || count >= sizeof(digits))
		return found;
	memcpy(digits, at + 1, count);
	digits[count] = '\0';
	if (!cdc_num_parse_uint(digits, &found.number))
		return found;
	found.base_len = (size_t)(at - name);
	found.numbered = true;
	return found;
}

struct cdc_binlog_name cdc_binlog_name_parse(const char *name)
{
	size_t len = strlen(name), suffix = strlen(INNODB_SUFFIX);

	if (len > suffix && cdc_streq(name + len - suffix, INNODB_SUFFIX))
		return parse(name, len - suffix, '-');
	return parse(name, len, '.');
}

bool cdc_binlog_name_comparable(const char *a, const char *b)
{
	struct cdc_binlog_name one = cdc_binlog_name_parse(a), other = cdc_binlog_name_parse(b);

	return one.numbered && other.numbered && one.base_len == other.base_len && memcmp(a, b, one.base_len) == 0;
}
