/*
 * check_binlog_retention: from facts to result, the reader's part: where it is in the binary logs, and when the file
 * that it needs next will be removed.
 */
#include "plugins/binlog_retention_internal.h"

#include "cdc/binlog_name.h"

#include <inttypes.h>

/* Where a file's first event begins, behind its magic number. */
#define FIRST_POS 4

static int64_t sum(const struct binlog_retention_facts *facts, size_t from, size_t to)
{
	int64_t total = 0;

	for (size_t i = from; i < to; i++)
		if (__builtin_add_overflow(total, facts->files[i].size, &total))
			return INT64_MAX;
	return total;
}

static int64_t add(int64_t a, int64_t b)
{
	int64_t total;

	return __builtin_add_overflow(a, b, &total) ? INT64_MAX : total;
}

static void raise_future(const struct binlog_reader *reader, const struct binlog_file *last, struct cdc_item *item)
{
	cdc_finding_headline(
	    cdc_item_raise(item, FUTURE, "beyond the last log %s, which ends at %" PRId64, last->name, last->size),
	    "is at %s:%" PRId64 ", beyond the server's last (%s:%" PRId64 "): wrong server, or a reset", reader->file,
	    reader->pos ? reader->pos : FIRST_POS, last->name, last->size);
}

/* A position that its own file does not have is nobody's: the file was another one when the reader was in it. */
static void raise_beyond_file(const struct binlog_reader *reader, const struct binlog_file *file, struct cdc_item *item)
{
	cdc_finding_headline(cdc_item_raise(item, FUTURE, "beyond the end of %s at %" PRId64, file->name, file->size),
	    "is at %s:%" PRId64 ", and that file ends at %" PRId64 ": wrong server, or a reset", reader->file, reader->pos,
	    file->size);
}

static void raise_gone(const struct binlog_retention_facts *facts, const struct binlog_reader *reader,
    struct cdc_item *item)
{
	cdc_finding_headline(cdc_item_raise(item, GONE, "%s is not on the server, its oldest log is %s", reader->file,
				 facts->files[0].name),
	    "cannot continue: %s is not there, the oldest log is %s", reader->file, facts->files[0].name);
}

/* The file is not listed: removed, or never there. */
static void judge_unlisted(const struct binlog_retention_facts *facts, const struct binlog_reader *reader,
    struct cdc_item *item)
{
	const struct binlog_file *last = &facts->files[facts->count - 1];

	if (cdc_binlog_name_comparable(reader->file, last->name) &&
	    cdc_binlog_name_parse(reader->file).number > cdc_binlog_name_parse(last->name).number)
		raise_future(reader, last, item);
	else
		raise_gone(facts, reader, item);
}

enum known { NOT_KNOWN, EXACT, AT_LEAST, AT_MOST };

/* A time by the server's clock. */
struct moment {
	enum known how;
	int64_t at_ms;
};

static struct moment moment_of(const struct binlog_retention_facts *facts, const struct cdc_memory *memory, enum known how,
    int64_t local_ms)
{
	return (struct moment){ how, facts->server.now_ms - (memory->now_ms - local_ms) };
}

/* When a file was begun; without a probe what earlier runs tell, turned from this machine's clock. */
static struct moment created(const struct binlog_retention_facts *facts, size_t index, const struct cdc_memory *memory)
{
	const struct binlog_file *file = &facts->files[index];
	struct binlog_age age;

	if (file->created_ms.known)
		return (struct moment){ EXACT, file->created_ms.value };
	age = binlog_retention_recall(facts, file->name, memory);
	if (age.after_ms.known)
		return moment_of(facts, memory, AT_LEAST, age.after_ms.value);
	if (age.before_ms.known)
		return moment_of(facts, memory, AT_MOST, age.before_ms.value);
	return (struct moment){ NOT_KNOWN, 0 };
}

/* In what time the reader's file goes, and by which setting. */
struct loss {
	enum known how;
	int64_t left_ms;
	const char *cause;
};

/*
 * Servers remove a file so long after it was last written, which is when the next one was created (measured: lab,
 * MySQL 8.0.33 and 9.7, MariaDB 10.11). The last file is still being written.
 */
static struct loss loss_by_time(const struct binlog_retention_facts *facts, size_t index,
    const struct cdc_memory *memory)
{
	const struct binlog_server *server = &facts->server;
	struct moment written = { EXACT, server->now_ms };

	if (server->expiry != BINLOG_AFTER)
		return (struct loss){ .how = NOT_KNOWN };
	if (index + 1 < facts->count)
		written = created(facts, index + 1, memory);
	return (struct loss){ .how = written.how, .left_ms = add(written.at_ms - server->now_ms, server->expiry_ms),
		.cause = server->expiry_name };
}

/* A file goes when it and all later ones pass the limit of the total size. */
static struct loss loss_by_size(const struct binlog_retention_facts *facts, size_t index, int64_t rate)
{
	int64_t limit = facts->server.total_limit, left = limit - sum(facts, index, facts->count);

	if (limit <= 0 || (rate <= 0 && left > 0))
		return (struct loss){ .how = NOT_KNOWN };
	return (struct loss){ .how = EXACT, .left_ms = left > 0 ? cdc_num_to_ms(cdc_num_int(left) / rate) : 0,
		.cause = facts->server.total_limit_name };
}

