/* lib/cdc/offsets: both forms in which Kafka Connect tells what a connector has committed, and what is refused. */
#include "tests/unit/unit.h"

#include "cdc/offsets.h"

#define PART(server, offset) "{\"partition\":{\"server\":\"" server "\"},\"offset\":" offset "}"

/* What kcat -J prints of a record; both are the text of JSON within JSON. */
#define RECORD(key, payload) "{\"topic\":\"t\",\"partition\":3,\"offset\":17,\"key\":\"" key "\",\"payload\":" payload "}"

/* Everything that was read, as a text: "connector/server key=value ..." for each. */
static void write_all(const struct cdc_offsets *offsets, struct cdc_buf *ret)
{
	for (size_t i = 0; i < offsets->count; i++) {
		const struct cdc_offset *offset = &offsets->at[i];

		cdc_buf_addf(ret, "%s%s/%s", i ? "; " : "", offset->connector ? offset->connector : "", offset->server);
		for (size_t j = 0; j < offset->count; j++)
			cdc_buf_addf(ret, " %s=%s", offset->fields[j].key, offset->fields[j].text ? offset->fields[j].text : "(null)");
	}
}

static const struct {
	const char *text, *read;
} forms[] = {
	/* Kafka Connect 3.6 and later, GET /connectors/NAME/offsets */
	{ "{\"offsets\":[]}", "" },
	{ "{\"offsets\":[" PART("db", "{\"file\":\"b.1\",\"pos\":569,\"gtids\":\"u:1-5\"}") "]}",
	    "/db file=b.1 pos=569 gtids=u:1-5" },
	{ " \n{\"offsets\" : [ " PART("a", "{\"pos\":4}") " , " PART("b", "{\"pos\":5}") " ] } \n", "/a pos=4; /b pos=5" },
	{ "{\"offsets\":[{\"offset\":{\"pos\":4},\"partition\":{\"server\":\"a\",\"database\":\"d\"}}]}", "/a pos=4" },
	{ "{\"offsets\":[" PART("a", "{\"pos\":4,\"deep\":{\"x\":[1,{\"y\":2}]},\"snapshot\":true,\"gtids\":null}") "]}",
	    "/a pos=4 snapshot=true gtids=(null)" },
	{ "{\"offsets\":[" PART("a", "null") "]}", "/a" },
	{ "{\"offsets\":[{\"partition\":{},\"offset\":{\"pos\":4}}]}", "/ pos=4" },
	{ "{\"x\":{\"offsets\":[1]},\"offsets\":[" PART("a", "{\"pos\":4}") "],\"y\":[[1]]}", "/a pos=4" },
	{ "{\"offsets\":[" PART("\\u00e4\\n", "{\"gtids\":\"u:1,\\nv:2\"}") "]}", "/\xc3\xa4\n gtids=u:1,\nv:2" },
	{ "{\"offsets\":[" PART("a", "{\"pos\":4,\"pos\":5}") "]}", "/a pos=5" },
	{ "{\"offsets\":[" PART("a", "{\"pos\":18446744073709551615}") "]}", "/a pos=18446744073709551615" },
	/* lines of the offsets topic: the last value of a partition counts, null deletes it */
	{ "", "" },
	{ "\n\n", "" },
	{ "[\"c\",{\"server\":\"db\"}]\t{\"file\":\"b.1\",\"pos\":4}\n", "c/db file=b.1 pos=4" },
	{ "[\"c\",{\"server\":\"db\"}]|{\"pos\":4}\r\n[\"c\",{\"server\":\"db\"}]|{\"pos\":9}", "c/db pos=9" },
	{ "[\"c\",{\"server\":\"db\"}]\t{\"pos\":4}\n[\"c\",{\"server\":\"db\"}]\tnull\n", "" },
	{ "[\"c\",{\"server\":\"db\"}]\tnull\n[\"c\",{\"server\":\"db\"}]\t{\"pos\":4}\n", "c/db pos=4" },
	{ "[\"c\",{\"server\":\"x\"}] {\"pos\":1}\n[\"d\",{\"server\":\"x\"}] {\"pos\":2}\n", "c/x pos=1; d/x pos=2" },
	{ "CreateTime:1700000000000\tPartition:3\t[\"c\",{\"server\":\"x]\\\"\"}]\t{\"pos\":1}\n", "c/x]\" pos=1" },
	{ "[\"c\",{\"server\":\"db\"}]\t{\"pos\":4}\n[\"c\",{\"server\":\"db\"}]\t\n", "" },
	{ "[\"d\",{\"server\":\"x\"}]\n[\"c\",{\"server\":\"db\"}]\t{\"pos\":4}\n", "c/db pos=4" },
	{ "Processed a total of 0 messages\n", "" },
	/* kcat -J: the same as records */
	{ RECORD("[\\\"c\\\",{\\\"server\\\":\\\"db\\\"}]", "\"{\\\"pos\\\":4}\"") "\n"
	  RECORD("[\\\"d\\\",{\\\"server\\\":\\\"x\\\"}]", "null") "\n", "c/db pos=4" },
	{ RECORD("[\\\"c\\\",{\\\"server\\\":\\\"db\\\"}]", "\"{\\\"pos\\\":4}\"") "\n"
	  RECORD("[\\\"c\\\",{\\\"server\\\":\\\"db\\\"}]", "null"), "" },
};

