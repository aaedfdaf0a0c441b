package store

import (
	"fmt"

	"andon/internal/adf"
)

// UnavailableError says that the store can't do its work now: the disk is
// full, the file can't be written, another process holds it. Nothing was half
// written, and the call can be repeated once Next was done.
type UnavailableError struct {
	What string // what is wrong, naming the file
	Next string // what to do about it
	Err  error

	InUse bool // another process has the store open for writing
}

func (e *UnavailableError) Error() string { return e.What + ": " + e.Next }

func (e *UnavailableError) Unwrap() error { return e.Err }

// InvalidError says that an argument is not usable.
type InvalidError struct {
	Field   string // cursor, factory, limit, sort, bucket …
	Problem string // a sentence that says what is allowed
}

func (e *InvalidError) Error() string { return e.Field + " " + e.Problem }

// NotFoundError says that the store holds no such thing.
type NotFoundError struct {
	What        string   // such as: run 6d1f0c52-…
	HistoryFrom adf.Time // oldest runStart that is stored; zero when nothing is
}

func (e *NotFoundError) Error() string {
	if e.HistoryFrom.IsZero() {
		return fmt.Sprintf("no %s here: nothing is stored yet", e.What)
	}
	return fmt.Sprintf("no %s here: history reaches back to %s", e.What, e.HistoryFrom)
}

// BusyError says that the store has as many large reads to do as it takes on.
// Nothing was read, and the call can be repeated.
type BusyError struct {
	What string // how many there are
	Next string // what to do about it
}

func (e *BusyError) Error() string { return e.What + ": " + e.Next }
