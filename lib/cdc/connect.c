#include "cdc/connect.h"

#include <stdlib.h>

#include "cdc/java_trace.h"
#include "value/num.h"

/* One line of a check has room for far less. */
#define CAUSE_MAX ((size_t)1000)

/* Where the configuration says it; of two keys the one that stands first in this table wins. */
static const struct {
	const char *key;
	enum cdc_connect_config index;
	bool second; /* counts only where the first is not set */
} config_keys[] = {
	{ "connector.class", CDC_CONNECT_CLASS, false },
	{ "topic.prefix", CDC_CONNECT_SERVER, false },
	{ "database.server.name", CDC_CONNECT_SERVER, true },
	{ "slot.name", CDC_CONNECT_SLOT, false },
	{ "database.hostname", CDC_CONNECT_DBHOST, false },
	{ "database.dbname", CDC_CONNECT_DBNAME, false },
	{ "database.names", CDC_CONNECT_DBNAME, true },
};

static const struct {
	const char *text;
	enum cdc_connect_state state;
} states[] = {
	{ "RUNNING", CDC_CONNECT_RUNNING },
	{ "PAUSED", CDC_CONNECT_PAUSED },
	{ "STOPPED", CDC_CONNECT_STOPPED },
	{ "FAILED", CDC_CONNECT_FAILED },
	{ "UNASSIGNED", CDC_CONNECT_UNASSIGNED },
	{ "RESTARTING", CDC_CONNECT_RESTARTING },
};

static enum cdc_connect_state state_of(const char *text)
{
	for (size_t i = 0; i < CDC_LEN(states); i++)
		if (cdc_streq(states[i].text, text))
			return states[i].state;
	return CDC_CONNECT_OTHER;
}

static void status_release(struct cdc_connect_status *status)
{
	free(status->state_text);
	free(status->worker);
	free(status->cause);
}

static void connector_clear(struct cdc_connector *connector)
{
	struct cdc_connect_task *tasks = connector->tasks;
	size_t capacity = connector->task_capacity;

	for (size_t i = 0; i < connector->task_count; i++)
		status_release(&tasks[i].status);
	for (size_t i = 0; i < CDC_CONNECT_CONFIGS; i++)
		free(connector->config[i]);
	status_release(&connector->status);
	free(connector->name);
	free(connector->type);
	*connector = (struct cdc_connector){ .tasks = tasks, .task_capacity = capacity };
}

static void set(char **field, const char *text)
{
	free(*field);
	*field = cdc_strdup(text);
}

/* A member of a status object, of a connector or of a task. */
static void take_status(struct cdc_connect_status *status, const char *key, const char *text)
{
	if (cdc_streq(key, "state")) {
		set(&status->state_text, text);
		status->state = state_of(text);
	} else if (cdc_streq(key, "worker_id")) {
		set(&status->worker, text);
	} else if (cdc_streq(key, "trace")) {
		struct cdc_buf cause = CDC_BUF_LIMITED(CAUSE_MAX);

		cdc_java_root_cause(&cause, text);
		free(status->cause);
		status->cause = cdc_buf_take(&cause);
	}
}

static void take_config(struct cdc_connector *connector, const char *key, const char *text)
{
	for (size_t i = 0; i < CDC_LEN(config_keys); i++) {
		char **field = &connector->config[config_keys[i].index];

		if (*key != *config_keys[i].key || !cdc_streq(key, config_keys[i].key))
			continue;
		if (!config_keys[i].second || !*field)
			set(field, text);
	}
}

static struct cdc_connect_task *last_task(struct cdc_connector *connector)
{
	return connector->task_count ? &connector->tasks[connector->task_count - 1] : NULL;
}

static void add_task(struct cdc_connector *connector)
{
	CDC_GROW(connector->tasks, connector->task_count, &connector->task_capacity);
	connector->tasks[connector->task_count++] = (struct cdc_connect_task){ .id = -1 };
}

/* Where in {name: {status: {...}, info: {...}}} the reader is. */
enum part { STATUS, INFO };
enum branch { CONNECTOR, TASKS, CONFIG };

