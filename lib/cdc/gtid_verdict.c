#include "cdc/gtid_verdict.h"

void cdc_gtid_position_release(struct cdc_gtid_position *position)
{
	cdc_gtid_release(&position->set);
	cdc_domain_gtids_release(&position->list);
	*position = (struct cdc_gtid_position){ 0 };
}

void cdc_gtid_server_release(struct cdc_gtid_server *server)
{
	cdc_gtid_release(&server->executed);
	cdc_gtid_release(&server->purged);
	cdc_domain_gtids_release(&server->binlog_pos);
	cdc_domain_gtids_release(&server->binlog_state);
	cdc_domain_gtids_release(&server->replica_pos);
	cdc_domain_gtids_release(&server->horizon);
	*server = (struct cdc_gtid_server){ 0 };
}

/* What begins with a number and a dash is MariaDB's, unless it is as long as a UUID or an interval follows. */
static bool looks_like_mariadb(const char *text)
{
	size_t n, word;

	text += strspn(text, " \t\n\v\f\r");
	n = strspn(text, "0123456789");
	word = strcspn(text, ",: \t\n\v\f\r");
	return n > 0 && text[n] == '-' && word != CDC_GTID_UUID_LEN && text[word] != ':';
}

int cdc_gtid_position_parse(const char *text, struct cdc_gtid_position *ret, struct cdc_err *err)
{
	if (!looks_like_mariadb(text))
		return cdc_gtid_parse(text, &ret->set, err);
	if (cdc_domain_gtids_parse(text, &ret->list, err) < 0)
		return -1;
	ret->mariadb = true;
	/* before 3.6 Debezium kept one GTID for each server of a domain */
	cdc_domain_gtids_to_position(&ret->list);
	return 0;
}

bool cdc_gtid_position_is_empty(const struct cdc_gtid_position *position)
{
	return cdc_gtid_is_empty(&position->set) && position->list.count == 0;
}

bool cdc_gtid_is_foreign(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server)
{
	if (!position->mariadb && cdc_gtid_is_empty(&position->set))
		return false;
	return position->mariadb != server->mariadb;
}

static bool keeps(const struct cdc_gtid_filter *filter, const char *source)
{
	return !filter || !filter->keep || filter->keep(source, filter->arg);
}

static bool keeps_source(const char *source, const void *arg)
{
	return keeps(arg, source);
}

void cdc_gtid_position_filter(struct cdc_gtid_position *position, const struct cdc_gtid_filter *filter)
{
	cdc_gtid_filter(&position->set, keeps_source, filter);
	cdc_domain_gtids_filter(&position->list, keeps_source, filter);
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* --- MySQL -------------------------------------------------------------------------------------------------------- */

/* What the reader still needs of what the server executed. */
static void needed(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server,
    const struct cdc_gtid_filter *filter, struct cdc_gtid_set *ret)
{
	cdc_gtid_subtract(&server->executed, &position->set, ret);
	cdc_gtid_filter(ret, keeps_source, filter);
}

static uint64_t count_and_print(const struct cdc_gtid_set *set, struct cdc_buf *which)
{
	if (!cdc_gtid_is_empty(set))
		cdc_gtid_print_short(which, set);
	return cdc_gtid_count(set);
}

/* --- MariaDB ------------------------------------------------------------------------------------------------------ */

/* The sequence that a list has reached in a domain; 0 when it does not know it. */
static uint64_t reached(const struct cdc_domain_gtids *list, uint32_t domain)
{
	const struct cdc_domain_gtid *last = cdc_domain_gtids_last(list, domain);

	return last ? last->sequence : 0;
}

static uint64_t behind_mariadb(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server,
    const struct cdc_gtid_filter *filter)
{
	const struct cdc_domain_gtids *list = &server->binlog_pos;
	uint64_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		uint64_t seen = reached(&position->list, list->at[i].domain);

		if (list->at[i].sequence > seen && cdc_domain_gtid_passes(&list->at[i], keeps_source, filter))
			count = add(count, list->at[i].sequence - seen);
	}
	return count;
}

/* Names the first of several findings, and how many more there are. */
struct short_list {
	struct cdc_buf *buf;
	size_t more;
	bool any;
};

static void list_range(struct short_list *list, uint32_t domain, uint64_t first, uint64_t last)
{
	if (list->any) {
		list->more++;
		return;
	}
	list->any = true;
	cdc_buf_addf(list->buf, "domain %u: %llu", (unsigned)domain, (unsigned long long)first);
	if (last > first)
		cdc_buf_addf(list->buf, "-%llu", (unsigned long long)last);
}

