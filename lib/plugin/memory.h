/*
 * What a check remembers between its runs, as data: entries (item, key) -> text. `old` is what the last run left,
 * `now` what this run leaves; nothing goes from one to the other by itself, so what is not seen again is forgotten
 * unless it is carried. Reading and writing the file is statefile.h's; nothing here does I/O or looks at a clock.
 *
 * A zeroed memory has no file behind it: usable is false, every look-up is empty.
 */
#ifndef CDC_MEMORY_H
#define CDC_MEMORY_H

#include "base/buf.h"
#include "value/num.h"

/* One thing that the last run left of an item. */
struct cdc_entry {
	const char *key, *value;
	uint32_t next; /* of the same item, as all such links: its index + 1; 0: none */
};

struct cdc_remembered {
	const char *name;
	uint32_t first, last; /* of its entries */
};

/* All that the last run left: items in the order of the file, found by a hash table, each with its entries. */
struct cdc_entries {
	struct cdc_entry *at;
	size_t count, capacity;
	struct cdc_remembered *items;
	size_t item_count, item_capacity;
	uint32_t *slots; /* of the hash table, a power of two: links to items */
	size_t slot_count;
	char *text; /* what everything points into */
};

struct cdc_memory {
	struct cdc_entries old;
	struct cdc_buf now;  /* the text of the next state file so far; a later entry replaces an earlier one */
	char *now_item;      /* whose entries come next in it */
	bool usable;         /* what is put now will be there in the next run; else nothing is put */
	int64_t now_ms;      /* wall clock of this run, or the clock of what it asks; all below is by the same */
	int64_t previous_ms; /* wall clock of the last run; 0 when there was none */
	bool anew;           /* cdc_memory_epoch: what was watched began anew since the last run */
};

void cdc_memory_release(struct cdc_memory *memory);

/* The last run's value, or NULL. */
const char *cdc_memory_get(const struct cdc_memory *memory, const char *item, const char *key);

/* The same as an integer; false when there is none. */
bool cdc_memory_get_int(const struct cdc_memory *memory, const char *item, const char *key, int64_t *ret);

/* The item's index in old.items, or SIZE_MAX when the last run left nothing of it. */
size_t cdc_memory_index(const struct cdc_memory *memory, const char *item);

/* Goes through what the last run left of an item, beginning with NULL; NULL at the end. */
const struct cdc_entry *cdc_memory_next(const struct cdc_memory *memory, const char *item, const struct cdc_entry *last);

/* Leaves a value for the next run (all texts copied). What is put of one item in a row takes least room. */
void cdc_memory_put(struct cdc_memory *memory, const char *item, const char *key, const char *value);
void cdc_memory_put_int(struct cdc_memory *memory, const char *item, const char *key, int64_t value);

/*
 * Leaves one entry of the last run, or all of an item, for the next run as they were: without its timers where they
 * must stop, and without its rates in another epoch.
 */
void cdc_memory_carry(struct cdc_memory *memory, const char *item, const char *key);
void cdc_memory_carry_item(struct cdc_memory *memory, const char *item, bool timers);

/*
 * Says which run of the server this is (its start, its timeline): with another one than in the last run all timers
 * and rates start anew (interface.md section 6). To be called before the first of them.
 */
void cdc_memory_epoch(struct cdc_memory *memory, const char *epoch);

/*
 * True if timers and rates of the last run may go on: the clock did not go backwards and it is the same epoch. For what
 * a plugin keeps by itself.
 */
bool cdc_memory_goes_on(const struct cdc_memory *memory);

/*
 * How long a pause between runs may be, in milliseconds, for a timer of that duration to go on: three times as long, and
 * never less than 15 minutes (interface.md section 1).
 */
int64_t cdc_memory_longest_pause(int64_t duration_ms);

/*
 * Since when, by the wall clock, every run saw what `name` stands for; now_ms when it was not seen in the last run,
 * when the clock went backwards, in another epoch, or when the last run is longer ago than longest_pause_ms (interface.md section 1).
 * Calling it is seeing it. -1 when the memory is not usable.
 */
int64_t cdc_memory_since(struct cdc_memory *memory, const char *item, const char *name, int64_t longest_pause_ms);

/* How a rate is computed: from at most max_ms ago, never from less than min_ms. */
struct cdc_window {
	int64_t min_ms, max_ms;
};

/*
 * Remembers a sample of a series and computes its change per second over the window, in whole units. A sample with
 * another epoch (when the counter was last reset; "" where cdc_memory_epoch says all), or a clock that went backwards,
 * starts anew. False when there is no rate yet.
 */
bool cdc_memory_rate(struct cdc_memory *memory, const char *item, const char *series, const char *epoch, int64_t value,
    struct cdc_window window, int64_t *ret);

/*
 * Ends the text that was put and returns it; it belongs to the memory, and nothing may be put behind it. identity says
 * which check it belongs to.
 */
const struct cdc_buf *cdc_memory_seal(struct cdc_memory *memory, const char *identity);

/*
 * Reads a sealed text, from malloc(3), which is taken over in any case. Fills memory->old and previous_ms; returns -1
 * and says why when the text is damaged, of another version or of another check, and leaves the memory as it was.
 */
int cdc_memory_parse(char *text, const char *identity, struct cdc_memory *memory, struct cdc_err *err) CDC_MUST_USE;

/*
 * Names state files, finds names and tells damage; no security in it. Multiplication by an odd number, eight bytes at a
 * time, so that a change of a single word always shows.
 */
uint64_t cdc_memory_hash(const char *text, size_t n);

#endif
