/*
 * check_connect_status: from what the workers say to the result. The situations, and what real workers answered in
 * them: tests/facts/connect_status.
 */
#include "plugins/connect_status_internal.h"

#include <stdlib.h>

#include "base/text.h"

#define TASKS_NAMED 3 /* a text names so many tasks and counts the others */

/* --- tasks ---------------------------------------------------------------------------------------------------- */

/* "task 0", "tasks 0, 1 and 4 more", and the first of them. */
struct task_list {
	struct cdc_buf text;
	size_t count;
	const struct cdc_connect_task *first;
};

#define TASK_LIST_CLEANUP CDC_CLEANUP(task_list_release)
#define TASK_LIST_INIT    { .text = CDC_BUF_INIT }

static void task_list_release(struct task_list *list)
{
	cdc_buf_release(&list->text);
}

static void task_list_add(struct task_list *list, const struct cdc_connect_task *task)
{
	if (list->count == 0)
		list->first = task;
	if (list->count++ < TASKS_NAMED)
		cdc_buf_addf(&list->text, "%s%lld", list->count > 1 ? ", " : "", (long long)task->id);
}

/* "task 0" or "tasks 0, 1 and 4 more"; the list must not be added to afterwards. */
static const char *task_list_text(struct task_list *list)
{
	struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_addf(&text, "task%s %s", list->count > 1 ? "s" : "", list->text.text);
	if (list->count > TASKS_NAMED)
		cdc_buf_addf(&text, " and %zu more", list->count - TASKS_NAMED);
	cdc_buf_release(&list->text);
	list->text = text;
	return list->text.text;
}

static void list_tasks(struct task_list *list, const struct cdc_connector *connector, enum cdc_connect_state state)
{
	for (size_t i = 0; i < connector->task_count; i++)
		if (connector->tasks[i].status.state == state)
			task_list_add(list, &connector->tasks[i]);
}