static void list_gtid(struct short_list *list, const struct cdc_domain_gtid *gtid)
{
	if (list->any) {
		list->more++;
		return;
	}
	list->any = true;
	cdc_domain_gtid_print(list->buf, gtid);
}

static void list_end(const struct short_list *list)
{
	if (list->more)
		cdc_buf_addf(list->buf, " and %zu more", list->more);
}

/*
 * Older than the horizon, or without a domain of it. No filter: a domain that the reader does not name is one that the
 * server wants to send from its beginning.
 */
static uint64_t purged_mariadb(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server,
    struct cdc_buf *which)
{
	const struct cdc_domain_gtids *horizon = &server->horizon;
	struct short_list list = { .buf = which };
	uint64_t count = 0;

	for (size_t i = 0; server->horizon_known && i < horizon->count; i++) {
		uint64_t seen = reached(&position->list, horizon->at[i].domain);

		if (seen >= horizon->at[i].sequence)
			continue;
		count = add(count, horizon->at[i].sequence - seen);
		list_range(&list, horizon->at[i].domain, seen + 1, horizon->at[i].sequence);
	}
	if (server->horizon_known && server->first_known && !cdc_domain_gtids_last(horizon, server->first.domain)) {
		uint64_t seen = reached(&position->list, server->first.domain);

		if (server->first.sequence > 0 && server->first.sequence - 1 > seen) {
			count = add(count, server->first.sequence - 1 - seen);
			list_range(&list, server->first.domain, seen + 1, server->first.sequence - 1);
		}
	}
	list_end(&list);
	return count;
}

bool cdc_gtid_needs_first(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server)
{
	const struct cdc_domain_gtids *list = &server->binlog_pos;

	for (size_t i = 0; server->mariadb && i < list->count; i++)
		if (!cdc_domain_gtids_last(&server->horizon, list->at[i].domain) &&
		    list->at[i].sequence > reached(&position->list, list->at[i].domain))
			return true;
	return false;
}

/* True if the server knows the GTID: from its binary log, or as the last one that it applied as a replica. */
static bool knows(const struct cdc_gtid_server *server, const struct cdc_domain_gtid *gtid)
{
	const struct cdc_domain_gtid *logged = cdc_domain_gtids_find(&server->binlog_state, gtid->domain, gtid->server);
	const struct cdc_domain_gtid *applied = cdc_domain_gtids_find(&server->replica_pos, gtid->domain, gtid->server);

	return (logged && logged->sequence >= gtid->sequence) || (applied && applied->sequence == gtid->sequence);
}

/* How far a GTID is beyond what the server has; 0 when it has that one, else at least 1. */
static uint64_t distance(const struct cdc_gtid_server *server, const struct cdc_domain_gtid *gtid)
{
	const struct cdc_domain_gtid *logged = cdc_domain_gtids_find(&server->binlog_state, gtid->domain, gtid->server);
	uint64_t last = reached(&server->binlog_state, gtid->domain);

	if (knows(server, gtid))
		return 0;
	if (last < gtid->sequence)
		return gtid->sequence - last;
	return logged ? gtid->sequence - logged->sequence : 1;
}

static uint64_t ahead_mariadb(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server,
    const struct cdc_gtid_server *also, struct cdc_buf *which)
{
	struct short_list list = { .buf = which };
	uint64_t count = 0;

	for (size_t i = 0; i < position->list.count; i++) {
		const struct cdc_domain_gtid *gtid = &position->list.at[i];

		uint64_t beyond = distance(server, gtid), beyond_also = also ? distance(also, gtid) : beyond;

		if (beyond == 0 || beyond_also == 0)
			continue;
		count = add(count, beyond_also < beyond ? beyond_also : beyond);
		list_gtid(&list, gtid);
	}
	list_end(&list);
	return count;
}

/* The greatest sequence below that GTID which either of two servers has in its domain. */
static uint64_t before(const struct cdc_domain_gtids *a, const struct cdc_domain_gtids *b,
    const struct cdc_domain_gtid *gtid)
{
	const struct cdc_domain_gtids *lists[] = { a, b };
	uint64_t found = 0;

	for (size_t l = 0; l < CDC_LEN(lists); l++) {
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct cdc_domain_gtid *other = &lists[l]->at[i];

			if (other->domain == gtid->domain && other->sequence < gtid->sequence && other->sequence > found)
				found = other->sequence;
		}
	}
	return found;
}

