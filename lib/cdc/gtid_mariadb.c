#include "cdc/gtid_mariadb.h"

#include <inttypes.h>
#include <stdlib.h>

#define QUOTE_BYTES 24

void cdc_domain_gtids_release(struct cdc_domain_gtids *list)
{
	free(list->at);
	*list = (struct cdc_domain_gtids){ 0 };
}

struct reader {
	const char *text, *at;
	struct cdc_err *err;
};

static int refuse(const struct reader *reader, const char *at, const char *why)
{
	return cdc_fail(reader->err, CDC_ERR_USAGE, "%s at character %zu of the GTID list, before '%.*s'", why,
	    (size_t)(at - reader->text) + 1, QUOTE_BYTES, at);
}

static void skip_blanks(struct reader *reader)
{
	while (*reader->at == ' ' || (*reader->at >= '\t' && *reader->at <= '\r'))
		reader->at++;
}

static int read_number(struct reader *reader, uint64_t max, uint64_t *ret)
{
	const char *begin = reader->at;
	uint64_t value = 0;

	if (*begin < '0' || *begin > '9')
		return refuse(reader, begin, "a number is expected");
	for (; *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
		unsigned digit = (unsigned)(*reader->at - '0');

		if (value > (max - digit) / 10)
			return refuse(reader, begin, "a number that is too large");
		value = value * 10 + digit;
	}
	*ret = value;
	return 0;
}

static int read_dash(struct reader *reader)
{
	if (*reader->at != '-')
		return refuse(reader, reader->at, "DOMAIN-SERVER-SEQUENCE is expected");
	reader->at++;
	return 0;
}

static int read_gtid(struct reader *reader, struct cdc_domain_gtid *ret)
{
	uint64_t domain, server;

	if (read_number(reader, UINT32_MAX, &domain) < 0 || read_dash(reader) < 0 ||
	    read_number(reader, UINT32_MAX, &server) < 0 || read_dash(reader) < 0 ||
	    read_number(reader, UINT64_MAX, &ret->sequence) < 0)
		return -1;
	ret->domain = (uint32_t)domain;
	ret->server = (uint32_t)server;
	skip_blanks(reader);
	return 0;
}

static int read_all(struct reader *reader, struct cdc_domain_gtids *list)
{
	skip_blanks(reader);
	while (*reader->at) {
		CDC_GROW(list->at, list->count, &list->capacity);
		if (read_gtid(reader, &list->at[list->count]) < 0)
			return -1;
		list->count++;
		if (!*reader->at)
			return 0;
		if (*reader->at != ',')
			return refuse(reader, reader->at, "a comma is expected");
		reader->at++;
		skip_blanks(reader);
		if (!*reader->at)
			return refuse(reader, reader->at, "a GTID is expected behind the comma");
	}
	return 0;
}

static bool is_same_pair(const struct cdc_domain_gtid *a, const struct cdc_domain_gtid *b)
{
	return a->domain == b->domain && a->server == b->server;
}

/* By domain, then server, then sequence. */
static int compare(const void *a, const void *b)
{
	const struct cdc_domain_gtid *left = a, *right = b;

	if (left->domain != right->domain)
		return left->domain < right->domain ? -1 : 1;
	if (left->server != right->server)
		return left->server < right->server ? -1 : 1;
	return (left->sequence > right->sequence) - (left->sequence < right->sequence);
}

static void sort(struct cdc_domain_gtids *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->at, list->count, sizeof(*list->at), compare);
	for (size_t i = 0; i < list->count; i++) {
		if (kept > 0 && is_same_pair(&list->at[kept - 1], &list->at[i]))
			kept--;
		list->at[kept++] = list->at[i];
	}
	list->count = kept;
}

int cdc_domain_gtids_parse(const char *text, struct cdc_domain_gtids *ret, struct cdc_err *err)
{
	CDC_DOMAIN_GTIDS_CLEANUP struct cdc_domain_gtids list = { 0 };
	struct reader reader = { .text = text, .at = text, .err = err };

	if (read_all(&reader, &list) < 0)
		return -1;
	sort(&list);
	*ret = list;
	list = (struct cdc_domain_gtids){ 0 };
	return 0;
}

void cdc_domain_gtid_print(struct cdc_buf *buf, const struct cdc_domain_gtid *gtid)
{
	cdc_buf_addf(buf, "%" PRIu32 "-%" PRIu32 "-%" PRIu64, gtid->domain, gtid->server, gtid->sequence);
}

void cdc_domain_gtids_print(struct cdc_buf *buf, const struct cdc_domain_gtids *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			cdc_buf_add_char(buf, ',');
		cdc_domain_gtid_print(buf, &list->at[i]);
	}
}

const struct cdc_domain_gtid *cdc_domain_gtids_last(const struct cdc_domain_gtids *list, uint32_t domain)
{
	const struct cdc_domain_gtid *last = NULL;

	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].domain == domain && (!last || list->at[i].sequence > last->sequence))
			last = &list->at[i];
	return last;
}

const struct cdc_domain_gtid *cdc_domain_gtids_find(const struct cdc_domain_gtids *list, uint32_t domain, uint32_t server)
{
	const struct cdc_domain_gtid wanted = { domain, server, 0 };

	for (size_t i = 0; i < list->count; i++)
		if (is_same_pair(&list->at[i], &wanted))
			return &list->at[i];
	return NULL;
}

void cdc_domain_gtids_to_position(struct cdc_domain_gtids *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (kept == 0 || list->at[kept - 1].domain != list->at[i].domain)
			list->at[kept++] = list->at[i];
		else if (list->at[kept - 1].sequence < list->at[i].sequence)
			list->at[kept - 1] = list->at[i];
	}
	list->count = kept;
}

bool cdc_domain_gtid_passes(const struct cdc_domain_gtid *gtid, bool (*keep)(const char *source, const void *arg),
    const void *arg)
{
	char source[24];

	snprintf(source, sizeof(source), "%" PRIu32 "-%" PRIu32, gtid->domain, gtid->server);
	return keep(source, arg);
}

void cdc_domain_gtids_filter(struct cdc_domain_gtids *list, bool (*keep)(const char *source, const void *arg),
    const void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (cdc_domain_gtid_passes(&list->at[i], keep, arg))
			list->at[kept++] = list->at[i];
	list->count = kept;
}