/* Host names are the same in any case; URLs come in lower case. */
static char *lower(const char *text)
{
	char *copy = cdc_strdup(text);

	for (char *c = copy; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return copy;
}

static bool has_worker(const struct cdc_seen *workers, const struct cdc_connect_task *task)
{
	CDC_CLEANUP(cdc_free_string) char *worker = lower(task->status.worker);

	return cdc_seen_has(workers, worker);
}

static bool is_on_dead_worker(const struct connect_status *status, const struct cdc_connect_task *task)
{
	return status->config->all_workers && task->status.worker && !has_worker(&status->alive, task);
}

/* What the states of one connector add up to. */
struct tally {
	int64_t tasks, running, failed, unassigned;
};

static struct tally tally_of(const struct connect_status *status, const struct cdc_connector *connector)
{
	bool unassigned = connector->status.state == CDC_CONNECT_UNASSIGNED;
	struct tally tally = { .tasks = (int64_t)connector->task_count };

	for (size_t i = 0; i < connector->task_count; i++) {
		const struct cdc_connect_task *task = &connector->tasks[i];

		if (task->status.state == CDC_CONNECT_FAILED)
			tally.failed++;
		else if (unassigned || task->status.state == CDC_CONNECT_UNASSIGNED)
			tally.unassigned++;
		else if (task->status.state == CDC_CONNECT_RUNNING && !is_on_dead_worker(status, task))
			tally.running++;
	}
	return tally;
}

/* --- one connector -------------------------------------------------------------------------------------------- */

static const char *cause_of(const struct cdc_connect_status *status)
{
	return status->cause && *status->cause ? status->cause : "no reason given";
}

/* Keeps what is to be said of one that failed where a threshold judges how many did. */
static void keep_worst(struct connect_status_worst *worst, const char *name, const struct cdc_finding *finding)
{
	struct cdc_buf text = CDC_BUF_INIT;

	if (worst->name && strcmp(worst->name, name) <= 0)
		return;
	cdc_buf_addf(&text, "%s %s", name, finding->headline);
	free(worst->name);
	free(worst->text);
	*worst = (struct connect_status_worst){ .name = cdc_strdup(name), .text = cdc_buf_take(&text) };
}

static void judge_failed(struct connect_status *status, const struct cdc_connector *connector, struct cdc_item *item)
{
	TASK_LIST_CLEANUP struct task_list failed = TASK_LIST_INIT;
	struct cdc_finding *finding;
	const char *tasks, *cause;

	if (connector->status.state == CDC_CONNECT_FAILED) {
		cause = cause_of(&connector->status);
		finding = cdc_item_raise(item, CONNECTOR_FAILED, "connector failed: %s", cause);
		cdc_finding_headline(finding, "failed: %s", cause);
		keep_worst(&status->connector_failed, connector->name, finding);
	}
	list_tasks(&failed, connector, CDC_CONNECT_FAILED);
	if (failed.count == 0)
		return;
	cause = cause_of(&failed.first->status);
	tasks = task_list_text(&failed);
	finding = cdc_item_raise(item, FAILED, "%s failed: %s", tasks, cause);
	cdc_finding_headline(finding, "%s failed: %s", tasks, cause);
	keep_worst(&status->failed, connector->name, finding);
}

static void judge_unassigned(const struct cdc_connector *connector, struct cdc_item *item)
{
	TASK_LIST_CLEANUP struct task_list tasks = TASK_LIST_INIT;

	list_tasks(&tasks, connector, CDC_CONNECT_UNASSIGNED);
	if (connector->status.state == CDC_CONNECT_UNASSIGNED)
		cdc_finding_headline(cdc_item_raise(item, UNASSIGNED, "unassigned"),
		    "is not assigned to a worker, its tasks do not run");
	else if (tasks.count > 0)
		cdc_item_raise(item, UNASSIGNED, "%s unassigned", task_list_text(&tasks));
}

static void judge_restarting(const struct cdc_connector *connector, struct cdc_item *item)
{
	TASK_LIST_CLEANUP struct task_list tasks = TASK_LIST_INIT;

	list_tasks(&tasks, connector, CDC_CONNECT_RESTARTING);
	if (connector->status.state == CDC_CONNECT_RESTARTING)
		cdc_finding_headline(cdc_item_raise(item, RESTARTING, "restarting"), "is restarting");
	else if (tasks.count > 0)
		cdc_item_raise(item, RESTARTING, "%s restarting", task_list_text(&tasks));
}

static void judge_halted(const struct cdc_connector *connector, struct cdc_item *item)
{
	TASK_LIST_CLEANUP struct task_list paused = TASK_LIST_INIT, stopped = TASK_LIST_INIT;

	list_tasks(&paused, connector, CDC_CONNECT_PAUSED);
	list_tasks(&stopped, connector, CDC_CONNECT_STOPPED);
	if (connector->status.state == CDC_CONNECT_PAUSED)
		cdc_finding_headline(cdc_item_raise(item, PAUSED, "paused"), "is paused: nothing moves until it is resumed");
	else if (paused.count > 0)
		cdc_item_raise(item, PAUSED, "%s paused", task_list_text(&paused));
	if (connector->status.state == CDC_CONNECT_STOPPED)
		cdc_finding_headline(cdc_item_raise(item, STOPPED, "stopped"),
		    "is stopped: nothing moves until it is resumed");
	else if (stopped.count > 0)
		cdc_item_raise(item, STOPPED, "%s stopped", task_list_text(&stopped));
}

static void judge_unknown(const struct cdc_connector *connector, struct cdc_item *item)
{
	TASK_LIST_CLEANUP struct task_list other = TASK_LIST_INIT;
	const struct cdc_connect_status *own = &connector->status;
	const char *text;

	list_tasks(&other, connector, CDC_CONNECT_OTHER);
	list_tasks(&other, connector, CDC_CONNECT_NONE);
	if (own->state == CDC_CONNECT_OTHER || own->state == CDC_CONNECT_NONE)
		cdc_finding_headline(cdc_item_raise(item, UNKNOWN_STATE, "unknown state '%.40s'",
					 own->state_text ? own->state_text : ""),
		    "is in a state that is not known: '%.40s'", own->state_text ? own->state_text : "");
	if (other.count == 0)
		return;
	text = other.first->status.state_text ? other.first->status.state_text : "";
	cdc_item_raise(item, UNKNOWN_STATE, "%s in unknown state '%.40s'", task_list_text(&other), text);
}

static void judge_no_tasks(const struct cdc_connector *connector, struct cdc_item *item)
{
	const char *what = connector->type && cdc_streq(connector->type, "sink") ? "delivered" : "captured";
	struct cdc_finding *finding;

	if (connector->configured > 0)
		finding = cdc_item_raise(item, NO_TASKS, "RUNNING, but 0 of %zu tasks have a status",
		    connector->configured);
	else
		finding = cdc_item_raise(item, NO_TASKS, "RUNNING without any task");
	cdc_finding_headline(finding, "is RUNNING without any task: nothing is %s", what);
}

static void judge_task_count(const struct connect_status *status, const struct cdc_connector *connector,
    struct cdc_item *item)
{
	const struct cdc_range *range = &status->config->tasks;
	cdc_num count = cdc_num_int((int64_t)connector->task_count);
	CDC_BUF_CLEANUP struct cdc_buf reason = CDC_BUF_INIT;

	/* a stopped connector has no tasks by nature */
	if (connector->status.state == CDC_CONNECT_STOPPED)
		return;
	if (connector->task_count == 0 && connector->status.state == CDC_CONNECT_RUNNING)
		judge_no_tasks(connector, item);
	else if (connector->has_info && connector->task_count < connector->configured)
		cdc_item_raise(item, FEWER_TASKS, "only %zu of %zu tasks have a status", connector->task_count,
		    connector->configured);
	if (!cdc_range_alerts(range, count))
		return;
	cdc_range_print_reason(&reason, range, count, CDC_COUNT);
	cdc_item_raise(item, FEWER_TASKS, "%zu task%s, %s", connector->task_count,
	    connector->task_count == 1 ? "" : "s", reason.text);
}

static void judge_dead_worker(const struct connect_status *status, const struct cdc_connector *connector,
    struct cdc_item *item)
{
	TASK_LIST_CLEANUP struct task_list tasks = TASK_LIST_INIT;
	const char *text;

	for (size_t i = 0; i < connector->task_count; i++)
		if (is_on_dead_worker(status, &connector->tasks[i]))
			task_list_add(&tasks, &connector->tasks[i]);
	if (tasks.count == 0)
		return;
	text = task_list_text(&tasks);
	cdc_item_raise(item, DEAD_WORKER, "%s on worker %.200s, which %s", text, tasks.first->status.worker,
	    has_worker(&status->asked, tasks.first) ? "does not answer" : "no --url names by its worker_id");
}

static void set_labels(const struct cdc_connector *connector, struct cdc_item *item)
{
	static const char postgres[] = "io.debezium.connector.postgresql.PostgresConnector";
	char *const *config = connector->config;
	const char *class = config[CDC_CONNECT_CLASS];
	char tasks[24];

	snprintf(tasks, sizeof(tasks), "%zu", connector->task_count);
	cdc_item_label(item, LABEL_TYPE, connector->type);
	cdc_item_label(item, LABEL_CLASS, class);
	cdc_item_label(item, LABEL_SERVER, config[CDC_CONNECT_SERVER]);
	cdc_item_label(item, LABEL_TASKS, tasks);
	/* the default of slot.name: debezium/PostgresConnectorConfig.DEFAULT_SLOT_NAME */
	if (class && cdc_streq(class, postgres) && !config[CDC_CONNECT_SLOT])
		cdc_item_label(item, LABEL_SLOT, "debezium");
	else
		cdc_item_label(item, LABEL_SLOT, config[CDC_CONNECT_SLOT]);
	cdc_item_label(item, LABEL_DBHOST, config[CDC_CONNECT_DBHOST]);
	cdc_item_label(item, LABEL_DBNAME, config[CDC_CONNECT_DBNAME]);
}

static void count(struct connect_status *status, const struct cdc_connector *connector, const struct tally *tally)
{
	status->connectors++;
	status->connectors_failed += connector->status.state == CDC_CONNECT_FAILED;
	status->tasks += tally->tasks;
	status->tasks_running += tally->running;
	status->tasks_failed += tally->failed;
	status->tasks_unassigned += tally->unassigned;
	if (connector->status.worker)
		cdc_seen_add(&status->workers, connector->status.worker);
	for (size_t i = 0; i < connector->task_count; i++)
		if (connector->tasks[i].status.worker)
			cdc_seen_add(&status->workers, connector->tasks[i].status.worker);
}

static void judge_connector(struct connect_status *status, const struct cdc_connector *connector)
{
	struct cdc_item *item = cdc_result_add(status->check, connector->name);
	struct tally tally = tally_of(status, connector);
	bool runs = connector->status.state == CDC_CONNECT_RUNNING;

	count(status, connector, &tally);
	set_labels(connector, item);
	cdc_item_value(item, CONNECTOR_TASKS, cdc_num_int(tally.tasks));
	cdc_item_value(item, CONNECTOR_RUNNING, cdc_num_int(tally.running));
	judge_failed(status, connector, item);
	judge_task_count(status, connector, item);
	judge_dead_worker(status, connector, item);
	judge_unassigned(connector, item);
	judge_restarting(connector, item);
	judge_halted(connector, item);
	judge_unknown(connector, item);
	cdc_item_phrase(item, "%lld of %lld tasks running", (long long)tally.running, (long long)tally.tasks);
	connect_status_compare(status->check, item, tally.failed > 0 || connector->status.state == CDC_CONNECT_FAILED,
	    runs && tally.tasks > 0 && tally.running == tally.tasks);
	cdc_settle(status->check, item);
}

/* --- selection ------------------------------------------------------------------------------------------------ */

/* A connector whose plugin is gone has type "unknown": whoever asks for one type wants to hear of it too. */
static bool is_wanted(const struct connect_status_config *config, const struct cdc_connector *connector)
{
	static const char *const types[] = { "", "source", "sink" };
	const char *type = connector->type;

	if (!cdc_policy_selects(&config->policy, connector->name))
		return false;
	return config->type == CONNECT_STATUS_ALL || cdc_policy_named(&config->policy, connector->name) || !type ||
	    cdc_streq(type, "unknown") || cdc_streq(type, types[config->type]);
}

void connect_status_begin(struct connect_status *status, const struct connect_status_config *config,
    struct cdc_check *check)
{
	*status = (struct connect_status){ .config = config, .check = check };
	status->cluster = cdc_result_add_fixed(check, "cluster");
}

void connect_status_release(struct connect_status *status)
{
	cdc_seen_release(&status->seen);
	cdc_seen_release(&status->workers);
	cdc_seen_release(&status->asked);
	cdc_seen_release(&status->alive);
	cdc_seen_release(&status->listed);
	free(status->failed.name);
	free(status->failed.text);
	free(status->connector_failed.name);
	free(status->connector_failed.text);
}

void connect_status_add_worker(struct connect_status *status, const char *worker, bool answers)
{
	cdc_seen_add(&status->asked, worker);
	if (answers)
		cdc_seen_add(&status->alive, worker);
}

void connect_status_take(struct connect_status *status, const struct cdc_connector *connector)
{
	if (connector->has_status && cdc_seen_add(&status->seen, connector->name) &&
	    is_wanted(status->config, connector))
		judge_connector(status, connector);
}

void connect_status_take_name(struct connect_status *status, const char *name)
{
	struct cdc_item *item;

	if (cdc_policy_named(&status->config->policy, name))
		cdc_seen_add(&status->listed, name);
	if (!cdc_seen_add(&status->seen, name) || !cdc_policy_selects(&status->config->policy, name))
		return;
	status->connectors++;
	item = cdc_result_add(status->check, name);
	cdc_finding_headline(cdc_item_raise(item, NO_STATUS, "no status"), "has no status: no worker has started it yet");
	cdc_settle(status->check, item);
}

/* --- the whole ------------------------------------------------------------------------------------------------ */

/*
 * Connectors that were named and that no list has. A worker that may not know of all connectors says nothing by its
 * silence: nothing is missing then, but not judged either.
 */
static void judge_absent(struct connect_status *status)
{
	const struct cdc_strings *names = &status->config->policy.names;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->at[i];
		struct cdc_item *item;

		if (cdc_seen_has(&status->listed, name) || cdc_seen_has(&status->seen, name) ||
		    !cdc_policy_selects(&status->config->policy, name))
			continue;
		cdc_seen_add(&status->seen, name);
		if (status->starting) {
			cdc_result_note(status->check, "%s: not judged in this run", name);
			continue;
		}
		item = cdc_result_add(status->check, name);
		item->absent = true;
		if (status->doubted)
			cdc_item_raise(item, CDC_COND_NONE, "not known to this worker yet");
		else
			cdc_finding_headline(cdc_item_raise(item, CDC_COND_MISSING, "does not exist"),
			    "does not exist in this cluster");
	}
}

