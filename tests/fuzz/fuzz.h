/*
 * Fuzz targets: one file each, with libFuzzer's entry point. tests/fuzz/run builds and runs them with clang; replay.c
 * feeds them the inputs that were kept (tests/fuzz/corpus), with any compiler. A target ends the process when what it
 * checks does not hold.
 */
#ifndef CDC_FUZZ_H
#define CDC_FUZZ_H

#include "tests/unit/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOLDS(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                      \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

/* The input as a text (up to its first NUL); the caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	return cdc_strndup((const char *)data, strnlen((const char *)data, size));
}

#endif
