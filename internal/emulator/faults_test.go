package emulator_test

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"andon/internal/emulator"
)

func TestFaultsReplaceTheAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	tests := []struct {
		fault, extra string
		status       int
		text         string
		retryAfter   string
		contentType  string
	}{
		{"429", "", 429, "SubscriptionRequestsThrottled", "1", "application/json; charset=utf-8"},
		{"429", `,"retryAfter":"7"`, 429, "SubscriptionRequestsThrottled", "7", "application/json; charset=utf-8"},
		{"429", `,"retryAfter":""`, 429, "SubscriptionRequestsThrottled", "", "application/json; charset=utf-8"},
		{"429", `,"retryAfter":"Tue, 24 Nov 2026 12:00:00 GMT"`, 429, "SubscriptionRequestsThrottled", "Tue, 24 Nov 2026 12:00:00 GMT", "application/json; charset=utf-8"},
		{"500", "", 500, "InternalServerError", "", "application/json; charset=utf-8"},
		{"502html", "", 502, "<html>", "", "text/html"},
		{"503", `,"retryAfter":"3"`, 503, "ServiceUnavailable", "3", "application/json; charset=utf-8"},
		{"429", `,"code":"toomanyrequests"`, 429, `"code":"TooManyRequests"`, "1", "application/json; charset=utf-8"},
		{"429", `,"code":"TooManyPipelineRunQueryRequests"`, 429, "TooManyPipelineRunQueryRequests", "1", "application/json; charset=utf-8"},
		{"429", `,"code":"TenantRequestsThrottled"`, 429, "TenantRequestsThrottled", "1", "application/json; charset=utf-8"},
		{"504", "", 504, "The gateway did not receive a response from 'Microsoft.DataFactory' within the specified time period.", "", "application/json; charset=utf-8"},
		{"unregistered", "", 409, "MissingSubscriptionRegistration", "", "application/json; charset=utf-8"},
		{"disabled", "", 409, `"code":"ReadOnlyDisabledSubscription"`, "", "application/json; charset=utf-8"},
		{"disallowed", "", 400, `"code":"DisallowedOperation"`, "", "application/json; charset=utf-8"},
		{"noVersion", "", 400, "2018-06-01 is not available for your subscription", "", "application/json; charset=utf-8"},
		{"mfa", "", 403, `"info":{"policyDefinitionDisplayName":"Require MFA to change resources"`, "", "application/json; charset=utf-8"},
		{"cae", "", 401, "TokenIssuedBeforeRevocationTimestamp", "", "application/json; charset=utf-8"},
		{"401", `,"delay":"meaningless here"`, 401, "InvalidAuthenticationToken", "", "application/json; charset=utf-8"},
	}
	for _, tt := range tests {
		t.Run(tt.fault+tt.extra, func(t *testing.T) {
			b.addFault(`{"call":"queryPipelineRuns","fault":"` + tt.fault + `","count":1` + tt.extra + `}`)
			a := b.arm("POST", f+"/queryPipelineRuns", everything)
			if a.status != tt.status || !strings.Contains(string(a.body), tt.text) {
				t.Errorf("got %d %s, want %d with %s", a.status, a.body, tt.status, tt.text)
			}
			if got := a.header.Get("Retry-After"); got != tt.retryAfter {
				t.Errorf("Retry-After is %q, want %q", got, tt.retryAfter)
			}
			if got := a.header.Get("Content-Type"); got != tt.contentType {
				t.Errorf("Content-Type is %q, want %q", got, tt.contentType)
			}
			if a = b.arm("POST", f+"/queryPipelineRuns", everything); a.status != http.StatusOK {
				t.Errorf("after its count the fault still strikes: %d", a.status)
			}
		})
	}
}

func TestFaultsOfTheTokenEndpointAreEntras(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	for fault, want := range map[string]string{"429": "AADSTS90055", "500": "AADSTS50000", "503": "AADSTS90033", "401": "AADSTS7000215"} {
		b.control("DELETE", "/faults", "")
		b.addFault(`{"call":"token","fault":"` + fault + `"}`)
		a := b.askToken(b.info.TenantID, b.form())
		if strconv.Itoa(a.status) != fault || !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s, want %s", fault, a.status, a.body, want)
		}
	}
	b.control("DELETE", "/faults", "")
	if a := b.askToken(b.info.TenantID, b.form()); a.status != http.StatusOK {
		t.Errorf("after DELETE /faults: %d %s", a.status, a.body)
	}
}

func TestResetAndCutBreakTheConnection(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	h2 := b.client.Transport.(*http.Transport)
	h1 := &http.Transport{TLSClientConfig: b.tls.Clone(), TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	t.Cleanup(h1.CloseIdleConnections)
	whole := len(b.arm("POST", f+"/queryPipelineRuns", everything).body)
	for name, transport := range map[string]*http.Transport{"h2": h2, "h1": h1} {
		b.client.Transport = transport
		b.addFault(`{"call":"queryPipelineRuns","fault":"reset","count":1}`)
		_, err := b.tryARM("POST", f+"/queryPipelineRuns", everything)
		if err == nil {
			t.Errorf("%s: a reset request was answered", name)
		}
		if name == "h1" && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("%s: reset gives %v", name, err)
		}
		b.addFault(`{"call":"queryPipelineRuns","fault":"cut","count":1}`)
		a, err := b.tryARM("POST", f+"/queryPipelineRuns", everything)
		if err == nil {
			t.Errorf("%s: a cut body was read to its end", name)
		}
		if a.status != http.StatusOK || len(a.body) == 0 || len(a.body) > whole*2/3 || a.header.Get("Content-Length") != strconv.Itoa(whole) {
			t.Errorf("%s: cut gives %d, %d of %d bytes, Content-Length %s", name, a.status, len(a.body), whole, a.header.Get("Content-Length"))
		}
		if json.Valid(a.body) {
			t.Errorf("%s: half a body is whole JSON", name)
		}
		if a := b.arm("POST", f+"/queryPipelineRuns", everything); a.status != http.StatusOK || len(a.body) != whole {
			t.Errorf("%s: after the faults: %d, %d bytes of %d", name, a.status, len(a.body), whole)
		}
	}
	b.client.Transport = h2
}

