package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/store"
)

type row = map[string]any

// truth returns everything the emulated world knows, by factory and runId.
func truth(t *testing.T, e emulated) map[string]row {
	t.Helper()
	all := map[string]row{}
	for _, id := range e.Factories {
		var answer struct{ Items []row }
		get(t, e.Control+"/truth/runs?factory="+url.QueryEscape(id), &answer)
		for _, r := range answer.Items {
			all[strings.ToLower(id)+"/"+str(r["runId"])] = r
		}
	}
	return all
}

// listed returns every run that the API lists, by factory and runId. A run
// that is listed twice fails the test.
func listed(t *testing.T, base string) map[string]row {
	t.Helper()
	all := map[string]row{}
	cursor := ""
	for {
		var page struct {
			Items      []row
			NextCursor *string
		}
		get(t, base+"api/v1/runs?limit=500&include=parameters"+cursor, &page)
		for _, r := range page.Items {
			key := strings.ToLower(str(r["factoryId"])) + "/" + str(r["runId"])
			if _, twice := all[key]; twice {
				t.Errorf("run %s is listed twice", key)
			}
			all[key] = r
		}
		if page.NextCursor == nil {
			return all
		}
		cursor = "&cursor=" + url.QueryEscape(*page.NextCursor)
	}
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

// awaitFresh waits until every factory is wholly read and fresh to a moment
// after the call, and returns that moment by Azure's clock.
func awaitFresh(t *testing.T, base string, e emulated) adf.Time {
	t.Helper()
	return awaitAsOf(t, base, e, 0)
}

// awaitAsOf is awaitFresh with the moment given; 0 means one after the call.
func awaitAsOf(t *testing.T, base string, e emulated, moment adf.Time) adf.Time {
	t.Helper()
	eventually(t, 6*time.Minute, func() string {
		var answer struct {
			Items []struct {
				Name      string
				AsOf      adf.Time
				State     string
				LastError any
				Coverage  struct{ Complete bool }
			}
		}
		if err := tryGet(base+"api/v1/factories", &answer); err != nil {
			return err.Error()
		}
		if len(answer.Items) != len(e.Factories) {
			return fmt.Sprintf("%d of %d factories are known", len(answer.Items), len(e.Factories))
		}
		oldest := answer.Items[0].AsOf
		for _, f := range answer.Items {
			if !f.Coverage.Complete || f.AsOf.IsZero() {
				return fmt.Sprintf("factory %s is %s: %v", f.Name, f.State, f.LastError)
			}
			oldest = min(oldest, f.AsOf)
		}
		if moment == 0 {
			moment = oldest.Add(time.Second) // the moment that has to be passed
		}
		if oldest < moment {
			return fmt.Sprintf("the board is as of %s and should pass %s", oldest, moment)
		}
		return ""
	})
	return moment
}

// compareWithTruth demands: what the world knew up to the board's freshness is
// on the board, field by field, and nothing is there that the world does not
// know. The world goes on living meanwhile, so a run that changed between the
// two readings of the truth may be in either state. It returns how many runs
// were compared.
func compareWithTruth(t *testing.T, base string, e emulated) int {
	t.Helper()
	moment := awaitFresh(t, base, e)
	before := truth(t, e)
	shown := listed(t, base)
	after := truth(t, e)
	var lost, wrong, invented int
	for key, want := range before {
		got, here := shown[key]
		updated, err := adf.ParseTime(str(want["lastUpdated"]))
		if err != nil {
			t.Fatal(err)
		}
		if !here {
			if updated < moment {
				lost++
				t.Logf("lost: %s %v", key, want)
			}
			continue
		}
		if at, err := adf.ParseTime(str(got["lastUpdated"])); err == nil && at > updated {
			continue // it changed between the two readings
		}
		diff := cmp.Diff(asSent(want), asSent(got))
		if diff != "" && updated < moment && cmp.Diff(asSent(after[key]), asSent(got)) != "" {
			if wrong++; wrong < 4 {
				t.Logf("differs: %s (− truth, + board)\n%s", key, diff)
			}
		}
	}
	for key := range shown {
		if _, known := after[key]; !known {
			invented++
			t.Logf("invented: %s", key)
		}
	}
	t.Logf("%d runs in truth, %d on the board; %d lost, %d wrong, %d invented", len(before), len(shown), lost, wrong, invented)
	if lost+wrong+invented > 0 || len(before) == 0 {
		t.Errorf("the board is not the truth: %d lost, %d wrong, %d invented of %d", lost, wrong, invented, len(before))
	}
	return len(before)
}

// asSent keeps ADF's own fields of a row.
func asSent(r row) row {
	out := row{}
	for _, field := range []string{
		"id", "runId", "debugRunId", "runGroupId", "pipelineName", "parameters", "runStart", "runEnd", "durationInMs", "status",
		"message", "pipelineReturnValue", "lastUpdated", "annotations", "runDimension", "isLatest", "cancelledBy",
	} {
		out[field] = r[field]
	}
	by := row{}
	if sent, ok := r["invokedBy"].(row); ok {
		for _, field := range []string{"id", "name", "invokedByType", "pipelineName", "pipelineRunId"} {
			by[field] = sent[field]
		}
	}
	out["invokedBy"] = by
	return out
}

func serveOn(t *testing.T, e emulated, store string) (*program, string) {
	t.Helper()
	p := start(t, e.env(), "serve", "--listen", "127.0.0.1:0", "--store", "sqlite:"+store, "--poll", "1s", "--budget", "off")
	return p, p.says(`serving on (http://\S+)`)[1]
}

func TestBoardEqualsTruthWhileTheWorldLives(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "20000", "--limits", "off", "--speed", "20")
	p, base := serveOn(t, e, filepath.Join(t.TempDir(), "andon.db"))
	compareWithTruth(t, base, e)
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, said:\n%s", code, p.output())
	}
	if strings.Contains(p.output(), e.ClientSecret) {
		t.Error("the secret stands in the output")
	}
}

