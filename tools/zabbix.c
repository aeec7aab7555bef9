/*
 * A Zabbix template has one master item, the JSON of a run; every metric of the plugin's table is a part of it.
 * Metrics of a fixed item are items, the others item prototypes of the discovery rule, whose macros are the labels.
 */
#include "tools/zabbix.h"

#include <ctype.h>
#include <inttypes.h>

/* What a template needs and the plugin's tables do not say. */
struct words {
	const char *plugin;
	const char *name;   /* of the template, without "by check_x" */
	const char *title;  /* of what is judged as a whole */
	const char *noun;   /* of one item */
	const char *second; /* the label that tells items apart where the first is the same, or NULL */
	const char *class, *target; /* Zabbix' own templates have these tags */
};

static const struct words all_words[] = {
	{ "check_binlog_retention", "MySQL binary logs", "Binary logs", "Binary logs,", NULL, "database", "mysql" },
	/* SQL Server: an item for each database of a server */
	{ "check_cdc_lag", "Debezium connectors", "Debezium", "Connector", "DATABASE", "software", "debezium" },
	{ "check_connect_status", "Kafka Connect", "Kafka Connect", "Connector", NULL, "software", "kafka" },
	{ "check_mysql_gtid", "MySQL GTID sets", "GTID", "GTID on", NULL, "database", "mysql" },
	{ "check_pg_slot", "PostgreSQL replication slots", "Replication slots", "Slot", NULL, "database",
	    "postgresql" },
};

/* What is written again and again in one template. */
struct template {
	struct cdc_buf *buf;
	const struct cdc_plugin *plugin;
	const struct words *words;
	struct cdc_buf key;    /* cdc.pg_slot */
	struct cdc_buf macro;  /* CDC.PG_SLOT */
	struct cdc_buf name;   /* PostgreSQL replication slots by check_pg_slot */
	struct cdc_buf master; /* cdc.pg_slot["{$CDC.PG_SLOT.SECTION}"] */
	struct cdc_buf args;   /* "{#SLOT}" */
	struct cdc_buf filter; /* @.labels.slot == "{#SLOT}" */
	struct cdc_buf item;   /* Slot {#SLOT} */
};

/* An item or an item prototype that is a part of the master item. */
struct part {
	const char *word; /* the end of its key */
	const char *name, *type, *units, *help, *map;
	const char *path; /* behind the item for a prototype, else all of it */
	bool prototype;
	bool always; /* every answer has it: one without is an error to see */
};

static void template_release(struct template *t)
{
	cdc_buf_release(&t->key);
	cdc_buf_release(&t->macro);
	cdc_buf_release(&t->name);
	cdc_buf_release(&t->master);
	cdc_buf_release(&t->args);
	cdc_buf_release(&t->filter);
	cdc_buf_release(&t->item);
}

static void add_lower(struct cdc_buf *buf, const char *text)
{
	for (; *text; text++)
		cdc_buf_add_char(buf, (char)tolower((unsigned char)*text));
}

static void add_filter(struct template *t, const char *label)
{
	cdc_buf_add(&t->filter, "@.labels.");
	add_lower(&t->filter, label);
	cdc_buf_addf(&t->filter, " == \"{#%s}\"", label);
}

static void template_init(struct template *t, struct cdc_buf *buf, const struct cdc_plugin *plugin,
    const struct words *words)
{
	const char *first = plugin->labels[0];

	*t = (struct template){ buf, plugin, words, CDC_BUF_INIT, CDC_BUF_INIT, CDC_BUF_INIT, CDC_BUF_INIT,
		CDC_BUF_INIT, CDC_BUF_INIT, CDC_BUF_INIT };
	cdc_buf_addf(&t->key, "cdc.%s", cdc_plugin_short_name(plugin));
	for (const char *c = t->key.text; *c; c++)
		cdc_buf_add_char(&t->macro, (char)toupper((unsigned char)*c));
	cdc_buf_addf(&t->name, "%s by %s", words->name, plugin->name);
	cdc_buf_addf(&t->master, "%s[\"{$%s.SECTION}\"]", t->key.text, t->macro.text);
	cdc_buf_addf(&t->args, "\"{#%s}\"", first);
	cdc_buf_addf(&t->item, "%s {#%s}", words->noun, first);
	add_filter(t, first);
	if (words->second) {
		cdc_buf_addf(&t->args, ",\"{#%s}\"", words->second);
		/* a blank in front of it, where there is one */
		cdc_buf_addf(&t->item, "{{#%s}.regsub(\"(.+)\", \" \\1\")}", words->second);
		cdc_buf_add(&t->filter, " && ");
		add_filter(t, words->second);
	}
}

