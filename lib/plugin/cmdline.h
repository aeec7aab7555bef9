/*
 * The command line: a plugin's whole option table (shared rows, its own, and two per metric made from the metric
 * table), and parsing with getopt_long(3) by it.
 */
#ifndef CDC_CMDLINE_H
#define CDC_CMDLINE_H

#include "plugin/policy.h"

/* One row, with the part of the configuration that it fills. A group row is a heading. */
struct cdc_row {
	struct cdc_option option;
	size_t base; /* added to option.offset */
};

/* All rows of a plugin in the order of --help; owns the names that it made. */
struct cdc_table {
	struct cdc_row *rows;
	size_t count, capacity;
	char **made;
	size_t made_count, made_capacity;
};

/* Makes the table of a plugin; release it with cdc_table_release. */
void cdc_table_init(struct cdc_table *table, const struct cdc_plugin *plugin);
void cdc_table_release(struct cdc_table *table);

/* True if the row takes a value. */
bool cdc_option_has_value(const struct cdc_option *option);

/* True if giving the option again adds to what was given before. */
bool cdc_option_repeatable(const struct cdc_option *option);

/* What the command line asks for besides a check. */
enum cdc_wish { CDC_WISH_CHECK, CDC_WISH_HELP, CDC_WISH_VERSION };

/*
 * Fills the configuration (zeroed, of plugin->config_size bytes, its policy initialised by cdc_policy_init) with the
 * defaults and then from argv, which getopt_long may reorder; texts borrow from argv. Help and version win over
 * everything behind them. On failure -1 and a CDC_ERR_USAGE that names the option and quotes its value.
 */
int cdc_cmdline_parse(const struct cdc_table *table, void *config, int argc, char **argv, enum cdc_wish *ret,
    struct cdc_err *err) CDC_MUST_USE;

/* Frees what parsing put into the configuration (lists of texts and patterns), the policy included. */
void cdc_cmdline_release(const struct cdc_table *table, void *config);

#endif