static uint64_t count_errant(const struct cdc_domain_gtids *candidate, const struct cdc_domain_gtids *source,
    const struct cdc_domain_gtid *gtid)
{
	uint64_t from = before(candidate, source, gtid);

	/* the others of the domain have gone on since then, and what they had before is not known */
	return from > 0 || !cdc_domain_gtids_last(source, gtid->domain) ? gtid->sequence - from : 1;
}

static uint64_t missing_mariadb(const struct cdc_gtid_position *position, const struct cdc_gtid_server *candidate,
    const struct cdc_gtid_server *main, struct cdc_buf *which)
{
	struct short_list list = { .buf = which };
	uint64_t count = 0;

	for (size_t i = 0; i < position->list.count; i++) {
		const struct cdc_domain_gtid *gtid = &position->list.at[i];

		uint64_t of_candidate = distance(candidate, gtid), of_main = distance(main, gtid);

		if (of_candidate <= of_main)
			continue;
		count = add(count, of_candidate - of_main);
		list_gtid(&list, gtid);
	}
	list_end(&list);
	return count;
}

static uint64_t errant_mariadb(const struct cdc_domain_gtids *candidate, const struct cdc_domain_gtids *source,
    struct cdc_buf *which)
{
	struct short_list list = { .buf = which };
	uint64_t count = 0;

	for (size_t i = 0; i < candidate->count; i++) {
		const struct cdc_domain_gtid *gtid = &candidate->at[i];
		const struct cdc_domain_gtid *known = cdc_domain_gtids_find(source, gtid->domain, gtid->server);

		if (known && known->sequence >= gtid->sequence)
			continue;
		count = add(count, known ? gtid->sequence - known->sequence : count_errant(candidate, source, gtid));
		list_gtid(&list, gtid);
	}
	list_end(&list);
	return count;
}

/* --- either ------------------------------------------------------------------------------------------------------- */

uint64_t cdc_gtid_behind(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server,
    const struct cdc_gtid_filter *filter)
{
	CDC_GTID_CLEANUP struct cdc_gtid_set rest = { 0 };

	if (server->mariadb)
		return behind_mariadb(position, server, filter);
	needed(position, server, filter, &rest);
	return cdc_gtid_count(&rest);
}

uint64_t cdc_gtid_purged(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server,
    const struct cdc_gtid_filter *filter, struct cdc_buf *which)
{
	CDC_GTID_CLEANUP struct cdc_gtid_set rest = { 0 }, gone = { 0 };

	if (server->mariadb)
		return purged_mariadb(position, server, which);
	needed(position, server, filter, &rest);
	cdc_gtid_intersect(&rest, &server->purged, &gone);
	return count_and_print(&gone, which);
}

uint64_t cdc_gtid_ahead(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server,
    const struct cdc_gtid_server *also, struct cdc_buf *which)
{
	CDC_GTID_CLEANUP struct cdc_gtid_set beyond = { 0 }, rest = { 0 };

	if (server->mariadb)
		return ahead_mariadb(position, server, also, which);
	cdc_gtid_subtract(&position->set, &server->executed, &beyond);
	if (!also)
		return count_and_print(&beyond, which);
	cdc_gtid_subtract(&beyond, &also->executed, &rest);
	return count_and_print(&rest, which);
}

uint64_t cdc_gtid_missing(const struct cdc_gtid_position *position, const struct cdc_gtid_server *candidate,
    const struct cdc_gtid_server *main, struct cdc_buf *which)
{
	CDC_GTID_CLEANUP struct cdc_gtid_set beyond = { 0 }, there = { 0 };

	if (candidate->mariadb)
		return missing_mariadb(position, candidate, main, which);
	cdc_gtid_subtract(&position->set, &candidate->executed, &beyond);
	cdc_gtid_intersect(&beyond, &main->executed, &there);
	return count_and_print(&there, which);
}

uint64_t cdc_gtid_errant(const struct cdc_gtid_server *candidate, const struct cdc_gtid_server *source,
    struct cdc_buf *which)
{
	CDC_GTID_CLEANUP struct cdc_gtid_set extra = { 0 };

	if (candidate->mariadb)
		return errant_mariadb(&candidate->binlog_state, &source->binlog_state, which);
	cdc_gtid_subtract(&candidate->executed, &source->executed, &extra);
	return count_and_print(&extra, which);
}

uint64_t cdc_gtid_executed(const struct cdc_gtid_server *server)
{
	uint64_t count = 0;

	if (!server->mariadb)
		return cdc_gtid_count(&server->executed);
	for (size_t i = 0; i < server->binlog_pos.count; i++)
		count = add(count, server->binlog_pos.at[i].sequence);
	return count;
}
