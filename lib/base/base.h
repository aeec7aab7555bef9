/*
 * The ground everything stands on: attributes, allocation that ends the process when memory is exhausted, and
 * ownership helpers.
 *
 * A check lives for some milliseconds; unwinding from exhausted memory gains nothing, so cdc_alloc and its relatives
 * never return NULL: they write one line and end with exit code 3 (UNKNOWN).
 */
#ifndef CDC_BASE_H
#define CDC_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CDC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define CDC_MUST_USE          __attribute__((warn_unused_result))
#define CDC_NORETURN          __attribute__((noreturn))
#define CDC_UNUSED            __attribute__((unused))
/* The variable is released by RELEASE(&variable) when its scope ends; initialise it where it is declared. */
#define CDC_CLEANUP(release) __attribute__((cleanup(release)))

#define CDC_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Hands a pointer over: its value is the result, the variable is NULL afterwards. */
#define CDC_TAKE(pointer)                                                                                    \
	__extension__({                                                                                      \
		__typeof__(pointer) cdc_taken_ = (pointer);                                                  \
		(pointer) = NULL;                                                                            \
		cdc_taken_;                                                                                  \
	})

/* Zeroed memory for n objects of the given size; never NULL. The caller owns it and frees it with free(). */
void *cdc_alloc(size_t n, size_t size) CDC_MUST_USE;

/* Grows an array to n objects, old content kept, new bytes not set; never NULL. */
void *cdc_realloc(void *old, size_t n, size_t size) CDC_MUST_USE;

/* A copy of text that the caller owns; NULL gives NULL. */
char *cdc_strdup(const char *text) CDC_MUST_USE;

/* A copy of the first n bytes of text with a NUL behind, owned by the caller. */
char *cdc_strndup(const char *text, size_t n) CDC_MUST_USE;

/* Makes room for one more object in an array of count objects whose capacity is *capacity. */
#define CDC_GROW(array, count, capacity)                                                                     \
	do {                                                                                                 \
		if ((count) == *(capacity)) {                                                                \
			*(capacity) = *(capacity) ? 2 * *(capacity) : 8;                                     \
			(array) = cdc_realloc((array), *(capacity), sizeof((array)[0]));                     \
		}                                                                                            \
	} while (0)


/* Frees the string that a variable holds (for CDC_CLEANUP). */
void cdc_free_string(char **text);

static inline bool cdc_streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool cdc_begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

#include "base/banned.h"

#endif
