/*
 * Connecting: every host and every address of it in turn, each with its share of the time for connecting, so that a
 * black hole in front never hides the server behind it (pg_hosts.c finds them). libpq does the rest without blocking.
 */
#include "client/pg_internal.h"

#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

static void add(struct cdc_pg_conninfo *params, const char *key, const char *value)
{
	if (!value || params->count == CDC_PG_PARAMS_MAX)
		return;
	params->keys[params->count] = key;
	params->values[params->count++] = value;
}

const char *cdc_pg_param(const struct cdc_pg_conninfo *params, const char *key)
{
	for (size_t i = params->count; i > 0; i--)
		if (cdc_streq(params->keys[i - 1], key) && *params->values[i - 1]) /* libpq skips an empty one too */
			return params->values[i - 1];
	for (const PQconninfoOption *at = params->defaults; at && at->keyword; at++)
		if (cdc_streq(at->keyword, key))
			return at->val && *at->val ? at->val : NULL;
	return NULL;
}

static int refuse_secret(const char *keyword, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_USAGE,
	    "option --option: '%s' does not belong on a command line, use a service, --passfile or ~/.pgpass", keyword);
}

/* libpq quotes what it does not understand, and that may be a piece of a secret. */
static bool speaks_of_secrets(const char *conninfo)
{
	return strcasestr(conninfo, "pass") != NULL;
}

