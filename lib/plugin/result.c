#include "plugin/result_internal.h"

#include <stdlib.h>

static char *format_text(const char *format, va_list args) CDC_PRINTF(1, 0);

static char *format_text(const char *format, va_list args)
{
	struct cdc_buf text = CDC_BUF_LIMITED(4096);

	cdc_buf_vaddf(&text, format, args);
	return cdc_buf_take(&text);
}

static void texts_release(struct cdc_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->at[i]);
	free(texts->at);
	*texts = (struct cdc_texts){ 0 };
}

static void findings_release(struct cdc_finding *findings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(findings[i].text);
		free(findings[i].headline);
		free(findings[i].past);
	}
	free(findings);
}

static size_t label_count(const struct cdc_plugin *plugin)
{
	size_t n = 0;

	while (plugin->labels[n])
		n++;
	return n;
}

void cdc_item_free(struct cdc_item *item, const struct cdc_plugin *plugin)
{
	for (size_t i = 0; i < label_count(plugin); i++)
		free(item->labels[i]);
	for (size_t i = 0; i < plugin->metric_count; i++)
		free(item->values[i].cause);
	for (size_t i = 0; i < item->phrase_count; i++)
		free(item->phrases[i]);
	findings_release(item->findings, item->finding_count);
	free(item->phrases);
	if (item->fixed)
		free(item->key);
	free(item->name);
	free(item);
}

void cdc_check_init(struct cdc_check *check, const struct cdc_policy *policy)
{
	*check = (struct cdc_check){ .policy = policy, .result.plugin = policy->plugin };
}

void cdc_check_release(struct cdc_check *check)
{
	struct cdc_result *result = &check->result;

	for (size_t i = 0; i < result->count; i++)
		cdc_item_free(result->items[i], result->plugin);
	free(result->items);
	free(result->spare);
	for (size_t i = 0; i < result->left_count; i++) {
		free(result->left_out[i].name);
		free(result->left_out[i].values);
	}
	free(result->left_out);
	findings_release(result->findings, result->finding_count);
	texts_release(&result->notes);
	texts_release(&result->verbose);
	free(result->error);
	cdc_memory_release(&check->memory);
	*check = (struct cdc_check){ 0 };
}

/* An object may be called "server" too; the memory keeps both apart. */
static char *fixed_key(const char *name)
{
	struct cdc_buf key = CDC_BUF_INIT;

	cdc_buf_addf(&key, "/%s", name);
	return cdc_buf_take(&key);
}

#define ITEM_SIZE ((sizeof(struct cdc_item) + 15) / 16 * 16)

static struct cdc_item *add_item(struct cdc_check *check, const char *name, bool fixed)
{
	struct cdc_result *result = &check->result;
	size_t labels = label_count(result->plugin) * sizeof(char *);
	size_t values = result->plugin->metric_count * sizeof(struct cdc_value);
	/* one block: item, values, labels; the values' alignment is the strictest */
	struct cdc_item *item = cdc_alloc(1, ITEM_SIZE + values + labels);

	item->name = cdc_strdup(name);
	item->key = fixed ? fixed_key(name) : item->name;
	item->fixed = fixed;
	item->named = !fixed && cdc_policy_named(check->policy, name);
	item->values = (struct cdc_value *)(void *)((char *)item + ITEM_SIZE);
	item->labels = (char **)(void *)((char *)item + ITEM_SIZE + values);
	CDC_GROW(result->items, result->count, &result->capacity);
	item->place = result->count;
	result->items[result->count++] = item;
	return item;
}

struct cdc_item *cdc_result_add(struct cdc_check *check, const char *name)
{
	struct cdc_item *item = add_item(check, name, false);

	cdc_item_label(item, 0, name);
	return item;
}

struct cdc_item *cdc_result_add_fixed(struct cdc_check *check, const char *name)
{
	return add_item(check, name, true);
}

struct cdc_item *cdc_result_find(const struct cdc_result *result, const char *name)
{
	for (size_t i = 0; i < result->count; i++)
		if (cdc_streq(result->items[i]->name, name))
			return result->items[i];
	return NULL;
}

void cdc_item_label(struct cdc_item *item, size_t index, const char *value)
{
	free(item->labels[index]);
	item->labels[index] = cdc_strdup(value);
}

void cdc_item_value(struct cdc_item *item, size_t metric, cdc_num value)
{
	item->values[metric].known = true;
	item->values[metric].value = value;
}

void cdc_item_cause(struct cdc_item *item, size_t metric, const char *cause)
{
	free(item->values[metric].cause);
	item->values[metric].cause = cdc_strdup(cause);
}

void cdc_item_phrase(struct cdc_item *item, const char *format, ...)
{
	va_list args;

	CDC_GROW(item->phrases, item->phrase_count, &item->phrase_capacity);
	va_start(args, format);
	item->phrases[item->phrase_count++] = format_text(format, args);
	va_end(args);
}

/* Appends a finding to a list; the pointer is valid until the next one. */
static struct cdc_finding *add_finding(struct cdc_finding **findings, size_t *count, size_t *capacity, size_t condition,
    char *text)
{
	CDC_GROW(*findings, *count, capacity);
	(*findings)[*count] = (struct cdc_finding){ .condition = (int)condition, .metric = -1, .text = text, .age_ms = -1 };
	return &(*findings)[(*count)++];
}