/* A text or number below {name: {status: ... }}. */
static void take_in_status(struct cdc_connect_reader *reader, enum cdc_json_kind kind, const char *text)
{
	struct cdc_connector *connector = &reader->connector;
	const struct cdc_json *json = &reader->json;
	struct cdc_connect_task *task = last_task(connector);

	if (json->depth == 3 && kind == CDC_JSON_STRING && cdc_json_key_is(json, 2, "type")) {
		set(&connector->type, text);
	} else if (json->depth == 4 && kind == CDC_JSON_STRING && reader->branch == CONNECTOR) {
		take_status(&connector->status, cdc_json_key(json, 3), text);
	} else if (json->depth == 5 && reader->branch == TASKS && task) {
		if (kind == CDC_JSON_STRING)
			take_status(&task->status, cdc_json_key(json, 4), text);
		else if (kind == CDC_JSON_NUMBER && cdc_json_key_is(json, 4, "id") && !cdc_num_parse_int(text, &task->id))
			task->id = -1;
	}
}

static int too_many(size_t limit, const char *what, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_PROTOCOL, "the answer is over the limit of %zu %s", limit, what);
}

/* A container's beginning below {name: {part: ... }}: what leads nowhere is skipped. */
static int take_container(struct cdc_connect_reader *reader, enum cdc_json_kind kind, struct cdc_err *err)
{
	struct cdc_connector *connector = &reader->connector;
	const struct cdc_json *json = &reader->json;
	bool object = kind == CDC_JSON_OBJECT;

	if (json->depth == 3 && reader->part == STATUS && object && cdc_json_key_is(json, 2, "connector"))
		reader->branch = CONNECTOR;
	else if (json->depth == 3 && reader->part == INFO && object && cdc_json_key_is(json, 2, "config"))
		reader->branch = CONFIG;
	else if (json->depth == 3 && !object && cdc_json_key_is(json, 2, "tasks"))
		reader->branch = TASKS;
	else if (json->depth == 4 && connector->task_count == CDC_CONNECT_TASKS_MAX)
		return too_many(CDC_CONNECT_TASKS_MAX, "tasks of one connector", err);
	else if (json->depth == 4 && object && reader->branch == TASKS && reader->part == STATUS)
		add_task(connector);
	else if (json->depth == 4 && object && reader->branch == TASKS)
		return connector->configured++, CDC_JSON_SKIP;
	else
		return CDC_JSON_SKIP;
	return 0;
}

static int take_inside(struct cdc_connect_reader *reader, enum cdc_json_kind kind, const char *text, struct cdc_err *err)
{
	const struct cdc_json *json = &reader->json;

	if (kind == CDC_JSON_OBJECT || kind == CDC_JSON_ARRAY)
		return take_container(reader, kind, err);
	if (reader->part == STATUS)
		take_in_status(reader, kind, text);
	else if (kind == CDC_JSON_STRING && json->depth == 4 && reader->branch == CONFIG)
		take_config(&reader->connector, cdc_json_key(json, 3), text);
	return 0;
}

/* The members of one connector: {status: {...}, info: {...}}. */
static int take_part(struct cdc_connect_reader *reader, enum cdc_json_kind kind)
{
	struct cdc_connector *connector = &reader->connector;

	if (kind == CDC_JSON_OBJECT && cdc_json_key_is(&reader->json, 1, "status")) {
		connector->has_status = true;
		reader->part = STATUS;
	} else if (kind == CDC_JSON_OBJECT && cdc_json_key_is(&reader->json, 1, "info")) {
		connector->has_info = true;
		reader->part = INFO;
	} else if (kind == CDC_JSON_OBJECT || kind == CDC_JSON_ARRAY) {
		return CDC_JSON_SKIP;
	}
	return 0;
}

static int take_connector(struct cdc_connect_reader *reader, enum cdc_json_kind kind, struct cdc_err *err)
{
	const char *name = cdc_json_key(&reader->json, 0);

	if (kind == CDC_JSON_OBJECT_END)
		return reader->take(reader->arg, &reader->connector, err);
	if (kind != CDC_JSON_OBJECT)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the status of connector '%.80s' is no object", name);
	if (reader->count++ == CDC_CONNECTORS_MAX)
		return too_many(CDC_CONNECTORS_MAX, "connectors", err);
	connector_clear(&reader->connector);
	reader->connector.name = cdc_strdup(name);
	return 0;
}

