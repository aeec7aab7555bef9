#include "value/json.h"

#include "value/json_token.h"

#define NUMBER_MAX 400 /* longer than any number that means something: doubles need 308 digits at most */

enum state {
	VALUE,        /* a value must come */
	VALUE_OR_END, /* behind "[" */
	KEY_OR_END,   /* behind "{" */
	KEY,          /* behind "," in an object */
	COLON,
	BEHIND,       /* behind a value: "," or the end of the container */
	STRING,
	ESCAPE, /* behind "\\" */
	WORD,         /* a number, true, false or null */
	DONE
};

static int no_json(const struct cdc_json *json, const char *why, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_PROTOCOL, "the answer is no JSON (%s at byte %llu): '%s'", why,
	    (unsigned long long)json->bytes, json->start);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char *cdc_json_key(const struct cdc_json *json, size_t level)
{
	return json->levels[level].array ? NULL : json->path.text + json->levels[level].key;
}

bool cdc_json_key_is(const struct cdc_json *json, size_t level, const char *key)
{
	return level < json->depth && !json->levels[level].array &&
	    cdc_streq(json->path.text + json->levels[level].key, key);
}

size_t cdc_json_index(const struct cdc_json *json, size_t level)
{
	return json->levels[level].array ? json->levels[level].index : 0;
}

void cdc_json_release(struct cdc_json *json)
{
	cdc_buf_release(&json->path);
	cdc_buf_release(&json->text);
	cdc_json_tokener_release(&json->tokener);
}

/* --- containers and values ------------------------------------------------------------------------------------ */

/* Hands a value to the taker, unless it stands in what is skipped. */
static int emit(struct cdc_json *json, enum cdc_json_kind kind, const char *text, struct cdc_err *err)
{
	return json->skip_depth ? 0 : json->take(json->arg, json, kind, text, err);
}

static void value_done(struct cdc_json *json)
{
	json->state = json->depth ? BEHIND : DONE;
}

static int open_container(struct cdc_json *json, bool array, struct cdc_err *err)
{
	int code = emit(json, array ? CDC_JSON_ARRAY : CDC_JSON_OBJECT, NULL, err);

	if (code < 0)
		return -1;
	if (json->depth == CDC_JSON_DEPTH_MAX)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the answer is nested deeper than %d levels", CDC_JSON_DEPTH_MAX);
	json->levels[json->depth++] = (struct cdc_json_level){ .array = array, .key = json->path.len };
	if (code == CDC_JSON_SKIP)
		json->skip_depth = json->depth;
	json->state = array ? VALUE_OR_END : KEY_OR_END;
	return 0;
}

static int close_container(struct cdc_json *json, bool array, struct cdc_err *err)
{
	bool skipped = json->skip_depth == json->depth;

	if (json->levels[json->depth - 1].array != array)
		return no_json(json, "the wrong bracket", err);
	json->depth--;
	cdc_buf_truncate(&json->path, json->levels[json->depth].key);
	if (skipped)
		json->skip_depth = 0;
	else if (emit(json, array ? CDC_JSON_ARRAY_END : CDC_JSON_OBJECT_END, NULL, err) < 0)
		return -1;
	value_done(json);
	return 0;
}

static void begin_string(struct cdc_json *json, bool key)
{
	cdc_buf_clear(&json->text);
	cdc_buf_add_char(&json->text, '"');
	json->in_key = key;
	json->escaped = false;
	json->state = STRING;
}

static int begin_value(struct cdc_json *json, char c, struct cdc_err *err)
{
	if (c == '{' || c == '[')
		return open_container(json, c == '[', err);
	if (c == '"') {
		begin_string(json, false);
		return 0;
	}
	if (c != '-' && !(c >= '0' && c <= '9') && c != 't' && c != 'f' && c != 'n')
		return no_json(json, "an unexpected character", err);
	cdc_buf_clear(&json->text);
	cdc_buf_add_char(&json->text, c);
	json->state = WORD;
	return 0;
}

