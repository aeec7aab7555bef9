/*
 * check_cdc_lag: what judging a task and its parts share: how its numbers are read, and how those of several tasks make
 * one of their item.
 */
#include "plugins/cdc_lag_internal.h"

int64_t cdc_lag_heartbeat_ms(const struct cdc_lag_config *config)
{
	return config->keepalive_ms / 5 * 4;
}

void cdc_lag_value_max(struct cdc_item *item, size_t metric, cdc_num value)
{
	if (!item->values[metric].known || value > item->values[metric].value)
		cdc_item_value(item, metric, value);
}

void cdc_lag_value_sum(struct cdc_item *item, size_t metric, cdc_num value)
{
	cdc_item_value(item, metric, item->values[metric].known ? item->values[metric].value + value : value);
}

bool cdc_lag_is_on(const struct cdc_lag_task *task, size_t field)
{
	return task->at[field].known && task->at[field].value != 0;
}

static int64_t bounded(int64_t value)
{
	return value > CDC_LAG_NUMBER_MAX ? CDC_LAG_NUMBER_MAX : value < -CDC_LAG_NUMBER_MAX ? -CDC_LAG_NUMBER_MAX : value;
}

int64_t cdc_lag_whole(const struct cdc_lag_number *number)
{
	return number->known ? bounded(cdc_num_to_int(number->value)) : CDC_LAG_UNKNOWN;
}

int64_t cdc_lag_ms(const struct cdc_lag_number *number)
{
	return number->known ? bounded(cdc_num_to_ms(number->value)) : CDC_LAG_UNKNOWN;
}
