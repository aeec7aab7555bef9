select * from pg_replication_slots order by slot_name
