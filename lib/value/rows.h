/*
 * A text table as a database returned it: named columns, rows of cells, each a text or NULL. Facts for the tests are
 * recorded in this form (tests/facts), so a plugin's parse step never sees a client library.
 */
#ifndef CDC_ROWS_H
#define CDC_ROWS_H

#include "base/buf.h"
#include "base/err.h"

/* A zeroed table is empty. It owns all its texts. */
struct cdc_rows {
	char **names;
	size_t columns;
	char **cells;  /* row by row; NULL is SQL's NULL */
	char **blocks; /* the memory of each row's texts; NULL: all texts are the owner's */
	size_t count, capacity;
	void *owner; /* what a client library answered, which the cells point into, or NULL */
	void (*release_owner)(void *owner);
};

/* What cdc_rows_column says of a column that is not there. */
#define CDC_NO_COLUMN SIZE_MAX

#define CDC_ROWS_CLEANUP CDC_CLEANUP(cdc_rows_release)

void cdc_rows_release(struct cdc_rows *rows);

/* Sets the column names of an empty table (copied). */
void cdc_rows_set_columns(struct cdc_rows *rows, size_t columns, const char *const *names);

/* Appends a row of `columns` cells (copied; NULL stays NULL). */
void cdc_rows_add(struct cdc_rows *rows, const char *const *cells);

/*
 * Fills an empty table with `count` rows of a client library's answer without copying a text: the cells, an array from
 * cdc_alloc that is taken over, point into `owner`, which is released together with the table.
 */
void cdc_rows_adopt(struct cdc_rows *rows, char **cells, size_t count, void *owner, void (*release_owner)(void *owner));

/* The index of a column by name, or CDC_NO_COLUMN; and the cell of a row by that index, NULL for CDC_NO_COLUMN. */
size_t cdc_rows_column(const struct cdc_rows *rows, const char *name);
const char *cdc_rows_cell(const struct cdc_rows *rows, size_t row, size_t column);

/* The cell of a row by column name; NULL when it is NULL, or there is no such row or column (an older server). */
const char *cdc_rows_get(const struct cdc_rows *rows, size_t row, const char *column);

/* 0 when there are columns of all these names (NULL ends the list), else -1 and a CDC_ERR_PROTOCOL with the first absent. */
int cdc_rows_require(const struct cdc_rows *rows, const char *const *columns, struct cdc_err *err) CDC_MUST_USE;

/*
 * Typed cells. A NULL cell or an absent column leaves *ret alone and sets *present to false. A cell that is not of
 * the type is -1 and a CDC_ERR_PROTOCOL that names column, row and text. Booleans are PostgreSQL's "t" and "f".
 */
int cdc_rows_int(const struct cdc_rows *rows, size_t row, const char *column, int64_t *ret, bool *present,
    struct cdc_err *err) CDC_MUST_USE;
int cdc_rows_bool(const struct cdc_rows *rows, size_t row, const char *column, bool *ret, bool *present,
    struct cdc_err *err) CDC_MUST_USE;

/* One cell that is not NULL; column and row are for the error's text. */
int cdc_cell_int(const char *column, size_t row, const char *cell, int64_t *ret, struct cdc_err *err) CDC_MUST_USE;
int cdc_cell_bool(const char *column, size_t row, const char *cell, bool *ret, struct cdc_err *err) CDC_MUST_USE;

/*
 * Reads a recorded table: lines that begin with "#" are comments, the first other line holds the names, cells are
 * separated by tabs, \N is NULL, and \\ \t \n \r stand for themselves as in PostgreSQL's COPY text format. A row with
 * another number of cells than the first line is a CDC_ERR_PROTOCOL with its line number. *ret must be empty.
 */
int cdc_rows_parse_tsv(const char *text, struct cdc_rows *ret, struct cdc_err *err) CDC_MUST_USE;

#endif
