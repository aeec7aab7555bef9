# Part of contrib/demo/run: replication slots of a PostgreSQL server, from healthy to lost.
# shellcheck shell=sh disable=SC2086,SC2154 # the words of $as_postgres and $check are arguments; run sets $scratch

heading "A throw-away PostgreSQL with replication slots"

as_postgres=$(run_as postgres)
bin=
for directory in /usr/lib/postgresql/*/bin; do
	[ ! -x "$directory/initdb" ] || bin=$directory
done
[ -n "$bin" ] || die "no PostgreSQL server in /usr/lib/postgresql"
socket=$scratch/socket
mkdir "$scratch/pg" "$socket"
[ "$(id -u)" -ne 0 ] || chown postgres "$scratch/pg" "$socket"
chmod 755 "$scratch" "$socket"

sql() {
	"$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$socket" -U postgres -d postgres -c "$1" >/dev/null
}

slot() {
	sql "select pg_create_logical_replication_slot('$1', 'test_decoding')"
}

# A message in the WAL that only a decoder would notice.
write_mib() {
	sql "select pg_logical_emit_message(true, 'demo', repeat('x', 1024 * 1024)) from generate_series(1, $1)"
}

consume() {
	$as_postgres "$bin/pg_recvlogical" -h "$socket" -U postgres -d postgres -S "$1" --start -f /dev/null \
		-F "$2" -s "$2" >"$scratch/consumer-$1.log" 2>&1 &
	at_end "kill $!"
}

# Small WAL segments and no checkpoint but ours: a slot is lost within a second.
quietly $as_postgres "$bin/initdb" -D "$scratch/pg/data" -U postgres -A trust -N -E UTF8 --no-locale --wal-segsize=1
cat >>"$scratch/pg/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$socket'
wal_level = logical
min_wal_size = 2MB
checkpoint_timeout = 1d
wal_sender_timeout = 0
fsync = off
END
at_end "$as_postgres $bin/pg_ctl -D $scratch/pg/data -m immediate stop"
quietly $as_postgres "$bin/pg_ctl" -D "$scratch/pg/data" -l "$scratch/pg/log" -w start
"$bin/postgres" --version

# The plugin needs a role that may log in, and nothing more.
sql "create role monitoring login"

slot dbz_lost
sql "alter system set max_slot_wal_keep_size = '4MB'"
sql "select pg_reload_conf()"
write_mib 8
sql "checkpoint"
sql "alter system set max_slot_wal_keep_size = '64MB'"
sql "select pg_reload_conf()"

slot dbz_inactive
slot dbz_lagging
slot dbz_healthy
consume dbz_lagging 0 # 0: it never reports what it has received
write_mib 12
consume dbz_healthy 1

# Until the healthy one has confirmed what was written: restart_lsn follows when running transactions are logged.
confirmed() {
	sql "checkpoint"
	sql "do \$\$ begin
	     assert (select bool_and(active and (slot_name = 'dbz_lagging'
	                             or pg_current_wal_lsn() - confirmed_flush_lsn + pg_current_wal_lsn() - restart_lsn < 65536))
	             from pg_replication_slots where slot_name in ('dbz_healthy', 'dbz_lagging')); end \$\$" 2>/dev/null
}
tries=0
until confirmed; do
	tries=$((tries + 1))
	[ "$tries" -lt 60 ] || die "the consumers did not start: $(cat "$scratch"/consumer-*.log)"
	sleep 0.5
done

heading "check_pg_slot"
check="check_pg_slot -H $socket -u monitoring"
show OK "a consumer is connected and confirms what it gets" $check -s dbz_healthy
show WARNING "a consumer is connected and confirms nothing; more than 8 MiB is kept" $check -s dbz_lagging -w 8MiB
show WARNING "nobody is connected; --grace=0 gives nobody time to come back" $check -s dbz_inactive --grace=0
show CRITICAL "its WAL was removed: changes are gone" $check -s dbz_lost
show CRITICAL "a slot that is not there" $check -s nowhere
show CRITICAL "all slots at once" $check
show UNKNOWN "an option that does not exist" $check --nonsense