static int begin_key(struct cdc_json *json, char c, struct cdc_err *err)
{
	if (c != '"')
		return no_json(json, "no key", err);
	begin_string(json, true);
	return 0;
}

/* --- numbers and words ---------------------------------------------------------------------------------------- */

/* An integer says what it is, however long: json-c would cut it to 64 bits, or refuse it. */
static bool is_integer(const char *text)
{
	const char *digits = text + (*text == '-');
	size_t n = strspn(digits, "0123456789");

	return n > 0 && digits[n] == '\0' && (n == 1 || *digits != '0');
}

static int end_word(struct cdc_json *json, struct cdc_err *err)
{
	enum cdc_json_kind kind = CDC_JSON_NUMBER;

	value_done(json);
	if (json->skip_depth)
		return 0;
	if (!is_integer(json->text.text) && !cdc_json_token_read(&json->tokener, &json->text, &kind))
		return no_json(json, "an unknown word", err);
	return emit(json, kind, json->text.text, err) < 0 ? -1 : 0;
}

static bool ends_word(char c)
{
	return is_blank(c) || c == ',' || c == ']' || c == '}';
}

/* --- strings -------------------------------------------------------------------------------------------------- */

static void add_text(struct cdc_json *json, const char *bytes, size_t n)
{
	if (!json->skip_depth)
		cdc_buf_add_bytes(&json->text, bytes, n);
}

static int too_long(struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_PROTOCOL, "the answer has a text of more than %zu KiB", CDC_JSON_TEXT_MAX >> 10);
}

/* Where the limit was reached in the middle of an escape, that goes too. */
static void drop_half_escape(struct cdc_buf *text)
{
	size_t i = 1, n = 1;

	for (; i < text->len; i += n) {
		n = text->text[i] != '\\' ? 1 : i + 1 < text->len && text->text[i + 1] == 'u' ? 6 : 2;
		if (i + n > text->len)
			break;
	}
	cdc_buf_truncate(text, i < text->len ? i : text->len);
}

/* Cuts a text to the limit; false where that may not be. */
static bool cut_string(struct cdc_json *json)
{
	if (json->text.len <= CDC_JSON_TEXT_MAX + 1)
		return true;
	if (!json->cut_texts || json->in_key)
		return false;
	cdc_buf_truncate(&json->text, CDC_JSON_TEXT_MAX + 1);
	if (json->escaped)
		drop_half_escape(&json->text);
	return true;
}

/* The text without its quotes: as it stands there, or what json-c makes of it. */
static const char *read_string(struct cdc_json *json, struct cdc_err *err)
{
	enum cdc_json_kind kind;

	if (!json->escaped)
		return json->text.text + 1;
	cdc_buf_add_char(&json->text, '"');
	if (!cdc_json_token_read(&json->tokener, &json->text, &kind))
		return no_json(json, "a bad escape", err), NULL;
	return json->text.text;
}

static int end_string(struct cdc_json *json, struct cdc_err *err)
{
	const char *text = "";

	if (!cut_string(json))
		return too_long(err);
	if (!json->skip_depth)
		text = read_string(json, err);
	if (!text)
		return -1;
	if (!json->in_key) {
		value_done(json);
		return emit(json, CDC_JSON_STRING, text, err) < 0 ? -1 : 0;
	}
	json->state = COLON;
	if (json->skip_depth)
		return 0;
	cdc_buf_truncate(&json->path, json->levels[json->depth - 1].key);
	cdc_buf_add_bytes(&json->path, text, strlen(text) + 1);
	return 0;
}

static bool is_special(char c)
{
	return c == '"' || c == '\\' || (unsigned char)c < ' ';
}

/* Eight bytes at once, each in its own lane: nonzero where one of them may be special (a byte above 0x7f never is). */
static uint64_t special_lanes(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
	uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');

	return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * ' ') & ~word)) & highs;
}

