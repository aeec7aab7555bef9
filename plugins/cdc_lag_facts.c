/*
 * check_cdc_lag: from samples to facts. Samples come in any order; each is put to the task that it speaks of.
 */
#include "plugins/cdc_lag_internal.h"

#include <stdlib.h>

#define SLOTS_MIN 64

void cdc_lag_facts_init(struct cdc_lag_facts *facts)
{
	*facts = (struct cdc_lag_facts){ 0 };
}

void cdc_lag_facts_release(struct cdc_lag_facts *facts)
{
	for (size_t i = 0; i < facts->source_count; i++) {
		free(facts->sources[i].name);
		free(facts->sources[i].identity);
	}
	for (size_t i = 0; i < facts->task_count; i++) {
		free(facts->tasks[i]->key);
		free(facts->tasks[i]);
	}
	for (size_t i = 0; i < facts->scrape_error_count; i++)
		free(facts->scrape_errors[i].worker);
	free(facts->sources);
	free(facts->tasks);
	free(facts->scrape_errors);
	free(facts->slots);
	cdc_lag_facts_init(facts);
}

size_t cdc_lag_add_source(struct cdc_lag_facts *facts, enum cdc_lag_kind kind, const char *name, const char *identity)
{
	CDC_GROW(facts->sources, facts->source_count, &facts->source_capacity);
	facts->sources[facts->source_count] = (struct cdc_lag_source){ .kind = kind, .name = cdc_strdup(name),
		.identity = cdc_strdup(identity ? identity : name) };
	return facts->source_count++;
}

void cdc_lag_add_scrape_error(struct cdc_lag_facts *facts, const char *worker, bool down)
{
	for (size_t i = 0; i < facts->scrape_error_count; i++)
		if (cdc_streq(facts->scrape_errors[i].worker, worker))
			return;
	CDC_GROW(facts->scrape_errors, facts->scrape_error_count, &facts->scrape_error_capacity);
	facts->scrape_errors[facts->scrape_error_count++] = (struct cdc_lag_scrape_error){ cdc_strdup(worker), down };
}

void cdc_lag_reader_init(struct cdc_lag_reader *reader, struct cdc_lag_facts *facts, size_t source)
{
	*reader = (struct cdc_lag_reader){ .facts = facts, .source = source, .key = CDC_BUF_INIT };
	snprintf(reader->source_text, sizeof(reader->source_text), "%zu", source);
}

void cdc_lag_reader_release(struct cdc_lag_reader *reader)
{
	cdc_buf_release(&reader->key);
}

/* --- the table of tasks ------------------------------------------------------------------------------------------ */

static size_t slot_of(const struct cdc_lag_facts *facts, const char *key, size_t n)
{
	size_t i = (size_t)cdc_memory_hash(key, n) % facts->slot_count;

	for (; facts->slots[i]; i = (i + 1) % facts->slot_count) {
		const struct cdc_lag_task *task = facts->tasks[facts->slots[i] - 1];

		if (task->key_len == n && memcmp(task->key, key, n) == 0)
			break;
	}
	return i;
}

static void grow_slots(struct cdc_lag_facts *facts)
{
	if (2 * (facts->task_count + 1) <= facts->slot_count)
		return;
	free(facts->slots);
	facts->slot_count = facts->slot_count ? 2 * facts->slot_count : SLOTS_MIN;
	facts->slots = cdc_alloc(facts->slot_count, sizeof(*facts->slots));
	for (size_t i = 0; i < facts->task_count; i++)
		facts->slots[slot_of(facts, facts->tasks[i]->key, facts->tasks[i]->key_len)] = (uint32_t)i + 1;
}

static const char *next_text(const char *text)
{
	return text + strlen(text) + 1;
}

static struct cdc_lag_task *new_task(const struct cdc_buf *key, int64_t page_ms)
{
	struct cdc_lag_task *task = cdc_alloc(1, sizeof(*task));

	task->page_ms = page_ms;
	task->key = cdc_alloc(key->len, 1);
	memcpy(task->key, key->text, key->len);
	task->key_len = key->len;
	task->worker = task->key;
	task->copy = next_text(task->worker);
	task->server = next_text(task->copy);
	task->database = next_text(task->server);
	task->task = next_text(task->database);
	task->type = "";
	return task;
}

/* NULL when Prometheus tells the time of a sample that it did not show. */
static int find_task(struct cdc_lag_reader *reader, struct cdc_lag_task **ret, struct cdc_err *err)
{
	struct cdc_lag_facts *facts = reader->facts;
	const struct cdc_buf *key = &reader->key;
	size_t slot;

	if (reader->last && reader->last->key_len == key->len && memcmp(reader->last->key, key->text, key->len) == 0) {
		*ret = reader->last;
		return 0;
	}
	grow_slots(facts);
	slot = slot_of(facts, key->text, key->len);
	*ret = NULL;
	if (!facts->slots[slot] && reader->times)
		return 0;
	if (!facts->slots[slot]) {
		if (facts->task_count == CDC_LAG_TASKS_MAX)
			return cdc_fail(err, CDC_ERR_PROTOCOL, "more than %d tasks of connectors", CDC_LAG_TASKS_MAX);
		CDC_GROW(facts->tasks, facts->task_count, &facts->task_capacity);
		facts->tasks[facts->task_count++] = new_task(key, facts->sources[reader->source].page_ms);
		facts->slots[slot] = (uint32_t)facts->task_count;
	}
	*ret = reader->last = facts->tasks[facts->slots[slot] - 1];
	return 0;
}

