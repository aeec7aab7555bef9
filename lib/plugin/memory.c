#include "plugin/memory_internal.h"

#include <inttypes.h>
#include <stdlib.h>

static void entries_release(struct cdc_entries *entries)
{
	free(entries->at);
	free(entries->items);
	free(entries->slots);
	free(entries->text);
	*entries = (struct cdc_entries){ 0 };
}

void cdc_memory_release(struct cdc_memory *memory)
{
	entries_release(&memory->old);
	cdc_buf_release(&memory->now);
	cdc_free_string(&memory->now_item);
}

uint64_t cdc_memory_hash(const char *text, size_t n)
{
	static const uint64_t odd = 0x9e3779b97f4a7c15u;
	uint64_t hash = n, word;

	for (; n >= sizeof(word); text += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		hash = (hash ^ word) * odd;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, text, n);
	hash = (hash ^ word) * odd;
	return hash ^ hash >> 32;
}

/* Where the item is, or where it belongs. There is always a free slot, unless there are none at all. */
static size_t find_slot(const struct cdc_entries *entries, const char *item)
{
	size_t i = (size_t)cdc_memory_hash(item, strlen(item)) & (entries->slot_count - 1);

	while (entries->slots[i] && !cdc_streq(entries->items[entries->slots[i] - 1].name, item))
		i = (i + 1) & (entries->slot_count - 1);
	return i;
}

static void grow_slots(struct cdc_entries *entries)
{
	entries->slot_count = entries->slot_count ? 2 * entries->slot_count : 64;
	free(entries->slots);
	entries->slots = cdc_alloc(entries->slot_count, sizeof(*entries->slots));
	for (size_t i = 0; i < entries->item_count; i++)
		entries->slots[find_slot(entries, entries->items[i].name)] = (uint32_t)i + 1;
}

uint32_t cdc_entries_item(struct cdc_entries *entries, const char *name)
{
	size_t at;

	if (2 * entries->item_count >= entries->slot_count)
		grow_slots(entries);
	at = find_slot(entries, name);
	if (!entries->slots[at]) {
		CDC_GROW(entries->items, entries->item_count, &entries->item_capacity);
		entries->items[entries->item_count++] = (struct cdc_remembered){ .name = name };
		entries->slots[at] = (uint32_t)entries->item_count;
	}
	return entries->slots[at];
}

static struct cdc_entry *find_entry(const struct cdc_entries *entries, const struct cdc_remembered *item, const char *key)
{
	for (uint32_t link = item->first; link; link = entries->at[link - 1].next)
		if (cdc_streq(entries->at[link - 1].key, key))
			return &entries->at[link - 1];
	return NULL;
}

void cdc_entries_add(struct cdc_entries *entries, uint32_t link, const char *key, const char *value)
{
	struct cdc_remembered *item = &entries->items[link - 1];
	struct cdc_entry *entry = find_entry(entries, item, key);

	if (entry) {
		entry->value = value;
		return;
	}
	CDC_GROW(entries->at, entries->count, &entries->capacity);
	entries->at[entries->count++] = (struct cdc_entry){ .key = key, .value = value };
	if (item->last)
		entries->at[item->last - 1].next = (uint32_t)entries->count;
	else
		item->first = (uint32_t)entries->count;
	item->last = (uint32_t)entries->count;
}

/* What the last run left of the item, or NULL. */
static const struct cdc_remembered *find_item(const struct cdc_entries *entries, const char *item)
{
	uint32_t link = entries->slot_count ? entries->slots[find_slot(entries, item)] : 0;

	return link ? &entries->items[link - 1] : NULL;
}

size_t cdc_memory_index(const struct cdc_memory *memory, const char *item)
{
	const struct cdc_remembered *found = find_item(&memory->old, item);

	return found ? (size_t)(found - memory->old.items) : SIZE_MAX;
}

const char *cdc_memory_get(const struct cdc_memory *memory, const char *item, const char *key)
{
	const struct cdc_remembered *found = find_item(&memory->old, item);
	const struct cdc_entry *entry = found ? find_entry(&memory->old, found, key) : NULL;

	return entry ? entry->value : NULL;
}

bool cdc_memory_get_int(const struct cdc_memory *memory, const char *item, const char *key, int64_t *ret)
{
	const char *value = cdc_memory_get(memory, item, key);

	return value && cdc_num_parse_int(value, ret);
}

const struct cdc_entry *cdc_memory_next(const struct cdc_memory *memory, const char *item, const struct cdc_entry *last)
{
	const struct cdc_remembered *found = last ? NULL : find_item(&memory->old, item);
	uint32_t link = last ? last->next : found ? found->first : 0;

	return link ? &memory->old.at[link - 1] : NULL;
}

