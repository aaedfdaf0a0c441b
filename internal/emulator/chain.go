package emulator

import (
	"net/http"
	"slices"
)

// open returns the snapshot that a query looks at: a new one, or that of its
// continuation token.
func (a *azure) open(c *call, q query, subject []byte, runs int) (snapshot, *armError) {
	if q.token == "" {
		snap := snapshot{at: c.at, runs: runs, next: unread, carried: unread}
		if f := a.faults.strikeContent(c, faultLate); f != nil {
			snap.lag = f.delay
		}
		return snap, nil
	}
	refused := errBadRequest("The continuation token is not valid for this query.")
	if a.faults.strikeContent(c, faultBadToken) != nil {
		return snapshot{}, refused
	}
	snap, err := a.pages.open(q.token, subject)
	if err != nil || snap.runs > runs {
		return snapshot{}, refused
	}
	return snap, nil
}

// nextToken is the continuation token of a page; empty on the last one, and
// where a fault claims that it is.
func (a *azure) nextToken(c *call, snap snapshot, next int, subject []byte) string {
	if next == unread && snap.carried == unread {
		return ""
	}
	if next != unread && a.faults.strikeContent(c, faultTruncated) != nil {
		return ""
	}
	snap.next = next
	return a.pages.token(snap, subject)
}

// disturb lets the faults about rows strike a page. A moved row is taken out
// of a page that is not the last; a repeated one comes again on the next page,
// or at the end of the last. It returns the rows and the position of the one
// that the next page begins with, or unread.
func disturb[T any](f *faults, c *call, rows []T, hasMore bool, position func(T) int) (left []T, carried int) {
	if len(rows) == 0 {
		return rows, unread
	}
	if hasMore && f.strikeContent(c, faultMoved) != nil {
		i := f.pick(len(rows))
		carried = position(rows[i])
		return slices.Delete(rows, i, i+1), carried
	}
	if f.strikeContent(c, faultRepeated) != nil {
		i := f.pick(len(rows))
		if hasMore {
			return rows, position(rows[i])
		}
		return append(rows, rows[i]), unread
	}
	return rows, unread
}

// numbered is a row of such a query with its place.
type numbered[T any] struct {
	row   T
	place int
}

// pageOf cuts the page that the snapshot asks for out of all rows of a query.
func pageOf[T any](a *azure, c *call, snap snapshot, all []T, subject []byte) reply {
	return pageWith(a, c, snap, all, subject, func(b []byte, rows []T) ([]byte, error) {
		list := jsonReply(http.StatusOK, rows).body // [ and ] around the elements
		return append(b, list[1:len(list)-1]...), nil
	})
}

// pageWith is pageOf for rows that are written in a way of their own: write
// appends them with commas between.
func pageWith[T any](a *azure, c *call, snap snapshot, all []T, subject []byte, write func([]byte, []T) ([]byte, error)) reply {
	at := func(i int) numbered[T] { return numbered[T]{all[i], i} }
	var rows []numbered[T]
	if snap.carried != unread && snap.carried < len(all) {
		rows = append(rows, at(snap.carried))
	}
	from := min(max(snap.next, 0), len(all))
	to := min(from+queryPage-len(rows), len(all))
	for i := from; i < to; i++ {
		rows = append(rows, at(i))
	}
	rows, snap.carried = disturb(a.faults, c, rows, to < len(all), func(n numbered[T]) int { return n.place })
	page := make([]T, 0, len(rows))
	for _, n := range rows {
		page = append(page, n.row)
	}
	next := unread
	if to < len(all) {
		next = to
	}
	body, err := write([]byte(`{"value":[`), page)
	if err != nil {
		return errorReply(&armError{
			Status: http.StatusInternalServerError, Code: "InternalServerError", Message: "The emulator could not encode its answer: " + err.Error(),
		})
	}
	return reply{status: http.StatusOK, body: appendPageEnd(body, a.nextToken(c, snap, next, subject)), records: len(page)}
}