/* --- YAML ---------------------------------------------------------------------------------------------------- */

static void CDC_PRINTF(3, 4) line(struct cdc_buf *buf, int depth, const char *format, ...)
{
	va_list args;

	cdc_buf_addf(buf, "%*s", depth, "");
	va_start(args, format);
	cdc_buf_vaddf(buf, format, args);
	va_end(args);
	cdc_buf_add_char(buf, '\n');
}

/* FIELD: 'TEXT', or - 'TEXT' where the field is "-"; a quote is doubled. */
static void CDC_PRINTF(4, 5) quoted(struct cdc_buf *buf, int depth, const char *field, const char *format, ...)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	va_list args;

	va_start(args, format);
	cdc_buf_vaddf(&text, format, args);
	va_end(args);
	cdc_buf_addf(buf, "%*s%s%s '", depth, "", field, cdc_streq(field, "-") ? "" : ":");
	for (const char *c = text.text; *c; c++) {
		if (*c == '\'')
			cdc_buf_add_char(buf, '\'');
		cdc_buf_add_char(buf, *c);
	}
	cdc_buf_add(buf, "'\n");
}

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash(uint64_t seed, const char *text)
{
	for (; *text; text++)
		seed = (seed ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return seed;
}

/*
 * Begins an object with the id by which Zabbix knows it again when a newer template is imported. It follows from
 * the object's name here, in the form of a version 4 UUID, which is all that Zabbix takes.
 */
static void add_uuid(struct template *t, int depth, const char *kind, const char *word)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	uint64_t high, low;

	cdc_buf_addf(&text, "%s %s %s", t->plugin->name, kind, word);
	high = hash(UINT64_C(14695981039346656037), text.text);
	low = hash(high, text.text);
	high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
	low = (low & (UINT64_MAX >> 2)) | UINT64_C(1) << 63;
	line(t->buf, depth, "- uuid: %016" PRIx64 "%016" PRIx64, high, low);
}

static void add_tag(struct cdc_buf *buf, int depth, const char *tag, const char *value)
{
	line(buf, depth, "- tag: %s", tag);
	quoted(buf, depth + 2, "value", "%s", value);
}

/* --- items --------------------------------------------------------------------------------------------------- */

static void add_part(struct template *t, const struct part *part)
{
	struct cdc_buf *buf = t->buf;
	int depth = part->prototype ? 14 : 10;

	add_uuid(t, depth - 2, part->prototype ? "prototype" : "item", part->word);
	quoted(buf, depth, "name", "%s: %s", part->prototype ? t->item.text : t->words->title, part->name);
	line(buf, depth, "type: DEPENDENT");
	if (part->prototype)
		quoted(buf, depth, "key", "%s.%s[%s]", t->key.text, part->word, t->args.text);
	else
		line(buf, depth, "key: %s.%s", t->key.text, part->word);
	line(buf, depth, "delay: '0'");
	if (cdc_streq(part->type, "TEXT") || cdc_streq(part->type, "CHAR"))
		line(buf, depth, "trends: '0'");
	line(buf, depth, "value_type: %s", part->type);
	if (*part->units)
		quoted(buf, depth, "units", "%s", part->units);
	quoted(buf, depth, "description", "%s", part->help);
	if (part->map) {
		line(buf, depth, "valuemap:");
		quoted(buf, depth + 2, "name", "%s", part->map);
	}
	line(buf, depth, "preprocessing:");
	line(buf, depth + 2, "- type: JSONPATH");
	line(buf, depth + 4, "parameters:");
	if (part->prototype)
		quoted(buf, depth + 6, "-", "$.items[?(%s)].%s.first()", t->filter.text, part->path);
	else
		quoted(buf, depth + 6, "-", "%s", part->path);
	if (!part->always)
		line(buf, depth + 4, "error_handler: DISCARD_VALUE");
	line(buf, depth, "master_item:");
	quoted(buf, depth + 2, "key", "%s", t->master.text);
	line(buf, depth, "tags:");
	add_tag(buf, depth + 2, "component", t->words->title);
	if (part->prototype) {
		CDC_BUF_CLEANUP struct cdc_buf tag = CDC_BUF_INIT;
		CDC_BUF_CLEANUP struct cdc_buf value = CDC_BUF_INIT;

		add_lower(&tag, t->plugin->labels[0]);
		cdc_buf_addf(&value, "{#%s}", t->plugin->labels[0]);
		add_tag(buf, depth + 2, tag.text, value.text);
	}
}

