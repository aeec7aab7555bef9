/*
 * Recorded facts: what real servers answered, one file per query, tests/facts/PLUGIN/NAME.QUERY.tsv, and what a plugin
 * is expected to say about them, tests/plugin/PLUGIN.expected.
 */
#ifndef CDC_FACTS_H
#define CDC_FACTS_H

#include "tests/unit/unit.h"
#include "value/rows.h"

/* One recorded answer; a refusal is recorded as a comment "# error SQLSTATE: text". */
struct fact {
	struct cdc_rows rows;
	bool refused;
	char sqlstate[6], message[300];
};

/* Reads an answer; false when none was recorded. The test fails when it cannot be understood. */
bool facts_load(const char *plugin, const char *name, const char *query, struct fact *ret);

/* Reads a recorded text, NAME.QUESTION with its ending; false when none was recorded. */
bool facts_read(const char *plugin, const char *name, const char *question, struct cdc_buf *ret);

/*
 * Plays every section of PLUGIN.expected and compares the whole output. A section is a line "== NAME OPTIONS" and the
 * output below it. Every recorded NAME (NAME.QUERY.tsv for the given query, or NAME and a suffix that begins with a
 * dot) must have one. With CDC_UPDATE=1 in the
 * environment the file is written anew instead, for reading what changed. play returns an output that is freed here.
 */
void facts_expect(const char *plugin, const char *query, char *(*play)(const char *name, const char *options));

/* Replaces a cell of a table by name; NULL is SQL's NULL. The test fails when there is no such column. */
void facts_set(struct cdc_rows *rows, size_t row, const char *column, const char *value);

#endif
