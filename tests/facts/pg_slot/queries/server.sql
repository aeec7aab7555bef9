select current_setting('server_version_num') as server_version_num, pg_is_in_recovery() as in_recovery,
       current_setting('max_replication_slots') as max_replication_slots,
       current_setting('max_slot_wal_keep_size', true) as max_slot_wal_keep_size,
       case when pg_is_in_recovery() then coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
            else pg_current_wal_lsn() end as current_lsn,
       pg_postmaster_start_time() as started, now() as now
