package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

// between counts the runs of the truth that were last updated within a range,
// by the factory's name.
func (e emulated) between(t *testing.T, from, to string) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, id := range e.Factories {
		var answer struct{ Items []row }
		get(t, e.Control+"/truth/runs?factory="+url.QueryEscape(id), &answer)
		name := id[strings.LastIndex(id, "/")+1:]
		out[name] = 0
		for _, r := range answer.Items {
			if at, ok := r["lastUpdated"].(string); ok && at >= from && at < to {
				out[name]++
			}
		}
	}
	return out
}

// cutRange matches a factory of which less was read than was asked for.
var cutRange = regexp.MustCompile(`(?m)^\S+: \d+ runs? read from 20\S+Z on \(Azure keeps nothing older\), \d+ of them new`)

func TestCollectReadsARangeAndEnds(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "4000", "--limits", "off")
	file := filepath.Join(t.TempDir(), "andon.db")
	from, to := time.Now().AddDate(0, 0, -20).UTC().Format(time.DateOnly), time.Now().AddDate(0, 0, -10).UTC().Format(time.DateOnly)
	args := []string{"collect", "--from", from, "--to", to, "--store", "sqlite:" + file, "--budget", "off"}
	stdout, stderr, code := runCommand(t, e.env(), args...)
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, said %s", code, stderr)
	}
	for name, n := range e.between(t, from, to) {
		if want := fmt.Sprintf("%s: %s read, %d of them new\n", name, counted(int64(n), "run"), n); !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	checkStore(t, file)
	again, stderr, code := runCommand(t, e.env(), args...)
	if code != 0 || regexp.MustCompile(`[1-9]\d* of them new|outdated`).MatchString(again) {
		t.Errorf("a second time: exit code %d, said %s %s", code, again, stderr)
	}
	long, stderr, code := runCommand(t, e.env(), "collect", "--from", "2400h", "--store", "sqlite:"+file, "--budget", "off")
	if lines := cutRange.FindAllString(long, -1); code != 0 || len(lines) != len(e.Factories) {
		t.Errorf("partly too old: exit code %d, said %s %s", code, long, stderr)
	}
	only := append([]string{"--factory", e.Factories[1]}, args[1:]...)
	one, stderr, code := runCommand(t, e.env(), append([]string{"collect"}, only...)...)
	if code != 0 || strings.Count(one, "\n") != 1 {
		t.Errorf("one factory: exit code %d, said %s %s", code, one, stderr)
	}
	var inForce any
	post(t, e.Control+"/faults", fmt.Sprintf(`{"call":"queryPipelineRuns","factory":%q,"fault":"503"}`, e.Factories[0]), &inForce)
	stdout, stderr, code = runCommand(t, e.env(), args...)
	if code != exitFailure || !strings.Contains(stderr, "adf-") || !strings.Contains(stderr, "503") || !strings.Contains(stdout, "then it broke off") {
		t.Errorf("broken: exit code %d, said %s %s", code, stdout, stderr)
	}
}

func TestCollectByARunningServer(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "2000", "--limits", "off")
	file := filepath.Join(t.TempDir(), "andon.db")
	p, base := serveOn(t, e, file)
	awaitFresh(t, base, e)
	stdout, stderr, code := runCommand(t, nil, "collect", "--from", "240h", "--to", "24h", "--server", base)
	if code != 0 || strings.Count(stdout, "\n") != len(e.Factories) || strings.Count(stdout, " read, 0 of them new\n") != len(e.Factories) {
		t.Errorf("exit code %d, said %s %s", code, stdout, stderr)
	}
	stdout, stderr, code = runCommand(t, nil, "collect", "--from", "2400h", "--server", base)
	if lines := cutRange.FindAllString(stdout, -1); code != 0 || len(lines) != len(e.Factories) {
		t.Errorf("partly too old: exit code %d, said %s %s", code, stdout, stderr)
	}
	_, stderr, code = runCommand(t, nil, "collect", "--from", "2400h", "--to", "2000h", "--server", base)
	if code != exitFailure || !strings.Contains(stderr, "Azure keeps nothing from before") {
		t.Errorf("too old: exit code %d, said %s", code, stderr)
	}
	_, stderr, code = runCommand(t, nil, "collect", "--from", "24h", "--factory", "nowhere", "--server", base)
	if code != exitFailure || !strings.Contains(stderr, `There is no factory "nowhere"`) {
		t.Errorf("an unknown factory: exit code %d, said %s", code, stderr)
	}
	id := adf.FactoryID(e.Factories[1])
	for _, name := range []string{strings.ToUpper(e.Factories[1]), id.Subscription() + "/" + id.ResourceGroup() + "/" + id.Name()} {
		stdout, stderr, code = runCommand(t, nil, "collect", "--from", "24h", "--factory", name, "--server", base)
		if code != 0 || strings.Count(stdout, "\n") != 1 || !strings.HasPrefix(stdout, id.Name()+": ") {
			t.Errorf("factory %s: exit code %d, said %s %s", name, code, stdout, stderr)
		}
	}
	_, stderr, code = runCommand(t, nil, "collect", "--from", "24h", "--factory", e.Factories[1]+"-of-old", "--server", base)
	if code != exitFailure || !strings.Contains(stderr, "has no factory "+e.Factories[1]+"-of-old") {
		t.Errorf("an unknown resource id: exit code %d, said %s", code, stderr)
	}
	_, stderr, code = runCommand(t, nil, "collect", "--from", "24h", "--factory", "rg/adf", "--server", base)
	if code != exitUsage || !strings.Contains(stderr, `"rg/adf" does not name a factory: give its ARM resource id`) || !strings.Contains(stderr, "or its short id") {
		t.Errorf("half a place: exit code %d, said %s", code, stderr)
	}
	_, stderr, code = runCommand(t, e.env(), "collect", "--from", "24h", "--store", "sqlite:"+file)
	if code != exitFailure || !strings.Contains(stderr, "--server http://") || !strings.Contains(stderr, "stop it first") {
		t.Errorf("a store in use: exit code %d, said %s", code, stderr)
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, said:\n%s", code, p.output())
	}
}

