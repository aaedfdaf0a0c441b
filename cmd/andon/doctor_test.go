package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/golden"

	"andon/internal/azure"
	"andon/internal/doctor"
)

// brokenSetup is a way in which people's setups are broken, with what the
// doctor has to say of it.
type brokenSetup struct {
	name    string
	env     []string // after the emulator's own, so it wins
	args    []string
	on      *emulated // nil is the whole one
	step    string    // that fails
	cause   string    // a part of what it says
	command string    // a part of its command
}

// identityOf finds a further identity of the emulator by what it is.
func (e emulated) identityOf(t *testing.T, what string) []string {
	t.Helper()
	for _, i := range e.Identities {
		if strings.Contains(i.What, what) {
			return []string{"AZURE_TENANT_ID=" + i.TenantID, "AZURE_CLIENT_ID=" + i.ClientID, "AZURE_CLIENT_SECRET=" + i.ClientSecret}
		}
	}
	t.Fatalf("no identity %q among %v", what, e.Identities)
	return nil
}

// certificateFile makes a certificate that Entra ID does not know, with its
// key.
func certificateFile(t *testing.T, notAfter time.Time) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "andon"}, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: notAfter}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "andon.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// federatedFile gets a federated token of the emulator as a file.
func (e emulated) federatedFile(t *testing.T, body string) string {
	t.Helper()
	var got struct{ Token string }
	post(t, e.Control+"/federation/token", body, &got)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(got.Token), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// broken starts an emulator with a fault.
func broken(t *testing.T, fault string) *emulated {
	t.Helper()
	e := startEmulator(t, "--size", "300", "--limits", "off")
	var ignored any
	post(t, e.Control+"/faults", fault, &ignored)
	return &e
}

// loginPage answers everything as a hotel's or a company's proxy does that
// wants a login first.
func loginPage(t *testing.T, status int) []string {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if status == http.StatusFound {
			w.Header().Set("Location", "https://login.proxy.example/")
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html><body>Please log in</body></html>")) // the client may have gone
	}))
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "page.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"AZURE_AUTHORITY_HOST=" + s.URL, "ANDON_RESOURCE_MANAGER=" + s.URL, "ANDON_CA_FILE=" + file}
}

// withRole gives the identity that has no role one that lacks an action of
// Andon's, everywhere.
func withRole(t *testing.T, e emulated, lacking string) []string {
	t.Helper()
	role := azure.ReaderRole()
	role.Name = "Andon without " + lacking
	role.Actions = slices.DeleteFunc(role.Actions, func(a string) bool { return strings.Contains(a, lacking) })
	return e.give(t, role)
}

// give defines a role from the JSON that andon setup prints, and gives it to
// the identity that has none.
func (e emulated) give(t *testing.T, role azure.Role) []string {
	t.Helper()
	env := e.identityOf(t, "no role at all")
	_, client, _ := strings.Cut(env[1], "=")
	var ignored any
	places := map[string]bool{}
	for _, f := range e.Factories {
		places["/subscriptions/"+strings.Split(f, "/")[2]] = true
	}
	for place := range places {
		role := role
		role.Name += " " + place[len(place)-4:]
		post(t, e.Control+"/roles/definitions", role.Definition(place).String(), &ignored)
		post(t, e.Control+"/roles/assignments", fmt.Sprintf(`{"clientId":%q,"role":%q,"scope":%q}`, client, role.Name, place), &ignored)
	}
	return env
}

