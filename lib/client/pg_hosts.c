/*
 * Which hosts a connection may go to, wherever they were given: by an option, a service or the environment. libpq would
 * go through a list by itself, and a black hole in front would use up the time for all.
 */
#include "client/pg_internal.h"

#include <ctype.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

void cdc_pg_hosts_release(struct cdc_pg_hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++) {
		free(hosts->at[i].name);
		free(hosts->at[i].address);
		free(hosts->at[i].port);
	}
	free(hosts->at);
}

void cdc_pg_addresses_release(struct cdc_pg_addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		free(addresses->at[i]);
	free(addresses->at);
}

static size_t list_count(const char *list)
{
	size_t count = list != NULL;

	for (const char *c = list; c && *c; c++)
		count += *c == ',';
	return count;
}

/* An entry of a comma-separated list, owned by the caller; NULL where it is empty or there is no list. */
static char *list_entry(const char *list, size_t index)
{
	size_t n;

	for (; list && index > 0; index--)
		list = strchr(list, ',') + 1;
	n = list ? strcspn(list, ",") : 0;
	return n ? cdc_strndup(list, n) : NULL;
}

/* As libpq has it: a port for each host or one for all, and as many addresses as names where there are both. */
static int check_counts(size_t names, size_t addresses, size_t ports, struct cdc_err *err)
{
	size_t count = addresses ? addresses : names;

	if (addresses && names && addresses != names)
		return cdc_fail(err, CDC_ERR_USAGE, "connection parameters: %zu addresses for %zu hosts", addresses, names);
	if (ports > 1 && ports != (count ? count : 1))
		return cdc_fail(err, CDC_ERR_USAGE, "connection parameters: %zu ports for %zu hosts", ports, count ? count : 1);
	return 0;
}

int cdc_pg_find_hosts(const struct cdc_pg_conninfo *params, struct cdc_pg_hosts *ret, struct cdc_err *err)
{
	const char *names = cdc_pg_param(params, "host"), *addresses = cdc_pg_param(params, "hostaddr");
	const char *ports = cdc_pg_param(params, "port");
	size_t count = list_count(addresses ? addresses : names);

	if (check_counts(list_count(names), list_count(addresses), list_count(ports), err) < 0)
		return -1;
	ret->count = count ? count : 1;
	ret->at = cdc_alloc(ret->count, sizeof(*ret->at));
	for (size_t i = 0; i < ret->count; i++)
		ret->at[i] = (struct cdc_pg_host){ .name = list_entry(names, i), .address = list_entry(addresses, i),
			.port = list_entry(ports, list_count(ports) > 1 ? i : 0) };
	return 0;
}

static bool is_socket_directory(const char *host)
{
	return host[0] == '/' || host[0] == '@';
}

static void add_address(struct cdc_pg_addresses *addresses, const char *address)
{
	CDC_GROW(addresses->at, addresses->count, &addresses->capacity);
	addresses->at[addresses->count++] = cdc_strdup(address);
}

void cdc_pg_look_up(const struct cdc_pg_host *host, struct cdc_run *run, struct cdc_pg_addresses *ret)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char address[NI_MAXHOST];

	if (host->address || !host->name || is_socket_directory(host->name)) {
		add_address(ret, host->address);
		return;
	}
	cdc_run_step(run, "looking up host %s", host->name);
	if (getaddrinfo(host->name, NULL, &hints, &found) != 0) {
		add_address(ret, NULL); /* libpq will say why */
		return;
	}
	for (const struct addrinfo *at = found; at; at = at->ai_next)
		if (getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof(address), NULL, 0, NI_NUMERICHOST) == 0)
			add_address(ret, address);
	freeaddrinfo(found);
}

/* One writing of what can be written in many ways: names in lower case, directories without slashes at their end. */
static void add_name(struct cdc_buf *text, const char *name)
{
	size_t n = strlen(name);

	if (is_socket_directory(name)) {
		while (n > 1 && name[n - 1] == '/')
			n--;
		cdc_buf_add_bytes(text, name, n);
		return;
	}
	if (strchr(name, ':'))
		cdc_buf_add_char(text, '[');
	for (size_t i = 0; i < n; i++)
		cdc_buf_add_char(text, (char)tolower((unsigned char)name[i]));
	if (strchr(name, ':'))
		cdc_buf_add_char(text, ']');
}

static void add_host(struct cdc_buf *text, const struct cdc_pg_host *host, const char *found)
{
	add_name(text, host->name ? host->name : host->address ? host->address : found);
	cdc_buf_addf(text, ":%s", host->port ? host->port : "5432");
}

char *cdc_pg_host_text(const struct cdc_pg_host *host, const char *found)
{
	struct cdc_buf text = CDC_BUF_INIT;

	add_host(&text, host, found && *found ? found : "local");
	return cdc_buf_take(&text);
}

char *cdc_pg_hosts_text(const struct cdc_pg_hosts *hosts, const char *attributes)
{
	struct cdc_buf text = CDC_BUF_INIT;

	for (size_t i = 0; i < hosts->count; i++) {
		cdc_buf_add(&text, i ? "," : "");
		add_host(&text, &hosts->at[i], "local");
	}
	if (attributes && !cdc_streq(attributes, "any"))
		cdc_buf_addf(&text, "/%s", attributes);
	return cdc_buf_take(&text);
}
