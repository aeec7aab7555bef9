#include <json-c/json.h>

#include "value/json_token.h"

#include <ctype.h>

void cdc_json_versions(struct cdc_buf *buf)
{
	cdc_buf_addf(buf, "json-c %s\n", json_c_version());
}

/* Of numbers, json-c takes more than RFC 8259 until 0.19, however strict: -Infinity, -.5, 1., 1.e5, -01; 0.14 also 1e. */
static bool is_strict_number(const char *text)
{
	const char *digits = text + (*text == '-'), *point = strchr(digits, '.');

	return isdigit((unsigned char)*digits) && (*digits != '0' || !isdigit((unsigned char)digits[1])) &&
	    (!point || isdigit((unsigned char)point[1])) && isdigit((unsigned char)text[strlen(text) - 1]);
}

static void copy_string(struct json_object *string, struct cdc_buf *ret)
{
	const char *text = json_object_get_string(string);
	size_t n = (size_t)json_object_get_string_len(string), part;

	cdc_buf_clear(ret);
	for (; (part = strnlen(text, n)) < n; text += part + 1, n -= part + 1) {
		cdc_buf_add_bytes(ret, text, part);
		cdc_buf_add(ret, "\xef\xbf\xbd");
	}
	cdc_buf_add_bytes(ret, text, n);
}

static bool take_object(struct json_object *object, struct cdc_buf *token, enum cdc_json_kind *ret_kind)
{
	switch (json_object_get_type(object)) {
	case json_type_null: /* also what json-c gives without a word when memory is exhausted */
		*ret_kind = CDC_JSON_NULL;
		return cdc_streq(token->text, "null");
	case json_type_boolean:
		*ret_kind = json_object_get_boolean(object) ? CDC_JSON_TRUE : CDC_JSON_FALSE;
		return true;
	case json_type_string:
		*ret_kind = CDC_JSON_STRING;
		copy_string(object, token);
		return true;
	default:
		*ret_kind = CDC_JSON_NUMBER;
		return is_strict_number(token->text);
	}
}

static struct json_tokener *open_tokener(struct json_tokener **tokener)
{
	if (!*tokener) {
		*tokener = json_tokener_new();
		if (!*tokener)
			return NULL;
		json_tokener_set_flags(*tokener, JSON_TOKENER_STRICT);
	}
	json_tokener_reset(*tokener);
	return *tokener;
}

bool cdc_json_token_read(struct json_tokener **tokener, struct cdc_buf *token, enum cdc_json_kind *ret_kind)
{
	struct json_tokener *json = open_tokener(tokener);
	struct json_object *object;
	bool good;

	if (!json)
		return false;
	/* with the NUL behind it, which tells json-c that a word or number ends there */
	object = json_tokener_parse_ex(json, token->text, (int)token->len + 1);
	good = json_tokener_get_error(json) == json_tokener_success && json_tokener_get_parse_end(json) == token->len &&
	    take_object(object, token, ret_kind);
	json_object_put(object);
	return good;
}

void cdc_json_tokener_release(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
	*tokener = NULL;
}
