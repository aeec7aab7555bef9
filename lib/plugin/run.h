/*
 * The main flow, the same in every plugin: parse the command line, arm the deadline, let the plugin gather and judge,
 * decide, remember, print, exit. This is the only part of the lib that prints and exits.
 */
#ifndef CDC_RUN_H
#define CDC_RUN_H

#include "plugin/result.h"
#include "plugin/statefile.h"
#include "value/clock.h"

/* One run of a plugin, from the parsed command line to the output. */
struct cdc_run {
	const void *config; /* the plugin's configuration; begins with the policy */
	struct cdc_check check;
	struct cdc_deadline deadline;
	struct cdc_statefile file;
};

struct cdc_program {
	const struct cdc_plugin *plugin;
	/*
	 * Gathers and judges. On failure -1 and an error, which the main flow turns into the condition of its kind; what
	 * was judged before counts.
	 */
	int (*run)(struct cdc_run *run, struct cdc_err *err);
	/* Each appends a client library's name and version as a line; NULL behind the last one. */
	void (*versions[3])(struct cdc_buf *buf);
};

/* The body of main(). */
int cdc_main(const struct cdc_program *program, int argc, char **argv);

/*
 * Says what is being done now, for the text of a time-out: "connecting to db:5432". The lib uses it when the deadline
 * passes, and when the last-resort timer must speak.
 */
void cdc_run_step(struct cdc_run *run, const char *format, ...) CDC_PRINTF(2, 3);

/*
 * Opens the state file of this check. `target` is what is asked, normalised ("db1:5432"), `selection` whatever of the
 * plugin's own options decides which objects are judged; neither may hold a secret. To be called between gathering
 * and judging, for the lock is held from here to the end. What is asked may have a clock of its own: a plugin that has
 * put its time into check.memory.now_ms (milliseconds since 1970) goes by that one, and a clock of this host that jumps
 * makes no alarm.
 */
void cdc_run_remember(struct cdc_run *run, const char *target, const char *selection);

/* Milliseconds left for connecting to one of `targets` that were not tried yet (60 % of the deadline, shared). */
int64_t cdc_run_connect_ms(const struct cdc_run *run, size_t targets);

/* A CDC_ERR_TIMEOUT that names the step. */
int cdc_run_timed_out(struct cdc_err *err, const char *step);

#endif
