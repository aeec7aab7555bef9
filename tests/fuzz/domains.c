/*
 * GTID lists of MariaDB, five separated by a NUL: a position, and a server's gtid_binlog_pos, gtid_binlog_state,
 * gtid_slave_pos and horizon. What is taken prints in a form that is the same list; a reader is never found to miss
 * more than it is behind without being told which, and the verdicts agree with what they name.
 */
#include "tests/fuzz/fuzz.h"

#include "cdc/gtid_verdict.h"

static bool read_list(const uint8_t **data, size_t *size, struct cdc_domain_gtids *ret)
{
	CDC_CLEANUP(cdc_free_string) char *text = fuzz_part(data, size);
	CDC_DOMAIN_GTIDS_CLEANUP struct cdc_domain_gtids again = { 0 };
	CDC_BUF_CLEANUP struct cdc_buf printed = CDC_BUF_INIT, printed_again = CDC_BUF_INIT;
	struct cdc_err err;

	if (cdc_domain_gtids_parse(text, ret, &err) < 0) {
		HOLDS(err.kind == CDC_ERR_USAGE && *err.text && !ret->at);
		return false;
	}
	cdc_domain_gtids_print(&printed, ret);
	HOLDS(cdc_domain_gtids_parse(printed.text, &again, &err) == 0);
	cdc_domain_gtids_print(&printed_again, &again);
	HOLDS(cdc_streq(printed.text, printed_again.text));
	return true;
}

static void judge(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server)
{
	CDC_BUF_CLEANUP struct cdc_buf gone = CDC_BUF_INIT, beyond = CDC_BUF_INIT, errant = CDC_BUF_INIT;

	if (cdc_gtid_is_foreign(position, server))
		return;
	cdc_gtid_behind(position, server, NULL);
	cdc_gtid_executed(server);
	HOLDS((cdc_gtid_purged(position, server, NULL, &gone) > 0) == (gone.len > 0));
	HOLDS((cdc_gtid_ahead(position, server, NULL, &beyond) > 0) == (beyond.len > 0));
	HOLDS(gone.len < 120 && beyond.len < 120);
	HOLDS(cdc_gtid_errant(server, server, &errant) == 0 && errant.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *text = fuzz_part(&data, &size);
	CDC_CLEANUP(cdc_gtid_position_release) struct cdc_gtid_position position = { 0 };
	CDC_CLEANUP(cdc_gtid_server_release) struct cdc_gtid_server server = { .mariadb = true };
	struct cdc_err err;

	if (cdc_gtid_position_parse(text, &position, &err) < 0)
		HOLDS(err.kind == CDC_ERR_USAGE && *err.text);
	else if (read_list(&data, &size, &server.binlog_pos) && read_list(&data, &size, &server.binlog_state) &&
	    read_list(&data, &size, &server.replica_pos)) {
		server.horizon_known = read_list(&data, &size, &server.horizon);
		judge(&position, &server);
	}
	return 0;
}
