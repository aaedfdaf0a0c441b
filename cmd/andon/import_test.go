package main

import (
	"bytes"
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
			want := "DIR/a.json: 1 taken, 0 known, 0 odd\n" +
				"DIR/b.json: 0 taken, 1 known, 1 odd (1 of them not kept: no run with a runId)\n"
			if diff := cmp.Diff(want, stdout); diff != "" || code != 0 || stderr != "" {
				t.Errorf("exit %d, standard error %q, standard output (-want +got):\n%s", code, stderr, diff)
			}
		})
	}
}

func TestImportExitsWith1AndNamesEachBadFile(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"good.json": importRow, "cut.json": `{"value":[` + strings.Replace(importRow, `"a"`, `"b"`, 1) + `,{"runId":"c"`,
		"list.txt": "RunId : a\n",
	}
	code, stdout, stderr := andonImport(t, files,
		"DIR/cut.json", "DIR/list.txt", "DIR/none.json", "DIR/good.json", "--factory", importFactory, "--store", "sqlite:DIR/andon.db")
	if code != exitFailure {
		t.Errorf("exit %d", code)
	}
	wantOut := "DIR/cut.json: 1 taken, 0 known, 0 odd\nDIR/list.txt: 0 taken, 0 known, 0 odd\n" +
		"DIR/none.json: 0 taken, 0 known, 0 odd\nDIR/good.json: 1 taken, 0 known, 0 odd\n"
	if diff := cmp.Diff(wantOut, stdout); diff != "" {
		t.Errorf("standard output (-want +got):\n%s", diff)
	}
	for _, want := range []string{
		"DIR/cut.json is cut short after byte 148; the runs before that place are stored (1)", "DIR/list.txt is what PowerShell's Format-List prints",
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
		"no factory":    {[]string{"DIR/a.json"}, "--factory is missing"},
		"no ID":         {[]string{"DIR/a.json", "--factory", "adf-old"}, "does not name a factory"},
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
