package collector_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/redact"
	"andon/internal/store"
)

const importFactory = adf.FactoryID("/subscriptions/0f0c/resourceGroups/rg-old/providers/Microsoft.DataFactory/factories/adf-old")

// recordings are answers of Azure, with made-up names and ids.
const recordings = "../adf/testdata/recordings"

func importFiles(t *testing.T, s *store.Store, files ...string) []collector.Imported {
	t.Helper()
	var all []collector.Imported
	err := collector.Import(t.Context(), s, redact.Default(), importFactory, files, func(i collector.Imported) { all = append(all, i) })
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

func TestImportOfRecordingsTwiceGivesTheSame(t *testing.T) {
	t.Parallel()
	var files []string
	runs := map[string]bool{}
	paths, err := filepath.Glob(filepath.Join(recordings, "pipelineruns-*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recordings in %s: %v", recordings, err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Response struct {
				Body json.RawMessage `json:"body"`
			} `json:"response"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		ids := runIDs(r.Response.Body)
		if len(ids) == 0 {
			continue
		}
		for _, id := range ids {
			runs[id] = true
		}
		files = append(files, write(t, filepath.Base(path), r.Response.Body))
	}
	s := openStore(t, filepath.Join(t.TempDir(), "andon.db"))
	taken := 0
	for _, i := range importFiles(t, s, files...) {
		if i.Err != nil || i.Lost > 0 {
			t.Errorf("%+v", i)
		}
		taken += i.Taken
	}
	if taken < len(runs) {
		t.Errorf("%d taken, of %d runs", taken, len(runs))
	}
	first := storedRuns(t, s, "adf-old")
	if len(first) != len(runs) {
		t.Errorf("%d runs are stored, of %d", len(first), len(runs))
	}
	for _, i := range importFiles(t, s, files...) {
		if i.Taken > 0 || i.Known == 0 || i.Err != nil {
			t.Errorf("the second time: %+v", i)
		}
	}
	if diff := cmp.Diff(first, storedRuns(t, s, "adf-old")); diff != "" {
		t.Errorf("stored after the second time (-first +second):\n%s", diff)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func runIDs(body []byte) []string {
	var page struct {
		RunID        string
		PipelineName string
		Value        []struct{ RunID string }
	}
	if json.Unmarshal(body, &page) != nil {
		return nil // a cancel's answer
	}
	var ids []string
	if page.RunID != "" && page.PipelineName != "" {
		ids = append(ids, page.RunID)
	}
	for _, r := range page.Value {
		ids = append(ids, r.RunID)
	}
	return ids
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
		want    collector.Imported // Err apart
		problem string             // part of Err; "" for none
	}{
		"page":               {`{"value":[` + good + `,` + other + `]}`, collector.Imported{Taken: 2}, ""},
		"UTF-16":             {utf16, collector.Imported{Taken: 1}, ""},
		"the same run twice": {good + "\n" + good, collector.Imported{Taken: 1, Known: 1}, ""},
		"odd field":          {strings.Replace(good, `"pl"`, `{"x":1}`, 1), collector.Imported{Taken: 1, Odd: 1}, ""},
		"row without runId":  {`[{"status":"Failed"},` + good + `]`, collector.Imported{Taken: 1, Odd: 1, Lost: 1}, ""},
		"PowerShell's short form": {
			`{"RunId":"a","PipelineName":"pl","InvokedBy":"@{Name=Manual}","Parameters":{},"Status":"Succeeded","RunStart":"2020-01-01T00:00:00Z"}`,
			collector.Imported{Taken: 1, Odd: 1},
			"",
		},
		"row of another factory": {
			strings.Replace(good, `{`, `{"id":"/SUBSCRIPTIONS/1/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ELSE/pipelineruns/a",`, 1),
			collector.Imported{Taken: 1, Foreign: 1},
			"",
		},
		"row of this factory": {
			strings.Replace(good, `{`, `{"id":"`+strings.ToUpper(string(importFactory))+`/pipelineruns/a",`, 1),
			collector.Imported{Taken: 1},
			"",
		},
		"cut short":       {`{"value":[` + good + `,{"runId":"b","st`, collector.Imported{Taken: 1}, "is cut short after byte"},
		"cut in two":      {`{"val`, collector.Imported{}, "is cut short"},
		"empty":           {"", collector.Imported{}, "is empty"},
		"no runs at all":  {`{"value":[],"continuationToken":null}`, collector.Imported{}, ""},
		"activity runs":   {`{"value":[{"activityRunId":"x","activityName":"cp"}]}`, collector.Imported{Odd: 1, Lost: 1}, "holds activity runs"},
		"trigger runs":    {`[{"triggerRunId":"x"}]`, collector.Imported{Odd: 1, Lost: 1}, "holds trigger runs"},
		"an error answer": {`{"error":{"code":"AuthorizationFailed","message":"x"}}`, collector.Imported{Odd: 1, Lost: 1}, "an error answer of Azure"},
		"a bare string":   {`["x"]`, collector.Imported{Odd: 1, Lost: 1}, "values that are no objects"},
		"Format-List":     {"RunId : a\r\nStatus : Failed\r\n", collector.Imported{}, "ConvertTo-Json"},
		"Studio grid":     {"Pipeline name\tRun start\npl\t1/1/2020\n", collector.Imported{}, "az datafactory pipeline-run query-by-factory"},
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

// TestImportDoesNotHideWhatAzureSays takes in an older copy of collected
// runs, which has to change nothing, not the factory's place either.
func TestImportDoesNotHideWhatAzureSays(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 20, Size: 300})
	c := b.collect(t)
	b.filled(t)
	c.Stop()
	id := adf.FactoryID(b.emulated.Factories[0])
	before := storedRuns(t, b.store, id.Name())
	var stale []map[string]any
	for _, r := range before {
		if r["lastUpdated"] == nil {
			continue
		}
		copied := map[string]any{}
		maps.Copy(copied, r)
		copied["status"], copied["lastUpdated"] = "InProgress", "2020-01-01T00:00:00Z"
		stale = append(stale, copied)
	}
	raw, err := json.Marshal(stale)
	if err != nil {
		t.Fatal(err)
	}
	places, err := b.store.Factories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = collector.Import(t.Context(), b.store, redact.Default(), adf.FactoryID(strings.ToUpper(string(id))), []string{write(t, "old.json", raw)}, func(i collector.Imported) {
		if i.Taken > 0 || i.Known != len(stale) {
			t.Errorf("%+v of %d older copies", i, len(stale))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, storedRuns(t, b.store, id.Name())); diff != "" {
		t.Errorf("runs (-before +after):\n%s", diff)
	}
	after, err := b.store.Factories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same := slices.EqualFunc(places, after, func(x, y store.Factory) bool {
		return x.ID == y.ID && x.Location == y.Location && x.Source == y.Source && x.Runs == y.Runs
	})
	if !same {
		t.Errorf("factories before %+v, after %+v", places, after)
	}
}
