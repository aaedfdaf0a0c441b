package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	importRow     = `{"runId":"a","pipelineName":"pl","status":"Succeeded","runStart":"2020-01-01T00:00:00Z","lastUpdated":"2020-01-01T00:01:00Z"}`
	importFactory = "0f0c/rg-old/adf-old"
)

// andonImport runs `andon import` in a folder of files.
func andonImport(t *testing.T, files map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "DIR", dir)
	}
	var out, errs bytes.Buffer
	code = run(append([]string{"import"}, args...), &out, &errs)
	return code, strings.ReplaceAll(out.String(), dir, "DIR"), strings.ReplaceAll(errs.String(), dir, "DIR")
}

func TestImportTakesFlagsBeforeAndAfterFiles(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a.json": `{"value":[` + importRow + `]}`, "b.json": `[` + importRow + `,{"x":1}]`}
	for name, args := range map[string][]string{
		"after":   {"DIR/a.json", "DIR/b.json", "--factory", importFactory, "--store", "sqlite:DIR/andon.db"},
		"before":  {"--factory", importFactory, "--store", "sqlite:DIR/andon.db", "DIR/a.json", "DIR/b.json"},
		"between": {"DIR/a.json", "--factory=" + importFactory, "DIR/b.json", "--store=sqlite:DIR/andon.db"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := andonImport(t, files, args...)
			want := "DIR/a.json: 1 taken, 0 known, 0 completed, 0 refused\n" +
				"DIR/b.json: 0 taken, 1 known, 0 completed, 1 refused\n" +
				"import 1: 2 files with answers of the API: 1 taken, 1 known, 0 completed, 1 refused; to undo it: andon import --undo 1\n"
			stdout, refused, _ := strings.Cut(stdout, "  refused ")
			if diff := cmp.Diff(want, stdout); diff != "" || code != exitPartly || !strings.HasSuffix(stderr, "import: 1 row was refused\n") ||
				!strings.HasPrefix(refused, "1: objects without runId (DIR/b.json record 2). What to do: ") {
				t.Errorf("exit %d, standard error %q, refused %q, standard output (-want +got):\n%s", code, stderr, refused, diff)
			}
		})
	}
}

func TestImportExitsWith3AndNamesEachBadFile(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"good.json": importRow, "cut.json": `{"value":[` + strings.Replace(importRow, `"a"`, `"b"`, 1) + `,{"runId":"c"`,
		"list.txt": "RunId : a\n",
	}
	code, stdout, stderr := andonImport(t, files,
		"DIR/cut.json", "DIR/list.txt", "DIR/none.json", "DIR/good.json", "--factory", importFactory, "--store", "sqlite:DIR/andon.db")
	if code != exitPartly {
		t.Errorf("exit %d", code)
	}
	wantOut := "DIR/cut.json: 1 taken, 0 known, 0 completed, 0 refused\nDIR/list.txt: 0 taken, 0 known, 0 completed, 0 refused\n" +
		"DIR/none.json: 0 taken, 0 known, 0 completed, 0 refused\nDIR/good.json: 1 taken, 0 known, 0 completed, 0 refused\n" +
		"import 1: 4 files with answers of the API: 2 taken, 0 known, 0 completed, 0 refused; to undo it: andon import --undo 1\n"
	if diff := cmp.Diff(wantOut, stdout); diff != "" {
		t.Errorf("standard output (-want +got):\n%s", diff)
	}
	for _, want := range []string{
		"DIR/cut.json is cut short after byte 148; the rows before that place are kept (1)", "DIR/list.txt is what PowerShell's Format-List prints",
		"DIR/none.json can't be opened: no such file or directory",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("standard error lacks %q:\n%s", want, stderr)
		}
	}
	if strings.Contains(stderr, "good.json") {
		t.Errorf("a good file is named as bad:\n%s", stderr)
	}
}

func TestImportRefusesAWrongCommandLineWith2(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no file":       {[]string{"--factory", importFactory}, "no file is named"},
		"no ID":         {[]string{"DIR/a.json", "--store", "sqlite:DIR/andon.db", "--factory", "adf-old"}, "does not name a factory"},
		"list and file": {[]string{"--list", "DIR/a.json"}, "--list and --undo take no files"},
		"list and undo": {[]string{"--list", "--undo", "1"}, "--list and --undo stand alone"},
		"undo of none":  {[]string{"--undo", "0"}, "--undo: 0 is not the number of an import"},
		"no such flag":  {[]string{"DIR/a.json", "--factory", importFactory, "--speed", "3"}, "unknown flag: --speed"},
		"flag no value": {[]string{"DIR/a.json", "--factory"}, "flag needs an argument"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := andonImport(t, nil, c.args...)
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, %q, %q; want 2 and %q", code, stdout, stderr, c.want)
			}
		})
	}
}

