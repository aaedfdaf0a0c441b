//go:build unix

package store_test

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"andon/internal/store"
)

// wide returns the files of a store that have another mode than 0600.
func wide(t *testing.T, path string) map[string]fs.FileMode {
	t.Helper()
	out := map[string]fs.FileMode{}
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			out[suffix] = info.Mode().Perm()
		}
	}
	return out
}

// TestOnlyItsOwnerReadsAStore: all files of a new store have mode 0600 while it
// is open, its log too, and those of an older one are narrowed with a line in
// the log.
func TestOnlyItsOwnerReadsAStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "andon.db")
	s := mustOpen(t, path)
	write(t, s, putFactory(t, s, "adf"), row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1)})
	if got := wide(t, path); len(got) > 0 {
		t.Errorf("a new store has %v", got)
	}
	closeStore(t, s)
	for file, mode := range map[string]fs.FileMode{path: 0o644, path + ".lock": 0o666} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := store.ReadableByOthers("sqlite:" + path); err != nil || strings.Join(got, " ") != path+" "+path+".lock" {
		t.Errorf("others can read %v, %v", got, err)
	}
	var log strings.Builder
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Now: clock, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	if got := wide(t, path); len(got) > 0 {
		t.Errorf("an older store has %v", got)
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "now its owner alone can") || !strings.Contains(got, path+" "+path+".lock") {
		t.Errorf("the log says %s", got)
	}
	if got, err := store.ReadableByOthers("sqlite:" + path); err != nil || len(got) > 0 {
		t.Errorf("others can read %v, %v", got, err)
	}
}

// TestALockIsNoLink: a link in the place of the lock file is refused, and the
// file that it names keeps its content.
func TestALockIsNoLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "andon.db"), filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, path+".lock"); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Now: clock})
	if want := "the lock file " + path + ".lock is a symbolic link: remove it; Andon makes a file of its own there"; err == nil || err.Error() != want {
		t.Errorf("\ngot:  %v\nwant: %s", err, want)
	}
	if got, err := os.ReadFile(victim); err != nil || string(got) != "precious" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a store was made without its lock")
	}
}
