/*
 * The calls that wait for the server, through the library's non-blocking interface: libmariadb's is made of _start
 * and _cont (MariaDB Connector/C, "Non-Blocking API"), libmysqlclient's of calls to be repeated (MySQL C API 8.0.16
 * and later, "Asynchronous Interface").
 */
#include "client/my_internal.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

/* libmysqlclient does not tell which event it waits for; an answer that is there is seen that late at most. */
#define SLICE_MS 5

static int clip(int64_t milliseconds)
{
	return milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;
}

/* True once there is a TCP or socket connection. */
static bool is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return fd >= 0 && getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

/* Both libraries may have read the greeting in their first step already, where the server was quick. */
static bool has_greeting(MYSQL *conn)
{
	return mysql_get_server_info(conn) != NULL;
}

/*
 * The server speaks first. What cannot be the greeting of MySQL (a packet with the sequence number 0 that begins with
 * the protocol version 10, or an error) is looked at here, for both libraries would wait for the rest of a packet that
 * never comes, or say no more than that the connection was lost.
 */
static enum cdc_my_wait wait_for_greeting(int file, const struct cdc_deadline *deadline)
{
	struct pollfd fd = { .fd = file, .events = POLLIN };
	int64_t left = cdc_deadline_left_ms(deadline);
	unsigned char head[5];

	if (left <= 0 || poll(&fd, 1, clip(left)) <= 0)
		return CDC_MY_TIME_OVER;
	if (recv(file, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT) != sizeof(head))
		return CDC_MY_READY;
	/* more than 64 KiB of greeting is none either */
	return head[2] != 0 || head[3] != 0 || (head[4] != 10 && head[4] != 0xff) ? CDC_MY_FOREIGN : CDC_MY_READY;
}

#ifdef LIBMARIADB

/* What happened of the events that the library waits for; 0 when the time is over. */
static int wait_for(MYSQL *conn, int events, const struct cdc_deadline *deadline)
{
	struct pollfd fd = { .fd = mysql_get_socket(conn) };
	int64_t left = cdc_deadline_left_ms(deadline);
	int happened = 0;

	fd.events = (short)(((events & MYSQL_WAIT_READ) ? POLLIN : 0) | ((events & MYSQL_WAIT_WRITE) ? POLLOUT : 0) |
	    ((events & MYSQL_WAIT_EXCEPT) ? POLLPRI : 0));
	if (left <= 0 || poll(&fd, 1, clip(left)) <= 0)
		return 0;
	if (fd.revents & (POLLIN | POLLHUP | POLLERR))
		happened |= MYSQL_WAIT_READ;
	if (fd.revents & (POLLOUT | POLLHUP | POLLERR))
		happened |= MYSQL_WAIT_WRITE;
	if (fd.revents & POLLPRI)
		happened |= MYSQL_WAIT_EXCEPT;
	return happened & events;
}

/* An address that does not answer in its share of the time is given up, and the library takes the next one. */
enum cdc_my_wait cdc_my_wait_connect(struct cdc_my *my, const struct cdc_my_login *login, int64_t connect_ms)
{
	struct cdc_deadline connect = cdc_deadline_in(connect_ms);
	MYSQL *done;
	int events = mysql_real_connect_start(&done, my->conn, login->host, login->user, login->password, NULL,
	    login->port, login->socket, 0);
	bool given_up = false, greeted = false;

	while (events) {
		bool connected = is_connected(mysql_get_socket(my->conn));
		int happened = wait_for(my->conn, events, connected ? &my->deadline : &connect);

		if (!happened && connected)
			return CDC_MY_TIME_OVER;
		greeted = greeted || has_greeting(my->conn);
		if (!greeted && happened && is_connected(mysql_get_socket(my->conn))) {
			enum cdc_my_wait greeting = wait_for_greeting(mysql_get_socket(my->conn), &my->deadline);

			if (greeting != CDC_MY_READY)
				return greeting;
			greeted = true;
		}
		if (!happened && given_up)
			return CDC_MY_NOT_CONNECTED;
		given_up = !happened;
		events = mysql_real_connect_cont(&done, my->conn, happened ? happened : MYSQL_WAIT_TIMEOUT);
	}
	return given_up && !done ? CDC_MY_NOT_CONNECTED : CDC_MY_READY;
}

enum cdc_my_wait cdc_my_wait_query(struct cdc_my *my, const char *sql)
{
	int failed, events = mysql_real_query_start(&failed, my->conn, sql, strlen(sql));

	while (events) {
		int happened = wait_for(my->conn, events, &my->deadline);

		if (!happened)
			return CDC_MY_TIME_OVER;
		events = mysql_real_query_cont(&failed, my->conn, happened);
	}
	return CDC_MY_READY;
}

enum cdc_my_wait cdc_my_wait_row(struct cdc_my *my, MYSQL_RES *result, MYSQL_ROW *ret)
{
	int events = mysql_fetch_row_start(ret, result);

	while (events) {
		int happened = wait_for(my->conn, events, &my->deadline);

		if (!happened)
			return CDC_MY_TIME_OVER;
		events = mysql_fetch_row_cont(ret, result, happened);
	}
	return CDC_MY_READY;
}

#else

/* False when the time is over. */
static bool wait_a_bit(int file, bool connected, const struct cdc_deadline *deadline)
{
	struct pollfd fd = { .fd = file, .events = connected ? POLLIN : POLLOUT };
	int64_t left = cdc_deadline_left_ms(deadline);

	if (left <= 0)
		return false;
	poll(&fd, file >= 0, clip(left < SLICE_MS ? left : SLICE_MS));
	return true;
}

enum cdc_my_wait cdc_my_wait_connect(struct cdc_my *my, const struct cdc_my_login *login, int64_t connect_ms)
{
	struct cdc_deadline connect = cdc_deadline_in(connect_ms);
	bool greeted = false;

	while (mysql_real_connect_nonblocking(my->conn, login->host, login->user, login->password, NULL, login->port,
		   login->socket, 0) == NET_ASYNC_NOT_READY) {
		int fd = (int)my->conn->net.fd;
		bool connected = is_connected(fd);

		if (!wait_a_bit(fd, connected, connected ? &my->deadline : &connect))
			return connected ? CDC_MY_TIME_OVER : CDC_MY_NOT_CONNECTED;
		greeted = greeted || has_greeting(my->conn);
		if (connected && !greeted) {
			enum cdc_my_wait greeting = wait_for_greeting(fd, &my->deadline);

			if (greeting != CDC_MY_READY)
				return greeting;
			greeted = true;
		}
	}
	return CDC_MY_READY;
}

enum cdc_my_wait cdc_my_wait_query(struct cdc_my *my, const char *sql)
{
	while (mysql_real_query_nonblocking(my->conn, sql, strlen(sql)) == NET_ASYNC_NOT_READY)
		if (!wait_a_bit((int)my->conn->net.fd, true, &my->deadline))
			return CDC_MY_TIME_OVER;
	return CDC_MY_READY;
}

enum cdc_my_wait cdc_my_wait_row(struct cdc_my *my, MYSQL_RES *result, MYSQL_ROW *ret)
{
	while (mysql_fetch_row_nonblocking(result, ret) == NET_ASYNC_NOT_READY)
		if (!wait_a_bit((int)my->conn->net.fd, true, &my->deadline))
			return CDC_MY_TIME_OVER;
	return CDC_MY_READY;
}

#endif
