/* Text from outside: made safe, as JSON, and in the output of a check. The first byte is the greatest length. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"

static void expect_utf8(const char *text, size_t n)
{
	while (n > 0) {
		size_t len = cdc_text_utf8_len(text, n);

		HOLDS(len > 0);
		text += len;
		n -= len;
	}
}

static void try_safe(const char *text, size_t max)
{
	CDC_BUF_CLEANUP struct cdc_buf safe = CDC_BUF_INIT;

	cdc_text_add_safe(&safe, text, max);
	HOLDS(safe.len <= max && !strpbrk(safe.text, "|;<>"));
	for (size_t i = 0; i < safe.len; i++)
		HOLDS((unsigned char)safe.text[i] >= ' ' && safe.text[i] != 0x7f);
	expect_utf8(safe.text, safe.len);
}

static void try_json(const char *text)
{
	CDC_BUF_CLEANUP struct cdc_buf json = CDC_BUF_INIT;
	size_t quotes = 0;

	cdc_text_add_json(&json, text);
	expect_utf8(json.text, json.len);
	for (size_t i = 0; i < json.len; i++) {
		HOLDS((unsigned char)json.text[i] >= ' ');
		quotes += json.text[i] == '"';
		i += json.text[i] == '\\';
	}
	HOLDS(quotes == 2 && json.text[json.len - 1] == '"');
}

/* One "|", directly behind the last text; the name of the check in front; one newline at the end. */
static void expect_form(const struct cdc_buf *output)
{
	const char *bar = strchr(output->text, '|');

	expect_utf8(output->text, output->len);
	HOLDS(strncmp(output->text, "TOY ", 4) == 0 && strlen(output->text) == output->len);
	HOLDS(bar && !strchr(bar + 1, '|') && bar[-1] != ' ' && bar[1] != ' ');
	HOLDS(strchr(bar, '\n') == output->text + output->len - 1);
}

static void try_output(const char *text, int format)
{
	CDC_BUF_CLEANUP struct cdc_buf output = CDC_BUF_INIT, discovery = CDC_BUF_INIT;
	struct cdc_policy policy;
	struct cdc_check check;
	struct cdc_item *item;

	cdc_policy_init(&policy, &toy_plugin);
	policy.max_items = 50;
	policy.verbose = 1;
	policy.format = format;
	cdc_check_init(&check, &policy);
	for (int i = 0; i < 2; i++) {
		item = cdc_result_add(&check, i ? text : "sure");
		cdc_item_value(item, DEPTH, cdc_num_int(15));
		cdc_finding_headline(cdc_item_raise(item, BROKEN, "%s", text), "%s", text);
		cdc_item_phrase(item, "%s", text);
	}
	cdc_result_raise(&check, CDC_COND_DENIED, "%s", text);
	cdc_result_note(&check, "%s", text);
	cdc_result_verbose(&check, "%s", text);
	cdc_decide(&check, true);
	cdc_render(&output, &check);
	cdc_render_discovery(&discovery, &check);
	expect_utf8(output.text, output.len);
	expect_utf8(discovery.text, discovery.len);
	if (format == CDC_FORMAT_NAGIOS)
		expect_form(&output);
	cdc_check_release(&check);
	cdc_policy_release(&policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *text = NULL;

	if (size == 0)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	try_safe(text, data[0]);
	try_json(text);
	for (int format = CDC_FORMAT_NAGIOS; format <= CDC_FORMAT_PROMETHEUS; format++)
		try_output(text, format);
	return 0;
}
