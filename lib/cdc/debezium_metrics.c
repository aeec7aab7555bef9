#include "cdc/debezium_metrics.h"

#include "base/text.h"

/* --- names ------------------------------------------------------------------------------------------------------- */

struct meaning {
	const char *suffix;
	enum cdc_dbz_field field;
	enum cdc_dbz_context context; /* the only one that the field occurs in */
	bool milliseconds, sums;
	const char *unit; /* that an exporter may append */
};

/* By normalised end. Where one is the end of another, the longer one comes first. */
static const struct meaning meanings[] = {
	{ "millisecondsbehindsource", CDC_DBZ_LAG, CDC_DBZ_STREAMING, true, false, "milliseconds" },
	{ "streaminglagms", CDC_DBZ_LAG, CDC_DBZ_STREAMING, true },
	{ "sourcelagseconds", CDC_DBZ_LAG, CDC_DBZ_STREAMING },
	{ "millisecondssincelastevent", CDC_DBZ_SILENCE, 0, true, false, "milliseconds" },
	{ "eventtimesincelastseconds", CDC_DBZ_SILENCE },
	{ "disconnected", CDC_DBZ_NONE },
	{ "connected", CDC_DBZ_CONNECTED, CDC_DBZ_STREAMING },
	{ "connectionstatus", CDC_DBZ_CONNECTED, CDC_DBZ_STREAMING },
	{ "totalnumberofeventsseen", CDC_DBZ_EVENTS },
	{ "eventcount", CDC_DBZ_EVENTS, 0, false, true }, /* create, update, delete, read */
	{ "numberofeventsfiltered", CDC_DBZ_FILTERED },
	{ "eventfilteredcount", CDC_DBZ_FILTERED },
	{ "numberoferroneousevents", CDC_DBZ_ERRONEOUS },
	{ "eventerroneouscount", CDC_DBZ_ERRONEOUS },
	{ "numberofcommittedtransactions", CDC_DBZ_TRANSACTIONS, CDC_DBZ_STREAMING },
	{ "transactioncommittedcount", CDC_DBZ_TRANSACTIONS, CDC_DBZ_STREAMING },
	{ "queuetotalcapacity", CDC_DBZ_QUEUE_TOTAL },
	{ "queuelimit", CDC_DBZ_QUEUE_TOTAL },
	{ "queueremainingcapacity", CDC_DBZ_QUEUE_REMAINING },
	{ "maxqueuesizeinbytes", CDC_DBZ_QUEUE_BYTES_MAX, 0, false, false, "bytes" },
	{ "queuesizelimitbytes", CDC_DBZ_QUEUE_BYTES_MAX },
	{ "currentqueuesizeinbytes", CDC_DBZ_QUEUE_BYTES, 0, false, false, "bytes" },
	{ "queuesizebytes", CDC_DBZ_QUEUE_BYTES },
	{ "snapshotrunning", CDC_DBZ_SNAPSHOT_RUNNING, CDC_DBZ_SNAPSHOT },
	{ "snapshotpaused", CDC_DBZ_SNAPSHOT_PAUSED, CDC_DBZ_SNAPSHOT },
	{ "snapshotaborted", CDC_DBZ_SNAPSHOT_ABORTED, CDC_DBZ_SNAPSHOT },
	{ "snapshotdurationinseconds", CDC_DBZ_SNAPSHOT_DURATION, CDC_DBZ_SNAPSHOT, false, false, "seconds" },
	{ "snapshotdurationseconds", CDC_DBZ_SNAPSHOT_DURATION, CDC_DBZ_SNAPSHOT },
	{ "totaltablecount", CDC_DBZ_TABLES_TOTAL, CDC_DBZ_SNAPSHOT },
	{ "snapshottablecount", CDC_DBZ_TABLES_TOTAL, CDC_DBZ_SNAPSHOT },
	{ "remainingtablecount", CDC_DBZ_TABLES_REMAINING, CDC_DBZ_SNAPSHOT },
	{ "snapshottableremainingcount", CDC_DBZ_TABLES_REMAINING, CDC_DBZ_SNAPSHOT },
	{ "rowsscanned", CDC_DBZ_ROWS_SCANNED, CDC_DBZ_SNAPSHOT, false, true },
	{ "changesrecovered", CDC_DBZ_CHANGES_RECOVERED, CDC_DBZ_SCHEMA_HISTORY },
	{ "schemahistoryrecovering", CDC_DBZ_RECOVERING, CDC_DBZ_SCHEMA_HISTORY },
	{ "binlogposition", CDC_DBZ_BINLOG, CDC_DBZ_STREAMING },
	{ "isgtidmodeenabled", CDC_DBZ_BINLOG, CDC_DBZ_STREAMING },
	{ "numberofnotwellformedtransactions", CDC_DBZ_BINLOG, CDC_DBZ_STREAMING },
};

