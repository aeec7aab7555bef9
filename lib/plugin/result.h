/*
 * The result of judging: items in any order, each with the values of its metrics, the conditions that are the case,
 * and phrases for its text. A plugin's judge step only fills it; what state follows is decided by decide.h from the
 * policy, and how it looks by render.h. All texts are copied; the result owns them.
 */
#ifndef CDC_RESULT_H
#define CDC_RESULT_H

#include "plugin/memory.h"
#include "plugin/policy.h"
#include "value/rows.h"

/* One thing that is the case with an item: a condition, or a metric outside its range (then condition is -1). */
struct cdc_finding {
	int condition;           /* index in the list of all conditions */
	int metric;              /* for a threshold, else -1 */
	char *text;              /* in the item's line: "lost (wal_removed)" */
	char *headline;          /* in line 1 behind the item's name: "is lost (wal_removed): ..."; NULL: text is used */
	int64_t age_ms;          /* how long already, where the judge knows it (the text then ends in it); -1: not known */
	const char *timer;       /* conditions with the same name share one timer; NULL: that of the condition's row */
	char *past;              /* how later runs tell it that do not see it: "was lost: ..."; NULL: as text and headline */
	int64_t seen_ms;         /* of one that is held from an earlier run, when that was */
	bool from_memory;        /* held from an earlier run */
	enum cdc_state state;    /* decided */
};

struct cdc_value {
	bool known;
	cdc_num value;
	char *cause; /* why it is as it is, for line 1, or NULL */
	bool unjudged; /* shown only: a condition decides in place of its ranges at the moment */
	const char *phrase; /* in place of the metric's where that says something else than is meant; a constant, or NULL */
	bool shown; /* belongs into the item's text here, as that of a metric that always does */
	bool violated; /* decided: a finding speaks of it already */
};

struct cdc_item {
	char *name;   /* raw */
	char *key;    /* what decide.c remembers it by: the name, and another text for a fixed item of the same name */
	bool fixed;   /* "server", "cluster": no line while it is fine, never counted */
	bool named;   /* on the command line */
	bool absent;  /* is only here because something is missing */
	bool transient; /* comes and goes by nature: its absence in a later run is no news */
	bool settled; /* decided before the others (cdc_settle) */
	size_t place; /* its index in the result's items */
	char **labels; /* values of the plugin's labels, in their order; NULL is "" */
	struct cdc_value *values; /* by metric */
	struct cdc_finding *findings;
	size_t finding_count, finding_capacity;
	char **phrases;
	size_t phrase_count, phrase_capacity;
	enum cdc_state state; /* decided */
};

/* What is kept of an item that has no place in the output: its name, and the values of one that is not fine. */
struct cdc_left_out {
	char *name;
	enum cdc_state state;
	struct cdc_left_value {
		size_t metric;
		cdc_num value;
	} *values;
	size_t count;
};

/* The item whose main metric says most about where things stand; name is NULL when none has a value. */
struct cdc_extreme {
	const char *name; /* the item's */
	cdc_num value;
};

struct cdc_texts {
	char **at;
	size_t count, capacity;
};

struct cdc_result {
	const struct cdc_plugin *plugin;
	struct cdc_item **items;
	size_t count, capacity;
	struct cdc_left_out *left_out; /* items that have no place in the output (cdc_settle) */
	size_t left_count, left_capacity;
	struct cdc_extreme left_extreme; /* the one among them */
	struct cdc_item **spare; /* settled items, a heap: the last in the order of the output is the first to go */
	size_t spare_count, spare_capacity;
	struct cdc_finding *findings; /* that concern the whole and no item: unreachable, timeout, none ... */
	size_t finding_count, finding_capacity;
	struct cdc_texts notes;   /* what could not be told, one line each */
	struct cdc_texts verbose; /* what was asked and answered */
	char *error;              /* why the check could not be done or finished, or NULL */
	enum cdc_state state;     /* decided */
};

/* Everything a judge step has besides its facts: it reads the policy, fills the result and leaves memory. */
struct cdc_check {
	const struct cdc_policy *policy;
	bool elsewhere; /* set by a judge that looks at a place where known objects need not be: nothing vanishes */
	struct cdc_memory memory;
	struct cdc_result result;
};

