package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3" //nolint:depguard // plays the other program that locks the store
)

// stuck is a server whose store gets into trouble.
type stuck struct {
	e    emulated
	p    *program
	base string
	file string
}

// serveOne serves a board of the first factory alone; wrap, where not nil,
// makes the command that runs it.
func serveOne(t *testing.T, file string, size int, wrap func(command []string) []string) *stuck {
	t.Helper()
	e := startEmulator(t, "--size", strconv.Itoa(size), "--limits", "off")
	e.Factories = e.Factories[:1]
	return serveThese(t, e, file, wrap)
}

// serveThese serves a board of the factories of e.
func serveThese(t *testing.T, e emulated, file string, wrap func(command []string) []string) *stuck {
	t.Helper()
	command := []string{binary, "serve", "--listen", "127.0.0.1:0", "--store", "sqlite:" + file, "--poll", "1s", "--budget", "off"}
	for _, f := range e.Factories {
		command = append(command, "--factory", f)
	}
	if wrap != nil {
		command = wrap(command)
	}
	p := startCommand(t, e.env(), command...)
	return &stuck{e: e, p: p, base: p.says(`serving on (http://\S+)`)[1], file: file}
}

// says waits until the board tells that the store is in trouble, and demands
// that it goes on answering.
func (s *stuck) says(t *testing.T, what string) {
	t.Helper()
	eventually(t, time.Minute, func() string {
		var answer struct {
			Items []struct {
				State     string
				LastError *struct{ Kind, What, Advice string }
			}
		}
		get(t, s.base+"api/v1/factories", &answer)
		if len(answer.Items) != 1 || answer.Items[0].LastError == nil {
			return fmt.Sprintf("%+v", answer.Items)
		}
		f := answer.Items[0]
		if f.State == "fresh" || f.LastError.Kind != "store" || !strings.Contains(f.LastError.What, what) || f.LastError.Advice == "" {
			return fmt.Sprintf("%s %+v", f.State, f.LastError)
		}
		return ""
	})
	for _, path := range []string{"healthz", "readyz", "api/v1/runs", "api/v1/overview", "api/v1/timeline"} {
		get(t, s.base+path, new(any))
	}
}

// heals demands that the board is the truth again, without a restart.
func (s *stuck) heals(t *testing.T) {
	t.Helper()
	compareWithTruth(t, s.base, s.e)
	eventually(t, time.Minute, func() string {
		var answer struct {
			Items []struct {
				State     string
				LastError any
			}
		}
		get(t, s.base+"api/v1/factories", &answer)
		if f := answer.Items[0]; f.State != "fresh" || f.LastError != nil {
			return fmt.Sprintf("%s %v", f.State, f.LastError)
		}
		return ""
	})
	if code := s.p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, said:\n%s", code, s.p.output())
	}
	if strings.Contains(s.p.output(), "panic") {
		t.Errorf("said:\n%s", s.p.output())
	}
}

// startsRun lets a run happen that only a store that takes it can show.
func (s *stuck) startsRun(t *testing.T) {
	t.Helper()
	body := fmt.Sprintf(`{"factory":%q,"pipelineName":"pl_meanwhile","status":"Failed","message":"meanwhile","durationInMs":100}`, s.e.Factories[0])
	post(t, s.e.Control+"/truth/runs", body, new(any))
}

func TestAStoreThatIsLockedForAWhile(t *testing.T) {
	t.Parallel()
	s := serveOne(t, filepath.Join(t.TempDir(), "andon.db"), 500, nil)
	awaitFresh(t, s.base, s.e)
	other, err := sqlite3.Open("file:" + s.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Exec("PRAGMA busy_timeout=10000; BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	s.startsRun(t)
	s.says(t, "another process keeps the store")
	if err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	s.heals(t)
	checkStore(t, s.file)
}

// TestAStoreThatIsReadOnlyForAWhile makes the files immutable, which holds for
// root and for files that are open, as a file system does that its kernel has
// made read-only after an error.
func TestAStoreThatIsReadOnlyForAWhile(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: a file that even its owner can't write needs root, to make one")
	}
	s := serveOne(t, filepath.Join(t.TempDir(), "andon.db"), 500, nil)
	awaitFresh(t, s.base, s.e)
	change := func(flag string) {
		cmd := exec.Command("chattr", flag, s.file, s.file+"-wal")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("chattr %s: %v\n%s", flag, err, out)
		}
	}
	t.Cleanup(func() {
		for _, f := range []string{s.file, s.file + "-wal"} {
			_ = exec.Command("chattr", "-i", f).Run() // it may be gone already
		}
	})
	change("+i")
	s.startsRun(t)
	s.says(t, "can't be written")
	change("-i")
	s.heals(t)
	checkStore(t, s.file)
}

// TestAStoreWhoseDiskIsFullForAWhile has the disk run full in the middle of
// the first fill.
func TestAStoreWhoseDiskIsFullForAWhile(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: a full disk needs root, to mount one")
	}
	dir := t.TempDir()
	s := serveOne(t, filepath.Join(dir, "andon.db"), 6000, func(command []string) []string {
		// Tables, lock and log have room, and a small part of the runs.
		script := fmt.Sprintf(`mount -t tmpfs -o size=128m tmpfs %q && fallocate -l 125m %q && exec "$0" "$@"`, dir, filepath.Join(dir, "ballast"))
		return append([]string{"unshare", "-m", "sh", "-c", script}, command...)
	})
	s.says(t, "is full")
	s.startsRun(t)
	if err := os.Remove(fmt.Sprintf("/proc/%d/root%s", s.p.cmd.Process.Pid, filepath.Join(dir, "ballast"))); err != nil {
		t.Fatal(err)
	}
	s.heals(t)
}