static const char *units(const struct cdc_metric *metric)
{
	switch (metric->unit) {
	case CDC_BYTES:
		return cdc_metric_is_rate(metric) ? "Bps" : "B";
	case CDC_SECONDS:
		return "s";
	case CDC_PERCENT:
		return "%";
	default:
		return "";
	}
}

static bool is_yes_or_no(const struct cdc_metric *metric)
{
	return metric->unit == CDC_COUNT && metric->has_min && metric->min == 0 && metric->has_max &&
	    metric->max == 1;
}

static void add_metric(struct template *t, const struct cdc_metric *metric)
{
	CDC_BUF_CLEANUP struct cdc_buf word = CDC_BUF_INIT, name = CDC_BUF_INIT, path = CDC_BUF_INIT;
	bool whole = cdc_unit_decimals(metric->unit) == 0 && metric->has_min && metric->min >= 0;

	for (const char *c = metric->name; *c; c++) {
		cdc_buf_add_char(&word, *c == '-' ? '_' : *c);
		cdc_buf_add_char(&name, *c == '-' ? ' ' : *c);
	}
	/* no two metrics have one name, so a fixed item need not be named */
	cdc_buf_addf(&path, "%smetrics[?(@.name == \"%s\")].value%s", metric->item ? "$.items[*]." : "",
	    metric->name, metric->item ? ".first()" : "");
	add_part(t, &(struct part){ .word = word.text, .name = name.text, .type = whole ? "UNSIGNED" : "FLOAT",
	    .units = units(metric), .help = metric->help, .path = path.text,
	    .map = is_yes_or_no(metric) ? "No or yes" : NULL, .prototype = !metric->item });
}

static void add_metrics(struct template *t, bool prototypes)
{
	for (size_t i = 0; i < t->plugin->metric_count; i++)
		if (!t->plugin->metrics[i].item == prototypes)
			add_metric(t, &t->plugin->metrics[i]);
}

/* --- triggers ------------------------------------------------------------------------------------------------ */

/*
 * A trigger whose problem is named by the plugin's own text, which the expression asks for so that a macro can: the
 * item with the text is the expression's last. regsub takes the text out of the macro uncut.
 */
static void add_trigger(struct template *t, bool prototype, const char *state, const char *when, int items,
    const char *priority, const char *help)
{
	struct cdc_buf *buf = t->buf;
	int depth = prototype ? 18 : 14;
	const char *of = prototype ? t->item.text : t->words->title;

	add_uuid(t, depth - 2, prototype ? "trigger prototype" : "trigger", state);
	if (prototype)
		quoted(buf, depth, "expression", "%s and length(last(/%s/%s.text[%s]))>0", when, t->name.text,
		    t->key.text, t->args.text);
	else
		quoted(buf, depth, "expression", "%s and length(last(/%s/%s.summary))>0", when, t->name.text,
		    t->key.text);
	quoted(buf, depth, "name", "%s: %s%s", of, prototype ? "" : "check is ", state);
	quoted(buf, depth, "event_name", "%s: {{ITEM.VALUE%d}.regsub(\"(.*)\", \"\\1\")}", of, items + 1);
	if (prototype)
		line(buf, depth, "status: DISABLED");
	line(buf, depth, "priority: %s", priority);
	quoted(buf, depth, "description", "%s", help);
	line(buf, depth, "tags:");
	add_tag(buf, depth + 2, "scope", "availability");
}

static void add_item_trigger(struct template *t, const char *state, const char *priority)
{
	CDC_BUF_CLEANUP struct cdc_buf when = CDC_BUF_INIT;

	cdc_buf_addf(&when, "last(/%s/%s.state[%s])=\"%s\"", t->name.text, t->key.text, t->args.text, state);
	add_trigger(t, true, state, when.text, 1, priority, "The plugin says what is wrong.");
}