/* As Debezium calls them (its JMX domains), and the other spellings that occur. The first of a type is its name. */
static const char *const types[][2] = {
	{ "postgres", "postgres" },   { "postgresql", "postgres" }, { "mysql", "mysql" },
	{ "mariadb", "mariadb" },     { "sqlserver", "sqlserver" }, { "oracle", "oracle" },
	{ "mongodb", "mongodb" },     { "db2", "db2" },             { "informix", "informix" },
	{ "vitess", "vitess" },       { "cassandra", "cassandra" }, { "spanner", "spanner" },
	{ "cockroachdb", "cockroachdb" },
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_alphanumeric(char c)
{
	c = lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool cdc_dbz_is_debezium(const char *name, size_t n)
{
	static const char word[] = "debezium";

	/* the z first: hardly any other name has one */
	for (size_t i = 4; i + 4 <= n; i++) {
		size_t k = 0;

		if (lower(name[i]) != 'z')
			continue;
		while (k < sizeof(word) - 1 && lower(name[i - 4 + k]) == word[k])
			k++;
		if (k == sizeof(word) - 1)
			return true;
	}
	return false;
}

/* Lower case, letters and digits only; returns the length, 0 when it is too long. */
static size_t normalise(const char *text, size_t n, char *ret, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_alphanumeric(text[i]))
			continue;
		if (length + 1 == size)
			return 0;
		ret[length++] = lower(text[i]);
	}
	ret[length] = '\0';
	return length;
}

/* Takes the suffix off the text's end; false when it is not there. */
static bool strip(char *text, size_t *n, const char *suffix)
{
	size_t length = strlen(suffix);

	if (*n < length || memcmp(text + *n - length, suffix, length) != 0)
		return false;
	*n -= length;
	text[*n] = '\0';
	return true;
}

/* The meaning of the name's end, which is taken off; NULL when there is none. */
static const struct meaning *find_meaning(char *name, size_t *n)
{
	for (size_t i = 0; i < CDC_LEN(meanings); i++) {
		const struct meaning *meaning = &meanings[i];
		char whole[80];

		if (meaning->unit) {
			snprintf(whole, sizeof(whole), "%s%s", meaning->suffix, meaning->unit);
			if (strip(name, n, whole))
				return meaning;
		}
		if (strip(name, n, meaning->suffix))
			return meaning;
	}
	return NULL;
}

const char *cdc_dbz_type(const char *text)
{
	char plain[CDC_DBZ_NAME_MAX];

	if (normalise(text, strlen(text), plain, sizeof(plain)) == 0)
		return NULL;
	for (size_t i = 0; i < CDC_LEN(types); i++)
		if (cdc_streq(types[i][0], plain))
			return types[i][1];
	return NULL;
}

bool cdc_dbz_reads_binlog(const char *type)
{
	return cdc_streq(type, "mysql") || cdc_streq(type, "mariadb");
}

/* The type of the connector in what stands before the end of a name: "debeziumpostgresconnectormetrics". */
static const char *type_in(const char *prefix)
{
	const char *after = strstr(prefix, "debezium") + strlen("debezium");

	for (size_t i = 0; i < CDC_LEN(types); i++)
		if (strncmp(after, types[i][0], strlen(types[i][0])) == 0)
			return types[i][1];
	return "";
}

/* The context in what stands before the end of a name: "debeziummysqlsnapshot". */
static enum cdc_dbz_context context_in(const char *prefix)
{
	if (strstr(prefix, "snapshot"))
		return CDC_DBZ_SNAPSHOT;
	return strstr(prefix, "streaming") ? CDC_DBZ_STREAMING : CDC_DBZ_ANY_CONTEXT;
}

