#include "cdc/offsets.h"

#include "value/json.h"

#include <stdlib.h>

/* Levels of the JSON of /connectors/NAME/offsets: {"offsets":[{"partition":{"server":...},"offset":{...}}]} */
enum { LEVEL_ANSWER, LEVEL_LIST, LEVEL_PART, LEVEL_FIELD, LEVELS };

static void release_one(struct cdc_offset *offset)
{
	for (size_t i = 0; i < offset->count; i++) {
		free(offset->fields[i].key);
		free(offset->fields[i].text);
	}
	free(offset->fields);
	free(offset->connector);
	free(offset->server);
	*offset = (struct cdc_offset){ 0 };
}

void cdc_offsets_release(struct cdc_offsets *offsets)
{
	for (size_t i = 0; i < offsets->count; i++)
		release_one(&offsets->at[i]);
	free(offsets->at);
	*offsets = (struct cdc_offsets){ 0 };
}

static bool is_same(const char *a, const char *b)
{
	return cdc_streq(a ? a : "", b ? b : "");
}

static bool is_container(enum cdc_json_kind kind)
{
	return kind == CDC_JSON_OBJECT || kind == CDC_JSON_ARRAY;
}

static bool is_end(enum cdc_json_kind kind)
{
	return kind == CDC_JSON_OBJECT_END || kind == CDC_JSON_ARRAY_END;
}

/* A key that comes twice has its last value. */
static void set_field(struct cdc_offset *offset, const char *key, enum cdc_json_kind kind, const char *text)
{
	for (size_t i = 0; i < offset->count; i++) {
		if (cdc_streq(offset->fields[i].key, key)) {
			free(offset->fields[i].text);
			offset->fields[i].text = kind == CDC_JSON_NULL ? NULL : cdc_strdup(text);
			return;
		}
	}
	CDC_GROW(offset->fields, offset->count, &offset->capacity);
	offset->fields[offset->count++] = (struct cdc_offset_field){ .key = cdc_strdup(key),
		.text = kind == CDC_JSON_NULL ? NULL : cdc_strdup(text) };
}

static void set_text(char **field, const char *text)
{
	free(*field);
	*field = cdc_strdup(text);
}

const char *cdc_offset_get(const struct cdc_offset *offset, const char *key)
{
	for (size_t i = 0; i < offset->count; i++)
		if (cdc_streq(offset->fields[i].key, key))
			return offset->fields[i].text;
	return NULL;
}

static struct cdc_offset *add(struct cdc_offsets *offsets)
{
	CDC_GROW(offsets->at, offsets->count, &offsets->capacity);
	offsets->at[offsets->count] = (struct cdc_offset){ .server = cdc_strdup("") };
	return &offsets->at[offsets->count++];
}

/* --- the answer of /connectors/NAME/offsets ------------------------------------------------------------------- */

struct answer {
	struct cdc_offsets *offsets;
	bool seen;         /* there is an "offsets" with a list */
	char message[200]; /* what Connect says instead */
};

static int take_field(struct answer *answer, const struct cdc_json *json, enum cdc_json_kind kind, const char *text)
{
	struct cdc_offset *offset = &answer->offsets->at[answer->offsets->count - 1];

	if (is_container(kind))
		return CDC_JSON_SKIP;
	if (is_end(kind))
		return 0;
	if (kind == CDC_JSON_STRING && cdc_json_key_is(json, LEVEL_PART, "partition") &&
	    cdc_json_key_is(json, LEVEL_FIELD, "server"))
		set_text(&offset->server, text);
	else if (cdc_json_key_is(json, LEVEL_PART, "offset"))
		set_field(offset, cdc_json_key(json, LEVEL_FIELD), kind, text);
	return 0;
}

static int take_answer(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text,
    struct cdc_err *err CDC_UNUSED)
{
	struct answer *answer = arg;

	if (json->depth == LEVEL_LIST && is_container(kind)) {
		if (kind != CDC_JSON_ARRAY || !cdc_json_key_is(json, LEVEL_ANSWER, "offsets"))
			return CDC_JSON_SKIP;
		answer->seen = true;
	} else if (json->depth == LEVEL_PART && is_container(kind)) {
		if (kind != CDC_JSON_OBJECT)
			return CDC_JSON_SKIP;
		add(answer->offsets);
	} else if (json->depth == LEVEL_FIELD && kind == CDC_JSON_ARRAY) {
		return CDC_JSON_SKIP;
	} else if (json->depth == LEVEL_LIST && kind == CDC_JSON_STRING && cdc_json_key_is(json, LEVEL_ANSWER, "message")) {
		snprintf(answer->message, sizeof(answer->message), "%s", text);
	} else if (json->depth == LEVELS) {
		return take_field(answer, json, kind, text);
	}
	return 0;
}