func TestFaultsChooseTheirRequests(t *testing.T) {
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now, Seed: 7})
	one, two := b.info.Factories[0], b.info.Factories[1]
	status := func(factory string) int { return b.arm("POST", factory+"/queryPipelineRuns", "{}").status }

	b.addFault(`{"call":"*","fault":"503","factory":"` + two[strings.LastIndex(two, "/")+1:] + `","for":"1m"}`)
	if status(one) != 200 || status(two) != 503 {
		t.Error("a fault of the second factory does not strike it alone")
	}
	c.advance(time.Minute)
	if status(two) != 200 {
		t.Error("a fault for one minute lasts longer")
	}
	b.control("DELETE", "/faults", "")

	b.addFault(`{"call":"queryPipelineRuns","fault":"500","probability":0.3}`)
	struck := 0
	for range 200 {
		if status(one) == 500 {
			struck++
		}
	}
	if struck < 30 || struck > 90 {
		t.Errorf("probability 0.3 struck %d of 200", struck)
	}
	var list struct {
		Items []struct {
			Call, Fault string
			Probability float64
			Remaining   *int
			Struck      int
		}
	}
	b.decode(b.control("GET", "/faults", ""), http.StatusOK, &list)
	if len(list.Items) != 1 || list.Items[0].Struck != struck || list.Items[0].Remaining != nil || list.Items[0].Probability != 0.3 {
		t.Errorf("GET /faults says %+v, want struck %d", list, struck)
	}
	b.addFault(`{"call":"factory","fault":"500","count":3}`)
	b.arm("GET", one, "")
	b.decode(b.control("GET", "/faults", ""), http.StatusOK, &list)
	if len(list.Items) != 2 || list.Items[1].Struck != 1 || list.Items[1].Remaining == nil || *list.Items[1].Remaining != 2 {
		t.Errorf("GET /faults says %+v, want 1 struck and 2 remaining", list)
	}
}

func TestBadFaultsAreRefusedWithWhatIsAllowed(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	for body, want := range map[string]string{
		`{"call":"token","fault":"418"}`:                 `unknown fault "418"; allowed: 429, 500, 502html, 503, 504, 401, cae, unregistered, disabled, disallowed, noVersion, mfa, reset, cut, hang, slow, drip, skew, late, moved, repeated, truncated, badToken`,
		`{"call":"*","fault":"hang","delay":"soon"}`:     `delay "soon" is not a duration; allowed: such as 30s`,
		`{"call":"*","fault":"hang","delay":"-1s"}`:      `delay "-1s" is not a duration`,
		`{"call":"*","fault":"429","code":"Teapot"}`:     `unknown code "Teapot" of a 429; allowed: SubscriptionRequestsThrottled, TenantRequestsThrottled, TooManyRequests, TooManyPipelineRunQueryRequests`,
		`{"call":"token"}`:                               `unknown fault ""; allowed: 429`,
		`{"call":"tokens","fault":"429"}`:                `unknown call "tokens"; allowed: *, token, subscriptions, `,
		`{"call":"*","fault":"429","factory":"nowhere"}`: `unknown factory "nowhere"; allowed: `,
		`{"call":"*","fault":"429","probability":1.5}`:   `probability 1.5 is not one; allowed: more than 0, at most 1`,
		`{"call":"*","fault":"429","probability":0}`:     `probability 0 is not one`,
		`{"call":"*","fault":"429","count":0}`:           `count 0 strikes nothing; allowed: 1 and more`,
		`{"call":"*","fault":"429","for":"soon"}`:        `for "soon" is not a duration; allowed: such as 30s`,
		`{"call":"*","fault":"429","times":3}`:           `unknown field "times"; allowed members: call, factory, identity, fault, probability, count, for, retryAfter, delay, code`,
		`{"call":"*","fault":"429","retryAfter":2}`:      `retryAfter`,
		`{"call":"*","fault":"429"} trailing`:            `the body goes on after its object`,
		`nonsense`:                                       `the body is not understood`,
		``:                                               `the body is not understood`,
	} {
		a := b.control("POST", "/faults", body)
		if a.status != http.StatusBadRequest || !strings.Contains(errorText(t, a), want) {
			t.Errorf("%s: got %d %s, want %q", body, a.status, a.body, want)
		}
	}
}

// addFault puts a fault in force.
func (b *bundle) addFault(rule string) {
	b.t.Helper()
	if a := b.control("POST", "/faults", rule); a.status != http.StatusOK {
		b.t.Fatalf("%s: %d %s", rule, a.status, a.body)
	}
}

func errorText(t *testing.T, a answer) string {
	t.Helper()
	var e struct{ Error string }
	if err := json.Unmarshal(a.body, &e); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return e.Error
}
