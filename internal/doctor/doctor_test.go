package doctor_test

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"andon/internal/azure"
	"andon/internal/doctor"
	"andon/internal/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func emulate(t *testing.T) emulator.Info {
	t.Helper()
	e, err := emulator.New(emulator.Options{Listen: "127.0.0.1:0", ProxyListen: "127.0.0.1:0", ControlListen: "127.0.0.1:0", Size: 300, Limits: "off"})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return e.Info()
}

func source(t *testing.T, e emulator.Info) doctor.Source {
	t.Helper()
	cfg := azure.Config{
		Name: "emulated", TenantID: e.TenantID, ClientID: e.ClientID, Secret: azure.Secret(e.ClientSecret),
		Cloud: azure.Cloud{Authority: e.Authority, ResourceManager: e.ResourceManager, CAFile: e.CAFile},
	}
	s := doctor.Source{Name: cfg.Name}
	s.Client, s.Err = azure.New(cfg)
	if s.Client != nil {
		t.Cleanup(s.Client.Close)
	}
	return s
}

func fault(t *testing.T, e emulator.Info, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.Control+"/faults", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true // leaves no connection behind
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", resp.Status, err)
	}
}

func stepOf(t *testing.T, r doctor.SourceReport, name string) doctor.Step {
	t.Helper()
	for _, s := range r.Steps {
		if s.Step == name {
			return s
		}
	}
	t.Fatalf("no step %s in %+v", name, r.Steps)
	return doctor.Step{}
}

// TestTheClockIsJudgedByItsDistance: warned of above 30 seconds, failed above
// 5 minutes, either way.
func TestTheClockIsJudgedByItsDistance(t *testing.T) {
	t.Parallel()
	for delay, want := range map[string]struct {
		status doctor.Status
		says   string
	}{
		"":     {doctor.OK, "right to within 1s"},
		"25s":  {doctor.OK, "right to within 2"},
		"35s":  {doctor.Warning, "behind that of 127.0.0.1"},
		"-35s": {doctor.Warning, "ahead of that of 127.0.0.1"},
		"7m":   {doctor.Failed, "behind"},
		"-7m":  {doctor.Failed, "ahead of"},
	} {
		t.Run("skew "+delay, func(t *testing.T) {
			t.Parallel()
			e := emulate(t)
			if delay != "" {
				fault(t, e, `{"call":"*","fault":"skew","delay":"`+delay+`"}`)
			}
			got := doctor.CheckSource(t.Context(), source(t, e), doctor.Options{Most: 1})
			clock := stepOf(t, got, doctor.StepClock)
			if clock.Status != want.status || got.Status != want.status || !strings.Contains(clock.What, want.says) {
				t.Errorf("got %s (%s): %s; want %s: %s", clock.Status, got.Status, clock.What, want.status, want.says)
			}
			if (clock.Command == "") != (want.status == doctor.OK) {
				t.Errorf("command %q", clock.Command)
			}
		})
	}
}

