# Part of contrib/demo/run: a pipeline of PostgreSQL, Debezium, Kafka Connect and Kafka, for check_connect_status and
# check_cdc_lag. The laboratory of the tests starts it.
# shellcheck shell=sh disable=SC2086,SC2154 # the words of the checks are arguments; run sets $scratch and $here

heading "A throw-away pipeline: PostgreSQL, Debezium, Kafka Connect, Kafka (the first time, this downloads 200 MB)"

mkfifo "$scratch/orders"
/usr/bin/python3 "$here/pipeline.py" <"$scratch/orders" >"$scratch/answers" 2>"$scratch/pipeline.log" &
pipeline=$!
trap '' PIPE # a pipeline that has ended is told by what it left in its log
exec 3>"$scratch/orders"
# it ends with its orders, and midway only while it starts
addresses=
at_end 'exec 3>&-; [ -n "$addresses" ] || kill "$pipeline"; wait "$pipeline"'

# Waits for the pipeline's next answer, which becomes $answer.
answers=0
wait_answer() {
	answers=$((answers + 1))
	until [ "$(wc -l <"$scratch/answers")" -ge "$answers" ]; do
		kill -0 "$pipeline" 2>/dev/null || die "the pipeline has ended: $(tail -n 20 "$scratch/pipeline.log")"
		sleep 0.1
	done
	answer=$(sed -n "${answers}p" "$scratch/answers")
}

tell() {
	echo "$1" >&3 || true
	wait_answer
}

wait_answer
addresses=$answer
connect="check_connect_status --url=${addresses% *} --connector=orders"
lag="check_cdc_lag --metrics-url=${addresses#* } --server=orders"

tell write
show OK "all runs: the connector and its only task" $connect --tasks=1
show OK "and changes arrive: how old the last one was when Debezium saw it" $lag

heading "The database stops"
tell stop
show OK "Connect says RUNNING, for Debezium tries to connect again and again" $connect
show WARNING "but the connector's metrics are gone; a restart of the task looks so for a while" $lag
show CRITICAL "for longer than a restart takes, that is an alarm: nothing is captured" $lag --grace=0

heading "The database is back"
tell start
tell write
show OK "the connector runs, as it always said" $connect --tasks=1
show OK "and changes arrive again" $lag
