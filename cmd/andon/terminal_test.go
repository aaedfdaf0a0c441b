package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestTerminalShowsTheBoard reads one history through a running server and,
// after its end, straight from the file: both ways give the same.
func TestTerminalShowsTheBoard(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "500", "--limits", "off")
	file := filepath.Join(t.TempDir(), "andon.db")
	p, base := serveOn(t, e, file)
	awaitFresh(t, base, e)
	var made struct{ RunID string }
	post(t, e.Control+"/truth/runs", `{"factory":"`+e.Factories[0]+`","pipelineName":"=cmd|pl","status":"Failed","message":"Operation on target cp failed:\nno \u001b[31mroute","durationInMs":10}`, &made)
	eventually(t, 20e9, func() string {
		out, errs, _ := runCommand(t, nil, "runs", "--server", base, "--pipeline", "=cmd|pl", "--status", "Failed", "-o", "csv")
		if !strings.Contains(out, made.RunID) {
			return out + errs
		}
		return ""
	})

	table, stderr, code := runCommand(t, nil, "runs", "--server", base, "--open", "--q", "target")
	if code != 0 || !strings.Contains(table, "  no [31mroute\n") || strings.Contains(table, "Operation on target cp failed") || !strings.Contains(table, made.RunID) || !strings.Contains(table, "✕ Failed") || strings.Contains(table, "\x1b") {
		t.Errorf("exit %d, table:\n%s%s", code, table, stderr)
	}
	one, stderr, code := runCommand(t, nil, "run", made.RunID, "--server", base)
	if code != 0 || !strings.Contains(one, "Why         no [31mroute\nActivity    cp\n") || !strings.Contains(one, "Operation on target cp failed:\nno [31mroute") || strings.Contains(one, "\x1b") {
		t.Errorf("exit %d, run:\n%s%s", code, one, stderr)
	}
	if _, stderr, code := runCommand(t, nil, "run", "none", "--server", base); code != 1 || !strings.Contains(stderr, "none") {
		t.Errorf("an unknown run: exit %d, %s", code, stderr)
	}
	if _, stderr, code := runCommand(t, nil, "runs", "--server", base, "--sort", "name"); code != 2 || !strings.Contains(stderr, "-runStart") {
		t.Errorf("a wrong sort: exit %d, %s", code, stderr)
	}
	byServer, _, _ := runCommand(t, nil, "runs", "--server", base, "--to", "1m", "--limit", "0", "-o", "json")
	p.end(syscall.SIGTERM)

	byFile, stderr, code := runCommand(t, nil, "runs", "--store", "sqlite:"+file, "--to", "1m", "--limit", "0", "-o", "json")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if a, b := runIDs(t, byServer), runIDs(t, byFile); len(a) < 400 || len(b) < len(a) {
		t.Errorf("%d runs by the server, %d from the file", len(a), len(b))
	}
	sheet, _, _ := runCommand(t, nil, "runs", "--store", "sqlite:"+file, "--pipeline", "=cmd|pl", "-o", "csv")
	lines, err := csv.NewReader(strings.NewReader(sheet)).ReadAll()
	if err != nil || len(lines) != 2 {
		t.Fatalf("csv %v:\n%s", err, sheet)
	}
	if cause := lines[1][slices.Index(lines[0], "cause")]; !strings.HasPrefix(cause, "no ") || !strings.HasSuffix(cause, "route") {
		t.Errorf("the cause in the csv is %q", cause)
	}
	if lines[1][2] != "'=cmd|pl" {
		t.Errorf("a spreadsheet would run %q", lines[1][2])
	}
}

func runIDs(t *testing.T, list string) []string {
	t.Helper()
	var rows []struct{ RunID string }
	if err := json.Unmarshal([]byte(list), &rows); err != nil {
		t.Fatalf("%v in %.200s", err, list)
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.RunID)
	}
	return ids
}

func TestARunThatAzureForgotIsNotShownAsRunning(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	w := newRunWriter("table", &out)
	row := `{"runId":"r","factory":"f","factoryName":"f","pipelineName":"p","status":"InProgress","endUnknown":"Azure does not know this run any more.","message":""}`
	if err := errors.Join(w.row(json.RawMessage(row)), w.end(listEnd{})); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "? Unknown") || strings.Contains(out.String(), "InProgress") {
		t.Errorf("said:\n%s", out.String())
	}
}

