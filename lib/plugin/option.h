/*
 * The option table: one typed row per option. Shared options are tables of their own (policy.c, and one per client),
 * taken in by a group row that says which part of the configuration they fill. A row's default is written as a user
 * would type it and goes through the same parser.
 *
 * An option once released keeps its name and its meaning.
 */
#ifndef CDC_OPTION_H
#define CDC_OPTION_H

#include "base/base.h"
#include "base/err.h"

enum cdc_option_type {
	CDC_OPT_END,
	CDC_OPT_GROUP,     /* rows of another table, under a heading */
	CDC_OPT_FLAG,      /* bool */
	CDC_OPT_COUNT,     /* int, one more each time */
	CDC_OPT_TEXT,      /* const char *, not empty unless the row says so */
	CDC_OPT_FILE,      /* const char *, not empty: a path */
	CDC_OPT_LIST,      /* struct cdc_strings, repeatable, each not empty */
	CDC_OPT_PATTERNS,  /* struct cdc_patterns, repeatable: anchored POSIX extended regular expressions */
	CDC_OPT_INT,       /* int64_t between min and max */
	CDC_OPT_SIZE,      /* int64_t bytes, at least min */
	CDC_OPT_DURATION,  /* int64_t milliseconds, at least min */
	CDC_OPT_RANGE,     /* struct cdc_range without a unit */
	CDC_OPT_CHOICE,    /* int: the index into choices */
	CDC_OPT_TIMEOUT,   /* SECONDS[:STATE], the policy's */
	CDC_OPT_WINDOW,    /* MIN[:MAX], the policy's */
	CDC_OPT_ON,        /* CONDITION=STATE, the policy's */
	CDC_OPT_WARNING,   /* RANGE of a metric, the policy's */
	CDC_OPT_CRITICAL,
	CDC_OPT_HELP,
	CDC_OPT_VERSION,
	CDC_OPT_EXTRA      /* --extra-opts, expanded before anything else is read */
};

struct cdc_option {
	enum cdc_option_type type;
	char letter;              /* 0: long only */
	const char *name;         /* long name; for a group its heading */
	const char *metavar;      /* what --help calls the value; NULL for flags */
	const char *help;
	size_t offset;            /* of the field in the structure that the table fills */
	const char *initial;      /* default as typed, or NULL */
	const char *const *choices; /* ends with NULL */
	bool from_one;            /* of CDC_OPT_CHOICE without a default: the first is 1, and 0 that none was given */
	int64_t min, max;
	bool may_be_empty;        /* of CDC_OPT_TEXT */
	const char *alias;        /* a second long name, or NULL */
	char alias_letter;
	const struct cdc_option *group;
	size_t metric;            /* of CDC_OPT_WARNING and CDC_OPT_CRITICAL */
};

#define CDC_OPTION_END { .type = CDC_OPT_END }

/* The offset of a field, and a compile error when the field is not of the type that the option's type fills. */
#define CDC_FIELD(structure, field, type_wanted)                                                             \
	(offsetof(structure, field) + 0 * sizeof(_Generic(((structure *)0)->field, type_wanted: 1)))

/* Texts in the order given; they borrow from argv or the option file. */
struct cdc_strings {
	const char **at;
	size_t count, capacity;
};

void cdc_strings_add(struct cdc_strings *strings, const char *text);
bool cdc_strings_has(const struct cdc_strings *strings, const char *text);
void cdc_strings_release(struct cdc_strings *strings);

#endif