/* The inside of a string as far as it goes; returns how many bytes were taken. Most of an answer passes here. */
static size_t take_plain(struct cdc_json *json, const char *bytes, size_t n)
{
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		if (special_lanes(word))
			break;
	}
	while (i < n && !is_special(bytes[i]))
		i++;
	if (i > 0)
		add_text(json, bytes, i);
	json->bytes += i;
	return i;
}

static int take_in_string(struct cdc_json *json, char c, struct cdc_err *err)
{
	if (json->text.cut && (!json->cut_texts || json->in_key))
		return too_long(err);
	if (c == '"')
		return end_string(json, err);
	if (c != '\\')
		return no_json(json, "a control character in a text", err);
	add_text(json, &c, 1);
	json->escaped = true;
	json->state = ESCAPE;
	return 0;
}

/* What stands behind a backslash ends no string. */
static int take_escape(struct cdc_json *json, char c)
{
	add_text(json, &c, 1);
	json->state = STRING;
	return 0;
}

/* --- the machine ---------------------------------------------------------------------------------------------- */

static int take_behind(struct cdc_json *json, char c, struct cdc_err *err)
{
	struct cdc_json_level *level = &json->levels[json->depth - 1];

	if (c == '}' || c == ']')
		return close_container(json, c == ']', err);
	if (c != ',')
		return no_json(json, "no comma", err);
	level->index++;
	json->state = level->array ? VALUE : KEY;
	return 0;
}

/* True while the byte stays in the word. */
static int take_word(struct cdc_json *json, char c, bool *again, struct cdc_err *err)
{
	*again = ends_word(c);
	if (*again)
		return end_word(json, err);
	if (json->text.len == NUMBER_MAX || c == '\0')
		return no_json(json, "an unknown word", err);
	cdc_buf_add_char(&json->text, c);
	return 0;
}

/* A byte between values. */
static int take_between(struct cdc_json *json, char c, struct cdc_err *err)
{
	switch (json->state) {
	case VALUE_OR_END:
		return c == ']' ? close_container(json, true, err) : begin_value(json, c, err);
	case VALUE:
		return begin_value(json, c, err);
	case KEY_OR_END:
		return c == '}' ? close_container(json, false, err) : begin_key(json, c, err);
	case KEY:
		return begin_key(json, c, err);
	case COLON:
		if (c != ':')
			return no_json(json, "no colon", err);
		json->state = VALUE;
		return 0;
	case BEHIND:
		return take_behind(json, c, err);
	default:
		return no_json(json, "something behind the end", err);
	}
}

static int take_byte(struct cdc_json *json, char c, bool *again, struct cdc_err *err)
{
	switch (json->state) {
	case STRING:
		return take_in_string(json, c, err);
	case ESCAPE:
		return take_escape(json, c);
	case WORD:
		return take_word(json, c, again, err);
	default:
		return is_blank(c) ? 0 : take_between(json, c, err);
	}
}

static void keep_start(struct cdc_json *json, const char *bytes, size_t n)
{
	size_t used = strlen(json->start), room = sizeof(json->start) - 1 - used;

	memcpy(json->start + used, bytes, n < room ? n : room);
}

int cdc_json_feed(struct cdc_json *json, const char *bytes, size_t n, struct cdc_err *err)
{
	if (json->bytes < sizeof(json->start) - 1)
		keep_start(json, bytes, n);
	for (size_t i = 0; i < n;) {
		bool again = false;

		if (json->state == STRING) {
			i += take_plain(json, bytes + i, n - i);
			if (i == n)
				break;
		}
		if (take_byte(json, bytes[i], &again, err) < 0)
			return -1;
		if (!again) {
			i++;
			json->bytes++;
		}
	}
	return 0;
}

int cdc_json_end(struct cdc_json *json, struct cdc_err *err)
{
	if (json->state == WORD && json->depth == 0 && end_word(json, err) < 0)
		return -1;
	if (json->state == DONE)
		return 0;
	if (json->bytes == 0)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the answer is empty where JSON was expected");
	return cdc_fail(err, CDC_ERR_PROTOCOL, "the answer is cut off after %llu bytes", (unsigned long long)json->bytes);
}
