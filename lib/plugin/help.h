/*
 * --help and --version, from the tables.
 */
#ifndef CDC_HELP_H
#define CDC_HELP_H

#include "plugin/cmdline.h"

/* Appends the whole help, at most 80 columns wide. */
void cdc_help_print(struct cdc_buf *buf, const struct cdc_table *table, const struct cdc_plugin *plugin);

/* Appends "check_x (cdc-plugins) VERSION" as a line of its own. */
void cdc_version_print(struct cdc_buf *buf, const struct cdc_plugin *plugin);

/* Appends how an option is written: "-w, --warning=RANGE". */
void cdc_option_print(struct cdc_buf *buf, const struct cdc_option *option);

/* Appends text folded at blanks to the width, every line but the first indented. */
void cdc_wrap(struct cdc_buf *buf, const char *text, size_t column, size_t indent, size_t width);

#endif
