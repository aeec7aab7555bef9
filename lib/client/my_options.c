#include "client/my.h"

/* In the order of enum cdc_my_tls. */
static const char *const tls_names[] = { "preferred", "disabled", "required", "verify-ca", "verify-identity", NULL };

#define PARAM(field, type_wanted) CDC_FIELD(struct cdc_my_params, field, type_wanted)

const struct cdc_option cdc_my_options[] = {
	{ .type = CDC_OPT_TEXT, .letter = 'H', .name = "hostname", .metavar = "HOST", .offset = PARAM(host, const char *),
	    .help = "Host name or address; localhost without a port is the Unix socket." },
	{ .type = CDC_OPT_INT, .letter = 'P', .name = "port", .metavar = "PORT", .offset = PARAM(port, int64_t), .min = 1,
	    .max = 65535, .help = "Port of the server; 3306 unless an option file says otherwise." },
	{ .type = CDC_OPT_FILE, .letter = 's', .name = "socket", .metavar = "PATH", .offset = PARAM(socket, const char *),
	    .help = "Unix socket of the server." },
	{ .type = CDC_OPT_TEXT, .letter = 'u', .name = "username", .metavar = "NAME", .alias = "logname",
	    .alias_letter = 'l', .offset = PARAM(user, const char *), .help = "Account to connect as (also --logname)." },
	{ .type = CDC_OPT_FILE, .name = "password-file", .metavar = "FILE", .offset = PARAM(password_file, const char *),
	    .help = "File whose first line is the password; must not be open to group or others." },
	{ .type = CDC_OPT_FILE, .letter = 'f', .name = "defaults-file", .metavar = "FILE",
	    .offset = PARAM(defaults_file, const char *),
	    .help = "Option file of MySQL, read instead of the usual ones; one with a password in it must not be open to "
		    "group or others." },
	{ .type = CDC_OPT_TEXT, .letter = 'g', .name = "defaults-group", .metavar = "NAME",
	    .offset = PARAM(defaults_group, const char *),
	    .help = "Group to read in option files besides [client]." },
	{ .type = CDC_OPT_CHOICE, .name = "tls", .metavar = "MODE", .initial = "preferred", .offset = PARAM(tls_mode, int),
	    .choices = tls_names,
	    .help = "disabled, preferred, required, verify-ca or verify-identity; with --ca-cert at least verify-ca." },
	{ .type = CDC_OPT_FILE, .name = "ca-cert", .metavar = "FILE", .offset = PARAM(ca_cert, const char *),
	    .help = "Certificates of the authorities that may sign the server's." },
	{ .type = CDC_OPT_FILE, .name = "client-cert", .metavar = "FILE", .offset = PARAM(client_cert, const char *),
	    .help = "Certificate of the client." },
	{ .type = CDC_OPT_FILE, .name = "private-key", .metavar = "FILE", .offset = PARAM(private_key, const char *),
	    .help = "Its private key; must not be open to group or others." },
	CDC_OPTION_END,
};

/* Where the host ends, and where the port begins (NULL: none is given); false when the text is neither. */
static bool find_parts(const char *text, const char **begin, size_t *n, const char **port)
{
	const char *end = strchr(text, ']'), *colon = strchr(text, ':');

	*begin = text;
	*port = NULL;
	if (text[0] == '[') {
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return false;
		*begin = text + 1;
		*n = (size_t)(end - text) - 1;
		*port = end[1] ? end + 2 : NULL;
		return *n > 0;
	}
	/* more than one colon outside of brackets: an IPv6 address without a port */
	if (colon && !strchr(colon + 1, ':'))
		*port = colon + 1;
	*n = *port ? (size_t)(colon - text) : strlen(text);
	return *n > 0;
}

int cdc_my_parse_host(const char *text, char **host, int64_t *port, struct cdc_err *err)
{
	const char *begin, *port_text;
	int64_t number = 0;
	size_t n;

	if (!find_parts(text, &begin, &n, &port_text))
		return cdc_fail(err, CDC_ERR_USAGE, "'%.200s': HOST[:PORT] is expected, an IPv6 address with a port as "
		    "[ADDRESS]:PORT", text);
	if (port_text && (!cdc_num_parse_int(port_text, &number) || number < 1 || number > 65535))
		return cdc_fail(err, CDC_ERR_USAGE, "'%.200s': the port must be a number from 1 to 65535", text);
	*host = cdc_strndup(begin, n);
	*port = number;
	return 0;
}

bool cdc_my_is_right_missing(unsigned error)
{
	static const unsigned rights[] = { 1044, 1142, 1143, 1227, 1370 };

	for (size_t i = 0; i < CDC_LEN(rights); i++)
		if (rights[i] == error)
			return true;
	return false;
}
