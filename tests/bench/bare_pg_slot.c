/*
 * The bare client library making the same request as check_pg_slot: connect, the same queries in one pipeline, count
 * the rows, close. What the plugin costs beyond this is its own. The queries are the plugin's, taken from its pure part.
 */
#include <libpq-fe.h>
#include <stdio.h>

#include "plugins/pg_slot.h"

int main(int argc, char **argv)
{
	const char *keys[] = { "host", "port", "user", "dbname", "application_name", NULL };
	const char *values[] = { argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL, "postgres",
		"bare", NULL };
	struct cdc_pg_query queries[PG_SLOT_QUERIES];
	PGconn *conn = PQconnectdbParams(keys, values, 0);
	size_t count, rows = 0;
	PGresult *result;

	if (PQstatus(conn) != CONNECTION_OK) {
		fputs(PQerrorMessage(conn), stderr);
		return 3;
	}
	count = pg_slot_ask(PQserverVersion(conn), queries);
	PQenterPipelineMode(conn);
	for (size_t i = 0; i < count; i++) {
		PQsendQueryParams(conn, queries[i].sql, 0, NULL, NULL, NULL, NULL, 0);
		PQpipelineSync(conn);
	}
	for (size_t i = 0; i < count; i++) {
		while ((result = PQgetResult(conn)) != NULL) {
			rows += (size_t)PQntuples(result);
			PQclear(result);
		}
		PQclear(PQgetResult(conn));
	}
	PQfinish(conn);
	printf("OK %zu rows\n", rows);
	return 0;
}
