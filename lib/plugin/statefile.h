/*
 * The state file: one per check, in the state directory, read and written under a lock (interface.md section 6).
 *
 * Nothing here can fail the check: where the file cannot be used, memory.usable stays false and the note says why, and
 * the check judges from one look. The file is replaced by rename(2) after fsync(2), never followed through a symbolic
 * link, trusted only when the effective user owns it, and set aside as NAME.damaged when it cannot be understood.
 */
#ifndef CDC_STATEFILE_H
#define CDC_STATEFILE_H

#include "plugin/memory.h"

struct cdc_statefile {
	int dir_fd, lock_fd, new_fd; /* -1: not open */
	bool damaged;                /* what was there could not be understood */
	char name[160];              /* without directory and suffix */
	char *identity;
	struct cdc_buf note; /* what went wrong, for the user; empty: nothing */
};

#define CDC_STATEFILE_INIT                                                                                   \
	{ .dir_fd = -1, .lock_fd = -1, .new_fd = -1, .note = CDC_BUF_LIMITED(300) }

/*
 * Opens and locks the file of the check that `identity` names (plugin, target and selection; no secret in it) in dir,
 * reads it into *memory (whose now_ms is set) unless forget is true, and reserves room for writing, so that a full
 * disk is known before anything is judged. Waits for the lock at most wait_ms.
 */
void cdc_statefile_open(struct cdc_statefile *file, const char *dir, const char *plugin, const char *identity,
    bool forget, int64_t wait_ms, struct cdc_memory *memory);

/* Writes what the memory leaves for the next run, where that is possible; a failure adds to the note. */
void cdc_statefile_save(struct cdc_statefile *file, struct cdc_memory *memory);

/* Gives up the lock and what was reserved. */
void cdc_statefile_release(struct cdc_statefile *file);

#endif