static void append(char **text, const char *suffix)
{
	struct cdc_buf longer = CDC_BUF_INIT;

	cdc_buf_add(&longer, *text);
	cdc_buf_add(&longer, suffix);
	free(*text);
	*text = cdc_buf_take(&longer);
}

void cdc_finding_append(struct cdc_finding *finding, const char *suffix)
{
	append(&finding->text, suffix);
	if (finding->headline)
		append(&finding->headline, suffix);
}

struct cdc_finding *cdc_item_raise(struct cdc_item *item, size_t condition, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	return add_finding(&item->findings, &item->finding_count, &item->finding_capacity, condition, text);
}

struct cdc_finding *cdc_result_raise(struct cdc_check *check, size_t condition, const char *format, ...)
{
	struct cdc_result *result = &check->result;
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	return add_finding(&result->findings, &result->finding_count, &result->finding_capacity, condition, text);
}

void cdc_finding_headline(struct cdc_finding *finding, const char *format, ...)
{
	va_list args;

	free(finding->headline);
	va_start(args, format);
	finding->headline = format_text(format, args);
	va_end(args);
}

void cdc_finding_past(struct cdc_finding *finding, const char *format, ...)
{
	va_list args;

	free(finding->past);
	va_start(args, format);
	finding->past = format_text(format, args);
	va_end(args);
}

static void texts_add(struct cdc_texts *texts, char *text)
{
	CDC_GROW(texts->at, texts->count, &texts->capacity);
	texts->at[texts->count++] = text;
}

void cdc_result_note(struct cdc_check *check, const char *format, ...)
{
	struct cdc_texts *notes = &check->result.notes;
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	for (size_t i = 0; i < notes->count; i++) {
		if (cdc_streq(notes->at[i], text)) {
			free(text);
			return;
		}
	}
	texts_add(notes, text);
}

void cdc_result_verbose(struct cdc_check *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	texts_add(&check->result.verbose, format_text(format, args));
	va_end(args);
}

void cdc_result_show_rows(struct cdc_check *check, const struct cdc_rows *rows)
{
	for (size_t row = 0; row < rows->count; row++) {
		CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_LIMITED(2000);

		for (size_t i = 0; i < rows->columns; i++) {
			const char *cell = rows->cells[row * rows->columns + i];

			cdc_buf_addf(&text, " %s=%s", rows->names[i], cell ? cell : "NULL");
		}
		cdc_result_verbose(check, "%s", text.text);
	}
}

void cdc_result_fail(struct cdc_check *check, const struct cdc_err *err)
{
	static const size_t conditions[] = {
		[CDC_ERR_UNREACHABLE] = CDC_COND_UNREACHABLE,
		[CDC_ERR_TIMEOUT] = CDC_COND_TIMEOUT,
		[CDC_ERR_DENIED] = CDC_COND_DENIED,
		[CDC_ERR_PROTOCOL] = CDC_COND_PROTOCOL,
	};
	struct cdc_result *result = &check->result;

	if (err->kind >= CDC_ERR_UNREACHABLE)
		cdc_result_raise(check, conditions[err->kind], "%s", err->text);
	free(result->error);
	result->error = cdc_strdup(err->text);
}

static bool is_unseen(const struct cdc_item *item, size_t metrics)
{
	for (size_t i = 0; i < metrics; i++)
		if (item->values[i].known)
			return false;
	return item->fixed && item->finding_count == 0 && item->phrase_count == 0;
}

void cdc_result_drop_unseen(struct cdc_check *check)
{
	struct cdc_result *result = &check->result;
	size_t kept = 0;

	for (size_t i = 0; i < result->count; i++) {
		struct cdc_item *item = result->items[i];

		if (is_unseen(item, result->plugin->metric_count)) {
			cdc_item_free(item, result->plugin);
			continue;
		}
		item->place = kept;
		result->items[kept++] = item;
	}
	result->count = kept;
}

int cdc_item_compare(const struct cdc_item *x, const struct cdc_item *y)
{
	int order = cdc_state_rank(y->state) - cdc_state_rank(x->state);

	return order ? order : strcmp(x->name, y->name);
}

static int compare(const void *a, const void *b)
{
	return cdc_item_compare(*(struct cdc_item *const *)a, *(struct cdc_item *const *)b);
}

struct cdc_item **cdc_result_sorted(const struct cdc_result *result)
{
	struct cdc_item **sorted = cdc_alloc(result->count, sizeof(*sorted));

	if (result->count)
		memcpy(sorted, result->items, result->count * sizeof(*sorted));
	qsort(sorted, result->count, sizeof(*sorted), compare);
	return sorted;
}

const struct cdc_item *cdc_result_worst(const struct cdc_result *result)
{
	const struct cdc_item *worst = result->count ? result->items[0] : NULL;

	for (size_t i = 1; i < result->count; i++)
		if (cdc_item_compare(result->items[i], worst) < 0)
			worst = result->items[i];
	return worst;
}

size_t cdc_result_item_count(const struct cdc_result *result)
{
	size_t n = result->left_count;

	for (size_t i = 0; i < result->count; i++)
		n += !result->items[i]->fixed;
	return n;
}

size_t cdc_result_count_state(const struct cdc_result *result, enum cdc_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < result->left_count; i++)
		n += result->left_out[i].state == state;
	for (size_t i = 0; i < result->count; i++)
		n += !result->items[i]->fixed && result->items[i]->state == state;
	return n;
}
