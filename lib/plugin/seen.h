/*
 * Which names were seen, in 16 bytes a name: a set of their 64-bit hashes (cdc_memory_hash). Two of a million names
 * share a hash with a probability of one in thirty million; nothing may hang on it that a look at the names would not
 * show.
 */
#ifndef CDC_SEEN_H
#define CDC_SEEN_H

#include "base/base.h"

/* A zeroed set is empty. */
struct cdc_seen {
	uint64_t *slots; /* 0: free */
	size_t count, capacity;
};

/* Adds the name; true if it was not there yet. */
bool cdc_seen_add(struct cdc_seen *seen, const char *name);
bool cdc_seen_has(const struct cdc_seen *seen, const char *name);
void cdc_seen_release(struct cdc_seen *seen);

#endif