func brokenSetups(t *testing.T, e emulated) []brokenSetup {
	t.Helper()
	first := []string{"--factory", e.Factories[0]}
	nowhere := e.Factories[0][:strings.LastIndex(e.Factories[0], "/")] + "/adf-nowhere"
	noSecret := "AZURE_CLIENT_SECRET="
	noActivities := startEmulator(t, "--size", "300", "--limits", "off")
	dir := t.TempDir()
	letter := filepath.Join(dir, "letter.db")
	if err := os.WriteFile(letter, []byte(strings.Repeat("Dear reader, this is a letter. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	return []brokenSetup{
		{name: "no identity", env: []string{"AZURE_TENANT_ID=", "AZURE_CLIENT_ID=", noSecret}, step: "settings", cause: "no identity to ask Azure with: set AZURE_TENANT_ID"},
		{name: "a wrong secret", env: []string{"AZURE_CLIENT_SECRET=CANARY"}, step: "token", cause: "does not accept the client secret (AADSTS7000215)", command: "az ad app credential reset --id '" + e.ClientID + "'"},
		{name: "the id of the secret", env: []string{"AZURE_CLIENT_SECRET=1c2e4c0e-6b1b-4a57-9c4e-2f5d8a6b7c9d"}, step: "token", cause: "the secret's id and not its value", command: "az ad app credential reset"},
		{name: "an expired secret", env: e.identityOf(t, "expired"), step: "token", cause: "the client secret has expired (AADSTS7000222)", command: "az ad app credential reset"},
		{name: "an unknown client", env: []string{"AZURE_CLIENT_ID=00000000-0000-0000-0000-000000000001"}, step: "token", cause: "no application with this id (AADSTS700016)", command: "az ad app list"},
		{name: "an unknown tenant", env: []string{"AZURE_TENANT_ID=00000000-0000-0000-0000-000000000002"}, step: "token", cause: "no such tenant (AADSTS90002)", command: "az account list"},
		{name: "a certificate that is not registered", env: []string{noSecret, "AZURE_CLIENT_CERTIFICATE_PATH=" + certificateFile(t, time.Now().AddDate(1, 0, 0))}, step: "token", cause: "does not accept the certificate (AADSTS700027)", command: "--cert @andon-public.pem"},
		{name: "a certificate that has expired", env: []string{noSecret, "AZURE_CLIENT_CERTIFICATE_PATH=" + certificateFile(t, time.Now().AddDate(0, 0, -1))}, step: "token", cause: "the certificate has expired on", command: "openssl req -x509"},
		{name: "a certificate that can't be read", env: []string{noSecret, "AZURE_CLIENT_CERTIFICATE_PATH=" + filepath.Join(dir, "none.pem")}, step: "settings", cause: "the certificate can't be read", command: "ls -l"},
		{name: "a federated token about somebody else", env: []string{noSecret, "AZURE_FEDERATED_TOKEN_FILE=" + e.federatedFile(t, `{"subject":"system:serviceaccount:andon:default"}`)}, step: "token", cause: "does not trust the subject of the federated token (AADSTS700213)", command: `"subject":"system:serviceaccount:andon:default"`},
		{name: "a wrong audience of the cloud", env: []string{"ANDON_AUDIENCE=https://management.example.com"}, step: "token", cause: "under this audience (AADSTS500011)", command: "export ANDON_AUDIENCE="},
		{name: "no role at all", env: e.identityOf(t, "no role at all"), step: "subscriptions", cause: "it holds no role anywhere", command: "az role assignment create"},
		{name: "Reader without the right to query", env: e.identityOf(t, "built-in Reader"), args: first, step: "queryPipelineRuns", cause: "may not Microsoft.DataFactory/factories/querypipelineruns/action", command: "--scope '" + e.Factories[0] + "'"},
		{name: "only activities may not be queried", on: &noActivities, env: withRole(t, noActivities, "queryactivityruns"), args: first, step: "queryActivityRuns", cause: "may not Microsoft.DataFactory/factories/pipelineruns/queryactivityruns/action", command: "az role assignment create"},
		{name: "an identity of another tenant", env: e.identityOf(t, "of another tenant"), args: first, step: "getFactory", cause: "belongs to another tenant", command: "az account show --subscription"},
		{name: "a factory that does not exist", args: []string{"--factory", nowhere}, step: "getFactory", cause: "Azure knows no such factory", command: "az resource list --subscription"},
		{name: "a subscription that does not use Data Factory", on: broken(t, `{"call":"factory","fault":"unregistered"}`), args: first, step: "getFactory", cause: "the subscription does not use Data Factory", command: "az provider register --namespace Microsoft.DataFactory"},
		{name: "a disabled subscription", on: broken(t, `{"call":"*","fault":"disabled"}`), args: first, step: "getFactory", cause: "the subscription is disabled or its type may not use Data Factory (409 ReadOnlyDisabledSubscription)", command: "az account show --subscription"},
		{name: "a subscription that may do nothing", on: broken(t, `{"call":"*","fault":"disallowed"}`), args: first, step: "getFactory", cause: "(400 DisallowedOperation)", command: "az account show --subscription"},
		{name: "a policy that asks for MFA", on: broken(t, `{"call":"queryPipelineRuns","fault":"mfa"}`), args: first, step: "queryPipelineRuns", cause: `the policy "Require MFA to change resources" forbids the request`},
		{name: "a proxy that does not answer", env: []string{"AZURE_AUTHORITY_HOST=", "ANDON_RESOURCE_MANAGER=", "ANDON_AUDIENCE=", "HTTPS_PROXY=http://127.0.0.1:1"}, step: "routeToEntra", cause: "the proxy of HTTPS_PROXY can't be reached", command: "unset HTTPS_PROXY"},
		{name: "an authority that is not trusted", env: []string{"ANDON_CA_FILE="}, step: "routeToEntra", cause: "is not trusted", command: "openssl s_client"},
		{name: "a host without an address", env: []string{"AZURE_AUTHORITY_HOST=https://login.invalid"}, step: "routeToEntra", cause: "the name login.invalid can't be resolved", command: "getent hosts 'login.invalid'"},
		{name: "an address where nobody answers", env: []string{"ANDON_RESOURCE_MANAGER=https://127.0.0.1:1"}, step: "routeToResourceManager", cause: "127.0.0.1:1 refuses connections", command: "curl -sSI 'https://127.0.0.1:1/'"},
		{name: "a login page instead of Azure", env: loginPage(t, http.StatusOK), step: "routeToEntra", cause: "an answer of type text/html where JSON was expected", command: "curl -sSI"},
		{name: "a proxy that sends to its login page", env: loginPage(t, http.StatusFound), step: "routeToEntra", cause: "wants to redirect", command: "curl -sSI"},
		{name: "a clock that is wrong", on: broken(t, `{"call":"*","fault":"skew"}`), args: first, step: "clock", cause: "this machine's clock is", command: "timedatectl set-ntp true"},
		{name: "throttled for long", on: broken(t, `{"call":"queryPipelineRuns","fault":"429","retryAfter":"120"}`), args: first, step: "queryPipelineRuns", cause: "Azure's limit of requests is reached (429 SubscriptionRequestsThrottled)", command: "sleep 1"},
		{name: "no answer in time", on: broken(t, `{"call":"queryTriggerRuns","fault":"hang"}`), args: append([]string{"--timeout", "2s"}, first...), step: "queryTriggerRuns", cause: "there was no answer within 2s", command: "andon doctor --timeout 6s"},
		{name: "no directory for the store", args: append([]string{"--store", "sqlite:" + filepath.Join(dir, "none", "andon.db")}, first...), step: "storeDirectory", cause: "does not exist", command: "mkdir -p '" + filepath.Join(dir, "none") + "'"},
		{name: "a store that is none", args: append([]string{"--store", "sqlite:" + letter}, first...), step: "storeFile", cause: "is not a SQLite database", command: "ls -l"},
	}
}

// TestTheDoctorNamesWhatIsBroken: for each broken setup the failing step, its
// cause and the command that mends it, the whole text in a golden file, and
// never a secret.
func TestTheDoctorNamesWhatIsBroken(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "300", "--limits", "off")
	cases := brokenSetups(t, e)
	said := make([]string, len(cases))
	t.Run("cases", func(t *testing.T) {
		for i, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				said[i] = tc.check(t, e)
			})
		}
	})
	var text strings.Builder
	for i, tc := range cases {
		fmt.Fprintf(&text, "== %s\n%s", tc.name, said[i])
	}
	golden.Assert(t, steady(text.String()), "doctor.golden")
}

