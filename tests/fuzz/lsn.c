/* Log sequence numbers: what is taken prints in a form that is taken again and is the same position. */
#include "tests/fuzz/fuzz.h"

#include "cdc/lsn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *text = fuzz_text(data, size);
	CDC_BUF_CLEANUP struct cdc_buf printed = CDC_BUF_INIT;
	uint64_t lsn, again;

	if (!cdc_lsn_parse(text, &lsn))
		return 0;
	cdc_lsn_print(&printed, lsn);
	HOLDS(cdc_lsn_parse(printed.text, &again) && again == lsn);
	HOLDS(cdc_lsn_distance(lsn, again) == 0 && cdc_lsn_distance(0, lsn) >= 0);
	return 0;
}
