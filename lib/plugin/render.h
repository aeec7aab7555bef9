/*
 * The decided result as text: the format of the monitoring plugins, JSON, Prometheus exposition, Zabbix discovery
 * (interface.md section 3). Nothing here decides anything. All foreign text passes cdc_text_add_safe or an escaper.
 */
#ifndef CDC_RENDER_H
#define CDC_RENDER_H

#include "plugin/result.h"

/* Appends the whole output in the policy's format, its last newline included. */
void cdc_render(struct cdc_buf *buf, const struct cdc_check *check);

void cdc_render_nagios(struct cdc_buf *buf, const struct cdc_check *check);
void cdc_render_json(struct cdc_buf *buf, const struct cdc_check *check);
void cdc_render_prometheus(struct cdc_buf *buf, const struct cdc_check *check);

/* Appends the name of a metric on the page for Prometheus: "cdc_pg_slot_retained_bytes". */
void cdc_prometheus_add_name(struct cdc_buf *buf, const struct cdc_plugin *plugin, const struct cdc_metric *metric);

/* Appends the JSON array of --discover. */
void cdc_render_discovery(struct cdc_buf *buf, const struct cdc_check *check);

/* What line 1 leaves out. */
struct cdc_summary {
	bool item;  /* something of the one item that it is about */
	bool whole; /* something of what concerns the whole */
	const struct cdc_item *cut; /* whose headline is not there, or not to its end: its own line must have it */
};

/* Appends line 1 behind "NAME STATE - ", of at most max bytes where an item is concerned. */
struct cdc_summary cdc_render_summary(struct cdc_buf *buf, const struct cdc_check *check, size_t max);

/* Appends an item's text as its line has it, without state and name. cut: the summary's, or NULL. */
void cdc_render_item_text(struct cdc_buf *buf, const struct cdc_check *check, const struct cdc_item *item,
    const struct cdc_item *cut);

#endif
