/*
 * What the files of check_cdc_lag share that do I/O.
 */
#ifndef CHECK_CDC_LAG_H
#define CHECK_CDC_LAG_H

#include "plugins/cdc_lag.h"

/*
 * Asks every URL of the kind that the configuration has, all at once, before the run's deadline. What went wrong with
 * one of them is noted in facts->sources; -1 and a CDC_ERR_USAGE only when nothing could be asked.
 */
int cdc_lag_ask(struct cdc_run *run, const struct cdc_lag_config *config, struct cdc_lag_facts *facts,
    struct cdc_err *err) CDC_MUST_USE;

#endif
