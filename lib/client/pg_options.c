#include "client/pg.h"

/* libpq's sslmode names (documentation of libpq, "SSL Mode Descriptions"). */
static const char *const tls_names[] = { "disable", "allow", "prefer", "require", "verify-ca", "verify-full", NULL };

#define PARAM(field, type_wanted) CDC_FIELD(struct cdc_pg_params, field, type_wanted)

const struct cdc_option cdc_pg_options[] = {
	{ .type = CDC_OPT_TEXT, .letter = 'H', .name = "hostname", .metavar = "HOST", .offset = PARAM(host, const char *),
	    .help = "Host name, address, or directory of the Unix socket; a list as in libpq." },
	{ .type = CDC_OPT_INT, .letter = 'P', .name = "port", .metavar = "PORT", .offset = PARAM(port, int64_t), .min = 1,
	    .max = 65535, .help = "Port of the server." },
	{ .type = CDC_OPT_TEXT, .letter = 'u', .name = "username", .metavar = "NAME", .alias = "logname",
	    .alias_letter = 'l', .offset = PARAM(user, const char *), .help = "Role to connect as (also --logname)." },
	{ .type = CDC_OPT_TEXT, .letter = 'd', .name = "database", .metavar = "NAME",
	    .offset = PARAM(database, const char *),
	    .help = "Database to connect to; postgres unless this, a service or PGDATABASE names one." },
	{ .type = CDC_OPT_TEXT, .letter = 'o', .name = "option", .metavar = "CONNINFO",
	    .offset = PARAM(conninfo, const char *),
	    .help = "More connection parameters of libpq, as 'key=value ...' or a URI; without a password." },
	{ .type = CDC_OPT_TEXT, .name = "service", .metavar = "NAME", .offset = PARAM(service, const char *),
	    .help = "Entry of the connection service file (pg_service.conf)." },
	{ .type = CDC_OPT_FILE, .name = "passfile", .metavar = "FILE", .offset = PARAM(passfile, const char *),
	    .help = "Password file of libpq; must not be open to group or others." },
	{ .type = CDC_OPT_CHOICE, .name = "tls", .metavar = "MODE", .offset = PARAM(tls_mode, int), .choices = tls_names,
	    .from_one = true,
	    .help = "libpq's sslmode: disable, allow, prefer, require, verify-ca or verify-full." },
	{ .type = CDC_OPT_FILE, .name = "ca-cert", .metavar = "FILE", .offset = PARAM(ca_cert, const char *),
	    .help = "Certificates of the authorities that may sign the server's." },
	{ .type = CDC_OPT_FILE, .name = "client-cert", .metavar = "FILE", .offset = PARAM(client_cert, const char *),
	    .help = "Certificate of the client." },
	{ .type = CDC_OPT_FILE, .name = "private-key", .metavar = "FILE", .offset = PARAM(private_key, const char *),
	    .help = "Its private key; must not be open to group or others." },
	CDC_OPTION_END,
};

const char *cdc_pg_tls_name(const struct cdc_pg_params *params)
{
	return params->tls_mode ? tls_names[params->tls_mode - 1] : NULL;
}
