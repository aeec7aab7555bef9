/*
 * What a failure means by its number. Server: MySQL Server Error Message Reference, MariaDB Error Codes. Library:
 * errmsg.h of both.
 */
#include "client/my_internal.h"

#include <errmsg.h>

static const unsigned not_now[] = {
	1040, /* too many connections */
	1053, /* server shutdown in progress */
	1077, 1078, 1079, /* normal shutdown, got signal, shutdown complete */
	1080, /* forcing close of thread */
	1129, /* host is blocked because of many connection errors */
	1152, 1153, 1158, 1159, 1160, 1161, /* aborted connection, packet errors and time-outs on the server's side */
	1184, /* aborted new connection */
	1203, /* too many user connections */
	1226, /* the account's limit of a resource */
	1927, /* MariaDB: connection was killed */
	3032, /* the server is in offline mode */
	3168, /* the server is in the middle of its start */
	4031, /* disconnected for inactivity */
};

static const unsigned refused[] = {
	1044, 1045, /* access denied for the database, for the account */
	1049, /* unknown database */
	1130, /* the host may not connect */
	1142, 1143, /* command denied on a table, a column */
	1227, /* a privilege is needed */
	1251, /* authentication protocol not supported by the client */
	1370, /* command denied on a routine */
	1524, /* authentication plugin is not loaded */
	1698, /* access denied, no password can help */
	1820, 1862, /* the password has expired */
	2049, 2054, 2059, 2061, 5010, 5012, /* authentication plugin missing, not usable, failed, not allowed */
	3118, /* the account is locked */
	3159, /* connections must be secure (require_secure_transport) */
	3878, 3891, 3955, /* locked for a time, no more factors, failed log-ins */
	4151, /* MariaDB: the account is locked */
};

static const unsigned garbled[] = {
	1043, /* bad handshake */
	2007, 2008, 2012, 2014, 2015, /* protocol version, memory, handshake, out of sync */
	2019, 2020, 2027, 2036, /* character set, packet too large, malformed packet, unsupported type */
	5000, 5021, /* libmariadb: end of stream, malformed event */
};

static bool is_in(unsigned error, const unsigned *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == error)
			return true;
	return false;
}

enum cdc_err_kind cdc_my_kind_of(unsigned error)
{
	if (is_in(error, refused, CDC_LEN(refused)))
		return CDC_ERR_DENIED;
	if (is_in(error, garbled, CDC_LEN(garbled)))
		return CDC_ERR_PROTOCOL;
	if (is_in(error, not_now, CDC_LEN(not_now)) || (error >= CR_MIN_ERROR && error < 3000))
		return CDC_ERR_UNREACHABLE;
	return CDC_ERR_PROTOCOL;
}

/* "Can't connect to server on 'host' (111)": where to is said already, and the number is one of errno(3). */
void cdc_my_explain(struct cdc_buf *ret, unsigned error, const char *message)
{
	const char *open = strncmp(message, "Can't connect", 13) == 0 ? strrchr(message, '(') : NULL;
	CDC_CLEANUP(cdc_free_string) char *digits = open ? cdc_strndup(open + 1, strcspn(open + 1, ")")) : NULL;
	int64_t number;

	if (error == CR_SERVER_LOST)
		cdc_buf_add(ret, "it closed the connection during the log-in");
	else if (digits && cdc_num_parse_int(digits, &number) && number > 0 && number < 4096 && open[strlen(digits) + 2] == '\0')
		cdc_buf_add(ret, strerror((int)number));
	else
		cdc_buf_add(ret, message);
}
