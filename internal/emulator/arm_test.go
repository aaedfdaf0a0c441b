package emulator_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

type armError struct {
	Error struct{ Code, Message string }
}

func TestResourceManagerRefusesBadTokens(t *testing.T) {
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now})
	good := b.token(b.info.ClientID, b.info.ClientSecret)
	parts := strings.Split(good, ".")
	forge := func(from, to string) string {
		raw, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), from, to, 1))) + "." + parts[2]
	}
	const stranger = "72f988bf-86f1-41af-91ab-2d7cd011db47"
	tests := []struct{ name, authorization, code, text string }{
		{"none", "", "AuthenticationFailed", "The 'Authorization' header is missing."},
		{"basic", "Basic YTpi", "AuthenticationFailedInvalidHeader", "invalid format"},
		{"no JWT", "Bearer nonsense", "InvalidAuthenticationToken", "The access token is invalid."},
		{"broken claims", "Bearer a.!.c", "InvalidAuthenticationToken", "The access token is invalid."},
		{"broken signature", "Bearer " + parts[0] + "." + parts[1] + "." + strings.Repeat("A", 86), "InvalidAuthenticationToken", "The access token is invalid."},
		{"forged client", "Bearer " + forge(b.info.ClientID, b.info.Identities[0].ClientID), "InvalidAuthenticationToken", "The access token is invalid."},
		{"other tenant", "Bearer " + forge("sts.windows.net/"+b.info.TenantID, "sts.windows.net/"+stranger), "InvalidAuthenticationTokenTenant", "wrong issuer 'https://sts.windows.net/" + stranger + "/'"},
		{"other audience", "Bearer " + forge("https://management.azure.com", "https://graph.microsoft.com"), "InvalidAuthenticationTokenAudience", "'https://graph.microsoft.com'"},
	}
	check := func(t *testing.T, authorization, code, text string) {
		t.Helper()
		header := []string{}
		if authorization != "" {
			header = []string{"Authorization", authorization}
		}
		a := b.do("GET", b.info.ResourceManager+"/subscriptions?api-version=2022-12-01", "", header...)
		var e armError
		b.decode(a, http.StatusUnauthorized, &e)
		if e.Error.Code != code || !strings.Contains(e.Error.Message, text) {
			t.Errorf("got %+v, want %s with %q", e, code, text)
		}
		challenge := a.header.Get("WWW-Authenticate")
		if !strings.HasPrefix(challenge, `Bearer authorization_uri="https://login.windows.net/`+b.info.TenantID+`", error="invalid_token", error_description="`) {
			t.Errorf("WWW-Authenticate is %q", challenge)
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, tt.authorization, tt.code, tt.text) })
	}
	t.Run("expired", func(t *testing.T) {
		c.advance(time.Hour + time.Second)
		check(t, "Bearer "+good, "ExpiredAuthenticationToken", "is earlier than current UTC time")
	})
}

