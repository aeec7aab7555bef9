/*
 * Connecting: every address of a host in turn, each with its share of the time for connecting, so that a black hole
 * in front never hides the server behind it.
 */
#include "client/my_internal.h"

#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/file.h"
#include "client/look_up.h"

/* Everything that is needed for one attempt after another. */
struct attempt {
	const struct cdc_my_params *params;
	struct cdc_run *run;
	struct cdc_my_login login;
	const char *where; /* for texts */
	enum mysql_protocol_type protocol;
};

/* Addresses of a host, as texts. */
struct addresses {
	char **at;
	size_t count, capacity;
};

static void addresses_release(struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		free(addresses->at[i]);
	free(addresses->at);
}

static int check_files(const struct cdc_my_params *params, struct cdc_err *err)
{
	if (cdc_my_check_option_files(params, err) < 0)
		return -1;
	if (params->ca_cert && cdc_file_check(params->ca_cert, false, err) < 0)
		return cdc_fail_in(err, "option --ca-cert");
	if (params->client_cert && cdc_file_check(params->client_cert, false, err) < 0)
		return cdc_fail_in(err, "option --client-cert");
	if (params->private_key && cdc_file_check(params->private_key, true, err) < 0)
		return cdc_fail_in(err, "option --private-key");
	if (params->tls_mode == CDC_MY_DISABLED && (params->ca_cert || params->client_cert || params->private_key))
		return cdc_fail(err, CDC_ERR_USAGE, "option --tls: disabled, and a certificate or key is given for it");
	/* libmariadb would go on without any verification */
	if (params->tls_mode >= CDC_MY_VERIFY_CA && !params->ca_cert)
		return cdc_fail(err, CDC_ERR_USAGE, "option --tls: a mode that verifies needs --ca-cert");
	return 0;
}

/* The first line of the file; *ret stays NULL where none is given, for "" would win over an option file. */
static int read_password(const struct cdc_my_params *params, struct cdc_buf *text, const char **ret,
    struct cdc_err *err)
{
	if (!params->password_file)
		return 0;
	if (cdc_file_read_secret(params->password_file, text, err) < 0)
		return cdc_fail_in(err, "option --password-file");
	cdc_buf_truncate(text, strcspn(text->text, "\r\n"));
	if (text->len == 0)
		return cdc_fail(err, CDC_ERR_USAGE, "option --password-file: the first line of %s is empty",
		    params->password_file);
	*ret = text->text;
	return 0;
}

static bool verifies(const struct cdc_my_params *params)
{
	return params->tls_mode >= CDC_MY_VERIFY_CA || (params->ca_cert && params->tls_mode != CDC_MY_DISABLED);
}

/*
 * Whom a Unix socket leads to is known: TLS on it has to be asked for. Besides, OpenSSL reads all authorities of the
 * system for every context, which takes longer than all the rest.
 */
static bool uses_tls(const struct attempt *attempt)
{
	const struct cdc_my_params *params = attempt->params;

	if (params->tls_mode == CDC_MY_PREFERRED && attempt->protocol == MYSQL_PROTOCOL_SOCKET)
		return verifies(params);
	return params->tls_mode != CDC_MY_DISABLED;
}

/*
 * Who asks for the password in the clear gets it only when it has shown who it is; and nobody may hold a dialogue, which
 * libmariadb would print and read on the terminal.
 */
static bool may_be_clear(const struct attempt *attempt)
{
	return attempt->params->tls_mode == CDC_MY_VERIFY_IDENTITY;
}

#ifdef LIBMARIADB
#define SAFE_LOGINS                                                                                          \
	"mysql_native_password,caching_sha2_password,sha256_password,client_ed25519,parsec,auth_gssapi_client"

static void set_logins(MYSQL *conn, const struct attempt *attempt)
{
	mysql_options(conn, MARIADB_OPT_RESTRICTED_AUTH,
	    may_be_clear(attempt) ? SAFE_LOGINS ",mysql_clear_password" : SAFE_LOGINS);
}