bool cdc_dbz_read_name(const char *name, size_t n, struct cdc_dbz_name *ret)
{
	char plain[CDC_DBZ_NAME_MAX];
	const struct meaning *meaning;
	size_t length;

	if (!cdc_dbz_is_debezium(name, n))
		return false;
	length = normalise(name, n, plain, sizeof(plain));
	meaning = length ? find_meaning(plain, &length) : NULL;
	/* a rule of type COUNTER, and OpenTelemetry */
	if (!meaning && strip(plain, &length, "total"))
		meaning = find_meaning(plain, &length);
	if (!meaning || meaning->field == CDC_DBZ_NONE || !strstr(plain, "debezium"))
		return false;
	*ret = (struct cdc_dbz_name){ .field = meaning->field, .context = meaning->context, .type = type_in(plain),
		.one_context = meaning->context != CDC_DBZ_ANY_CONTEXT, .milliseconds = meaning->milliseconds,
		.sums = meaning->sums };
	if (ret->context == CDC_DBZ_ANY_CONTEXT)
		ret->context = context_in(plain);
	return true;
}

/* --- labels ------------------------------------------------------------------------------------------------------ */

/* Copies a text without the quotes that JMX puts around a value with odd characters (ObjectName.quote). */
static bool copy(char *ret, const char *text, size_t n)
{
	bool quoted = n >= 2 && text[0] == '"' && text[n - 1] == '"';
	size_t length = 0;

	if (n >= CDC_DBZ_NAME_MAX)
		return false;
	if (quoted) {
		text++;
		n -= 2;
	}
	for (size_t i = 0; i < n; i++) {
		if (quoted && text[i] == '\\' && i + 1 < n)
			i++;
		ret[length++] = text[i];
	}
	ret[length] = '\0';
	return true;
}

static void read_context(const char *text, size_t n, struct cdc_dbz_place *place)
{
	static const struct {
		const char *word;
		enum cdc_dbz_context context;
	} words[] = {
		{ "streaming", CDC_DBZ_STREAMING },
		{ "binlog", CDC_DBZ_STREAMING }, /* MySQL up to 1.x */
		{ "snapshot", CDC_DBZ_SNAPSHOT },
		{ "schema-history", CDC_DBZ_SCHEMA_HISTORY },
	};

	for (size_t i = 0; i < CDC_LEN(words); i++)
		if (strlen(words[i].word) == n && memcmp(text, words[i].word, n) == 0)
			place->context = words[i].context;
}

/* What a label is about, best first where several say the same. */
enum role { ROLE_SERVER, ROLE_DATABASE, ROLE_TASK, ROLE_INSTANCE, ROLE_TYPE, ROLE_CONTEXT, ROLE_NONE };

static const struct {
	const char *name;
	enum role role;
} roles[] = {
	{ "server", ROLE_SERVER },
	{ "debezium_logical_name", ROLE_SERVER },
	{ "name", ROLE_SERVER },
	{ "connector", ROLE_SERVER },
	{ "database", ROLE_DATABASE },
	{ "debezium_database", ROLE_DATABASE },
	{ "task", ROLE_TASK },
	{ "debezium_task_id", ROLE_TASK },
	{ "instance", ROLE_INSTANCE },
	{ "service_instance_id", ROLE_INSTANCE },
	{ "plugin", ROLE_TYPE },
	{ "context", ROLE_CONTEXT },
	{ "debezium_context", ROLE_CONTEXT },
};

/* While the labels are read: which row of roles a text came from (none yet: behind the last), for a better one replaces it. */
struct reading {
	struct cdc_dbz_place *place;
	size_t from[ROLE_NONE];
};

static size_t row_of(const char *name, size_t n)
{
	size_t i = 0;

	while (i < CDC_LEN(roles) && (strlen(roles[i].name) != n || memcmp(roles[i].name, name, n) != 0))
		i++;
	return i;
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), length = strlen(end);

	return n >= length && cdc_streq(text + n - length, end);
}

