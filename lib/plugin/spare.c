/*
 * Items that the output has no place for are let go as soon as they are decided, so that thousands take no more memory
 * than fifty: those that are kept stand in a binary heap, the last in the order of the output at the root.
 */
#include "plugin/result_internal.h"

#include <stdlib.h>

static bool is_after(const struct cdc_item *a, const struct cdc_item *b)
{
	return cdc_item_compare(a, b) > 0;
}

static void swap(struct cdc_item **a, struct cdc_item **b)
{
	struct cdc_item *other = *a;

	*a = *b;
	*b = other;
}

static void push_spare(struct cdc_result *result, struct cdc_item *item)
{
	size_t i = result->spare_count;

	CDC_GROW(result->spare, result->spare_count, &result->spare_capacity);
	result->spare[result->spare_count++] = item;
	for (; i > 0 && is_after(result->spare[i], result->spare[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&result->spare[i], &result->spare[(i - 1) / 2]);
}

static struct cdc_item *pop_spare(struct cdc_result *result)
{
	struct cdc_item *last = result->spare[0];
	size_t n = --result->spare_count;

	result->spare[0] = result->spare[n];
	for (size_t i = 0, next; (next = 2 * i + 1) < n; i = next) {
		if (next + 1 < n && is_after(result->spare[next + 1], result->spare[next]))
			next++;
		if (is_after(result->spare[i], result->spare[next]))
			break;
		swap(&result->spare[i], &result->spare[next]);
	}
	return last;
}

/* The values that an item has; the caller owns them. */
static struct cdc_left_value *values_of(const struct cdc_item *item, const struct cdc_plugin *plugin, size_t *ret_count)
{
	struct cdc_left_value *values;
	size_t count = 0;

	for (size_t i = 0; i < plugin->metric_count; i++)
		count += item->values[i].known;
	values = cdc_alloc(count, sizeof(*values));
	*ret_count = count;
	count = 0;
	for (size_t i = 0; i < plugin->metric_count; i++)
		if (item->values[i].known)
			values[count++] = (struct cdc_left_value){ i, item->values[i].value };
	return values;
}

static void take_extreme(struct cdc_extreme *extreme, const char *name, cdc_num value, bool lowest)
{
	cdc_num ahead = lowest ? extreme->value - value : value - extreme->value;

	if (!extreme->name || ahead > 0 || (ahead == 0 && strcmp(name, extreme->name) < 0))
		*extreme = (struct cdc_extreme){ name, value };
}

struct cdc_extreme cdc_result_extreme(const struct cdc_check *check)
{
	const struct cdc_result *result = &check->result;
	size_t metric = cdc_plugin_main_metric(result->plugin);
	struct cdc_extreme extreme = result->left_extreme;

	for (size_t i = 0; i < result->count; i++) {
		const struct cdc_item *item = result->items[i];

		if (!item->fixed && item->values[metric].known)
			take_extreme(&extreme, item->name, item->values[metric].value,
			    cdc_policy_fears_low(check->policy, metric));
	}
	return extreme;
}

/* Line 1 of a check that is fine names the extreme of the main metric, which may be among those that are let go. */
static void keep_extreme(struct cdc_check *check, const struct cdc_left_out *left, const struct cdc_value *values)
{
	size_t metric = cdc_plugin_main_metric(check->policy->plugin);

	if (values[metric].known)
		take_extreme(&check->result.left_extreme, left->name, values[metric].value,
		    cdc_policy_fears_low(check->policy, metric));
}

static void leave_out(struct cdc_check *check, struct cdc_item *item)
{
	struct cdc_result *result = &check->result;
	struct cdc_left_out left = { .name = CDC_TAKE(item->name), .state = item->state };
	struct cdc_item *moved = result->items[--result->count];

	result->items[item->place] = moved;
	moved->place = item->place;
	if (left.state != CDC_OK)
		left.values = values_of(item, result->plugin, &left.count);
	keep_extreme(check, &left, item->values);
	CDC_GROW(result->left_out, result->left_count, &result->left_capacity);
	result->left_out[result->left_count++] = left;
	cdc_item_free(item, result->plugin);
}

void cdc_result_spare(struct cdc_check *check, struct cdc_item *item)
{
	const struct cdc_policy *policy = check->policy;
	struct cdc_result *result = &check->result;
	size_t lines = policy->max_items > 0 ? (size_t)policy->max_items : 1;

	if (policy->format != CDC_FORMAT_NAGIOS || policy->discover || item->named || item->fixed)
		return;
	push_spare(result, item);
	if (result->spare_count > lines)
		leave_out(check, pop_spare(result));
}