/* A CA makes libmariadb verify who signed the certificate, the other option that it names the host. */
static void set_tls_mode(MYSQL *conn, const struct attempt *attempt)
{
	my_bool use = uses_tls(attempt), identity = attempt->params->tls_mode == CDC_MY_VERIFY_IDENTITY;

	mysql_options(conn, MYSQL_OPT_SSL_ENFORCE, &use);
	mysql_options(conn, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &identity);
	mysql_options(conn, MYSQL_OPT_NONBLOCK, NULL);
}
#else
static void set_logins(MYSQL *conn, const struct attempt *attempt)
{
	bool clear = may_be_clear(attempt), fetch_key = true;

	mysql_options(conn, MYSQL_ENABLE_CLEARTEXT_PLUGIN, &clear);
	/* caching_sha2_password without TLS, as libmariadb does it by itself */
	mysql_options(conn, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &fetch_key);
}

static void set_tls_mode(MYSQL *conn, const struct attempt *attempt)
{
	static const enum mysql_ssl_mode modes[] = { SSL_MODE_PREFERRED, SSL_MODE_DISABLED, SSL_MODE_REQUIRED,
		SSL_MODE_VERIFY_CA, SSL_MODE_VERIFY_IDENTITY };
	enum mysql_ssl_mode mode = modes[attempt->params->tls_mode];

	if (!uses_tls(attempt))
		mode = SSL_MODE_DISABLED;
	else if (verifies(attempt->params) && mode != SSL_MODE_VERIFY_IDENTITY)
		mode = SSL_MODE_VERIFY_CA;
	mysql_options(conn, MYSQL_OPT_SSL_MODE, &mode);
}
#endif

static void set_options(MYSQL *conn, const struct attempt *attempt)
{
	const struct cdc_my_params *params = attempt->params;
	unsigned long packet_max = CDC_MY_PACKET_MAX;
	unsigned protocol = attempt->protocol, no = 0;

	mysql_options(conn, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(conn, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_max);
	/* a server may not ask for files */
	mysql_options(conn, MYSQL_OPT_LOCAL_INFILE, &no);
	if (params->defaults_file)
		mysql_options(conn, MYSQL_READ_DEFAULT_FILE, params->defaults_file);
	mysql_options(conn, MYSQL_READ_DEFAULT_GROUP, params->defaults_group ? params->defaults_group : "client");
	if (protocol != MYSQL_PROTOCOL_DEFAULT)
		mysql_options(conn, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options4(conn, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", attempt->run->check.policy->plugin->name);
	if (params->ca_cert)
		mysql_options(conn, MYSQL_OPT_SSL_CA, params->ca_cert);
	if (params->client_cert)
		mysql_options(conn, MYSQL_OPT_SSL_CERT, params->client_cert);
	if (params->private_key)
		mysql_options(conn, MYSQL_OPT_SSL_KEY, params->private_key);
	set_logins(conn, attempt);
	set_tls_mode(conn, attempt);
}

/* A library may fall back to a connection in the clear without a word. */
static int check_tls(struct cdc_my *my, const struct cdc_my_params *params, const char *where, struct cdc_err *err)
{
	bool demanded = params->tls_mode >= CDC_MY_REQUIRED || verifies(params);

	if (demanded && !mysql_get_ssl_cipher(my->conn))
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "%s offers no TLS, and --tls or --ca-cert demands it", where);
	return 0;
}

/* "host:port", "[::1]:port" or the path of the socket. */
static char *describe(const char *host, int port)
{
	struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_addf(&text, strchr(host, ':') ? "[%s]" : "%s", host);
	if (port)
		cdc_buf_addf(&text, ":%d", port);
	return cdc_buf_take(&text);
}

/* Where an attempt went; when option files say where the server is, only the library has read that by now. */
static char *describe_attempt(const MYSQL *conn, const struct attempt *attempt)
{
	const struct st_mysql_options *read = &conn->options;

	if (attempt->params->host || attempt->params->socket || (!read->host && !read->unix_socket))
		return cdc_strdup(attempt->where);
	if (!read->host || cdc_streq(read->host, "localhost"))
		return cdc_strdup(read->unix_socket ? read->unix_socket : read->host);
	return describe(read->host, read->port ? (int)read->port : CDC_MY_PORT);
}

/* `addresses` were not tried yet, and share the time for connecting. */
static int try_once(struct cdc_my *my, const struct attempt *attempt, size_t addresses, struct cdc_err *err)
{
	int64_t connect_ms = cdc_deadline_connect_ms(&my->deadline, addresses);
	CDC_CLEANUP(cdc_free_string) char *where = NULL;
	unsigned error;
	int waited;

	if (my->conn)
		mysql_close(my->conn);
	my->conn = mysql_init(NULL);
	if (!my->conn)
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "the client library is out of memory");
	my->broken = true;
	set_options(my->conn, attempt);
	cdc_run_step(attempt->run, "connecting to %s", attempt->where);
	waited = cdc_my_wait_connect(my, &attempt->login, connect_ms);
	where = describe_attempt(my->conn, attempt);
	switch (waited) {
	case CDC_MY_NOT_CONNECTED:
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "cannot connect to %s: no connection within %.1f s", where,
		    (double)connect_ms / 1000);
	case CDC_MY_TIME_OVER:
		return cdc_fail(err, CDC_ERR_TIMEOUT,
		    "timed out while waiting for %s to answer the log-in (--timeout)", where);
	case CDC_MY_FOREIGN:
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s is no MySQL server: a greeting was expected from it", where);
	default:
		break;
	}
	error = mysql_errno(my->conn);
	if (error) {
		CDC_BUF_CLEANUP struct cdc_buf message = CDC_BUF_INIT;

		cdc_my_explain(&message, error, mysql_error(my->conn));
		return cdc_fail(err, cdc_my_kind_of(error), "cannot connect to %s: %s (error %u)", where,
		    message.text, error);
	}
	my->broken = false;
	return check_tls(my, attempt->params, where, err);
}