void cdc_memory_put_int(struct cdc_memory *memory, const char *item, const char *key, int64_t value)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	if (!memory->usable)
		return;
	cdc_buf_addf(&text, "%" PRId64, value);
	cdc_memory_put(memory, item, key, text.text);
}

void cdc_memory_carry(struct cdc_memory *memory, const char *item, const char *key)
{
	const char *value = cdc_memory_get(memory, item, key);

	if (value)
		cdc_memory_put(memory, item, key, value);
}

#define KEY_SINCE "since."
#define KEY_RATE  "rate."

void cdc_memory_carry_item(struct cdc_memory *memory, const char *item, bool timers)
{
	for (const struct cdc_entry *entry = NULL; (entry = cdc_memory_next(memory, item, entry)) != NULL;) {
		if ((!timers && cdc_begins_with(entry->key, KEY_SINCE)) || (memory->anew && cdc_begins_with(entry->key, KEY_RATE)))
			continue;
		cdc_memory_put(memory, item, entry->key, entry->value);
	}
}

bool cdc_memory_goes_on(const struct cdc_memory *memory)
{
	return memory->now_ms >= memory->previous_ms && !memory->anew;
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
	cdc_buf_add(&key, KEY_SINCE);
	cdc_buf_add(&key, name);
	if (!cdc_memory_get_int(memory, item, key.text, &since) || since < 0 || since > memory->now_ms ||
	    !cdc_memory_goes_on(memory) || memory->now_ms - memory->previous_ms > longest_pause_ms)
		since = memory->now_ms;
	cdc_memory_put_int(memory, item, key.text, since);
	return since;
}

/* How many samples a window keeps, about: more would make the rate no better. */
#define SAMPLES 16

struct sample {
	int64_t at_ms, value;
};

/* ",time:value" that *text begins with, and moves *text behind it. */
static bool take_sample(const char **text, struct sample *ret)
{
	if (*(*text)++ != ',' || !cdc_num_take_int(text, &ret->at_ms) || *(*text)++ != ':')
		return false;
	return cdc_num_take_int(text, &ret->value) && (**text == ',' || **text == '\0');
}

/*
 * The samples of the last run that lie within the window, of "epoch,time:value,time:value ...", and the oldest of them;
 * NULL when there are none, or of another epoch.
 */
static const char *samples_within(const struct cdc_memory *memory, const char *text, const char *epoch, int64_t max_ms,
    struct sample *oldest)
{
	size_t n = strlen(epoch);

	if (!text || strncmp(text, epoch, n) != 0 || !cdc_memory_goes_on(memory))
		return NULL;
	for (const char *at = text + n, *next = at; *at; at = next) {
		if (!take_sample(&next, oldest))
			return NULL;
		if (oldest->at_ms >= 0 && oldest->at_ms <= memory->now_ms && memory->now_ms - oldest->at_ms <= max_ms)
			return at;
	}
	return NULL;
}

/* How many bytes of the samples stay: the newest is replaced while it is close to the one before it. */
static size_t length_kept(const char *samples, int64_t now_ms, int64_t max_ms)
{
	const char *newest = strrchr(samples, ','), *before = newest;
	struct sample sample;

	while (before > samples && *--before != ',')
		;
	if (newest == samples || !take_sample(&before, &sample) || now_ms - sample.at_ms >= max_ms / SAMPLES)
		return strlen(samples);
	return (size_t)(newest - samples);
}

bool cdc_memory_rate(struct cdc_memory *memory, const char *item, const char *series, const char *epoch, int64_t value,
    struct cdc_window window, int64_t *ret)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT, text = CDC_BUF_INIT;
	struct sample oldest = { .at_ms = memory->now_ms };
	const char *samples;
	cdc_num change;

	if (!memory->usable)
		return false;
	cdc_buf_add(&key, KEY_RATE);
	cdc_buf_add(&key, series);
	samples = samples_within(memory, cdc_memory_get(memory, item, key.text), epoch, window.max_ms, &oldest);
	cdc_buf_add(&text, epoch);
	if (samples)
		cdc_buf_add_bytes(&text, samples, length_kept(samples, memory->now_ms, window.max_ms));
	cdc_buf_addf(&text, ",%" PRId64 ":%" PRId64, memory->now_ms, value);
	cdc_memory_put(memory, item, key.text, text.text);
	if (!samples || memory->now_ms - oldest.at_ms < window.min_ms || memory->now_ms == oldest.at_ms)
		return false;
	change = (cdc_num)value - oldest.value;
	*ret = cdc_num_to_int(change * 1000 * CDC_NUM_ONE / (memory->now_ms - oldest.at_ms));
	return true;
}