static int read_json(const char *text, size_t n, cdc_json_take *take, void *arg, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_json_release) struct cdc_json json = CDC_JSON_INIT(take, arg);

	if (cdc_json_feed(&json, text, n, err) == 0 && cdc_json_end(&json, err) == 0)
		return 0;
	err->kind = CDC_ERR_USAGE;
	return -1;
}

static int read_answer(const char *text, struct cdc_offsets *offsets, struct cdc_err *err)
{
	struct answer answer = { .offsets = offsets };

	if (read_json(text, strlen(text), take_answer, &answer, err) < 0)
		return -1;
	if (!answer.seen && *answer.message)
		return cdc_fail(err, CDC_ERR_USAGE, "Kafka Connect answered '%s' instead of offsets", answer.message);
	if (!answer.seen)
		return cdc_fail(err, CDC_ERR_USAGE, "there is no list \"offsets\" in it; the answer of "
						    "/connectors/NAME/offsets, or lines of the offsets topic, are expected");
	return 0;
}

/* --- lines of the offsets topic ------------------------------------------------------------------------------- */

/* ["connector",{"server":"S"}] */
static int take_key(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text,
    struct cdc_err *err CDC_UNUSED)
{
	struct cdc_offset *offset = arg;

	if (json->depth == 1 && kind == CDC_JSON_STRING && cdc_json_index(json, 0) == 0)
		set_text(&offset->connector, text);
	else if (json->depth == 2 && kind == CDC_JSON_STRING && cdc_json_key_is(json, 1, "server"))
		set_text(&offset->server, text);
	return 0;
}

static int take_value(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text,
    struct cdc_err *err CDC_UNUSED)
{
	if (json->depth == 1 && is_container(kind))
		return CDC_JSON_SKIP;
	if (json->depth == 1 && !is_end(kind) && cdc_json_key(json, 0))
		set_field(arg, cdc_json_key(json, 0), kind, text);
	return 0;
}

/* How long the array is that the text begins with; 0 when it is not closed before the end. */
static size_t array_length(const char *text, size_t n)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (quoted) {
			if (text[i] == '\\')
				i++;
			else
				quoted = text[i] != '"';
		} else if (text[i] == '"') {
			quoted = true;
		} else if (text[i] == '[') {
			depth++;
		} else if (text[i] == ']' && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

/* What a later line says replaces what an earlier one said. */
static void put(struct cdc_offsets *offsets, struct cdc_offset *offset, bool deleted)
{
	for (size_t i = 0; i < offsets->count; i++) {
		struct cdc_offset *at = &offsets->at[i];

		if (!is_same(at->connector, offset->connector) || !is_same(at->server, offset->server))
			continue;
		release_one(at);
		memmove(at, at + 1, (offsets->count - i - 1) * sizeof(*at));
		offsets->count--;
		break;
	}
	if (deleted) {
		release_one(offset);
		return;
	}
	CDC_GROW(offsets->at, offsets->count, &offsets->capacity);
	offsets->at[offsets->count++] = *offset;
	*offset = (struct cdc_offset){ 0 };
}

/* A key and its value, NULL where it is deleted. */
static int read_pair(const char *key, size_t key_length, const char *value, size_t value_length,
    struct cdc_offsets *offsets, struct cdc_err *err)
{
	CDC_CLEANUP(release_one) struct cdc_offset offset = { .server = cdc_strdup("") };

	if (read_json(key, key_length, take_key, &offset, err) < 0)
		return -1;
	if (value && read_json(value, value_length, take_value, &offset, err) < 0)
		return -1;
	put(offsets, &offset, !value);
	return 0;
}

/* One line; what stands before the key and between key and value depends on the tool that printed it. */
static int read_line(const char *line, size_t n, struct cdc_offsets *offsets, struct cdc_err *err)
{
	const char *key = memchr(line, '[', n), *end = line + n, *value;
	size_t length = key ? array_length(key, (size_t)(end - key)) : 0;

	if (!key)
		return 0; /* what a tool says beside the records: "Processed a total of 5 messages" */
	if (length == 0)
		return cdc_fail(err, CDC_ERR_USAGE, "a key [\"connector\",{\"server\":\"...\"}] is not closed");
	value = memchr(key + length, '{', (size_t)(end - key) - length);
	/* kcat prints a tombstone as nothing at all; blanks at the end are gone */
	if (!value && end > key + length && (end - key < 4 || strncmp(end - 4, "null", 4) != 0))
		return cdc_fail(err, CDC_ERR_USAGE, "a value {...}, null or nothing is expected behind the key");
	return read_pair(key, length, value, value ? (size_t)(end - value) : 0, offsets, err);
}

/* A line of kcat -J: {"topic":...,"key":"[\"connector\",{...}]","payload":"{...}"}; the payload of a tombstone is null. */
struct record {
	char *key, *payload;
	bool has_payload;
};

static void release_record(struct record *record)
{
	free(record->key);
	free(record->payload);
}

static int take_record(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text,
    struct cdc_err *err CDC_UNUSED)
{
	struct record *record = arg;

	if (json->depth == 1 && is_container(kind))
		return CDC_JSON_SKIP;
	if (json->depth == 1 && cdc_json_key_is(json, 0, "payload"))
		record->has_payload = true;
	if (json->depth != 1 || kind != CDC_JSON_STRING)
		return 0;
	if (cdc_json_key_is(json, 0, "key"))
		set_text(&record->key, text);
	else if (cdc_json_key_is(json, 0, "payload"))
		set_text(&record->payload, text);
	return 0;
}

static bool is_record(const char *line)
{
	CDC_CLEANUP(release_record) struct record record = { 0 };
	struct cdc_err ignored;

	return read_json(line, strcspn(line, "\n"), take_record, &record, &ignored) == 0 && record.key && record.has_payload;
}

static int read_record(const char *line, size_t n, struct cdc_offsets *offsets, struct cdc_err *err)
{
	CDC_CLEANUP(release_record) struct record record = { 0 };

	if (read_json(line, n, take_record, &record, err) < 0)
		return -1;
	if (!record.key || !record.has_payload)
		return cdc_fail(err, CDC_ERR_USAGE, "a record with \"key\" and \"payload\" is expected");
	return read_pair(record.key, strlen(record.key), record.payload, record.payload ? strlen(record.payload) : 0,
	    offsets, err);
}

typedef int read_one(const char *line, size_t n, struct cdc_offsets *offsets, struct cdc_err *err);

static int read_lines(const char *text, read_one *read, struct cdc_offsets *offsets, struct cdc_err *err)
{
	size_t number = 1;

	for (const char *line = text; *line; number++) {
		size_t length = strcspn(line, "\n"), n = length;

		while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' ' || line[n - 1] == '\t'))
			n--;
		if (n > 0 && read(line, n, offsets, err) < 0)
			return cdc_fail_in(err, "line %zu", number);
		line += length + (line[length] == '\n');
	}
	return 0;
}

