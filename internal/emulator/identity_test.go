package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

// as lets b ask as another identity; what is a part of its sentence.
func (b *bundle) as(what string) emulator.Identity {
	b.t.Helper()
	for _, i := range b.info.Identities {
		if strings.Contains(i.What, what) {
			b.bearer = "Bearer " + b.tokenOf(i)
			return i
		}
	}
	b.t.Fatalf("no identity that %s", what)
	return emulator.Identity{}
}

func (b *bundle) tokenOf(i emulator.Identity) string {
	b.t.Helper()
	form := b.form("client_id", i.ClientID, "client_secret", i.ClientSecret)
	var got struct {
		AccessToken string `json:"access_token"`
	}
	b.decode(b.askToken(i.TenantID, form), http.StatusOK, &got)
	return got.AccessToken
}

// listed counts the subscriptions and factories that the lists show.
func (b *bundle) listed() (subscriptions int, factories []string) {
	b.t.Helper()
	var all struct {
		Value []struct{ SubscriptionID string }
	}
	b.decode(b.arm("GET", "/subscriptions?api-version=2022-12-01", ""), http.StatusOK, &all)
	for _, s := range all.Value {
		var page struct{ Value []struct{ ID string } }
		b.decode(b.arm("GET", "/subscriptions/"+s.SubscriptionID+"/providers/Microsoft.DataFactory/factories", ""), http.StatusOK, &page)
		for _, f := range page.Value {
			factories = append(factories, f.ID)
		}
	}
	return len(all.Value), factories
}

// TestListsShowWhatTheCallerMayRead is azure.md §5 [K]: a subscription shows
// for any role at or below it, a factory for the right to read it.
func TestListsShowWhatTheCallerMayRead(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	first := b.info.Factories[0]
	everything := len(b.info.Factories)
	for what, want := range map[string][2]int{
		"holds ADF Run Monitor everywhere":     {2, everything},
		"built-in Reader everywhere":           {2, everything},
		"Monitoring Reader":                    {2, everything},
		"not query":                            {2, everything},
		"on one resource group":                {1, 1},
		"ADF Run Monitor on the first factory": {1, 1},
		"no role at all":                       {0, 0},
		"of another tenant":                    {0, 0},
	} {
		b.as(what)
		subscriptions, factories := b.listed()
		if subscriptions != want[0] || len(factories) != want[1] {
			t.Errorf("who %s sees %d subscriptions and factories %v, want %v", what, subscriptions, factories, want)
		}
		var graph struct{ TotalRecords int }
		b.decode(b.arm("POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01", `{"query":"resources | where type =~ 'microsoft.datafactory/factories'"}`), http.StatusOK, &graph)
		if graph.TotalRecords != want[1] {
			t.Errorf("who %s finds %d factories in Resource Graph, want %d", what, graph.TotalRecords, want[1])
		}
		if want[1] == 1 && factories[0] != first {
			t.Errorf("who %s sees %v, want %s", what, factories, first)
		}
	}
}

// TestReadersStartAndCancelNothing: the least privilege of azure.md §5 [D3].
func TestReadersStartAndCancelNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	run := b.truth(f)[0]
	create := f + "/pipelines/" + run["pipelineName"].(string) + "/createRun"
	cancel := f + "/pipelineruns/" + run["runId"].(string) + "/cancel"
	b.as("Run Monitor everywhere")
	for path, action := range map[string]string{create: "pipelines/createrun/action", cancel: "pipelineruns/cancel/action"} {
		if a := b.arm("POST", path, "{}"); a.status != http.StatusForbidden || !strings.Contains(string(a.body), "'Microsoft.DataFactory/factories/"+action+"'") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	b.as("on one resource group")
	if a := b.arm("POST", create, "{}"); a.status != http.StatusOK {
		t.Errorf("a contributor of the group: %d %s", a.status, a.body)
	}
}