// check runs the doctor on a broken setup, as text and as JSON, and returns
// the text.
func (tc *brokenSetup) check(t *testing.T, e emulated) string {
	t.Helper()
	if tc.on != nil {
		e = *tc.on
	}
	dir := t.TempDir()
	env := append(append(e.env(), "ANDON_STORE=sqlite:"+filepath.Join(dir, "andon.db")), tc.env...)
	stdout, stderr, code := runCommand(t, env, append([]string{"doctor"}, tc.args...)...)
	if code != 1 || !strings.Contains(stderr, "something failed") {
		t.Errorf("exit code %d, said %s", code, stderr)
	}
	asJSON, _, code := runCommand(t, env, append([]string{"doctor", "--json"}, tc.args...)...)
	var report doctor.Report
	if err := json.Unmarshal([]byte(asJSON), &report); err != nil || code != 1 || report.Status != doctor.Failed {
		t.Fatalf("exit code %d, %v in %s", code, err, asJSON)
	}
	failed := firstFailed(report)
	if failed.Step != tc.step || !strings.Contains(failed.What, tc.cause) || !strings.Contains(failed.Command, tc.command) {
		t.Errorf("%s failed, %q, command %q;\nwant %s, %q, %q", failed.Step, failed.What, failed.Command, tc.step, tc.cause, tc.command)
	}
	secrets := []string{"CANARY", e.ClientSecret, "1c2e4c0e-6b1b-4a57-9c4e-2f5d8a6b7c9d"}
	for _, i := range e.Identities {
		secrets = append(secrets, i.ClientSecret)
	}
	for _, secret := range secrets {
		if strings.Contains(stdout+stderr+asJSON, secret) {
			t.Errorf("a secret is shown:\n%s%s", stdout, asJSON)
		}
	}
	return strings.ReplaceAll(stdout, dir, "DIR")
}

