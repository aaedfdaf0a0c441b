package azure_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andon/internal/azure"
	"andon/internal/azure/budget"
)

// printings returns every way in which fmt shows things.
func printings(things ...any) []string {
	var out []string
	for _, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			out = append(out, fmt.Sprintf(verb, thing))
		}
	}
	return out
}

// wantClean fails when err, its causes or the log show a secret or a body.
func wantClean(t *testing.T, err error, logged string) {
	t.Helper()
	shown := []string{logged}
	for e := err; e != nil; e = errors.Unwrap(e) {
		shown = append(shown, printings(e)...)
	}
	for _, text := range shown {
		for _, secret := range []string{canary, theToken, "b0dy"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows in %q", secret, text)
			}
		}
	}
}

func aadsts(code int) string {
	return fmt.Sprintf(`{"error":"invalid_client","error_description":"AADSTS%d: b0dy %s","error_codes":[%d],"trace_id":"x"}`, code, canary, code)
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	arm := func(status int, code, message string) http.HandlerFunc {
		return always(status, fmt.Sprintf(`{"error":{"code":%q,"message":%q,"details":null}}`, code, message+" b0dy "+canary))
	}
	html := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<html>b0dy log in here</html>")) // the client may have left
		}
	}
	header := func(name, value string, then http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(name, value)
			then(w, r)
		}
	}
	for name, tc := range map[string]struct {
		token, arm http.HandlerFunc
		want       azure.Kind
		code       string
		says       []string
	}{
		"wrong secret":        {token: always(401, aadsts(7000215)), want: azure.KindWrongSecret, code: "AADSTS7000215", says: []string{"value, not its id", "source contoso", clientID}},
		"no secret":           {token: always(401, aadsts(7000216)), want: azure.KindWrongSecret},
		"expired secret":      {token: always(401, aadsts(7000222)), want: azure.KindExpiredSecret, says: []string{"make a new one"}},
		"unknown client":      {token: always(400, aadsts(700016)), want: azure.KindUnknownClient},
		"unknown tenant":      {token: always(400, aadsts(90002)), want: azure.KindUnknownTenant, says: []string{tenant}},
		"certificate unknown": {token: always(401, aadsts(700027)), want: azure.KindBadCertificate},
		"clock":               {token: always(401, aadsts(700024)), want: azure.KindBadCertificate, says: []string{"clock"}},
		"another AADSTS":      {token: always(400, aadsts(53003)), want: azure.KindUnauthorized, code: "AADSTS53003"},
		"unheard of AADSTS":   {token: always(400, aadsts(1234567)), want: azure.KindUnauthorized, says: []string{"error?code=1234567"}},
		"Entra says nothing":  {token: always(400, `{"b0dy":1}`), want: azure.KindUnauthorized},
		"Entra HTML":          {token: html(403), want: azure.KindNotJSON, says: []string{"text/html", "HTTPS_PROXY"}},
		"Entra redirects":     {token: header("Location", "https://login.example/", html(302)), want: azure.KindNotJSON},
		"Entra 503":           {token: always(503, ""), want: azure.KindServer},
		"Entra 429":           {token: header("Retry-After", "30", always(429, "{}")), want: azure.KindThrottled},

		"401":              {arm: arm(401, "InvalidAuthenticationToken", ""), want: azure.KindUnauthorized, code: "InvalidAuthenticationToken"},
		"401 tenant":       {arm: arm(401, "InvalidAuthenticationTokenTenant", ""), want: azure.KindUnauthorized, says: []string{"another tenant"}},
		"401 audience":     {arm: arm(401, "InvalidAuthenticationTokenAudience", ""), want: azure.KindUnauthorized, says: []string{"audience"}},
		"403 policy":       {arm: arm(403, "RequestDisallowedByPolicy", ""), want: azure.KindForbidden, code: "RequestDisallowedByPolicy"},
		"404 factory":      {arm: arm(404, "ResourceNotFound", ""), want: azure.KindNoFactory, says: []string{"no such factory"}},
		"404 group":        {arm: arm(404, "ResourceGroupNotFound", ""), want: azure.KindNoFactory, says: []string{"no such resource group"}},
		"404 subscription": {arm: arm(404, "SubscriptionNotFound", ""), want: azure.KindNoSubscription, says: []string{"no such subscription", "another tenant", "history stays"}},
		"400 subscription": {arm: arm(400, "InvalidSubscriptionId", ""), want: azure.KindNoSubscription, says: []string{"no such subscription", "check the id"}},
		"404 empty":        {arm: always(404, ""), want: azure.KindNoFactory},
		"400":              {arm: arm(400, "BadRequest", ""), want: azure.KindBadRequest, code: "BadRequest"},
		"bare envelope":    {arm: always(400, `{"code":"Odd","message":"b0dy"}`), want: azure.KindBadRequest, code: "Odd"},
		"code is a number": {arm: always(400, `{"error":{"code":7}}`), want: azure.KindBadRequest},
		"error is a text":  {arm: always(400, `{"error":"b0dy"}`), want: azure.KindBadRequest},
		"500":              {arm: arm(500, "InternalServerError", ""), want: azure.KindServer},
		"503 for long":     {arm: header("Retry-After", "120", always(503, "")), want: azure.KindServer},
		"429 for long":     {arm: header("Retry-After", "120", always(429, "")), want: azure.KindThrottled},
		"200 HTML":         {arm: html(200), want: azure.KindNotJSON, says: []string{"text/html", "HTTPS_PROXY"}},
		"403 HTML":         {arm: html(403), want: azure.KindNotJSON},
		"redirect":         {arm: header("Location", "https://login.example/", html(302)), want: azure.KindNotJSON, says: []string{"redirect"}},
		"not a page":       {arm: always(200, `{"b0dy":[]}`), want: azure.KindNotJSON},
		"not JSON":         {arm: always(200, `{"value":[b0dy`), want: azure.KindNotJSON},
		"no body":          {arm: always(200, ""), want: azure.KindNotJSON},
		"cut for ever":     {arm: cut, want: azure.KindCut},
		"reset for ever":   {arm: reset, want: azure.KindCut},
		"too large":        {arm: endless, want: azure.KindTooLarge, says: []string{"larger than 64 MiB", "less is asked for"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged bytes.Buffer
			s := startAzure(t, tc.token, tc.arm)
			cfg := s.config(t)
			cfg.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
			_, err := newClient(t, cfg).QueryPipelineRuns(t.Context(), factory, window())
			e := asError(t, err)
			if e.Kind != tc.want || (tc.code != "" && e.Code != tc.code) {
				t.Errorf("got %s %s (%v), want %s %s", e.Kind, e.Code, err, tc.want, tc.code)
			}
			if tc.token != nil && e.Call != "token" {
				t.Errorf("call = %s, want token", e.Call)
			}
			if tc.want == azure.KindThrottled && e.RetryAt.Before(time.Now().Add(5*time.Second)) {
				t.Errorf("RetryAt = %s, want what Azure said", e.RetryAt)
			}
			for _, part := range append(tc.says, "contoso") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			wantClean(t, err, logged.String())
		})
	}
}

