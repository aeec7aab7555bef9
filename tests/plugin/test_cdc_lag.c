/*
 * check_cdc_lag over recorded metrics: pages of exporters, answers of Jolokia (NAME-jolokia) and of Prometheus
 * (NAME-prometheus), each in the first look at it; what follows from several looks is test_cdc_lag_runs.c. The first
 * line of each file says where it comes from.
 */
#include "tests/plugin/facts.h"

#include "base/file.h"
#include "cdc/jolokia.h"
#include "cdc/prometheus_api.h"
#include "plugins/cdc_lag.h"

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && cdc_streq(text + n - m, end);
}

static uint64_t read_page(const struct cdc_sample_taker *taker, const char *text, struct cdc_err *err)
{
	struct cdc_exposition page;
	uint64_t samples;

	cdc_exposition_init(&page, taker, false);
	if (cdc_exposition_feed(&page, text, strlen(text), err) == 0)
		(void)!cdc_exposition_end(&page, err);
	samples = page.samples;
	cdc_exposition_release(&page);
	return samples;
}

static uint64_t read_jolokia(const struct cdc_sample_taker *taker, const char *text, struct cdc_err *err)
{
	struct cdc_jolokia_reader reader;
	uint64_t samples;

	cdc_jolokia_reader_init(&reader, taker);
	if (cdc_jolokia_reader_feed(&reader, text, strlen(text), err) == 0)
		(void)!cdc_jolokia_reader_end(&reader, err);
	samples = reader.samples;
	cdc_jolokia_reader_release(&reader);
	return samples;
}

static uint64_t read_prometheus(const struct cdc_sample_taker *taker, const char *text, struct cdc_err *err)
{
	struct cdc_prometheus_reader reader;
	uint64_t samples;

	cdc_prometheus_reader_init(&reader, taker);
	if (cdc_prometheus_reader_feed(&reader, text, strlen(text), err) == 0)
		(void)!cdc_prometheus_reader_end(&reader, err);
	samples = reader.samples;
	cdc_prometheus_reader_release(&reader);
	return samples;
}

/* The recorded text behind its first line, which JSON could not hold. */
static void load(const char *name, struct cdc_buf *ret)
{
	char path[400];
	struct cdc_err err;

	snprintf(path, sizeof(path), CDC_SRCDIR "/tests/facts/cdc_lag/%s.page", name);
	if (cdc_file_read(path, ret, &err) < 0)
		fail_msg("%s", err.text);
	expect(ret->text[0] == '#' && strchr(ret->text, '\n'), "%s does not say where it comes from", path);
}

static void read_facts(const char *name, struct cdc_lag_facts *facts)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	struct cdc_lag_reader reader;
	struct cdc_sample_taker taker;
	struct cdc_err err = { .kind = CDC_ERR_NONE };
	uint64_t samples;
	const char *body;

	load(name, &text);
	body = strchr(text.text, '\n') + 1;
	cdc_lag_reader_init(&reader, facts, cdc_lag_add_source(facts, CDC_LAG_PAGE, "worker:9404", NULL));
	taker = cdc_lag_taker(&reader);
	if (ends_in(name, "-jolokia"))
		samples = read_jolokia(&taker, body, &err);
	else if (ends_in(name, "-prometheus"))
		samples = read_prometheus(&taker, body, &err);
	else
		samples = read_page(&taker, body, &err);
	facts->sources[0].samples = samples;
	facts->sources[0].err = err;
	facts->sources[0].cut = err.kind != CDC_ERR_NONE && samples > 0;
	cdc_lag_reader_release(&reader);
}

static char *play(const char *name, const char *options)
{
	const struct cdc_lag_source *fatal;
	struct cdc_lag_facts facts;
	struct stage stage;
	char *output;

	cdc_lag_facts_init(&facts);
	read_facts(name, &facts);
	fatal = cdc_lag_fatal(&facts);
	stage_open(&stage, &cdc_lag_plugin, options);
	stage_begin(&stage, EPOCH);
	cdc_lag_settle(&facts);
	if (!fatal || fatal->cut)
		cdc_lag_judge((const struct cdc_lag_config *)stage.policy, &facts, &stage.check);
	if (fatal)
		cdc_result_fail(&stage.check, &fatal->err);
	stage_end(&stage, !fatal);
	output = stage_output(&stage);
	stage_close(&stage);
	cdc_lag_facts_release(&facts);
	return output;
}

static void test_recorded(void **state CDC_UNUSED)
{
	facts_expect("cdc_lag", ".page", play);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
