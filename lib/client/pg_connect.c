/*
 * Connecting: every host and every address of it in turn, each with its share of the time for connecting, so that a
 * black hole in front never hides the server behind it. libpq does the rest without blocking.
 */
#include "client/pg_internal.h"

#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/text.h"

#define MAX_PARAMS 64

/* Keywords and values as PQconnectStartParams takes them; a later one wins over an earlier. Borrowed texts. */
struct params {
	const char *keys[MAX_PARAMS + 1], *values[MAX_PARAMS + 1];
	size_t count;
};

static void add(struct params *params, const char *key, const char *value)
{
	if (!value || params->count == MAX_PARAMS)
		return;
	params->keys[params->count] = key;
	params->values[params->count++] = value;
}

static const char *get(const struct params *params, const char *key)
{
	for (size_t i = params->count; i > 0; i--)
		if (cdc_streq(params->keys[i - 1], key))
			return params->values[i - 1];
	return NULL;
}

static int refuse_secret(const char *keyword, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_USAGE,
	    "option --option: '%s' does not belong on a command line, use a service, --passfile or ~/.pgpass", keyword);
}

/* Takes over what --option says; *owner keeps the texts. */
static int add_conninfo(struct params *params, const char *conninfo, PQconninfoOption **owner, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_free_string) char *why = NULL;
	char *message = NULL;

	*owner = PQconninfoParse(conninfo, &message);
	why = cdc_strdup(message);
	PQfreemem(message);
	if (!*owner)
		return cdc_fail(err, CDC_ERR_USAGE, "option --option: %s", why ? why : "out of memory");
	for (const PQconninfoOption *option = *owner; option->keyword; option++) {
		if (!option->val)
			continue;
		if (cdc_streq(option->keyword, "password") || cdc_streq(option->keyword, "sslpassword"))
			return refuse_secret(option->keyword, err);
		add(params, option->keyword, option->val);
	}
	return 0;
}

/* Files that libpq would open only during the handshake, and then complain about in its own words. */
static int check_files(const struct cdc_pg_params *pg, struct cdc_err *err)
{
	if (pg->passfile && cdc_file_check(pg->passfile, true, err) < 0)
		return cdc_fail_in(err, "option --passfile");
	if (pg->ca_cert && !cdc_streq(pg->ca_cert, "system") && cdc_file_check(pg->ca_cert, false, err) < 0)
		return cdc_fail_in(err, "option --ca-cert");
	if (pg->client_cert && cdc_file_check(pg->client_cert, false, err) < 0)
		return cdc_fail_in(err, "option --client-cert");
	if (pg->private_key && cdc_file_check(pg->private_key, true, err) < 0)
		return cdc_fail_in(err, "option --private-key");
	return 0;
}

static int collect_params(const struct cdc_pg_params *pg, struct cdc_run *run, char *port, size_t port_size,
    struct params *ret, PQconninfoOption **owner, struct cdc_err *err)
{
	if (check_files(pg, err) < 0)
		return -1;
	if (pg->database && strpbrk(pg->database, "=:"))
		return cdc_fail(err, CDC_ERR_USAGE,
		    "option --database takes the name of a database, connection parameters go to --option");
	if (pg->port) {
		snprintf(port, port_size, "%d", (int)pg->port);
		add(ret, "port", port);
	}
	add(ret, "host", pg->host);
	add(ret, "user", pg->user);
	add(ret, "dbname", pg->database);
	add(ret, "service", pg->service);
	add(ret, "passfile", pg->passfile);
	add(ret, "sslmode", cdc_pg_tls_name(pg));
	add(ret, "sslrootcert", pg->ca_cert);
	add(ret, "sslcert", pg->client_cert);
	add(ret, "sslkey", pg->private_key);
	if (pg->conninfo && add_conninfo(ret, pg->conninfo, owner, err) < 0)
		return -1;
	add(ret, "application_name", run->check.policy->plugin->name);
	/* below what an option or a service says, above libpq's own default, which is the role's name */
	setenv("PGDATABASE", "postgres", 0);
	return 0;
}

/* One attempt: where to, in libpq's terms. host is NULL where libpq itself shall find out. */
struct target {
	char *host, *address, *port;
};

struct targets {
	struct target *at;
	size_t count, capacity;
};

static void targets_release(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++) {
		free(targets->at[i].host);
		free(targets->at[i].address);
		free(targets->at[i].port);
	}
	free(targets->at);
}

static void add_target(struct targets *targets, const char *host, const char *address, const char *port)
{
	CDC_GROW(targets->at, targets->count, &targets->capacity);
	targets->at[targets->count++] =
	    (struct target){ .host = cdc_strdup(host), .address = cdc_strdup(address), .port = cdc_strdup(port) };
}

