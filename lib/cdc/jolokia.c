#include "cdc/jolokia.h"

const char cdc_jolokia_request[] =
    "{\"type\":\"read\",\"mbean\":\"debezium.*:type=connector-metrics,*\",\"attribute\":["
    "\"MilliSecondsBehindSource\",\"MilliSecondsSinceLastEvent\",\"Connected\",\"TotalNumberOfEventsSeen\","
    "\"NumberOfEventsFiltered\",\"NumberOfErroneousEvents\",\"NumberOfCommittedTransactions\",\"QueueTotalCapacity\","
    "\"QueueRemainingCapacity\",\"CurrentQueueSizeInBytes\",\"MaxQueueSizeInBytes\",\"SnapshotRunning\","
    "\"SnapshotPaused\",\"SnapshotAborted\",\"SnapshotDurationInSeconds\",\"TotalTableCount\",\"RemainingTableCount\","
    "\"RowsScanned\",\"Status\",\"ChangesRecovered\"],"
    "\"config\":{\"includeStackTrace\":\"false\",\"ignoreErrors\":\"true\"}}";

/* {"value":{"object name":{"attribute":1,"map":{"key":1}}}}: how deep each stands. */
enum { DEPTH_BEAN = 2, DEPTH_ATTRIBUTE = 3, DEPTH_ENTRY = 4 };

#define NAME_PREFIX "debezium_connector_metrics_"

/* --- object names ------------------------------------------------------------------------------------------------ */

/* The length of a property's value, which may be quoted and then holds any character (ObjectName.quote). */
static size_t value_length(const char *text)
{
	size_t i = 1;

	if (*text != '"')
		return strcspn(text, ",");
	while (text[i] && text[i] != '"')
		i += text[i] == '\\' && text[i + 1] ? 2 : 1;
	return text[i] ? i + 1 : i;
}

/* "debezium.postgres:type=connector-metrics,context=streaming,server=S"; quoted values stay so. */
static void read_object_name(struct cdc_sample_builder *sample, const char *text)
{
	const char *colon = strchr(text, ':'), *dot = strchr(text, '.');
	CDC_CLEANUP(cdc_free_string) char *type = NULL;

	cdc_sample_builder_clear(sample);
	if (!colon)
		return;
	if (dot && dot < colon) {
		type = cdc_strndup(dot + 1, (size_t)(colon - dot - 1));
		cdc_sample_builder_add(sample, "plugin", type);
	}
	for (const char *at = colon + 1; *at;) {
		size_t key = strcspn(at, "="), n;
		CDC_CLEANUP(cdc_free_string) char *name = cdc_strndup(at, key), *value = NULL;

		if (!at[key])
			return;
		n = value_length(at + key + 1);
		value = cdc_strndup(at + key + 1, n);
		cdc_sample_builder_add(sample, name, value);
		at += key + 1 + n;
		at += *at == ',';
	}
}

/* --- the answer -------------------------------------------------------------------------------------------------- */

static int give(struct cdc_jolokia_reader *reader, const char *attribute, const char *value, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf name = CDC_BUF_INIT;

	cdc_buf_addf(&name, NAME_PREFIX "%s", attribute);
	reader->samples++;
	return cdc_sample_builder_give(&reader->sample, &reader->taker, name.text, value, err);
}

static int take_attribute(struct cdc_jolokia_reader *reader, const char *attribute, enum cdc_json_kind kind,
    const char *text, struct cdc_err *err)
{
	/* of the schema history: STOPPED, RECOVERING or RUNNING */
	if (kind == CDC_JSON_STRING && cdc_streq(attribute, "Status"))
		return give(reader, "schemahistoryrecovering", cdc_streq(text, "RECOVERING") ? "1" : "0", err);
	switch (kind) {
	case CDC_JSON_NUMBER:
	case CDC_JSON_STRING: /* serializeLong=string */
		return give(reader, attribute, text, err);
	case CDC_JSON_TRUE:
		return give(reader, attribute, "1", err);
	case CDC_JSON_FALSE:
		return give(reader, attribute, "0", err);
	default:
		return 0;
	}
}

static int take_entry(struct cdc_jolokia_reader *reader, const char *attribute, const char *key, const char *text,
    struct cdc_err *err)
{
	int code;

	cdc_sample_builder_add(&reader->sample, "key", key);
	code = give(reader, attribute, text, err);
	cdc_sample_builder_drop(&reader->sample);
	return code;
}

static void take_head(struct cdc_jolokia_reader *reader, enum cdc_json_kind kind, const char *text)
{
	const struct cdc_json *json = &reader->json;

	if (json->depth != 1)
		return;
	if (kind == CDC_JSON_NUMBER && cdc_json_key_is(json, 0, "status") && !cdc_num_parse_int(text, &reader->status))
		reader->status = 0;
	else if (kind == CDC_JSON_STRING && cdc_json_key_is(json, 0, "error"))
		cdc_buf_add(&reader->error, text);
	else if (kind == CDC_JSON_STRING && cdc_json_key_is(json, 0, "error_type"))
		snprintf(reader->error_type, sizeof(reader->error_type), "%s", text);
}

static int take(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text, struct cdc_err *err)
{
	struct cdc_jolokia_reader *reader = arg;

	if (!cdc_json_key_is(json, 0, "value") || json->depth < DEPTH_BEAN) {
		take_head(reader, kind, text);
		return 0;
	}
	if (json->depth == DEPTH_BEAN && kind == CDC_JSON_OBJECT && cdc_json_key(json, 1))
		read_object_name(&reader->sample, cdc_json_key(json, 1));
	else if (json->depth == DEPTH_ATTRIBUTE && cdc_json_key(json, 2))
		return take_attribute(reader, cdc_json_key(json, 2), kind, text, err);
	else if (json->depth == DEPTH_ENTRY && cdc_json_key(json, 2) && cdc_json_key(json, 3) &&
	    (kind == CDC_JSON_NUMBER || kind == CDC_JSON_STRING))
		return take_entry(reader, cdc_json_key(json, 2), cdc_json_key(json, 3), text, err);
	return 0;
}

void cdc_jolokia_reader_init(struct cdc_jolokia_reader *reader, const struct cdc_sample_taker *taker)
{
	*reader = (struct cdc_jolokia_reader){ .json = CDC_JSON_INIT(take, reader), .taker = *taker,
		.sample = CDC_SAMPLE_BUILDER_INIT, .error = CDC_BUF_LIMITED(400), .status = -1 };
}

void cdc_jolokia_reader_release(struct cdc_jolokia_reader *reader)
{
	cdc_json_release(&reader->json);
	cdc_sample_builder_release(&reader->sample);
	cdc_buf_release(&reader->error);
}

int cdc_jolokia_reader_feed(struct cdc_jolokia_reader *reader, const char *bytes, size_t n, struct cdc_err *err)
{
	return cdc_json_feed(&reader->json, bytes, n, err);
}

int cdc_jolokia_reader_end(struct cdc_jolokia_reader *reader, struct cdc_err *err)
{
	if (cdc_json_end(&reader->json, err) < 0)
		return -1;
	if (reader->status == 200)
		return 0;
	if (reader->status == 404 && strstr(reader->error_type, "InstanceNotFoundException"))
		return 0;
	if (reader->status < 0)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "this is no answer of Jolokia: it has no status");
	return cdc_fail(err, reader->status == 403 ? CDC_ERR_DENIED : CDC_ERR_PROTOCOL, "Jolokia says %lld: %s",
	    (long long)reader->status, reader->error.text);
}