func TestServeThroughProxyUnderAzuresOwnHostNames(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "1000", "--limits", "off")
	p := start(t, e.proxyEnv(), "serve", "--listen", "127.0.0.1:0", "--store", "sqlite:"+filepath.Join(t.TempDir(), "andon.db"), "--poll", "1s", "--budget", "off")
	compareWithTruth(t, p.says(`serving on (http://\S+)`)[1], e)
}

// TestKillNineLosesNothing kills the server at ten random moments, five
// during the first fill and five while polling, and demands the truth at the
// end.
func TestKillNineLosesNothing(t *testing.T) {
	t.Parallel()
	const seed = 4
	random := rand.New(rand.NewPCG(seed, seed))
	t.Logf("seed %d", seed)
	e := startEmulator(t, "--size", "20000", "--limits", "off", "--speed", "20")
	file := filepath.Join(t.TempDir(), "andon.db")
	for i := range 10 {
		p, base := serveOn(t, e, file)
		moment := time.Duration(random.Int64N(int64(1500 * time.Millisecond)))
		if i >= 5 {
			awaitFresh(t, base, e)
		}
		<-time.After(moment)
		p.end(syscall.SIGKILL)
	}
	p, base := serveOn(t, e, file)
	compareWithTruth(t, base, e)
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, said:\n%s", code, p.output())
	}
	checkStore(t, file)
}

func TestFailureIsOnTheBoardWithinPollAndASecond(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "500", "--limits", "off")
	_, base := serveOn(t, e, filepath.Join(t.TempDir(), "andon.db"))
	awaitFresh(t, base, e)
	body := fmt.Sprintf(`{"factory":%q,"pipelineName":"pl_just_now","status":"Failed","message":"Operation on target cp failed: no route","durationInMs":100}`, e.Factories[0])
	var made struct{ RunID string }
	post(t, e.Control+"/truth/runs", body, &made)
	failed := time.Now().Add(100 * time.Millisecond)
	eventually(t, time.Until(failed)+2*time.Second, func() string {
		var r row
		if err := tryGet(base+"api/v1/runs/"+made.RunID, &r); err != nil {
			return err.Error()
		}
		if r["status"] != "Failed" {
			return fmt.Sprintf("status is %v", r["status"])
		}
		return ""
	})
}

// post sends body as JSON and decodes the answer.
func post(t *testing.T, target, body string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s: %s %s %v", target, resp.Status, answer, err)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
}

// checkStore demands that the store's own check finds nothing.
func checkStore(t *testing.T, path string) {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Check(t.Context()), s.Close()); err != nil {
		t.Error(err)
	}
}
