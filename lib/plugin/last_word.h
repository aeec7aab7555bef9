/*
 * The last-resort timer: when a library does not come back in time (a name look-up cannot be interrupted), a signal
 * handler prints a complete output that was prepared before, and ends the process (interface.md section 4).
 */
#ifndef CDC_LAST_WORD_H
#define CDC_LAST_WORD_H

#include "base/buf.h"

/*
 * Arms the timer: that many milliseconds from now the last word set by then is printed. SIGTERM, SIGINT and SIGHUP,
 * with which schedulers end a plugin that takes too long, print its other text.
 */
void cdc_last_word_arm(int64_t after_ms);

/* What the timer prints, what a signal prints, and the exit code of both; copied. Replaces what was set before. */
void cdc_last_word_set(const struct cdc_buf *expired, const struct cdc_buf *ended, int exit_code);

/*
 * Writes the output of the check and ends the process with its exit code. From here on the timer prints nothing more
 * and only ends the process, so that a reader who does not read cannot hold it.
 */
CDC_NORETURN void cdc_last_word_say(const char *text, size_t n, int exit_code);

#endif