func firstFailed(r doctor.Report) doctor.Step {
	for s := range r.Steps {
		if s.Status == doctor.Failed {
			return s
		}
	}
	return doctor.Step{}
}

// steady takes out of a report what differs from run to run.
func steady(text string) string {
	for _, r := range []struct{ pattern, by string }{
		{`127\.0\.0\.1:\d{2,}`, "127.0.0.1:PORT"},
		{`\d+ (trigger )?runs?( and more)? in the last minute`, "N ${1}runs in the last minute"},
		{`\d+ [MG]B free`, "ROOM free"},
		{`/\S*/Test\w+/\d+`, "DIR"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "TIME"},
		{`expired on \d{4}-\d\d-\d\d`, "expired on DAY"},
		{`sleep 1\d\d`, "sleep 120"},
		{`(6m59|7m0|7m1)s`, "7m0s"},
		{`lookup login.invalid[^"\\]*`, "lookup login.invalid: …"},
		{`"durationInMs": \d+`, `"durationInMs": 0`},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.by)
	}
	return text
}

// TestTheDoctorFindsAHealthySetupWell, both as text and as JSON, with the role
// of andon setup and nothing more.
func TestTheDoctorFindsAHealthySetupWell(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "300", "--limits", "off")
	env := append(append(e.env(), e.give(t, azure.ReaderRole())...), "ANDON_STORE=sqlite:"+filepath.Join(t.TempDir(), "andon.db"))
	text, stderr, code := runCommand(t, env, "doctor")
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d, said %s", code, stderr)
	}
	asJSON, _, code := runCommand(t, env, "doctor", "--json", "--factory", e.Factories[0])
	if code != 0 {
		t.Errorf("as JSON: exit code %d", code)
	}
	golden.Assert(t, steady(text)+steady(asJSON), "doctor-healthy.golden")
	proxied, stderr, code := runCommand(t, append(e.proxyEnv(), "ANDON_STORE=sqlite:"+filepath.Join(t.TempDir(), "andon.db")), "doctor")
	if code != 0 || !strings.Contains(proxied, "management.azure.com answers, through the proxy 127.0.0.1:") || !strings.Contains(proxied, "cloud public") {
		t.Errorf("through the proxy: exit code %d, said %s%s", code, proxied, stderr)
	}
	store := "sqlite:" + filepath.Join(t.TempDir(), "andon.db")
	start(t, nil, "serve", "--no-collect", "--listen", "127.0.0.1:0", "--store", store).says("serving on")
	served, stderr, code := runCommand(t, env, "doctor", "--store", store, "--factory", e.Factories[0])
	if code != 0 || !strings.Contains(served, "andon.db opens") {
		t.Errorf("beside a server: exit code %d, said %s%s", code, served, stderr)
	}
	all, _, code := runCommand(t, env, "doctor", "--all")
	if code != 0 || strings.Contains(all, "not looked at") {
		t.Errorf("--all: exit code %d, said %s", code, all)
	}
	for _, f := range e.Factories {
		if !strings.Contains(strings.ToLower(all), strings.ToLower("factory "+f)) {
			t.Errorf("--all leaves out %s", f)
		}
	}
}