void cdc_check_init(struct cdc_check *check, const struct cdc_policy *policy);
void cdc_check_release(struct cdc_check *check);

/* A new item; the pointer stays valid. Its first label is its name. */
struct cdc_item *cdc_result_add(struct cdc_check *check, const char *name);
struct cdc_item *cdc_result_add_fixed(struct cdc_check *check, const char *name);

/* The item of that name, or NULL. */
struct cdc_item *cdc_result_find(const struct cdc_result *result, const char *name);

/* Sets the label at an index of the plugin's list; NULL reads as "". */
void cdc_item_label(struct cdc_item *item, size_t index, const char *value);

/*
 * Gives a metric its value, and says in a few words why it is as it is (for line 1 when it is out of range), or why it
 * has none (for the item's text when the command line has a threshold for it).
 */
void cdc_item_value(struct cdc_item *item, size_t metric, cdc_num value);
void cdc_item_cause(struct cdc_item *item, size_t metric, const char *cause);

/* Adds a phrase to the item's text. */
void cdc_item_phrase(struct cdc_item *item, const char *format, ...) CDC_PRINTF(2, 3);

/*
 * Says that a condition is the case. The text stands in the item's line; the pointer, to which headline, age and
 * timer may be added, is valid until the next finding of the item.
 */
struct cdc_finding *cdc_item_raise(struct cdc_item *item, size_t condition, const char *format, ...) CDC_PRINTF(3, 4);
void cdc_finding_headline(struct cdc_finding *finding, const char *format, ...) CDC_PRINTF(2, 3);
void cdc_finding_past(struct cdc_finding *finding, const char *format, ...) CDC_PRINTF(2, 3);

/* The row of a finding's condition. */
static inline const struct cdc_condition *cdc_finding_row(const struct cdc_check *check, const struct cdc_finding *finding)
{
	return check->policy->rows[finding->condition];
}

/* Appends to the finding's text and headline. */
void cdc_finding_append(struct cdc_finding *finding, const char *suffix);

/* The same for the whole check, without an item. */
struct cdc_finding *cdc_result_raise(struct cdc_check *check, size_t condition, const char *format, ...)
    CDC_PRINTF(3, 4);

/* A line behind everything else; the same text is noted once. */
void cdc_result_note(struct cdc_check *check, const char *format, ...) CDC_PRINTF(2, 3);

/* A line for --verbose. The caller asks the policy first when making the text is dear. */
void cdc_result_verbose(struct cdc_check *check, const char *format, ...) CDC_PRINTF(2, 3);

/* The rows of an answer, a line each, for --verbose three times. */
void cdc_result_show_rows(struct cdc_check *check, const struct cdc_rows *rows);

/* Takes out the fixed items of which a run that failed has seen nothing: as items they would be fine. */
void cdc_result_drop_unseen(struct cdc_check *check);

/* Notes an error as the condition that its kind stands for, with its text as the result's error. */
void cdc_result_fail(struct cdc_check *check, const struct cdc_err *err);

/* A new array of the items in the order of the output: fixed or not as they come, worst first, then by name. */
struct cdc_item **cdc_result_sorted(const struct cdc_result *result) CDC_MUST_USE;

/* The first of them, without sorting the others; NULL when there are none. */
const struct cdc_item *cdc_result_worst(const struct cdc_result *result);

/* The extreme of the main metric among all items but the fixed ones: the lowest where low values are the bad ones. */
struct cdc_extreme cdc_result_extreme(const struct cdc_check *check);

/*
 * For cdc_settle: keeps as many items as the output has lines, the first of them, and of the others only what
 * cdc_left_out has. Items that were named, and formats that show every item, are left alone.
 */
void cdc_result_spare(struct cdc_check *check, struct cdc_item *item);

/* How many items there are without the fixed ones, those that were let go included, and how many have that state. */
size_t cdc_result_item_count(const struct cdc_result *result);
size_t cdc_result_count_state(const struct cdc_result *result, enum cdc_state state);

#endif