func TestARunThatIsGoneIsTellableFromAFactoryThatIs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		arm  http.HandlerFunc
		want azure.Kind
	}{
		"404 empty":                     {always(404, ""), azure.KindNotFound},
		"404 NotFound":                  {always(404, `{"error":{"code":"NotFound"}}`), azure.KindNotFound},
		"400 with a NotFound code":      {always(400, `{"error":{"code":"ReferencedPipelineRunNotFound"}}`), azure.KindNotFound},
		"404 for the factory":           {always(404, `{"error":{"code":"ResourceNotFound"}}`), azure.KindNoFactory},
		"404 for the parent":            {always(404, `{"error":{"code":"ParentResourceNotFound"}}`), azure.KindNoFactory},
		"404 for the subscription":      {always(404, `{"error":{"code":"SubscriptionNotFound"}}`), azure.KindNoSubscription},
		"404 from a page, not from ARM": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusNotFound) }, azure.KindNotJSON},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := startAzure(t, nil, tc.arm).client(t).PipelineRun(t.Context(), factory, someRunID)
			if e := asError(t, err); e.Kind != tc.want {
				t.Errorf("got %s (%v), want %s", e.Kind, err, tc.want)
			}
		})
	}
}

func TestARefusedContinuationTokenIsNotABadRequest(t *testing.T) {
	t.Parallel()
	c := startAzure(t, nil, always(400, `{"error":{"code":"BadRequest","message":"Invalid continuation token"}}`)).client(t)
	filter := window()
	filter.ContinuationToken = "old"
	_, err := c.QueryPipelineRuns(t.Context(), factory, filter)
	if e := asError(t, err); e.Kind != azure.KindTokenRefused {
		t.Errorf("with a token: got %s, want %s", e.Kind, azure.KindTokenRefused)
	}
	_, err = c.QueryActivityRuns(t.Context(), factory, someRunID, window())
	if e := asError(t, err); e.Kind != azure.KindBadRequest {
		t.Errorf("without one: got %s, want %s", e.Kind, azure.KindBadRequest)
	}
}

