/*
 * --extra-opts=[SECTION][@FILE]: options from an ini file as the monitoring plugins read it. Source of the format and
 * of the search order: monitoring-plugins 3.x, lib/extra_opts.c and lib/parse_ini.c; single-letter keys with a value,
 * which are broken there, work.
 */
#ifndef CDC_EXTRA_OPTS_H
#define CDC_EXTRA_OPTS_H

#include "plugin/cmdline.h"

/* An argument vector with the options of the files in front of those of the command line. */
struct cdc_arguments {
	char **argv; /* NULL at the end; texts that are not in `made` borrow from the original */
	int argc;
	char **made;
	size_t made_count, made_capacity;
};

/*
 * Replaces every --extra-opts of the command line. On failure -1 and a CDC_ERR_USAGE that names the file and the
 * section or line; *ret is empty then. Release with cdc_arguments_release.
 */
int cdc_extra_opts_expand(const struct cdc_table *table, const char *default_section, int argc, char **argv,
    struct cdc_arguments *ret, struct cdc_err *err) CDC_MUST_USE;
void cdc_arguments_release(struct cdc_arguments *arguments);

/*
 * Reads the text of an ini file and appends the options of one section to *arguments, `file` serving the error texts.
 * Part of the interface for the fuzz target and the unit tests.
 */
int cdc_extra_opts_parse(const struct cdc_table *table, const char *text, const char *section, const char *file,
    struct cdc_arguments *arguments, struct cdc_err *err) CDC_MUST_USE;

#endif
