"""Every condition that a replication slot or its server can be in, made on a real PostgreSQL.

    with pg_situations.make(lab, 17, "long-transaction") as case:
        case.server         # where a client is pointed at
        case.slots          # names of the slots that the situation is about, there or not
        case.primary        # the other server, where there is a pair

The situation lasts as long as the block (consumers, open transactions), and the block's end puts the shared servers
back: slots dropped, settings as before. Situations that spoil their server have one of their own.
"""

import contextlib
import threading

from lab import libpq, pg

MIB = pg.MIB
LIMIT = 4  # MiB, max_slot_wal_keep_size of the situations that pass it
WRITTEN = 8 * MIB  # passes LIMIT by more than the segments in use

_SITUATIONS = {}
# The server takes no connection of a plain role in these.
REFUSING = ["too-many-connections", "starting-up", "stopped"]


class Case:
    def __init__(self, server, *slots, primary=None, consumer=None):
        self.server, self.slots, self.primary, self.consumer = server, list(slots), primary, consumer

    @property
    def slot(self):
        return self.slots[0]

    def row(self, name=None):
        return self.server.slot(name or self.slot)


def names(major, answering=False):
    """The situations that exist on this version, in the order of this file; or those whose server answers queries."""
    return [name for name, (_, since) in _SITUATIONS.items()
            if major >= since and not (answering and name in REFUSING)]


def make(lab, major, name):
    """The context manager of one situation."""
    function, since = _SITUATIONS[name]
    assert major >= since, f"{name} does not exist before PostgreSQL {since}"
    return function(lab, major)


def _situation(since=10):
    """The function's name, with dashes, is the situation's. Its first line says what is so."""
    def register(function):
        manager = contextlib.contextmanager(function)
        _SITUATIONS[function.__name__.replace("_", "-")] = manager, since
        return manager
    return register


@contextlib.contextmanager
def _primary(lab, major):
    server = lab.primary(major)
    try:
        yield server
    finally:
        server.reset()


@contextlib.contextmanager
def _pair(lab, major):
    primary, standby = lab.pair(major)
    try:
        yield primary, standby
    finally:
        _reset_pair(primary, standby)


@contextlib.contextmanager
def _own_pair(lab, major):
    with lab.fresh(major) as primary:
        standby = lab.standby(primary)
        try:
            yield primary, standby
        finally:
            lab.remove(standby)


def _reset_pair(primary, standby):
    primary.reset()
    if any(slot.get("synced") == "t" for slot in standby.slots()):
        # Nobody but the synchronisation may drop them, and its worker sleeps for up to 30 s.
        standby.set(sync_replication_slots="off", hot_standby_feedback="on")
        pg.wait_for(lambda: _synchronise(standby), "synced slots dropped")
    standby.reset()


def _synchronise(standby):
    with contextlib.suppress(libpq.Error):  # the worker has not ended yet
        standby.sql("select pg_sync_replication_slots()")
    return not any(slot["synced"] == "t" for slot in standby.slots())


def _wait(server, slot, condition, what):
    pg.wait_for(lambda: (row := server.slot(slot)) and condition(row), f"{slot} {what}")


def _consumed(server, slot):
    """Waits until the consumer has confirmed nearly everything and restart_lsn could follow."""
    def near():
        server.log_standby_snapshot()
        return server.distance(slot, "confirmed_flush_lsn") < 64 * 1024
    pg.wait_for(near, f"{slot} consumed", pause=0.1)


# On a primary, slots that live

