/*
 * check_cdc_lag: from facts to result. The tasks of a server (of a server and database, on SQL Server) make an item;
 * what is asked and what is missing is judged beside them.
 */
#include "plugins/cdc_lag_internal.h"

#include <stdlib.h>

#define RESTARTS 3

/* Tasks that stand side by side and make one item. */
struct group {
	struct cdc_lag_task **tasks;
	size_t count;
	const char *name;
	const char *type;
};

/* --- copies ------------------------------------------------------------------------------------------------------ */

static bool is_stale(const struct cdc_lag_config *config, const struct cdc_lag_task *task, int64_t now_ms)
{
	return task->time_ms && now_ms - task->time_ms > config->max_age_ms;
}

/* Of two workers that show the same task, the one whose numbers are to be judged: the one that had an event last. */
static bool is_fresher(const struct cdc_lag_task *a, const struct cdc_lag_task *b)
{
	const struct cdc_lag_number *x = &a->at[CDC_DBZ_SILENCE], *y = &b->at[CDC_DBZ_SILENCE];

	if (!x->known || x->value < 0)
		return false;
	return !y->known || y->value < 0 || x->value < y->value;
}

/*
 * The task to judge of those that begin the group and are the same one on several workers; *ret_count says how many
 * that are. One that a Prometheus server still remembers of a worker that is gone is no second one.
 */
static const struct cdc_lag_task *choose(const struct cdc_lag_config *config, const struct group *group, size_t first,
    struct cdc_item *item, int64_t now_ms, size_t *ret_count)
{
	struct cdc_lag_task *const *at = group->tasks + first;
	const struct cdc_lag_task *best = at[0];
	size_t n = 1;

	for (; first + n < group->count && cdc_streq(at[n]->task, at[0]->task); n++) {
		bool old = is_stale(config, at[n], now_ms), best_old = is_stale(config, best, now_ms);

		if (!old && !best_old)
			cdc_finding_headline(cdc_item_raise(item, DUPLICATE, "on two workers: %s and %s", best->worker, at[n]->worker),
			    "runs on two workers at once: %s and %s", best->worker, at[n]->worker);
		if ((best_old && !old) || (best_old == old && is_fresher(at[n], best)))
			best = at[n];
	}
	*ret_count = n;
	return best;
}

/* --- one item ---------------------------------------------------------------------------------------------------- */

static void set_labels(struct cdc_item *item, const struct group *group)
{
	CDC_BUF_CLEANUP struct cdc_buf tasks = CDC_BUF_INIT;

	for (size_t i = 0; i < group->count; i++)
		if (i == 0 || !cdc_streq(group->tasks[i]->task, group->tasks[i - 1]->task))
			cdc_buf_addf(&tasks, "%s%s", i ? "," : "", group->tasks[i]->task);
	cdc_item_label(item, LABEL_SERVER, group->tasks[0]->server);
	cdc_item_label(item, LABEL_TYPE, group->type);
	cdc_item_label(item, LABEL_TASK, tasks.text);
	cdc_item_label(item, LABEL_DATABASE, group->tasks[0]->database);
}

static bool has_task(const struct group *group, const char *task)
{
	for (size_t i = 0; i < group->count; i++)
		if (cdc_streq(group->tasks[i]->task, task))
			return true;
	return false;
}

/* A task that an earlier run saw beside those that are there now. Told once, it is forgotten. */
static void judge_lost_tasks(const struct group *group, struct cdc_item *item, struct cdc_check *check)
{
	const char *task;
	const struct cdc_entry *at = NULL;

	if (cdc_memory_get(&check->memory, item->name, "held.vanished"))
		return;
	while ((task = cdc_lag_next_task(&check->memory, item->name, &at)) != NULL) {
		if (has_task(group, task))
			continue;
		cdc_lag_trace_carry(&check->memory, item->name, task);
		cdc_finding_headline(cdc_item_raise(item, CDC_COND_VANISHED, "task %s has no series any more", task),
		    "has lost task %s: an earlier run judged it (--forget if that is meant)", task);
	}
}

static void judge_restarts(const struct cdc_lag_view *views, size_t count, struct cdc_item *item, struct cdc_check *check)
{
	bool restarted = false;
	size_t runs;

	for (size_t i = 0; i < count; i++)
		restarted |= views[i].restarted;
	runs = cdc_lag_count_restarts(&check->memory, item->name, restarted);
	if (runs >= RESTARTS)
		cdc_finding_headline(
		    cdc_item_raise(item, RESTART_LOOP, "restarted again and again: away or begun anew in %zu runs of the last hour",
			runs),
		    "is restarted again and again: away or begun anew in %zu runs of the last hour", runs);
}

