/*
 * Answers of Jolokia and of Prometheus's query API: fed whole and byte by byte they give the same samples or the same
 * error. The first byte says which of the two it is.
 */
#include "tests/fuzz/fuzz.h"

#include "cdc/jolokia.h"
#include "cdc/prometheus_api.h"

static bool wants(void *arg CDC_UNUSED, const char *name CDC_UNUSED, size_t n CDC_UNUSED)
{
	return true;
}

static int take(void *arg, const struct cdc_sample *sample, struct cdc_err *err CDC_UNUSED)
{
	struct cdc_buf *all = arg;

	HOLDS(sample->label_count <= CDC_EXPOSITION_LABELS_MAX);
	cdc_buf_addf(all, "%s", sample->name);
	for (size_t i = 0; i < sample->label_count; i++)
		cdc_buf_addf(all, " %s=%s", sample->labels[i].name, sample->labels[i].value);
	cdc_buf_add_char(all, ' ');
	if (sample->known)
		cdc_num_print(all, sample->value, 9);
	cdc_buf_add_char(all, '\n');
	return 0;
}

static void read_jolokia(const char *bytes, size_t n, size_t piece, struct cdc_buf *ret)
{
	struct cdc_sample_taker taker = { .wants = wants, .take = take, .arg = ret };
	struct cdc_jolokia_reader reader;
	struct cdc_err err = { .kind = CDC_ERR_NONE };
	int code = 0;

	cdc_jolokia_reader_init(&reader, &taker);
	for (size_t i = 0; i < n && code == 0; i += piece)
		code = cdc_jolokia_reader_feed(&reader, bytes + i, n - i < piece ? n - i : piece, &err);
	if (code == 0)
		code = cdc_jolokia_reader_end(&reader, &err);
	HOLDS((code < 0) == (err.kind != CDC_ERR_NONE));
	/* its text quotes what came with the same bytes */
	cdc_buf_addf(ret, "%d", (int)err.kind);
	cdc_jolokia_reader_release(&reader);
}

static void read_prometheus(const char *bytes, size_t n, size_t piece, struct cdc_buf *ret)
{
	struct cdc_sample_taker taker = { .wants = wants, .take = take, .arg = ret };
	struct cdc_prometheus_reader reader;
	struct cdc_err err = { .kind = CDC_ERR_NONE };
	int code = 0;

	cdc_prometheus_reader_init(&reader, &taker);
	for (size_t i = 0; i < n && code == 0; i += piece)
		code = cdc_prometheus_reader_feed(&reader, bytes + i, n - i < piece ? n - i : piece, &err);
	if (code == 0)
		code = cdc_prometheus_reader_end(&reader, &err);
	HOLDS((code < 0) == (err.kind == CDC_ERR_PROTOCOL));
	/* its text quotes what came with the same bytes */
	cdc_buf_addf(ret, "%d", (int)err.kind);
	cdc_prometheus_reader_release(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_BUF_CLEANUP struct cdc_buf whole = CDC_BUF_INIT, pieces = CDC_BUF_INIT;
	const char *bytes = (const char *)data;

	if (size == 0)
		return 0;
	if (data[0] == 'j') {
		read_jolokia(bytes + 1, size - 1, size, &whole);
		read_jolokia(bytes + 1, size - 1, 1, &pieces);
	} else {
		read_prometheus(bytes + 1, size - 1, size, &whole);
		read_prometheus(bytes + 1, size - 1, 1, &pieces);
	}
	HOLDS(cdc_streq(whole.text, pieces.text));
	return 0;
}
