#include "tests/unit/unit.h"

#include "cdc/binlog_dump.h"

/* The first bytes of packets: a status byte, then time stamp, type and server_id of the event. */
#define ROTATE     "\0\0\0\0\0\4\x66\0\0\0\x23\0\0\0\0\0\0\0\x20\0\4\0\0\0"
#define FORMAT     "\0\x5c\x3f\x07\x6b\x0f\x66\0\0\0\x78\0\0\0\x7c\0\0\0\0\0\4\0"
#define LATEST     "\0\xff\xff\xff\xff\x0f\x66\0\0\0\x78\0\0\0\x7c\0\0\0\0\0\4\0"
#define ARTIFICIAL "\0\0\0\0\0\x0f\x66\0\0\0\x78\0\0\0\x7c\0\0\0\0\0\4\0"
#define OTHER      "\0\x5c\x3f\x07\x6b\x1b\x66\0\0\0\x78\0\0\0\x7c\0\0\0\0\0\4\0"

struct packet {
	const char *bytes;
	size_t n;
	enum cdc_binlog_step step;
};

#define PACKET(bytes, step) { bytes, sizeof(bytes) - 1, step }
#define M CDC_BINLOG_MORE
#define K CDC_BINLOG_KNOWN
#define E CDC_BINLOG_END
#define S CDC_BINLOG_STRANGE

static void test_take(void **state CDC_UNUSED)
{
	static const struct {
		const char *name;
		struct packet packets[10];
		int64_t created_ms; /* 0: not known */
	} rows[] = {
		/* the beginning of a file of MySQL 8.0.15 */
		{ "as it is", { PACKET(ROTATE, M), PACKET(FORMAT, K), PACKET(OTHER, K), PACKET("\xfe\0\0\2\0", E) },
		    1795637084000 },
		{ "without a rotate event", { PACKET(FORMAT, K), PACKET("", E) }, 1795637084000 },
		{ "in 2106", { PACKET(ROTATE, M), PACKET(LATEST, K) }, 4294967295000 },
		{ "no time", { PACKET(ROTATE, M), PACKET(ARTIFICIAL, S) }, 0 },
		{ "another event", { PACKET(OTHER, S) }, 0 },
		{ "too short", { PACKET("\0\x5c\x3f\x07\x6b\x0f\x66\0\0\0\x78\0\0\0\x7c\0\0\0\0", S) }, 0 },
		{ "of header's length", { PACKET("\0\x5c\x3f\x07\x6b\x0f\x66\0\0\0\x78\0\0\0\x7c\0\0\0\0\0", K) },
		    1795637084000 },
		{ "end at once", { PACKET("\xfe\0\0\2\0", S) }, 0 },
		{ "empty", { PACKET("", S) }, 0 },
		{ "another status", { PACKET("\1\x5c\x3f\x07\x6b\x0f\x66\0\0\0\x78\0\0\0\x7c\0\0\0\0\0\4\0", S) }, 0 },
		{ "rotate without end",
		    { PACKET(ROTATE, M), PACKET(ROTATE, M), PACKET(ROTATE, M), PACKET(ROTATE, M), PACKET(ROTATE, M),
			PACKET(ROTATE, M), PACKET(ROTATE, M), PACKET(ROTATE, M), PACKET(FORMAT, S) },
		    0 },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		struct cdc_binlog_dump dump = { 0 };

		for (const struct packet *packet = rows[i].packets; packet->bytes; packet++)
			expect(cdc_binlog_dump_take(&dump, (const unsigned char *)packet->bytes, packet->n) == packet->step,
			    "%s, packet %td", rows[i].name, packet - rows[i].packets + 1);
		expect(dump.known == (rows[i].created_ms != 0) && dump.created_ms == rows[i].created_ms, "%s: %lld",
		    rows[i].name, (long long)dump.created_ms);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