static void add_check_triggers(struct template *t)
{
	CDC_BUF_CLEANUP struct cdc_buf item = CDC_BUF_INIT, when = CDC_BUF_INIT;

	cdc_buf_addf(&item, "/%s/%s.exit_code", t->name.text, t->key.text);
	line(t->buf, 10, "triggers:");
	cdc_buf_addf(&when, "last(%s)=2", item.text);
	add_trigger(t, false, "CRITICAL", when.text, 1, "HIGH",
	    "Data is lost, or will be soon, or nothing can be seen. The plugin says which.");
	cdc_buf_clear(&when);
	cdc_buf_addf(&when, "last(%s)=1", item.text);
	add_trigger(t, false, "WARNING", when.text, 1, "WARNING", "The plugin says what is wrong.");
	cdc_buf_clear(&when);
	cdc_buf_addf(&when, "min(%s,5m)=3 and max(%s,5m)=3", item.text, item.text);
	add_trigger(t, false, "UNKNOWN", when.text, 2, "AVERAGE", "The plugin could not judge for five minutes.");
	add_uuid(t, 12, "trigger", "no result");
	quoted(t->buf, 14, "expression", "nodata(%s,{$%s.NODATA})=1", item.text, t->macro.text);
	quoted(t->buf, 14, "name", "%s: no result", t->words->title);
	quoted(t->buf, 14, "event_name", "%s: no result for {$%s.NODATA}", t->words->title, t->macro.text);
	line(t->buf, 14, "priority: AVERAGE");
	quoted(t->buf, 14, "description", "%s",
	    "The agent does not run the plugin, or its answer is no JSON: look at the master item and try "
	    "zabbix_agentd -t.");
	line(t->buf, 14, "tags:");
	add_tag(t->buf, 16, "scope", "availability");
}

/* --- the template -------------------------------------------------------------------------------------------- */

static void add_head(struct template *t)
{
	bool database = cdc_streq(t->words->class, "database");
	const char *group = database ? "Templates/Databases" : "Templates/Applications";

	cdc_buf_addf(t->buf, "# Generated from the tables of %s (make docs).\n", t->plugin->name);
	cdc_buf_add(t->buf,
	    "# Zabbix 6.0 or newer: Data collection (Configuration), Templates, Import. The agent needs\n"
	    "# cdc-plugins.conf of this folder.\n"
	    "#\n"
	    "# One run of the plugin a minute is the master item; all other items are parts of its JSON. The\n"
	    "# plugin's own thresholds (in zabbix.ini) decide the states. The triggers of the whole check name\n"
	    "# what is wrong and suffice; triggers for each item are there too, disabled, for who wants to route\n"
	    "# them apart.\n"
	    "zabbix_export:\n  version: '6.0'\n  date: '2026-11-25T00:00:00Z'\n  groups:\n");
	/* the ids that a new Zabbix has given these groups */
	line(t->buf, 4, "- uuid: %s",
	    database ? "748ad4d098d447d492bb935c907f652f" : "a571c0d144b14fd4a87a9d9b2aa9fcd6");
	line(t->buf, 6, "name: %s", group);
	line(t->buf, 2, "templates:");
	add_uuid(t, 4, "template", "");
	quoted(t->buf, 6, "template", "%s", t->name.text);
	quoted(t->buf, 6, "name", "%s", t->name.text);
	line(t->buf, 6, "description: |");
	line(t->buf, 8, "%s", t->plugin->question);
	line(t->buf, 8, "The agent needs the user parameters of cdc-plugins.conf and a section in "
	    "/etc/cdc-plugins/zabbix.ini.");
	line(t->buf, 6, "groups:");
	line(t->buf, 8, "- name: %s", group);
}