static int look_up(const struct cdc_my *my, const struct attempt *attempt, struct addresses *ret, struct cdc_err *err)
{
	struct addrinfo *found = NULL;
	char address[NI_MAXHOST];
	int code;

	cdc_run_step(attempt->run, "looking up host %s", attempt->login.host);
	code = cdc_look_up(attempt->login.host, &my->deadline, &found);
	if (code == CDC_LOOK_UP_LATE)
		return cdc_fail(err, CDC_ERR_TIMEOUT, "timed out while looking up host %s (--timeout)", attempt->login.host);
	if (code != 0)
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "cannot connect to %s: no address of host %s: %s", attempt->where,
		    attempt->login.host, gai_strerror(code));
	for (const struct addrinfo *at = found; at; at = at->ai_next) {
		if (getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof(address), NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		CDC_GROW(ret->at, ret->count, &ret->capacity);
		ret->at[ret->count++] = cdc_strdup(address);
	}
	freeaddrinfo(found);
	return 0;
}

/* Every address of a host. A certificate is compared with the host's name, so then the library does the look-up. */
static int try_all(struct cdc_my *my, const struct attempt *attempt, struct cdc_err *err)
{
	CDC_CLEANUP(addresses_release) struct addresses addresses = { 0 };
	struct attempt one = *attempt;

	if (attempt->protocol != MYSQL_PROTOCOL_TCP)
		return try_once(my, attempt, 1, err);
	if (look_up(my, attempt, &addresses, err) < 0)
		return -1;
	if (attempt->params->tls_mode == CDC_MY_VERIFY_IDENTITY)
		return try_once(my, attempt, addresses.count, err);
	for (size_t i = 0; i < addresses.count; i++) {
		one.login.host = addresses.at[i];
		if (try_once(my, &one, addresses.count - i, err) == 0)
			return 0;
		if (err->kind != CDC_ERR_UNREACHABLE)
			return -1;
	}
	return -1;
}