// TestCollectLeavesOutWhatIsGone: one factory that was deleted must not make
// every collect of all factories fail from then on.
func TestCollectLeavesOutWhatIsGone(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "500", "--limits", "off")
	p, base := serveOn(t, e, filepath.Join(t.TempDir(), "andon.db"))
	awaitFresh(t, base, e)
	gone := adf.FactoryID(e.Factories[0]).Name()
	var ignored any
	post(t, e.Control+"/factories", fmt.Sprintf(`{"factory":%q,"isGone":true}`, gone), &ignored)
	eventually(t, time.Minute, func() string {
		var f struct{ State string }
		get(t, base+"api/v1/factories/"+gone, &f)
		if f.State != "gone" {
			return "the factory is " + f.State
		}
		return ""
	})
	stdout, stderr, code := runCommand(t, nil, "collect", "--from", "24h", "--server", base)
	if code != 0 || !strings.Contains(stdout, gone+": left out, since Azure no longer lists it\n") || strings.Count(stdout, " read, ") != len(e.Factories)-1 {
		t.Errorf("exit code %d, said %s %s", code, stdout, stderr)
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, said:\n%s", code, p.output())
	}
}

// TestCollectLeavesNoStoredFactoryUnmentioned pins what is said of factories that
// Azure no longer lists: one that was deleted is left out, one whose role was
// taken away fails. By a server, one that was only imported is left out.
func TestCollectLeavesNoStoredFactoryUnmentioned(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "500", "--limits", "off")
	env := e.env()
	reader := e.identityOf(t, "on the first factory alone")
	_, client, _ := strings.Cut(reader[1], "=")
	env = append(env, reader...) // the later wins
	name := func(i int) string { return adf.FactoryID(e.Factories[i]).Name() }
	role := func(i int) string {
		return fmt.Sprintf(`{"clientId":%q,"role":"ADF Run Monitor","scope":%q}`, client, e.Factories[i])
	}
	var ignored any
	for _, i := range []int{1, 2} {
		post(t, e.Control+"/roles/assignments", role(i), &ignored)
	}
	file := filepath.Join(t.TempDir(), "andon.db")
	args := []string{"collect", "--from", "24h", "--store", "sqlite:" + file, "--budget", "off"}
	stdout, stderr, code := runCommand(t, env, args...)
	if code != 0 || strings.Count(stdout, " read, ") != 3 {
		t.Fatalf("exit code %d, said %s %s", code, stdout, stderr)
	}
	post(t, e.Control+"/factories", fmt.Sprintf(`{"factory":%q,"isGone":true}`, name(2)), &ignored)
	stdout, stderr, code = runCommand(t, env, args...)
	if code != 0 || strings.Count(stdout, " read, ") != 2 || !strings.Contains(stdout, name(2)+": left out, since Azure no longer lists it\n") {
		t.Errorf("one is gone: exit code %d, said %s %s", code, stdout, stderr)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, e.Control+"/roles/assignments", strings.NewReader(role(1)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode >= http.StatusBadRequest {
		t.Fatalf("take the role: %s %v", resp.Status, err)
	}
	stdout, stderr, code = runCommand(t, env, args...)
	if code != exitFailure || !strings.Contains(stdout, name(1)+": 0 runs read, 0 of them new; then it broke off\n") || !strings.Contains(stderr, name(1)+": the identity may not ") {
		t.Errorf("one has no role: exit code %d, said %s %s", code, stdout, stderr)
	}
}

// TestCollectByAServerNamesWhatItDoesNotCollect: neither a factory that was only
// imported nor one that the server does not collect is passed over in silence.
func TestCollectByAServerNamesWhatItDoesNotCollect(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := `{"items":[{"factory":"sales","source":"contoso","state":"fresh"},{"factory":"hr","source":"contoso","state":"not collected"},` +
			`{"factory":"old","source":null,"state":"not collected"}]}`
		switch r.URL.Path {
		case "/api/v1/factories":
		case "/api/v1/collection":
			text = `{"items":[{"factory":"sales","rereads":[{"from":"2026-11-23T00:00:00Z","to":"2026-11-24T00:00:00Z","state":"done","rows":7,"added":0,"orderedAt":"2026-11-24T00:00:00Z"}]}]}`
		case "/api/v1/factories/sales/rereads":
			text = `{"from":"2026-11-23T00:00:00Z","to":"2026-11-24T00:00:00Z","state":"waiting","orderedAt":"2026-11-24T00:00:00Z"}`
		default:
			w.WriteHeader(http.StatusConflict)
			text = `{"title":"The range can't be read","detail":"Factory \"hr\" is not collected by this server."}`
		}
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()
	stdout, stderr, code := runCommand(t, nil, "collect", "--from", "2026-11-23", "--to", "2026-11-24", "--server", server.URL)
	const want = "old: left out, since it is known from imported files alone, and the server does not collect it\nsales: 7 runs read, 0 of them new\n"
	if code != exitFailure || stdout != want || !strings.Contains(stderr, `hr: Factory "hr" is not collected by this server.`) {
		t.Errorf("exit code %d, said %s %s", code, stdout, stderr)
	}
}

type checkStep struct {
	Step, Status, What string
	Command            *string
}

type sourceCheck struct {
	State  string
	Report *struct {
		Status    string
		Steps     []checkStep
		Factories []struct{ Steps []checkStep }
	}
}

// TestACheckWaitsAsAzureAsked: a factory is throttled. A check of its source
// asks nothing of it meanwhile, and says why.
func TestACheckWaitsAsAzureAsked(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "500", "--limits", "off")
	e.Factories = e.Factories[:1]
	served := serveThese(t, e, filepath.Join(t.TempDir(), "andon.db"), nil)
	awaitFresh(t, served.base, e)
	var ignored any
	post(t, e.Control+"/faults", `{"call":"queryPipelineRuns","fault":"429","retryAfter":"120"}`, &ignored)
	eventually(t, time.Minute, func() string {
		var list struct {
			Items []struct{ LastError *struct{ Kind string } }
		}
		get(t, served.base+"api/v1/factories", &list)
		if trouble := list.Items[0].LastError; trouble == nil || trouble.Kind != "throttled" {
			return fmt.Sprintf("the factory's trouble is %+v", trouble)
		}
		return ""
	})
	sent := func() int {
		var counts struct{ ByFactory map[string]int }
		get(t, e.Control+"/truth/requests", &counts)
		return counts.ByFactory[adf.FactoryID(e.Factories[0]).Name()]
	}
	before := sent()
	var got sourceCheck
	post(t, served.base+"api/v1/sources/"+sourceOf(t, served.base)+"/check", "", &got)
	if n := sent() - before; n != 0 {
		t.Errorf("%d requests were sent within what Azure asked to wait for", n)
	}
	if got.State != "done" || got.Report.Status != "warning" || len(got.Report.Factories) != 1 {
		t.Fatalf("the check says %s %+v", got.State, got.Report)
	}
	for i, step := range got.Report.Factories[0].Steps {
		if i == 0 && (step.Status != "warning" || step.What != "Azure asked to be left alone") || i > 0 && step.Status != "notReached" {
			t.Errorf("step %d: %+v", i, step)
		}
	}
	if code := served.p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, said:\n%s", code, served.p.output())
	}
}

