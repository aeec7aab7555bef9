#include "client/my_internal.h"

#include "cdc/binlog_dump.h"
#include "client/my_binlog.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

/* Where a file's first event begins, behind its magic number. */
#define FIRST_POS 4
#define NAME_MAX_LEN 512
/* A file that is no longer than this is read to its end: a server counts and logs who leaves in the middle. */
#define POLITE_MAX ((size_t)256 << 10)
#define POLITE_MS  250

/*
 * The library's calls for replication block. A timer shuts the connection down when the deadline passes, so that they
 * come back whatever a server sends, over TLS too. By a signal, for a thread costs more than all the rest of a probe.
 */
struct watch {
	timer_t timer;
	bool armed;
};

static void shut_down(int number CDC_UNUSED, siginfo_t *info, void *context CDC_UNUSED)
{
	int error = errno;

	shutdown(info->si_value.sival_int, SHUT_RDWR);
	errno = error;
}

static void watch_set(struct watch *watch, int64_t left_ms)
{
	struct itimerspec when = { .it_value = { .tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000 } };

	if (watch->armed)
		timer_settime(watch->timer, 0, &when, NULL);
}

static void watch_start(struct watch *watch, int socket, int64_t left_ms)
{
	struct sigaction action = { .sa_sigaction = shut_down, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN,
		.sigev_value.sival_int = socket };

	sigset_t set;

	/* a parent may have blocked it */
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	watch->armed = left_ms > 0 && sigaction(SIGRTMIN, &action, NULL) == 0 &&
	    sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && timer_create(CLOCK_MONOTONIC, &event, &watch->timer) == 0;
	if (watch->armed)
		watch_set(watch, left_ms);
	else
		shutdown(socket, SHUT_RDWR);
}

static void watch_stop(struct watch *watch)
{
	if (watch->armed)
		timer_delete(watch->timer);
}

#ifdef LIBMARIADB

/*
 * The library's own mariadb_rpl_open() turns server_id 0 into 1 when asked not to wait, and its parser refuses the
 * format description of MySQL 5.6 and 5.7; so the command is sent, and its packets are read, here.
 */
struct dump {
	MYSQL *conn;
};

bool cdc_my_can_probe(void)
{
	return true;
}

static int socket_of(MYSQL *conn)
{
	return mysql_get_socket(conn);
}

static bool dump_open(struct dump *dump, MYSQL *conn, const char *file)
{
	char command[10 + NAME_MAX_LEN] = { FIRST_POS }; /* position, 4 bytes; flags 0, 2 bytes; server_id 0, 4 bytes */
	size_t len = strlen(file);

	dump->conn = conn;
	memcpy(command + 10, file, len);
	return conn->methods->db_command(conn, COM_BINLOG_DUMP, command, 10 + len, 1, NULL) == 0;
}

/* The next packet: its status byte and an event. False for an error of the server's or the library's. */
static bool dump_next(struct dump *dump, const unsigned char **ret, size_t *n)
{
	unsigned long len = mysql_net_read_packet(dump->conn);

	if (len == packet_error)
		return false;
	*ret = dump->conn->net.read_pos;
	*n = len;
	return true;
}

#else

static int socket_of(MYSQL *conn)
{
	return (int)conn->net.fd;
}

#ifdef HAVE_MYSQL_BINLOG_OPEN

struct dump {
	MYSQL *conn;
	MYSQL_RPL stream;
};

bool cdc_my_can_probe(void)
{
	return true;
}

static bool dump_open(struct dump *dump, MYSQL *conn, const char *file)
{
	*dump = (struct dump){ .conn = conn,
		.stream = { .file_name = file, .file_name_length = strlen(file), .start_position = FIRST_POS } };
	return mysql_binlog_open(conn, &dump->stream) == 0;
}

static bool dump_next(struct dump *dump, const unsigned char **ret, size_t *n)
{
	if (mysql_binlog_fetch(dump->conn, &dump->stream) != 0)
		return false;
	*ret = dump->stream.buffer;
	*n = dump->stream.size;
	return true;
}

#else

/* The shared library of MySQL 8.0 does not export its calls for replication. */
struct dump {
	MYSQL *conn;
};

bool cdc_my_can_probe(void)
{
	return false;
}

static bool dump_open(struct dump *dump CDC_UNUSED, MYSQL *conn CDC_UNUSED, const char *file CDC_UNUSED)
{
	return false;
}

static bool dump_next(struct dump *dump CDC_UNUSED, const unsigned char **ret CDC_UNUSED, size_t *n CDC_UNUSED)
{
	return false;
}

#endif
#endif

