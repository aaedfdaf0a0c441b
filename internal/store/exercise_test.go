package store_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"andon/internal/store"
)

// opener opens a new, empty store.
type opener func(testing.TB) *store.Store

// TestSQLite runs the suite that every database has to pass.
func TestSQLite(t *testing.T) {
	t.Parallel()
	exercise(t, openStore)
}

func exercise(t *testing.T, open opener) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, opener){
		"agrees with a plain model": testModel,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

// ctxOf is the context of a property test.
func ctxOf(t *rapid.T) context.Context { return t.Context() }

func bucketsOf() []time.Duration {
	return []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}
}
