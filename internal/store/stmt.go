package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
)

// stmt collects the text of a query and its arguments. What PostgreSQL will
// write otherwise, placeholders and index hints, is said only here.
type stmt struct {
	text strings.Builder
	args []any
}

func newStmt() *stmt { return &stmt{} }

// add appends text of the program, never of a user.
func (b *stmt) add(parts ...string) *stmt {
	for _, p := range parts {
		b.text.WriteString(p)
	}
	return b
}

// arg appends an argument.
func (b *stmt) arg(v any) *stmt {
	b.args = append(b.args, v)
	b.text.WriteByte('?')
	return b
}

// num appends a number as text: a partial index is used only for a condition
// that is known when the statement is prepared.
func (b *stmt) num(n int64) *stmt {
	b.text.WriteString(strconv.FormatInt(n, 10))
	return b
}

// spelledOut is the most numbers that a statement spells out. Each takes
// memory of the connection for each branch of the statement: with 27,000 there
// is none left.
const spelledOut = 512

// nums appends "(1, 2, 3)". A longer list is an argument, so that a statement
// does not grow with what is stored.
func (b *stmt) nums(list []int64) *stmt {
	if len(list) > spelledOut {
		return b.add("(SELECT value FROM json_each(").arg(jsonArray(list)).add("))")
	}
	b.text.WriteByte('(')
	for i, n := range list {
		if i > 0 {
			b.text.WriteString(", ")
		}
		b.num(n)
	}
	b.text.WriteByte(')')
	return b
}

// jsonArray returns "[1,2,3]".
func jsonArray(list []int64) string {
	text := []byte{'['}
	for i, n := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, n, 10)
	}
	return string(append(text, ']'))
}

// index appends the hint to use an index. SQLite refuses the statement when
// it can't, so no plan changes unseen.
func (b *stmt) index(name string) *stmt { return b.add(" INDEXED BY ", name) }

func (b *stmt) query(ctx context.Context, read *readers) (*sql.Rows, error) {
	return read.QueryContext(ctx, b.text.String(), b.args...)
}

// each runs the query and calls row for each row.
func (b *stmt) each(ctx context.Context, read *readers, row func(*sql.Rows) error) error {
	rows, err := b.query(ctx, read)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func sortedInts(list []int64) []int64 {
	slices.Sort(list)
	return list
}

// holds reports whether a sorted list has n.
func holds(sorted []int64, n int64) bool {
	_, ok := slices.BinarySearch(sorted, n)
	return ok
}

// compareInts compares pairs in turn, the first two numbers before the next.
func compareInts(pairs ...int64) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		if c := cmp.Compare(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
