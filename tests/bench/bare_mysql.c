/*
 * The bare client library making the same requests as a plugin: connect, ask one query after the other, count the
 * rows, close. What the plugin costs beyond this is its own. The queries are given as arguments: tests/bench/run takes
 * them from what the plugin itself says that it asks.
 *
 *     bare_mysql HOST PORT USER QUERY...
 */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>

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

int main(int argc, char **argv)
{
	MYSQL *conn = mysql_init(NULL);
	long rows = 0;

	if (argc < 4 || !conn)
		return 2;
	if (!mysql_real_connect(conn, argv[1], argv[3], NULL, NULL, (unsigned)atoi(argv[2]), NULL, 0)) {
		fputs(mysql_error(conn), stderr);
		return 3;
	}
	for (int i = 4; i < argc; i++)
		rows += ask(conn, argv[i]);
	mysql_close(conn);
	printf("OK %ld rows\n", rows);
	return 0;
}