/* --- one sample -------------------------------------------------------------------------------------------------- */

static void add_text(struct cdc_buf *key, const char *text)
{
	cdc_buf_add_bytes(key, text, strlen(text) + 1);
}

static bool is_replica(const char *name)
{
	return strchr(name, 'r') && strstr(name, "replica");
}

/* Labels by which highly available Prometheus servers tell their copies apart ("prometheus_replica", "replica"). */
static void add_copy(struct cdc_buf *key, const struct cdc_lag_reader *reader, const struct cdc_sample *sample)
{
	cdc_buf_add_bytes(key, reader->source_text, strlen(reader->source_text));
	for (size_t i = 0; i < sample->label_count; i++)
		if (is_replica(sample->labels[i].name))
			cdc_buf_addf(key, " %s", sample->labels[i].value);
	cdc_buf_add_char(key, '\0');
}

/* Only SQL Server has a bean per database; elsewhere a label of that name is somebody's custom.metric.tags. */
static bool has_databases(const struct cdc_dbz_place *place)
{
	return *place->type ? cdc_streq(place->type, "sqlserver") : *place->task != '\0';
}

static void make_key(struct cdc_lag_reader *reader, const struct cdc_sample *sample, const struct cdc_dbz_place *place)
{
	struct cdc_buf *key = &reader->key;

	cdc_buf_clear(key);
	add_text(key, *place->instance ? place->instance : reader->facts->sources[reader->source].name);
	add_copy(key, reader, sample);
	add_text(key, place->server);
	add_text(key, has_databases(place) ? place->database : "");
	add_text(key, place->task);
}

/* Where a number belongs, by the bean it comes from; CDC_DBZ_NONE: nowhere. */
static size_t field_of(const struct cdc_dbz_name *meaning, enum cdc_dbz_context context)
{
	if (context != CDC_DBZ_SNAPSHOT || meaning->one_context)
		return (size_t)meaning->field;
	if (meaning->field == CDC_DBZ_EVENTS)
		return CDC_LAG_SNAPSHOT_EVENTS;
	/* its queue is that of the time of the snapshot, its silence says nothing of the stream */
	return meaning->field == CDC_DBZ_ERRONEOUS ? (size_t)CDC_LAG_SNAPSHOT_ERRONEOUS : (size_t)CDC_DBZ_NONE;
}

static void put(struct cdc_lag_number *number, cdc_num value, bool sums)
{
	number->value = sums && number->known ? number->value + value : value;
	number->known = true;
}

/* When the lag was sampled is what counts; any other sample's time stands in for it. */
static void put_time(struct cdc_lag_task *task, const struct cdc_sample *sample, enum cdc_dbz_field field)
{
	if (sample->time_ms && (field == CDC_DBZ_LAG || !task->time_ms))
		task->time_ms = sample->time_ms;
}

static void put_sample(struct cdc_lag_task *task, const struct cdc_sample *sample, const struct cdc_dbz_name *meaning,
    const struct cdc_dbz_place *place)
{
	enum cdc_dbz_context context = place->context ? place->context : meaning->context;
	size_t field = field_of(meaning, context);
	cdc_num value = sample->value;

	if (!*task->type)
		task->type = *place->type ? place->type : meaning->type;
	if (field == CDC_DBZ_NONE || !sample->known || place->negated)
		return;
	if (meaning->milliseconds)
		value /= 1000;
	else if (value == -CDC_NUM_ONE && (field == CDC_DBZ_LAG || field == CDC_DBZ_SILENCE))
		value = CDC_LAG_NONE;
	put(&task->at[field], value, meaning->sums);
	put_time(task, sample, meaning->field);
}

static bool wants(void *arg, const char *name, size_t n)
{
	struct cdc_lag_reader *reader = arg;
	struct cdc_lag_facts *facts = reader->facts;

	/* timestamp() takes the names away */
	if (reader->times)
		return true;
	if (n >= 14 && memcmp(name, "kafka_connect_", 14) == 0)
		facts->sources[reader->source].connect = true;
	if (n == 16 && memcmp(name, "jmx_scrape_error", 16) == 0)
		return true;
	if (!cdc_dbz_is_debezium(name, n))
		return false;
	facts->debezium = true;
	if (n >= sizeof(reader->name) || !cdc_dbz_read_name(name, n, &reader->meaning))
		return false;
	memcpy(reader->name, name, n);
	reader->name[n] = '\0';
	return true;
}

