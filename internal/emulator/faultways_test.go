package emulator_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

func TestAGatewayTimeoutDoesNotMeanThatNothingHappened(t *testing.T) { // azure.md §12: a 504 is not "nothing happened"
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	const id = "0b7e3f5c-5c58-4d4f-9d3b-0f4b8c1f7a10"
	b.addFault(`{"call":"createRun","fault":"504","count":1}`)
	if a := b.arm("POST", f+"/pipelines/pl_price_import/createRun", "{}", "x-ms-client-request-id", id); a.status != http.StatusGatewayTimeout || a.header.Get("x-ms-failure-cause") != "service" {
		t.Fatalf("got %d %v", a.status, a.header)
	}
	if a := b.arm("GET", f+"/pipelineruns/"+id, ""); a.status != http.StatusOK {
		t.Errorf("the run does not exist: %d", a.status)
	}
}

func TestAClaimsChallengeNamesAnEssentialNotBefore(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	b.addFault(`{"call":"*","fault":"cae","count":1}`)
	if a := b.askToken(b.info.TenantID, b.form()); a.status != http.StatusOK {
		t.Errorf("Entra ID is struck by a fault that only Resource Manager has: %d", a.status)
	}
	challenge := b.arm("GET", b.info.Factories[0], "").header.Get("WWW-Authenticate")
	_, rest, _ := strings.Cut(challenge, `claims="`)
	claims, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(rest, `"`))
	if err != nil || !strings.Contains(challenge, `error="insufficient_claims"`) || !strings.HasPrefix(string(claims), `{"access_token":{"nbf":{"essential":true,"value":"`) {
		t.Errorf("%v in %q: %q", err, challenge, claims)
	}
}

func TestARetryAfterMayBeADate(t *testing.T) {
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now})
	b.addFault(`{"call":"factory","fault":"429","retryAfter":"date+90s","count":1}`)
	got := b.arm("GET", b.info.Factories[0], "").header.Get("Retry-After")
	if want := c.now().Add(90 * time.Second).UTC().Format(http.TimeFormat); got != want {
		t.Errorf("Retry-After is %q, want %q", got, want)
	}
}

func TestAFaultMayStrikeOneCaller(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	other := b.info.Identities[0]
	b.addFault(`{"call":"*","fault":"503","identity":"` + strings.ToUpper(other.ClientID) + `"}`)
	if a := b.arm("GET", b.info.Factories[0], ""); a.status != http.StatusOK {
		t.Errorf("the main identity: %d", a.status)
	}
	form := b.form()
	form.Set("client_id", other.ClientID)
	if a := b.askToken(b.info.TenantID, form); a.status != http.StatusServiceUnavailable {
		t.Errorf("the other's token: %d", a.status)
	}
	b.control("DELETE", "/faults", "")
	token := b.token(other.ClientID, other.ClientSecret)
	b.addFault(`{"call":"*","fault":"503","identity":"` + other.ClientID + `"}`)
	b.bearer = "Bearer " + token
	if a := b.arm("GET", b.info.Factories[0], ""); a.status != http.StatusServiceUnavailable {
		t.Errorf("the other: %d", a.status)
	}
}

func TestHangSlowAndDripTakeTheirTime(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	began := time.Now()
	b.addFault(`{"call":"factory","fault":"slow","delay":"120ms","count":1}`)
	if a := b.arm("GET", f, ""); a.status != http.StatusOK || time.Since(began) < 120*time.Millisecond {
		t.Errorf("slow: %d after %s", a.status, time.Since(began))
	}
	began = time.Now()
	b.addFault(`{"call":"factory","fault":"drip","delay":"120ms","count":1}`)
	if a := b.arm("GET", f, ""); a.status != http.StatusOK || !json.Valid(a.body) || time.Since(began) < 100*time.Millisecond {
		t.Errorf("drip: %d %s after %s", a.status, a.body, time.Since(began))
	}
	b.addFault(`{"call":"factory","fault":"hang","delay":"50ms","count":1}`)
	if a, err := b.tryARM("GET", f, ""); err == nil {
		t.Errorf("a hanging request was answered: %d", a.status)
	}
}

func TestStopEndsWhatHangs(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	b.addFault(`{"call":"factory","fault":"hang"}`)
	ended := make(chan error, 1)
	go func() {
		_, err := b.tryARM("GET", b.info.Factories[0], "")
		ended <- err
	}()
	for struck := false; !struck; {
		struck = strings.Contains(string(b.control("GET", "/faults", "").body), `"struck":1`)
	}
	if err := b.emu.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the hanging request was answered")
	}
}

