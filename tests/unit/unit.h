/*
 * What every unit test shares: cmocka, assertions that name the row of a table, and a small plugin to try the library
 * on. cmocka comes first, for base/banned.h poisons names that it uses.
 */
#ifndef CDC_UNIT_H
#define CDC_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plugin/cmdline.h"
#include "plugin/decide.h"
#include "plugin/extra_opts.h"
#include "plugin/render.h"

/* Fails the test with a text of its own unless the condition holds. */
#define expect(condition, ...)                                                                               \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			fail_msg(__VA_ARGS__);                                                               \
	} while (0)

/* Whole texts: what came and what should have come stand one below the other. */
#define expect_text(row, got, want)                                                                          \
	expect(strcmp((got), (want)) == 0, "%s\n      got: '%s'\n   wanted: '%s'", (row), (got), (want))

/* The text holds the part. */
#define expect_part(row, got, part)                                                                          \
	expect(strstr((got), (part)) != NULL, "%s\n      got: '%s'\n  without: '%s'", (row), (got), (part))

#define MINUTE ((int64_t)60 * 1000)
#define HOUR   (60 * MINUTE)
/* When the tests' time begins: 2026-01-01 in milliseconds. */
#define EPOCH ((int64_t)1767225600000)

/* A plugin on a stage: everything that it takes to run it again and again. */
struct stage {
	struct cdc_table table;
	struct cdc_policy *policy; /* the plugin's whole configuration begins with it */
	struct cdc_arguments arguments;
	struct cdc_check check;
	enum cdc_wish wish;
	char *kept; /* the state file's text between two runs; NULL: none */
	bool running, forgetful;
};

/*
 * Parses options, separated by blanks ("''" is an empty one); -1 and the error when they are refused. Close it in both
 * cases.
 */
int stage_parse(struct stage *stage, const struct cdc_plugin *plugin, const char *options, struct cdc_err *err);

/* The same for options that must be valid, else the test fails. */
void stage_open(struct stage *stage, const struct cdc_plugin *plugin, const char *options);
void stage_close(struct stage *stage);

/* Begins a run at that time with what the last one kept; without a memory when stage->forgetful is set. */
void stage_begin(struct stage *stage, int64_t now_ms);

/* Decides and keeps; the result stays for looking at until the next run begins. */
void stage_end(struct stage *stage, bool complete);

/* The output of the run in the format that was asked for; the caller frees it. */
char *stage_output(const struct stage *stage);

/* An item's text as its line has it; the caller frees it. */
char *stage_text(const struct stage *stage, const char *name);

/* The toy: "check_toy", a plugin to try the library on. */
enum toy_metric { DEPTH, AGE, FILL, TOTAL, TOY_METRICS };

enum toy_condition {
	BROKEN = CDC_COND_OWN, /* critical */
	IDLE,                  /* warning, grace, [age] */
	CUT,                   /* critical, grace */
	GONE,                  /* critical, held */
	FADED,                 /* critical, grace and held */
	PLAIN,                 /* ok */
	HUSH,                  /* ok, says nothing while it is */
	OWN_NONE               /* replaces the common row "none": warning */
};

struct toy_config {
	struct cdc_policy policy;
	const char *text, *file;
	bool flag;
	int64_t number, size, duration;
	int choice;
	struct cdc_strings many;
	struct cdc_range range;
};

extern const struct cdc_plugin toy_plugin;

/* Puts an item of that name with a depth into the result. */
struct cdc_item *toy_item(struct stage *toy, const char *name, int64_t depth);

#endif
