/*
 * Pages of metrics: fed whole, in two pieces and byte by byte they give the same samples or the same error, and what a
 * reader of Debezium's metrics makes of them stays within its limits.
 */
#include "tests/fuzz/fuzz.h"

#include "cdc/debezium_metrics.h"

static bool wants(void *arg CDC_UNUSED, const char *name, size_t n)
{
	struct cdc_dbz_name meaning;

	/* the first letter decides, so that both ways of reading a line occur */
	return cdc_dbz_read_name(name, n, &meaning) || (n > 0 && name[0] < 'n');
}

static int take(void *arg, const struct cdc_sample *sample, struct cdc_err *err CDC_UNUSED)
{
	struct cdc_buf *all = arg;
	struct cdc_dbz_place place;

	HOLDS(sample->label_count <= CDC_EXPOSITION_LABELS_MAX);
	cdc_buf_addf(all, "%s %d %lld", sample->name, sample->known, (long long)sample->time_ms);
	for (size_t i = 0; i < sample->label_count; i++)
		cdc_buf_addf(all, " %s=%s", sample->labels[i].name, sample->labels[i].value);
	if (sample->known)
		cdc_num_print(all, sample->value, 9);
	if (cdc_dbz_read_labels(sample, &place))
		HOLDS(strlen(place.server) < CDC_DBZ_NAME_MAX && strlen(place.database) < CDC_DBZ_NAME_MAX &&
		    strlen(place.task) < CDC_DBZ_NAME_MAX && strlen(place.instance) < CDC_DBZ_NAME_MAX);
	cdc_buf_add_char(all, '\n');
	return 0;
}

static void read_page(const char *bytes, size_t n, size_t piece, struct cdc_buf *ret)
{
	struct cdc_sample_taker taker = { .wants = wants, .take = take, .arg = ret, .ignores = { "k" } };
	struct cdc_exposition page;
	struct cdc_err err = { .kind = CDC_ERR_NONE };
	int code = 0;

	cdc_exposition_init(&page, &taker, false);
	for (size_t i = 0; i < n && code == 0; i += piece)
		code = cdc_exposition_feed(&page, bytes + i, n - i < piece ? n - i : piece, &err);
	if (code == 0)
		code = cdc_exposition_end(&page, &err);
	HOLDS((code < 0) == (err.kind == CDC_ERR_PROTOCOL));
	cdc_buf_add(ret, err.text);
	cdc_exposition_release(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_BUF_CLEANUP struct cdc_buf whole = CDC_BUF_INIT, halves = CDC_BUF_INIT, bytes = CDC_BUF_INIT;

	read_page((const char *)data, size, size + 1, &whole);
	read_page((const char *)data, size, size / 2 + 1, &halves);
	read_page((const char *)data, size, 1, &bytes);
	HOLDS(cdc_streq(whole.text, halves.text));
	HOLDS(cdc_streq(whole.text, bytes.text));
	return 0;
}
