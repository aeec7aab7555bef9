/*
 * State files. Most inputs would end at the hash, so the input is also taken as the middle of a file that is sealed
 * rightly, as only a hand could make it; then a whole run is judged with that memory.
 */
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>

static char *seal(const char *body)
{
	struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_addf(&text, "cdc-plugins-state 2\n%sidentity id\nrun 1767225540000\n", body);
	cdc_buf_addf(&text, "end %016" PRIx64 "\n", cdc_memory_hash(text.text, text.len));
	return cdc_buf_take(&text);
}

/* A second run believes what the first one leaves. */
static void expect_readable(struct cdc_memory *memory)
{
	struct cdc_memory again = { .usable = true };
	struct cdc_err err;

	HOLDS(cdc_memory_parse(cdc_strdup(cdc_memory_seal(memory, "id")->text), "id", &again, &err) == 0);
	cdc_memory_release(&again);
}

static void run_with(const char *text)
{
	struct cdc_policy policy;
	struct cdc_check check;
	struct cdc_item *item;
	struct cdc_err err;
	int64_t rate;

	cdc_policy_init(&policy, &toy_plugin);
	policy.grace_ms = policy.critical_for_ms = 6 * MINUTE;
	policy.hold_ms = 24 * HOUR;
	cdc_check_init(&check, &policy);
	check.memory.usable = true;
	check.memory.now_ms = EPOCH;
	if (cdc_memory_parse(cdc_strdup(text), "id", &check.memory, &err) == 0) {
		item = cdc_result_add(&check, "a");
		cdc_item_value(item, DEPTH, cdc_num_int(30));
		cdc_item_raise(item, CUT, "cut");
		cdc_memory_rate(&check.memory, "a", "r", "e", INT64_MAX, (struct cdc_window){ 1, INT64_MAX }, &rate);
		cdc_decide(&check, true);
		expect_readable(&check.memory);
	}
	cdc_check_release(&check);
	cdc_policy_release(&policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *text = fuzz_text(data, size), *sealed = seal(text);

	run_with(text);
	run_with(sealed);
	return 0;
}