static int take_value(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text,
    struct cdc_err *err)
{
	struct cdc_connect_reader *reader = arg;

	if (json->depth > 2)
		return take_inside(reader, kind, text, err);
	if (json->depth == 2)
		return take_part(reader, kind);
	if (json->depth == 1)
		return take_connector(reader, kind, err);
	if (kind != CDC_JSON_OBJECT && kind != CDC_JSON_OBJECT_END)
		return cdc_fail(err, CDC_ERR_PROTOCOL,
		    "an object with the status of every connector was expected (Kafka Connect 2.3 or later)");
	return 0;
}

void cdc_connect_reader_init(struct cdc_connect_reader *reader, cdc_connect_take *take, void *arg)
{
	*reader = (struct cdc_connect_reader){ .json = CDC_JSON_INIT(take_value, reader), .take = take, .arg = arg };
	/* a trace may quote a statement with all its values: that must not hide the other connectors */
	reader->json.cut_texts = true;
}

void cdc_connect_reader_release(struct cdc_connect_reader *reader)
{
	connector_clear(&reader->connector);
	free(reader->connector.tasks);
	cdc_json_release(&reader->json);
}

int cdc_connect_reader_feed(struct cdc_connect_reader *reader, const char *bytes, size_t n, struct cdc_err *err)
{
	return cdc_json_feed(&reader->json, bytes, n, err);
}

int cdc_connect_reader_end(struct cdc_connect_reader *reader, struct cdc_err *err)
{
	return cdc_json_end(&reader->json, err);
}

/* --- names ---------------------------------------------------------------------------------------------------- */

static int take_name(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text,
    struct cdc_err *err)
{
	struct cdc_connect_names *names = arg;

	if (json->depth == 0 && (kind == CDC_JSON_ARRAY || kind == CDC_JSON_ARRAY_END))
		return 0;
	if (json->depth != 1 || kind != CDC_JSON_STRING)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "an array of connector names was expected");
	if (names->count++ == CDC_CONNECTORS_MAX)
		return too_many(CDC_CONNECTORS_MAX, "names", err);
	return names->take(names->arg, text, err);
}

void cdc_connect_names_init(struct cdc_connect_names *names, cdc_connect_take_name *take, void *arg)
{
	*names = (struct cdc_connect_names){ .json = CDC_JSON_INIT(take_name, names), .take = take, .arg = arg };
}

void cdc_connect_names_release(struct cdc_connect_names *names)
{
	cdc_json_release(&names->json);
}

int cdc_connect_names_feed(struct cdc_connect_names *names, const char *bytes, size_t n, struct cdc_err *err)
{
	return cdc_json_feed(&names->json, bytes, n, err);
}

int cdc_connect_names_end(struct cdc_connect_names *names, struct cdc_err *err)
{
	return cdc_json_end(&names->json, err);
}

/* --- small answers -------------------------------------------------------------------------------------------- */

struct member {
	const char *key;
	struct cdc_buf *ret;
	bool found;
};

static int take_member(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text,
    struct cdc_err *err CDC_UNUSED)
{
	struct member *member = arg;

	if (json->depth == 1 && kind == CDC_JSON_STRING && !member->found && cdc_json_key_is(json, 0, member->key)) {
		cdc_buf_add(member->ret, text);
		member->found = true;
	}
	return 0;
}

bool cdc_connect_member(const char *text, const char *key, struct cdc_buf *ret)
{
	struct member member = { .key = key, .ret = ret };
	CDC_CLEANUP(cdc_json_release) struct cdc_json json = CDC_JSON_INIT(take_member, &member);
	struct cdc_err err;

	return cdc_json_feed(&json, text, strlen(text), &err) == 0 && cdc_json_end(&json, &err) == 0 && member.found;
}

bool cdc_connect_is_rebalance(int status, const char *body)
{
	return status == 409 || (status == 500 && strcasestr(body, "rebalanc"));
}

bool cdc_connect_is_starting(int status, const char *body)
{
	return status == 404 && !strstr(body, "error_code") && (strcasestr(body, "<html") || strstr(body, "\"status\":\"404\""));
}