/* What a state that is the case is called. */
static bool is_affirmative(const char *value)
{
	static const char *const words[] = { "connected", "running", "paused", "aborted", "true" };

	for (size_t i = 0; i < CDC_LEN(words); i++)
		if (cdc_streq(words[i], value))
			return true;
	return false;
}

/* OpenTelemetry shows a boolean as two samples, of which one carries the name of the opposite in a label of its own. */
static bool is_opposite(const struct cdc_label *label)
{
	if (strncmp(label->name, "debezium_", 9) != 0 || row_of(label->name, strlen(label->name)) != CDC_LEN(roles))
		return false;
	if (strncmp(label->value, "not_", 4) == 0)
		return true;
	return (ends_in(label->name, "_state") || ends_in(label->name, "_status")) && !is_affirmative(label->value);
}

static bool read_part(struct reading *reading, size_t row, const char *text, size_t n)
{
	struct cdc_dbz_place *place = reading->place;
	char type[CDC_DBZ_NAME_MAX];
	const char *known;

	if (row == CDC_LEN(roles) || reading->from[roles[row].role] <= row)
		return true;
	reading->from[roles[row].role] = row;
	switch (roles[row].role) {
	case ROLE_SERVER:
		return copy(place->server, text, n);
	case ROLE_DATABASE:
		return copy(place->database, text, n);
	case ROLE_TASK:
		return copy(place->task, text, n);
	case ROLE_INSTANCE:
		return copy(place->instance, text, n);
	case ROLE_TYPE:
		known = copy(type, text, n) ? cdc_dbz_type(type) : NULL;
		place->type = known ? known : "";
		return true;
	default:
		read_context(text, n, place);
		return true;
	}
}

/* The length of a value in JMX's quotes (ObjectName.quote), which may hold anything; 0 where text is none. */
static size_t quoted_length(const char *text)
{
	size_t i = 1;

	if (*text != '"')
		return 0;
	while (text[i] && text[i] != '"')
		i += text[i] == '\\' && text[i + 1] ? 2 : 1;
	return text[i] ? i + 1 : 0;
}

/* The length up to ", word=": what was meant to be the value; the whole where nothing follows. */
static size_t length_of_part(const char *text)
{
	for (const char *comma = strchr(text + quoted_length(text), ','); comma; comma = strchr(comma + 1, ',')) {
		const char *word = comma + 1 + (comma[1] == ' ');
		size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

		if (n > 0 && word[n] == '=')
			return (size_t)(comma - text);
	}
	return strlen(text);
}

/* "S, task=0, env=prod": the value, then properties of the bean that belong into labels of their own. */
static bool read_label(struct reading *reading, const struct cdc_label *label)
{
	size_t row = row_of(label->name, strlen(label->name)), n = length_of_part(label->value);
	const char *rest = label->value + n;

	if (row == CDC_LEN(roles))
		return true;
	if (!read_part(reading, row, label->value, n))
		return false;
	while (*rest) {
		const char *equals;

		rest += 1 + (rest[1] == ' ');
		equals = strchr(rest, '=');
		n = length_of_part(equals + 1);
		if (!read_part(reading, row_of(rest, (size_t)(equals - rest)), equals + 1, n))
			return false;
		rest = equals + 1 + n;
	}
	return true;
}

/* The label "connector" is the server where nothing else is, and else the type. */
static void read_connector(const struct cdc_sample *sample, const struct reading *reading, struct cdc_dbz_place *place)
{
	const char *connector = cdc_sample_label(sample, "connector");
	const char *type = connector ? cdc_dbz_type(connector) : NULL;

	if (type && !*place->type && reading->from[ROLE_SERVER] < row_of("connector", strlen("connector")))
		place->type = type;
}

bool cdc_dbz_read_labels(const struct cdc_sample *sample, struct cdc_dbz_place *ret)
{
	struct reading reading = { .place = ret };

	*ret = (struct cdc_dbz_place){ .type = "" };
	for (size_t i = 0; i < ROLE_NONE; i++)
		reading.from[i] = CDC_LEN(roles);
	for (size_t i = 0; i < sample->label_count; i++) {
		if (!read_label(&reading, &sample->labels[i]))
			return false;
		if (is_opposite(&sample->labels[i]))
			ret->negated = true;
	}
	read_connector(sample, &reading, ret);
	return true;
}