func TestResourceManagerErrors(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	seg := strings.Split(f, "/")
	sub, group := "/subscriptions/"+seg[2], "/subscriptions/"+seg[2]+"/resourceGroups/"+seg[4]
	df := "/providers/Microsoft.DataFactory/factories"
	const v = "?api-version=2018-06-01"
	tests := []struct {
		method, path string
		status       int
		code, text   string
	}{
		{"GET", sub + df + "?x=y", 400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."},
		{"GET", sub + df + "?api-version=2017-09-01", 400, "InvalidApiVersionParameter", "2018-06-01"},
		{"GET", "/subscriptions?api-version=1999-01-01", 400, "InvalidApiVersionParameter", "2022-12-01"},
		{"GET", "/subscriptions/nonsense" + df + v, 400, "InvalidSubscriptionId", "'nonsense'"},
		{"GET", "/subscriptions/5b1ee3f0-0000-4000-8000-000000000000" + df + v, 404, "SubscriptionNotFound", "5b1ee3f0"},
		{"GET", sub + "/resourceGroups/rg-none" + df + v, 404, "ResourceGroupNotFound", "Resource group 'rg-none' could not be found."},
		{"GET", group + df + "/adf-none" + v, 404, "ResourceNotFound", "The Resource 'Microsoft.DataFactory/factories/adf-none' under resource group '" + seg[4] + "' was not found."},
		{"POST", group + df + "/adf-none/queryPipelineRuns" + v, 404, "ResourceNotFound", "adf-none"},
		{"GET", group + "/providers/Microsoft.Nonsense/things" + v, 404, "InvalidResourceNamespace", "'Microsoft.Nonsense'"},
		{"GET", group + "/providers/Microsoft.DataFactory/things" + v, 404, "InvalidResourceType", "'things'"},
		{"GET", f + "/nonsense" + v, 404, "InvalidResourceType", "'factories/nonsense'"},
		{"GET", "/nonsense" + v, 404, "NotFound", "/nonsense"},
		{"GET", f + "/queryPipelineRuns" + v, 405, "MethodNotAllowed", "GET"},
		{"POST", f + "/pipelineruns/x" + v, 405, "MethodNotAllowed", "POST"},
		{"POST", f + v, 405, "MethodNotAllowed", "POST"},
		{"DELETE", "/subscriptions?api-version=2022-12-01", 405, "MethodNotAllowed", "DELETE"},
		{"DELETE", f + v, 501, "NotImplemented", "the emulator does not emulate it"},
		{"GET", f + "/dataflows" + v, 501, "NotImplemented", "dataflows"},
		{"PUT", f + "/pipelines/pl_price_import" + v, 501, "NotImplemented", "the emulator does not emulate it"},
		{"POST", f + "/triggers/tr_prices/subscribeToEvents" + v, 501, "NotImplemented", "subscribeToEvents"},
		{"GET", f + "/pipelines/none" + v, 404, "NotFound", "The document could not be retrieved because it does not exist."},
		{"POST", f + "/integrationRuntimes/none/getStatus" + v, 404, "NotFound", "The document could not be retrieved"},
		{"POST", f + "/triggers/none/start" + v, 404, "NotFound", "The document could not be retrieved"},
		{"POST", f + "/triggers/tr_prices/triggerRuns/none/cancel" + v, 400, "BadRequest", "Trigger run none of trigger tr_prices does not exist."},
		{"GET", f + "/pipelineruns/x/cancel" + v, 405, "MethodNotAllowed", "GET"},
		{"POST", f + "/pipelineruns/someGuid/cancel" + v, 400, "ReferencedPipelineRunNotFound", "Referenced pipeline run id someGuid does not exist."},
		{"POST", f + "/pipelines/none/createRun" + v, 404, "NotFound", "The document could not be retrieved because it does not exist."},
		{"GET", sub + "/resourceGroups/rg-none?api-version=2021-04-01", 404, "ResourceGroupNotFound", "'rg-none'"},
		{"GET", sub + "/resources?api-version=2021-04-01", 501, "NotImplemented", "/resources"},
		{"POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01", 400, "InvalidRequest", "not valid JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			a := b.arm(tt.method, tt.path, "")
			var e armError
			b.decode(a, tt.status, &e)
			if e.Error.Code != tt.code || !strings.Contains(e.Error.Message, tt.text) {
				t.Errorf("got %+v, want %s with %q", e, tt.code, tt.text)
			}
			if ct := a.header.Get("Content-Type"); ct != "application/json; charset=utf-8" {
				t.Errorf("Content-Type is %q", ct)
			}
		})
	}
}

func TestAnIdentityWithoutTheActionReadsButMayNotQuery(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	id := b.info.Identities[0]
	b.bearer = "Bearer " + b.token(id.ClientID, id.ClientSecret)
	f := b.info.Factories[0]
	if a := b.arm("GET", f, ""); a.status != http.StatusOK {
		t.Errorf("the factory: %d %s", a.status, a.body)
	}
	for call, action := range map[string]string{
		"/queryPipelineRuns":                "Microsoft.DataFactory/factories/querypipelineruns/action",
		"/pipelineruns/x/queryActivityruns": "Microsoft.DataFactory/factories/pipelineruns/queryactivityruns/action",
	} {
		var e armError
		b.decode(b.arm("POST", f+call, ""), http.StatusForbidden, &e)
		start := fmt.Sprintf("The client '%s' with object id '", id.ClientID)
		middle := fmt.Sprintf("does not have authorization to perform action '%s' over scope '/subscriptions/", action)
		if e.Error.Code != "AuthorizationFailed" || !strings.HasPrefix(e.Error.Message, start) || !strings.Contains(e.Error.Message, middle) {
			t.Errorf("%s: got %+v", call, e)
		}
	}
}

