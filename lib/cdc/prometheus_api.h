/*
 * The answer of Prometheus's query API (/api/v1/query), which Thanos, Mimir and VictoriaMetrics speak too, read as it
 * streams in: an instant vector becomes samples, one at a time.
 * Source: prometheus/prometheus docs/querying/api.md (2026-08), and the answers of real servers in tests/facts/cdc_lag.
 */
#ifndef CDC_PROMETHEUS_API_H
#define CDC_PROMETHEUS_API_H

#include "cdc/sample_builder.h"
#include "value/json.h"

struct cdc_prometheus_reader {
	struct cdc_json json;
	struct cdc_sample_taker taker;
	struct cdc_sample_builder sample;
	char value[64];
	char result_type[16];
	char status[16];
	struct cdc_buf error; /* the server's own words */
	uint64_t samples;
};

/* The reader must not be moved afterwards; release it with cdc_prometheus_reader_release. */
void cdc_prometheus_reader_init(struct cdc_prometheus_reader *reader, const struct cdc_sample_taker *taker);
void cdc_prometheus_reader_release(struct cdc_prometheus_reader *reader);

/* Reads the next bytes. On failure -1 and an error of the taker, or a CDC_ERR_PROTOCOL. */
int cdc_prometheus_reader_feed(struct cdc_prometheus_reader *reader, const char *bytes, size_t n, struct cdc_err *err)
    CDC_MUST_USE;

/* Ends the answer: -1 and a CDC_ERR_PROTOCOL when it is cut off, an error, or no vector. */
int cdc_prometheus_reader_end(struct cdc_prometheus_reader *reader, struct cdc_err *err) CDC_MUST_USE;

#endif
