/* Numbers: what is printed of one that was read is read as the same number; a unit test knows the values. */
#include "tests/fuzz/fuzz.h"

#include "value/real.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	const cdc_num limit = CDC_NUM_ONE * 10000000000 * 10000000000;
	cdc_num number = 0, again = 1;

	if (cdc_real_parse((const char *)data, size, &number) != CDC_REAL_NUMBER) {
		HOLDS(number == 0);
		return 0;
	}
	HOLDS(number <= limit && number >= -limit);
	cdc_num_print(&text, number, 9);
	HOLDS(cdc_real_parse(text.text, text.len, &again) == CDC_REAL_NUMBER && again == number);
	return 0;
}
