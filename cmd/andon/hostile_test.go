package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hostileTime is how long TestNoRunIsLostInAHostileAzure goes on; `make
// hostile` makes it ten minutes.
func hostileTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("ANDON_HOSTILE_TIME")
	if text == "" {
		return 30 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// hostileFaults are in force all the while. A page that claims to be the last
// one is left out: nothing but a later sweep can notice it.
func hostileFaults() []string {
	return []string{
		`"fault":"429","probability":0.03`,
		`"fault":"429","code":"TooManyPipelineRunQueryRequests","retryAfter":"date+2s","probability":0.02`,
		`"fault":"429","retryAfter":"","probability":0.02`,
		`"fault":"500","probability":0.03`,
		`"fault":"502html","probability":0.03`,
		`"fault":"503","probability":0.03`,
		`"fault":"504","probability":0.02`,
		`"fault":"401","probability":0.01`,
		`"fault":"cae","probability":0.01`,
		`"fault":"reset","probability":0.03`,
		`"fault":"cut","probability":0.03`,
		`"fault":"hang","delay":"2s","probability":0.01`,
		`"fault":"slow","delay":"500ms","probability":0.03`,
		`"fault":"drip","delay":"500ms","probability":0.02`,
		`"fault":"skew","delay":"3m","probability":0.05`,
		`"fault":"skew","delay":"-3m","probability":0.05`,
		`"fault":"late","delay":"1m","probability":0.5`,
		`"fault":"moved","probability":0.2`,
		`"fault":"repeated","probability":0.2`,
		`"fault":"badToken","probability":0.02`,
	}
}

// TestNoRunIsLostInAHostileAzure lets a real server read a world whose rows
// hold every known oddity, over a service that fails in every known way; and
// when the faults end, every run that has an id is on the board.
func TestNoRunIsLostInAHostileAzure(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--scenario", "hostile", "--size", "12000", "--limits", "off", "--speed", "20")
	for _, f := range hostileFaults() {
		var inForce any
		post(t, e.Control+"/faults", `{"call":"*",`+f+`}`, &inForce)
	}
	file := filepath.Join(t.TempDir(), "andon.db")
	p, base := serveOn(t, e, file)
	<-time.After(hostileTime(t))
	t.Logf("faults that struck: %s", strikes(t, e))
	remove(t, e.Control+"/faults")
	known := hostileTruth(t, e)
	awaitFresh(t, base, e)
	shown := map[string]row{}
	for key, r := range listed(t, base) {
		shown[strings.ToLower(key)] = r
	}
	lost := 0
	for key, r := range known {
		if _, ok := shown[key]; !ok {
			lost++
			t.Logf("lost: %s %.300v", key, r)
		}
	}
	t.Logf("%d runs in truth, %d on the board, %d lost", len(known), len(shown), lost)
	if lost > 0 || len(known) < 10_000 {
		t.Errorf("%d of %d runs are lost", lost, len(known))
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, said:\n%s", code, p.output())
	}
	if strings.Contains(p.output(), "panic") || strings.Contains(p.output(), e.ClientSecret) {
		t.Errorf("said:\n%s", p.output())
	}
	checkStore(t, file)
}

// hostileTruth is every run of the truth that has an id: rows that are no
// objects, and rows without an id, are nobody's runs.
func hostileTruth(t *testing.T, e emulated) map[string]row {
	t.Helper()
	all := map[string]row{}
	for _, id := range e.Factories {
		var answer struct{ Items []any }
		get(t, e.Control+"/truth/runs?factory="+url.QueryEscape(id), &answer)
		for _, item := range answer.Items {
			r, ok := item.(row)
			if !ok {
				continue
			}
			if runID, ok := r["runId"].(string); ok && runID != "" {
				all[strings.ToLower(id+"/"+runID)] = r
			}
		}
	}
	return all
}

// strikes says how often each fault struck.
func strikes(t *testing.T, e emulated) string {
	t.Helper()
	var list struct {
		Items []struct {
			Fault  string
			Struck int
		}
	}
	get(t, e.Control+"/faults", &list)
	var b strings.Builder
	for _, f := range list.Items {
		fmt.Fprintf(&b, "%s %d, ", f.Fault, f.Struck)
	}
	return strings.TrimSuffix(b.String(), ", ")
}

func remove(t *testing.T, target string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", target, resp.Status, err)
	}
}
