#include "plugin/state.h"

#include <strings.h>

static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
static const char *const words[] = { "ok", "warning", "critical", "unknown" };
static const int ranks[] = { 0, 2, 3, 1 };

const char *cdc_state_name(enum cdc_state state)
{
	return names[state];
}

const char *cdc_state_word(enum cdc_state state)
{
	return words[state];
}

int cdc_state_rank(enum cdc_state state)
{
	return ranks[state];
}

enum cdc_state cdc_state_worst(enum cdc_state a, enum cdc_state b)
{
	return ranks[a] >= ranks[b] ? a : b;
}

bool cdc_state_parse(const char *text, enum cdc_state *ret)
{
	for (int i = 0; i < 4; i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*ret = (enum cdc_state)i;
			return true;
		}
	}
	return false;
}
