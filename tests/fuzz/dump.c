/*
 * A server that answers --probe-binlog with anything: packets, each behind a byte with its length. What is found is a
 * second of 32 bits, and nothing that comes behind changes it.
 */
#include "tests/fuzz/fuzz.h"

#include "cdc/binlog_dump.h"

/* Of exactly the packet's size, so that the address sanitizer sees what reads beyond it. */
static enum cdc_binlog_step take(struct cdc_binlog_dump *dump, const uint8_t *data, size_t n)
{
	unsigned char *packet = cdc_alloc(n, 1);
	enum cdc_binlog_step step;

	memcpy(packet, data, n);
	step = cdc_binlog_dump_take(dump, packet, n);
	free(packet);
	return step;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cdc_binlog_dump dump = { 0 };

	while (size > 0) {
		size_t n = data[0] < size - 1 ? data[0] : size - 1;
		struct cdc_binlog_dump before = dump;
		enum cdc_binlog_step step = take(&dump, data + 1, n);

		HOLDS(dump.known == (step == CDC_BINLOG_KNOWN || step == CDC_BINLOG_END));
		HOLDS(!before.known || (dump.known && dump.created_ms == before.created_ms));
		HOLDS(dump.created_ms % 1000 == 0 && dump.created_ms / 1000 <= (int64_t)UINT32_MAX);
		HOLDS(dump.known == (dump.created_ms > 0));
		if (step == CDC_BINLOG_END || step == CDC_BINLOG_STRANGE)
			return 0;
		data += 1 + n;
		size -= 1 + n;
	}
	return 0;
}
