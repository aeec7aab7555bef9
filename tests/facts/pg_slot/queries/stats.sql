-- since: 14
select * from pg_stat_replication_slots order by slot_name