// sourceOf returns the name of a board's only source.
func sourceOf(t *testing.T, base string) string {
	t.Helper()
	var list struct{ Sources []struct{ Source string } }
	get(t, base+"api/v1/factories", &list)
	return list.Sources[0].Source
}

// TestCheckAgainIsHeardAtOnce: a secret is refused; a check from the board says
// why and what mends it; once it is mended, a further check makes the factories
// fresh without waiting for any rest to end.
func TestCheckAgainIsHeardAtOnce(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "500", "--limits", "off")
	dir := t.TempDir()
	file := filepath.Join(dir, "andon.db")
	secret := filepath.Join(dir, "secret")
	settings := filepath.Join(dir, "andon.yaml")
	for path, content := range map[string]string{
		secret: "wrong",
		settings: fmt.Sprintf("sources:\n- name: contoso\n  tenantId: %s\n  clientId: %s\n  clientSecretFile: %s\n  secretExpires: %s\n  cloud: {authority: %q, resourceManager: %q, audience: https://management.azure.com, studio: https://adf.azure.com, caFile: %s}\n",
			e.TenantID, e.ClientID, secret, time.Now().AddDate(0, 0, 10).Format(time.DateOnly), e.Authority, e.ResourceManager, e.CAFile),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, nil, "serve", "--config", settings, "--listen", "127.0.0.1:0", "--store", "sqlite:"+file, "--poll", "1s")
	base := p.says(`serving on (http://\S+)`)[1]
	const path = "api/v1/sources/contoso/check"
	check := func() sourceCheck {
		var got sourceCheck
		for {
			post(t, base+path, "", &got)
			if got.State == "done" {
				return got
			}
		}
	}
	var before sourceCheck
	get(t, base+path, &before)
	if before.State != "none" || before.Report != nil {
		t.Errorf("before any check: %+v", before)
	}
	got := check()
	if got.Report == nil || got.Report.Status != "failed" {
		t.Fatalf("with a wrong secret: %+v", got)
	}
	found := false
	for _, s := range got.Report.Steps {
		if s.Step == "token" && s.Status == "failed" && s.Command != nil && strings.HasPrefix(*s.Command, "az ad app credential reset") {
			found = true
		}
	}
	if !found {
		t.Errorf("no failed token with the command that mends it: %+v", got.Report.Steps)
	}
	// By now the source rests for up to a minute.
	if err := os.WriteFile(secret, []byte(e.ClientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	if got = check(); got.Report.Status == "failed" {
		t.Fatalf("with the right secret: %+v", got)
	}
	awaitFresh(t, base, e)
	var list struct {
		Sources []struct{ Source, State, Credential, CredentialExpires, ExpiryAdvice, ExpiryCommand string }
	}
	eventually(t, 5*time.Second, func() string {
		get(t, base+"api/v1/factories", &list)
		if list.Sources[0].State != "ok" {
			return "the source is " + list.Sources[0].State
		}
		return ""
	})
	s := list.Sources[0]
	if !strings.Contains(s.Credential, e.ClientID) || s.CredentialExpires == "" || !strings.Contains(s.ExpiryAdvice, "in 9 days") || !strings.Contains(s.ExpiryCommand, e.ClientID) {
		t.Errorf("the source says %+v", s)
	}
	resp, err := http.Post(base+"api/v1/sources/nobody/check", "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown source: %s %v", resp.Status, err)
	}
	if code := p.end(syscall.SIGTERM); code != 0 || strings.Contains(p.output(), e.ClientSecret) {
		t.Errorf("exit code %d, said:\n%s", code, p.output())
	}
	// What the check asked is counted once, also when the server stops.
	subscriptions := map[string]bool{}
	for _, id := range e.Factories {
		subscriptions[adf.FactoryID(id).Subscription()] = true
	}
	sent := int64(1 + len(subscriptions)) // their list, and each one's factories
	for _, f := range got.Report.Factories {
		for _, step := range f.Steps {
			if step.Status != "notReached" {
				sent++
			}
		}
	}
	if n := askedFor(t, file); n != sent {
		t.Errorf("the check sent %d requests, and %d are counted", sent, n)
	}
}

