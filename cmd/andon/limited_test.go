package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestRunsSayWhenThereAreMore pins that a list which ends at --limit never reads
// as the whole: 120 runs match, and 50 of them are listed unless more are asked
// for.
func TestRunsSayWhenThereAreMore(t *testing.T) {
	t.Parallel()
	const all = 120
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		begin, _ := strconv.Atoi(r.URL.Query().Get("cursor")) // "" begins at 0
		end, next := min(begin+limit, all), "null"
		if end < all {
			next = strconv.Quote(strconv.Itoa(end))
		}
		items := make([]string, 0, limit)
		for i := begin; i < end; i++ {
			items = append(items, fmt.Sprintf(`{"runId":"r%d","factory":"f","factoryName":"f","pipelineName":"p","status":"Succeeded"}`, i))
		}
		_, _ = fmt.Fprintf(w, `{"items":[%s],"nextCursor":%s,"asOf":"2026-11-24T02:00:00Z","basis":{"reason":null,"limits":[]}}`, strings.Join(items, ","), next)
	}))
	defer server.Close()
	for _, tc := range []struct {
		args []string
		last string // line of standard output; "" is not looked at
		said string
		rows int
	}{
		{nil, "the first 50 runs, as of 2026-11-24T02:00:00Z\n", "Only the first 50 runs are listed; there are more. To list all: --limit 0.\n", 50},
		{[]string{"--limit", "1"}, "the first run, as of 2026-11-24T02:00:00Z\n", "Only the first run is listed; there are more. To list all: --limit 0.\n", 1},
		{[]string{"--limit", "119"}, "the first 119 runs, as of 2026-11-24T02:00:00Z\n", "Only the first 119 runs are listed; there are more. To list all: --limit 0.\n", 119},
		{[]string{"--limit", "120"}, "\n120 runs, as of 2026-11-24T02:00:00Z\n", "", 120},
		{[]string{"--limit", "0"}, "\n120 runs, as of 2026-11-24T02:00:00Z\n", "", 120},
		{[]string{"--recovery", "notRedone", "-o", "csv"}, "", "Only the first 50 runs are listed; there are more. To list all: --limit 0.\n", 50},
		{[]string{"-o", "json"}, "", "Only the first 50 runs are listed; there are more. To list all: --limit 0.\n", 50},
		{[]string{"--limit", "0", "-o", "json"}, "", "", 120},
	} {
		out, said, code := runCommand(t, nil, append([]string{"runs", "--server", server.URL}, tc.args...)...)
		rows := strings.Count(out, "Succeeded")
		if code != 0 || said != tc.said || rows != tc.rows || !strings.HasSuffix(out, tc.last) {
			t.Errorf("%v: exit %d, said %q, %d rows that end with %q", tc.args, code, said, rows, out[max(0, len(out)-60):])
		}
	}
}

// TestRunsSayWhatLimitsTheList pins that a list which may lack runs says so in
// one line, beside the rows, and that a whole one says nothing.
func TestRunsSayWhatLimitsTheList(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "500", "--limits", "off")
	file := filepath.Join(t.TempDir(), "andon.db")
	p, base := serveOn(t, e, file)
	awaitFresh(t, base, e)

	_, said, code := runCommand(t, nil, "runs", "--server", base, "--from", "24h", "--limit", "0", "-o", "json")
	if code != 0 || said != "" {
		t.Errorf("a whole list: exit %d, said %q", code, said)
	}
	_, said, code = runCommand(t, nil, "runs", "--server", base, "--from", "2000h", "--limit", "1", "-o", "csv")
	const more = ").\nOnly the first run is listed; there are more. To list all: --limit 0.\n"
	if want := "The list may lack runs: Only part of this time range is covered (history begins at "; code != 0 || !strings.HasPrefix(said, want) || !strings.HasSuffix(said, more) || strings.Count(said, "\n") != 2 {
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
