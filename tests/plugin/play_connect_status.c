#include "tests/plugin/play_connect_status.h"

static int take_connector(void *arg, const struct cdc_connector *connector, struct cdc_err *err CDC_UNUSED)
{
	connect_status_take(arg, connector);
	return 0;
}

static int take_name(void *arg, const char *name, struct cdc_err *err CDC_UNUSED)
{
	connect_status_take_name(arg, name);
	return 0;
}

static bool read_list(struct connect_status *status, const char *text)
{
	CDC_CLEANUP(cdc_connect_reader_release) struct cdc_connect_reader reader;
	struct cdc_err err;

	cdc_connect_reader_init(&reader, take_connector, status);
	return cdc_connect_reader_feed(&reader, text, strlen(text), &err) == 0 && cdc_connect_reader_end(&reader, &err) == 0;
}

static bool read_names(struct connect_status *status, const char *text)
{
	CDC_CLEANUP(cdc_connect_names_release) struct cdc_connect_names names;
	struct cdc_err err;

	cdc_connect_names_init(&names, take_name, status);
	return cdc_connect_names_feed(&names, text, strlen(text), &err) == 0 && cdc_connect_names_end(&names, &err) == 0;
}

static void judge_life(struct connect_status *status, const struct worker_says *says)
{
	enum connect_status_life life =
	    connect_status_of_health(says->health_status, says->health ? says->health : "", says->health_status == 0);

	if (life == CONNECT_STATUS_ABSENT || life == CONNECT_STATUS_UNTOLD)
		life = connect_status_of_connector(says->first_status, says->first ? says->first : "", says->first_status == 0);
	status->doubted = !connect_status_knows_all(life);
	status->starting = life == CONNECT_STATUS_STARTING ? "c1:8083" : NULL;
	connect_status_judge_life(status, life, "c1:8083", NULL);
}

static void add_alive(struct connect_status *status, const char *names)
{
	CDC_CLEANUP(cdc_free_string) char *copy = cdc_strdup(names);
	char *next = copy, *name;

	while (next && (name = strsep(&next, " ")) != NULL)
		connect_status_add_worker(status, *name == '-' ? name + 1 : name, *name != '-');
}

void worker_run(struct stage *stage, const struct worker_says *says, int64_t now_ms)
{
	CDC_CLEANUP(connect_status_release) struct connect_status status;
	bool listed;

	stage_begin(stage, now_ms);
	connect_status_begin(&status, (const struct connect_status_config *)stage->policy, &stage->check);
	if (says->alive)
		add_alive(&status, says->alive);
	listed = says->list && read_list(&status, says->list) && read_names(&status, says->names);
	if (listed)
		judge_life(&status, says);
	stage_end(stage, connect_status_end(&status, listed));
}
