/*
 * check_cdc_lag: gathers from workers, Prometheus servers or saved pages, and has the facts judged.
 */
#include "plugins/check_cdc_lag.h"
#include "value/json_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)64 << 10)
/* --- saved pages ------------------------------------------------------------------------------------------------- */

static int fail_file(const char *path, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_USAGE, "--metrics-file: '%.200s': %s", path, strerror(errno));
}

/* When the page was saved. A pipe does not say. */
static int note_time(const char *path, int fd, struct cdc_lag_source *source, struct cdc_err *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fail_file(path, err);
	if (S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		return fail_file(path, err);
	}
	if (S_ISREG(status.st_mode) && source->kind == CDC_LAG_FILE)
		source->page_ms = (int64_t)status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1000000;
	return 0;
}

static size_t add_file(struct cdc_lag_facts *facts, const char *path)
{
	CDC_CLEANUP(cdc_free_string) char *whole = realpath(path, NULL);

	if (cdc_streq(path, "-"))
		return cdc_lag_add_source(facts, CDC_LAG_PIPE, "standard input", NULL);
	return cdc_lag_add_source(facts, CDC_LAG_FILE, path, whole);
}

/* Reads a page to its end: 0, or -1 with a CDC_ERR_USAGE when it cannot be read; what is wrong in it is the source's. */
static int read_page(const char *path, int fd, struct cdc_exposition *page, struct cdc_lag_source *source,
    struct cdc_err *err)
{
	CDC_CLEANUP(cdc_free_string) char *block = cdc_alloc(BLOCK_BYTES, 1);
	ssize_t n;

	while ((n = read(fd, block, BLOCK_BYTES)) > 0)
		if (cdc_exposition_feed(page, block, (size_t)n, &source->err) < 0)
			break;
	if (n < 0)
		return fail_file(path, err);
	if (n == 0)
		(void)!cdc_exposition_end(page, &source->err);
	source->samples = page->samples;
	source->cut = source->err.kind != CDC_ERR_NONE && page->samples > 0;
	if (source->err.kind != CDC_ERR_NONE)
		cdc_fail_in(&source->err, "%s", source->name);
	return 0;
}

static int read_file(struct cdc_run *run, const char *path, struct cdc_lag_facts *facts, struct cdc_err *err)
{
	bool standard = cdc_streq(path, "-");
	size_t source = add_file(facts, path);
	struct cdc_lag_reader samples;
	struct cdc_exposition page;
	struct cdc_sample_taker taker;
	int fd, code;

	cdc_run_step(run, "reading %s", facts->sources[source].name);
	fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_file(path, err);
	cdc_lag_reader_init(&samples, facts, source);
	taker = cdc_lag_taker(&samples);
	cdc_exposition_init(&page, &taker, false);
	code = note_time(path, fd, &facts->sources[source], err);
	if (code == 0)
		code = read_page(path, fd, &page, &facts->sources[source], err);
	if (run->check.policy->verbose > 0)
		cdc_result_verbose(&run->check, "%s: %llu samples in %llu lines", facts->sources[source].name,
		    (unsigned long long)page.samples, (unsigned long long)page.number);
	cdc_exposition_release(&page);
	cdc_lag_reader_release(&samples);
	if (!standard)
		close(fd);
	return code;
}

/* --- the check --------------------------------------------------------------------------------------------------- */

static int gather(struct cdc_run *run, const struct cdc_lag_config *config, struct cdc_lag_facts *facts,
    struct cdc_err *err)
{
	if (cdc_lag_check_config(config, err) < 0)
		return -1;
	if (config->files.count == 0 && cdc_lag_ask(run, config, facts, err) < 0)
		return -1;
	for (size_t i = 0; i < config->files.count; i++)
		if (read_file(run, config->files.at[i], facts, err) < 0)
			return -1;
	return 0;
}

/* Which sources, in an order of their own: "h1:9404 h2:9404". */
static void add_target(struct cdc_buf *target, const struct cdc_lag_config *config, const struct cdc_lag_facts *facts)
{
	size_t count = facts->source_count;
	const char **names = cdc_alloc(count, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = facts->sources[i].identity;
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k > 0 && strcmp(names[k], names[k - 1]) < 0; k--) {
			const char *other = names[k];

			names[k] = names[k - 1];
			names[k - 1] = other;
		}
	for (size_t i = 0; i < count; i++)
		cdc_buf_addf(target, "%s%s", i ? " " : "", names[i]);
	for (size_t i = 0; i < config->prometheus_labels.count; i++)
		cdc_buf_addf(target, " %s", config->prometheus_labels.at[i]);
	free(names);
}

/* Without any answer there is nothing to judge, and nothing to remember. */
static int fail_all(struct cdc_run *run, const struct cdc_lag_facts *facts, const struct cdc_lag_source *fatal,
    struct cdc_err *err)
{
	for (size_t i = 0; i < facts->source_count; i++)
		if (&facts->sources[i] != fatal && !run->check.policy->discover)
			cdc_result_fail(&run->check, &facts->sources[i].err);
	*err = fatal->err;
	return -1;
}

/* What is not complete must not be discovered: objects would be deleted. */
static const struct cdc_lag_source *find_failed(const struct cdc_lag_facts *facts)
{
	for (size_t i = 0; i < facts->source_count; i++)
		if (facts->sources[i].err.kind != CDC_ERR_NONE)
			return &facts->sources[i];
	return NULL;
}

static int judge(struct cdc_run *run, const struct cdc_lag_config *config, struct cdc_lag_facts *facts,
    struct cdc_err *err)
{
	const struct cdc_lag_source *fatal = config->policy.discover ? find_failed(facts) : cdc_lag_fatal(facts);
	CDC_BUF_CLEANUP struct cdc_buf target = CDC_BUF_INIT;

	if (fatal && (!fatal->cut || config->policy.discover))
		return fail_all(run, facts, fatal, err);
	if (config->policy.discover && cdc_lag_check_complete(config, facts, err) < 0)
		return -1;
	cdc_lag_settle(facts);
	add_target(&target, config, facts);
	cdc_run_remember(run, target.text, cdc_lag_selection(config));
	cdc_lag_judge(config, facts, &run->check);
	if (!fatal)
		return 0;
	*err = fatal->err;
	return -1;
}

static int run(struct cdc_run *run, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_lag_facts_release) struct cdc_lag_facts facts;

	cdc_lag_facts_init(&facts);
	facts.began_ms = cdc_clock_wall_ms();
	if (gather(run, run->config, &facts, err) < 0)
		return -1;
	return judge(run, run->config, &facts, err);
}

static const struct cdc_program program = { .plugin = &cdc_lag_plugin, .run = run, .versions = { cdc_http_versions, cdc_json_versions } };

int main(int argc, char **argv)
{
	return cdc_main(&program, argc, argv);
}
