package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRunsSayWhatLimitsTheList pins that a list which may lack runs says so in
// one line, beside the rows, and that a whole one says nothing.
func TestRunsSayWhatLimitsTheList(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "500", "--limits", "off")
	file := filepath.Join(t.TempDir(), "andon.db")
	p, base := serveOn(t, e, file)
	awaitFresh(t, base, e)

	_, said, code := runCommand(t, nil, "runs", "--server", base, "--from", "24h", "-o", "json")
	if code != 0 || said != "" {
		t.Errorf("a whole list: exit %d, said %q", code, said)
	}
	_, said, code = runCommand(t, nil, "runs", "--server", base, "--from", "2000h", "--limit", "1", "-o", "csv")
	if want := "The list may lack runs: Only part of this time range is covered (history begins at "; code != 0 || !strings.HasPrefix(said, want) || strings.Count(said, "\n") != 1 {
		t.Errorf("older than history: exit %d, said %q", code, said)
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Fatalf("the server ended with %d:\n%s", code, p.output())
	}

	out, said, code := runCommand(t, nil, "runs", "--store", "sqlite:"+file, "--from", "2020-01-01", "--to", "2020-01-02")
	if code != 0 || out != "No known runs match.\n" || !strings.Contains(said, "Collecting is off (no data since ") || !strings.Contains(said, "This time range is older than the history here") {
		t.Errorf("from a file: exit %d, said %q:\n%s", code, said, out)
	}
}
