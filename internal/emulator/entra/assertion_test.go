package entra_test

import (
	"encoding/base64"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator/entra"
)

func newInt(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

// with is a copy of m with some members changed; nil takes one away.
func with(m map[string]any, changed ...any) map[string]any {
	out := maps.Clone(m)
	for i := 0; i < len(changed); i += 2 {
		name, _ := changed[i].(string)
		out[name] = changed[i+1]
		if changed[i+1] == nil {
			delete(out, name)
		}
	}
	return out
}

func (o *office) assertion(text string) *entra.TokenRequest {
	return o.request("client_secret", "", "client_assertion_type", jwtBearer, "client_assertion", text)
}

// TestACertificateSignsTheAssertion covers both algorithms, both thumbprints in
// the encodings that libraries use, and the audiences that MSAL's libraries
// send (azure-client.md (b)).
func TestACertificateSignsTheAssertion(t *testing.T) {
	t.Parallel()
	o := open(t)
	key := privateKey(t, o.pair)
	s1, s256 := thumbprints(o.pair.Certificate)
	now := o.clock().Unix()
	claims := map[string]any{
		"iss": clientID, "sub": clientID, "jti": "once", "nbf": now, "exp": now + 600,
		"aud": "https://" + host + "/" + tenantID + "/oauth2/v2.0/token",
	}
	header := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.StdEncoding.EncodeToString(s256)}
	stranger, err := entra.NewKeyPair("stranger", o.clock().Add(-time.Hour), o.clock().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	_, foreign := thumbprints(stranger.Certificate)
	for name, tt := range map[string]struct {
		header, claims map[string]any
		want           int
		text           string
	}{
		"as MSAL for Go":            {header, claims, 0, ""},
		"RS256, x5t":                {map[string]any{"alg": "RS256", "x5t": encode(s1)}, claims, 0, ""},
		"RS256, x5t padded":         {map[string]any{"alg": "RS256", "x5t": base64.URLEncoding.EncodeToString(s1)}, claims, 0, ""},
		"Azure's own host":          {header, with(claims, "aud", "https://login.microsoftonline.com/"+tenantID+"/oauth2/v2.0/token"), 0, ""},
		"v1 endpoint":               {header, with(claims, "aud", "https://login.microsoftonline.com/"+tenantID+"/oauth2/token"), 0, ""},
		"the issuer":                {header, with(claims, "aud", "https://login.microsoftonline.com/"+strings.ToUpper(tenantID)+"/v2.0"), 0, ""},
		"without nbf":               {header, with(claims, "nbf", nil), 0, ""},
		"clocks four minutes apart": {header, with(claims, "nbf", now+240, "exp", now-240), 0, ""},
		"over for six minutes":      {header, with(claims, "exp", now-360), 700024, "expiry time of assertion 2026-11-24T11:54:00.0000000Z"},
		"six minutes too early":     {header, with(claims, "nbf", now+360), 700024, "Current time: 2026-11-24T12:00:00.0000000Z, assertion valid from 2026-11-24T12:06:00"},
		"without exp":               {header, with(claims, "exp", nil), 50027, "exp"},
		"without jti":               {header, with(claims, "jti", nil), 50027, "jti"},
		"exp a text":                {header, with(claims, "exp", "soon"), 50027, "another type"},
		"two audiences":             {header, with(claims, "aud", []string{"a", "b"}), 50027, "another type"},
		"another audience":          {header, with(claims, "aud", "https://login.microsoftonline.com/"+partnerID+"/v2.0"), 700023, "Realm issuer"},
		"sub is not iss":            {header, with(claims, "sub", bareID), 50048, "Subject must match"},
		"another client's":          {header, with(claims, "iss", bareID, "sub", bareID), 700021, "client_id"},
		"no thumbprint":             {with(header, "x5t#S256", nil), claims, 50027, "thumbprint"},
		"a broken thumbprint":       {with(header, "x5t#S256", "!"), claims, 50027, "thumbprint"},
		"not registered":            {with(header, "x5t#S256", encode(foreign)), claims, 700027, "not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '"},
		"another algorithm":         {with(header, "alg", "RS512"), claims, 50027, "RS256 or PS256"},
		"no algorithm":              {with(header, "alg", "none"), claims, 50027, "RS256 or PS256"},
	} {
		got, text := o.code(o.assertion(signed(t, key, tt.header, tt.claims)))
		if got != tt.want || !strings.Contains(text, tt.text) {
			t.Errorf("%s: %d %s, want %d with %q", name, got, text, tt.want, tt.text)
		}
	}
	if got, text := o.code(o.assertion(signed(t, privateKey(t, stranger), header, claims))); got != 700027 || !strings.Contains(text, "did not match the expected signature") {
		t.Errorf("signed by another key: %d %s", got, text)
	}
	if got, _ := o.code(o.assertion("a.b.c")); got != 50027 {
		t.Errorf("no token: %d", got)
	}
	good := signed(t, key, header, claims)
	if got, text := o.code(o.request("client_secret", "", "client_assertion", good)); got != 900144 || !strings.Contains(text, "'client_assertion_type'") {
		t.Errorf("without the assertion's type: %d %s", got, text)
	}
	if got := decodeClaim(t, o.token(o.assertion(good)), "appidacr"); got != "2" {
		t.Errorf("appidacr is %v, want 2", got)
	}
	if got, text := o.code(o.request("client_id", bareID, "client_secret", "", "client_assertion_type", jwtBearer, "client_assertion", signed(t, key, header, with(claims, "iss", bareID, "sub", bareID)))); got != 700027 {
		t.Errorf("an application without certificates: %d %s", got, text)
	}
	o.advance(100 * 24 * time.Hour)
	later := o.clock().Unix()
	if got, text := o.code(o.assertion(signed(t, key, header, with(claims, "nbf", later, "exp", later+600)))); got != 700027 || !strings.Contains(text, "The key used is expired") {
		t.Errorf("an expired certificate: %d %s", got, text)
	}
}

// TestAFederatedTokenHasToMatchACredentialAndItsIssuersKeys: the numbers tell
// which of issuer, subject and audience does not match (azure.md §4 [C]).
func TestAFederatedTokenHasToMatchACredentialAndItsIssuersKeys(t *testing.T) {
	t.Parallel()
	o := open(t)
	for name, tt := range map[string]struct {
		token entra.FederatedToken
		want  int
		text  string
	}{
		"good":             {entra.FederatedToken{ExpiresIn: time.Hour}, 0, ""},
		"another cluster":  {entra.FederatedToken{Cluster: "other", ExpiresIn: time.Hour}, 700211, "issuer 'https://" + entra.ClusterHost + "/cluster/other/'"},
		"another subject":  {entra.FederatedToken{Subject: "system:serviceaccount:andon:default", ExpiresIn: time.Hour}, 700213, "subject 'system:serviceaccount:andon:default'"},
		"another case":     {entra.FederatedToken{Subject: "system:serviceaccount:andon:Andon", ExpiresIn: time.Hour}, 7002138, "case-insensitive"},
		"another audience": {entra.FederatedToken{Audience: "https://kubernetes.default.svc", ExpiresIn: time.Hour}, 700212, "audience 'https://kubernetes.default.svc'"},
		"a foreign key":    {entra.FederatedToken{HasForeignKey: true, ExpiresIn: time.Hour}, 7000272, "could not be found in the metadata of identity provider"},
		"over":             {entra.FederatedToken{ExpiresIn: -time.Hour}, 700024, "expiry time of assertion 2026-11-24T11:00:00"},
	} {
		if got, text := o.code(o.assertion(mint(t, o, tt.token))); got != tt.want || !strings.Contains(text, tt.text) {
			t.Errorf("%s: %d %s, want %d with %q", name, got, text, tt.want, tt.text)
		}
	}
	good := mint(t, o, entra.FederatedToken{ExpiresIn: time.Hour})
	r := o.request("client_id", bareID, "client_secret", "", "client_assertion_type", jwtBearer, "client_assertion", good)
	if got, text := o.code(r); got != 70021 || !strings.Contains(text, "Assertion Subject: '"+entra.ServiceAccount+"'") {
		t.Errorf("an application without federated credentials: %d %s", got, text)
	}
	broken := mint(t, o, entra.FederatedToken{ExpiresIn: 2 * time.Hour})
	if got, text := o.code(o.assertion(broken[:strings.LastIndex(broken, ".")] + good[strings.LastIndex(good, "."):])); got != 50013 {
		t.Errorf("another token's signature: %d %s", got, text)
	}
	if _, err := o.MintFederated(entra.FederatedToken{Cluster: "none"}); err == nil || !strings.Contains(err.Error(), `unknown cluster "none"; allowed: nordhem, other`) {
		t.Errorf("an unknown cluster: %v", err)
	}
}

func TestAClusterPublishesTheKeyOfItsTokens(t *testing.T) {
	t.Parallel()
	o := open(t)
	a, ok := o.ClusterConfiguration(host, "nordhem")
	doc := o.document(a)
	if !ok || doc["issuer"] != entra.ClusterIssuer("nordhem") || doc["jwks_uri"] != "https://"+host+"/cluster/nordhem/openid/v1/jwks" {
		t.Errorf("got %v", doc)
	}
	keys, ok := o.ClusterKeys("nordhem")
	if !ok {
		t.Fatal("no keys")
	}
	key, isObject := o.document(keys)["keys"].([]any)[0].(map[string]any)
	if !isObject {
		t.Fatal("no key")
	}
	token := mint(t, o, entra.FederatedToken{ExpiresIn: time.Hour})
	if err := verify(token, publicKey(t, key)); err != nil {
		t.Errorf("the published key does not verify the token: %v", err)
	}
	header, claims := decode(t, token)
	if header["kid"] != key["kid"] || claims["sub"] != entra.ServiceAccount || claims["iss"] != entra.ClusterIssuer("nordhem") {
		t.Errorf("header %v, claims %v", header, claims)
	}
	for _, name := range []string{"", "none"} {
		if _, ok := o.ClusterConfiguration(host, name); ok {
			t.Errorf("cluster %q has a document", name)
		}
		if _, ok := o.ClusterKeys(name); ok {
			t.Errorf("cluster %q has keys", name)
		}
	}
}

// FuzzToken: whatever the form, there is a token for the right secret or a
// refusal with a number, and never a token for an assertion that nobody with a
// key made.
func FuzzToken(f *testing.F) {
	o := open(f)
	good := mint(f, o, entra.FederatedToken{ExpiresIn: time.Hour})
	f.Add(tenantID, o.request().Form.Encode())
	f.Add("common", o.assertion("a.b.c").Form.Encode())
	f.Add("nordhem.onmicrosoft.com", o.assertion(good).Form.Encode())
	f.Add(tenantID, o.assertion(good[:len(good)-9]).Form.Encode())
	f.Add(tenantID, o.assertion(encode([]byte(`{"alg":"none"}`))+"."+encode([]byte(`{"iss":"`+clientID+`"}`))+".").Form.Encode())
	f.Add(tenantID, "client_id=%zz&scope=;")
	f.Fuzz(func(t *testing.T, tenant, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			form = url.Values{}
		}
		a := o.Token(&entra.TokenRequest{Method: http.MethodPost, Host: host, Tenant: tenant, Form: form, At: o.clock()})
		doc := (&office{tb: t}).document(a)
		isProved := strings.HasSuffix(form.Get("client_secret"), "8Q~good") || form.Get("client_assertion") == good
		switch {
		case a.Status == http.StatusOK && !isProved:
			t.Errorf("a token without proof for %q", body)
		case a.Status != http.StatusOK && doc["error_codes"] == nil:
			t.Errorf("status %d without a number: %v", a.Status, doc)
		}
	})
}

// FuzzCheck: no text but a token that was issued is accepted.
func FuzzCheck(f *testing.F) {
	o := open(f)
	good := o.token(o.request())
	f.Add(good)
	f.Add("..")
	f.Add(good[:len(good)-1])
	f.Add(encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(`{"exp":1e300}`)) + ".")
	f.Fuzz(func(t *testing.T, text string) {
		if _, _, fault := o.Check(text, []string{arm}); fault == nil && text != good {
			t.Errorf("%q is accepted", text)
		}
	})
}
