#include "cdc/prometheus_api.h"

/* {"data":{"result":[{"metric":{...},"value":[time,"text"]}]}}: how deep each stands. */
enum { DEPTH_ELEMENT = 3, DEPTH_PART = 4, DEPTH_INNER = 5 };

static bool in_result(const struct cdc_json *json)
{
	return json->depth >= DEPTH_ELEMENT && cdc_json_key_is(json, 0, "data") && cdc_json_key_is(json, 1, "result");
}

static void keep(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

static void take_head(struct cdc_prometheus_reader *reader, enum cdc_json_kind kind, const char *text)
{
	const struct cdc_json *json = &reader->json;

	if (kind != CDC_JSON_STRING)
		return;
	if (json->depth == 1 && cdc_json_key_is(json, 0, "status"))
		keep(reader->status, sizeof(reader->status), text);
	else if (json->depth == 1 && cdc_json_key_is(json, 0, "error"))
		cdc_buf_add(&reader->error, text);
	else if (json->depth == 2 && cdc_json_key_is(json, 0, "data") && cdc_json_key_is(json, 1, "resultType"))
		keep(reader->result_type, sizeof(reader->result_type), text);
}

static int end_element(struct cdc_prometheus_reader *reader, struct cdc_err *err)
{
	if (!*reader->value)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "a result of the query has no value: an instant vector was expected");
	reader->samples++;
	return cdc_sample_builder_give(&reader->sample, &reader->taker, NULL, reader->value, err);
}

static int take(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text, struct cdc_err *err)
{
	struct cdc_prometheus_reader *reader = arg;

	if (!in_result(json)) {
		take_head(reader, kind, text);
		return 0;
	}
	if (json->depth == DEPTH_ELEMENT && kind == CDC_JSON_OBJECT) {
		cdc_sample_builder_clear(&reader->sample);
		*reader->value = '\0';
	} else if (json->depth == DEPTH_ELEMENT && kind == CDC_JSON_OBJECT_END) {
		return end_element(reader, err);
	} else if (json->depth == DEPTH_INNER && kind == CDC_JSON_STRING && cdc_json_key_is(json, 3, "metric") &&
	    cdc_json_key(json, 4)) {
		cdc_sample_builder_add(&reader->sample, cdc_json_key(json, 4), text);
	} else if (json->depth == DEPTH_INNER && kind == CDC_JSON_STRING && cdc_json_key_is(json, 3, "value") &&
	    cdc_json_index(json, 4) == 1) {
		keep(reader->value, sizeof(reader->value), text);
	}
	return 0;
}

void cdc_prometheus_reader_init(struct cdc_prometheus_reader *reader, const struct cdc_sample_taker *taker)
{
	*reader = (struct cdc_prometheus_reader){ .json = CDC_JSON_INIT(take, reader), .taker = *taker,
		.sample = CDC_SAMPLE_BUILDER_INIT, .error = CDC_BUF_LIMITED(400) };
}

void cdc_prometheus_reader_release(struct cdc_prometheus_reader *reader)
{
	cdc_json_release(&reader->json);
	cdc_sample_builder_release(&reader->sample);
	cdc_buf_release(&reader->error);
}

int cdc_prometheus_reader_feed(struct cdc_prometheus_reader *reader, const char *bytes, size_t n, struct cdc_err *err)
{
	return cdc_json_feed(&reader->json, bytes, n, err);
}

int cdc_prometheus_reader_end(struct cdc_prometheus_reader *reader, struct cdc_err *err)
{
	if (cdc_json_end(&reader->json, err) < 0)
		return -1;
	if (reader->error.len > 0)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the query failed: %s", reader->error.text);
	if (!cdc_streq(reader->status, "success"))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "this is no answer of Prometheus's query API: it has no status");
	if (!cdc_streq(reader->result_type, "vector"))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the query's result is a '%s', an instant vector was expected",
		    reader->result_type);
	return 0;
}