/* Which way leads to the server: a socket, a host, or whatever the option files say. */
static void choose_way(const struct cdc_my_params *params, struct attempt *attempt)
{
	bool local = params->host && cdc_streq(params->host, "localhost") && !params->port;

	attempt->login.user = params->user;
	if (params->socket) {
		attempt->login.host = "localhost";
		attempt->login.socket = params->socket;
		attempt->protocol = MYSQL_PROTOCOL_SOCKET;
	} else {
		attempt->login.host = params->host;
		attempt->login.port = (unsigned)params->port;
		attempt->protocol = local ? MYSQL_PROTOCOL_SOCKET :
		    params->host	  ? MYSQL_PROTOCOL_TCP :
					    MYSQL_PROTOCOL_DEFAULT;
	}
}

static char *describe_wish(const struct cdc_my_params *params)
{
	if (params->socket)
		return cdc_strdup(params->socket);
	if (!params->host)
		return cdc_strdup("the server");
	return describe(params->host, params->port ? (int)params->port : CDC_MY_PORT);
}

/* Where the library ended up; only it knows what the option files say. */
static void note_target(struct cdc_my *my, const struct cdc_my_params *params)
{
	const char *socket = my->conn->unix_socket, *host = my->conn->host;

	if (socket && *socket) {
		my->host = cdc_strdup(socket);
	} else {
		my->host = cdc_strdup(params->host ? params->host : host && *host ? host : "localhost");
		my->port = (int)my->conn->port;
	}
	my->target = describe(my->host, my->port);
}

/* Of what is left of the run's deadline, this server has its share. */
static struct cdc_deadline share_of(const struct cdc_run *run, size_t targets)
{
	return cdc_deadline_in(cdc_deadline_left_ms(&run->deadline) / (int64_t)targets);
}

static char *quote_user(const char *user)
{
	const char *at = strrchr(user, '@');
	struct cdc_buf text = CDC_BUF_INIT;

	if (at)
		cdc_buf_addf(&text, "'%.*s'@'%s'", (int)(at - user), user, at + 1);
	else
		cdc_buf_addf(&text, "'%s'", user);
	return cdc_buf_take(&text);
}

/* The handshake's version is not to be trusted (proxies, MariaDB's "5.5.5-" in front), so the server is asked. */
static int identify(struct cdc_my *my, struct cdc_run *run, struct cdc_err *err)
{
	struct cdc_my_query query = { .name = "the server's version",
		.sql = "SELECT VERSION() AS version, CURRENT_USER() AS user" };
	const char *version, *user;
	int code = cdc_my_query(my, run, &query, 1, err);

	if (code == 0) {
		version = query.rows.count ? cdc_rows_get(&query.rows, 0, "version") : NULL;
		user = query.rows.count ? cdc_rows_get(&query.rows, 0, "user") : NULL;
		if (version && strncmp(version, "5.5.5-", 6) == 0)
			version += 6;
		my->version = cdc_strdup(version);
		my->user = quote_user(user ? user : "");
		if (!version)
			code = cdc_fail(err, CDC_ERR_PROTOCOL, "%s does not tell its version", my->target);
	}
	cdc_rows_release(&query.rows);
	return code;
}

int cdc_my_connect(const struct cdc_my_params *params, struct cdc_run *run, size_t targets, struct cdc_my **ret,
    struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf password = CDC_BUF_LIMITED((size_t)64 << 10);
	CDC_CLEANUP(cdc_my_close) struct cdc_my *my = cdc_alloc(1, sizeof(*my));
	CDC_CLEANUP(cdc_free_string) char *where = describe_wish(params);
	struct attempt attempt = { .params = params, .run = run, .where = where };
	int code;

	if (check_files(params, err) < 0 || read_password(params, &password, &attempt.login.password, err) < 0)
		return -1;
	my->deadline = share_of(run, targets);
	if (cdc_deadline_left_ms(&my->deadline) == 0)
		return cdc_fail(err, CDC_ERR_TIMEOUT, "no time was left for %s (--timeout)", where);
	choose_way(params, &attempt);
	code = try_all(my, &attempt, err);
	explicit_bzero(password.text, password.len);
	if (code < 0)
		return -1;
	note_target(my, params);
	if (identify(my, run, err) < 0)
		return -1;
	*ret = CDC_TAKE(my);
	return 0;
}
