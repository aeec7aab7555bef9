# Part of contrib/demo/run: a MariaDB server with old binary logs and a replica, for check_mysql_gtid and
# check_binlog_retention.
# shellcheck shell=sh disable=SC2086,SC2154 # the words of $as_nobody and of the checks are arguments; run sets $scratch

heading "A throw-away MariaDB with binary logs of some days, and a replica"

as_nobody=$(run_as nobody)
mariadbd=$(command -v mariadbd || echo /usr/sbin/mariadbd)
chmod 755 "$scratch"
port=$((20000 + $$ % 10000))

# start NAME ID PORT: a server with its data in $scratch/NAME, its socket $scratch/NAME/s
start_mariadb() {
	mkdir "$scratch/$1"
	[ "$(id -u)" -ne 0 ] || chown nobody "$scratch/$1"
	# a server that starts removes the temporary tables of every other one that has the same TMPDIR
	as_owner="$as_nobody TMPDIR=$scratch/$1"
	quietly $as_owner mariadb-install-db --no-defaults --datadir="$scratch/$1/data" --skip-test-db \
		--auth-root-authentication-method=normal
	$as_owner "$mariadbd" --no-defaults --datadir="$scratch/$1/data" --socket="$scratch/$1/s" --port="$3" \
		--bind-address=127.0.0.1 --server-id="$2" --log-bin=binlog --log-slave-updates --binlog-format=ROW \
		--pid-file="$scratch/$1/pid" --innodb-buffer-pool-size=16M --skip-name-resolve \
		>"$scratch/$1.log" 2>&1 &
	at_end "kill $!; wait $!"
	tries=0
	until sql "$1" "SELECT 1" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 60 ] || die "MariaDB does not start: $(cat "$scratch/$1.log")"
		sleep 0.5
	done
	sql "$1" "SET SESSION sql_log_bin = 0; DELETE FROM mysql.global_priv WHERE User = ''; FLUSH PRIVILEGES"
}

sql() {
	mariadb --no-defaults -s -N -u root -S "$scratch/$1/s" -e "$2"
}

"$mariadbd" --version
start_mariadb primary 1 "$port"
start_mariadb replica 2 "$((port + 1))"

# The plugins need an account that may look at binary logs and replication, and nothing more.
sql primary "SET SESSION sql_log_bin = 0; CREATE USER monitoring; GRANT BINLOG MONITOR, SLAVE MONITOR ON *.* TO monitoring;
	CREATE USER replica; GRANT REPLICATION SLAVE ON *.* TO replica"
sql replica "SET SESSION sql_log_bin = 0; CREATE USER monitoring; GRANT BINLOG MONITOR, SLAVE MONITOR ON *.* TO monitoring"
sql replica "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=$port, MASTER_USER='replica',
	MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1; START SLAVE"

# A file says in its first event when it was begun: these say five days, three days, and now.
days() {
	echo $(($(date +%s) - $1 * 86400))
}
sql primary "CREATE DATABASE shop; CREATE TABLE shop.orders (id int PRIMARY KEY); INSERT INTO shop.orders VALUES (1)"
lost=$(sql primary "SELECT @@gtid_binlog_pos")
sql primary "INSERT INTO shop.orders VALUES (2); SET timestamp = $(days 5); FLUSH BINARY LOGS"
sql primary "INSERT INTO shop.orders VALUES (3); SET timestamp = $(days 3); FLUSH BINARY LOGS"
sql primary "INSERT INTO shop.orders VALUES (4); FLUSH BINARY LOGS"
behind=$(sql primary "SELECT @@gtid_binlog_pos")
sql primary "INSERT INTO shop.orders VALUES (5), (6)"
purged() {
	sql primary "FLUSH ENGINE LOGS; PURGE BINARY LOGS TO 'binlog.000002'"
	[ "$(sql primary "SHOW BINARY LOGS" | head -n 1 | cut -f 1)" = binlog.000002 ]
}
copied() {
	[ "$(sql replica "SELECT COUNT(*) FROM shop.orders" 2>/dev/null)" = 6 ]
}
tries=0
until purged && copied; do
	tries=$((tries + 1))
	[ "$tries" -lt 60 ] || die "the scene is not set: $(sql replica "SHOW SLAVE STATUS")"
	sleep 0.5
done
sql primary "SET GLOBAL binlog_expire_logs_seconds = 5 * 86400"

heading "check_binlog_retention"
check="check_binlog_retention -s $scratch/primary/s -u monitoring"
show WARNING "logs are kept for five days, and seven are wanted" $check
show OK "four are enough here" $check -w 4d: -c 2d:
show WARNING "a reader that stopped in the oldest file: it is removed two days after the next one was begun" \
	check_binlog_retention -s "$scratch/primary/s" -u root --probe-binlog -w 4d: --binlog-file=binlog.000002 \
	--warning-time-to-loss=3d:
show CRITICAL "its file is not there any more" $check -w 4d: --binlog-file=binlog.000001
show OK "what is really there: the first event of the oldest file says when it was begun" \
	check_binlog_retention -s "$scratch/primary/s" -u root --probe-binlog -w 4d: --critical-oldest=4d:
show UNKNOWN "the same without REPLICATION SLAVE" $check -w 4d: --probe-binlog --critical-oldest=4d:

sql primary "SET GLOBAL binlog_format = 'MIXED'"
show CRITICAL "changes that are not logged row by row cannot be read" $check -w 4d:
sql primary "SET GLOBAL binlog_format = 'ROW'; SET SESSION sql_log_bin = 0;
	CREATE TABLE mysql.rds_configuration (name varchar(100) PRIMARY KEY, value varchar(100), description varchar(300));
	INSERT INTO mysql.rds_configuration VALUES ('binlog retention hours', NULL, '');
	GRANT SELECT ON mysql.rds_configuration TO monitoring"
show CRITICAL "as on RDS, where hours that nobody has set overrule the variables" $check

heading "check_mysql_gtid"
check="check_mysql_gtid -H 127.0.0.1 -P $port -u monitoring"
candidate="--candidate=127.0.0.1:$((port + 1))"
show OK "a reader that is one transaction behind, and a server to fail over to" $check --gtid-set="$behind" $candidate
show CRITICAL "a reader that was away for too long: what it needs is purged" $check --gtid-set="$lost"
show CRITICAL "a reader of another server" $check --gtid-set=7-77-777
sql replica "INSERT INTO shop.orders VALUES (100)"
show WARNING "somebody wrote to the replica" $check $candidate
sql replica "STOP SLAVE"
show WARNING "and it does not replicate any more" $check --on errant=ok $candidate
