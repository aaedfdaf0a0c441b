package store

import "context"

// CheckFailures compares what is kept of failed runs with what is stored, and
// keeps what is stored now. Between two writes it finds a write that left
// something outdated.
func (s *Store) CheckFailures(ctx context.Context) error { return s.checkFailures(ctx) }
