package azure_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
)

// replay answers with a saved response.
func replay(t *testing.T, name string) http.HandlerFunc {
	t.Helper()
	head, body, _ := strings.Cut(saved(t, name), "\n\n")
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	status, header := resp.StatusCode, resp.Header
	return func(w http.ResponseWriter, _ *http.Request) {
		for key := range header {
			w.Header().Set(key, header.Get(key))
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a client that left is not the server's concern
	}
}

// azure.md §14: nothing is answered in a disabled subscription until its owner
// acts, whatever was asked.
func TestADisabledSubscriptionIsItsOwnKind(t *testing.T) {
	t.Parallel()
	refused := func(status int, code, message string) http.HandlerFunc {
		return always(status, `{"error":{"code":"`+code+`","message":"`+message+`"}}`)
	}
	for name, arm := range map[string]http.HandlerFunc{
		"409":              replay(t, "subscription-disabled-409.http"),
		"400":              replay(t, "subscription-disallowed-400.http"),
		"400, API version": refused(400, "NoRegisteredProviderFound", "Api version 2018-06-01 is not available for your subscription."),
		"400, no code":     refused(400, "", "API-Version '2018-06-01' is not available for the subscription"),
		"403":              refused(403, "SubscriptionDisabled", "b0dy"),
		"404":              refused(404, "DisabledSubscription", "b0dy"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged bytes.Buffer
			cfg := startAzure(t, nil, arm).config(t)
			cfg.Logger = slog.New(slog.NewTextHandler(&logged, nil))
			for call, ask := range map[string]func(*azure.Client) error{
				"query": func(c *azure.Client) error {
					_, err := c.QueryPipelineRuns(t.Context(), factory, window())
					return err
				},
				"a further page": func(c *azure.Client) error {
					filter := window()
					filter.ContinuationToken = "next"
					_, err := c.QueryPipelineRuns(t.Context(), factory, filter)
					return err
				},
				"a run": func(c *azure.Client) error {
					_, err := c.PipelineRun(t.Context(), factory, someRunID)
					return err
				},
				"a list": func(c *azure.Client) error {
					_, err := c.Pipelines(t.Context(), factory)
					return err
				},
				"factories": func(c *azure.Client) error {
					_, err := c.Factories(t.Context(), factory.Subscription())
					return err
				},
			} {
				err := ask(newClient(t, cfg))
				e := asError(t, err)
				if e.Kind != azure.KindDisabled || !strings.Contains(e.Command, "az account show") {
					t.Errorf("%s: %s (%v), command %q, want %s", call, e.Kind, err, e.Command, azure.KindDisabled)
				}
				for _, part := range []string{"subscription is disabled", "owner", "spending limit", "by itself", "history stays"} {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%s: %q does not say %q", call, err, part)
					}
				}
				if strings.Contains(err.Error(), "fault of Andon") {
					t.Errorf("%s: %q", call, err)
				}
				wantClean(t, err, logged.String())
			}
		})
	}
}

