package intake_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/store"
)

const spellingsFactory = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-data/providers/Microsoft.DataFactory/factories/adf-old"

// Windows PowerShell 5.1 saves UTF-16 LE with a mark, CRLF, and times as
// "\/Date(1574202819000)\/".
func TestImportOfWindowsPowerShell51(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	files, _ := importPaths(t, s, spellingsFactory, caseFile("powershell51.json"))
	for _, f := range files {
		if f.Err != nil || f.Taken != 3 || f.Malformed != 0 || len(f.Refused) != 0 {
			t.Errorf("%+v, want 3 taken and none malformed", f)
		}
	}
	type times struct {
		Start, End, Updated string
		DurationInMs        int64 // -1 for none
	}
	want := map[string]times{
		"c0ffee00-0000-4000-8000-000000000c03": {"2019-11-19T22:33:39Z", "2019-11-19T22:34:09.412Z", "2019-11-19T22:34:09.412Z", 30412},
		"c0ffee00-0000-4000-8000-0000000c0301": {"2019-11-19T22:34:10.001Z", "2019-11-19T22:34:20.002Z", "2019-11-19T22:34:20.002Z", 10001},
		"c0ffee00-0000-4000-8000-0000000c0302": {"2019-11-19T23:33:39Z", "", "2019-11-19T23:33:39Z", -1},
	}
	got := map[string]times{}
	for _, r := range runs(t, s) {
		one := times{r.RunStart.String(), r.RunEnd.String(), r.LastUpdated.String(), -1}
		if r.DurationInMs != nil {
			one.DurationInMs = *r.DurationInMs
		}
		got[r.RunID] = one
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestImportOfStatusesInOtherSpellings: a filter finds a status however the
// file and the filter spell it, and the raw row keeps the file's word.
func TestImportOfStatusesInOtherSpellings(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	importPaths(t, s, "", filepath.Join("..", "adf", "testdata", "cases", "status-spellings.json"))
	for _, tc := range []struct {
		status adf.Status
		words  map[string]int // of the raw rows
	}{
		{"Cancelling", map[string]int{"Cancelling": 1, "Canceling": 1}},
		{adf.StatusCanceling, map[string]int{"Cancelling": 1, "Canceling": 1}},
		{"canceled", map[string]int{"Canceled": 1, "Cancelled": 1, "CANCELLED": 1}},
		{adf.StatusCancelled, map[string]int{"Canceled": 1, "Cancelled": 1, "CANCELLED": 1}},
	} {
		page, err := s.Runs(t.Context(), store.RunQuery{RunFilter: store.RunFilter{Statuses: []adf.Status{tc.status}}})
		if err != nil {
			t.Fatal(err)
		}
		words := map[string]int{}
		for _, r := range page.Runs {
			if r.Status != tc.status.Canonical() {
				t.Errorf("%s: run %s is %s", tc.status, r.RunID, r.Status)
			}
			var row struct{ Status string }
			if err := json.Unmarshal(r.Raw, &row); err != nil {
				t.Fatal(err)
			}
			words[row.Status]++
		}
		if diff := cmp.Diff(tc.words, words); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.status, diff)
		}
	}
}