func TestListsNameEveryFactory(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	var subs struct {
		Value []struct{ SubscriptionID, TenantID, DisplayName, State string }
	}
	for _, version := range []string{"2019-11-01", "2020-01-01", "2022-12-01"} {
		b.decode(b.arm("GET", "/subscriptions?api-version="+version, ""), http.StatusOK, &subs)
	}
	if len(subs.Value) < 2 {
		t.Fatalf("got %d subscriptions, want 2 and more", len(subs.Value))
	}
	var listed []string
	for _, s := range subs.Value {
		if s.TenantID != b.info.TenantID || s.State != "Enabled" || s.DisplayName == "" {
			t.Errorf("subscription %+v", s)
		}
		var list struct {
			Value []struct {
				ID, Name, Type, Location, ETag string
				Properties                     struct{ ProvisioningState, Version string }
			}
			NextLink *string
		}
		b.decode(b.arm("GET", "/subscriptions/"+s.SubscriptionID+"/providers/Microsoft.DataFactory/factories", ""), http.StatusOK, &list)
		for _, f := range list.Value {
			listed = append(listed, f.ID)
			if f.Type != "Microsoft.DataFactory/factories" || f.Properties.ProvisioningState != "Succeeded" || f.Properties.Version != "2018-06-01" || !strings.HasPrefix(f.ETag, `"`) || f.Location == "" {
				t.Errorf("factory %+v", f)
			}
			var one struct{ ID, Name string }
			b.decode(b.arm("GET", f.ID, ""), http.StatusOK, &one)
			if one.ID != f.ID || one.Name != f.Name {
				t.Errorf("get answers %+v, the list %+v", one, f)
			}
			var group struct{ Value []struct{ ID string } }
			b.decode(b.arm("GET", f.ID[:strings.LastIndex(f.ID, "/")], ""), http.StatusOK, &group)
			if len(group.Value) == 0 {
				t.Errorf("the resource group of %s lists nothing", f.ID)
			}
		}
		var rest struct{ Value []struct{ ID string } }
		b.decode(b.arm("GET", "/subscriptions/"+s.SubscriptionID+"/providers/Microsoft.DataFactory/factories?api-version=2018-06-01&%24skiptoken=1", ""), http.StatusOK, &rest)
		if len(rest.Value) != len(list.Value)-1 {
			t.Errorf("after the first of %d factories come %d", len(list.Value), len(rest.Value))
		}
		if a := b.arm("GET", "/subscriptions/"+s.SubscriptionID+"/providers/Microsoft.DataFactory/factories?api-version=2018-06-01&$skipToken=x", ""); a.status != http.StatusBadRequest {
			t.Errorf("a foreign skip token: %d", a.status)
		}
		if list.NextLink != nil {
			t.Errorf("nextLink %q although the list is short", *list.NextLink)
		}
	}
	if len(listed) != len(b.info.Factories) {
		t.Errorf("lists name %v, the emulator %v", listed, b.info.Factories)
	}
}

func TestPathsAndApiVersionAreCaseInsensitive(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	for _, path := range []string{strings.ToUpper(f), strings.ToLower(f)} {
		for _, call := range []string{"/QUERYPIPELINERUNS", "/querypipelineruns/"} {
			if a := b.arm("POST", path+call+"?API-Version=2018-06-01", ""); a.status != http.StatusOK {
				t.Errorf("%s%s: %d %s", path, call, a.status, a.body)
			}
		}
	}
}

func TestAnswersCarryAzuresHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	b.control("POST", "/clock", `{"advance":"36h"}`)
	a := b.arm("GET", b.info.Factories[0], "")
	for k, v := range map[string]string{
		"Cache-Control": "no-cache", "Pragma": "no-cache", "Expires": "-1",
		"Content-Type": "application/json; charset=utf-8", "X-Content-Type-Options": "nosniff",
		"Server": "Microsoft-IIS/10.0", "X-Powered-By": "ASP.NET",
		"X-Ms-Ratelimit-Remaining-Subscription-Reads": "249",
	} {
		if got := a.header.Get(k); got != v {
			t.Errorf("%s is %q, want %q", k, got, v)
		}
	}
	id := a.header.Get("X-Ms-Request-Id")
	if id == "" || a.header.Get("X-Ms-Correlation-Request-Id") != id || !strings.HasSuffix(a.header.Get("X-Ms-Routing-Request-Id"), ":"+id) {
		t.Errorf("request ids: %v", a.header)
	}
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	if ahead := time.Until(date); ahead < 35*time.Hour || ahead > 37*time.Hour {
		t.Errorf("Date is %s ahead of real time, want the world's 36h", ahead)
	}
	tenant := b.arm("GET", "/subscriptions?api-version=2022-12-01", "")
	if tenant.header.Get("X-Ms-Ratelimit-Remaining-Tenant-Reads") != "249" {
		t.Errorf("tenant reads: %v", tenant.header)
	}
}

func TestABodyBeyondTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	var e armError
	b.decode(b.arm("POST", b.info.Factories[0]+"/queryPipelineRuns", strings.Repeat(" ", 1<<20+1)), http.StatusRequestEntityTooLarge, &e)
	if e.Error.Code != "RequestContentTooLarge" {
		t.Errorf("got %+v", e)
	}
}
