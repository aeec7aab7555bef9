#include "cdc/binlog_dump.h"

/* Of an event, behind the packet's status byte. */
#define HEADER_LEN         19
#define TYPE_AT            4
#define ROTATE_EVENT       4
#define FORMAT_DESCRIPTION 15
/* One artificial event comes first; who sends these without end has no file to show. */
#define EVENTS_MAX 8
/* A status byte that stands for the end of the file, in a packet too short for an event. */
#define END_OF_FILE 0xfe
#define END_LEN_MAX 9

static int64_t timestamp_of(const unsigned char *event)
{
	return (int64_t)((uint32_t)event[0] | (uint32_t)event[1] << 8 | (uint32_t)event[2] << 16 |
	    (uint32_t)event[3] << 24);
}

static bool is_end(const unsigned char *packet, size_t n)
{
	return n == 0 || (n < END_LEN_MAX && packet[0] == END_OF_FILE);
}

enum cdc_binlog_step cdc_binlog_dump_take(struct cdc_binlog_dump *dump, const unsigned char *packet, size_t n)
{
	const unsigned char *event = packet + 1;

	if (dump->known)
		return is_end(packet, n) ? CDC_BINLOG_END : CDC_BINLOG_KNOWN;
	if (n < 1 + HEADER_LEN || packet[0] != 0 || dump->events >= EVENTS_MAX)
		return CDC_BINLOG_STRANGE;
	dump->events++;
	if (event[TYPE_AT] == ROTATE_EVENT)
		return CDC_BINLOG_MORE;
	/* an artificial one has no time, and tells nothing */
	if (event[TYPE_AT] != FORMAT_DESCRIPTION || timestamp_of(event) == 0)
		return CDC_BINLOG_STRANGE;
	dump->known = true;
	dump->created_ms = timestamp_of(event) * 1000;
	return CDC_BINLOG_KNOWN;
}