/* The part of a comma-separated list that belongs to entry i; a list of one belongs to all. */
static char *list_entry(const char *list, size_t index)
{
	const char *start = list;

	if (!list)
		return NULL;
	for (; index > 0 && strchr(start, ','); index--)
		start = strchr(start, ',') + 1;
	if (index > 0)
		start = list;
	return cdc_strndup(start, strcspn(start, ","));
}

/* A host name may stand for several addresses. */
static void look_up(struct targets *targets, const char *host, const char *port)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char address[NI_MAXHOST];

	if (getaddrinfo(host, NULL, &hints, &found) != 0) {
		add_target(targets, host, NULL, port); /* libpq will say why */
		return;
	}
	for (const struct addrinfo *at = found; at; at = at->ai_next)
		if (getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof(address), NULL, 0, NI_NUMERICHOST) == 0)
			add_target(targets, host, address, port);
	freeaddrinfo(found);
}

static bool is_socket_directory(const char *host)
{
	return host[0] == '/' || host[0] == '@' || host[0] == '\0';
}

static void find_targets(const struct params *params, struct cdc_run *run, struct targets *ret)
{
	const char *hosts = get(params, "host"), *ports = get(params, "port");
	size_t count = 1;

	if (!hosts || get(params, "hostaddr")) {
		add_target(ret, NULL, NULL, NULL);
		return;
	}
	for (const char *c = hosts; *c; c++)
		count += *c == ',';
	for (size_t i = 0; i < count; i++) {
		CDC_CLEANUP(cdc_free_string) char *host = list_entry(hosts, i), *port = list_entry(ports, i);

		if (is_socket_directory(host)) {
			add_target(ret, host, NULL, port);
			continue;
		}
		cdc_run_step(run, "looking up host %s", host);
		look_up(ret, host, port);
	}
}

/* "host:port" for people and for the state file's name. */
static void add_place(struct cdc_buf *text, const char *host, const char *port)
{
	if (host && strchr(host, ':') && host[0] != '/')
		cdc_buf_addf(text, "[%s]", host);
	else
		cdc_buf_add(text, host && *host ? host : "local");
	cdc_buf_addf(text, ":%s", port && *port ? port : "5432");
}

static char *describe(const PGconn *conn, const struct target *target)
{
	struct cdc_buf text = CDC_BUF_INIT;

	add_place(&text, target->host ? target->host : PQhost(conn), PQport(conn));
	return cdc_buf_take(&text);
}

/* What a connection was given, by an option, the environment or a service file; the caller frees it, may be NULL. */
static char *given(PGconn *conn, const char *keyword)
{
	PQconninfoOption *options = PQconninfo(conn);
	char *value = NULL;

	for (const PQconninfoOption *at = options; at && at->keyword && !value; at++)
		if (cdc_streq(at->keyword, keyword))
			value = cdc_strdup(at->val);
	PQconninfoFree(options);
	return value;
}

/* The hosts of a list that libpq itself goes through; a list of one host is not long. */
static void add_list(struct cdc_buf *text, PGconn *conn)
{
	CDC_CLEANUP(cdc_free_string) char *hosts = given(conn, "host"), *ports = given(conn, "port");
	CDC_CLEANUP(cdc_free_string) char *addresses = given(conn, "hostaddr");
	const char *list = hosts && *hosts ? hosts : addresses;

	if (!list || !strchr(list, ',')) {
		add_place(text, PQhost(conn), PQport(conn));
		return;
	}
	for (size_t i = 0, more = 1; more; i++) {
		CDC_CLEANUP(cdc_free_string) char *host = list_entry(list, 0), *port = list_entry(ports, i);

		cdc_buf_add(text, i ? "," : "");
		add_place(text, host, port);
		more = list[strcspn(list, ",")] == ',';
		list += strcspn(list, ",") + more;
	}
}

/* One host may have many addresses. */
static bool is_same_server(const struct target *a, const struct target *b)
{
	return cdc_streq(a->host, b->host) && cdc_streq(a->port ? a->port : "", b->port ? b->port : "");
}

/* All that was asked for, and which of them was wanted. */
static char *describe_all(PGconn *conn, const struct targets *targets)
{
	CDC_CLEANUP(cdc_free_string) char *wanted = given(conn, "target_session_attrs");
	struct cdc_buf text = CDC_BUF_INIT;

	if (!targets->at[0].host)
		add_list(&text, conn);
	for (size_t i = 0; i < targets->count && targets->at[i].host; i++) {
		const struct target *target = &targets->at[i];

		if (i > 0 && is_same_server(target, target - 1))
			continue;
		cdc_buf_add(&text, i ? "," : "");
		add_place(&text, target->host, target->port ? target->port : PQport(conn));
	}
	if (wanted && !cdc_streq(wanted, "any"))
		cdc_buf_addf(&text, "/%s", wanted);
	return cdc_buf_take(&text);
}

