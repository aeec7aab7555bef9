/*
 * check_pg_slot: what kind of slot a row is about.
 */
#include "plugins/pg_slot_internal.h"

bool pg_slot_is_lost(const struct pg_slot *slot)
{
	return slot->invalidation_reason || (slot->wal_status && cdc_streq(slot->wal_status, "lost"));
}

bool pg_slot_is_copy(const struct pg_slot_server *server, const struct pg_slot *slot)
{
	/* on a promoted server `synced` stays true and means nothing any more */
	return server->standby && slot->synced;
}

bool pg_slot_is_unused(const struct pg_slot *slot)
{
	return !slot->restart_lsn.known && !pg_slot_is_lost(slot);
}
