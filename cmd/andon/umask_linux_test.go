package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFilesAreTheOwnersAlone: whatever the umask of the shell is, what a server
// writes is readable by its owner alone, and nothing is narrowed afterwards.
func TestFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "andon.db")
	p := startCommand(t, nil, "/bin/sh", "-c", `umask 000; exec "$0" "$@"`, binary, "serve", "--no-collect", "--listen", "127.0.0.1:0", "--store", "sqlite:"+path)
	p.says(`andon is serving on (\S+)`)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil || !strings.Contains(string(status), "\nUmask:\t0077\n") {
		t.Errorf("the mask is another one: %v\n%s", err, status)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 4 {
		t.Errorf("the store has %d files, want 4: %v", len(files), err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != fs.FileMode(0o600) {
			t.Errorf("%s: %v, %v", f.Name(), info, err)
		}
	}
	if code := p.end(syscall.SIGTERM); code != 0 || strings.Contains(p.output(), "could read the store") {
		t.Errorf("it ended with %d and said %s", code, p.output())
	}
}
