#include "value/rows.h"

#include "base/text.h"
#include "value/num.h"

#include <stdlib.h>

#define QUOTE_MAX 60

void cdc_rows_release(struct cdc_rows *rows)
{
	for (size_t i = 0; i < rows->columns; i++)
		free(rows->names[i]);
	for (size_t i = 0; rows->blocks && i < rows->count; i++)
		free(rows->blocks[i]);
	if (rows->release_owner)
		rows->release_owner(rows->owner);
	free(rows->names);
	free(rows->blocks);
	free(rows->cells);
	*rows = (struct cdc_rows){ 0 };
}

void cdc_rows_set_columns(struct cdc_rows *rows, size_t columns, const char *const *names)
{
	rows->names = cdc_alloc(columns, sizeof(*rows->names));
	rows->columns = columns;
	for (size_t i = 0; i < columns; i++)
		rows->names[i] = cdc_strdup(names[i]);
}

static void grow(struct cdc_rows *rows)
{
	if (rows->count < rows->capacity)
		return;
	rows->capacity = rows->capacity ? 2 * rows->capacity : 16;
	rows->blocks = cdc_realloc(rows->blocks, rows->capacity, sizeof(*rows->blocks));
	rows->cells = cdc_realloc(rows->cells, rows->capacity * rows->columns, sizeof(*rows->cells));
}

void cdc_rows_add(struct cdc_rows *rows, const char *const *cells)
{
	size_t size = 0;
	char *block;

	grow(rows);
	for (size_t i = 0; i < rows->columns; i++)
		size += cells[i] ? strlen(cells[i]) + 1 : 0;
	block = cdc_realloc(NULL, size, 1);
	rows->blocks[rows->count] = block;
	for (size_t i = 0; i < rows->columns; i++) {
		size_t n = cells[i] ? strlen(cells[i]) + 1 : 0;

		rows->cells[rows->count * rows->columns + i] = n ? memcpy(block, cells[i], n) : NULL;
		block += n;
	}
	rows->count++;
}

void cdc_rows_adopt(struct cdc_rows *rows, char **cells, size_t count, void *owner, void (*release_owner)(void *owner))
{
	rows->cells = cells;
	rows->count = rows->capacity = count;
	rows->owner = owner;
	rows->release_owner = release_owner;
}

size_t cdc_rows_column(const struct cdc_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->columns; i++)
		if (cdc_streq(rows->names[i], name))
			return i;
	return CDC_NO_COLUMN;
}

const char *cdc_rows_cell(const struct cdc_rows *rows, size_t row, size_t column)
{
	return column < rows->columns && row < rows->count ? rows->cells[row * rows->columns + column] : NULL;
}

const char *cdc_rows_get(const struct cdc_rows *rows, size_t row, const char *column)
{
	return cdc_rows_cell(rows, row, cdc_rows_column(rows, column));
}

int cdc_rows_require(const struct cdc_rows *rows, const char *const *columns, struct cdc_err *err)
{
	for (; *columns; columns++)
		if (cdc_rows_column(rows, *columns) == CDC_NO_COLUMN)
			return cdc_fail(err, CDC_ERR_PROTOCOL, "the answer lacks the column %s", *columns);
	return 0;
}

static int wrong_cell(const char *column, size_t row, const char *cell, const char *expected, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf quoted = CDC_BUF_INIT;

	cdc_text_add_safe(&quoted, cell, QUOTE_MAX);
	return cdc_fail(err, CDC_ERR_PROTOCOL, "%s of row %zu is '%s', %s was expected", column, row + 1, quoted.text,
	    expected);
}

int cdc_cell_int(const char *column, size_t row, const char *cell, int64_t *ret, struct cdc_err *err)
{
	return cdc_num_parse_int(cell, ret) ? 0 : wrong_cell(column, row, cell, "an integer", err);
}

int cdc_cell_bool(const char *column, size_t row, const char *cell, bool *ret, struct cdc_err *err)
{
	if (!cdc_streq(cell, "t") && !cdc_streq(cell, "f"))
		return wrong_cell(column, row, cell, "t or f", err);
	*ret = *cell == 't';
	return 0;
}

int cdc_rows_int(const struct cdc_rows *rows, size_t row, const char *column, int64_t *ret, bool *present,
    struct cdc_err *err)
{
	const char *cell = cdc_rows_get(rows, row, column);

	*present = cell != NULL;
	return cell ? cdc_cell_int(column, row, cell, ret, err) : 0;
}

int cdc_rows_bool(const struct cdc_rows *rows, size_t row, const char *column, bool *ret, bool *present,
    struct cdc_err *err)
{
	const char *cell = cdc_rows_get(rows, row, column);

	*present = cell != NULL;
	return cell ? cdc_cell_bool(column, row, cell, ret, err) : 0;
}

/* Undoes the escapes of one cell in place; NULL when the cell is \N. */
static const char *unescape(char *cell)
{
	char *to = cell;

	if (cdc_streq(cell, "\\N"))
		return NULL;
	for (const char *from = cell; *from; from++) {
		if (*from == '\\' && from[1]) {
			from++;
			*to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return cell;
}

/* Splits a line at its tabs into cells; returns how many there are, at most max are stored. */
static size_t split(char *line, const char **cells, size_t max)
{
	size_t n = 0;

	for (char *cell = line; cell; n++) {
		char *tab = strchr(cell, '\t');

		if (tab)
			*tab = '\0';
		if (n < max)
			cells[n] = unescape(cell);
		cell = tab ? tab + 1 : NULL;
	}
	return n;
}

#define MAX_COLUMNS 100

static int add_line(struct cdc_rows *rows, char *line, size_t number, struct cdc_err *err)
{
	const char *cells[MAX_COLUMNS];
	size_t n = split(line, cells, MAX_COLUMNS);

	if (n > MAX_COLUMNS)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "line %zu has more than %d cells", number, MAX_COLUMNS);
	if (rows->columns == 0) {
		for (size_t i = 0; i < n; i++)
			if (!cells[i])
				return cdc_fail(err, CDC_ERR_PROTOCOL, "line %zu names no column", number);
		cdc_rows_set_columns(rows, n, cells);
		return 0;
	}
	if (n != rows->columns)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "line %zu has %zu cells, not %zu", number, n, rows->columns);
	cdc_rows_add(rows, cells);
	return 0;
}

int cdc_rows_parse_tsv(const char *text, struct cdc_rows *ret, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_free_string) char *copy = cdc_strdup(text);
	CDC_ROWS_CLEANUP struct cdc_rows rows = { 0 };
	size_t number = 1;

	for (char *line = copy; line && *line; number++) {
		char *newline = strchr(line, '\n');

		if (newline)
			*newline = '\0';
		if (*line != '#' && add_line(&rows, line, number, err) < 0)
			return -1;
		line = newline ? newline + 1 : NULL;
	}
	*ret = rows;
	rows = (struct cdc_rows){ 0 };
	return 0;
}
