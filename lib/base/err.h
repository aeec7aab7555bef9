/*
 * Why something could not be done: a kind, which decides the state (interface.md section 1, through the condition of
 * the same name), and a text for people. Functions that can fail return 0 or -1 and write the error only on -1.
 */
#ifndef CDC_ERR_H
#define CDC_ERR_H

#include <stdarg.h>

#include "base/base.h"

enum cdc_err_kind {
	CDC_ERR_NONE,
	CDC_ERR_USAGE,       /* an option, or a file that an option names, is wrong: exit 3 whatever the conditions say */
	CDC_ERR_UNREACHABLE, /* no connection, or it broke */
	CDC_ERR_TIMEOUT,     /* the plugin's own deadline passed */
	CDC_ERR_DENIED,      /* authentication failed, or a right is missing */
	CDC_ERR_PROTOCOL     /* the answer was not understood or passed a limit */
};

#define CDC_ERR_TEXT_MAX 1000

/* The text may hold foreign bytes: it is made safe where it is printed, not here. */
struct cdc_err {
	enum cdc_err_kind kind;
	char text[CDC_ERR_TEXT_MAX];
};

/* Records the error, its text cut to CDC_ERR_TEXT_MAX - 1 bytes, and returns -1: `return cdc_fail(err, ...);` */
int cdc_fail(struct cdc_err *err, enum cdc_err_kind kind, const char *format, ...) CDC_PRINTF(3, 4);

/* Puts "text: " before the error's text, to say what was tried; returns -1. */
int cdc_fail_in(struct cdc_err *err, const char *format, ...) CDC_PRINTF(2, 3);

#endif