// TestTheDoctorLooksAtTheDisk on file systems of their own: one that is
// read-only, one that is full.
func TestTheDoctorLooksAtTheDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: a disk of its own needs root, to mount one")
	}
	e := startEmulator(t, "--size", "300", "--limits", "off")
	var got strings.Builder
	for _, tc := range []struct{ name, prepare, want string }{
		{"read-only", "mount -o remount,ro %[1]q", "is read-only"},
		{"full", "head -c 2m /dev/zero >%[1]q/ballast 2>/dev/null || true", "is full"},
	} {
		dir := t.TempDir()
		script := fmt.Sprintf("mount -t tmpfs -o size=1m tmpfs %[1]q && { "+tc.prepare+"; } && exec %[2]q doctor --factory %[3]q --store sqlite:%[1]s/andon.db", dir, binary, e.Factories[0])
		cmd := exec.CommandContext(t.Context(), "unshare", "-m", "sh", "-c", script)
		cmd.Env = cleanEnv(e.env()...)
		out, err := cmd.Output()
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), tc.want) {
			t.Errorf("%s: %v, said %s", tc.name, err, out)
		}
		_, store, _ := strings.Cut(string(out), "\nstore ")
		fmt.Fprintf(&got, "== %s\nstore %s", tc.name, strings.ReplaceAll(store, dir, "DIR"))
	}
	golden.Assert(t, steady(got.String()), "doctor-disk.golden")
}

// TestSetupChecksTheRights at each kind of scope.
func TestSetupChecksTheRights(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "300", "--limits", "off")
	parts := strings.Split(e.Factories[0], "/")
	group, subscription := strings.Join(parts[:5], "/"), strings.Join(parts[:3], "/")
	tenant := "/providers/Microsoft.Management/managementGroups/" + e.TenantID
	good, bad := e.identityOf(t, "everywhere: reads every factory and its runs"), e.identityOf(t, "built-in Reader")
	var got strings.Builder
	for _, tc := range []struct {
		name string
		env  []string
		args []string
		code int
	}{
		{"a factory, all rights", good, []string{"--scope", e.Factories[0]}, 0},
		{"a resource group, all rights", good, []string{"--scope", group}, 0},
		{"a subscription, rights missing", bad, []string{"--scope", subscription}, 1},
		{"a management group, all rights, and to operate", good, []string{"--scope", tenant, "--operator"}, 0},
	} {
		stdout, stderr, code := runCommand(t, append(e.env(), tc.env...), append([]string{"setup", "--check"}, tc.args...)...)
		if code != tc.code {
			t.Errorf("%s: exit code %d, want %d; it said %s", tc.name, code, tc.code, stderr)
		}
		fmt.Fprintf(&got, "== %s\n%s%s", tc.name, stdout, stderr)
	}
	golden.Assert(t, steady(got.String()), "setup-check.golden")
}
