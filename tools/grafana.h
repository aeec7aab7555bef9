/* The Grafana dashboard of all plugins, from their tables. */
#ifndef CDC_TOOLS_GRAFANA_H
#define CDC_TOOLS_GRAFANA_H

#include "plugin/plugin.h"

/* Appends the dashboard as JSON that Grafana imports. */
void make_grafana(struct cdc_buf *buf, const struct cdc_plugin *const *plugins, size_t count);

#endif
