#ifndef MYSQL_GTID_H
#define MYSQL_GTID_H
#include "client/my.h"
#include "plugin/decide.h"
struct mysql_gtid_config {
	struct cdc_policy policy;
	struct cdc_my_params my;
};
extern const struct cdc_plugin mysql_gtid_plugin;
#endif