/* Takes over what --option says. */
static int add_conninfo(struct cdc_pg_conninfo *params, const char *conninfo, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_free_string) char *why = NULL;
	char *message = NULL;

	params->parsed = PQconninfoParse(conninfo, &message);
	why = cdc_strdup(speaks_of_secrets(conninfo) ? "its connection parameters are malformed" : message);
	PQfreemem(message);
	if (!params->parsed)
		return cdc_fail(err, CDC_ERR_USAGE, "option --option: %s", why ? why : "out of memory");
	for (const PQconninfoOption *option = params->parsed; option->keyword; option++) {
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

/* What the environment and a service say below the options: libpq reads them, but for a service that an option names. */
static void add_defaults(struct cdc_pg_conninfo *ret)
{
	const char *service = cdc_pg_param(ret, "service");

	if (service)
		setenv("PGSERVICE", service, 1);
	/* below what an option or a service says, above libpq's own default, which is the role's name */
	setenv("PGDATABASE", "postgres", 0);
	ret->defaults = PQconndefaults();
}

/* A service may hold the password: then its file is a secret. */
static int check_service_file(const struct cdc_pg_conninfo *params, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf path = CDC_BUF_INIT;
	const char *password = cdc_pg_param(params, "password"), *given = getenv("PGPASSWORD");
	const char *file = getenv("PGSERVICEFILE"), *home = getenv("HOME");

	if (!cdc_pg_param(params, "service") || !password || (given && cdc_streq(given, password)))
		return 0;
	if (file)
		cdc_buf_add(&path, file);
	else
		cdc_buf_addf(&path, "%s/.pg_service.conf", home ? home : "");
	if (access(path.text, F_OK) != 0)
		return 0; /* the system's file, which root keeps */
	return cdc_file_check(path.text, true, err) < 0 ? cdc_fail_in(err, "service") : 0;
}

static int collect_params(const struct cdc_pg_params *pg, struct cdc_run *run, struct cdc_pg_conninfo *ret,
    struct cdc_err *err)
{
	if (check_files(pg, err) < 0)
		return -1;
	if (pg->database && strpbrk(pg->database, "=:"))
		return cdc_fail(err, CDC_ERR_USAGE,
		    "option --database takes the name of a database, connection parameters go to --option");
	if (pg->port) {
		snprintf(ret->port, sizeof(ret->port), "%d", (int)pg->port);
		add(ret, "port", ret->port);
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
	if (pg->conninfo && add_conninfo(ret, pg->conninfo, err) < 0)
		return -1;
	add(ret, "application_name", run->check.policy->plugin->name);
	add_defaults(ret);
	return check_service_file(ret, err);
}

static void release_params(struct cdc_pg_conninfo *params)
{
	PQconninfoFree(params->parsed);
	PQconninfoFree(params->defaults);
}

/* True while there is no TCP or socket connection yet; only that has the shorter limit. */
static bool still_connecting(const PGconn *conn)
{
	return PQstatus(conn) == CONNECTION_STARTED || PQstatus(conn) == CONNECTION_NEEDED;
}

/* Where a password is looked for. libpq ignores a file that is open to others, and its warning goes nowhere. */
static void add_passfile(struct cdc_buf *text, const char *path)
{
	struct cdc_err why;

	if (access(path, F_OK) != 0)
		cdc_buf_addf(text, ": there is no password file %s (--passfile)", path);
	else if (cdc_file_check(path, true, &why) < 0)
		cdc_buf_addf(text, ": %s", why.text);
	else
		cdc_buf_addf(text, ": no line of %s fits host, port, database and role (--passfile)", path);
}

static void explain_password(const PGconn *conn, struct cdc_buf *text)
{
	PQconninfoOption *options = PQconninfo((PGconn *)(uintptr_t)conn);

	for (const PQconninfoOption *at = options; at && at->keyword; at++)
		if (cdc_streq(at->keyword, "passfile") && at->val)
			add_passfile(text, at->val);
	PQconninfoFree(options);
}

static int fail_connect(const PGconn *conn, const char *where, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	enum cdc_err_kind kind = cdc_pg_classify(PQerrorMessage(conn), &text);

	if (strstr(text.text, "no password supplied"))
		explain_password(conn, &text);
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

/* What failed at once: parameters that libpq does not take, or a connection that was refused. */
static int fail_start(const PGconn *conn, const char *where, struct cdc_err *err)
{
	const char *message = PQerrorMessage(conn);

	if (cdc_pg_is_usage(message))
		return cdc_fail(err, CDC_ERR_USAGE, "connection parameters: %.*s", (int)strcspn(message, "\n"), message);
	return fail_connect(conn, where, err);
}

static void ignore_notice(void *arg CDC_UNUSED, const PGresult *result CDC_UNUSED)
{
}

/* Where one attempt goes, and how much of the time it may have: so many targets were not tried yet. */
struct attempt {
	const struct cdc_pg_conninfo *params;
	const char *attributes; /* of the session, in place of what was given; NULL: as given */
	size_t targets_left;
};

static int try_address(const struct attempt *attempt, const struct cdc_pg_host *host, const char *address,
    struct cdc_run *run, struct cdc_pg *pg, struct cdc_err *err)
{
	struct cdc_pg_conninfo params = *attempt->params;

	add(&params, "host", host->name);
	add(&params, "hostaddr", address);
	add(&params, "port", host->port);
	add(&params, "target_session_attrs", attempt->attributes);
	PQfinish(pg->conn);
	pg->conn = PQconnectStartParams(params.keys, params.values, 0);
	if (!pg->conn)
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "libpq is out of memory");
	free(pg->target);
	pg->target = cdc_pg_host_text(host, PQhost(pg->conn));
	cdc_run_step(run, "connecting to %s", pg->target);
	if (run->check.policy->verbose)
		cdc_result_verbose(&run->check, "connecting to %s, database %s, as %s", pg->target, PQdb(pg->conn),
		    PQuser(pg->conn));
	PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
	PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return fail_start(pg->conn, pg->target, err);
	return drive(pg->conn, run, pg->target, cdc_run_connect_ms(run, attempt->targets_left), err);
}

/* Every address of a host in turn, until something else than "unreachable" is the answer. */
static int try_host(struct attempt *attempt, const struct cdc_pg_host *host, size_t hosts_left, struct cdc_run *run,
    struct cdc_pg *pg, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_pg_addresses_release) struct cdc_pg_addresses addresses = { 0 };
	int code = -1;

	cdc_pg_look_up(host, run, &addresses);
	for (size_t i = 0; i < addresses.count; i++) {
		attempt->targets_left = addresses.count - i + hosts_left;
		code = try_address(attempt, host, addresses.at[i], run, pg, err);
		if (code == 0 || err->kind != CDC_ERR_UNREACHABLE)
			break;
	}
	return code;
}

static int try_hosts(struct attempt *attempt, const struct cdc_pg_hosts *hosts, struct cdc_run *run, struct cdc_pg *pg,
    struct cdc_err *err)
{
	int code = -1;

	for (size_t i = 0; i < hosts->count; i++) {
		code = try_host(attempt, &hosts->at[i], hosts->count - i - 1, run, pg, err);
		if (code == 0 || err->kind != CDC_ERR_UNREACHABLE)
			break;
	}
	return code;
}

/* A standby anywhere in the list goes before the others, as libpq itself has it for a list that it goes through. */
static int connect_any(const struct cdc_pg_conninfo *params, const struct cdc_pg_hosts *hosts, struct cdc_run *run,
    struct cdc_pg *pg, struct cdc_err *err)
{
	const char *wanted = cdc_pg_param(params, "target_session_attrs");
	struct attempt attempt = { .params = params };
	int code;

	if (hosts->count > 1 && wanted && cdc_streq(wanted, "prefer-standby")) {
		attempt.attributes = "standby";
		code = try_hosts(&attempt, hosts, run, pg, err);
		if (code == 0 || err->kind != CDC_ERR_UNREACHABLE)
			return code;
		attempt.attributes = "any";
	}
	return try_hosts(&attempt, hosts, run, pg, err);
}

int cdc_pg_connect(const struct cdc_pg_params *params, struct cdc_run *run, struct cdc_pg **ret, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_pg_hosts_release) struct cdc_pg_hosts hosts = { 0 };
	CDC_CLEANUP(cdc_pg_close) struct cdc_pg *pg = cdc_alloc(1, sizeof(*pg));
	CDC_CLEANUP(release_params) struct cdc_pg_conninfo all = { .count = 0 };

	if (collect_params(params, run, &all, err) < 0 || cdc_pg_find_hosts(&all, &hosts, err) < 0 ||
	    connect_any(&all, &hosts, run, pg, err) < 0)
		return -1;
	pg->asked = cdc_pg_hosts_text(&hosts, cdc_pg_param(&all, "target_session_attrs"));
	*ret = CDC_TAKE(pg);
	return 0;
}
