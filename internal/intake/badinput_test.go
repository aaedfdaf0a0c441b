package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"andon/internal/store"
)

// badRun is a run of a file, as JSON without its braces.
func badRun(id, more string) string {
	return fmt.Sprintf(`{"runId":%q,"pipelineName":"pl","status":"Failed","runStart":"2020-01-01T00:00:00Z","runEnd":"2020-01-01T00:01:00Z","lastUpdated":"2020-01-01T00:01:00Z"%s}`, id, more)
}

// TestHalfAGzipIsTakenUpToTheCut: what came before the cut is stored, and the
// report says that the file is cut short.
func TestHalfAGzipIsTakenUpToTheCut(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	const rows = 5_000
	for n := range rows {
		fmt.Fprintln(&text, badRun(fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n)*2654435761, n), ""))
	}
	whole := packed(t, text.String())
	s := openStore(t)
	files, total := importPaths(t, s, importFactory, write(t, "runs.json.gz", whole[:len(whole)/2]))
	stored := storedRuns(t, s)
	if len(files) != 1 || files[0].Err == nil || !strings.Contains(files[0].Err.Error(), "is a gzip file that is cut short") || total.Failed != 1 {
		t.Errorf("%+v", files)
	}
	if total.Taken < rows/4 || total.Taken >= rows || stored != int64(total.Taken) {
		t.Errorf("%d rows were taken and %d are stored, of %d in the whole file", total.Taken, stored, rows)
	}
}

func storedRuns(t *testing.T, s *store.Store) int64 {
	t.Helper()
	facets, err := s.Facets(t.Context(), store.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return *facets.Total
}

// TestAFolderOfTenThousandFiles has one that is broken in its second row: its
// first row and all other files are taken, and the report names it.
func TestAFolderOfTenThousandFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const files, broken = 10_000, 7_531
	for n := range files {
		folder := filepath.Join(dir, fmt.Sprintf("y=2020/m=01/d=%02d", n%31+1))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		content := badRun(fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n)*2654435761, n), "")
		if n == broken {
			content += "\n" + `{"runId":"b","status":`
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("PT1H-%05d.json", n)), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := openStore(t)
	reports, total := importPaths(t, s, importFactory, dir)
	if total.Files != files || total.Taken != files || storedRuns(t, s) != files {
		t.Errorf("%d files, %d runs taken, %d stored, want %d of each", total.Files, total.Taken, storedRuns(t, s), files)
	}
	var bad []string
	for _, f := range reports {
		if f.Err != nil || f.Faults() > 0 {
			bad = append(bad, fmt.Sprintf("%s %v %v", filepath.Base(f.Name), f.Err, f.Refused))
		}
	}
	if len(bad) != 1 || !strings.HasPrefix(bad[0], "PT1H-07531.json ") || !strings.Contains(bad[0], "cut short") {
		t.Errorf("bad files: %q", bad)
	}
}

