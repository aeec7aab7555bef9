#include "plugin/seen.h"

#include <stdlib.h>

#include "plugin/memory.h"

static uint64_t hash_of(const char *name)
{
	uint64_t hash = cdc_memory_hash(name, strlen(name));

	return hash ? hash : 1;
}

/* Where the hash is, or where it belongs. There is always a free slot. */
static size_t find(const struct cdc_seen *seen, uint64_t hash)
{
	size_t i = (size_t)hash & (seen->capacity - 1);

	while (seen->slots[i] && seen->slots[i] != hash)
		i = (i + 1) & (seen->capacity - 1);
	return i;
}

static void grow(struct cdc_seen *seen)
{
	struct cdc_seen larger = { .count = seen->count, .capacity = seen->capacity ? 2 * seen->capacity : 64 };

	larger.slots = cdc_alloc(larger.capacity, sizeof(*larger.slots));
	for (size_t i = 0; i < seen->capacity; i++)
		if (seen->slots[i])
			larger.slots[find(&larger, seen->slots[i])] = seen->slots[i];
	free(seen->slots);
	*seen = larger;
}

bool cdc_seen_add(struct cdc_seen *seen, const char *name)
{
	uint64_t hash = hash_of(name);
	size_t at;

	if (2 * seen->count >= seen->capacity)
		grow(seen);
	at = find(seen, hash);
	if (seen->slots[at])
		return false;
	seen->slots[at] = hash;
	seen->count++;
	return true;
}

bool cdc_seen_has(const struct cdc_seen *seen, const char *name)
{
	return seen->capacity && seen->slots[find(seen, hash_of(name))] != 0;
}

void cdc_seen_release(struct cdc_seen *seen)
{
	free(seen->slots);
	*seen = (struct cdc_seen){ 0 };
}
