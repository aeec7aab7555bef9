/*
 * JSON (RFC 8259) read as it streams in, in the memory of one text: bytes go in as they come, values come out one by
 * one with the path that leads to them. Strict about the grammar; numbers stay text, so no 64-bit value is ever
 * rounded. Nothing is kept but the keys of the path and the text that is being read.
 *
 * The walk through the containers is here, for json-c would build a tree of the whole answer; json-c reads the tokens
 * that are not what they say (value/json_token.h). Of what is skipped, only the brackets and quotes are looked at.
 *
 * A text holds no NUL: \u0000 and lone surrogates become U+FFFD. Bytes that are no UTF-8 come through as they are.
 */
#ifndef CDC_JSON_H
#define CDC_JSON_H

#include "base/buf.h"
#include "base/err.h"

#define CDC_JSON_DEPTH_MAX 64
#define CDC_JSON_TEXT_MAX  ((size_t)1 << 20)

enum cdc_json_kind {
	CDC_JSON_OBJECT,
	CDC_JSON_OBJECT_END,
	CDC_JSON_ARRAY,
	CDC_JSON_ARRAY_END,
	CDC_JSON_STRING,
	CDC_JSON_NUMBER,
	CDC_JSON_TRUE,
	CDC_JSON_FALSE,
	CDC_JSON_NULL
};

struct cdc_json;
struct json_tokener; /* json-c's */

/*
 * Takes one value: a container's beginning or end, or a text, number or word with its text. json tells where it
 * stands. 0: go on; CDC_JSON_SKIP for a container's beginning: nothing more of it, nor its end; -1 with an error ends
 * the reading.
 */
#define CDC_JSON_SKIP 1
typedef int cdc_json_take(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text,
    struct cdc_err *err);

/* One container around the current place: an object's key, or an array's index. */
struct cdc_json_level {
	bool array;
	size_t key, index; /* key: where it begins in json->path */
};

/* A reader. Initialise it with CDC_JSON_INIT, release it with cdc_json_release. */
struct cdc_json {
	cdc_json_take *take;
	void *arg;
	bool cut_texts; /* longer texts than the limit lose their end, and are no error (keys are) */
	size_t depth;   /* how many containers are around the value */
	/* inner */
	struct cdc_json_level levels[CDC_JSON_DEPTH_MAX];
	struct cdc_buf path, text;
	struct json_tokener *tokener;
	int state;
	size_t skip_depth; /* the container of that depth is skipped; 0: none (depths count from 1 here) */
	bool in_key, escaped; /* of the string that is being read */
	uint64_t bytes;
	char start[48]; /* how the text begins, for errors */
};

/* 2: the quotes */
#define CDC_JSON_INIT(take_, arg_)                                                                           \
	{ .take = (take_), .arg = (arg_), .path = CDC_BUF_INIT, .text = CDC_BUF_LIMITED(CDC_JSON_TEXT_MAX + 2) }

/* Reads the next bytes. On failure -1 and what `take` said, or a CDC_ERR_PROTOCOL: no JSON, or over a limit. */
int cdc_json_feed(struct cdc_json *json, const char *bytes, size_t n, struct cdc_err *err) CDC_MUST_USE;

/* Says that there are no more bytes: -1 and a CDC_ERR_PROTOCOL when the text is cut off. */
int cdc_json_end(struct cdc_json *json, struct cdc_err *err) CDC_MUST_USE;
void cdc_json_release(struct cdc_json *json);

/* The key under which the value stands in the container at that level, 0 for the outermost; NULL in an array. */
const char *cdc_json_key(const struct cdc_json *json, size_t level);

/* True if that key is `key`; level may be beyond the depth (then false). */
bool cdc_json_key_is(const struct cdc_json *json, size_t level, const char *key);

/* The position in the array at that level; 0 in an object. */
size_t cdc_json_index(const struct cdc_json *json, size_t level);

#endif
