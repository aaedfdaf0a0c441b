package emulator_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"andon/internal/emulator"
)

func TestTokenIsAnAccessTokenForResourceManager(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	for _, scope := range []string{
		"https://management.azure.com/.default",
		"https://management.core.windows.net//.default",
		"openid offline_access profile https://management.azure.com/.default",
	} {
		var got struct {
			TokenType    string `json:"token_type"`
			ExpiresIn    int    `json:"expires_in"`
			ExtExpiresIn int    `json:"ext_expires_in"`
			AccessToken  string `json:"access_token"`
		}
		b.decode(b.askToken(b.info.TenantID, b.form("scope", scope)), http.StatusOK, &got)
		if got.TokenType != "Bearer" || got.ExpiresIn != 3599 || got.ExtExpiresIn != 3599 {
			t.Errorf("scope %s: got %+v", scope, got)
		}
		claims := decodeClaims(t, got.AccessToken)
		if claims["tid"] != b.info.TenantID || claims["appid"] != b.info.ClientID || claims["iss"] != "https://sts.windows.net/"+b.info.TenantID+"/" {
			t.Errorf("scope %s: claims %v", scope, claims)
		}
		// not_before lies 3,900 s before expires_on (recordings, token-001) [R].
		if claims["exp"].(float64)-claims["nbf"].(float64) != 3900 || claims["nbf"] != claims["iat"] || claims["oid"] == "" {
			t.Errorf("scope %s: claims %v", scope, claims)
		}
		a := b.do("GET", b.info.ResourceManager+"/subscriptions?api-version=2022-12-01", "", "Authorization", "Bearer "+got.AccessToken)
		if a.status != http.StatusOK {
			t.Errorf("scope %s: the token is refused: %s", scope, a.body)
		}
	}
}

func TestTokenTakesTheSecretAsBasicCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.form("client_secret", "")
	f.Del("client_secret")
	f.Del("client_id")
	basic := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(b.info.ClientID) + ":" + url.QueryEscape(b.info.ClientSecret)))
	// Real requests name the client in the header alone.
	a := b.do("POST", b.info.Authority+"/"+b.info.TenantID+"/oauth2/v2.0/token", f.Encode(), "Authorization", "Basic "+basic)
	if a.status != http.StatusOK {
		t.Errorf("status %d: %s", a.status, a.body)
	}
}

func TestTokenRefusalsCarryEntrasNumbers(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	expired := b.info.Identities[1]
	tests := []struct {
		name   string
		tenant string
		form   url.Values
		status int
		code   int
		oauth  string
		text   string
	}{
		{"wrong secret", "", b.form("client_secret", "nonsense"), 401, 7000215, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value"},
		{"no secret", "", b.form("client_secret", ""), 401, 7000216, "invalid_client", "'client_assertion', 'client_secret' or 'request' is required"},
		{"expired secret", "", b.form("client_id", expired.ClientID, "client_secret", expired.ClientSecret), 401, 7000222, "invalid_client", "are expired"},
		{"wrong secret of the expired", "", b.form("client_id", expired.ClientID, "client_secret", "x"), 401, 7000215, "invalid_client", "Invalid client secret"},
		{"assertion", "", b.form("client_secret", "", "client_assertion", "a.b.c", "client_assertion_type", jwtBearer), 401, 50027, "invalid_client", "JWT token is invalid"},
		{"unknown client", "", b.form("client_id", "5b1ee3f0-0000-4000-8000-000000000000"), 400, 700016, "unauthorized_client", "was not found in the directory"},
		{"unknown tenant", "5b1ee3f0-0000-4000-8000-000000000000", b.form(), 400, 90002, "invalid_request", "not found"},
		{"unknown domain", "contoso.onmicrosoft.com", b.form(), 400, 90002, "invalid_request", "not found"},
		{"no tenant", "not!a!tenant", b.form(), 400, 900023, "invalid_request", "neither a valid DNS name"},
		{"no grant type", "", b.form("grant_type", ""), 400, 900144, "invalid_request", "'grant_type'"},
		{"no client", "", b.form("client_id", ""), 400, 900144, "invalid_request", "'client_id'"},
		{"no scope", "", b.form("scope", ""), 400, 900144, "invalid_request", "'scope'"},
		{"other grant", "", b.form("grant_type", "password"), 400, 70003, "unsupported_grant_type", "'password'"},
		{"other resource", "", b.form("scope", "https://graph.microsoft.com/.default"), 400, 500011, "invalid_resource", "https://graph.microsoft.com"},
		{"scope without default", "", b.form("scope", "https://management.azure.com"), 400, 500011, "invalid_resource", "https://management.azure.com"},
	}
	tail := regexp.MustCompile(`\r\nTrace ID: [0-9a-f-]{36}\r\nCorrelation ID: [0-9a-f-]{36}\r\nTimestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$`)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant := tt.tenant
			if tenant == "" {
				tenant = b.info.TenantID
			}
			var got struct {
				Error         string `json:"error"`
				Description   string `json:"error_description"`
				Codes         []int  `json:"error_codes"`
				Timestamp     string `json:"timestamp"`
				TraceID       string `json:"trace_id"`
				CorrelationID string `json:"correlation_id"`
				URI           string `json:"error_uri"`
			}
			b.decode(b.askToken(tenant, tt.form), tt.status, &got)
			if got.Error != tt.oauth || len(got.Codes) != 1 || got.Codes[0] != tt.code {
				t.Errorf("got %s %v, want %s [%d]", got.Error, got.Codes, tt.oauth, tt.code)
			}
			if !strings.Contains(got.Description, tt.text) || !tail.MatchString(got.Description) {
				t.Errorf("description %q lacks %q or its ids", got.Description, tt.text)
			}
			if got.Timestamp == "" || got.TraceID == "" || got.CorrelationID == "" || !strings.HasPrefix(got.URI, "https://login.microsoftonline.com/error?code=") {
				t.Errorf("incomplete: %+v", got)
			}
		})
	}
}