// TestFailuresWithoutAMessageSaySo shows run and list of a run that failed at the
// limits of concurrency: neither a message nor activities.
func TestFailuresWithoutAMessageSaySo(t *testing.T) {
	t.Parallel()
	run := `{"runId":"r","factory":"f","factoryName":"f","pipelineName":"p","status":"Failed","message":null,"open":true,` +
		`"cause":{"text":null,"reason":"Data Factory gave no reason","code":null,"failureType":null,"activity":null,"childRunId":null}}`
	activities := `{"items":[{"activityName":"a","status":"Failed","cause":{"text":"SQL 208: Invalid object name","reason":null}},` +
		`{"activityName":"b","status":"Succeeded","cause":null}],"state":"complete","reason":null}`
	var list, one strings.Builder
	w := newRunWriter("table", &list)
	if err := errors.Join(w.row(json.RawMessage(run)), w.end(listEnd{}), printRun(&one, []byte(run), []byte(activities))); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(list.String(), "  Data Factory gave no reason\n") {
		t.Errorf("the list:\n%s", list.String())
	}
	if !strings.Contains(one.String(), "Why         Data Factory gave no reason\n") || !strings.Contains(one.String(), "  SQL 208: Invalid object name\n") {
		t.Errorf("the run:\n%s", one.String())
	}
}

func TestTheHeadOfATableStandsOverItsColumns(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	w := newRunWriter("table", &out)
	cells := map[string]string{
		"STATUS": "✓ Succeeded", "RUN": "4e5c9fa9-3ffe-443a-bab3-6c2ce9ade856", "PIPELINE": "pl_a", "FACTORY": "adf-b", "INVOKED BY": "tr_c",
		"START (UTC)": "2026-11-27 23:25:57",
	}
	row := `{"runId":"` + cells["RUN"] + `","factory":"f","factoryName":"adf-b","pipelineName":"pl_a","status":"Succeeded",` +
		`"startedBy":"tr_c","invokedBy":{"name":"tr_c"},"runStart":"2026-11-27T23:25:57Z","message":""}`
	if err := errors.Join(w.row(json.RawMessage(row)), w.end(listEnd{})); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for head, cell := range cells {
		over, under := columnOf(lines[0], head), columnOf(lines[1], cell)
		if over < 0 || over != under {
			t.Errorf("%s stands at %d, %s at %d:\n%s", head, over, cell, under, out.String())
		}
	}
	if strings.HasSuffix(lines[1], " ") {
		t.Errorf("the line ends with a space: %q", lines[1])
	}
}

// TestAChildIsShownByItsParent has a row as Azure sends it: invokedBy.name is a
// GUID that differs from run to run.
func TestAChildIsShownByItsParent(t *testing.T) {
	t.Parallel()
	const id, parent = "7b3a0e55-2222-4222-8222-000000000002", "c0ffee00-0000-4000-8000-0000000c0700"
	child := func(startedBy string) json.RawMessage {
		return json.RawMessage(`{"runId":"r","factory":"f","factoryName":"f","pipelineName":"pl_child","status":"Succeeded","message":null,"startedBy":` + startedBy + `,` +
			`"invokedBy":{"id":"` + id + `","name":"` + id + `","invokedByType":"PipelineActivity","pipelineName":` + startedBy + `,"pipelineRunId":"` + parent + `"}}`)
	}
	for _, format := range []string{"table", "csv"} {
		var out strings.Builder
		w := newRunWriter(format, &out)
		if err := errors.Join(w.row(child(`"pl_parent"`)), w.row(child("null")), w.end(listEnd{})); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "pl_parent") || !strings.Contains(out.String(), "PipelineActivity") || strings.Contains(out.String(), id) {
			t.Errorf("%s:\n%s", format, out.String())
		}
	}
	var out strings.Builder
	if err := printRun(&out, child(`"pl_parent"`), []byte(`{"items":[]}`)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "↳ pl_parent") || !strings.Contains(out.String(), parent) || strings.Contains(out.String(), id) {
		t.Errorf("said:\n%s", out.String())
	}
}

// columnOf returns at which character of a line a text begins, -1 for nowhere.
func columnOf(line, text string) int {
	before, _, ok := strings.Cut(line, text)
	if !ok {
		return -1
	}
	return len([]rune(before))
}
