package intake_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/encoding/unicode"

	"andon/internal/adf"
	"andon/internal/intake"
	"andon/internal/redact"
	"andon/internal/store"
)

const (
	importFactory = "/subscriptions/0f0c/resourceGroups/rg-old/providers/Microsoft.DataFactory/factories/adf-old"
	harborFactory = "/subscriptions/0d1a2b3c-0000-4000-8000-00000000a001/resourceGroups/rg-harbor/providers/Microsoft.DataFactory/factories/adf-harbor"
)

func openStore(tb testing.TB) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), "sqlite:"+filepath.Join(tb.TempDir(), "andon.db"), store.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := errors.Join(s.Check(context.WithoutCancel(tb.Context())), s.Close()); err != nil {
			tb.Errorf("check and close the store: %v", err)
		}
	})
	return s
}

// importPaths imports files, and returns what became of each and of all.
func importPaths(tb testing.TB, s *store.Store, factory string, paths ...string) ([]intake.File, intake.Total) {
	tb.Helper()
	var all []intake.File
	total, err := intake.Import(tb.Context(), s, redact.Default(), intake.Options{Paths: paths, Factory: factory}, func(f intake.File) { all = append(all, f) })
	if err != nil {
		tb.Fatal(err)
	}
	return all, total
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func caseFile(name string) string { return filepath.Join("testdata", name) }

func readCase(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(caseFile(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// runs returns every stored run.
func runs(tb testing.TB, s *store.Store) []store.Run {
	tb.Helper()
	page, err := s.Runs(tb.Context(), store.RunQuery{Limit: store.MaxLimit})
	if err != nil {
		tb.Fatal(err)
	}
	return page.Runs
}

// counts are taken, known, completed and refused of a file.
func counts(f intake.File) string {
	refused := 0
	for _, r := range f.Refused {
		refused += r.Count
	}
	return fmt.Sprintf("%d %d %d %d", f.Taken, f.Known, f.Completed, refused)
}

// shown is what the board says of a run that a log has shown.
type shown struct {
	RunID, Pipeline, Status, Start, End, Parameters, By, Type, Message string
	Ms                                                                 int64
	Computed                                                           bool
	Origin                                                             store.Origin
	Factory                                                            string
}

func show(r store.Run) shown {
	out := shown{
		RunID: r.RunID, Pipeline: r.PipelineName, Status: string(r.Status), Start: r.RunStart.String(), End: r.RunEnd.String(),
		Parameters: string(r.Parameters), Computed: r.DurationComputed, Origin: r.Origin, Factory: string(r.Place.ID),
	}
	if r.InvokedBy != nil && r.InvokedBy.Name != nil {
		out.By = *r.InvokedBy.Name
	}
	if r.InvokedBy != nil && r.InvokedBy.InvokedByType != nil {
		out.Type = *r.InvokedBy.InvokedByType
	}
	if r.Message != nil {
		out.Message = *r.Message
	}
	if r.DurationInMs != nil {
		out.Ms = *r.DurationInMs
	}
	return out
}

// kinds are every kind of file that holds runs, with the figures of a first and
// of a second import.
func kinds(t *testing.T) map[string]struct {
	path          string
	first, second string
	want          shown
} {
	t.Helper()
	c01 := shown{
		RunID: "c0ffee00-0000-4000-8000-000000000c01", Pipeline: "pl_load_orders", Status: "Succeeded",
		Start: "2024-03-05T10:00:00.9122348Z", End: "2024-03-05T10:04:30.443112Z", Ms: 269531, Computed: true,
		Parameters: `{"day":"2024-03-05"}`, By: "Manual", Type: "Manual", Origin: store.OriginLog,
	}
	c02 := shown{
		RunID: "c0ffee00-0000-4000-8000-000000000c02", Pipeline: "pl_load_orders", Status: "Failed",
		Start: "2024-03-05T10:00:00.912Z", End: "2024-03-05T10:04:30.443Z", Ms: 269531, Computed: true, Parameters: `{"day":"2024-03-05"}`,
		By: "tr_nightly", Type: "ScheduleTrigger", Message: "Operation on target cp_orders failed: ErrorCode=SftpPathNotFound", Origin: store.OriginLog,
	}
	csv := c02
	csv.Message = "Operation on target cp_orders failed:\nErrorCode=SftpPathNotFound"
	c24 := shown{
		RunID: "c0ffee00-0000-4000-8000-0000000c2409", Pipeline: "pl_p09", Status: "Succeeded", Start: "2021-09-27T09:00:00.5Z", End: "2021-09-27T09:03:00.5Z",
		Ms: 180000, Parameters: "{}", By: "Manual", Type: "Manual", Origin: store.OriginFile,
	}
	c25 := shown{
		RunID: "c0ffee00-0000-4000-8000-0000000c2501", Pipeline: "pl_load_orders", Status: "Succeeded", Start: "2025-08-12T05:00:01.104113Z",
		End: "2025-08-12T05:03:01.77123Z", Ms: 180667, Parameters: "{}", By: "Manual", Type: "Manual", Origin: store.OriginFile,
	}
	c39 := shown{
		RunID: "c0ffee00-0000-4000-8000-0000000c3901", Pipeline: "pl_load_orders", Status: "Succeeded", Start: "2024-01-24T03:30:00.5298906Z",
		End: "2024-01-24T12:48:34.7817996Z", Ms: 33514251, By: "tr_nightly", Type: "ScheduleTrigger", Origin: store.OriginFile,
	}
	tables := queryAnswer(t, readCase(t, "C02-log-analytics.json"))
	return map[string]struct {
		path          string
		first, second string
		want          shown
	}{
		"C01: a blob of a storage account":    {caseFile("C01-diagnostic-PT1H.json"), "1 2 0 0", "0 3 0 0", c01},
		"C01: packed":                         {write(t, "PT1H.json.gz", packed(t, readCase(t, "C01-diagnostic-PT1H.json"))), "1 2 0 0", "0 3 0 0", c01},
		"C01b: records of an event hub":       {caseFile("C01b-eventhub-records.json"), "1 2 0 0", "0 3 0 0", c01},
		"C02: Log Analytics by az":            {caseFile("C02-log-analytics.json"), "1 1 0 0", "0 2 0 0", c02},
		"C02: Log Analytics by its own API":   {write(t, "query.json", tables), "1 1 0 0", "0 2 0 0", c02},
		"C39b: Log Analytics by the portal":   {caseFile("C39b-portal.csv"), "1 1 0 0", "0 2 0 0", csv},
		"C39b: Log Analytics in another zone": {write(t, "zone.csv", inZone(readCase(t, "C39b-portal.csv"))), "1 1 0 0", "0 2 0 0", csv},
		"C39c: Log Analytics as CSV":          {caseFile("C39c-api.csv"), "1 1 0 0", "0 2 0 0", csv},
		"C24: pages that repeat":              {caseFile("C24-repeated-page.jsonl"), "10 20 0 0", "0 30 0 0", c24},
		"C25: az":                             {caseFile("C25-az.json"), "1 0 0 0", "0 1 0 0", c25},
		"C39a: a table of runs":               {caseFile("C39a-runs.csv"), "1 0 0 0", "0 1 0 0", c39},
	}
}

// queryAnswer writes rows as the answer of the API of Log Analytics.
func queryAnswer(t *testing.T, rows string) string {
	t.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(rows), &list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range list[0] {
		names = append(names, name)
	}
	slices.Sort(names)
	var columns []any
	var cells [][]any
	for _, name := range names {
		columns = append(columns, map[string]string{"name": name, "type": "string"})
	}
	for _, row := range list {
		var line []any
		for _, name := range names {
			line = append(line, row[name])
		}
		cells = append(cells, line)
	}
	b, err := json.Marshal(map[string]any{"tables": []any{map[string]any{"name": "PrimaryResult", "columns": columns, "rows": cells}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// inZone moves the table of the portal two hours to the east.
func inZone(table string) string {
	return strings.NewReplacer("[UTC]", "[UTC+02:00]", "10:00:00.912 AM", "12:00:00.912 PM", "10:04:30.443 AM", "12:04:30.443 PM").Replace(table)
}

// TestEachKindIsImportedTwiceAndUndone imports each kind of file into an empty
// store, twice, and undoes both.
func TestEachKindIsImportedTwiceAndUndone(t *testing.T) {
	t.Parallel()
	for name, c := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openStore(t)
			c.want.Factory = harborFactory
			first, firstTotal := importPaths(t, s, harborFactory, c.path)
			if got := counts(first[0]); got != c.first || first[0].Err != nil {
				t.Errorf("the first time %s, want %s; %v, refused %v", got, c.first, first[0].Err, first[0].Refused)
			}
			stored := runs(t, s)
			if diff := cmp.Diff(c.want, show(stored[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			second, secondTotal := importPaths(t, s, "", c.path)
			if got := counts(second[0]); got != c.second {
				t.Errorf("the second time %s, want %s", got, c.second)
			}
			if diff := cmp.Diff(stored, runs(t, s)); diff != "" {
				t.Errorf("after the second time (-first +second):\n%s", diff)
			}
			// What the second import has shown, too, stays.
			if _, err := s.UndoImport(t.Context(), firstTotal.ID); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(stored, runs(t, s)); diff != "" {
				t.Errorf("after the first was undone (-before +after):\n%s", diff)
			}
			if _, err := s.UndoImport(t.Context(), secondTotal.ID); err != nil {
				t.Error(err)
			}
			places, err := s.Places(t.Context())
			if left := runs(t, s); len(left) > 0 || len(places) > 0 || err != nil {
				t.Errorf("after both were undone: %d runs, factories %v, %v", len(left), places, err)
			}
		})
	}
}

// TestEachKindChangesNothingOfAzures imports each kind of file over a run that
// Azure has shown.
func TestEachKindChangesNothingOfAzures(t *testing.T) {
	t.Parallel()
	for name, c := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openStore(t)
			f, err := s.PutFactory(t.Context(), adf.Factory{ID: harborFactory, Name: "adf-harbor"}, "source")
			if err != nil {
				t.Fatal(err)
			}
			azures, err := adf.DecodePipelineRun(fmt.Appendf(nil, `{"id":%q,"runId":%q,"pipelineName":"pl_load_orders","runStart":"2026-01-01T00:00:00Z","lastUpdated":"2026-01-01T00:00:00Z","status":"InProgress"}`,
				harborFactory+"/pipelineruns/x", c.want.RunID))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.WriteRuns(t.Context(), store.Page{Factory: f.Key, Origin: store.OriginAzure, Runs: []adf.PipelineRun{azures}}); err != nil {
				t.Fatal(err)
			}
			before := runs(t, s)
			_, total := importPaths(t, s, "adf-harbor", c.path)
			detail, err := s.Run(t.Context(), "", c.want.RunID)
			if err != nil || cmp.Diff(before[0], detail.Run) != "" {
				t.Errorf("%v (-before +after):\n%s", err, cmp.Diff(before[0], detail.Run))
			}
			if _, err := s.UndoImport(t.Context(), total.ID); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(before, runs(t, s)); diff != "" {
				t.Errorf("after undoing (-before +after):\n%s", diff)
			}
		})
	}
}

// TestFinerTimesWin reads the same run from az and from the API, and from Log
// Analytics and from a blob, in either order.
func TestFinerTimesWin(t *testing.T) {
	t.Parallel()
	coarse := write(t, "coarse.json", strings.ReplaceAll(readCase(t, "C02-log-analytics.json"), "000000000c02", "000000000c01"))
	fine := write(t, "fine.json", strings.ReplaceAll(readCase(t, "C01-diagnostic-PT1H.json"), "Succeeded", "Failed"))
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"az, then the API":             {[]string{caseFile("C25-az.json"), caseFile("C25b-rest-same-run.json")}, "2025-08-12T05:03:01.7712302Z"},
		"the API, then az":             {[]string{caseFile("C25b-rest-same-run.json"), caseFile("C25-az.json")}, "2025-08-12T05:03:01.7712302Z"},
		"Log Analytics, then the blob": {[]string{coarse, fine}, "2024-03-05T10:04:30.443112Z"},
		"the blob, then Log Analytics": {[]string{fine, coarse}, "2024-03-05T10:04:30.443112Z"},
	} {
		s := openStore(t)
		importPaths(t, s, "", c.files...)
		if got := runs(t, s); len(got) != 1 || got[0].RunEnd.String() != c.want {
			t.Errorf("%s: %d runs, end %s, want %s", name, len(got), got[0].RunEnd, c.want)
		}
	}
}

func TestImportOfHostileFiles(t *testing.T) {
	t.Parallel()
	const (
		good  = `{"runId":"a","pipelineName":"pl","status":"Succeeded","runStart":"2020-01-01T00:00:00Z","lastUpdated":"2020-01-01T00:01:00Z"}`
		other = `{"runId":"b","pipelineName":"pl","status":"Failed","runStart":"2020-01-02T00:00:00Z","lastUpdated":"2020-01-02T00:01:00Z"}`
		logs  = `"resourceId":"` + importFactory + `","properties":{},"operationName":"x"`
	)
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("[" + good + "]")
	if err != nil {
		t.Fatal(err)
	}
	var columns strings.Builder
	for n := range 400 {
		fmt.Fprintf(&columns, ",extra%d", n)
	}
	wide := "runId,runStart,pipelineName" + columns.String() + "\na,2020-01-01T00:00:00Z,\"a\nb\"" + strings.Repeat(",x", 400) + "\n"
	deep := strings.Replace(good, `{`, `{"parameters":{"p":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`},`, 1)
	long := strings.Replace(good, `"pl"`, `"`+strings.Repeat("n", 260)+`"`, 1)
	for name, c := range map[string]struct {
		content string
		want    string // taken, known, completed, refused
		refused string // part of the first reason
		problem string // part of Err; "" for none
	}{
		"page":                   {`{"value":[` + good + `,` + other + `]}`, "2 0 0 0", "", ""},
		"UTF-16":                 {utf16, "1 0 0 0", "", ""},
		"the same run twice":     {good + "\n" + good, "1 1 0 0", "", ""},
		"row without runId":      {`[{"status":"Failed"},` + good + `]`, "1 0 0 1", "objects without runId", ""},
		"row without times":      {`[{"runId":"b","status":"Failed"},` + good + `]`, "1 0 0 1", "no runStart and no lastUpdated", ""},
		"rows without times":     {`[{"runId":"b","status":"Failed"}]`, "0 0 0 1", "no runStart and no lastUpdated", "holds nothing to import: no runStart"},
		"row of another factory": {strings.Replace(good, `{`, `{"id":"/SUBSCRIPTIONS/1/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ELSE/pipelineruns/a",`, 1) + "\n" + good, "1 0 0 1", "runs of factory ELSE, not of adf-old", ""},
		"row of this factory":    {strings.Replace(good, `{`, `{"id":"`+strings.ToUpper(importFactory)+`/pipelineruns/a",`, 1), "1 0 0 0", "", ""},
		"cut short":              {`{"value":[` + good + `,{"runId":"b","st`, "1 0 0 0", "", "is cut short after byte"},
		"cut in two":             {`{"val`, "0 0 0 0", "", "is cut short"},
		"empty":                  {"", "0 0 0 0", "", "is empty"},
		"no runs at all":         {`{"value":[],"continuationToken":null}`, "0 0 0 0", "", ""},
		"activity runs":          {`{"value":[{"activityRunId":"x","activityName":"cp","durationInMs":1}]}`, "0 0 0 1", "activity runs as the API", "holds nothing to import: activity runs"},
		"trigger runs":           {`[{"triggerRunId":"x"}]`, "0 0 0 1", "trigger runs as the API", "holds nothing to import"},
		"debug runs of a log":    {`{"category":"SandboxPipelineRuns","runId":"x","start":"2020-01-01T00:00:00Z",` + logs + `}`, "0 0 0 1", "debug runs", "holds nothing to import"},
		"another log":            {`{"category":"SSISPackageEventMessages",` + logs + `}`, "0 0 0 1", "log records of category SSISPackageEventMessages", "holds nothing to import"},
		"a log without a start":  {`{"category":"PipelineRuns","runId":"x",` + logs + `}`, "0 0 0 1", "log records without a readable start", "holds nothing to import"},
		"an error answer":        {`{"error":{"code":"AuthorizationFailed","message":"x"}}`, "0 0 0 1", "an error answer of Azure", "holds nothing to import"},
		"a token":                {`{"access_token":"x"}`, "0 0 0 1", "a token answer", "holds nothing to import"},
		"a bare string":          {`["x"]`, "0 0 0 1", "values that are no objects", "holds nothing to import"},
		"a dataset":              {`{"name":"ds","properties":{"linkedServiceName":{},"type":"Json","typeProperties":{}}}`, "0 0 0 1", "datasets, not runs", "holds nothing to import"},
		"Format-List":            {"RunId : a\r\nStatus : Failed\r\n", "0 0 0 0", "", "ConvertTo-Json"},
		"Studio grid":            {"Pipeline name\tRun start\tStatus\npl\t1/1/2020\tFailed\n", "0 0 0 0", "", "az datafactory pipeline-run query-by-factory"},
		"a table of 400 columns": {wide, "1 0 0 0", "", ""},
		"a header in French":     {"Pipeline;Début;État\na;b;c\n", "0 0 0 0", "", "Columns that are read: runId, pipelineName"},
		"no zone":                {"RunId,Start\na,\"3/5/2024, 10:00:00 AM\"\n", "0 0 0 1", "times without a zone", "holds nothing to import"},
		"no such day":            {"RunId,Start [UTC]\na,\"13/5/2024, 10:00:00 AM\"\n", "0 0 0 1", "rows whose start can't be read", "holds nothing to import"},
		"nested 1,000 deep":      {deep, "1 0 0 0", "", ""},
		"a name of 260":          {long, "1 0 0 0", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openStore(t)
			files, _ := importPaths(t, s, importFactory, write(t, "runs", c.content))
			got := files[0]
			refused := ""
			if len(got.Refused) > 0 {
				refused = got.Refused[0].Reason
			}
			if counts(got) != c.want || (c.refused == "") != (refused == "") || !strings.Contains(refused, c.refused) {
				t.Errorf("%s, refused %v; want %s and %q", counts(got), got.Refused, c.want, c.refused)
			}
			if (got.Err == nil) != (c.problem == "") || got.Err != nil && !strings.Contains(got.Err.Error(), c.problem) {
				t.Errorf("problem is %v, want %q", got.Err, c.problem)
			}
		})
	}
}

// TestCasesThatHoldNoRuns refuses debug runs, linked services and activities by
// their names.
func TestCasesThatHoldNoRuns(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"C10-debug-runs.json":      "debug runs (debugRunId)",
		"C29-linked-services.json": "linked services, not runs",
		"C25c-az-activities.json":  "activity runs as the API sends them",
	} {
		s := openStore(t)
		files, _ := importPaths(t, s, harborFactory, caseFile(name))
		if f := files[0]; f.Kept() > 0 || f.Err == nil || !strings.Contains(f.Err.Error(), want) || len(runs(t, s)) > 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestARepeatedPageSaysThatTheListMayBeIncomplete(t *testing.T) {
	t.Parallel()
	files, _ := importPaths(t, openStore(t), "", caseFile("C24-repeated-page.jsonl"), caseFile("C25-az.json"))
	if !strings.Contains(files[0].Note, "continuationToken") || files[1].Note != "" {
		t.Errorf("%q and %q", files[0].Note, files[1].Note)
	}
}

// TestImportNeedsNoFactoryWhereRowsNameIt finds the factory by the row, by a
// short name and by a new id.
func TestImportNeedsNoFactoryWhereRowsNameIt(t *testing.T) {
	t.Parallel()
	const bare = `{"runId":"a","runStart":"2020-01-01T00:00:00Z"}`
	moved := strings.ReplaceAll(readCase(t, "C02-log-analytics.json"), "RG-HARBOR", "RG-OTHER")
	s := openStore(t)
	files, _ := importPaths(t, s, "", caseFile("C02-log-analytics.json"), write(t, "bare.json", bare))
	if files[0].Taken != 1 || files[1].Err == nil || !strings.Contains(files[1].Err.Error(), "add --factory") {
		t.Errorf("%+v", files)
	}
	files, _ = importPaths(t, s, "adf-harbor", write(t, "bare.json", bare), write(t, "moved.json", moved))
	if files[0].Taken != 1 || files[1].Known != 2 || files[1].Moved != 2 {
		t.Errorf("%+v", files)
	}
	places, err := s.Places(t.Context())
	if err != nil || len(places) != 1 || string(places[0].ID) != harborFactory {
		t.Errorf("%v, %v", places, err)
	}
	var wrong *intake.FactoryError
	_, err = intake.Import(t.Context(), s, redact.Default(), intake.Options{Paths: []string{"x"}, Factory: "adf-harbour"}, func(intake.File) {})
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "(adf-harbor)") {
		t.Errorf("%v", err)
	}
}

func TestDryRunSaysTheSameAndStoresNothing(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	paths := []string{caseFile("C01-diagnostic-PT1H.json"), caseFile("C24-repeated-page.jsonl"), caseFile("C10-debug-runs.json"), filepath.Join(t.TempDir(), "missing")}
	report := func(o intake.Options) (files []intake.File) {
		o.Paths = paths
		if _, err := intake.Import(t.Context(), s, redact.Default(), o, func(f intake.File) { files = append(files, f) }); err != nil {
			t.Fatal(err)
		}
		return files
	}
	dry := report(intake.Options{DryRun: true})
	imports, err := s.Imports(t.Context())
	places, placesErr := s.Places(t.Context())
	if len(runs(t, s)) > 0 || len(imports) > 0 || len(places) > 0 || err != nil || placesErr != nil {
		t.Errorf("stored: %v, %v", imports, places)
	}
	same := cmp.Comparer(func(a, b error) bool { return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error()) })
	if diff := cmp.Diff(dry, report(intake.Options{}), same, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-dry +real):\n%s", diff)
	}
}

// TestAFolderWithOneBrokenFile reads 1,000 blobs of which one is cut in half.
func TestAFolderWithOneBrokenFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	blob := readCase(t, "C01-diagnostic-PT1H.json")
	const files, perFolder = 1_000, 24
	for n := range files {
		folder := filepath.Join(dir, fmt.Sprintf("d=%03d", n/perFolder))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		content := strings.ReplaceAll(blob, "c0ffee00-0000-4000-8000-000000000c01", fmt.Sprintf("c0ffee00-0000-4000-8000-%012d", n))
		if n == 500 {
			content = packed(t, content)[:200]
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("PT1H-%d.json", n%perFolder)), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".DS_Store"), []byte{0}, 0o600); err != nil {
		t.Fatal(err)
	}
	s := openStore(t)
	reports, total := importPaths(t, s, "", dir)
	var broken []string
	for _, f := range reports {
		if f.Err != nil {
			broken = append(broken, f.Name+" "+f.Err.Error())
		}
	}
	if total.Files != files || total.Failed != 1 || total.Taken != files-1 || len(broken) != 1 || !strings.Contains(broken[0], "PT1H-20.json is a gzip file that is cut short") {
		t.Errorf("%d files, %d failed, %d taken, broken %q", total.Files, total.Failed, total.Taken, broken)
	}
}
