package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// hostile is a text that changes a terminal's title, clears it, writes to its
// clipboard, and turns the direction of writing.
const hostile = "\x1b]0;pwned\x07\x1b[2J\x1b]52;c;ZWNobw==\x07\u009b31m\x7f\u202egpj.exe\u2066\u061c"

// TestNoFormObeysWhatComesFromOutside: neither a table, nor cells on a terminal,
// nor JSON holds a character that a terminal obeys. JSON still means the same.
func TestNoFormObeysWhatComesFromOutside(t *testing.T) {
	t.Parallel()
	row, err := json.Marshal(map[string]any{
		"runId": hostile, "factory": hostile, "factoryName": hostile, "pipelineName": hostile, "status": hostile, "runStart": hostile,
		"message": hostile, "invokedBy": map[string]any{"name": hostile, "invokedByType": hostile},
	})
	if err != nil {
		t.Fatal(err)
	}
	var table, cells, list strings.Builder
	asOf := hostile
	for _, w := range []runWriter{&tableRuns{w: &table}, &csvRuns{w: csv.NewWriter(&cells), terminal: true}, &jsonRuns{w: &list}} {
		if err := errors.Join(w.row(row), w.end(listEnd{asOf: &asOf})); err != nil {
			t.Fatal(err)
		}
	}
	for form, out := range map[string]string{"table": table.String(), "csv": cells.String(), "json": list.String()} {
		if i := strings.IndexFunc(out, func(r rune) bool { return isObeyed(r) && r != '\n' }); i >= 0 {
			t.Errorf("%s holds %q", form, out[i:min(i+20, len(out))])
		}
		if !strings.Contains(out, "gpj.exe") {
			t.Errorf("%s lost the text: %s", form, out)
		}
	}
	var back []struct{ Message string }
	if err := json.Unmarshal([]byte(list.String()), &back); err != nil || len(back) != 1 || back[0].Message != hostile {
		t.Errorf("JSON gives back %q, %v", back, err)
	}
}

// TestAFileGetsCellsAsTheyAre: what another program reads is not changed.
func TestAFileGetsCellsAsTheyAre(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	w := newRunWriter("csv", &out)
	if err := errors.Join(w.row(json.RawMessage(`{"message":"a\u001bb"}`)), w.end(listEnd{})); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "a\x1bb") {
		t.Errorf("said %q", out.String())
	}
}

func TestSpreadsheetsRunNoCell(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"=1+1":               "'=1+1",
		"+1":                 "'+1",
		"@SUM(A1)":           "'@SUM(A1)",
		"|cmd":               "'|cmd",
		"＝1+1":               "'＝1+1",
		" =1+1":              " '=1+1",
		"\n=1+1":             "\n'=1+1",
		"\t\r-2":             "\t\r'-2",
		"x;=HYPERLINK(A1);y": "x;'=HYPERLINK(A1);y",
		"a, =b\n@c":          "a, '=b\n'@c",
		"2026-11-24":         "2026-11-24",
		"a = b + c":          "a = b + c",
		"pl-load@x":          "pl-load@x",
		"":                   "",
	} {
		if got := inert(cell); got != want {
			t.Errorf("%q becomes %q, want %q", cell, got, want)
		}
	}
}
