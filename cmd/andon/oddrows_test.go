package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tells starts a run whose row has other members than the service would send,
// and returns its id.
func (s *stuck) tells(t *testing.T, factory, status string, durationInMs int, members row) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"factory": factory, "pipelineName": "pl_odd", "status": status, "durationInMs": durationInMs, "row": members,
	})
	if err != nil {
		t.Fatal(err)
	}
	var started row
	post(t, s.e.Control+"/truth/runs", string(body), &started)
	return str(started["runId"])
}

// retells changes the members of a run's row.
func (s *stuck) retells(t *testing.T, runID string, members row) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"factory": s.e.Factories[0], "runId": runID, "row": members})
	if err != nil {
		t.Fatal(err)
	}
	post(t, s.e.Control+"/truth/rows", string(body), new(any))
}

// shows waits until the board has a run as ok wants it.
func (s *stuck) shows(t *testing.T, runID string, ok func(row) string) (shown row) {
	t.Helper()
	eventually(t, time.Minute, func() string {
		shown = nil
		if err := tryGet(s.base+"api/v1/runs/"+runID, &shown); err != nil {
			return err.Error()
		}
		return ok(shown)
	})
	return shown
}

func hasStatus(want string) func(row) string {
	return func(r row) string {
		if r["status"] != want {
			return fmt.Sprintf("status %v, want %s", r["status"], want)
		}
		return ""
	}
}

func (s *stuck) factory(t *testing.T) row {
	t.Helper()
	var answer struct{ Items []row }
	get(t, s.base+"api/v1/factories", &answer)
	for _, f := range answer.Items {
		if f["factoryId"] == s.e.Factories[0] {
			return f
		}
	}
	t.Fatalf("no factory %s", s.e.Factories[0])
	return nil
}

func number(t *testing.T, v any) int64 {
	t.Helper()
	n, ok := v.(json.Number)
	if !ok {
		t.Fatalf("%v is no number", v)
	}
	i, err := n.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestOddRowsAreOnTheBoard has a service send rows with times that can't be,
// ids in other case and much too large texts: each is there with what is good of it,
// counted where it is odd, and disturbs no order and no figure.
func TestOddRowsAreOnTheBoard(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "400", "--limits", "off")
	e.Factories = e.Factories[:2]
	s := serveThese(t, e, filepath.Join(t.TempDir(), "andon.db"), nil)
	awaitFresh(t, s.base, s.e)
	f := e.Factories[0]
	oddBefore := number(t, s.factory(t)["oddRows"])
	const future, past = "2099-05-06T07:08:09.1234567Z", "2012-05-06T07:08:09.1234567Z"
	long, megabyte := strings.Repeat("Zeile mit Ü. ", 7700)[:100_000], strings.Repeat("0123456789abcdef", 1<<16)
	odd := map[string]string{
		"future":   s.tells(t, f, "Succeeded", 100, row{"runStart": future, "runEnd": future, "lastUpdated": future}),
		"running":  s.tells(t, f, "Succeeded", 600_000, row{"runStart": future}),
		"past":     s.tells(t, f, "Succeeded", 100, row{"runStart": past, "runEnd": past, "lastUpdated": past}),
		"reversed": s.tells(t, f, "Failed", 100, row{"runEnd": past, "durationInMs": -60_000}),
	}
	good := map[string]string{
		"message":    s.tells(t, f, "Failed", 100, row{"message": long}),
		"parameters": s.tells(t, f, "Succeeded", 100, row{"parameters": row{"p": megabyte}}),
	}
	// The row is told after its run has got its id.
	capital := s.tells(t, f, "Succeeded", 100, nil)
	s.retells(t, capital, row{"runId": strings.ToUpper(capital), "lastUpdated": time.Now().Add(time.Second)})
	twin := s.tells(t, e.Factories[1], "Succeeded", 100, row{"runId": good["message"]})
	s.shows(t, odd["future"], func(r row) string {
		if r["runStart"] != future || r["lastUpdated"] != future || r["status"] != "Succeeded" || len(r["odd"].([]any)) != 3 {
			return fmt.Sprint(r)
		}
		return ""
	})
	s.shows(t, odd["running"], func(r row) string {
		if r["runStart"] != future || r["status"] != "InProgress" || len(r["odd"].([]any)) != 1 {
			return fmt.Sprint(r)
		}
		return ""
	})
	s.shows(t, odd["past"], func(r row) string {
		if r["runStart"] != past || r["status"] != "Succeeded" || len(r["odd"].([]any)) != 3 {
			return fmt.Sprint(r)
		}
		return ""
	})
	s.shows(t, odd["reversed"], func(r row) string {
		if r["durationInMs"] != nil || r["status"] != "Failed" || r["runEnd"] != past || len(r["odd"].([]any)) < 2 {
			return fmt.Sprint(r)
		}
		return ""
	})
	s.shows(t, good["message"]+"", func(r row) string {
		if also, ok := r["alsoIn"].([]any); !ok || len(also) != 1 {
			return fmt.Sprintf("also in %v", r["alsoIn"])
		}
		return ""
	})
	var whole row
	get(t, s.base+"api/v1/runs/"+good["message"]+"?factory="+url.QueryEscape(str(s.factory(t)["factory"])), &whole)
	if whole["message"] != long || len(whole["odd"].([]any)) != 0 {
		t.Errorf("a message of %d characters has become one of %d", len(long), len(str(whole["message"])))
	}
	s.shows(t, good["parameters"], func(r row) string {
		if p, ok := r["parameters"].(row); !ok || p["p"] != megabyte {
			return "the parameters are not whole"
		}
		return ""
	})
	s.shows(t, strings.ToLower(capital), func(r row) string {
		if r["runId"] != strings.ToUpper(capital) {
			return fmt.Sprintf("runId %v", r["runId"])
		}
		return ""
	})
	if got := number(t, s.factory(t)["oddRows"]) - oddBefore; got != int64(len(odd)) {
		t.Errorf("%d odd rows are counted, want %d", got, len(odd))
	}
	s.isInOrder(t, twin)
}

