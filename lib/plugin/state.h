/*
 * The four states. Exit codes 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; worst first they are ordered CRITICAL, WARNING,
 * UNKNOWN, OK (interface.md section 1).
 */
#ifndef CDC_STATE_H
#define CDC_STATE_H

#include "base/base.h"

enum cdc_state { CDC_OK = 0, CDC_WARNING = 1, CDC_CRITICAL = 2, CDC_UNKNOWN = 3 };

/* "OK", "WARNING", "CRITICAL", "UNKNOWN". */
const char *cdc_state_name(enum cdc_state state);

/* The same in lower case, as --on spells it. */
const char *cdc_state_word(enum cdc_state state);

/* 0 for OK up to 3 for CRITICAL. */
int cdc_state_rank(enum cdc_state state);

enum cdc_state cdc_state_worst(enum cdc_state a, enum cdc_state b);

/* Reads a state's name in any case; false when it is none. */
bool cdc_state_parse(const char *text, enum cdc_state *ret) CDC_MUST_USE;

#endif