// TestAPolicyThatKeepsTheApplicationOutIsNotAskedAgainAtOnce: Conditional
// Access, say, or a code that nobody knows. Only a person can change it.
func TestAPolicyThatKeepsTheApplicationOutIsNotAskedAgainAtOnce(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	refuse := always(400, aadsts(53003))
	client := startAzure(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		refuse(w, r)
	}, nil).client(t)
	for range 10 {
		_, err := client.QueryPipelineRuns(t.Context(), factory, window())
		if e := asError(t, err); e.Kind != azure.KindUnauthorized || e.Call != azure.TokenCall {
			t.Fatalf("%s in %s", e.Kind, e.Call)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("Entra ID was asked %d times within a moment", n)
	}
}

func TestForbiddenNamesTheRightAndTheCommand(t *testing.T) {
	t.Parallel()
	const query = "Microsoft.DataFactory/factories/querypipelineruns/action"
	for name, tc := range map[string]struct{ code, message, action, scope string }{
		"AuthorizationFailed": {
			"AuthorizationFailed", "The client 'x' with object id 'y' does not have authorization to perform action 'Microsoft.DataFactory/factories/querypipelineruns/read' over scope '/subscriptions/s' or the scope is invalid.",
			"Microsoft.DataFactory/factories/querypipelineruns/read", string(factory),
		},
		"a text in another language": {"AuthorizationFailed", "Der Client darf das nicht.", query, string(factory)},
		"LinkedAuthorizationFailed": {
			"LinkedAuthorizationFailed", "The client 'x' has permission to perform action 'Microsoft.DataFactory/factories/write' on scope '/subscriptions/a'; however, it does not have permission to perform action(s) 'Microsoft.Network/join/action' on the linked scope(s) '/subscriptions/b/resourceGroups/c' (respectively).",
			"Microsoft.Network/join/action", "/subscriptions/b/resourceGroups/c",
		},
		"a hostile scope": {
			"LinkedAuthorizationFailed", "perform action 'A/read' on scope '/subscriptions/a'; action(s) 'B/read' on the linked scope(s) '/subscriptions/b`reboot`'",
			"B/read", "/subscriptions/a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := fmt.Sprintf(`{"error":{"code":%q,"message":%q}}`, tc.code, tc.message)
			_, err := startAzure(t, nil, always(403, body)).client(t).QueryPipelineRuns(t.Context(), factory, window())
			e := asError(t, err)
			if e.Kind != azure.KindForbidden || e.Action != tc.action || e.Scope != tc.scope {
				t.Errorf("got %s, action %q, scope %q; want %s, %q, %q", e.Kind, e.Action, e.Scope, azure.KindForbidden, tc.action, tc.scope)
			}
			want := "az role assignment create --assignee '" + clientID + "' --role 'Andon reader' --scope '" + tc.scope + "'"
			if !strings.HasSuffix(e.Command, "\n"+want) || !strings.HasPrefix(e.Command, "az role definition create ") {
				t.Errorf("command = %s\nwant it to end in %s", e.Command, want)
			}
		})
	}
}

func TestNoRouteSaysWhy(t *testing.T) {
	t.Parallel()
	s := startAzure(t, nil, nil)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "https://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*azure.Cloud)
		says   string
	}{
		"Entra refuses":        {func(c *azure.Cloud) { c.Authority = refusing }, "refuses connections"},
		"ARM refuses":          {func(c *azure.Cloud) { c.ResourceManager = refusing }, "refuses connections"},
		"the name is unknown":  {func(c *azure.Cloud) { c.ResourceManager = "https://arm.invalid" }, "can't be resolved"},
		"Entra's name":         {func(c *azure.Cloud) { c.Authority = "https://login.invalid" }, "can't be resolved"},
		"an unknown authority": {func(c *azure.Cloud) { c.CAFile = "" }, "ANDON_CA_FILE"},
		"another name": {func(c *azure.Cloud) {
			c.ResourceManager = strings.Replace(c.ResourceManager, "127.0.0.1", "localhost", 1)
		}, "not trusted"},
		"a plain HTTP listener": {func(c *azure.Cloud) { c.ResourceManager = strings.Replace(plain.URL, "http:", "https:", 1) }, "does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := s.config(t)
			tc.change(&cfg.Cloud)
			_, err := newClient(t, cfg).QueryPipelineRuns(t.Context(), factory, window())
			if e := asError(t, err); e.Kind != azure.KindNoRoute || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %s: %v; want %s saying %q", e.Kind, err, azure.KindNoRoute, tc.says)
			}
			wantClean(t, err, "")
		})
	}
}

