/* What fuzz targets that judge share: a run of a plugin with what the last one left, and its output. */
#ifndef CDC_FUZZ_JUDGE_H
#define CDC_FUZZ_JUDGE_H

#include "tests/fuzz/fuzz.h"

/* Begins a run at that time; kept: what fuzz_end gave for the last one, or NULL. */
static inline void fuzz_begin(struct cdc_check *check, const struct cdc_policy *policy, int64_t now_ms, const char *kept)
{
	struct cdc_err err;

	cdc_check_init(check, policy);
	check->memory.usable = true;
	check->memory.now_ms = now_ms;
	if (kept)
		HOLDS(cdc_memory_parse(cdc_strdup(kept), "id", &check->memory, &err) == 0);
}

/* Decides and prints; puts what is to be remembered in place of *kept. */
static inline void fuzz_end(struct cdc_check *check, bool complete, char **kept)
{
	CDC_BUF_CLEANUP struct cdc_buf output = CDC_BUF_INIT;

	cdc_decide(check, complete);
	cdc_render(&output, check);
	HOLDS(output.len > 0 && strlen(output.text) == output.len && output.text[output.len - 1] == '\n');
	HOLDS(check->result.state >= CDC_OK && check->result.state <= CDC_UNKNOWN);
	free(*kept);
	*kept = cdc_strdup(cdc_memory_seal(&check->memory, "id")->text);
	cdc_check_release(check);
}

#endif
