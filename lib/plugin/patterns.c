#include "plugin/policy.h"

#include <stdlib.h>

#define QUOTE_MAX       120
#define REPETITIONS_MAX 8

static int refuse(const char *text, int code, const regex_t *regex, struct cdc_err *err)
{
	char why[120];

	regerror(code, regex, why, sizeof(why));
	return cdc_fail(err, CDC_ERR_USAGE, "'%.*s' is no POSIX extended regular expression: %s", QUOTE_MAX, text, why);
}

/* glibc's regcomp(3) copies what a repetition repeats, so a pile of them takes memory without end. */
static bool repeats_repetitions(const char *text)
{
	int run = 0;

	for (; *text; text++) {
		run = strchr("*+?", *text) ? run + 1 : 0;
		if (run > REPETITIONS_MAX)
			return true;
	}
	return false;
}

int cdc_patterns_add(struct cdc_patterns *patterns, const char *text, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf anchored = CDC_BUF_INIT;
	int code, flags = REG_EXTENDED | REG_NOSUB | (patterns->any_case ? REG_ICASE : 0);
	regex_t regex;

	if (!*text)
		return cdc_fail(err, CDC_ERR_USAGE, "a pattern is expected, not an empty text");
	if (repeats_repetitions(text))
		return cdc_fail(err, CDC_ERR_USAGE, "'%.*s' repeats a repetition", QUOTE_MAX, text);
	/* alone first: between parentheses something like "a)(b" would pass */
	code = regcomp(&regex, text, flags);
	if (code != 0)
		return refuse(text, code, &regex, err);
	regfree(&regex);
	cdc_buf_addf(&anchored, "^(%s)$", text);
	code = regcomp(&regex, anchored.text, flags);
	if (code != 0)
		return refuse(text, code, &regex, err);
	CDC_GROW(patterns->at, patterns->count, &patterns->capacity);
	patterns->at[patterns->count++] = (struct cdc_pattern){ .text = text, .regex = regex };
	return 0;
}

bool cdc_patterns_match(const struct cdc_patterns *patterns, const char *name)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (regexec(&patterns->at[i].regex, name, 0, NULL, 0) == 0)
			return true;
	return false;
}

void cdc_patterns_release(struct cdc_patterns *patterns)
{
	for (size_t i = 0; i < patterns->count; i++)
		regfree(&patterns->at[i].regex);
	free(patterns->at);
	*patterns = (struct cdc_patterns){ 0 };
}
