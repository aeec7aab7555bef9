/*
 * What memory.c and memory_text.c share. No other file includes it.
 */
#ifndef CDC_MEMORY_INTERNAL_H
#define CDC_MEMORY_INTERNAL_H

#include "plugin/memory.h"

/* The link of an item, which is new if there was none of that name; the name must last as long as the entries. */
uint32_t cdc_entries_item(struct cdc_entries *entries, const char *name);

/* Adds an entry of an item (by its link), or replaces the one of that key; the texts must last as well. */
void cdc_entries_add(struct cdc_entries *entries, uint32_t item, const char *key, const char *value);

#endif
