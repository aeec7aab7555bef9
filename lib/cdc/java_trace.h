/*
 * Java stack traces, as Kafka Connect gives them in a connector's or a task's `trace`.
 */
#ifndef CDC_JAVA_TRACE_H
#define CDC_JAVA_TRACE_H

#include "base/buf.h"

/*
 * Appends the root cause of a trace in one line: what the last "Caused by:" says, else what stands first, without the
 * package of the exception's class: "PSQLException: ERROR: replication slot ... does not exist". A cause without a
 * message is followed by the nearest message around it. What follows "password=" and the like is left out.
 * Source: java.lang.Throwable.printStackTrace; traces in tests/facts/connect_status.
 */
void cdc_java_root_cause(struct cdc_buf *buf, const char *trace);

#endif
