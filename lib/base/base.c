#include "base/base.h"

#include <stdlib.h>
#include <unistd.h>

static CDC_NORETURN void out_of_memory(void)
{
	static const char line[] = "UNKNOWN - out of memory\n";

	if (write(STDOUT_FILENO, line, sizeof(line) - 1) < 0)
		_exit(3);
	_exit(3);
}

void *cdc_alloc(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size ? size : 1);

	if (!memory)
		out_of_memory();
	return memory;
}

void *cdc_realloc(void *old, size_t n, size_t size)
{
	size_t bytes;
	void *memory;

	if (__builtin_mul_overflow(n, size, &bytes))
		out_of_memory();
	memory = realloc(old, bytes ? bytes : 1);
	if (!memory)
		out_of_memory();
	return memory;
}

char *cdc_strdup(const char *text)
{
	return text ? cdc_strndup(text, strlen(text)) : NULL;
}

char *cdc_strndup(const char *text, size_t n)
{
	char *copy = cdc_realloc(NULL, n + 1, 1);

	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

void cdc_free_string(char **text)
{
	free(*text);
	*text = NULL;
}
