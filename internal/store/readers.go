package store

import (
	"context"
	"database/sql"
	"errors"
)

// How many connections each kind of read has. A heavy read of facets uses two.
const (
	lightReaders = 6
	heavyReaders = 2
)

// readers are the connections that see committed state only. Heavy reads have
// connections of their own, so that a light one never waits for them, and so
// does Ready, which must answer however much is read.
type readers struct {
	light, heavy, ready *sql.DB
}

// openReaders opens the pools. They connect when they are used first.
func openReaders(path string) (*readers, error) {
	r := &readers{}
	for _, pool := range []struct {
		db          **sql.DB
		connections int
	}{{&r.light, lightReaders}, {&r.heavy, heavyReaders}, {&r.ready, 1}} {
		db, err := openPool(path, pool.connections)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		*pool.db = db
	}
	return r, nil
}

// openAll opens all connections, and leaves them to be used: while the file
// system is read-only or full, none can be opened, and those that are open go
// on reading.
func (r *readers) openAll(ctx context.Context) (err error) {
	for _, db := range []*sql.DB{r.light, r.heavy, r.ready} {
		for range db.Stats().MaxOpenConnections {
			c, opened := db.Conn(ctx)
			if opened != nil {
				return opened
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			var n int
			if err := c.QueryRowContext(ctx, "SELECT count(*) FROM status").Scan(&n); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close closes all connections.
func (r *readers) Close() error {
	var errs []error
	for _, db := range []*sql.DB{r.light, r.heavy, r.ready} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// pool returns the connections for what reads under ctx.
func (r *readers) pool(ctx context.Context) *sql.DB {
	if isHeavy(ctx) {
		return r.heavy
	}
	return r.light
}

// QueryContext runs a query on the pool of ctx.
func (r *readers) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return r.pool(ctx).QueryContext(ctx, query, args...)
}

// QueryRowContext runs a query for one row on the pool of ctx.
func (r *readers) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return r.pool(ctx).QueryRowContext(ctx, query, args...)
}
