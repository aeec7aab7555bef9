/*
 * Metrics as text: the Prometheus text formats 0.0.4 and 1.0.0 (quoted names) and OpenMetrics 1.0, read as a stream.
 * Bytes go in as they come, samples come out through a callback; the memory is that of one line, whatever the page.
 *
 * A monitoring page is mostly about other things, so the taker is first asked about the name alone, and a line that it
 * does not want is only looked at from both ends. Lines that are wanted are read strictly.
 *
 * Sources: prometheus/docs, instrumenting/exposition_formats.md (2026-08); OpenMetrics 1.0; prometheus/client_java
 * 0.16 TextFormat.java for the trailing comma that JMX exporters up to 0.20 write.
 */
#ifndef CDC_EXPOSITION_H
#define CDC_EXPOSITION_H

#include "base/err.h"
#include "value/num.h"

/* A label, unescaped. */
struct cdc_label {
	const char *name, *value;
};

/* One sample. All texts are valid during the callback only. */
struct cdc_sample {
	const char *name;
	const struct cdc_label *labels;
	size_t label_count;
	bool known; /* false: the value is NaN, infinite, or beyond 10^20 */
	cdc_num value;
	int64_t time_ms; /* when it was taken, since 1970; 0: the page does not say */
	bool again; /* name and labels are those of the last one taken, but for labels that the taker ignores; none are given */
};

/* The value of a label, or NULL. */
const char *cdc_sample_label(const struct cdc_sample *sample, const char *name);

/* Who takes the samples. */
struct cdc_sample_taker {
	/* True if samples of that name (n bytes, as written) are of interest. */
	bool (*wants)(void *arg, const char *name, size_t n);
	/* Takes one; -1 and an error end the reading. */
	int (*take)(void *arg, const struct cdc_sample *sample, struct cdc_err *err);
	void *arg;
	const char *ignores[3]; /* labels whose values make no difference, of which there may be a million; NULL at the end */
};

/* Far above what exporters write: names of tables and help texts are the longest things on a page. */
#define CDC_EXPOSITION_LINE_MAX   ((size_t)256 << 10)
#define CDC_EXPOSITION_LABELS_MAX 128
#define CDC_EXPOSITION_NAME_MAX   512

/* The state of reading one page; its content is private. */
struct cdc_exposition {
	struct cdc_sample_taker taker;
	struct cdc_buf carry; /* the beginning of a line whose end has not come yet */
	struct cdc_buf line;  /* the wanted line that is being taken apart */
	char name[CDC_EXPOSITION_NAME_MAX];
	size_t name_len;   /* the last line's name, for its family follows in one piece */
	bool wanted;       /* the taker's answer about it */
	struct cdc_buf last; /* the last line taken that has an ignored label, up to its value */
	size_t before, after; /* its value begins at `before` in it; from `after` to the end of the labels it goes on */
	uint64_t number;   /* of the current line, from 1 */
	uint64_t samples;  /* lines with a sample, wanted or not */
	bool openmetrics;  /* by the caller's knowledge, or by a type that only OpenMetrics has */
	bool ended;        /* "# EOF" was there */
};

/*
 * Begins a page; openmetrics: the Content-Type says application/openmetrics-text, so the page must end in "# EOF".
 * Release with cdc_exposition_release.
 */
void cdc_exposition_init(struct cdc_exposition *page, const struct cdc_sample_taker *taker, bool openmetrics);
void cdc_exposition_release(struct cdc_exposition *page);

/*
 * Reads the next n bytes. On failure -1 and an error of the taker, or a CDC_ERR_PROTOCOL that names the line and
 * quotes its beginning; nothing may be fed after that.
 */
int cdc_exposition_feed(struct cdc_exposition *page, const char *bytes, size_t n, struct cdc_err *err) CDC_MUST_USE;

/* Ends the page: what stops within a line, or before the "# EOF" of OpenMetrics, was cut off (CDC_ERR_PROTOCOL). */
int cdc_exposition_end(struct cdc_exposition *page, struct cdc_err *err) CDC_MUST_USE;

#endif
