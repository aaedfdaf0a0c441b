package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3/driver"

	"andon/internal/adf"
	"andon/internal/store"
)

func TestOpenRefusesWhatIsNotAStore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		dsn  func(t *testing.T, dir string) string
		want string
	}{
		{"postgres", func(*testing.T, string) string { return "postgres://db/andon" }, "store can't be PostgreSQL in this version: give sqlite: and the path of a file, such as sqlite:andon.db"},
		{"no scheme", func(*testing.T, string) string { return "andon.db" }, `store "andon.db" is not an address: give sqlite: and the path of a file, such as sqlite:andon.db`},
		{"in memory", func(*testing.T, string) string { return "sqlite::memory:" }, `store "sqlite::memory:" is not an address: give sqlite: and the path of a file, such as sqlite:andon.db`},
		{"missing directory", func(_ *testing.T, dir string) string { return "sqlite:" + dir + "/no/andon.db" }, "the directory DIR/no of the store does not exist: create it, or give another path with --store"},
		{"a directory", func(_ *testing.T, dir string) string { return "sqlite:" + dir }, "the store DIR is a directory: give the path of a file with --store"},
		{"not a database", func(t *testing.T, dir string) string {
			t.Helper()
			write := os.WriteFile(filepath.Join(dir, "a.db"), []byte("this is a text of some length"), 0o600)
			if write != nil {
				t.Fatal(write)
			}
			return "sqlite:" + dir + "/a.db"
		}, "the file DIR/a.db is not a SQLite database: give another path with --store; this file was left as it is"},
		{"another program's", func(t *testing.T, dir string) string {
			t.Helper()
			execSQL(t, filepath.Join(dir, "a.db"), "CREATE TABLE t (x)")
			return "sqlite:" + dir + "/a.db"
		}, "the database DIR/a.db belongs to another program: give another path with --store; this file was left as it is"},
		{"newer", func(t *testing.T, dir string) string {
			t.Helper()
			path := filepath.Join(dir, "a.db")
			closeStore(t, mustOpen(t, path))
			execSQL(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
			return "sqlite:" + path
		}, "the store DIR/a.db was written by a newer version of andon (schema 9999, this one knows 12): use that version, or give another path with --store"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s, err := store.Open(t.Context(), tt.dsn(t, dir), store.Options{})
			if err == nil {
				closeStore(t, s)
				t.Fatal("opened")
			}
			if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != tt.want {
				t.Errorf("\ngot:  %s\nwant: %s", got, tt.want)
			}
		})
	}
}

func mustOpen(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func execSQL(t *testing.T, path, query string) {
	t.Helper()
	db, err := driver.Open("file:" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeDB(t, db)
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

func closeDB(t *testing.T, db *sql.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestSecondWriterIsRefusedAndReaderIsNot(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "andon.db")
	s := mustOpen(t, path)
	f := putFactory(t, s, "adf")
	_, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	want := fmt.Sprintf("another process (pid %d) has the store %s open for writing: stop it first, or give another path with --store", os.Getpid(), path)
	if err == nil || err.Error() != want {
		t.Errorf("\ngot:  %v\nwant: %s", err, want)
	}
	r, err := store.Open(t.Context(), "sqlite:"+path, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	// What is written after the reader opened is seen too.
	write(t, s, f, row{ID: guid(1), Pipeline: "new", Status: "Succeeded", Start: hour(1)})
	page, err := r.Runs(t.Context(), store.RunQuery{RunFilter: store.RunFilter{Pipelines: []string{"new"}}})
	if err != nil || len(page.Runs) != 1 || page.Runs[0].Place != f {
		t.Errorf("reader sees %v, %v", page.Runs, err)
	}
	if _, err := r.Run(t.Context(), "", guid(1)); err != nil {
		t.Error(err)
	}
	readsSurroundings(t, s, r, f)
	var unavailable *store.UnavailableError
	if _, err := r.WriteRuns(t.Context(), store.Page{Factory: f.Key}); !errors.As(err, &unavailable) {
		t.Errorf("a read-only store takes a page: %v", err)
	}
	closeStore(t, r)
	closeStore(t, s)
}

// readsSurroundings writes so much that dictionaries are made, which a reader
// that was open before has to learn.
func readsSurroundings(t *testing.T, s, r *store.Store, f store.Place) {
	t.Helper()
	var pipelines []adf.PipelineDefinition
	var fired []triggerRow
	for i := range 20 {
		pipelines = append(pipelines, pipelineAt(fmt.Sprint("p", i), "e", i, hour(1)))
		fired = append(fired, triggerRow{ID: strconv.Itoa(i), Fired: hour(1)})
	}
	putDefinitions(t, s, store.Reading{Factory: f.Key, AsOf: hour(2)}, pipelines...)
	writeTriggerRuns(t, s, f, hour(2), fired...)
	if d, err := r.Definition(t.Context(), "adf", "p7", 0); err != nil || string(d.Content()) != string(pipelines[7].Content()) {
		t.Errorf("reader sees %s, %v", d.Raw, err)
	}
	if list, err := r.TriggerRuns(t.Context(), store.TriggerRunQuery{}); err != nil || len(list.TriggerRuns) != 20 {
		t.Errorf("reader sees %d trigger runs, %v", len(list.TriggerRuns), err)
	}
	if err := r.PutTriggers(t.Context(), store.Reading{Factory: f.Key, AsOf: hour(1)}, nil); err == nil {
		t.Error("a read-only store takes triggers")
	}
}

func TestReadOnlyRefusesAnUnmigratedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "andon.db")
	closeStore(t, mustOpen(t, path))
	execSQL(t, path, "UPDATE goose_db_version SET is_applied = 0 WHERE version_id >= 1")
	_, err := store.Open(t.Context(), "sqlite:"+path, store.Options{ReadOnly: true})
	want := "the store " + path + " has an older schema (0, this version needs 12): start andon serve on it once, which brings it up to date"
	if err == nil || err.Error() != want {
		t.Errorf("\ngot:  %v\nwant: %s", err, want)
	}
}

func TestCloseLeavesOneFileAndReopensTheSame(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "andon.db")
	s := mustOpen(t, path)
	f := putFactory(t, s, "adf")
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1)})
	closeStore(t, s)
	if err := s.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if err := s.Ready(t.Context()); err == nil {
		t.Error("a closed store is ready")
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(path + suffix); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", suffix, err)
		}
	}
	s = mustOpen(t, path)
	defer closeStore(t, s)
	if c := write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1)}); c.Unchanged != 1 {
		t.Errorf("the same page again: %+v", c)
	}
	// A moved run is recognised by the filter of runIds, which was stored at the close.
	if c := write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(2), Updated: hour(9)}); c.Updated != 1 {
		t.Errorf("a moved run: %+v", c)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCallsOnAClosedStoreAreRefused(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, filepath.Join(t.TempDir(), "andon.db"))
	f := putFactory(t, s, "adf")
	sub := s.Subscribe(0)
	closeStore(t, s)
	if _, open := <-sub.C(); open {
		t.Error("the subscription goes on")
	}
	sub.Close()
	p := store.Page{Factory: f.Key}
	if _, err := s.WriteRuns(t.Context(), p); err == nil {
		t.Error("a closed store takes a page")
	}
	unavailable, ok := errors.AsType[*store.UnavailableError](func() error { _, err := s.Factories(t.Context()); return err }())
	if !ok || !strings.Contains(unavailable.What, "is closed") || unavailable.Next == "" {
		t.Errorf("a closed store answers %v, want that it is closed and what to do", unavailable)
	}
}
