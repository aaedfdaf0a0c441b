package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/pressly/goose/v3"
)

// This file is all that knows which SQLite driver is used, and how its
// connections are set.

//go:embed migrations/sqlite/*.sql
var migrationFiles embed.FS

// applicationID marks a SQLite file as a store of Andon ("ANDO").
const applicationID = 0x414e444f

// The PRAGMAs of each kind of connection, in order. Autocheckpoint is off in
// the writer, which would stop for it: a second connection does it.
const (
	migratePragmas    = "busy_timeout(5000) auto_vacuum(incremental) journal_mode(wal) synchronous(full) temp_store(file)"
	writePragmas      = "busy_timeout(5000) journal_mode(wal) synchronous(normal) cache_size(-32768) temp_store(file) wal_autocheckpoint(0)"
	checkpointPragmas = "busy_timeout(5000) synchronous(normal) cache_size(-1024) wal_autocheckpoint(0)"
	readPragmas       = "busy_timeout(5000) query_only(1) cache_size(-8192) temp_store(file)"
)

// fileURI returns the address of path with PRAGMAs for the driver.
func fileURI(path, mode, pragmas string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	q := url.Values{"mode": {mode}}
	for p := range strings.FieldsSeq(pragmas) {
		q.Add("_pragma", p)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// openConn opens a connection of the driver's own.
func openConn(path, pragmas string) (*sqlite3.Conn, error) {
	c, err := sqlite3.Open(fileURI(path, "rw", pragmas))
	if err != nil {
		return nil, err
	}
	if err := fts5.Register(c); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// openPool returns a pool of connections that only read.
func openPool(path string, connections int) (*sql.DB, error) {
	db, err := driver.Open(fileURI(path, "ro", readPragmas), fts5.Register)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// eachRow calls row for each row of a query, as each does, without the
// conversions of database/sql between the driver and the row.
func (b *stmt) eachRow(ctx context.Context, read *readers, row func(*sqlite3.Stmt)) error {
	c, err := read.pool(ctx).Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // it goes back to the pool
	return c.Raw(func(dc any) error {
		own, ok := dc.(driver.Conn)
		if !ok {
			return fmt.Errorf("the reader is a %T, not a connection of the driver", dc)
		}
		conn := own.Raw()
		defer conn.SetInterrupt(conn.SetInterrupt(ctx))
		st, _, err := conn.Prepare(b.text.String())
		if err != nil {
			return err
		}
		for i, a := range b.args {
			if err := bindOne(st, i+1, a); err != nil {
				return errors.Join(err, st.Close())
			}
		}
		for st.Step() {
			row(st)
		}
		stepErr, closeErr := st.Err(), st.Close() // of which the second repeats the first
		return cmp.Or(stepErr, closeErr)
	})
}

// migrate brings the schema up to date, or for a read-only store checks that
// it is.
func (s *Store) migrate(ctx context.Context) (err error) {
	mode := "rwc"
	pragmas := migratePragmas
	if s.readOnly {
		mode, pragmas = "ro", readPragmas
	}
	db, err := driver.Open(fileURI(s.path, mode, pragmas), fts5.Register)
	if err != nil {
		return s.unavailable(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)

	files, err := fs.Sub(migrationFiles, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("read the embedded migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the embedded migrations: %w", err)
	}
	sources := p.ListSources()
	target := sources[len(sources)-1].Version
	current, err := s.schemaVersion(ctx, db)
	switch {
	case err != nil:
		return err
	case current > target:
		return &UnavailableError{What: fmt.Sprintf("the store %s was written by a newer version of andon (schema %d, this one knows %d)", s.path, current, target), Next: "use that version, or give another path with --store"}
	case current == target:
		return nil
	case s.readOnly:
		return &UnavailableError{What: fmt.Sprintf("the store %s has an older schema (%d, this version needs %d)", s.path, current, target), Next: "start andon serve on it once, which brings it up to date"}
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
		return s.unavailable(err)
	}
	if _, err := p.Up(ctx); err != nil {
		return s.unavailable(fmt.Errorf("bring the schema of %s up to date: %w", s.path, err))
	}
	return nil
}

// schemaVersion returns 0 for an empty file, and refuses the database of
// another program.
func (s *Store) schemaVersion(ctx context.Context, db *sql.DB) (int64, error) {
	var app, tables int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return 0, s.unavailable(err)
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return 0, s.unavailable(err)
	}
	if app != applicationID && (app != 0 || tables > 0) {
		return 0, &UnavailableError{What: fmt.Sprintf("the database %s belongs to another program", s.path), Next: "give another path with --store; this file was left as it is"}
	}
	var has int64
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'").Scan(&has); err != nil {
		return 0, s.unavailable(err)
	}
	if has == 0 {
		return 0, nil
	}
	var version int64
	if err := db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version); err != nil {
		return 0, s.unavailable(err)
	}
	return version, nil
}

// unavailable makes an UnavailableError of what the file or the disk caused,
// and returns any other error as it is.
func (s *Store) unavailable(err error) error {
	if errors.Is(err, sqlite3.IOERR) && !s.readOnly {
		// The driver loses what the system said as a rule.
		err = errors.Join(err, probe(s.path))
	}
	e := &UnavailableError{Err: err}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sqlite3.FULL), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.What, e.Next = fmt.Sprintf("the disk of the store %s is full", s.path), "make room; nothing is lost, and what is missing is read again"
	case errors.Is(err, sqlite3.READONLY), errors.Is(err, syscall.EROFS),
		errors.Is(err, sqlite3.IOERR) && errors.Is(err, fs.ErrPermission):
		e.What, e.Next = fmt.Sprintf("the store %s can't be written", s.path), "check its permissions and whether its file system is mounted read-only"
	case errors.Is(err, sqlite3.CANTOPEN), errors.Is(err, sqlite3.PERM), errors.Is(err, sqlite3.AUTH):
		e.What, e.Next = fmt.Sprintf("the store %s can't be opened", s.path), "check the permissions of the file and of its directory"
	case errors.Is(err, sqlite3.NOTADB):
		e.What, e.Next = fmt.Sprintf("the file %s is not a SQLite database", s.path), "give another path with --store; this file was left as it is"
	case errors.Is(err, sqlite3.CORRUPT):
		e.What, e.Next = fmt.Sprintf("the store %s is damaged", s.path), "restore a backup, or give another path with --store and let history be read again"
	case errors.Is(err, sqlite3.IOERR):
		e.What, e.Next = fmt.Sprintf("the store %s can't be read or written", s.path), "check the disk and its free space"
	case errors.Is(err, sqlite3.BUSY), errors.Is(err, sqlite3.LOCKED):
		e.What, e.Next = fmt.Sprintf("another process keeps the store %s busy", s.path), "stop it, or try again"
	case s.isClosed():
		return s.closedError()
	default:
		return err
	}
	return e
}
