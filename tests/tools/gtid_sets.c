/*
 * The set algebra by itself, for tests against a real server and for benchmarks.
 *
 *     gtid_sets            reads operation, a, b, each ended by a NUL, from standard input, until there are no more;
 *                          prints a line for each: subset (1 or 0), subtract, intersect, count, intervals, print,
 *                          short; "error: ..." for what does not parse
 *     gtid_sets time A B   reads two files and prints the milliseconds that parsing both, GTID_SUBSET(A, B),
 *                          GTID_SUBTRACT(A, B) and printing its result take, the answer of the first, and how long the
 *                          text of the second is
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "cdc/gtid_mysql.h"

static char *read_field(void)
{
	char *text = NULL;
	size_t size = 0;

	if (getdelim(&text, &size, '\0', stdin) < 0) {
		free(text);
		return NULL;
	}
	return text;
}

static void print_text(const char *operation, const struct cdc_gtid_set *a, const struct cdc_gtid_set *b)
{
	CDC_GTID_CLEANUP struct cdc_gtid_set result = { 0 };
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	if (cdc_streq(operation, "short")) {
		cdc_gtid_print_short(&text, a);
	} else if (cdc_streq(operation, "print")) {
		cdc_gtid_print(&text, a);
	} else {
		(cdc_streq(operation, "subtract") ? cdc_gtid_subtract : cdc_gtid_intersect)(a, b, &result);
		cdc_gtid_print(&text, &result);
	}
	puts(text.text);
}

static void answer(const char *operation, const struct cdc_gtid_set *a, const struct cdc_gtid_set *b)
{
	if (cdc_streq(operation, "subset"))
		puts(cdc_gtid_contains(b, a) ? "1" : "0");
	else if (cdc_streq(operation, "count"))
		printf("%llu\n", (unsigned long long)cdc_gtid_count(a));
	else if (cdc_streq(operation, "intervals"))
		printf("%zu\n", a->interval_count);
	else
		print_text(operation, a, b);
}

static bool serve_one(void)
{
	CDC_CLEANUP(cdc_free_string) char *operation = read_field();
	CDC_CLEANUP(cdc_free_string) char *left = operation ? read_field() : NULL;
	CDC_CLEANUP(cdc_free_string) char *right = left ? read_field() : NULL;
	CDC_GTID_CLEANUP struct cdc_gtid_set a = { 0 }, b = { 0 };
	struct cdc_err err;

	if (!right)
		return false;
	if (cdc_gtid_parse(left, &a, &err) < 0 || cdc_gtid_parse(right, &b, &err) < 0)
		printf("error: %s\n", err.text);
	else
		answer(operation, &a, &b);
	return true;
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int measure(const char *left, const char *right)
{
	CDC_BUF_CLEANUP struct cdc_buf text_a = CDC_BUF_INIT, text_b = CDC_BUF_INIT, printed = CDC_BUF_INIT;
	CDC_GTID_CLEANUP struct cdc_gtid_set a = { 0 }, b = { 0 }, rest = { 0 };
	struct cdc_err err;
	double start, parsed, compared, subtracted;
	bool subset;

	if (cdc_file_read(left, &text_a, &err) < 0 || cdc_file_read(right, &text_b, &err) < 0)
		return 1;
	start = now_ms();
	if (cdc_gtid_parse(text_a.text, &a, &err) < 0 || cdc_gtid_parse(text_b.text, &b, &err) < 0)
		return 1;
	parsed = now_ms();
	subset = cdc_gtid_contains(&b, &a);
	compared = now_ms();
	cdc_gtid_subtract(&a, &b, &rest);
	subtracted = now_ms();
	cdc_gtid_print(&printed, &rest);
	printf("%.3f %.3f %.3f %.3f %d %zu\n", parsed - start, compared - parsed, subtracted - compared,
	    now_ms() - subtracted, subset, printed.len);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && cdc_streq(argv[1], "time"))
		return measure(argv[2], argv[3]);
	while (serve_one())
		;
	return 0;
}
