/* Recorded tables: what is taken has as many cells in every row as there are names. */
#include "tests/fuzz/fuzz.h"

#include "value/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *text = fuzz_text(data, size);
	CDC_ROWS_CLEANUP struct cdc_rows rows = { 0 };
	struct cdc_err err = { .kind = CDC_ERR_NONE };
	int64_t number;
	bool present, flag;

	if (cdc_rows_parse_tsv(text, &rows, &err) < 0) {
		HOLDS(err.kind == CDC_ERR_PROTOCOL && rows.columns == 0);
		return 0;
	}
	for (size_t row = 0; row < rows.count; row++) {
		for (size_t i = 0; i < rows.columns; i++) {
			const char *cell = cdc_rows_get(&rows, row, rows.names[i]);

			HOLDS(!cell || strlen(cell) <= size);
			if (cdc_rows_int(&rows, row, rows.names[i], &number, &present, &err) == 0)
				HOLDS(present == (cell != NULL));
			if (cdc_rows_bool(&rows, row, rows.names[i], &flag, &present, &err) == 0)
				HOLDS(present == (cell != NULL));
		}
	}
	return 0;
}
