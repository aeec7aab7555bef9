#include "plugin/option.h"

#include <stdlib.h>

void cdc_strings_add(struct cdc_strings *strings, const char *text)
{
	CDC_GROW(strings->at, strings->count, &strings->capacity);
	strings->at[strings->count++] = text;
}

bool cdc_strings_has(const struct cdc_strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (cdc_streq(strings->at[i], text))
			return true;
	return false;
}

void cdc_strings_release(struct cdc_strings *strings)
{
	free(strings->at);
	*strings = (struct cdc_strings){ 0 };
}
