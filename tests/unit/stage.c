/* A plugin on a stage: its command line, and run after run with the memory handed on as text. */
#include "tests/unit/unit.h"

static void add_argument(struct cdc_arguments *arguments, const char *text, size_t n)
{
	CDC_GROW(arguments->made, arguments->made_count, &arguments->made_capacity);
	arguments->made[arguments->made_count++] = cdc_strndup(text, n);
}

/* "''" stands for an empty argument. */
static void split_arguments(struct cdc_arguments *arguments, const char *name, const char *text)
{
	add_argument(arguments, name, strlen(name));
	while (*(text += strspn(text, " "))) {
		size_t n = strcspn(text, " ");

		if (n == 2 && strncmp(text, "''", 2) == 0)
			add_argument(arguments, "", 0);
		else
			add_argument(arguments, text, n);
		text += n;
	}
	arguments->argc = (int)arguments->made_count;
	arguments->argv = cdc_alloc(arguments->made_count + 1, sizeof(*arguments->argv));
	memcpy(arguments->argv, arguments->made, arguments->made_count * sizeof(*arguments->argv));
}

int stage_parse(struct stage *stage, const struct cdc_plugin *plugin, const char *text, struct cdc_err *err)
{
	*stage = (struct stage){ .policy = cdc_alloc(1, plugin->config_size) };
	cdc_policy_init(stage->policy, plugin);
	cdc_table_init(&stage->table, plugin);
	split_arguments(&stage->arguments, plugin->name, text);
	return cdc_cmdline_parse(&stage->table, stage->policy, stage->arguments.argc, stage->arguments.argv, &stage->wish,
	    err);
}

void stage_open(struct stage *stage, const struct cdc_plugin *plugin, const char *text)
{
	struct cdc_err err;

	if (stage_parse(stage, plugin, text, &err) < 0)
		fail_msg("'%s' was refused: %s", text, err.text);
}

void stage_close(struct stage *stage)
{
	if (stage->running)
		cdc_check_release(&stage->check);
	cdc_cmdline_release(&stage->table, stage->policy);
	free(stage->policy);
	cdc_table_release(&stage->table);
	cdc_arguments_release(&stage->arguments);
	cdc_free_string(&stage->kept);
}

void stage_begin(struct stage *stage, int64_t now_ms)
{
	struct cdc_err err;

	if (stage->running)
		cdc_check_release(&stage->check);
	stage->running = true;
	cdc_check_init(&stage->check, stage->policy);
	stage->check.memory.now_ms = now_ms;
	stage->check.memory.usable = !stage->forgetful;
	if (!stage->forgetful && stage->kept && cdc_memory_parse(cdc_strdup(stage->kept), "stage", &stage->check.memory, &err) < 0)
		fail_msg("the memory of the last run was refused: %s", err.text);
}

void stage_end(struct stage *stage, bool complete)
{
	cdc_decide(&stage->check, complete);
	free(stage->kept);
	stage->kept = cdc_strdup(cdc_memory_seal(&stage->check.memory, "stage")->text);
}

char *stage_output(const struct stage *stage)
{
	struct cdc_buf text = CDC_BUF_INIT;

	cdc_render(&text, &stage->check);
	return cdc_buf_take(&text);
}

char *stage_text(const struct stage *stage, const char *name)
{
	const struct cdc_item *item = cdc_result_find(&stage->check.result, name);
	struct cdc_buf text = CDC_BUF_INIT;

	if (!item)
		fail_msg("there is no item '%s'", name);
	cdc_render_item_text(&text, &stage->check, item, NULL);
	return cdc_buf_take(&text);
}