/* That a task is idle, or has had no event, is news only while no other task of the server has a lag. */
static void raise_quiet(struct cdc_lag_view *views, size_t count, struct cdc_item *item)
{
	for (size_t i = 0; i < count; i++) {
		if (views[i].quiet && !item->values[LAG].known)
			cdc_item_raise(item, views[i].quiet_condition, "%s", views[i].quiet);
		free(views[i].quiet);
	}
}

static size_t count_tasks(const struct group *group)
{
	size_t n = 0;

	for (size_t i = 0; i < group->count; i++)
		n += i == 0 || !cdc_streq(group->tasks[i]->task, group->tasks[i - 1]->task);
	return n;
}

static void judge_tasks(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts,
    const struct group *group, struct cdc_item *item, struct cdc_check *check)
{
	size_t tasks = count_tasks(group), used = 0;
	struct cdc_lag_view *views = cdc_alloc(tasks, sizeof(*views));

	for (size_t i = 0; i < tasks; i++) {
		CDC_BUF_CLEANUP struct cdc_buf prefix = CDC_BUF_INIT;
		size_t copies;

		views[i] = (struct cdc_lag_view){ .config = config, .check = check, .item = item };
		views[i].task = choose(config, group, used, item, check->memory.now_ms, &copies);
		views[i].type = group->type;
		views[i].began_ms = facts->began_ms;
		views[i].partial = cdc_lag_fatal(facts) != NULL;
		if (tasks > 1)
			cdc_buf_addf(&prefix, "task %s: ", views[i].task->task);
		views[i].prefix = prefix.text;
		cdc_lag_judge_task(&views[i]);
		used += copies;
	}
	raise_quiet(views, tasks, item);
	judge_restarts(views, tasks, item, check);
	free(views);
}

static void judge_group(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts, struct group *group,
    struct cdc_check *check)
{
	struct cdc_item *item = cdc_result_add(check, group->name);

	item->named = item->named || cdc_policy_named(check->policy, group->tasks[0]->server);
	/* where the metrics do not say, the command line may */
	group->type = *group->tasks[0]->type || !cdc_lag_type(config) ? group->tasks[0]->type : cdc_lag_type(config);
	set_labels(item, group);
	if (*group->tasks[0]->database)
		cdc_memory_put(&check->memory, group->name, "server", group->tasks[0]->server);
	judge_tasks(config, facts, group, item, check);
	if (!cdc_lag_fatal(facts))
		judge_lost_tasks(group, item, check);
	if (item->values[CONNECTED].known && item->values[CONNECTED].value != 0)
		cdc_item_phrase(item, "connected");
}

/* --- all items --------------------------------------------------------------------------------------------------- */

static bool same_item(const struct cdc_lag_task *a, const struct cdc_lag_task *b)
{
	return cdc_streq(a->server, b->server) && cdc_streq(a->database, b->database);
}

static void judge_items(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts, struct cdc_check *check)
{
	struct cdc_lag_task **kept = cdc_alloc(facts->task_count, sizeof(struct cdc_lag_task *));
	size_t count = 0, n;

	for (size_t i = 0; i < facts->task_count; i++)
		if (!facts->tasks[i]->left_out)
			kept[count++] = facts->tasks[i];
	for (size_t i = 0; i < count; i += n) {
		CDC_BUF_CLEANUP struct cdc_buf name = CDC_BUF_INIT;

		for (n = 1; i + n < count && same_item(kept[i + n], kept[i]);)
			n++;
		cdc_buf_add(&name, kept[i]->server);
		if (*kept[i]->database)
			cdc_buf_addf(&name, "_%s", kept[i]->database);
		if (cdc_lag_is_wanted(config, kept[i], name.text))
			judge_group(config, facts, &(struct group){ .tasks = kept + i, .count = n, .name = name.text }, check);
	}
	free(kept);
}

void cdc_lag_judge(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts, struct cdc_check *check)
{
	judge_items(config, facts, check);
	cdc_lag_judge_sources(config, facts, check);
	cdc_lag_judge_absent(config, facts, check);
}