/* True while there is no TCP or socket connection yet; only that has the shorter limit. */
static bool still_connecting(const PGconn *conn)
{
	return PQstatus(conn) == CONNECTION_STARTED || PQstatus(conn) == CONNECTION_NEEDED;
}

static int fail_connect(const PGconn *conn, const char *where, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	enum cdc_err_kind kind = cdc_pg_classify(PQerrorMessage(conn), &text);

	if (strstr(text.text, "SQLSTATE 42501"))
		cdc_buf_addf(&text, ": GRANT CONNECT ON DATABASE \"%s\" TO \"%s\"", PQdb(conn), PQuser(conn));
	return cdc_fail(err, kind, "cannot connect to %s: %s", where, text.text);
}

/* Drives libpq until the session stands or something fails. */
static int drive(PGconn *conn, struct cdc_run *run, const char *where, int64_t connect_ms, struct cdc_err *err)
{
	struct cdc_deadline connect = cdc_deadline_in(connect_ms);
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	while (status != PGRES_POLLING_OK) {
		bool connecting = still_connecting(conn);
		int64_t left = cdc_deadline_left_ms(connecting ? &connect : &run->deadline);

		if (!cdc_pg_wait(conn, status == PGRES_POLLING_WRITING, left)) {
			if (connecting)
				return cdc_fail(err, CDC_ERR_UNREACHABLE,
				    "cannot connect to %s: no connection within %.1f s", where, (double)connect_ms / 1000);
			return cdc_fail(err, CDC_ERR_TIMEOUT,
			    "timed out while waiting for %s to answer the log-in (--timeout)", where);
		}
		status = PQconnectPoll(conn);
		if (status == PGRES_POLLING_FAILED)
			return fail_connect(conn, where, err);
	}
	return 0;
}

static void ignore_notice(void *arg CDC_UNUSED, const PGresult *result CDC_UNUSED)
{
}

static int try_target(const struct params *base, const struct target *target, size_t targets_left, struct cdc_run *run,
    struct cdc_pg *pg, struct cdc_err *err)
{
	struct params params = *base;

	add(&params, "host", target->host);
	add(&params, "hostaddr", target->address);
	add(&params, "port", target->port);
	cdc_run_step(run, "looking up %s", target->host ? target->host : "the server");
	pg->conn = PQconnectStartParams(params.keys, params.values, 0);
	if (!pg->conn)
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "libpq is out of memory");
	free(pg->target);
	pg->target = describe(pg->conn, target);
	cdc_run_step(run, "connecting to %s", pg->target);
	if (run->check.policy->verbose)
		cdc_result_verbose(&run->check, "connecting to %s, database %s, as %s", pg->target, PQdb(pg->conn),
		    PQuser(pg->conn));
	PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
	PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return fail_connect(pg->conn, pg->target, err);
	return drive(pg->conn, run, pg->target, cdc_run_connect_ms(run, targets_left), err);
}

static int try_targets(const struct params *params, const struct targets *targets, struct cdc_run *run, struct cdc_pg *pg,
    struct cdc_err *err)
{
	for (size_t i = 0; i < targets->count; i++) {
		if (try_target(params, &targets->at[i], targets->count - i, run, pg, err) == 0)
			return 0;
		if (err->kind != CDC_ERR_UNREACHABLE)
			return -1;
		PQfinish(pg->conn);
		pg->conn = NULL;
	}
	return -1;
}

int cdc_pg_connect(const struct cdc_pg_params *params, struct cdc_run *run, struct cdc_pg **ret, struct cdc_err *err)
{
	CDC_CLEANUP(targets_release) struct targets targets = { 0 };
	CDC_CLEANUP(cdc_pg_close) struct cdc_pg *pg = cdc_alloc(1, sizeof(*pg));
	PQconninfoOption *owner = NULL;
	struct params all = { 0 };
	char port[12];
	int code = collect_params(params, run, port, sizeof(port), &all, &owner, err);

	if (code == 0) {
		find_targets(&all, run, &targets);
		code = try_targets(&all, &targets, run, pg, err);
		if (code == 0)
			pg->asked = describe_all(pg->conn, &targets);
	}
	PQconninfoFree(owner);
	if (code == 0)
		*ret = CDC_TAKE(pg);
	return code;
}
