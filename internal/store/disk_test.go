package store_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"andon/internal/store"
)

const smallDisk = "ANDON_TEST_SMALL_DISK"

// TestFullDisk fills a small file system of its own, in a child process with
// its own mounts.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(smallDisk); dir != "" {
		onFullDisk(t, dir)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: a full disk needs root, to mount one")
	}
	dir := t.TempDir()
	script := fmt.Sprintf(`mount -t tmpfs -o size=24m tmpfs %q && exec %q -test.run '^TestFullDisk$' -test.v`, dir, os.Args[0])
	cmd := exec.CommandContext(t.Context(), "unshare", "-m", "sh", "-c", script)
	cmd.Env = append(os.Environ(), smallDisk+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// onFullDisk is TestFullDisk in the child process, on the disk of its own.
func onFullDisk(t *testing.T, dir string) {
	t.Helper()
	s := openAt(t, filepath.Join(dir, "andon.db"))
	f := putFactory(t, s, "adf")
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1)})
	// The ballast leaves room for the log to grow a little.
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	var unavailable *store.UnavailableError
	n, stored := 1, 1
	for ; unavailable == nil && n < 100_000; n += 100 {
		p := store.Page{Factory: f.Key, Origin: store.OriginAzure, Completes: &store.Window{From: hour(0), To: hour(float64(n))}, AsOf: hour(float64(n))}
		for i := range 100 {
			p.Runs = append(p.Runs, row{ID: guid(n + 1 + i), Pipeline: "p", Status: "Failed", Start: hour(float64(n + i)), Message: fmt.Sprint("broken ", n+i)}.run())
		}
		c, err := s.WriteRuns(t.Context(), p)
		if err != nil && !errors.As(err, &unavailable) {
			t.Fatalf("not an UnavailableError: %v", err)
		}
		stored += c.Inserted
	}
	if unavailable == nil {
		t.Fatal("the disk was never full")
	}
	t.Log(stored, unavailable)
	if !strings.Contains(unavailable.What, "is full") {
		t.Errorf("the board would say %q, which is not what is wrong", unavailable.What)
	}
	checkStored(t, s, f, stored)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	stored += write(t, s, f, row{ID: guid(200_000), Pipeline: "p", Status: "Succeeded", Start: hour(2)}).Inserted
	checkStored(t, s, f, stored)
}

func fill(t *testing.T, path string) {
	t.Helper()
	b, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 64<<10)
	for err == nil {
		_, err = b.Write(block)
	}
	if err := b.Truncate(sizeOf(t, b) - 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func sizeOf(t *testing.T, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// checkStored looks for half-written pages.
func checkStored(t *testing.T, s *store.Store, f store.Place, runs int) {
	t.Helper()
	got, err := s.Factory(t.Context(), f.Short)
	if err != nil {
		t.Fatal(err)
	}
	if got.Runs != int64(runs) {
		t.Errorf("%d runs are stored, want %d", got.Runs, runs)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
