/*
 * Committed offsets, the JSON of one connector or lines of the offsets topic: what is taken has a name for every
 * partition, and every offset that is found by it is one of them; what is refused says why.
 */
#include "tests/fuzz/fuzz.h"

#include "cdc/offsets.h"

static void look(const struct cdc_offsets *offsets)
{
	for (size_t i = 0; i < offsets->count; i++) {
		const struct cdc_offset *offset = &offsets->at[i], *picked;
		struct cdc_err err;

		HOLDS(offset->server != NULL && cdc_offsets_find(offsets, offset->server) >= offset);
		if (cdc_offsets_pick(offsets, offset->server, "gtids", &picked, &err) == 0)
			HOLDS(cdc_streq(picked->server, offset->server));
		else
			HOLDS(err.kind == CDC_ERR_USAGE && *err.text);
		for (size_t j = 0; j < offset->count; j++) {
			HOLDS(offset->fields[j].key != NULL);
			HOLDS(cdc_offset_get(offset, offset->fields[j].key) == offset->fields[j].text);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *text = fuzz_text(data, size);
	CDC_OFFSETS_CLEANUP struct cdc_offsets offsets = { 0 };
	const struct cdc_offset *picked;
	struct cdc_err err;

	if (cdc_offsets_parse(text, &offsets, &err) < 0) {
		HOLDS(err.kind == CDC_ERR_USAGE && *err.text && !offsets.at);
		return 0;
	}
	look(&offsets);
	if (cdc_offsets_pick(&offsets, NULL, "gtids", &picked, &err) < 0)
		HOLDS(err.kind == CDC_ERR_USAGE && *err.text);
	return 0;
}