/* Why there is no time: said once, as a threshold's excuse or as it is. */
static void say_no_loss(const struct binlog_server *server, struct cdc_item *item, const struct cdc_check *check)
{
	static const char *const why[] = {
		[BINLOG_NEVER] = "nothing removes its log",
		[BINLOG_AFTER] = "when its log goes is not known (--probe-binlog tells)",
		[BINLOG_AT_ONCE] = "its log goes as soon as possible",
		[BINLOG_EXPIRY_UNKNOWN] = "when its log goes is not known (nor the retention)",
	};
	const char *text = server->expiry == BINLOG_NEVER && server->total_limit > 0 ?
	    "when its log goes depends on the load" :
	    why[server->expiry];

	cdc_item_cause(item, TIME_TO_LOSS, text);
	if (!cdc_policy_asks_metric(check->policy, TIME_TO_LOSS))
		cdc_item_phrase(item, "%s", text);
}

/* What comes first. Of what is overdue nothing is left: it goes with the next file that is begun. */
static struct loss loss_of(const struct binlog_retention_facts *facts, size_t index, int64_t rate,
    const struct cdc_memory *memory)
{
	struct loss time = loss_by_time(facts, index, memory), size = loss_by_size(facts, index, rate);
	struct loss loss = size.how && (!time.how || size.left_ms < time.left_ms) ? size : time;

	if (loss.left_ms < 0)
		loss.left_ms = 0;
	return loss;
}

static void judge_loss(const struct binlog_retention_facts *facts, size_t index, int64_t rate, struct cdc_item *item,
    struct cdc_check *check)
{
	static const char *const bounds[] = { [EXACT] = "", [AT_LEAST] = " at least", [AT_MOST] = " at most" };
	struct loss loss = loss_of(facts, index, rate, &check->memory);
	CDC_BUF_CLEANUP struct cdc_buf cause = CDC_BUF_INIT;

	if (!loss.how) {
		say_no_loss(&facts->server, item, check);
		return;
	}
	cdc_item_value(item, TIME_TO_LOSS, cdc_num_ms(loss.left_ms));
	binlog_retention_say(item, check, TIME_TO_LOSS, loss.left_ms, "would lose its log in",
	    bounds[loss.how]);
	cdc_buf_addf(&cause, "%s %s removes %s", loss.how == AT_MOST ? "at the latest" : "then", loss.cause,
	    facts->files[index].name);
	if (facts->server.connections_needed > 0)
		cdc_buf_addf(&cause, " while %" PRId64 " or more replicas are connected",
		    facts->server.connections_needed);
	cdc_item_cause(item, TIME_TO_LOSS, cause.text);
}

static void judge_listed(const struct binlog_retention_facts *facts, const struct binlog_reader *reader, size_t index,
    bool by_gtid, int64_t rate, struct cdc_item *item, struct cdc_check *check)
{
	const struct binlog_file *file = &facts->files[index];
	int64_t pos = reader->pos ? reader->pos : FIRST_POS;

	/* where GTIDs decide, the position is another server's and may be anywhere */
	if (pos > file->size && !by_gtid) {
		if (index + 1 == facts->count)
			raise_future(reader, file, item);
		else
			raise_beyond_file(reader, file, item);
		return;
	}
	if (pos > file->size)
		pos = file->size;
	cdc_item_value(item, BEHIND, cdc_num_int(add(file->size - pos, sum(facts, index + 1, facts->count))));
	cdc_item_value(item, EDGE, cdc_num_int(add(sum(facts, 0, index), pos)));
	cdc_item_value(item, EDGE_FILES, cdc_num_int((int64_t)index));
	judge_loss(facts, index, rate, item, check);
}

/* There is no list of files, or an empty one. What only files can tell is never taken for fine. */
static void judge_without_files(const struct binlog_server *server, const struct binlog_reader *reader, bool by_gtid,
    struct cdc_item *item)
{
	if (by_gtid)
		cdc_item_phrase(item, "its file is not known, its GTIDs decide");
	else if (server->logs_refused)
		cdc_finding_headline(cdc_item_raise(item, CDC_COND_DENIED, "not judged: %s", server->logs_refused),
		    "cannot be judged: %s", server->logs_refused);
	else
		cdc_finding_headline(cdc_item_raise(item, GONE, "%s is not on the server, which lists no log", reader->file),
		    "cannot continue: %s is not on the server, which lists no binary log", reader->file);
}

/* For thresholds that the command line has: its file is not there to be measured from. */
static void say_no_distance(struct cdc_item *item)
{
	static const size_t distances[] = { BEHIND, EDGE, EDGE_FILES, TIME_TO_LOSS };

	for (size_t i = 0; i < CDC_LEN(distances); i++)
		cdc_item_cause(item, distances[i], "its file is not listed");
}

void binlog_retention_judge_reader(const struct binlog_retention_facts *facts, const struct binlog_reader *reader,
    int64_t rate, struct cdc_item *item, struct cdc_check *check)
{
	size_t index = binlog_retention_find(facts, reader);
	bool by_gtid = binlog_retention_by_gtid(facts, reader);

	say_no_distance(item);
	if (by_gtid && facts->gtids_asked)
		binlog_retention_judge_gtids(facts, reader, item);
	if (facts->count == 0) {
		judge_without_files(&facts->server, reader, by_gtid, item);
		return;
	}
	if (reader->pos)
		cdc_item_phrase(item, "at %s:%" PRId64, reader->file, reader->pos);
	else
		cdc_item_phrase(item, "at the beginning of %s", reader->file);
	if (index < facts->count)
		judge_listed(facts, reader, index, by_gtid, rate, item, check);
	else if (by_gtid)
		cdc_item_phrase(item, "which is not listed: its GTIDs decide");
	else
		judge_unlisted(facts, reader, item);
}
