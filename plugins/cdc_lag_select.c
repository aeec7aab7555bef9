/*
 * check_cdc_lag: which servers are to be judged.
 */
#include "plugins/cdc_lag_internal.h"

bool cdc_lag_is_wanted(const struct cdc_lag_config *config, const struct cdc_lag_task *task, const char *item)
{
	const struct cdc_policy *policy = &config->policy;
	const char *type = cdc_lag_type(config);

	if (cdc_patterns_match(&policy->exclude, item) || cdc_patterns_match(&policy->exclude, task->server))
		return false;
	if (cdc_policy_named(policy, task->server) || cdc_policy_named(policy, item))
		return true;
	if (type && *task->type && !cdc_streq(type, task->type))
		return false;
	return cdc_policy_selects(policy, item);
}
