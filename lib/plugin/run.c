#include "plugin/run.h"

#include "base/text.h"
#include "plugin/cmdline.h"
#include "plugin/decide.h"
#include "plugin/extra_opts.h"
#include "plugin/help.h"
#include "plugin/last_word.h"
#include "plugin/render.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The last-resort timer leaves the orderly end this long, and stays well within half a second. */
#define LAST_WORD_AFTER_MS 200
#define DEFAULT_TIMEOUT_MS 10000
#define LOCK_WAIT_MS       1000
/* Far above what a plugin needs: only an endless answer that a library collects comes here. */
#define DATA_LIMIT ((rlim_t)256 << 20)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static void limit_memory(void)
{
#ifndef SANITIZED
	struct rlimit limit = { DATA_LIMIT, DATA_LIMIT };

	setrlimit(RLIMIT_DATA, &limit);
#endif
}

/*
 * A scheduler may start the process with closed descriptors: a socket must not become standard output. What a library
 * writes to standard error would become the status line in some systems, so it goes nowhere.
 */
static void prepare_process(void)
{
	int null;

	do
		null = open("/dev/null", O_RDWR);
	while (null >= 0 && null <= STDERR_FILENO);
	if (null >= 0) {
		dup2(null, STDERR_FILENO);
		close(null);
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is an error of write(2) then */
	umask(077);
	limit_memory();
}

static CDC_NORETURN void say(const struct cdc_buf *text, int exit_code)
{
	cdc_last_word_say(text->text, text->len, exit_code);
}

/* A result that is nothing but an error of the given state, in the format that was asked for. */
static void render_error(struct cdc_buf *buf, const struct cdc_policy *policy, enum cdc_state state, const char *text)
{
	struct cdc_policy plain = *policy;
	struct cdc_check check;

	if (policy->discover)
		plain.format = CDC_FORMAT_NAGIOS;
	cdc_check_init(&check, &plain);
	cdc_result_raise(&check, CDC_COND_PROTOCOL, "%s", text);
	check.result.findings[0].state = check.result.state = state;
	check.result.error = cdc_strdup(text);
	cdc_render(buf, &check);
	cdc_check_release(&check);
}

static CDC_NORETURN void fail(const struct cdc_policy *policy, const struct cdc_err *err)
{
	struct cdc_buf text = CDC_BUF_INIT;

	render_error(&text, policy, CDC_UNKNOWN, err->text);
	say(&text, CDC_UNKNOWN);
}

void cdc_run_step(struct cdc_run *run, const char *format, ...)
{
	CDC_BUF_CLEANUP struct cdc_buf step = CDC_BUF_INIT, expired = CDC_BUF_INIT, ended = CDC_BUF_INIT;
	const struct cdc_policy *policy = run->check.policy;
	enum cdc_state state = policy->discover ? CDC_UNKNOWN : policy->states[CDC_COND_TIMEOUT];
	struct cdc_err err;
	va_list args;

	va_start(args, format);
	cdc_buf_vaddf(&step, format, args);
	va_end(args);
	cdc_run_timed_out(&err, step.text);
	render_error(&expired, policy, state, err.text);
	cdc_fail(&err, CDC_ERR_TIMEOUT, "ended by a signal while %s", step.text);
	render_error(&ended, policy, state, err.text);
	cdc_last_word_set(&expired, &ended, (int)state);
}

int cdc_run_timed_out(struct cdc_err *err, const char *step)
{
	return cdc_fail(err, CDC_ERR_TIMEOUT, "timed out while %s (--timeout)", step);
}

int64_t cdc_run_connect_ms(const struct cdc_run *run, size_t targets)
{
	return cdc_deadline_connect_ms(&run->deadline, targets);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each once and in byte order, for neither order nor repetition makes another check. Sorts the texts. */
static void add_sorted(struct cdc_buf *identity, const char *kind, const char **texts, size_t count)
{
	qsort(texts, count, sizeof(*texts), compare_texts);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !cdc_streq(texts[i - 1], texts[i]))
			cdc_buf_addf(identity, " %s=%s", kind, texts[i]);
	free(texts);
}

static void add_patterns(struct cdc_buf *identity, const char *kind, const struct cdc_patterns *patterns)
{
	const char **texts = cdc_alloc(patterns->count, sizeof(*texts));

	for (size_t i = 0; i < patterns->count; i++)
		texts[i] = patterns->at[i].text;
	add_sorted(identity, kind, texts, patterns->count);
}

/* Which check this is. */
static void add_identity(struct cdc_buf *identity, const struct cdc_policy *policy, const char *target,
    const char *selection)
{
	const char **names = cdc_alloc(policy->names.count, sizeof(*names));

	for (size_t i = 0; i < policy->names.count; i++)
		names[i] = policy->names.at[i];
	cdc_buf_addf(identity, "%s %s", target, selection);
	add_sorted(identity, "name", names, policy->names.count);
	add_patterns(identity, "include", &policy->include);
	add_patterns(identity, "exclude", &policy->exclude);
}

static const char *state_dir(const struct cdc_policy *policy)
{
	const char *named = policy->state_dir ? policy->state_dir : getenv("CDC_STATE_DIR");

	return named && *named ? named : CDC_DEFAULT_STATE_DIR;
}

void cdc_run_remember(struct cdc_run *run, const char *target, const char *selection)
{
	CDC_BUF_CLEANUP struct cdc_buf identity = CDC_BUF_INIT;
	const struct cdc_policy *policy = run->check.policy;
	int64_t left = cdc_deadline_left_ms(&run->deadline);

	if (!run->check.memory.now_ms)
		run->check.memory.now_ms = cdc_clock_wall_ms();
	if (policy->no_state || policy->discover)
		return;
	add_identity(&identity, policy, target, selection);
	cdc_run_step(run, "waiting for the state file");
	cdc_statefile_open(&run->file, state_dir(policy), policy->plugin->name, identity.text, policy->forget,
	    left < LOCK_WAIT_MS ? left / 2 : LOCK_WAIT_MS, &run->check.memory);
}

/* Decides, keeps what the next run must know, and prints. */
static CDC_NORETURN void finish(struct cdc_run *run, bool complete)
{
	struct cdc_check *check = &run->check;
	struct cdc_buf text = CDC_BUF_INIT;

	cdc_decide(check, complete);
	cdc_render(&text, check);
	/* a directory that hangs must not turn what was judged into a time-out */
	cdc_last_word_set(&text, &text, (int)check->result.state);
	cdc_statefile_save(&run->file, &check->memory);
	if (run->file.note.len) {
		cdc_result_note(check, "%s%s", run->file.note.text,
		    check->memory.usable ? "" : " (not known without it: rates, since when, what vanished or was made anew)");
		cdc_buf_clear(&text);
		cdc_render(&text, check);
	}
	cdc_statefile_release(&run->file);
	say(&text, (int)check->result.state);
}

static CDC_NORETURN void finish_discovery(const struct cdc_run *run)
{
	struct cdc_buf text = CDC_BUF_INIT;

	cdc_render_discovery(&text, &run->check);
	say(&text, 0);
}

static void start_clock(struct cdc_run *run, int64_t timeout_ms, const char *step)
{
	run->deadline = cdc_deadline_in(timeout_ms);
	cdc_run_step(run, "%s", step);
	cdc_last_word_arm(timeout_ms + LAST_WORD_AFTER_MS);
}

static CDC_NORETURN void run_plugin(const struct cdc_program *program, const struct cdc_policy *policy)
{
	struct cdc_run run = { .config = policy, .file = CDC_STATEFILE_INIT };
	struct cdc_err err = { 0 };
	int code;

	cdc_check_init(&run.check, policy);
	start_clock(&run, policy->timeout_ms, "starting");
	code = program->run(&run, &err);
	if (code < 0 && (err.kind == CDC_ERR_USAGE || policy->discover))
		fail(policy, &err);
	if (policy->discover)
		finish_discovery(&run);
	if (code < 0) {
		cdc_result_fail(&run.check, &err);
		cdc_result_drop_unseen(&run.check);
	}
	finish(&run, code == 0);
}

/* A usage error must come in the format asked for, even when parsing ended before it came to that option. */
static void guess_output(struct cdc_policy *policy, const struct cdc_arguments *arguments, int argc, char **argv)
{
	char **at = arguments->argv ? arguments->argv : argv;
	int count = arguments->argv ? arguments->argc : argc;

	for (int i = 1; i < count; i++) {
		size_t n = strcspn(at[i], "=");
		const char *value = at[i][n] ? at[i] + n + 1 : i + 1 < count ? at[i + 1] : "";

		if (n >= strlen("--ou") && strncmp(at[i], "--output-format", n) == 0)
			policy->format = cdc_streq(value, "json") ? CDC_FORMAT_JSON :
			    cdc_streq(value, "prometheus")	  ? CDC_FORMAT_PROMETHEUS :
								    CDC_FORMAT_NAGIOS;
		else if (n >= strlen("--d") && strncmp(at[i], "--discover", n) == 0 && !at[i][n])
			policy->discover = true;
	}
}

static CDC_NORETURN void show(const struct cdc_program *program, const struct cdc_table *table, enum cdc_wish wish)
{
	struct cdc_buf text = CDC_BUF_INIT;

	if (wish == CDC_WISH_HELP) {
		cdc_help_print(&text, table, program->plugin);
	} else {
		cdc_version_print(&text, program->plugin);
		for (size_t i = 0; i < CDC_LEN(program->versions) && program->versions[i]; i++)
			program->versions[i](&text);
	}
	say(&text, CDC_UNKNOWN);
}

int cdc_main(const struct cdc_program *program, int argc, char **argv)
{
	struct cdc_policy *config = cdc_alloc(1, program->plugin->config_size);
	struct cdc_arguments arguments = { 0 };
	struct cdc_table table;
	enum cdc_wish wish = CDC_WISH_CHECK;
	struct cdc_err err;

	prepare_process();
	cdc_policy_init(config, program->plugin);
	cdc_table_init(&table, program->plugin);
	/* until the command line says otherwise: an option file may be a pipe that nobody writes */
	start_clock(&(struct cdc_run){ .check.policy = config }, DEFAULT_TIMEOUT_MS, "reading options");
	if (cdc_extra_opts_expand(&table, program->plugin->name, argc, argv, &arguments, &err) < 0 ||
	    cdc_cmdline_parse(&table, config, arguments.argc, arguments.argv, &wish, &err) < 0) {
		guess_output(config, &arguments, argc, argv);
		fail(config, &err);
	}
	if (wish != CDC_WISH_CHECK)
		show(program, &table, wish);
	run_plugin(program, config);
}