// TestImportKeepsNoSecret takes in a run with secrets of every kind, two of
// which only the operator's patterns know.
func TestImportKeepsNoSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	row := strings.Replace(strings.Replace(importRow, `"Succeeded"`, `"Failed","message":"no login with Server=x;Pwd=CANARY1; for 19900101-1234"`, 1),
		`"runId"`, `"parameters":{"apiKey":"CANARY2","customerNo":"CANARY3","body":"{\"token\":\"CANARY4\"}","day":"2020-01-01"},"runId"`, 1)
	store := "sqlite:" + filepath.Join(dir, "andon.db")
	code, stdout, stderr := andonImport(t, map[string]string{
		"a.json": row, "andon.yaml": "redact:\n  keys: ['(?i)^customer']\n  values: ['\\b[0-9]{8}-[0-9]{4}\\b']\n",
	}, "DIR/a.json", "--config", "DIR/andon.yaml", "--factory", importFactory, "--store", store)
	if code != 0 || stderr != "" || !strings.Contains(stdout, "1 taken") {
		t.Fatalf("exit %d, %s %s", code, stdout, stderr)
	}
	var shown, errs bytes.Buffer
	if code := run([]string{"run", "a", "--store", store, "-o", "json"}, &shown, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	file, err := os.ReadFile(filepath.Join(dir, "andon.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"CANARY", "19900101"} {
		if strings.Contains(shown.String(), secret) || bytes.Contains(file, []byte(secret)) {
			t.Errorf("%s is kept:\n%s", secret, shown.String())
		}
	}
	if !strings.Contains(shown.String(), "no login with Server=x;Pwd=") || !strings.Contains(shown.String(), "2020-01-01") {
		t.Errorf("what is no secret is gone too:\n%s", shown.String())
	}
}

// TestImportIsTriedListedAndUndone walks from a dry run to an undone import.
func TestImportIsTriedListedAndUndone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs", "y=2020")
	if err := os.MkdirAll(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	const log = `{"category":"PipelineRuns","runId":"a","pipelineName":"pl","status":"Succeeded","start":"2020-01-01T00:00:00Z","end":"2020-01-01T00:00:01Z",` +
		`"resourceId":"/SUBSCRIPTIONS/0F0C/RESOURCEGROUPS/RG-OLD/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ADF-OLD","properties":{}}`
	for name, content := range map[string]string{
		"PT1H.json": log + "\n", "triggers.json": strings.NewReplacer("PipelineRuns", "TriggerRuns", `"runId":"a"`, `"triggerId":"y","triggerName":"tr"`).Replace(log),
		"odd.json":        strings.Replace(log, "PipelineRuns", "SandboxPipelineRuns", 1),
		"activities.json": strings.NewReplacer("PipelineRuns", "ActivityRuns", `"runId":"a"`, `"activityRunId":"x","pipelineRunId":"a","activityName":"cp_orders"`).Replace(log),
	} {
		if err := os.WriteFile(filepath.Join(logs, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store := filepath.Join(dir, "andon.db")
	try := func(wantCode int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(append(args, "--store", "sqlite:"+store), &out, &errs); code != wantCode {
			t.Errorf("%v: exit %d, want %d; %s", args, code, wantCode, errs.String())
		}
		return strings.ReplaceAll(out.String()+errs.String(), dir, "DIR")
	}
	folder := filepath.Join(dir, "logs")
	const figures = "4 files with diagnostic logs: 1 taken, 0 known, 0 completed, 1 refused; of activity runs 1 taken, 0 known, 0 completed" +
		"; of trigger runs 1 taken, 0 known, 0 completed"
	if text := try(0, "import", folder, "--dry-run"); !strings.HasPrefix(text, "dry run, nothing is stored: "+figures+"\n  refused 1: debug runs (debugRunId), which are no part of a factory's history (DIR/logs/y=2020/odd.json record 1)") {
		t.Errorf("dry run:\n%s", text)
	}
	if _, err := os.Stat(store); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the dry run made a store: %v", err)
	}
	if text := try(0, "import", folder); !strings.HasPrefix(text, "import 1: "+figures+"; to undo it: andon import --undo 1\n") {
		t.Errorf("import:\n%s", text)
	}
	if text := try(0, "runs", "-o", "json"); !strings.Contains(text, `"durationComputed":true`) || !strings.Contains(text, `"origin":"log"`) {
		t.Errorf("runs:\n%s", text)
	}
	if text := try(0, "run", "a"); !strings.Contains(text, "Activities (These come from imported logs, which may lack activities and details.)\n") || !strings.Contains(text, "Succeeded  cp_orders") {
		t.Errorf("run:\n%s", text)
	}
	if text := try(0, "import", "--list"); !strings.Contains(text, "DIR/logs") || !strings.Contains(text, "done") || !strings.Contains(text, "ACTIVITIES") {
		t.Errorf("list:\n%s", text)
	}
	if text := try(0, "import", "--undo", "1"); text != "import 1 is undone: 1 run was removed, 0 runs were kept with what other sources say\nwhat it said of 1 activity run is removed\nwhat it said of 1 trigger run is removed\n" {
		t.Errorf("undo: %s", text)
	}
	if text := try(0, "import", "--list"); !strings.Contains(text, "undone 20") {
		t.Errorf("list:\n%s", text)
	}
	try(exitFailure, "import", "--undo", "1")
	if text := try(exitFailure, "import", "--undo", "7"); !strings.Contains(text, "there is no import 7 in this store") {
		t.Errorf("undo of an unknown import: %s", text)
	}
}
