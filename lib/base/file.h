/*
 * Files that an option names: read whole up to a limit, with errors that name the file.
 */
#ifndef CDC_FILE_H
#define CDC_FILE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends the whole file ("-" is standard input) to *ret, at most ret->limit bytes. On failure -1 and a CDC_ERR_USAGE:
 * it cannot be opened or read, is a directory, holds a NUL byte, or is larger than the limit. A pipe is waited for, up
 * to half a minute: who sets a deadline ends the process sooner.
 */
int cdc_file_read(const char *path, struct cdc_buf *ret, struct cdc_err *err) CDC_MUST_USE;

/* The same before there is a deadline: a pipe that nobody has opened for writing yet is an empty file. */
int cdc_file_read_early(const char *path, struct cdc_buf *ret, struct cdc_err *err) CDC_MUST_USE;

/*
 * The same for a file that holds a secret: a regular file that group and others have no right on, else a CDC_ERR_USAGE
 * that says which chmod helps. Limit 64 KiB.
 */
int cdc_file_read_secret(const char *path, struct cdc_buf *ret, struct cdc_err *err) CDC_MUST_USE;

/* 0 when the file can be read, else -1 and a CDC_ERR_USAGE; with secret, its mode is judged as above. */
int cdc_file_check(const char *path, bool secret, struct cdc_err *err) CDC_MUST_USE;

#endif