static void take_scrape_error(struct cdc_lag_reader *reader, const struct cdc_sample *sample)
{
	const char *instance = cdc_sample_label(sample, "instance");

	if (sample->known && sample->value != 0)
		cdc_lag_add_scrape_error(reader->facts, instance ? instance : reader->facts->sources[reader->source].name,
		    false);
}

/* Finds the task that a sample speaks of; reader->owner stays NULL when that is nobody's business. */
static int find_owner(struct cdc_lag_reader *reader, const struct cdc_sample *sample, struct cdc_err *err)
{
	struct cdc_dbz_place *place = &reader->place;

	if (!cdc_dbz_read_labels(sample, place))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "a label of %.100s has more than %d bytes", sample->name,
		    CDC_DBZ_NAME_MAX - 1);
	if (!*place->server)
		return 0;
	if (!*place->type && !reader->times)
		place->type = reader->meaning.type;
	make_key(reader, sample, place);
	return find_task(reader, &reader->owner, err);
}

static void put_to_owner(struct cdc_lag_reader *reader, const struct cdc_sample *sample)
{
	struct cdc_lag_task *task = reader->owner;

	if (task && reader->times)
		task->time_ms = sample->known ? cdc_num_to_ms(sample->value) : 0;
	else if (task)
		put_sample(task, sample, &reader->meaning, &reader->place);
}

static int take(void *arg, const struct cdc_sample *sample, struct cdc_err *err)
{
	struct cdc_lag_reader *reader = arg;

	if (sample->again) {
		put_to_owner(reader, sample);
		return 0;
	}
	reader->owner = NULL;
	if (cdc_streq(sample->name, "jmx_scrape_error")) {
		take_scrape_error(reader, sample);
		return 0;
	}
	/* one with a name is not what timestamp() gives */
	if (reader->times && *sample->name)
		return 0;
	if (!cdc_streq(sample->name, reader->name) && !wants(reader, sample->name, strlen(sample->name)))
		return 0;
	if (find_owner(reader, sample, err) < 0)
		return -1;
	put_to_owner(reader, sample);
	return 0;
}

struct cdc_sample_taker cdc_lag_taker(struct cdc_lag_reader *reader)
{
	/* the maps by table: only their sums are of interest */
	return (struct cdc_sample_taker){ .wants = wants, .take = take, .arg = reader, .ignores = { "table", "key" } };
}

/* --- when all is there ------------------------------------------------------------------------------------------- */

static int compare_tasks(const void *a, const void *b)
{
	const struct cdc_lag_task *x = *(struct cdc_lag_task *const *)a, *y = *(struct cdc_lag_task *const *)b;
	int order = strcmp(x->server, y->server);

	if (order == 0)
		order = strcmp(x->database, y->database);
	if (order == 0)
		order = strcmp(x->task, y->task);
	if (order == 0)
		order = strcmp(x->worker, y->worker);
	return order ? order : strcmp(x->copy, y->copy);
}

static bool same_task(const struct cdc_lag_task *a, const struct cdc_lag_task *b)
{
	return cdc_streq(a->worker, b->worker) && cdc_streq(a->server, b->server) &&
	    cdc_streq(a->database, b->database) && cdc_streq(a->task, b->task);
}

/* Of copies of the same the newest one stays; they stand side by side. */
static void leave_newest(struct cdc_lag_facts *facts)
{
	size_t best = 0;

	for (size_t i = 1; i < facts->task_count; i++) {
		if (!same_task(facts->tasks[i], facts->tasks[best])) {
			best = i;
		} else if (facts->tasks[i]->time_ms > facts->tasks[best]->time_ms) {
			facts->tasks[best]->left_out = true;
			best = i;
		} else {
			facts->tasks[i]->left_out = true;
		}
	}
}

/* What the bean of a SQL Server task says holds for each of its databases. */
static void join(struct cdc_lag_task *database, struct cdc_lag_task *task)
{
	for (size_t i = 0; i < CDC_LAG_FIELDS; i++)
		if (!database->at[i].known)
			database->at[i] = task->at[i];
	if (!*database->type)
		database->type = task->type;
	task->left_out = true;
}

/* The tasks of one server stand side by side, those without a database first. */
static void join_beans(struct cdc_lag_facts *facts)
{
	size_t first = 0;

	for (size_t i = 0; i < facts->task_count; i++) {
		struct cdc_lag_task *task = facts->tasks[i];

		if (!cdc_streq(task->server, facts->tasks[first]->server))
			first = i;
		if (!*task->database)
			continue;
		for (size_t k = first; k < i && !*facts->tasks[k]->database; k++)
			if (cdc_streq(facts->tasks[k]->task, task->task) && cdc_streq(facts->tasks[k]->worker, task->worker) &&
			    cdc_streq(facts->tasks[k]->copy, task->copy))
				join(task, facts->tasks[k]);
	}
}

void cdc_lag_settle(struct cdc_lag_facts *facts)
{
	if (facts->task_count == 0)
		return;
	qsort(facts->tasks, facts->task_count, sizeof(*facts->tasks), compare_tasks);
	leave_newest(facts);
	join_beans(facts);
}