// A disabled subscription is asked once in a quarter of an hour, by one
// request, whichever of its factories is asked about. What lies in another
// subscription is asked as ever.
func TestADisabledSubscriptionIsAskedRarelyAndResumesByItself(t *testing.T) {
	t.Parallel()
	var isDisabled atomic.Bool
	isDisabled.Store(true)
	var asked, asleep atomic.Int64
	refuse := replay(t, "subscription-disabled-409.http")
	s := startAzure(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if isDisabled.Load() && strings.Contains(r.URL.Path, factory.Subscription()) {
			asked.Add(1)
			refuse(w, r)
			return
		}
		sendJSON(w, http.StatusOK, page(""))
	})
	cfg := s.config(t)
	began := time.Now()
	cfg.Now = func() time.Time { return began.Add(time.Duration(asleep.Load())) }
	c := newClient(t, cfg)
	sibling := adf.FactoryID(strings.Replace(string(factory), "adf-Sales", "adf-Stock", 1))
	elsewhere := adf.FactoryID(strings.Replace(string(factory), "51111111", "52222222", 1))
	query := func(id adf.FactoryID) error {
		_, err := c.QueryPipelineRuns(t.Context(), id, window())
		return err
	}
	for range 14 { // a minute each
		for _, id := range []adf.FactoryID{factory, sibling} {
			e := asError(t, query(id))
			if e.Kind != azure.KindDisabled || e.RetryAt.Sub(began) < 14*time.Minute || e.RetryAt.Sub(began) > 16*time.Minute {
				t.Fatalf("%s, to be asked again %s after the first time", e.Kind, e.RetryAt.Sub(began))
			}
		}
		if err := query(elsewhere); err != nil {
			t.Fatalf("another subscription: %v", err)
		}
		asleep.Add(int64(time.Minute))
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times in 14 minutes, want once", n)
	}
	asleep.Add(int64(2 * time.Minute))
	if e := asError(t, query(sibling)); e.Kind != azure.KindDisabled || asked.Load() != 2 {
		t.Errorf("after a quarter of an hour: %s, asked %d times, want twice", e.Kind, asked.Load())
	}
	isDisabled.Store(false)
	if e := asError(t, query(factory)); e.Kind != azure.KindDisabled {
		t.Errorf("at once: %s", e.Kind)
	}
	asleep.Add(int64(16 * time.Minute))
	for _, id := range []adf.FactoryID{factory, sibling} {
		if err := query(id); err != nil {
			t.Errorf("once it is enabled: %v", err)
		}
	}
}

// A policy that asks for multi-factor authentication is quoted by its name.
func TestAPolicyThatAsksForMFAIsQuoted(t *testing.T) {
	t.Parallel()
	const named = `{"error":{"code":"RequestDisallowedByPolicy","message":"b0dy","additionalInfo":[{"type":"PolicyViolation","info":{"policyAssignmentDisplayName":"Only Europe\u001b[31m\n"}}]}}`
	for name, tc := range map[string]struct {
		arm         http.HandlerFunc
		says        []string
		saysNot     string
		withCommand bool
	}{
		"MFA":               {replay(t, "policy-mfa-403.http"), []string{`"Require MFA to change resources"`, "multi-factor authentication", "RequestDisallowedByPolicy"}, "lock", false},
		"another policy":    {always(403, named), []string{`"Only Europe [31m "`, "exempts"}, "multi-factor", false},
		"a nameless policy": {always(403, `{"error":{"code":"RequestDisallowedByPolicy","message":"b0dy","additionalInfo":"x"}}`), []string{"a policy, a lock"}, "multi-factor", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := startAzure(t, nil, tc.arm).client(t).QueryPipelineRuns(t.Context(), factory, window())
			e := asError(t, err)
			if e.Kind != azure.KindForbidden || (e.Command != "") != tc.withCommand {
				t.Errorf("%s, command %q", e.Kind, e.Command)
			}
			for _, part := range tc.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), tc.saysNot) {
				t.Errorf("%q says %q", err, tc.saysNot)
			}
			wantClean(t, err, "")
		})
	}
}

// The emulator sends all of them.
func TestRefusalsOfSubscriptionsAndPoliciesAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	e := emulate(t, 600)
	for fault, want := range map[string]struct {
		kind azure.Kind
		code string
	}{
		"disabled":   {azure.KindDisabled, "ReadOnlyDisabledSubscription"},
		"disallowed": {azure.KindDisabled, "DisallowedOperation"},
		"noVersion":  {azure.KindDisabled, "BadRequest"},
		"mfa":        {azure.KindForbidden, "RequestDisallowedByPolicy"},
	} {
		e.control(t, http.MethodPost, "/faults", map[string]any{"call": "*", "fault": fault})
		_, err := newClient(t, e.config()).QueryPipelineRuns(t.Context(), e.busiest(), window())
		if got := asError(t, err); got.Kind != want.kind || got.Code != want.code {
			t.Errorf("%s: %s %s (%v), want %s %s", fault, got.Kind, got.Code, err, want.kind, want.code)
		}
		if fault == "mfa" && !strings.Contains(err.Error(), `"Require MFA to change resources"`) {
			t.Errorf("%v does not name the policy", err)
		}
		e.control(t, http.MethodDelete, "/faults", nil)
	}
}
