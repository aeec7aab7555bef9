/* The Zabbix template of a plugin, from its tables. */
#ifndef CDC_TOOLS_ZABBIX_H
#define CDC_TOOLS_ZABBIX_H

#include "plugin/plugin.h"

/* Appends the template as YAML of Zabbix 6.0; false when tools/zabbix.c has no row for the plugin. */
bool make_zabbix(struct cdc_buf *buf, const struct cdc_plugin *plugin, const char *unused);

#endif
