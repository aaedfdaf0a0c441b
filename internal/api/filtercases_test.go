package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/golden"

	"andon/internal/store"
)

// filterCases are what a filter matches, and in what order. The browser reads
// the same file (web/src/live/filter-cases.test.ts), so that a run of the live
// stream appears in exactly the lists that the server would put it in.
type filterCases struct {
	Rows []struct { // in order of arrival
		Name, Factory string
		Row           object // as ADF sends it
	}
	Cases []filterCase
}

type filterCase struct {
	What   string
	Filter map[string]texts // parameters of the API
	Runs   []string         // names of rows, in the order of the list
}

// texts are written as one text or as a list of them.
type texts []string

func (l *texts) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, (*[]string)(l)); err == nil {
		return nil
	}
	*l = texts{""}
	return json.Unmarshal(raw, &(*l)[0])
}

func (c filterCase) values() url.Values {
	query := url.Values{}
	for name, values := range c.Filter {
		query[name] = values
	}
	return query
}

func readFilterCases(t *testing.T) filterCases {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "filter_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all filterCases
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// setupFilterCases is a board over the rows of the cases. It returns their
// names by runId too.
func setupFilterCases(t *testing.T, all filterCases) (b *bundle, nameOf map[any]string) {
	t.Helper()
	b = setup(t)
	places := map[string]store.Place{}
	nameOf = map[any]string{}
	for _, r := range all.Rows {
		place, known := places[r.Factory]
		if !known {
			place = b.putFactory(t, r.Factory)
			places[r.Factory] = place
		}
		nameOf[r.Row["runId"]] = r.Name
		b.write(t, place, r.Row)
	}
	return b, nameOf
}

// listed returns the names of the runs that a filter lists.
func listed(t *testing.T, b *bundle, nameOf map[any]string, query url.Values) []string {
	t.Helper()
	names := []string{}
	for _, run := range list(t, b, "/api/v1/runs?"+query.Encode()) {
		names = append(names, nameOf[run["runId"]])
	}
	return names
}

func TestFilterCases(t *testing.T) {
	t.Parallel()
	all := readFilterCases(t)
	b, nameOf := setupFilterCases(t, all)
	for _, c := range all.Cases {
		if diff := cmp.Diff(c.Runs, listed(t, b, nameOf, c.values())); diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.What, c.Filter, diff)
		}
	}
}

// Filters of different names are AND: two cases together list what both list.
// Each case is tried with the seven after it; the browser tries all pairs.
func TestFilterCasesTogether(t *testing.T) {
	t.Parallel()
	all := readFilterCases(t)
	b, nameOf := setupFilterCases(t, all)
	for i, one := range all.Cases {
		for _, other := range all.Cases[i+1 : min(i+8, len(all.Cases))] {
			query := one.values()
			isDisjoint := !query.Has("sort")
			for name, values := range other.values() {
				isDisjoint = isDisjoint && name != "sort" && !query.Has(name)
				query[name] = values
			}
			if from, to := query.Get("from"), query.Get("to"); !isDisjoint || from != "" && to != "" && from >= to {
				continue
			}
			want := slices.DeleteFunc(slices.Clone(one.Runs), func(name string) bool { return !slices.Contains(other.Runs, name) })
			if diff := cmp.Diff(want, listed(t, b, nameOf, query)); diff != "" {
				t.Errorf("%s, and %s (-want +got):\n%s", one.What, other.What, diff)
			}
		}
	}
}

// The browser's cases need the rows as the API gives them.
func TestFilterRunsGolden(t *testing.T) {
	t.Parallel()
	all := readFilterCases(t)
	b, nameOf := setupFilterCases(t, all)
	byName := map[string]json.RawMessage{}
	for _, raw := range read[struct{ Items []json.RawMessage }](t, b, "/api/v1/runs").Items {
		var run object
		if err := json.Unmarshal(raw, &run); err != nil {
			t.Fatal(err)
		}
		byName[nameOf[run["runId"]]] = raw
	}
	var out strings.Builder
	for i, r := range all.Rows {
		name, err := json.Marshal(r.Name)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(map[bool]string{true: "{\n", false: ",\n"}[i == 0] + string(name) + ": " + string(byName[r.Name]))
	}
	golden.Assert(t, out.String()+"\n}\n", "filter_runs.json")
}

// Every parameter that picks runs has a case.
func TestFilterCasesAreWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var document struct {
		Paths map[string]struct {
			Get struct{ Parameters []struct{ Name, In string } }
		}
	}
	if err := json.Unmarshal([]byte(b.get(t, "/api/v1/openapi.json", http.StatusOK)), &document); err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{"limit": true, "cursor": true, "include": true} // these pick no runs
	for _, c := range readFilterCases(t).Cases {
		for name := range c.Filter {
			tried[name] = true
		}
	}
	parameters := document.Paths["/api/v1/runs"].Get.Parameters
	if len(parameters) == 0 {
		t.Fatal("runs has no parameters")
	}
	for _, p := range parameters {
		if p.In == "query" && !tried[p.Name] {
			t.Errorf("no case has the parameter %s", p.Name)
		}
	}
}