// TestAStepEndsInItsTimeAndASourceWithItsContext: a page of a server can't
// wait for an Azure that hangs.
func TestAStepEndsInItsTimeAndASourceWithItsContext(t *testing.T) {
	t.Parallel()
	e := emulate(t)
	fault(t, e, `{"call":"*","fault":"hang"}`)
	fault(t, e, `{"call":"token","fault":"hang"}`)
	began := time.Now()
	got := doctor.CheckSource(t.Context(), source(t, e), doctor.Options{StepTime: 300 * time.Millisecond})
	if took := time.Since(began); took > 10*time.Second || got.Status != doctor.Failed {
		t.Errorf("after %s: %+v", took, got)
	}
	if s := stepOf(t, got, doctor.StepEntra); !strings.Contains(s.What, "no answer within 300ms") {
		t.Errorf("got %+v", s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got = doctor.CheckSource(ctx, source(t, e), doctor.Options{})
	if s := stepOf(t, got, doctor.StepEntra); s.Status != doctor.Failed || !strings.Contains(s.What, "given up") {
		t.Errorf("got %+v", s)
	}
}

// TestOnlySomeFactoriesAreTried and the others are named; those that somebody
// names are tried all.
func TestOnlySomeFactoriesAreTried(t *testing.T) {
	t.Parallel()
	e := emulate(t)
	n := len(e.Factories)
	var named []azure.Scope
	for _, id := range e.Factories {
		s, err := azure.ParseScope(id)
		if err != nil {
			t.Fatal(err)
		}
		named = append(named, s)
	}
	for _, tc := range []struct {
		most   int
		scopes []azure.Scope
		want   int
	}{{0, nil, doctor.DefaultMost}, {1, nil, 1}, {-1, nil, n}, {1, named, n}} {
		s := source(t, e)
		s.Scopes = tc.scopes
		got := doctor.CheckSource(t.Context(), s, doctor.Options{Most: tc.most})
		if len(got.Factories) != tc.want || len(got.NotLookedAt) != n-tc.want || got.Status != doctor.OK {
			t.Errorf("at most %d, %d named: %d tried, %d not, %s; want %d tried", tc.most, len(tc.scopes), len(got.Factories), len(got.NotLookedAt), got.Status, tc.want)
		}
	}
}

func TestWhatEndsSoonIsWarnedOf(t *testing.T) {
	t.Parallel()
	e := emulate(t)
	now := time.Now()
	for name, tc := range map[string]struct {
		expires time.Time
		status  doctor.Status
		says    string
	}{
		"not said":      {time.Time{}, doctor.OK, "a client secret of application"},
		"in two months": {now.AddDate(0, 2, 0), doctor.OK, "a client secret of application"},
		"in ten days":   {now.AddDate(0, 0, 10), doctor.Warning, "the client secret, by secretExpires, expires on " + now.AddDate(0, 0, 10).UTC().Format(time.DateOnly)},
		"yesterday":     {now.AddDate(0, 0, -1), doctor.Warning, "has expired on"},
	} {
		s := source(t, e)
		s.SecretExpires = tc.expires
		got := doctor.CheckSource(t.Context(), s, doctor.Options{Most: 1})
		if step := stepOf(t, got, doctor.StepSettings); step.Status != tc.status || got.Status != tc.status || !strings.Contains(step.What, tc.says) {
			t.Errorf("%s: %+v, %s", name, step, got.Status)
		}
	}
}

// TestATerminalIsNotObeyed: what comes from outside holds no control
// characters when it is printed.
func TestATerminalIsNotObeyed(t *testing.T) {
	t.Parallel()
	r := doctor.Report{Sources: []doctor.SourceReport{{Name: "a\x1b[31m", Steps: []doctor.Step{{
		Step: doctor.StepToken, Status: doctor.Failed, What: "x\x07\ny", Evidence: &doctor.Evidence{Code: "\x1b]0;"}, Advice: "\u009b", Command: "echo \x1b",
	}}}}}
	r.Finish()
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\u009b") || r.Status != doctor.Failed {
		t.Errorf("%s: %q", r.Status, b.String())
	}
}

// TestAManagedIdentityGoesPastEntra: its tokens come from the machine.
func TestAManagedIdentityGoesPastEntra(t *testing.T) {
	e := emulate(t)
	t.Setenv("IDENTITY_ENDPOINT", e.ManagedIdentity.Endpoint)
	t.Setenv("IDENTITY_HEADER", e.ManagedIdentity.Header)
	s := doctor.Source{Name: "managed"}
	s.Client, s.Err = azure.New(azure.Config{
		Name: "managed", ManagedIdentity: true, Cloud: azure.Cloud{Authority: "https://127.0.0.1:1", ResourceManager: e.ResourceManager, CAFile: e.CAFile},
	})
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	t.Cleanup(s.Client.Close)
	got := doctor.CheckSource(t.Context(), s, doctor.Options{Most: 1})
	var names []string
	for _, step := range got.Steps {
		names = append(names, step.Step)
	}
	if want := "settings routeToResourceManager token subscriptions factories clock"; got.Status != doctor.OK || strings.Join(names, " ") != want {
		t.Errorf("%s: %v, want %s", got.Status, got.Steps, want)
	}
}

func TestTheStoreIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got := doctor.CheckStore(t.Context(), "sqlite:"+filepath.Join(dir, "andon.db"), doctor.Options{})
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 || got.Status == doctor.Failed || len(got.Steps) != 3 {
		t.Errorf("%+v; left behind %v %v", got, left, err)
	}
}
