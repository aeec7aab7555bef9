/*
 * Functions that nobody may call here: no length, no error report, or dependent on the locale (a decimal comma in
 * performance data was reported against nearly every plugin suite). Use cdc_buf, cdc_num and cdc_text instead.
 */
#ifndef CDC_BANNED_H
#define CDC_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* macros of glibc where the compiler cannot pass variable arguments on (clang with _FORTIFY_SOURCE) */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets
#pragma GCC poison atoi atol atoll atof strtol strtoul strtoll strtoull strtod strtof sscanf
#pragma GCC poison strtok setlocale

#endif