int cdc_offsets_parse(const char *text, struct cdc_offsets *ret, struct cdc_err *err)
{
	CDC_OFFSETS_CLEANUP struct cdc_offsets offsets = { 0 };
	const char *begin = text + strspn(text, " \t\r\n");
	int code;

	if (*begin != '{')
		code = read_lines(text, read_line, &offsets, err);
	else if (is_record(begin))
		code = read_lines(text, read_record, &offsets, err);
	else
		code = read_answer(text, &offsets, err);
	if (code < 0)
		return -1;
	*ret = offsets;
	offsets = (struct cdc_offsets){ 0 };
	return 0;
}

/* --- which one ------------------------------------------------------------------------------------------------ */

const struct cdc_offset *cdc_offsets_find(const struct cdc_offsets *offsets, const char *server)
{
	for (size_t i = offsets->count; i > 0; i--)
		if (cdc_streq(offsets->at[i - 1].server, server))
			return &offsets->at[i - 1];
	return NULL;
}

/* "a, b, c" */
static void list_servers(struct cdc_buf *buf, const struct cdc_offsets *offsets)
{
	for (size_t i = 0; i < offsets->count && buf->len < 300; i++)
		cdc_buf_addf(buf, "%s'%s'", i ? ", " : "", offsets->at[i].server);
}

/* True if another connector has a partition of the same server; their order tells nothing. */
static bool of_several_connectors(const struct cdc_offsets *offsets, const struct cdc_offset *offset)
{
	for (size_t i = 0; i < offsets->count; i++)
		if (cdc_streq(offsets->at[i].server, offset->server) &&
		    !is_same(offsets->at[i].connector, offset->connector))
			return true;
	return false;
}

int cdc_offsets_pick(const struct cdc_offsets *offsets, const char *server, const char *key,
    const struct cdc_offset **ret, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf servers = CDC_BUF_INIT;
	const struct cdc_offset *found = server ? cdc_offsets_find(offsets, server) : NULL;
	size_t with_key = 0;

	if (found && of_several_connectors(offsets, found))
		return cdc_fail(err, CDC_ERR_USAGE, "the partition of server '%s' is there for several connectors: '%s' and "
		    "others; leave only the lines of one", server, found->connector);
	list_servers(&servers, offsets);
	if (server && !found)
		return cdc_fail(err, CDC_ERR_USAGE, "there is no partition of server '%s'; there are %s", server,
		    offsets->count ? servers.text : "none");
	for (size_t i = 0; !server && i < offsets->count; i++) {
		if (offsets->count > 1 && !cdc_offset_get(&offsets->at[i], key))
			continue;
		found = &offsets->at[i];
		with_key++;
	}
	if (!found)
		return cdc_fail(err, CDC_ERR_USAGE, "there is no offset%s%s in it", offsets->count ? " with " : "",
		    offsets->count ? key : "");
	if (with_key > 1)
		return cdc_fail(err, CDC_ERR_USAGE, "there are several partitions: %s; --server=NAME picks one", servers.text);
	*ret = found;
	return 0;
}
