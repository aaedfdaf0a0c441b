package azure_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andon/internal/azure"
)

// bare is the emulator's configuration without anything that proves who asks.
func (e emulated) bare() azure.Config {
	cfg := e.config()
	cfg.Secret = ""
	return cfg
}

// found counts the factories that a client finds from nothing.
func found(ctx context.Context, c *azure.Client) (int, error) {
	subscriptions, err := c.Subscriptions(ctx)
	n := 0
	for _, s := range subscriptions {
		factories, err := c.Factories(ctx, s.SubscriptionID)
		if err != nil {
			return n, err
		}
		n += len(factories)
	}
	return n, err
}

// wantAll fails unless cfg finds every factory of the emulator and may query.
func (e emulated) wantAll(t *testing.T, cfg azure.Config) {
	t.Helper()
	c := newClient(t, cfg)
	if n, err := found(t.Context(), c); err != nil || n != len(e.Factories) {
		t.Errorf("%d factories of %d are found: %v", n, len(e.Factories), err)
	}
	if _, err := c.QueryPipelineRuns(t.Context(), e.busiest(), window()); err != nil {
		t.Error(err)
	}
}

// wantRefusal fails unless cfg is refused with that kind, a part of what is
// said, and something to do.
func (e emulated) wantRefusal(t *testing.T, cfg azure.Config, kind azure.Kind, says string) {
	t.Helper()
	checkRefusal(t, e.refusal(t, cfg), kind, says)
}

// refusal is how a query of cfg fails.
func (e emulated) refusal(t *testing.T, cfg azure.Config) *azure.Error {
	t.Helper()
	_, err := newClient(t, cfg).QueryPipelineRuns(t.Context(), e.busiest(), window())
	return asError(t, err)
}

func checkRefusal(t *testing.T, got *azure.Error, kind azure.Kind, says string) {
	t.Helper()
	if got.Kind != kind || !strings.Contains(got.Error(), says) || got.Advice == "" || got.Call != "token" {
		t.Errorf("got %s of %s: %v; want %s saying %q", got.Kind, got.Call, got, kind, says)
	}
	wantClean(t, got, "")
}

func TestACertificateAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	e := emulate(t, 600)
	cfg := e.bare()
	cfg.CertificateFile = e.CertificateFile
	e.wantAll(t, cfg)
	c, key := certificate(t)
	cfg.CertificateFile = writeFile(t, asPEM(t, c, key))
	got := e.refusal(t, cfg)
	checkRefusal(t, got, azure.KindBadCertificate, "AADSTS700027")
	if !strings.Contains(got.Advice, "upload") {
		t.Errorf("advice %q", got.Advice)
	}
}

// mint gets a federated token of the emulator as a file.
func (e emulated) mint(t *testing.T, body map[string]any) string {
	t.Helper()
	var got struct{ Token string }
	if err := json.Unmarshal(e.control(t, http.MethodPost, "/federation/token", body), &got); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, []byte(got.Token))
}

func TestAFederatedTokenAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	e := emulate(t, 600)
	cfg := e.bare()
	cfg.FederatedTokenFile = e.FederatedTokenFile
	e.wantAll(t, cfg)
	for name, tc := range map[string]struct {
		token        map[string]any
		code, advice string
	}{
		"wrong audience": {map[string]any{"audience": "https://kubernetes.default.svc"}, "700212", "api://AzureADTokenExchange"},
		"wrong subject":  {map[string]any{"subject": "system:serviceaccount:andon:default"}, "700213", "system:serviceaccount:<namespace>"},
		"wrong case":     {map[string]any{"subject": "system:serviceaccount:andon:Andon"}, "7002138", "upper and lower case"},
		"wrong issuer":   {map[string]any{"cluster": "other"}, "700211", "issuer"},
		"foreign key":    {map[string]any{"key": "foreign"}, "7000272", "keys"},
		"expired":        {map[string]any{"expiresIn": "-10m"}, "700024", "renewed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := cfg
			cfg.FederatedTokenFile = e.mint(t, tc.token)
			got := e.refusal(t, cfg)
			checkRefusal(t, got, azure.KindBadFederation, "AADSTS"+tc.code)
			if !strings.Contains(got.Advice, tc.advice) {
				t.Errorf("advice %q lacks %q", got.Advice, tc.advice)
			}
		})
	}
	t.Run("no token", func(t *testing.T) {
		t.Parallel()
		cfg := cfg
		cfg.FederatedTokenFile = writeFile(t, []byte("hello"))
		e.wantRefusal(t, cfg, azure.KindBadFederation, "AADSTS50027")
	})
	for name, spoil := range map[string]func(string) error{
		"gone":  os.Remove,
		"empty": func(file string) error { return os.Truncate(file, 0) },
	} {
		t.Run("a file that is "+name+" later", func(t *testing.T) {
			t.Parallel()
			cfg := cfg
			cfg.FederatedTokenFile = e.mint(t, map[string]any{})
			c := newClient(t, cfg)
			if err := spoil(cfg.FederatedTokenFile); err != nil {
				t.Fatal(err)
			}
			_, err := c.QueryPipelineRuns(t.Context(), e.busiest(), window())
			if got := asError(t, err); got.Kind != azure.KindBadFederation || !strings.Contains(err.Error(), cfg.FederatedTokenFile) {
				t.Errorf("got %s: %v", got.Kind, err)
			}
		})
	}
	t.Run("an application that trusts none", func(t *testing.T) {
		t.Parallel()
		cfg := cfg
		cfg.ClientID = e.Identities[0].ClientID
		e.wantRefusal(t, cfg, azure.KindBadFederation, "AADSTS70021")
	})
}

