/*
 * check_cdc_lag: snapshots of one task, the first as well as blocking and incremental ones.
 */
#include "plugins/cdc_lag_internal.h"

#include "base/text.h"

#define SNAPSHOT_STALLED_MS ((int64_t)30 * 60 * 1000)

static void add_count(struct cdc_buf *text, const char *before, const struct cdc_lag_number *number)
{
	if (!number->known)
		return;
	cdc_buf_add(text, before);
	cdc_num_print(text, number->value, 0);
}

static void add_progress(struct cdc_buf *text, const struct cdc_lag_task *task)
{
	const struct cdc_lag_number *total = &task->at[CDC_DBZ_TABLES_TOTAL];
	const struct cdc_lag_number *remaining = &task->at[CDC_DBZ_TABLES_REMAINING];
	const struct cdc_lag_number *rows = &task->at[CDC_DBZ_ROWS_SCANNED];
	const struct cdc_lag_number *duration = &task->at[CDC_DBZ_SNAPSHOT_DURATION];

	add_count(text, ", ", remaining);
	if (remaining->known && total->known && total->value >= remaining->value)
		add_count(text, " of ", total);
	if (remaining->known)
		cdc_buf_add(text, " tables left");
	add_count(text, ", ", rows);
	if (rows->known)
		cdc_buf_add(text, " rows");
	if (duration->known && duration->value > 0) {
		cdc_buf_add(text, " in ");
		cdc_num_print_human(text, duration->value, CDC_SECONDS);
	}
}

/*
 * Since when nothing of it moved: the numbers are part of the timer's name, so that another one begins anew, and the
 * same ones say that nothing moved in between, however long ago the last run was.
 */
static void judge_progress(struct cdc_lag_view *view)
{
	const struct cdc_lag_task *task = view->task;
	CDC_BUF_CLEANUP struct cdc_buf name = CDC_BUF_INIT, text = CDC_BUF_INIT;
	struct cdc_memory *memory = &view->check->memory;
	int64_t since_ms, for_ms;

	cdc_buf_addf(&name, "snapshot.%s:%lld:%lld:%lld", task->task, (long long)cdc_lag_whole(&task->at[CDC_DBZ_ROWS_SCANNED]),
	    (long long)cdc_lag_whole(&task->at[CDC_DBZ_TABLES_REMAINING]), (long long)cdc_lag_whole(&task->at[CDC_LAG_SNAPSHOT_EVENTS]));
	since_ms = cdc_memory_since(memory, view->item->name, name.text, INT64_MAX);
	for_ms = memory->now_ms - since_ms;
	if (since_ms < 0 || for_ms < SNAPSHOT_STALLED_MS)
		return;
	cdc_text_add_duration(&text, for_ms);
	cdc_finding_headline(cdc_item_raise(view->item, SNAPSHOT_STALLED, "%ssnapshot stalled for %s", view->prefix, text.text),
	    "has a snapshot that stands still: %sno row, table or event for %s", view->prefix, text.text);
}

void cdc_lag_judge_snapshot(struct cdc_lag_view *view)
{
	const struct cdc_lag_task *task = view->task;
	bool running = cdc_lag_is_on(task, CDC_DBZ_SNAPSHOT_RUNNING);
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	struct cdc_item *item = view->item;

	if (cdc_lag_is_on(task, CDC_DBZ_SNAPSHOT_ABORTED))
		cdc_finding_headline(cdc_item_raise(item, SNAPSHOT_ABORTED, "%ssnapshot aborted", view->prefix),
		    "has an aborted snapshot: %stables may be incomplete", view->prefix);
	if (!view->snapshot)
		return;
	add_progress(&text, task);
	cdc_item_raise(item, SNAPSHOT, "%ssnapshot %s%s", view->prefix, running ? "runs" : "paused", text.text);
	if (task->at[CDC_DBZ_TABLES_REMAINING].known)
		cdc_lag_value_sum(item, SNAPSHOT_REMAINING, task->at[CDC_DBZ_TABLES_REMAINING].value);
	if (task->at[CDC_DBZ_SNAPSHOT_DURATION].known)
		cdc_lag_value_max(item, SNAPSHOT_DURATION, task->at[CDC_DBZ_SNAPSHOT_DURATION].value);
	if (task->at[CDC_DBZ_ROWS_SCANNED].known)
		cdc_lag_value_sum(item, SNAPSHOT_ROWS, task->at[CDC_DBZ_ROWS_SCANNED].value);
	if (running)
		judge_progress(view);
}
