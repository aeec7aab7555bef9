/* Option files, and the command line that they make. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *text = fuzz_text(data, size);
	struct cdc_arguments arguments = { 0 };
	struct cdc_table table;
	struct cdc_err err = { .kind = CDC_ERR_NONE };

	cdc_table_init(&table, &toy_plugin);
	if (cdc_extra_opts_parse(&table, text, "check_toy", "file", &arguments, &err) == 0) {
		for (int i = 0; i < arguments.argc; i++)
			HOLDS(arguments.argv[i] && !strchr(arguments.argv[i], '\n'));
		HOLDS(arguments.argc == 0 || !arguments.argv[arguments.argc]);
	} else {
		HOLDS(err.kind == CDC_ERR_USAGE && *err.text);
	}
	cdc_arguments_release(&arguments);
	cdc_table_release(&table);
	return 0;
}