@_situation()
def healthy(lab, major):
    """A consumer is connected and confirms everything."""
    with _primary(lab, major) as server:
        server.create_slot("dbz")
        with server.consumer("dbz") as consumer:
            server.write_wal(MIB)
            _consumed(server, "dbz")
            pg.wait_for(lambda: server.distance("dbz") < MIB // 2 or server.log_standby_snapshot(), "restart_lsn")
            yield Case(server, "dbz", consumer=consumer)


@_situation()
def lagging(lab, major):
    """A consumer is connected and confirms nothing, while WAL is written."""
    with _primary(lab, major) as server:
        server.create_slot("dbz")
        with server.consumer("dbz", confirm=False) as consumer:
            server.write_wal(WRITTEN)
            yield Case(server, "dbz", consumer=consumer)


@_situation()
def inactive(lab, major):
    """Nobody is connected."""
    with _primary(lab, major) as server:
        server.create_slot("dbz")
        server.write_wal(MIB)
        yield Case(server, "dbz")


@_situation()
def long_transaction(lab, major):
    """An open transaction holds restart_lsn back, while the consumer confirms everything."""
    with _primary(lab, major) as server:
        server.create_slot("dbz")
        with server.consumer("dbz") as consumer, server.transaction():
            server.log_standby_snapshot()
            server.write_wal(WRITTEN)
            _consumed(server, "dbz")
            yield Case(server, "dbz", consumer=consumer)


@_situation()
def two_databases(lab, major):
    """A slot with its consumer in each of two databases."""
    with _primary(lab, major) as server:
        server.create_slot("dbz")
        server.create_slot("dbz_orders", database=pg.SECOND_DATABASE)
        with server.consumer("dbz") as consumer, server.consumer("dbz_orders", database=pg.SECOND_DATABASE):
            for slot in "dbz", "dbz_orders":
                _consumed(server, slot)
            yield Case(server, "dbz", "dbz_orders", consumer=consumer)


@_situation()
def pgoutput(lab, major):
    """As healthy, with the output plugin that Debezium uses, and rows that were changed and decoded."""
    with _primary(lab, major) as server:
        server.create_slot("dbz", plugin="pgoutput")
        with server.consumer("dbz", plugin="pgoutput") as consumer:
            server.sql("insert into changes (text) select 'row' from generate_series(1, 100)")
            _consumed(server, "dbz")
            yield Case(server, "dbz", consumer=consumer)


@_situation()
def creating(lab, major):
    """A slot in the making: it waits for a transaction to end, and has no confirmed_flush_lsn yet."""
    with _primary(lab, major) as server, server.transaction():
        with server.connect(replication="database") as session:
            worker = threading.Thread(target=_create_and_be_ended, args=(session,))
            worker.start()
            try:
                _wait(server, "dbz", lambda row: row["restart_lsn"], "begun")
                yield Case(server, "dbz")
            finally:
                server.sql(f"select pg_terminate_backend({session.pid})")
                worker.join()


def _create_and_be_ended(session):
    with contextlib.suppress(libpq.Error):
        session.execute("CREATE_REPLICATION_SLOT dbz LOGICAL test_decoding")


@_situation()
def temporary(lab, major):
    """A temporary slot beside a permanent one; it lasts as long as its session."""
    with _primary(lab, major) as server:
        server.create_slot("dbz")
        with server.temporary_slot("snapshot"):
            yield Case(server, "snapshot", "dbz")


@_situation()
def physical(lab, major):
    """Two physical slots: one that is streamed from and one that nobody uses."""
    with _primary(lab, major) as server:
        server.create_physical("replica")
        server.create_physical("replica_gone")
        with server.consumer("replica", physical=True) as consumer:
            server.write_wal(MIB)
            pg.wait_for(lambda: server.distance("replica") < MIB // 2, "replica streams")
            yield Case(server, "replica", "replica_gone", consumer=consumer)


@_situation()
def never_reserved(lab, major):
    """A physical slot that nobody has ever used: it has no restart_lsn and keeps nothing."""
    with _primary(lab, major) as server:
        if major >= 13:
            server.set(max_slot_wal_keep_size=f"{LIMIT}MB")
        server.create_physical("replica", reserve=False)
        server.write_wal(MIB)
        yield Case(server, "replica")


@_situation()
def no_slots(lab, major):
    """A server without any slot."""
    with _primary(lab, major) as server:
        yield Case(server)


@_situation()
def slots_used_up(lab, major):
    """As many slots as max_replication_slots allows."""
    with lab.fresh(major, max_replication_slots=10) as server:
        slots = [f"dbz_{number}" for number in range(10)]
        for slot in slots:
            server.create_slot(slot)
        yield Case(server, *slots)


# On a primary, on the way to a loss, and lost

@_situation(since=13)
def limited(lab, major):
    """max_slot_wal_keep_size is set and far away."""
    with _primary(lab, major) as server:
        server.set(max_slot_wal_keep_size="64MB")
        server.create_slot("dbz")
        server.write_wal(MIB)
        yield Case(server, "dbz")


@_situation(since=13)
def extended(lab, major):
    """More than max_wal_size is kept, and the slot's own limit is not reached."""
    with _primary(lab, major) as server:
        server.set(max_wal_size="4MB", max_slot_wal_keep_size="64MB")
        server.create_slot("dbz")
        server.write_wal(2 * WRITTEN)
        yield Case(server, "dbz")


@_situation(since=13)
def unreserved(lab, major):
    """The limit is passed: the next checkpoint takes the slot's WAL away."""
    with _primary(lab, major) as server:
        _pass_limit(server)
        yield Case(server, "dbz")


@_situation(since=13)
def lost_wal_removed(lab, major):
    """The limit was passed and a checkpoint has removed WAL."""
    with _primary(lab, major) as server:
        _pass_limit(server)
        server.checkpoint()
        yield Case(server, "dbz")


@_situation(since=13)
def lost_beside_healthy(lab, major):
    """A lost slot, and a healthy one with its consumer."""
    with _primary(lab, major) as server:
        _pass_limit(server, "dbz_lost")
        server.checkpoint()
        server.create_slot("dbz")
        with server.consumer("dbz") as consumer:
            _consumed(server, "dbz")
            yield Case(server, "dbz_lost", "dbz", consumer=consumer)


@_situation(since=18)
def lost_idle_timeout(lab, major):
    """idle_replication_slot_timeout has passed and a checkpoint has invalidated the slot."""
    with _primary(lab, major) as server:
        server.create_slot("dbz")
        server.set(idle_replication_slot_timeout="1s")

        def invalidated():
            server.checkpoint()
            return server.slot("dbz")["invalidation_reason"]
        pg.wait_for(invalidated, "idle timeout", pause=0.2)
        yield Case(server, "dbz")


def _pass_limit(server, slot="dbz"):
    server.set(max_slot_wal_keep_size=f"{LIMIT}MB")
    server.create_slot(slot)
    server.write_wal(WRITTEN)


@_situation()
def dropped(lab, major):
    """A slot was there, changes were decoded through it, and it was dropped."""
    with _primary(lab, major) as server:
        _use_and_drop(server)
        yield Case(server, "dbz")


@_situation()
def recreated(lab, major):
    """As dropped, and created again under the same name: changes may be missing."""
    with _primary(lab, major) as server:
        _use_and_drop(server)
        server.create_slot("dbz")
        yield Case(server, "dbz")


def _use_and_drop(server):
    server.create_slot("dbz")
    with server.consumer("dbz"):
        server.sql("insert into changes (text) values ('before')")
        _consumed(server, "dbz")
    _wait(server, "dbz", lambda row: row["active"] == "f", "released")
    server.drop_slot("dbz")


# On a standby

@_situation()
def standby(lab, major):
    """A standby without slots; its primary has one."""
    with _pair(lab, major) as (primary, server):
        primary.create_slot("dbz")
        server.caught_up()
        yield Case(server, "dbz", primary=primary)


@_situation(since=16)
def standby_healthy(lab, major):
    """A logical slot on a standby, with its consumer."""
    with _standby_slot(lab, major) as (primary, server):
        with server.consumer("dbz") as consumer:
            primary.write_wal(MIB)
            server.caught_up()
            pg.wait_for(lambda: server.distance("dbz", "confirmed_flush_lsn") < MIB // 2, "dbz consumed")
            yield Case(server, "dbz", primary=primary, consumer=consumer)


@_situation(since=16)
def standby_conflicting(lab, major):
    """A logical slot on a standby whose rows the primary has vacuumed away."""
    with _standby_slot(lab, major) as (primary, server):
        primary.sql("create table passing (id int)")
        primary.sql("drop table passing")
        primary.sql("vacuum pg_class, pg_attribute, pg_type")
        primary.write_wal(1)
        _wait(server, "dbz", _in_conflict, "in conflict")
        yield Case(server, "dbz", primary=primary)


@_situation(since=16)
def standby_wal_level(lab, major):
    """A logical slot on a standby whose primary was restarted with a wal_level below logical."""
    with _own_pair(lab, major) as (primary, server):
        server.create_slot("dbz")
        primary.sql("alter system set wal_level = 'replica'")
        primary.restart()
        _wait(server, "dbz", _in_conflict, "in conflict")
        yield Case(server, "dbz", primary=primary)


@_situation(since=16)
def standby_lost_wal_removed(lab, major):
    """A logical slot on a standby that has removed its WAL."""
    with _standby_slot(lab, major) as (primary, server):
        server.set(max_slot_wal_keep_size=f"{LIMIT}MB")
        primary.write_wal(WRITTEN)
        primary.checkpoint()
        server.caught_up()
        server.checkpoint()
        _wait(server, "dbz", lambda row: row["wal_status"] == "lost", "lost")
        yield Case(server, "dbz", primary=primary)


def _in_conflict(row):
    """Invalidated, and let go by the process that did it (until then wal_status is unreserved)."""
    return row["conflicting"] == "t" and row["wal_status"] == "lost"


@contextlib.contextmanager
def _standby_slot(lab, major):
    with _pair(lab, major) as (primary, server):
        server.create_slot("dbz")
        yield primary, server


# Failover slots (17 and later)

@_situation(since=17)
def failover_primary(lab, major):
    """The primary's side: a slot that standbys copy, and one that they do not, both with consumers."""
    with _pair(lab, major) as (primary, _):
        primary.create_slot("dbz", failover=True)
        primary.create_slot("dbz_local")
        with primary.consumer("dbz") as consumer, primary.consumer("dbz_local"):
            for slot in "dbz", "dbz_local":
                _consumed(primary, slot)
            yield Case(primary, "dbz", "dbz_local", primary=primary, consumer=consumer)


@_situation(since=17)
def synced(lab, major):
    """A standby's copy of a failover slot that would survive a promotion."""
    with _pair(lab, major) as (primary, server):
        _sync(primary, server)
        yield Case(server, "dbz", primary=primary)


@_situation(since=17)
def not_yet_synced(lab, major):
    """A standby's copy that stays temporary: the primary's slot is older than what the standby has."""
    with _pair(lab, major) as (primary, server):
        copy_unready(primary, server)
        yield Case(server, "dbz", primary=primary)


@_situation(since=17)
def not_synced_absent(lab, major):
    """Synchronisation runs, and the slot is none that it copies (failover is false)."""
    with _pair(lab, major) as (primary, server):
        primary.create_slot("dbz_other", failover=True)
        primary.create_slot("dbz")
        sync(primary, server, "dbz_other")
        yield Case(server, "dbz", "dbz_other", primary=primary)


@_situation(since=17)
def synced_lost(lab, major):
    """A standby's copy of a failover slot that the primary has lost."""
    with _pair(lab, major) as (primary, server):
        _sync(primary, server)
        primary.set(max_slot_wal_keep_size=f"{LIMIT}MB")
        primary.write_wal(WRITTEN)
        server.caught_up()
        pg.wait_for(lambda: primary.distance("standby") < MIB, "standby follows")
        primary.checkpoint()
        _start_sync(server)
        _wait(server, "dbz", lambda row: row["invalidation_reason"], "lost")
        yield Case(server, "dbz", primary=primary)


@_situation(since=17)
def promoted(lab, major):
    """A former standby, promoted after its copy of the slot was ready; the old primary is gone."""
    with _own_pair(lab, major) as (primary, server):
        _sync(primary, server)
        primary.stop()
        server.promote()
        yield Case(server, "dbz", primary=primary)


@_situation(since=17)
def promoted_unsynced(lab, major):
    """A former standby, promoted before its copy of the slot was ready: the slot went with the old primary."""
    with _own_pair(lab, major) as (primary, server):
        primary.create_slot("dbz")
        server.caught_up()
        primary.stop()
        server.promote()
        yield Case(server, "dbz", primary=primary)


def copy_unready(primary, server):
    """Makes a copy of dbz on the standby that stays temporary."""
    primary.create_slot("dbz", failover=True)
    primary.write_wal(3 * MIB)
    primary.log_standby_snapshot()
    primary.checkpoint()
    server.caught_up()
    server.checkpoint()
    _start_sync(server)
    _wait(server, "dbz", lambda row: row["temporary"] == "t", "copied")


def follow(former, primary):
    """A primary that was stopped in order becomes the standby of the one that took over; it keeps its own slots."""
    primary.create_physical("former")
    former.configure(primary_slot_name="former", sync_replication_slots="on", hot_standby_feedback="on",
                     primary_conninfo=libpq.conninfo(host=primary.host, port=primary.port, user=pg.SUPERUSER,
                                                     dbname="postgres"))
    former.upstream = primary
    former.lab.own(former.directory)
    former.start()


def _sync(primary, server):
    primary.create_slot("dbz", failover=True)
    sync(primary, server, "dbz")


def _start_sync(server):
    server.set(sync_replication_slots="on", hot_standby_feedback="on")
    server.restart()  # the worker begins at once only then; else it may wait for 10 s, or sleep for 30 s


def sync(primary, server, slot):
    """Turns the synchronisation on and waits until the standby's copy of the slot would survive a promotion."""
    _start_sync(server)

    def ready():
        primary.log_standby_snapshot()
        row = server.slot(slot)
        return row and row["synced"] == "t" and row["temporary"] == "f"
    pg.wait_for(ready, f"{slot} synced", pause=0.1)


# Servers that refuse

@_situation()
def too_many_connections(lab, major):
    """Every connection that is not reserved for superusers is taken (SQLSTATE 53300)."""
    with lab.fresh(major, max_connections=8, max_wal_senders=4) as server, contextlib.ExitStack() as taken:
        server.create_slot("dbz")
        with contextlib.suppress(libpq.Error):
            while True:
                taken.enter_context(server.connect(user=pg.PLAIN))
        yield Case(server, "dbz")


@_situation()
def starting_up(lab, major):
    """The server has begun to recover and takes no connection yet (SQLSTATE 57P03)."""
    with lab.fresh(major, start=False, restore_command="exec sleep 5") as server:
        server.start(wait=False)
        pg.wait_for(lambda: libpq.ping(host=server.host, port=server.port, user=pg.SUPERUSER) == libpq.PING_REJECT, "start")
        yield Case(server, "dbz")


@_situation()
def stopped(lab, major):
    """No server runs; the directory of its socket is there."""
    with lab.fresh(major) as server:
        server.stop()
        yield Case(server, "dbz")