/* The server or the library said no: an answer, a time-out, or a lost connection. */
static int failed(struct cdc_my *my, struct cdc_run *run, const char *file, struct cdc_my_probe *ret,
    struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_LIMITED(sizeof(ret->message) - 1);
	unsigned error = mysql_errno(my->conn);

	my->broken = true;
	if (cdc_deadline_left_ms(&run->deadline) == 0)
		return cdc_fail(err, CDC_ERR_TIMEOUT, "timed out while reading the beginning of %s from %s (--timeout)",
		    file, my->target);
	if (error == 0 || (error >= 2000 && error < 3000) || cdc_my_kind_of(error) == CDC_ERR_UNREACHABLE)
		return cdc_fail(err, error ? cdc_my_kind_of(error) : CDC_ERR_UNREACHABLE,
		    "%s: reading the beginning of %s failed: %s (error %u)", my->target, file,
		    error ? mysql_error(my->conn) : "the connection broke", error);
	if (cdc_my_is_right_missing(error))
		cdc_buf_addf(&text, "GRANT REPLICATION SLAVE ON *.* TO %s: ", my->user ? my->user : "this account");
	cdc_buf_add(&text, mysql_error(my->conn));
	*ret = (struct cdc_my_probe){ .refused = true, .error = error };
	snprintf(ret->message, sizeof(ret->message), "%s", text.text);
	return 0;
}

static int not_understood(const char *file, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_PROTOCOL, "the beginning of %s is no format description event", file);
}

/* Reads the rest of a short file; of a long one nothing more is taken, and nothing is waited for. */
static void read_rest(struct cdc_my *my, struct dump *dump, struct cdc_binlog_dump *found, struct watch *watch,
    int64_t left_ms)
{
	const unsigned char *packet;
	size_t n = 0;

	watch_set(watch, left_ms < POLITE_MS ? left_ms + 1 : POLITE_MS);
	for (size_t bytes = 0; bytes < POLITE_MAX; bytes += n) {
		if (!dump_next(dump, &packet, &n))
			break;
		if (cdc_binlog_dump_take(found, packet, n) == CDC_BINLOG_END)
			return;
	}
	my->broken = true;
}

/* The time stamp in the header of the first event that is written in the file. */
static int read_created(struct cdc_my *my, struct cdc_run *run, struct dump *dump, struct watch *watch,
    const char *file, struct cdc_my_probe *ret, struct cdc_err *err)
{
	struct cdc_binlog_dump found = { 0 };
	const unsigned char *packet;
	enum cdc_binlog_step step;
	size_t n;

	do {
		if (!dump_next(dump, &packet, &n))
			return failed(my, run, file, ret, err);
		step = cdc_binlog_dump_take(&found, packet, n);
	} while (step == CDC_BINLOG_MORE);
	if (step == CDC_BINLOG_STRANGE) {
		my->broken = true;
		return not_understood(file, err);
	}
	*ret = (struct cdc_my_probe){ .created_ms = found.created_ms };
	read_rest(my, dump, &found, watch, cdc_deadline_left_ms(&run->deadline));
	return 0;
}

/* Without this a server with checksums refuses a reader that does not say that it knows them. */
static const char checksum_sql[] = "SET @master_binlog_checksum = 'NONE', @source_binlog_checksum = 'NONE'";

static int probe(struct cdc_my *my, struct cdc_run *run, const char *file, struct cdc_my_probe *ret,
    struct cdc_err *err)
{
	struct dump dump;
	struct watch watch;
	int code;

	if (cdc_my_wait_query(my, checksum_sql) != CDC_MY_READY || mysql_errno(my->conn))
		return failed(my, run, file, ret, err);
	watch_start(&watch, socket_of(my->conn), cdc_deadline_left_ms(&run->deadline));
	if (dump_open(&dump, my->conn, file))
		code = read_created(my, run, &dump, &watch, file, ret, err);
	else
		code = failed(my, run, file, ret, err);
	watch_stop(&watch);
	return code;
}

static void show(struct cdc_run *run, const struct cdc_my *my, const char *file, const struct cdc_my_probe *found)
{
	if (run->check.policy->verbose < 1)
		return;
	if (found->refused)
		cdc_result_verbose(&run->check, "%s refused the beginning of %s: %s (error %u)", my->target, file,
		    found->message, found->error);
	else
		cdc_result_verbose(&run->check, "%s says that %s was created at %lld (s since 1970)", my->target, file,
		    (long long)(found->created_ms / 1000));
}

int cdc_my_probe_binlog(const struct cdc_my_params *params, struct cdc_run *run, const char *file,
    struct cdc_my_probe *ret, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_my_close) struct cdc_my *my = NULL;
	struct cdc_my_probe found = { 0 };

	if (strlen(file) > NAME_MAX_LEN)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the binary log file '%.60s' has a name of more than %d bytes", file,
		    NAME_MAX_LEN);
	if (cdc_my_connect(params, run, 1, &my, err) < 0)
		return -1;
	cdc_run_step(run, "reading the beginning of %s from %s", file, my->target);
	if (probe(my, run, file, &found, err) < 0)
		return -1;
	show(run, my, file, &found);
	*ret = found;
	return 0;
}