// isInOrder starts an ordinary run and demands that no odd one is above it, that the list
// has every run once, and that ranges hold what they should.
func (s *stuck) isInOrder(t *testing.T, twin string) {
	t.Helper()
	newest := s.tells(t, s.e.Factories[0], "Succeeded", 100, nil)
	started := ""
	s.shows(t, newest, func(r row) string {
		started = str(r["runStart"])
		return hasStatus("Succeeded")(r)
	})
	var top struct{ Items []row }
	get(t, s.base+"api/v1/runs?limit=1", &top)
	// The company goes on meanwhile: one of its own may be newer by now.
	if got := top.Items[0]; str(got["runId"]) != newest && (len(got["odd"].([]any)) > 0 || str(got["runStart"])[:19] < started[:19]) {
		t.Errorf("the newest run is %s of %v, want %s of %s", got["runId"], got["runStart"], newest, started)
	}
	shown := map[string]row{}
	for key, r := range listed(t, s.base) {
		shown[strings.ToLower(key)] = r
	}
	for key := range hostileTruth(t, s.e) {
		if shown[key] == nil && !strings.HasSuffix(key, twin) {
			t.Errorf("run %s is not in the list", key)
		}
	}
	now := time.Now()
	f := s.factory(t)
	for _, field := range []string{"firstRunStart", "lastRunStart"} {
		at, err := time.Parse(time.RFC3339, str(f[field]))
		if err != nil || at.After(now.Add(time.Hour)) || at.Before(now.AddDate(-1, 0, 0)) {
			t.Errorf("%s is %v, %v", field, f[field], err)
		}
	}
	var overview struct {
		Counts  map[string]int64
		Running struct{ Count int64 }
	}
	get(t, s.base+"api/v1/overview", &overview)
	var timeline struct {
		Items []struct{ Counts map[string]int64 }
	}
	get(t, s.base+"api/v1/timeline", &timeline)
	sum := map[string]int64{}
	for _, b := range timeline.Items {
		for status, n := range b.Counts {
			sum[status] += n
		}
	}
	if sum["Succeeded"] < 5 || overview.Counts["Failed"] < 2 {
		t.Errorf("the last day has %v, by the timeline %v", overview.Counts, sum)
	}
}

// TestAzuresNewerWordWins: a status that goes back with a newer lastUpdated is
// what counts, an older one is not, and a lastUpdated that can't be holds up
// nothing.
func TestAzuresNewerWordWins(t *testing.T) {
	t.Parallel()
	s := serveOne(t, filepath.Join(t.TempDir(), "andon.db"), 300, nil)
	awaitFresh(t, s.base, s.e)
	id := s.tells(t, s.e.Factories[0], "Succeeded", 100, nil)
	frozen := s.tells(t, s.e.Factories[0], "Succeeded", 100, row{"status": "InProgress", "runEnd": nil, "durationInMs": nil, "lastUpdated": "2099-01-01T00:00:00Z"})
	first := s.shows(t, id, hasStatus("Succeeded"))
	at, err := time.Parse(time.RFC3339, str(first["lastUpdated"]))
	if err != nil {
		t.Fatal(err)
	}
	s.retells(t, id, row{"status": "InProgress", "runEnd": nil, "durationInMs": nil, "lastUpdated": at.Add(time.Second)})
	back := s.shows(t, id, hasStatus("InProgress"))
	if back["runEnd"] != nil || back["durationInMs"] != nil {
		t.Errorf("a run that goes on has the end %v and the duration %v", back["runEnd"], back["durationInMs"])
	}
	s.retells(t, id, row{"status": "Failed", "lastUpdated": at.Add(-time.Hour)})
	s.shows(t, frozen, hasStatus("InProgress"))
	s.retells(t, frozen, nil)
	s.shows(t, frozen, hasStatus("Succeeded")) // and with it a poll that showed the older word, too
	s.shows(t, id, hasStatus("InProgress"))
	s.retells(t, id, row{"lastUpdated": at.Add(2 * time.Second)})
	s.shows(t, id, hasStatus("Succeeded"))
}
