/*
 * The answer of a Jolokia agent (1.x, 2.x) to a read of Debezium's beans by a pattern, read as it streams in: each
 * attribute becomes a sample under the name that the JMX exporter's default export gives it, with the bean's
 * properties as labels (in JMX's quotes where they are quoted) and the connector's type as label "plugin".
 *
 * Keys of a pattern's answer are object names whose properties stand in canonical or in registration order, by
 * version; so they are taken apart. Source: jolokia manual, protocol/read.adoc (2026-08); real agents 1.7.2, 2.2.9
 * and 2.6.0 in tests/facts/cdc_lag.
 */
#ifndef CDC_JOLOKIA_H
#define CDC_JOLOKIA_H

#include "cdc/sample_builder.h"
#include "value/json.h"

/* The request, to be POSTed: the attributes that lib/cdc/debezium_metrics.h knows, of every bean of a connector. */
extern const char cdc_jolokia_request[];

struct cdc_jolokia_reader {
	struct cdc_json json;
	struct cdc_sample_taker taker;
	struct cdc_sample_builder sample; /* the labels of the bean that is being read */
	int64_t status;                   /* in the body: -1 while there is none */
	char error_type[100];
	struct cdc_buf error;
	uint64_t samples;
};

/* The reader must not be moved afterwards; release it with cdc_jolokia_reader_release. */
void cdc_jolokia_reader_init(struct cdc_jolokia_reader *reader, const struct cdc_sample_taker *taker);
void cdc_jolokia_reader_release(struct cdc_jolokia_reader *reader);

/* Reads the next bytes. On failure -1 and an error of the taker, or a CDC_ERR_PROTOCOL. */
int cdc_jolokia_reader_feed(struct cdc_jolokia_reader *reader, const char *bytes, size_t n, struct cdc_err *err)
    CDC_MUST_USE;

/*
 * Ends the answer. That no bean matches is none (there are no samples then). -1 and a CDC_ERR_DENIED for a 403 in the
 * body, or a CDC_ERR_PROTOCOL for any other error in it and for what is cut off or no answer of Jolokia.
 */
int cdc_jolokia_reader_end(struct cdc_jolokia_reader *reader, struct cdc_err *err) CDC_MUST_USE;

#endif