// askedFor returns how many requests a store counts as a person's.
func askedFor(t *testing.T, file string) (requests int64) {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	used, err := s.UsageSince(t.Context(), adf.TimeOf(time.Now()).Add(-time.Hour))
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for key, u := range used {
		if key.Purpose == "asked" {
			requests += u.Requests
		}
	}
	return requests
}

// TestABudgetTooSmallIsSaidOnTheBoard: who wants polls that the budget does
// not allow reads it where the source stands, with the setting that helps.
func TestABudgetTooSmallIsSaidOnTheBoard(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--scenario", "quiet", "--limits", "off")
	p := start(t, e.env(), "serve", "--listen", "127.0.0.1:0", "--store", "sqlite:"+filepath.Join(t.TempDir(), "andon.db"), "--poll", "1s")
	base := p.says(`serving on (http://\S+)`)[1]
	eventually(t, 30*time.Second, func() string {
		var list struct {
			Sources []struct{ Pace, PaceAdvice string }
		}
		get(t, base+"api/v1/factories", &list)
		const what, advice = "can be asked every 4s only, not every 1s: the budget allows 6.25 requests/s for all of them", "set poll to 4s, or budget to 0.96 instead of 0.25; other subscriptions are held back too, less than this one"
		if len(list.Sources) != 1 || !strings.HasPrefix(list.Sources[0].Pace, "the 24 factories of subscription ") || !strings.HasSuffix(list.Sources[0].Pace, what) || list.Sources[0].PaceAdvice != advice {
			return fmt.Sprintf("the source says %+v", list.Sources)
		}
		return ""
	})
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, said:\n%s", code, p.output())
	}
}