func TestNewRefusesWhatCantWork(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("not PEM b0dy "+canary), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*azure.Config)
		kind   azure.Kind
		says   string
	}{
		"no tenant":             {func(c *azure.Config) { c.TenantID = "" }, azure.KindConfig, "AZURE_TENANT_ID"},
		"a tenant with a slash": {func(c *azure.Config) { c.TenantID = "a/b" }, azure.KindConfig, "GUID"},
		"no client":             {func(c *azure.Config) { c.ClientID = "" }, azure.KindConfig, "AZURE_CLIENT_ID"},
		"no secret":             {func(c *azure.Config) { c.Secret = "" }, azure.KindConfig, "AZURE_CLIENT_SECRET"},
		"both":                  {func(c *azure.Config) { c.CertificateFile = "x.pem" }, azure.KindConfig, "one of the two"},
		"three kinds":           {func(c *azure.Config) { c.ManagedIdentity, c.AzureCLI = true, true }, azure.KindConfig, "a client secret, a managed identity and the Azure CLI: source contoso: give one of them"},
		"two kinds":             {func(c *azure.Config) { c.Secret, c.FederatedTokenFile, c.AzureCLI = "", "/t", true }, azure.KindConfig, "a federated token and the Azure CLI: source contoso: give one of the two"},
		"token without tenant":  {func(c *azure.Config) { c.Secret, c.FederatedTokenFile, c.TenantID = "", "/t", "" }, azure.KindConfig, "the tenant's id is missing, which a federated token needs"},
		"token without client":  {func(c *azure.Config) { c.Secret, c.FederatedTokenFile, c.ClientID = "", "/t", "" }, azure.KindConfig, "the application's id is missing, which a federated token needs"},
		"no federated token":    {func(c *azure.Config) { c.Secret, c.FederatedTokenFile = "", "/nowhere/token" }, azure.KindBadFederation, "file /nowhere/token: check that the file is mounted"},
		"an empty token":        {func(c *azure.Config) { c.Secret, c.FederatedTokenFile = "", "/dev/null" }, azure.KindBadFederation, "is empty"},
		"az, a bad tenant":      {func(c *azure.Config) { c.Secret, c.AzureCLI, c.TenantID = "", true, "a b" }, azure.KindConfig, "GUID"},
		"token, a bad tenant":   {func(c *azure.Config) { c.Secret, c.FederatedTokenFile, c.TenantID = "", empty, "a/b" }, azure.KindConfig, "GUID"},
		"http":                  {func(c *azure.Config) { c.Cloud.Authority = "http://login.example" }, azure.KindConfig, "https://"},
		"a password in a URL":   {func(c *azure.Config) { c.Cloud.ResourceManager = "https://u:" + canary + "@arm.example" }, azure.KindConfig, "host"},
		"no host":               {func(c *azure.Config) { c.Cloud.Studio = "https:///x" }, azure.KindConfig, "studio"},
		"no audience":           {func(c *azure.Config) { c.Cloud.Audience = "arm" }, azure.KindConfig, "audience"},
		"no CA file":            {func(c *azure.Config) { c.Cloud.CAFile = "/nowhere/ca.pem" }, azure.KindConfig, "/nowhere/ca.pem"},
		"an empty CA file":      {func(c *azure.Config) { c.Cloud.CAFile = empty }, azure.KindConfig, "PEM"},
		"no certificate":        {func(c *azure.Config) { c.Secret, c.CertificateFile = "", "/nowhere/c.pem" }, azure.KindBadCertificate, "/nowhere/c.pem"},
		"a bad certificate":     {func(c *azure.Config) { c.Secret, c.CertificateFile = "", empty }, azure.KindBadCertificate, "private key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := azure.Config{Name: "contoso", TenantID: tenant, ClientID: clientID, Secret: canary, Scheduler: budget.New(budget.Budget{Off: true}, nil)}
			tc.change(&cfg)
			_, err := azure.New(cfg)
			if e := asError(t, err); e.Kind != tc.kind || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %s: %v; want %s saying %q", e.Kind, err, tc.kind, tc.says)
			}
			wantClean(t, err, "")
		})
	}
}

// endless answers with more than may be read, until nobody reads it any more.
func endless(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	block := bytes.Repeat([]byte(" "), 1<<20)
	_, err := w.Write([]byte(`{"value":[`))
	for range 80 {
		if err == nil {
			_, err = w.Write(block)
		}
	}
}
