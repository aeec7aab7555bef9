#include "cdc/sample_builder.h"

#include "value/real.h"

void cdc_sample_builder_release(struct cdc_sample_builder *builder)
{
	cdc_buf_release(&builder->texts);
	builder->count = 0;
}

void cdc_sample_builder_clear(struct cdc_sample_builder *builder)
{
	cdc_buf_clear(&builder->texts);
	builder->count = 0;
	builder->full = false;
}

void cdc_sample_builder_add(struct cdc_sample_builder *builder, const char *name, const char *value)
{
	if (builder->count == CDC_LEN(builder->labels)) {
		builder->full = true;
		return;
	}
	cdc_buf_add_bytes(&builder->texts, name, strlen(name) + 1);
	cdc_buf_add_bytes(&builder->texts, value, strlen(value) + 1);
	builder->count++;
}

static const char *next_text(const char *text)
{
	return text + strlen(text) + 1;
}

/* The texts move while they grow, so the labels point to them only now. */
static void point(struct cdc_sample_builder *builder)
{
	const char *at = builder->texts.text;

	for (size_t i = 0; i < builder->count; i++) {
		builder->labels[i].name = at;
		builder->labels[i].value = next_text(at);
		at = next_text(builder->labels[i].value);
	}
}

void cdc_sample_builder_drop(struct cdc_sample_builder *builder)
{
	if (builder->count == 0 || builder->full)
		return;
	point(builder);
	builder->count--;
	cdc_buf_truncate(&builder->texts, (size_t)(builder->labels[builder->count].name - builder->texts.text));
}

int cdc_sample_builder_give(struct cdc_sample_builder *builder, const struct cdc_sample_taker *taker, const char *name,
    const char *value_text, struct cdc_err *err)
{
	struct cdc_sample sample = { .labels = builder->labels };

	if (builder->full || builder->texts.cut)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "a sample has too many labels, or too long ones");
	point(builder);
	sample.label_count = builder->count;
	sample.name = name ? name : cdc_sample_label(&sample, "__name__");
	if (!sample.name)
		sample.name = "";
	if (!taker->wants(taker->arg, sample.name, strlen(sample.name)))
		return 0;
	sample.known = cdc_real_parse(value_text, strlen(value_text), &sample.value) == CDC_REAL_NUMBER;
	return taker->take(taker->arg, &sample, err);
}
