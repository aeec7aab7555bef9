#include "client/http.h"

#include "base/text.h"

static const char *const tls_names[] = { "verify", "no-verify", NULL };

#define PARAM(field, type_wanted) CDC_FIELD(struct cdc_http_params, field, type_wanted)

const struct cdc_option cdc_http_options[] = {
	{ .type = CDC_OPT_FILE, .name = "auth-file", .metavar = "FILE", .offset = PARAM(auth_file, const char *),
	    .help = "File with one line user:password, sent without being asked for; must not be open to group or "
		    "others." },
	{ .type = CDC_OPT_FILE, .name = "bearer-file", .metavar = "FILE", .offset = PARAM(bearer_file, const char *),
	    .help = "File with one line: a bearer token; must not be open to group or others." },
	{ .type = CDC_OPT_FILE, .name = "netrc-file", .metavar = "FILE", .offset = PARAM(netrc_file, const char *),
	    .help = "User and password by host from a netrc file; must not be open to group or others." },
	{ .type = CDC_OPT_FILE, .name = "header-file", .metavar = "FILE", .offset = PARAM(header_file, const char *),
	    .help = "File with more request headers, a line each (NAME: VALUE); must not be open to group or others." },
	{ .type = CDC_OPT_CHOICE, .name = "tls", .metavar = "MODE", .initial = "verify", .choices = tls_names,
	    .offset = PARAM(tls, int),
	    .help = "verify: a server's certificate must be valid and of its name; no-verify: any will do." },
	{ .type = CDC_OPT_FILE, .name = "ca-cert", .metavar = "FILE", .offset = PARAM(ca_cert, const char *),
	    .help = "Certificates of the authorities that may sign the server's, instead of the system's." },
	{ .type = CDC_OPT_FILE, .name = "client-cert", .metavar = "FILE", .offset = PARAM(client_cert, const char *),
	    .help = "Certificate of the client." },
	{ .type = CDC_OPT_FILE, .name = "private-key", .metavar = "FILE", .offset = PARAM(private_key, const char *),
	    .help = "Its private key; must not be open to group or others." },
	{ .type = CDC_OPT_FLAG, .letter = '4', .name = "ipv4", .offset = PARAM(ipv4, bool), .help = "Use IPv4 only." },
	{ .type = CDC_OPT_FLAG, .letter = '6', .name = "ipv6", .offset = PARAM(ipv6, bool), .help = "Use IPv6 only." },
	CDC_OPTION_END,
};

/* RFC 3986: unreserved characters. */
static bool is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	    c == '_' || c == '~';
}

void cdc_http_add_escaped(struct cdc_buf *buf, const char *text)
{
	/* a segment of dots alone would be taken for a step up */
	bool dots = cdc_streq(text, ".") || cdc_streq(text, "..");

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_plain(c) && !dots)
			cdc_buf_add_char(buf, *text);
		else
			cdc_buf_addf(buf, "%%%02X", c);
	}
}