// TestForbiddenNamesTheActionAndTheScope is azure.md §4 [K], also for what
// does not exist: who may not read is not told.
func TestForbiddenNamesTheActionAndTheScope(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	nobody := b.as("no role at all")
	first, second := b.info.Factories[0], b.info.Factories[1]
	check := func(i emulator.Identity, method, path, action, scope string) {
		t.Helper()
		a := b.arm(method, path, "")
		var e armError
		b.decode(a, http.StatusForbidden, &e)
		start := "The client '" + i.ClientID + "' with object id '"
		end := fmt.Sprintf("' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.", action, scope)
		if e.Error.Code != "AuthorizationFailed" || !strings.HasPrefix(e.Error.Message, start) || !strings.HasSuffix(e.Error.Message, end) {
			t.Errorf("%s %s: got %s, want it to end with %s", method, path, a.body, end)
		}
		if a.header.Get("X-Ms-Failure-Cause") != "gateway" {
			t.Errorf("%s %s: it is not the gateway's", method, path)
		}
	}
	const adf = "Microsoft.DataFactory/factories/"
	subscription := strings.Join(strings.Split(first, "/")[:3], "/")
	check(nobody, "GET", first, adf+"read", first)
	check(nobody, "GET", first+"x", adf+"read", first+"x")
	check(nobody, "POST", first+"/queryPipelineRuns", adf+"querypipelineruns/action", first)
	check(nobody, "POST", first+"/pipelineruns/x/queryActivityruns", adf+"pipelineruns/queryactivityruns/action", first+"/pipelineruns/x")
	check(nobody, "GET", subscription+"?api-version=2022-12-01", "Microsoft.Resources/subscriptions/read", subscription)
	check(b.as("Run Monitor on the first factory"), "GET", second, adf+"read", second)
	if a := b.arm("GET", subscription+"?api-version=2022-12-01", ""); a.status != http.StatusOK {
		t.Errorf("the subscription of a factory that may be read: %d %s", a.status, a.body)
	}
	check(b.as("on one resource group"), "POST", second+"/queryPipelineRuns", adf+"querypipelineruns/action", second)
	b.as("Run Monitor everywhere")
	if a := b.arm("GET", first+"x", ""); a.status != http.StatusNotFound {
		t.Errorf("who may read is told what does not exist: %d %s", a.status, a.body)
	}
}

// TestReadersMayQueryWhereTheRightIsARead is the contradiction of azure.md §5
// [D4] [D5], as a switch.
func TestReadersMayQueryWhereTheRightIsARead(t *testing.T) {
	t.Parallel()
	for right, want := range map[string]int{"action": http.StatusForbidden, "read": http.StatusOK} {
		t.Run(right, func(t *testing.T) {
			t.Parallel()
			b := setup(t, emulator.Options{QueryRight: right})
			f := b.info.Factories[0]
			for _, what := range []string{"built-in Reader everywhere", "Monitoring Reader"} {
				b.as(what)
				for _, path := range []string{f + "/queryPipelineRuns", f + "/queryTriggerRuns", f + "/pipelineruns/x/queryActivityruns"} {
					if a := b.arm("POST", path, ""); a.status != want {
						t.Errorf("who %s: %s: %d %s, want %d", what, path, a.status, a.body, want)
					}
				}
			}
			for what, want := range map[string]int{"not query": http.StatusForbidden, "Run Monitor everywhere": http.StatusOK} {
				b.as(what)
				if a := b.arm("POST", f+"/queryPipelineRuns", ""); a.status != want || (want == http.StatusForbidden && !strings.Contains(string(a.body), "querypipelineruns/"+right)) {
					t.Errorf("who %s: %d %s, want %d", what, a.status, a.body, want)
				}
			}
		})
	}
}

// TestASubscriptionTakesTokensOfItsOwnTenant is azure.md §4 [K].
func TestASubscriptionTakesTokensOfItsOwnTenant(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	partner := b.as("of another tenant")
	a := b.arm("GET", b.info.Factories[0], "")
	var e armError
	b.decode(a, http.StatusUnauthorized, &e)
	if e.Error.Code != "InvalidAuthenticationTokenTenant" ||
		!strings.Contains(e.Error.Message, "wrong issuer 'https://sts.windows.net/"+partner.TenantID+"/'. It must match the tenant 'https://sts.windows.net/"+b.info.TenantID+"/'") {
		t.Errorf("got %s", a.body)
	}
	// The application of one tenant is unknown in another.
	if a := b.askToken(b.info.TenantID, b.form("client_id", partner.ClientID, "client_secret", partner.ClientSecret)); !strings.Contains(string(a.body), "AADSTS700016") {
		t.Errorf("the partner's application in the company's tenant: %s", a.body)
	}
}

