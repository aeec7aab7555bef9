/*
 * The bare client library making the same requests as a plugin: connect, ask one query after the other, count the
 * rows, close. What the plugin costs beyond this is its own. The queries are given as arguments: tests/bench/run takes
 * them from what the plugin itself says that it asks.
 *
 *     bare_mysql HOST PORT USER QUERY...
 *
 * "DUMP FILE" reads that binary log over a connection of its own, as a replica without a name does (libmariadb only).
 */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -1 when the server does not understand or refuses it, which a plugin lives with. */
static long ask(MYSQL *conn, const char *query)
{
	MYSQL_RES *result;
	long rows = 0;

	if (mysql_query(conn, query) != 0)
		return -1;
	result = mysql_use_result(conn);
	while (result && mysql_fetch_row(result))
		rows++;
	mysql_free_result(result);
	return rows;
}

static MYSQL *reach(char **argv)
{
	MYSQL *conn = mysql_init(NULL);

	if (!conn || mysql_real_connect(conn, argv[1], argv[3], NULL, NULL, (unsigned)atoi(argv[2]), NULL, 0))
		return conn;
	fputs(mysql_error(conn), stderr);
	exit(3);
}

/* The number of packets up to the end of the file, or -1. */
static long dump(MYSQL *conn, const char *file)
{
	long packets = -1;

#ifdef LIBMARIADB
	char command[10 + 512] = { 4 }; /* position 4, flags 0, server_id 0 */
	unsigned long n = 0;

	ask(conn, "SET @master_binlog_checksum = 'NONE', @source_binlog_checksum = 'NONE'");
	snprintf(command + 10, sizeof(command) - 10, "%s", file);
	if (conn->methods->db_command(conn, COM_BINLOG_DUMP, command, 10 + strlen(file), 1, NULL) != 0)
		n = packet_error;
	for (packets = 0; n != packet_error; packets++) {
		n = mysql_net_read_packet(conn);
		if (n < 9 && n > 0 && conn->net.read_pos[0] == 0xfe)
			break;
	}
#else
	(void)file;
#endif
	mysql_close(conn);
	return packets;
}

int main(int argc, char **argv)
{
	long rows = 0;
	MYSQL *conn;
	int i = 4;

	if (argc < 4)
		return 2;
	conn = reach(argv);
	for (; i < argc && strncmp(argv[i], "DUMP ", 5) != 0; i++)
		rows += ask(conn, argv[i]);
	mysql_close(conn);
	for (; i < argc; i++)
		rows += dump(reach(argv), argv[i] + 5);
	printf("OK %ld rows\n", rows);
	return 0;
}