static void put(struct connect_status *status, enum connect_status_metric metric, int64_t value)
{
	cdc_item_value(status->cluster, metric, cdc_num_int(value));
}

void connect_status_set_time(struct connect_status *status, int64_t took_us)
{
	cdc_item_value(status->cluster, RESPONSE_TIME, CDC_NUM_ONE / 1000000 * took_us);
}

bool connect_status_end(struct connect_status *status, bool listed)
{
	if (listed || status->connectors > 0) {
		put(status, TASKS_FAILED, status->tasks_failed);
		put(status, CONNECTORS_FAILED, status->connectors_failed);
		put(status, TASKS_UNASSIGNED, status->tasks_unassigned);
		cdc_item_cause(status->cluster, TASKS_FAILED, status->failed.text);
		cdc_item_cause(status->cluster, CONNECTORS_FAILED, status->connector_failed.text);
	}
	/* of a list that was cut off only what is wrong is known */
	if (!listed)
		return false;
	if (status->starting && status->connectors == 0) {
		connect_status_judge_blind(status, CONNECT_STATUS_STARTING, status->starting);
		return false;
	}
	status->check->elsewhere = status->doubted;
	judge_absent(status);
	put(status, CONNECTORS, status->connectors);
	put(status, TASKS, status->tasks);
	put(status, TASKS_RUNNING, status->tasks_running);
	put(status, WORKERS, (int64_t)status->workers.count);
	cdc_item_phrase(status->cluster, "%lld of %lld tasks running on %zu worker%s", (long long)status->tasks_running,
	    (long long)status->tasks, status->workers.count, status->workers.count == 1 ? "" : "s");
	return true;
}