func TestDiscoveryNamesTheCallersHost(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	local := strings.Replace(b.info.Authority, "127.0.0.1", "localhost", 1)
	var doc map[string]any
	b.decode(b.do("GET", local+"/"+b.info.TenantID+"/v2.0/.well-known/openid-configuration", ""), http.StatusOK, &doc)
	want := map[string]string{
		"issuer":                 local + "/" + b.info.TenantID + "/v2.0",
		"token_endpoint":         local + "/" + b.info.TenantID + "/oauth2/v2.0/token",
		"authorization_endpoint": local + "/" + b.info.TenantID + "/oauth2/v2.0/authorize",
		"jwks_uri":               local + "/" + b.info.TenantID + "/discovery/v2.0/keys",
	}
	for k, v := range want {
		if doc[k] != v {
			t.Errorf("%s is %v, want %s", k, doc[k], v)
		}
	}
	var keys struct {
		Keys []struct{ Kty, Use, Kid, N, E string }
	}
	b.decode(b.do("GET", want["jwks_uri"], ""), http.StatusOK, &keys)
	if len(keys.Keys) != 1 || keys.Keys[0].Kty != "RSA" || keys.Keys[0].Use != "sig" || keys.Keys[0].Kid == "" || len(keys.Keys[0].N) != 342 || keys.Keys[0].E != "AQAB" {
		t.Errorf("the signing keys are %v", keys)
	}
	var instance struct {
		Endpoint string `json:"tenant_discovery_endpoint"`
		Metadata []struct {
			Aliases []string `json:"aliases"`
		} `json:"metadata"`
	}
	b.decode(b.do("GET", b.info.Authority+"/common/discovery/instance?api-version=1.1", ""), http.StatusOK, &instance)
	if !strings.HasPrefix(instance.Endpoint, b.info.Authority) || len(instance.Metadata) != 1 || len(instance.Metadata[0].Aliases) != 1 {
		t.Errorf("got %+v", instance)
	}
	if a := b.do("GET", b.info.Authority+"/5b1ee3f0-0000-4000-8000-000000000000/v2.0/.well-known/openid-configuration", ""); a.status != http.StatusBadRequest || !strings.Contains(string(a.body), "AADSTS90002") {
		t.Errorf("an unknown tenant's document: %d %s", a.status, a.body)
	}
}

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// form is the token request of the main identity with some fields changed.
func (b *bundle) form(changed ...string) url.Values {
	f := url.Values{
		"client_id": {b.info.ClientID}, "client_secret": {b.info.ClientSecret},
		"grant_type": {"client_credentials"}, "scope": {"https://management.azure.com/.default"},
	}
	for i := 0; i < len(changed); i += 2 {
		f.Set(changed[i], changed[i+1])
	}
	return f
}

func (b *bundle) askToken(tenant string, form url.Values) answer {
	b.t.Helper()
	return b.do("POST", b.info.Authority+"/"+tenant+"/oauth2/v2.0/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func decodeClaims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("the token has %d parts, want 3", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