static void add_items(struct template *t)
{
	struct cdc_buf *buf = t->buf;

	line(buf, 6, "items:");
	add_uuid(t, 8, "item", "");
	quoted(buf, 10, "name", "%s: raw result", t->words->title);
	quoted(buf, 10, "key", "%s", t->master.text);
	line(buf, 10, "history: '0'");
	line(buf, 10, "trends: '0'");
	line(buf, 10, "value_type: TEXT");
	line(buf, 10, "description: 'The JSON of one run. Its parts are the other items.'");
	line(buf, 10, "tags:");
	add_tag(buf, 12, "component", "raw");
	add_part(t, &(struct part){ .word = "summary", .name = "summary", .type = "TEXT", .units = "",
	    .help = "What is wrong and where, worst first.", .path = "$.summary", .always = true });
	add_part(t, &(struct part){ .word = "exit_code", .name = "state", .type = "UNSIGNED", .units = "",
	    .help = "The exit code of the plugin.", .map = "Plugin state", .path = "$.exit_code", .always = true });
	add_check_triggers(t);
	add_metrics(t, false);
}

static void add_discovery(struct template *t)
{
	struct cdc_buf *buf = t->buf;
	CDC_BUF_CLEANUP struct cdc_buf macros = CDC_BUF_INIT;

	for (size_t i = 0; t->plugin->labels[i]; i++)
		cdc_buf_addf(&macros, " {#%s}", t->plugin->labels[i]);
	line(buf, 6, "discovery_rules:");
	add_uuid(t, 8, "discovery", "");
	quoted(buf, 10, "name", "%s: discovery", t->words->title);
	quoted(buf, 10, "key", "%s.discover[\"{$%s.SECTION}\"]", t->key.text, t->macro.text);
	line(buf, 10, "delay: 10m");
	line(buf, 10, "lifetime: 7d");
	quoted(buf, 10, "description", "Macros:%s.", macros.text);
	line(buf, 10, "item_prototypes:");
	add_part(t, &(struct part){ .word = "text", .name = "text", .type = "TEXT", .units = "",
	    .help = "What the plugin says about it.", .path = "text", .prototype = true });
	add_part(t, &(struct part){ .word = "state", .name = "state", .type = "CHAR", .units = "",
	    .help = "OK, WARNING, CRITICAL or UNKNOWN.", .path = "state", .prototype = true });
	line(buf, 14, "trigger_prototypes:");
	add_item_trigger(t, "CRITICAL", "HIGH");
	add_item_trigger(t, "WARNING", "WARNING");
	add_metrics(t, true);
}

static void add_map(struct template *t, const char *name, const char *const *words)
{
	add_uuid(t, 8, "map", name);
	quoted(t->buf, 10, "name", "%s", name);
	line(t->buf, 10, "mappings:");
	for (int i = 0; words[i]; i++) {
		line(t->buf, 12, "- value: '%d'", i);
		quoted(t->buf, 14, "newvalue", "%s", words[i]);
	}
}

static void add_macro(struct template *t, const char *word, const char *value, const char *help)
{
	quoted(t->buf, 8, "- macro", "{$%s.%s}", t->macro.text, word);
	line(t->buf, 10, "value: %s", value);
	quoted(t->buf, 10, "description", "%s", help);
}

static void add_end(struct template *t)
{
	static const char *const states[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN", NULL };
	static const char *const no_or_yes[] = { "no", "yes", NULL };

	line(t->buf, 6, "tags:");
	add_tag(t->buf, 8, "class", t->words->class);
	add_tag(t->buf, 8, "target", t->words->target);
	line(t->buf, 6, "macros:");
	add_macro(t, "SECTION", t->plugin->name, "Section of /etc/cdc-plugins/zabbix.ini on the agent.");
	add_macro(t, "NODATA", "15m", "Without a result for this long there is a problem.");
	line(t->buf, 6, "valuemaps:");
	add_map(t, "Plugin state", states);
	for (size_t i = 0; i < t->plugin->metric_count; i++) {
		if (is_yes_or_no(&t->plugin->metrics[i])) {
			add_map(t, "No or yes", no_or_yes);
			break;
		}
	}
}

static void add_template(struct cdc_buf *buf, const struct cdc_plugin *plugin, const struct words *words)
{
	CDC_CLEANUP(template_release) struct template t;

	template_init(&t, buf, plugin, words);
	add_head(&t);
	add_items(&t);
	add_discovery(&t);
	add_end(&t);
}

bool make_zabbix(struct cdc_buf *buf, const struct cdc_plugin *plugin, const char *unused CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(all_words); i++) {
		if (cdc_streq(all_words[i].plugin, plugin->name)) {
			add_template(buf, plugin, &all_words[i]);
			return true;
		}
	}
	return false;
}