// TestTokensThatLiveForSecondsAreRenewed: a client that keeps a token too long
// is refused.
func TestTokensThatLiveForSecondsAreRenewed(t *testing.T) {
	t.Parallel()
	e := emulate(t, 600)
	e.control(t, http.MethodPost, "/tokens", map[string]any{"life": "1s"})
	e.control(t, http.MethodDelete, "/truth/requests", nil)
	c := newClient(t, e.config())
	for range 3 {
		if _, err := c.QueryPipelineRuns(t.Context(), e.busiest(), window()); err != nil {
			t.Fatal(err)
		}
	}
	var counts struct{ ByCall map[string]int }
	if err := json.Unmarshal(e.control(t, http.MethodGet, "/truth/requests", nil), &counts); err != nil {
		t.Fatal(err)
	}
	if counts.ByCall["token"] != 3 {
		t.Errorf("%d tokens were asked for, want one for each of 3 calls", counts.ByCall["token"])
	}
}

// TestASecretThatIsTakenAwayIsToldAndItsSuccessorWorks: a rotation, seen from
// the client.
func TestASecretThatIsTakenAwayIsToldAndItsSuccessorWorks(t *testing.T) {
	t.Parallel()
	e := emulate(t, 600)
	var added struct{ ClientSecret string }
	if err := json.Unmarshal(e.control(t, http.MethodPost, "/identities/secrets", map[string]any{"clientId": e.ClientID}), &added); err != nil {
		t.Fatal(err)
	}
	e.control(t, http.MethodDelete, "/identities/secrets", map[string]any{"clientId": e.ClientID, "hint": e.ClientSecret[:3]})
	e.wantRefusal(t, e.config(), azure.KindWrongSecret, "AADSTS7000215")
	cfg := e.config()
	cfg.Secret = azure.Secret(added.ClientSecret)
	e.wantAll(t, cfg)
}

// emulateShort is an emulator whose tokens live too short for the library's
// cache, which it keeps for the whole process and every managed identity: what
// one test got would serve the next.
func emulateShort(t *testing.T) emulated {
	t.Helper()
	e := emulate(t, 600)
	e.control(t, http.MethodPost, "/tokens", map[string]any{"life": "4m"})
	return e
}

func TestAManagedIdentityAgainstTheEmulator(t *testing.T) {
	e := emulateShort(t)
	cfg := e.bare()
	cfg.TenantID, cfg.ClientID, cfg.ManagedIdentity = "", "", true
	t.Setenv("IDENTITY_ENDPOINT", e.ManagedIdentity.Endpoint)
	t.Setenv("IDENTITY_HEADER", e.ManagedIdentity.Header)
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // which nobody asks for it
	e.wantAll(t, cfg)
	cfg.ClientID = e.ManagedIdentity.ClientID
	e.wantAll(t, cfg)

	cfg.ClientID = e.ClientID
	got := e.refusal(t, cfg)
	checkRefusal(t, got, azure.KindUnauthorized, "is not one of this machine's")
	if got.Status != http.StatusBadRequest {
		t.Errorf("status %d", got.Status)
	}
	cfg.ClientID = ""
	t.Setenv("IDENTITY_HEADER", canary)
	got = e.refusal(t, cfg)
	checkRefusal(t, got, azure.KindUnauthorized, "IDENTITY_HEADER")
	if got.Status != http.StatusUnauthorized {
		t.Errorf("status %d", got.Status)
	}
	t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token")
	e.wantRefusal(t, cfg, azure.KindNoRoute, "the identity endpoint of this machine can't be reached")
}

