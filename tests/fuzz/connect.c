/*
 * Answers of Kafka Connect: the list of connectors and that of names, fed whole, in two pieces and byte by byte, give
 * the same connectors or the same error; a trace gives one line. The first byte says which of them it is.
 */
#include "tests/fuzz/fuzz.h"

#include "cdc/connect.h"
#include "cdc/java_trace.h"

static void add(struct cdc_buf *all, const char *text)
{
	cdc_buf_addf(all, " %s", text ? text : "-");
}

static void add_status(struct cdc_buf *all, const struct cdc_connect_status *status)
{
	HOLDS((status->state == CDC_CONNECT_NONE) == (status->state_text == NULL));
	HOLDS(!status->cause || strlen(status->cause) <= 1000);
	HOLDS(!status->cause || !strchr(status->cause, '\n'));
	cdc_buf_addf(all, " %d", (int)status->state);
	add(all, status->state_text);
	add(all, status->worker);
	add(all, status->cause);
}

static int take(void *arg, const struct cdc_connector *connector, struct cdc_err *err CDC_UNUSED)
{
	struct cdc_buf *all = arg;

	add(all, connector->name);
	cdc_buf_addf(all, " %d %d %zu", connector->has_status, connector->has_info, connector->configured);
	add(all, connector->type);
	add_status(all, &connector->status);
	for (size_t i = 0; i < connector->task_count; i++) {
		cdc_buf_addf(all, " %lld", (long long)connector->tasks[i].id);
		add_status(all, &connector->tasks[i].status);
	}
	for (size_t i = 0; i < CDC_CONNECT_CONFIGS; i++)
		add(all, connector->config[i]);
	return 0;
}

static int take_name(void *arg, const char *name, struct cdc_err *err CDC_UNUSED)
{
	add(arg, name);
	return 0;
}

static void read_list(const char *bytes, size_t n, size_t piece, struct cdc_buf *ret)
{
	struct cdc_connect_reader reader;
	struct cdc_err err = { .kind = CDC_ERR_NONE };
	int code = 0;

	cdc_connect_reader_init(&reader, take, ret);
	for (size_t i = 0; i < n && code == 0; i += piece)
		code = cdc_connect_reader_feed(&reader, bytes + i, n - i < piece ? n - i : piece, &err);
	if (code == 0)
		code = cdc_connect_reader_end(&reader, &err);
	HOLDS((code < 0) == (err.kind == CDC_ERR_PROTOCOL));
	/* its text quotes what came with the same bytes */
	cdc_buf_addf(ret, "%d", (int)err.kind);
	cdc_connect_reader_release(&reader);
}

static void read_names(const char *bytes, size_t n, size_t piece, struct cdc_buf *ret)
{
	struct cdc_connect_names names;
	struct cdc_err err = { .kind = CDC_ERR_NONE };
	int code = 0;

	cdc_connect_names_init(&names, take_name, ret);
	for (size_t i = 0; i < n && code == 0; i += piece)
		code = cdc_connect_names_feed(&names, bytes + i, n - i < piece ? n - i : piece, &err);
	if (code == 0)
		code = cdc_connect_names_end(&names, &err);
	HOLDS((code < 0) == (err.kind == CDC_ERR_PROTOCOL));
	cdc_buf_addf(ret, "%d", (int)err.kind);
	cdc_connect_names_release(&names);
}

static void read_trace(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *text = fuzz_text(data, size);
	CDC_BUF_CLEANUP struct cdc_buf cause = CDC_BUF_INIT, member = CDC_BUF_INIT;

	cdc_java_root_cause(&cause, text);
	HOLDS(!strchr(cause.text, '\n'));
	HOLDS(!cdc_connect_member(text, "message", &member) || *text);
}

static void compare(void (*read)(const char *, size_t, size_t, struct cdc_buf *), const char *bytes, size_t n)
{
	CDC_BUF_CLEANUP struct cdc_buf whole = CDC_BUF_INIT, halves = CDC_BUF_INIT, single = CDC_BUF_INIT;

	read(bytes, n, n + 1, &whole);
	read(bytes, n, n / 2 + 1, &halves);
	read(bytes, n, 1, &single);
	HOLDS(cdc_streq(whole.text, halves.text));
	HOLDS(cdc_streq(whole.text, single.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 't')
		read_trace(data + 1, size - 1);
	else
		compare(data[0] == 'n' ? read_names : read_list, (const char *)data + 1, size - 1);
	return 0;
}