// TestARecordOfMoreThan100MB is left out by name, and the rows around it are
// taken.
func TestARecordOfMoreThan100MB(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "runs.json")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []io.Reader{
		strings.NewReader("[\n" + badRun("a", "") + ",\n" + `{"runId":"b","message":"`),
		strings.NewReader(strings.Repeat("x", 101<<20)),
		strings.NewReader("\"},\n" + badRun("c", "") + "\n]"),
	} {
		if _, err := io.Copy(file, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	s := openStore(t)
	files, _ := importPaths(t, s, importFactory, path)
	f := files[0]
	if counts(f) != "2 0 0 1" || f.Err != nil || len(f.Refused) != 1 {
		t.Fatalf("%+v", f)
	}
	if r := f.Refused[0]; r.Reason != "records of more than 8 MB, which no run is" || r.Next == "" || !slices.Equal(r.First, []string{"record 2"}) {
		t.Errorf("%q %q %q", r.Reason, r.Next, r.First)
	}
}

// TestAWideTableKeepsItsLineBreaks: 400 columns that nothing is read of, and
// messages of several lines.
func TestAWideTableKeepsItsLineBreaks(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	table.WriteString("\"runId\",\"runStart\",\"status\",\"message\"")
	for n := range 400 {
		fmt.Fprintf(&table, ",\"Spalte %d\"", n)
	}
	const rows = 300
	for n := range rows {
		fmt.Fprintf(&table, "\r\n\"run-%d\",\"2020-01-01T00:00:00Z\",\"Failed\",\"line one\nline \"\"two\"\", of %d\"%s", n, n, strings.Repeat(",\"a\nb\"", 400))
	}
	s := openStore(t)
	files, _ := importPaths(t, s, importFactory, write(t, "wide.csv", table.String()))
	if got := counts(files[0]); got != fmt.Sprintf("%d 0 0 0", rows) || files[0].Err != nil {
		t.Fatalf("%s %v %+v", got, files[0].Err, files[0].Refused)
	}
	d, err := s.Run(t.Context(), "", "run-7")
	if err != nil || *d.Message != "line one\nline \"two\", of 7" {
		t.Errorf("%q %v", *d.Message, err)
	}
}

// TestAHeaderInAnotherLanguage is refused with the names that are read.
func TestAHeaderInAnotherLanguage(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	for _, header := range []string{"Nom du pipeline;Début;État", "パイプライン名,開始,状態", "Имя конвейера;Начало;Состояние"} {
		files, _ := importPaths(t, s, importFactory, write(t, "runs.csv", header+"\na;b;c\n"))
		if err := files[0].Err; err == nil || !strings.Contains(err.Error(), "Columns that are read: runId, pipelineName") || files[0].Taken != 0 {
			t.Errorf("%s: %v", header, err)
		}
	}
	if n := storedRuns(t, s); n != 0 {
		t.Errorf("%d runs are stored", n)
	}
}

// TestOddParametersAreKept: they come back as they were, and a later run with the
// same ones, in another order, recovers the failed one.
func TestOddParametersAreKept(t *testing.T) {
	t.Parallel()
	var many, turned []string
	for n := range 300 {
		many = append(many, fmt.Sprintf(`"p%d":"value %d"`, n, n))
		turned = append([]string{fmt.Sprintf(`"p%d":"value %d"`, n, n)}, turned...)
	}
	deep := strings.Repeat(`{"a":[`, 500) + strings.Repeat("]}", 500)
	long := strings.Repeat("n", 260)
	for name, tt := range map[string]struct{ first, again string }{
		"300 parameters":           {"{" + strings.Join(many, ",") + "}", "{" + strings.Join(turned, ",") + "}"},
		"nested 1,000 deep":        {`{"p":` + deep + `}`, `{"p": ` + deep + ` }`},
		"nested 1,000 deep, text":  {`{"p":` + deep + `}`, `{"p":` + string(mustJSON(t, deep)) + `}`},
		"a name of 260 characters": {`{"` + long + `":"a"}`, `{"` + long + `":"a"}`},
	} {
		s := openStore(t)
		again := strings.NewReplacer("Failed", "Succeeded", "2020-01-01", "2020-01-02").Replace(badRun("b", `,"parameters":`+tt.again))
		files, _ := importPaths(t, s, importFactory, write(t, "runs.json", badRun("a", `,"parameters":`+tt.first)+"\n"+again))
		if got := counts(files[0]); got != "2 0 0 0" || files[0].Err != nil || files[0].Malformed != 0 {
			t.Errorf("%s: %s %v %+v", name, got, files[0].Err, files[0])
			continue
		}
		d, err := s.Run(t.Context(), "", "a")
		if err != nil || !bytes.Equal(d.Parameters, []byte(tt.first)) {
			t.Errorf("%s: %.200s %v", name, d.Parameters, err)
		}
		if r := d.Recovery; r == nil || r.State != store.Recovered || r.Rule != "parameters" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestParametersTooDeepToBeRead: the row is refused by its place, and the rest of
// the file is taken.
func TestParametersTooDeepToBeRead(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	deep := badRun("a", `,"parameters":{"p":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}`)
	files, _ := importPaths(t, s, importFactory, write(t, "runs.json", deep+"\n"+badRun("b", "")))
	if got := counts(files[0]); got != "1 0 0 1" || files[0].Err != nil {
		t.Fatalf("%s %v %+v", got, files[0].Err, files[0].Refused)
	}
	if r := files[0].Refused[0]; r.Count != 1 || !slices.Equal(r.First, []string{"record 1"}) {
		t.Errorf("%q %q %q", r.Reason, r.Next, r.First)
	}
}

// TestNamesOf260Characters are kept whole.
func TestNamesOf260Characters(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	name := func(letter string) string { return strings.Repeat(letter, 260) }
	factory := strings.Replace(importFactory, "adf-old", name("f"), 1)
	run := strings.Replace(badRun("a", `,"invokedBy":{"name":"`+name("t")+`","invokedByType":"ScheduleTrigger"}`), `"pl"`, `"`+name("p")+`"`, 1)
	files, _ := importPaths(t, s, factory, write(t, "runs.json", run))
	if got := counts(files[0]); got != "1 0 0 0" || files[0].Err != nil {
		t.Fatalf("%s %v %+v", got, files[0].Err, files[0].Refused)
	}
	page, err := s.Runs(t.Context(), store.RunQuery{RunFilter: store.RunFilter{Pipelines: []string{name("P")}, Triggers: []string{name("t")}, Factories: []string{name("f")}}})
	if err != nil || len(page.Runs) != 1 || page.Runs[0].PipelineName != name("p") || page.Runs[0].Place.Name != name("f") {
		t.Errorf("%d runs, %v", len(page.Runs), err)
	}
}

func mustJSON(t *testing.T, text string) []byte {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