// TestAForbiddenManagedIdentityIsNamedByItsObjectID: it has no other name here.
func TestAForbiddenManagedIdentityIsNamedByItsObjectID(t *testing.T) {
	e := emulateShort(t)
	t.Setenv("IDENTITY_ENDPOINT", e.ManagedIdentity.Endpoint)
	t.Setenv("IDENTITY_HEADER", e.ManagedIdentity.Header)
	e.control(t, http.MethodDelete, "/roles/assignments", map[string]any{
		"clientId": e.ManagedIdentity.ClientID, "role": "ADF Run Monitor", "scope": "/providers/Microsoft.Management/managementGroups/" + e.TenantID,
	})
	var all struct {
		Items []struct{ ClientID, ObjectID string }
	}
	if err := json.Unmarshal(e.control(t, http.MethodGet, "/identities", nil), &all); err != nil {
		t.Fatal(err)
	}
	objectID := all.Items[len(all.Items)-1].ObjectID
	cfg := e.bare()
	cfg.TenantID, cfg.ClientID, cfg.ManagedIdentity = "", "", true
	_, err := newClient(t, cfg).QueryPipelineRuns(t.Context(), e.busiest(), window())
	if got := asError(t, err); got.Kind != azure.KindForbidden || !strings.Contains(got.Command, "--assignee '"+objectID+"'") {
		t.Errorf("got %s, command %q; want object id %s in it", got.Kind, got.Command, objectID)
	}
}

// fakeAZ puts an az on PATH that does what script says.
func fakeAZ(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
}

// accessToken gets a token of the emulator as az does.
func (e emulated) accessToken(t *testing.T) string {
	t.Helper()
	c := newClient(t, e.config())
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {e.ClientID}, "client_secret": {e.ClientSecret}, "resource": {"https://management.azure.com"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.Authority+"/"+e.TenantID+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := azure.HTTPOf(c).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &got); err != nil || got.AccessToken == "" {
		t.Fatalf("%v in %s", err, body)
	}
	return got.AccessToken
}

func TestTheAzureCLIAgainstTheEmulator(t *testing.T) {
	e := emulate(t, 600)
	cfg := e.bare()
	cfg.ClientID, cfg.AzureCLI = "", true
	expires := time.Now().Add(time.Hour)
	fakeAZ(t, fmt.Sprintf(`test "$*" = "account get-access-token -o json --resource https://management.azure.com --tenant %s" || { echo "asked for $*" >&2; exit 2; }
echo '{"accessToken":"%s","expires_on":%d,"expiresOn":"%s","tokenType":"Bearer"}'
`, e.TenantID, e.accessToken(t), expires.Unix(), expires.Format("2006-01-02 15:04:05.000000")))
	e.wantAll(t, cfg)

	for name, tc := range map[string]struct {
		script  string
		kind    azure.Kind
		says    string
		command string
	}{
		"logged out": {`echo "ERROR: Please run 'az login' to setup account. ` + canary + `" >&2; exit 1`, azure.KindUnauthorized, "nobody is logged in to the Azure CLI", "az login --tenant '" + e.TenantID + "'"},
		"too long":   {`echo "ERROR: AADSTS700082: The refresh token has expired due to inactivity. ` + canary + `" >&2; exit 1`, azure.KindUnauthorized, "AADSTS700082", "az login --tenant '" + e.TenantID + "'"},
		"broken":     {`echo "Traceback ` + canary + `" >&2; exit 1`, azure.KindUnauthorized, "the Azure CLI gave no token", "az account get-access-token --output none --tenant '" + e.TenantID + "'"},
		"no JSON":    {`echo "` + canary + `"`, azure.KindUnauthorized, "the Azure CLI gave no token", "az account get-access-token --output none --tenant '" + e.TenantID + "'"},
	} {
		t.Run(name, func(t *testing.T) {
			fakeAZ(t, tc.script)
			got := e.refusal(t, cfg)
			checkRefusal(t, got, tc.kind, tc.says)
			if got.Command != tc.command {
				t.Errorf("command %q, want %q", got.Command, tc.command)
			}
		})
	}
	t.Run("not installed", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		e.wantRefusal(t, cfg, azure.KindConfig, "the Azure CLI is not installed")
	})
}
