package intake_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"andon/internal/adf"
	"andon/internal/intake"
	"andon/internal/redact"
	"andon/internal/store"
)

const importFactory = adf.FactoryID("/subscriptions/0f0c/resourceGroups/rg-old/providers/Microsoft.DataFactory/factories/adf-old")

func importFiles(t *testing.T, s *store.Store, files ...string) []intake.Imported {
	t.Helper()
	var all []intake.Imported
	err := intake.Import(t.Context(), s, redact.Default(), importFactory, files, func(i intake.Imported) { all = append(all, i) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportOfHostileFiles(t *testing.T) {
	t.Parallel()
	const (
		good  = `{"runId":"a","pipelineName":"pl","status":"Succeeded","runStart":"2020-01-01T00:00:00Z","lastUpdated":"2020-01-01T00:01:00Z"}`
		other = `{"runId":"b","pipelineName":"pl","status":"Failed","runStart":"2020-01-02T00:00:00Z","lastUpdated":"2020-01-02T00:01:00Z"}`
	)
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("[" + good + "]")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content string
		want    intake.Imported // Err apart
		problem string          // part of Err; "" for none
	}{
		"page":               {`{"value":[` + good + `,` + other + `]}`, intake.Imported{Taken: 2}, ""},
		"UTF-16":             {utf16, intake.Imported{Taken: 1}, ""},
		"the same run twice": {good + "\n" + good, intake.Imported{Taken: 1, Known: 1}, ""},
		"odd field":          {strings.Replace(good, `"pl"`, `{"x":1}`, 1), intake.Imported{Taken: 1, Odd: 1}, ""},
		"row without runId":  {`[{"status":"Failed"},` + good + `]`, intake.Imported{Taken: 1, Odd: 1, Lost: 1}, ""},
		"PowerShell's short form": {
			`{"RunId":"a","PipelineName":"pl","InvokedBy":"@{Name=Manual}","Parameters":{},"Status":"Succeeded","RunStart":"2020-01-01T00:00:00Z"}`,
			intake.Imported{Taken: 1, Odd: 1},
			"",
		},
		"row of another factory": {
			strings.Replace(good, `{`, `{"id":"/SUBSCRIPTIONS/1/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ELSE/pipelineruns/a",`, 1),
			intake.Imported{Taken: 1, Foreign: 1},
			"",
		},
		"row of this factory": {
			strings.Replace(good, `{`, `{"id":"`+strings.ToUpper(string(importFactory))+`/pipelineruns/a",`, 1),
			intake.Imported{Taken: 1},
			"",
		},
		"cut short":       {`{"value":[` + good + `,{"runId":"b","st`, intake.Imported{Taken: 1}, "is cut short after byte"},
		"cut in two":      {`{"val`, intake.Imported{}, "is cut short"},
		"empty":           {"", intake.Imported{}, "is empty"},
		"no runs at all":  {`{"value":[],"continuationToken":null}`, intake.Imported{}, ""},
		"activity runs":   {`{"value":[{"activityRunId":"x","activityName":"cp"}]}`, intake.Imported{Odd: 1, Lost: 1}, "holds activity runs"},
		"trigger runs":    {`[{"triggerRunId":"x"}]`, intake.Imported{Odd: 1, Lost: 1}, "holds trigger runs"},
		"an error answer": {`{"error":{"code":"AuthorizationFailed","message":"x"}}`, intake.Imported{Odd: 1, Lost: 1}, "an error answer of Azure"},
		"a bare string":   {`["x"]`, intake.Imported{Odd: 1, Lost: 1}, "values that are no objects"},
		"Format-List":     {"RunId : a\r\nStatus : Failed\r\n", intake.Imported{}, "ConvertTo-Json"},
		"Studio grid":     {"Pipeline name\tRun start\npl\t1/1/2020\n", intake.Imported{}, "az datafactory pipeline-run query-by-factory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openStore(t, filepath.Join(t.TempDir(), "andon.db"))
			path := write(t, "runs.json", []byte(c.content))
			got := importFiles(t, s, path)[0]
			problem := got.Err
			got.Err, got.File = nil, ""
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("imported (-want +got):\n%s", diff)
			}
			if (problem == nil) != (c.problem == "") || problem != nil && !strings.Contains(problem.Error(), c.problem) {
				t.Errorf("problem is %v, want %q", problem, c.problem)
			}
		})
	}
}

func TestImportGoesOnAfterABadFile(t *testing.T) {
	t.Parallel()
	s := openStore(t, filepath.Join(t.TempDir(), "andon.db"))
	dir := t.TempDir()
	got := importFiles(t, s,
		filepath.Join(dir, "missing.json"), dir, write(t, "good.json", []byte(`{"runId":"a","status":"Failed"}`)))
	var texts []string
	for _, i := range got {
		texts = append(texts, fmt.Sprintf("%d %v", i.Taken, i.Err))
	}
	want := []string{"0 can't be opened: no such file or directory", "0 is a folder: name the files in it", "1 <nil>"}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func openStore(tb testing.TB, path string) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close the store: %v", err)
		}
	})
	return s
}
