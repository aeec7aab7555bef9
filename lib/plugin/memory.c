#include "plugin/memory.h"

#include <inttypes.h>
#include <stdlib.h>

static void entries_release(struct cdc_entries *entries)
{
	for (size_t i = 0; !entries->text && i < entries->count; i++)
		free(entries->at[i].item);
	free(entries->text);
	free(entries->at);
	*entries = (struct cdc_entries){ 0 };
}

void cdc_memory_release(struct cdc_memory *memory)
{
	entries_release(&memory->old);
	entries_release(&memory->now);
}

struct entry_key {
	const char *item, *key;
};

static int compare_to_entry(const void *wanted, const void *entry)
{
	const struct entry_key *x = wanted;
	const struct cdc_entry *y = entry;
	int order = strcmp(x->item, y->item);

	return order ? order : strcmp(x->key, y->key);
}

const char *cdc_memory_get(const struct cdc_memory *memory, const char *item, const char *key)
{
	struct entry_key wanted = { item, key };
	const struct cdc_entry *found;

	if (memory->old.count == 0)
		return NULL;
	found = bsearch(&wanted, memory->old.at, memory->old.count, sizeof(*memory->old.at), compare_to_entry);
	return found ? found->value : NULL;
}

bool cdc_memory_get_int(const struct cdc_memory *memory, const char *item, const char *key, int64_t *ret)
{
	const char *value = cdc_memory_get(memory, item, key);

	return value && cdc_num_parse_int(value, ret);
}

void cdc_memory_put(struct cdc_memory *memory, const char *item, const char *key, const char *value)
{
	struct cdc_entries *now = &memory->now;
	size_t item_size = strlen(item) + 1, key_size = strlen(key) + 1, value_size = strlen(value) + 1;
	char *block = cdc_realloc(NULL, item_size + key_size + value_size, 1);

	memcpy(block, item, item_size);
	memcpy(block + item_size, key, key_size);
	memcpy(block + item_size + key_size, value, value_size);
	CDC_GROW(now->at, now->count, &now->capacity);
	now->at[now->count++] = (struct cdc_entry){ block, block + item_size, block + item_size + key_size };
}

void cdc_memory_put_int(struct cdc_memory *memory, const char *item, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	cdc_memory_put(memory, item, key, text);
}

void cdc_memory_carry(struct cdc_memory *memory, const char *item, const char *key)
{
	const char *value = cdc_memory_get(memory, item, key);

	if (value)
		cdc_memory_put(memory, item, key, value);
}

void cdc_memory_carry_item(struct cdc_memory *memory, const char *item)
{
	for (size_t i = 0; i < memory->old.count; i++) {
		const struct cdc_entry *entry = &memory->old.at[i];

		if (cdc_streq(entry->item, item))
			cdc_memory_put(memory, item, entry->key, entry->value);
	}
}

static bool clock_went_back(const struct cdc_memory *memory)
{
	return memory->now_ms < memory->previous_ms;
}

#define KEY_EPOCH "epoch"

void cdc_memory_epoch(struct cdc_memory *memory, const char *epoch)
{
	const char *last = cdc_memory_get(memory, "", KEY_EPOCH);

	memory->anew = last && !cdc_streq(last, epoch);
	cdc_memory_put(memory, "", KEY_EPOCH, epoch);
}

#define PAUSE_MIN_MS ((int64_t)15 * 60 * 1000)

int64_t cdc_memory_longest_pause(int64_t duration_ms)
{
	if (duration_ms > INT64_MAX / 3)
		return INT64_MAX;
	return duration_ms > PAUSE_MIN_MS / 3 ? 3 * duration_ms : PAUSE_MIN_MS;
}

int64_t cdc_memory_since(struct cdc_memory *memory, const char *item, const char *name, int64_t longest_pause_ms)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT;
	int64_t since;

	if (!memory->usable)
		return -1;
	cdc_buf_addf(&key, "since.%s", name);
	if (!cdc_memory_get_int(memory, item, key.text, &since) || since < 0 || since > memory->now_ms ||
	    clock_went_back(memory) || memory->anew || memory->now_ms - memory->previous_ms > longest_pause_ms)
		since = memory->now_ms;
	cdc_memory_put_int(memory, item, key.text, since);
	return since;
}

/* How many samples a window keeps, about: more would make the rate no better. */
#define SAMPLES 16

struct sample {
	int64_t at_ms, value;
};

struct samples {
	struct sample at[SAMPLES + 2];
	size_t count;
};

/* "epoch,time:value,time:value ..." of the last run, those within the window; nothing of another epoch. */
static void read_samples(const struct cdc_memory *memory, const char *text, const char *epoch, int64_t max_ms,
    struct samples *ret)
{
	CDC_CLEANUP(cdc_free_string) char *copy = cdc_strdup(text);
	char *next = copy, *word;

	ret->count = 0;
	word = strsep(&next, ",");
	if (!word || !cdc_streq(word, epoch) || clock_went_back(memory))
		return;
	while ((word = strsep(&next, ",")) != NULL && ret->count < SAMPLES + 1) {
		char *colon = strchr(word, ':');
		struct sample sample;

		if (!colon)
			return;
		*colon = '\0';
		if (!cdc_num_parse_int(word, &sample.at_ms) || !cdc_num_parse_int(colon + 1, &sample.value))
			return;
		if (sample.at_ms >= 0 && sample.at_ms <= memory->now_ms && memory->now_ms - sample.at_ms <= max_ms)
			ret->at[ret->count++] = sample;
	}
}

/* The newest sample is replaced while it is close to the one before it, so that the list stays short. */
static void add_sample(struct samples *samples, struct sample sample, int64_t max_ms)
{
	size_t n = samples->count;

	if (n >= 2 && (sample.at_ms - samples->at[n - 2].at_ms < max_ms / SAMPLES || n == SAMPLES + 1))
		samples->at[n - 1] = sample;
	else
		samples->at[samples->count++] = sample;
}

static void put_samples(struct cdc_memory *memory, const char *item, const char *key, const char *epoch,
    const struct samples *samples)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_add(&text, epoch);
	for (size_t i = 0; i < samples->count; i++)
		cdc_buf_addf(&text, ",%" PRId64 ":%" PRId64, samples->at[i].at_ms, samples->at[i].value);
	cdc_memory_put(memory, item, key, text.text);
}

bool cdc_memory_rate(struct cdc_memory *memory, const char *item, const char *series, const char *epoch, int64_t value,
    struct cdc_window window, int64_t *ret)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT;
	struct sample sample = { .at_ms = memory->now_ms, .value = value };
	struct samples samples = { .count = 0 };
	const char *text;
	cdc_num change;

	if (!memory->usable)
		return false;
	cdc_buf_addf(&key, "rate.%s", series);
	text = cdc_memory_get(memory, item, key.text);
	if (text)
		read_samples(memory, text, epoch, window.max_ms, &samples);
	add_sample(&samples, sample, window.max_ms);
	put_samples(memory, item, key.text, epoch, &samples);
	if (sample.at_ms - samples.at[0].at_ms < window.min_ms || sample.at_ms == samples.at[0].at_ms)
		return false;
	change = (cdc_num)sample.value - samples.at[0].value;
	*ret = cdc_num_to_int(change * 1000 * CDC_NUM_ONE / (sample.at_ms - samples.at[0].at_ms));
	return true;
}
