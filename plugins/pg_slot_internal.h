/*
 * What the files of check_pg_slot's pure part share: the names of its metrics and conditions.
 */
#ifndef PG_SLOT_INTERNAL_H
#define PG_SLOT_INTERNAL_H

#include "plugins/pg_slot.h"

enum pg_slot_metric {
	RETAINED,
	LAG,
	HEADROOM,
	TIME_TO_LOSS,
	INACTIVE,
	FROZEN,
	SPILL,
	CATALOG_XMIN_AGE,
	XMIN_AGE,
	SYNC_AGE,
	ACTIVE,
	WAL_RATE,
	SLOTS_USED,
	PG_SLOT_METRICS
};

enum pg_slot_condition {
	LOST = CDC_COND_OWN,
	UNRESERVED,
	EXTENDED,
	IDLE,
	UNLIMITED,
	RECREATED,
	NOT_SYNCED,
	FAILOVER_OFF,
	STANDBY
};

enum pg_slot_label { LABEL_SLOT, LABEL_PLUGIN, LABEL_TYPE, LABEL_DATABASE };

/* The first answer alone; the rest of the facts stays as it is. Texts borrow from the rows. */
int pg_slot_parse_slots(const struct cdc_rows *rows, int version, struct pg_slot_facts *ret, struct cdc_err *err)
    CDC_MUST_USE;

bool pg_slot_is_lost(const struct pg_slot *slot);

/* True if the slot is a copy that a standby keeps of a slot of its primary. */
bool pg_slot_is_copy(const struct pg_slot_server *server, const struct pg_slot *slot);

/* True if the slot has never reserved WAL: it was created so, and nobody has used it. */
bool pg_slot_is_unused(const struct pg_slot *slot);

/*
 * Compares a slot with what the last runs saw of it, raises `recreated` where there is evidence, and leaves what the
 * next run must know.
 */
void pg_slot_compare(const struct pg_slot_facts *facts, const struct pg_slot *slot, struct cdc_item *item,
    struct cdc_check *check);

/* pg_slot_loss.c: each raises and sets what its name says. */
void pg_slot_judge_lost(const struct pg_slot *slot, struct cdc_item *item);
void pg_slot_judge_headroom(const struct pg_slot_config *config, const struct pg_slot_server *server,
    const struct pg_slot *slot, struct cdc_item *item, struct cdc_check *check);
void pg_slot_judge_idle_timeout(const struct pg_slot_server *server, const struct pg_slot *slot, int64_t idle_ms,
    struct cdc_item *item);

/* True if max_slot_wal_keep_size limits what a slot may retain. */
bool pg_slot_has_limit(const struct pg_slot_server *server);

/* pg_slot_progress.c */
void pg_slot_judge_distances(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item);
void pg_slot_judge_frozen(const struct pg_slot_server *server, const struct pg_slot *slot, struct cdc_item *item,
    struct cdc_check *check);
void pg_slot_judge_spill(const struct pg_slot *slot, struct cdc_item *item, struct cdc_check *check);

#endif