static void test_forms(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(forms); i++) {
		CDC_OFFSETS_CLEANUP struct cdc_offsets offsets = { 0 };
		CDC_BUF_CLEANUP struct cdc_buf read = CDC_BUF_INIT;
		struct cdc_err err = { .text = "" };

		expect(cdc_offsets_parse(forms[i].text, &offsets, &err) == 0, "%s\n  %s", forms[i].text, err.text);
		write_all(&offsets, &read);
		expect_text(forms[i].text, read.text, forms[i].read);
	}
}

static const struct {
	const char *text, *why;
} refused[] = {
	{ "{}", "there is no list \"offsets\"" },
	{ "{\"offsets\":{}}", "there is no list \"offsets\"" },
	{ "{\"offsets\":null}", "there is no list \"offsets\"" },
	{ "{\"error_code\":404,\"message\":\"Connector x not found\"}", "Kafka Connect answered 'Connector x not found' instead" },
	{ "{\"message\":{\"message\":\"deep\"}}", "there is no list \"offsets\" in it; the answer" },
	{ "{\"offsets\":[", "" },
	{ "{\"offsets\":[" PART("a", "{\"pos\":4}") "]} x", "" },
	{ "{\"offsets\":[" PART("a", "{\"pos\":04}") "]}", "" },
	{ "[\"c\",{\"server\":\"db\"}\t{\"pos\":4}\n", "line 1: a key [\"connector\",{\"server\":\"...\"}] is not closed" },
	{ "\n[\"c\",{\"server\":\"db\"}]\tnothing\n", "line 2: a value {...}, null or nothing is expected behind the key" },
	{ "[\"c\",{\"server\":\"db\"}]\t{\"pos\":\n", "line 1" },
	{ "[\"c\" {\"server\":\"db\"}]\t{\"pos\":4}\n", "line 1" },
	{ RECORD("[]", "null") "\n{\"key\":\"[]\"}\n", "line 2: a record with \"key\" and \"payload\" is expected" },
};

static void test_refused(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(refused); i++) {
		CDC_OFFSETS_CLEANUP struct cdc_offsets offsets = { 0 };
		struct cdc_err err = { .text = "" };

		expect(cdc_offsets_parse(refused[i].text, &offsets, &err) < 0, "'%s' was taken", refused[i].text);
		expect(err.kind == CDC_ERR_USAGE && offsets.at == NULL, "'%s'", refused[i].text);
		expect_part(refused[i].text, err.text, refused[i].why);
	}
}

static const struct {
	const char *text, *server, *picked; /* picked: its pos; or a part of the error */
} picks[] = {
	{ "{\"offsets\":[" PART("a", "{\"pos\":4,\"gtids\":\"\"}") "]}", NULL, "4" },
	{ "{\"offsets\":[" PART("a", "{\"pos\":4}") "]}", NULL, "4" },
	{ "{\"offsets\":[" PART("a", "{\"pos\":4}") "," PART("b", "{\"pos\":5,\"gtids\":\"x\"}") "]}", NULL, "5" },
	{ "{\"offsets\":[" PART("a", "{\"pos\":4}") "," PART("b", "{\"pos\":5}") "]}", "a", "4" },
	{ "[\"c\",{\"server\":\"x\"}] {\"pos\":1}\n[\"d\",{\"server\":\"x\"}] {\"pos\":2}\n", "x",
	    "the partition of server 'x' is there for several connectors: 'd' and others; leave only the lines of one" },
	{ "[\"c\",{\"server\":\"x\"}] {\"pos\":1}\n[\"d\",{\"server\":\"y\"}] {\"pos\":2}\n", "x", "1" },
	{ "{\"offsets\":[" PART("a", "{\"gtids\":\"x\"}") "," PART("b", "{\"gtids\":\"x\"}") "]}", NULL,
	    "there are several partitions: 'a', 'b'; --server=NAME picks one" },
	{ "{\"offsets\":[" PART("a", "{\"pos\":4}") "]}", "b", "there is no partition of server 'b'; there are 'a'" },
	{ "{\"offsets\":[]}", "b", "there is no partition of server 'b'; there are none" },
	{ "{\"offsets\":[]}", NULL, "there is no offset in it" },
	{ "{\"offsets\":[" PART("a", "{}") "," PART("b", "{}") "]}", NULL, "there is no offset with gtids in it" },
};

static void test_picks(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(picks); i++) {
		CDC_OFFSETS_CLEANUP struct cdc_offsets offsets = { 0 };
		const struct cdc_offset *offset = NULL;
		struct cdc_err err = { .text = "" };

		expect(cdc_offsets_parse(picks[i].text, &offsets, &err) == 0, "%s\n  %s", picks[i].text, err.text);
		if (cdc_offsets_pick(&offsets, picks[i].server, "gtids", &offset, &err) == 0)
			expect_text(picks[i].text, cdc_offset_get(offset, "pos"), picks[i].picked);
		else
			expect_text(picks[i].text, err.text, picks[i].picked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_picks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