func TestASkewedServerSaysAnotherDate(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	b.addFault(`{"call":"*","fault":"skew","delay":"-7m"}`)
	date, err := http.ParseTime(b.arm("GET", b.info.Factories[0], "").header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	if behind := time.Since(date); behind < 6*time.Minute || behind > 8*time.Minute {
		t.Errorf("Date is %s behind, want 7m", behind)
	}
}

// chain reads a query to its end and returns the run ids of each page.
func (b *bundle) chain(path, body string) (pages [][]string) {
	b.t.Helper()
	next := body
	for {
		var page struct {
			Value             []map[string]any
			ContinuationToken string
		}
		b.decode(b.arm("POST", path, next), http.StatusOK, &page)
		var ids []string
		for _, row := range page.Value {
			ids = append(ids, fmt.Sprint(row["runId"]))
		}
		pages = append(pages, ids)
		if page.ContinuationToken == "" {
			return pages
		}
		next = strings.TrimSuffix(body, "}") + `,"continuationToken":"` + page.ContinuationToken + `"}`
	}
}

func sorted(ids []string) []string { return slices.Sorted(slices.Values(ids)) }

func TestAMovedRowIsNeverLostAndARepeatedOneComesTwice(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 1500, Now: stoppedClock().now})
	path := b.info.Factories[0] + "/queryPipelineRuns"
	for _, order := range []string{"", `,"orderBy":[{"orderBy":"PipelineName","order":"ASC"}]`, `,"orderBy":[{"orderBy":"RunStart","order":"DESC"}]`} {
		body := strings.TrimSuffix(everything, "}") + order + "}"
		clean := b.chain(path, body)
		all := slices.Concat(clean...)
		if len(clean) < 3 {
			t.Fatalf("only %d pages", len(clean))
		}
		b.addFault(`{"call":"queryPipelineRuns","fault":"moved","count":3}`)
		moved := b.chain(path, body)
		if slices.Equal(slices.Concat(moved...), all) || !slices.Equal(sorted(slices.Concat(moved...)), sorted(all)) {
			t.Errorf("order %q: moved rows are in place or lost", order)
		}
		b.control("DELETE", "/faults", "")
		b.addFault(`{"call":"queryPipelineRuns","fault":"repeated"}`)
		repeated := slices.Concat(b.chain(path, body)...)
		if len(repeated) <= len(all) || !slices.Equal(slices.Compact(sorted(repeated)), sorted(all)) {
			t.Errorf("order %q: %d rows where %d are, or others", order, len(repeated), len(all))
		}
		b.control("DELETE", "/faults", "")
	}
}

func TestATruncatedChainEndsEarlyAndABadTokenIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Now: stoppedClock().now})
	path := b.info.Factories[0] + "/queryPipelineRuns"
	whole := b.chain(path, everything)
	b.addFault(`{"call":"queryPipelineRuns","fault":"truncated","count":1}`)
	if cut := b.chain(path, everything); len(cut) != 1 || len(cut[0]) != 100 || len(whole) < 2 {
		t.Errorf("a truncated chain has %d pages, a whole one %d", len(cut), len(whole))
	}
	b.addFault(`{"call":"queryPipelineRuns","fault":"badToken","count":1}`)
	var page struct{ ContinuationToken string }
	b.decode(b.arm("POST", path, everything), http.StatusOK, &page)
	next := strings.TrimSuffix(everything, "}") + `,"continuationToken":"` + page.ContinuationToken + `"}`
	var e armError
	b.decode(b.arm("POST", path, next), http.StatusBadRequest, &e)
	if !strings.Contains(e.Error.Message, "continuation token is not valid") {
		t.Errorf("got %+v", e)
	}
	if a := b.arm("POST", path, next); a.status != http.StatusOK {
		t.Errorf("after the fault the token is worth %d", a.status)
	}
}

func TestALateRowAppearsAfterItsDelay(t *testing.T) { // azure.md §12: visibility lag
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now})
	f := b.info.Factories[0]
	name := f[strings.LastIndex(f, "/")+1:]
	var started struct{ RunID string }
	b.decode(b.control("POST", "/truth/runs", `{"factory":"`+name+`","pipelineName":"pl_late","status":"Succeeded","durationInMs":1000}`), http.StatusOK, &started)
	c.advance(2 * time.Second)
	b.addFault(`{"call":"queryPipelineRuns","fault":"late","delay":"3m"}`)
	sees := func() bool {
		return slices.Contains(slices.Concat(b.chain(f+"/queryPipelineRuns", everything)...), started.RunID)
	}
	if sees() {
		t.Error("a row of a second ago is visible")
	}
	if a := b.arm("GET", f+"/pipelineruns/"+started.RunID, ""); a.status != http.StatusOK {
		t.Errorf("by its id the run is gone: %d", a.status)
	}
	c.advance(3 * time.Minute)
	if !sees() {
		t.Error("after the delay the row is not visible")
	}
}