func TestARightIsGrantedAndTakenAwayWhileRunning(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	nobody := b.as("no role at all")
	f := b.info.Factories[0]
	body := fmt.Sprintf(`{"clientId":%q,"role":"ADF Run Monitor","scope":%q}`, nobody.ClientID, f)
	for _, step := range []struct {
		method string
		want   int
	}{{"POST", 200}, {"POST", 200}, {"DELETE", 403}} {
		if a := b.control(step.method, "/roles/assignments", body); a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", step.method, a.status, a.body)
		}
		if a := b.arm("POST", f+"/queryPipelineRuns", ""); a.status != step.want {
			t.Errorf("after %s: %d %s, want %d", step.method, a.status, a.body, step.want)
		}
	}
}

// TestACustomRoleIsMadeAndChangedWhileRunning takes the JSON of az, and a
// change of the role counts for who holds it.
func TestACustomRoleIsMadeAndChangedWhileRunning(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	nobody := b.as("no role at all")
	f := b.info.Factories[0]
	place := strings.Join(strings.Split(f, "/")[:3], "/")
	define := func(actions string) {
		t.Helper()
		body := `{"Name":"Mine","IsCustom":true,"Description":"","Actions":[` + actions + `],"NotActions":[],"DataActions":[],"NotDataActions":[],"AssignableScopes":["` + place + `"]}`
		if a := b.control("POST", "/roles/definitions", body); a.status != http.StatusOK || !strings.Contains(string(a.body), `"Mine"`) {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	define(`"Microsoft.DataFactory/factories/read"`)
	if a := b.control("POST", "/roles/assignments", fmt.Sprintf(`{"clientId":%q,"role":"Mine","scope":%q}`, nobody.ClientID, f)); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := b.arm("POST", f+"/queryPipelineRuns", ""); a.status != http.StatusForbidden {
		t.Errorf("without the action: %d", a.status)
	}
	define(`"Microsoft.DataFactory/factories/querypipelineruns/action"`)
	if a := b.arm("POST", f+"/queryPipelineRuns", ""); a.status != http.StatusOK {
		t.Errorf("with the action: %d %s", a.status, a.body)
	}
	if a := b.arm("GET", f, ""); a.status != http.StatusForbidden {
		t.Errorf("the action that was taken away: %d", a.status)
	}
	body := fmt.Sprintf(`{"clientId":%q,"role":"Mine","scope":"/subscriptions/x"}`, nobody.ClientID)
	if a := b.control("POST", "/roles/assignments", body); a.status != http.StatusBadRequest || !strings.Contains(errorText(t, a), `role "Mine" can't be assigned at /subscriptions/x; allowed: `+place+", and below") {
		t.Errorf("outside of its places: %d %s", a.status, a.body)
	}
}

func TestASecretIsRotatedWhileRunning(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	old := b.info.ClientSecret
	var added struct{ KeyID, Hint, ClientSecret string }
	b.decode(b.control("POST", "/identities/secrets", `{"clientId":"`+b.info.ClientID+`","expires":"2099-01-01T00:00:00Z"}`), http.StatusOK, &added)
	if len(added.ClientSecret) != 40 || added.ClientSecret[:3] != added.Hint {
		t.Errorf("got %+v", added)
	}
	status := func(secret string) int { return b.askToken(b.info.TenantID, b.form("client_secret", secret)).status }
	if status(old) != http.StatusOK || status(added.ClientSecret) != http.StatusOK {
		t.Error("both secrets are not good at the same time")
	}
	list := b.control("DELETE", "/identities/secrets", `{"clientId":"`+b.info.ClientID+`","hint":"`+old[:3]+`"}`)
	if list.status != http.StatusOK || strings.Contains(string(list.body), added.ClientSecret) || !strings.Contains(string(list.body), added.KeyID) {
		t.Errorf("%d %s", list.status, list.body)
	}
	if status(old) != http.StatusUnauthorized || status(added.ClientSecret) != http.StatusOK {
		t.Error("after the rotation the old secret is good, or the new one is not")
	}
}

func TestTheListOfIdentitiesHoldsNoSecret(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	a := b.control("GET", "/identities", "")
	var all struct {
		Items []struct {
			TenantID, TenantName, ClientID, ObjectID, What string
			IsManagedIdentity                              bool
			Secrets                                        []struct {
				KeyID, Hint string
				Expires     time.Time
			}
			Certificates         []struct{ Thumbprint string }
			FederatedCredentials []struct{ Issuer, Subject string }
			Assignments          []struct{ Role, Scope string }
		}
	}
	b.decode(a, http.StatusOK, &all)
	main := all.Items[0]
	if main.ClientID != b.info.ClientID || len(main.Secrets) != 3 || len(main.Certificates) != 1 || len(main.FederatedCredentials) != 1 {
		t.Errorf("the main application is %+v", main)
	}
	if want := "/providers/Microsoft.Management/managementGroups/" + b.info.TenantID; len(main.Assignments) != 1 || main.Assignments[0].Scope != want || main.Assignments[0].Role != "Data Factory Contributor" {
		t.Errorf("its assignments are %+v", main.Assignments)
	}
	if now := time.Now(); !main.Secrets[0].Expires.After(now) || !main.Secrets[1].Expires.After(now) || main.Secrets[2].Expires.After(now) {
		t.Errorf("its secrets are %+v, want two valid ones and an old one", main.Secrets)
	}
	if last := all.Items[len(all.Items)-1]; !last.IsManagedIdentity || last.ClientID != b.info.ManagedIdentity.ClientID || len(all.Items) != len(b.info.Identities)+2 {
		t.Errorf("the last of %d is %+v", len(all.Items), last)
	}
	for _, secret := range append(b.info.Identities, emulator.Identity{ClientSecret: b.info.ClientSecret}) {
		if strings.Contains(string(a.body), secret.ClientSecret) {
			t.Errorf("the secret of %s is shown", secret.What)
		}
	}
}

// TestFederatedTokens covers the file of the start and what the control
// listener mints, wrong ones too.
func TestFederatedTokens(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	file, err := os.ReadFile(b.info.FederatedTokenFile)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token string) string {
		a := b.askToken(b.info.TenantID, b.form("client_secret", "", "client_assertion_type", jwtBearer, "client_assertion", token))
		var got struct {
			Codes []int `json:"error_codes"`
		}
		if err := json.Unmarshal(a.body, &got); err != nil {
			t.Fatal(err)
		}
		if a.status == http.StatusOK {
			return "ok"
		}
		return fmt.Sprint(a.status, got.Codes)
	}
	if got := ask(string(file)); got != "ok" {
		t.Errorf("the file's token: %s", got)
	}
	for body, want := range map[string]string{
		`{}`:                        "ok",
		`{"audience":"api://else"}`: "401 [700212]",
		`{"subject":"system:serviceaccount:andon:default"}`: "401 [700213]",
		`{"cluster":"other"}`:                               "401 [700211]",
		`{"key":"foreign"}`:                                 "401 [7000272]",
		`{"expiresIn":"-10m"}`:                              "401 [700024]",
	} {
		var minted struct{ Token string }
		b.decode(b.control("POST", "/federation/token", body), http.StatusOK, &minted)
		if got := ask(minted.Token); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

// TestAnIssuersAddressLeadsToItsKeys: whoever checks a federated token finds
// the keys where its issuer says, through the proxy, and on the emulator's own
// address.
func TestAnIssuersAddressLeadsToItsKeys(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	proxy, err := url.Parse(b.info.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(b.info.FederatedTokenFile)
	if err != nil {
		t.Fatal(err)
	}
	issuer, _ := decodeClaims(t, string(file))["iss"].(string)
	own, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	direct := b.client
	transport := &http.Transport{TLSClientConfig: b.tls.Clone(), Proxy: http.ProxyURL(proxy)}
	t.Cleanup(transport.CloseIdleConnections)
	proxied := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	for base, client := range map[string]*http.Client{issuer: proxied, b.info.Authority + own.Path: direct} {
		b.client = client
		var doc struct {
			Issuer string
			Keys   string `json:"jwks_uri"`
		}
		b.decode(b.do("GET", base+".well-known/openid-configuration", ""), http.StatusOK, &doc)
		if doc.Issuer != issuer {
			t.Errorf("%s names issuer %s, want %s", base, doc.Issuer, issuer)
		}
		var set struct{ Keys []struct{ Kty, N string } }
		b.decode(b.do("GET", doc.Keys, ""), http.StatusOK, &set)
		if len(set.Keys) != 1 || set.Keys[0].Kty != "RSA" || set.Keys[0].N == "" {
			t.Errorf("the keys are %+v", set)
		}
	}
	b.client = direct
	if a := b.do("GET", b.info.Authority+"/cluster/none/openid/v1/jwks", ""); a.status != http.StatusNotFound {
		t.Errorf("a cluster that is not there: %d %s", a.status, a.body)
	}
}

// TestTheIdentityEndpointAnswersAsAppServices is App Service's documented
// answer; its refusals are not documented (azure-client.md (b)).
func TestTheIdentityEndpointAnswersAsAppServices(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	m := b.info.ManagedIdentity
	const query = "?api-version=2019-08-01&resource=https://management.azure.com"
	for _, path := range []string{query, query + "&client_id=" + m.ClientID} {
		var got struct {
			AccessToken string `json:"access_token"`
			ExpiresOn   string `json:"expires_on"`
			Resource    string `json:"resource"`
			TokenType   string `json:"token_type"`
			ClientID    string `json:"client_id"`
		}
		b.decode(b.do("GET", m.Endpoint+path, "", "X-IDENTITY-HEADER", m.Header), http.StatusOK, &got)
		if got.Resource != "https://management.azure.com" || got.TokenType != "Bearer" || got.ClientID != m.ClientID || len(got.ExpiresOn) != 10 {
			t.Errorf("got %+v", got)
		}
		b.bearer = "Bearer " + got.AccessToken
		if n, factories := b.listed(); n != 2 || len(factories) != len(b.info.Factories) {
			t.Errorf("it sees %d subscriptions, %d factories", n, len(factories))
		}
	}
	for path, want := range map[string]int{
		"?resource=https://management.azure.com":                        400,
		"?api-version=2017-09-01&resource=https://management.azure.com": 400,
		"?api-version=2019-08-01":                                       400,
		"?api-version=2019-08-01&resource=https://graph.microsoft.com":  400,
		query + "&client_id=" + b.info.ClientID:                         400,
	} {
		if a := b.do("GET", m.Endpoint+path, "", "X-IDENTITY-HEADER", m.Header); a.status != want {
			t.Errorf("%s: %d %s, want %d", path, a.status, a.body, want)
		}
	}
	for _, header := range []string{"", "x", strings.ToLower(m.Header)} {
		if a := b.do("GET", m.Endpoint+query, "", "X-IDENTITY-HEADER", header); a.status != http.StatusUnauthorized {
			t.Errorf("header %q: %d %s", header, a.status, a.body)
		}
	}
	if a := b.do("GET", m.Endpoint+query, "", "X-IDENTITY-HEADER", m.Header, "Origin", "https://example.com"); a.status != http.StatusForbidden {
		t.Errorf("a web page: %d %s", a.status, a.body)
	}
}

func TestTheLifeOfTokensCanBeChanged(t *testing.T) {
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now, TokenLife: 5 * time.Second})
	f := b.info.Factories[0]
	if a := b.arm("GET", f, ""); a.status != http.StatusOK {
		t.Fatalf("a fresh token: %d %s", a.status, a.body)
	}
	c.advance(5 * time.Second)
	if a := b.arm("GET", f, ""); a.status != http.StatusUnauthorized || !strings.Contains(string(a.body), "ExpiredAuthenticationToken") {
		t.Errorf("after five seconds: %d %s", a.status, a.body)
	}
	if a := b.control("POST", "/tokens", `{"life":"2m"}`); a.status != http.StatusOK || !strings.Contains(string(a.body), `"life":"2m0s"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	b.bearer = ""
	b.arm("GET", f, "")
	c.advance(time.Minute)
	if a := b.arm("GET", f, ""); a.status != http.StatusOK {
		t.Errorf("after a minute of two: %d %s", a.status, a.body)
	}
}

// TestTheOldTokenEndpointIsRouted: older clients ask it with a resource, and
// with two slashes (recordings, token-001) [R].
func TestTheOldTokenEndpointIsRouted(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	form := b.form("resource", "https://management.core.windows.net/")
	form.Del("scope")
	var got struct {
		ExpiresIn   string `json:"expires_in"`
		AccessToken string `json:"access_token"`
	}
	b.decode(b.do("POST", b.info.Authority+"//"+b.info.TenantID+"/oauth2/token", form.Encode()), http.StatusOK, &got)
	b.bearer = "Bearer " + got.AccessToken
	if a := b.arm("GET", b.info.Factories[0], ""); a.status != http.StatusOK || got.ExpiresIn != "3599" {
		t.Errorf("expires_in %q; its token: %d %s", got.ExpiresIn, a.status, a.body)
	}
	var doc map[string]any
	b.decode(b.do("GET", b.info.Authority+"/nordhem.example/.well-known/openid-configuration", ""), http.StatusOK, &doc)
	if doc["token_endpoint"] != b.info.Authority+"/"+b.info.TenantID+"/oauth2/token" || doc["issuer"] != "https://sts.windows.net/"+b.info.TenantID+"/" {
		t.Errorf("got %v", doc)
	}
}

func TestBadIdentityControlsSayWhatIsAllowed(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	id := b.info.ClientID
	for _, tt := range []struct{ method, path, body, text string }{
		{"POST", "/identities/secrets", `{"clientId":"x"}`, `unknown clientId "x"; allowed: ` + id + ` (andon), `},
		{"POST", "/identities/secrets", `{"client":"x"}`, `unknown field "client"; allowed members: clientId, expires`},
		{"POST", "/identities/secrets", `{"clientId":"` + b.info.ManagedIdentity.ClientID + `"}`, "is a managed identity, which has no secrets"},
		{"DELETE", "/identities/secrets", `{"clientId":"` + id + `"}`, "one of hint and keyId is needed"},
		{"DELETE", "/identities/secrets", `{"clientId":"` + id + `","hint":"zzz"}`, `has the key id or hint "zzz"; it has: `},
		{"POST", "/federation/token", `{"cluster":"x"}`, `unknown cluster "x"; allowed: nordhem, other`},
		{"POST", "/federation/token", `{"expiresIn":"soon"}`, `expiresIn "soon" is not a duration; allowed: such as 5s`},
		{"POST", "/federation/token", `{"key":"mine"}`, `unknown key "mine"; allowed: foreign`},
		{"POST", "/federation/token", `{"issuer":"x"}`, "allowed members: cluster, subject, audience, expiresIn"},
		{"POST", "/roles/assignments", `{"clientId":"x"}`, `unknown clientId "x"; allowed: ` + id},
		{"POST", "/roles/assignments", `{"clientId":"` + id + `","role":"King","scope":"/"}`, `unknown role "King"; allowed: Owner, Contributor, Reader`},
		{"POST", "/roles/assignments", `{"clientId":"` + id + `","role":"Reader","scope":"/"}`, `scope "/" is none that a role can be assigned at; allowed: `},
		{"DELETE", "/roles/assignments", `{"clientId":"` + id + `","role":"Reader","scope":"/subscriptions/x"}`, "does not hold Reader at /subscriptions/x; it holds: Data Factory Contributor at "},
		{"DELETE", "/roles/assignments", `{"principal":"x"}`, "allowed members: clientId, role, scope"},
		{"POST", "/roles/definitions", `{"Name":"Mine","Actions":["*"]}`, "a role needs Name, Actions and AssignableScopes"},
		{"POST", "/roles/definitions", `{"Name":"reader","Actions":["*"],"AssignableScopes":["/subscriptions/x"]}`, `role "reader" is Azure's own`},
		{"POST", "/roles/definitions", `{"Name":"Mine","Actions":["*"],"AssignableScopes":["/"]}`, `scope "/" is none`},
		{"POST", "/roles/definitions", `{"RoleName":"Mine"}`, "allowed members: Name, IsCustom"},
		{"POST", "/tokens", `{"life":"2d"}`, `life "2d" is not a duration`},
		{"POST", "/tokens", `{"life":"0s"}`, "a token's life of 0s is not possible; allowed: 1s to 24h0m0s"},
		{"POST", "/tokens", `{"expiresIn":1}`, `allowed: {"life":"5s"}`},
	} {
		if a := b.control(tt.method, tt.path, tt.body); a.status != http.StatusBadRequest || !strings.Contains(errorText(t, a), tt.text) {
			t.Errorf("%s %s %s: got %d %s, want 400 with %q", tt.method, tt.path, tt.body, a.status, a.body, tt.text)
		}
	}
}
