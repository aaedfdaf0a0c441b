package entra_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"andon/internal/emulator/entra"
)

const (
	tenantID  = "7e0a0000-0000-4000-8000-000000000001"
	partnerID = "7e0a0000-0000-4000-8000-000000000002"
	clientID  = "c11e0000-0000-4000-8000-000000000001"
	bareID    = "c11e0000-0000-4000-8000-000000000002"
	managedID = "c11e0000-0000-4000-8000-000000000003"
	objectID  = "0b1e0000-0000-4000-8000-000000000001"
	arm       = "https://management.azure.com"
	host      = "127.0.0.1:8443"
	jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// office is a directory whose clock is moved by hand.
type office struct {
	*entra.Directory

	tb   testing.TB
	pair *entra.KeyPair

	mu  sync.Mutex
	now time.Time
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *office) advance(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

func open(tb testing.TB) *office {
	tb.Helper()
	o := &office{tb: tb, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	var err error
	if o.pair, err = entra.NewKeyPair("andon", o.now.Add(-time.Hour), o.now.Add(90*24*time.Hour)); err != nil {
		tb.Fatal(err)
	}
	o.Directory, err = entra.New(entra.Config{
		Clusters: []string{"nordhem", "other"}, Resources: []string{arm, arm + "/"}, Now: o.clock,
	})
	if err != nil {
		tb.Fatal(err)
	}
	o.AddTenants(
		entra.Tenant{ID: tenantID, Name: "Nordhem", Domain: "nordhem.onmicrosoft.com"},
		entra.Tenant{ID: partnerID, Name: "Partner", Domain: "partner.onmicrosoft.com"},
	)
	for _, a := range []entra.Application{
		{
			TenantID: tenantID, ClientID: clientID, ObjectID: objectID, DisplayName: "andon",
			Secrets: []entra.Secret{
				{KeyID: "k1", Text: "one8Q~good", Expires: o.now.Add(time.Hour * 24)},
				{KeyID: "k2", Text: "two8Q~good", Expires: o.now.Add(time.Hour * 48)},
				{KeyID: "k0", Text: "old8Q~spent", Expires: o.now.Add(-time.Hour)},
			},
			Certificates: []*x509.Certificate{o.pair.Certificate},
			Federated: []entra.Federated{{
				Name: "aks", Issuer: entra.ClusterIssuer("nordhem"), Subject: entra.ServiceAccount, Audiences: []string{entra.FederationAudience},
			}},
		},
		{TenantID: tenantID, ClientID: bareID, DisplayName: "bare"},
		{TenantID: tenantID, ClientID: managedID, DisplayName: "id-andon", IsManaged: true},
	} {
		if err := o.Add(a); err != nil {
			tb.Fatal(err)
		}
	}
	return o
}

func (o *office) request(changed ...string) *entra.TokenRequest {
	f := url.Values{"client_id": {clientID}, "client_secret": {"one8Q~good"}, "grant_type": {"client_credentials"}, "scope": {arm + "/.default"}}
	for i := 0; i < len(changed); i += 2 {
		f.Set(changed[i], changed[i+1])
		if changed[i+1] == "" {
			f.Del(changed[i])
		}
	}
	return &entra.TokenRequest{Method: http.MethodPost, Host: host, Tenant: tenantID, Form: f, At: o.clock()}
}

// document is an answer as the client reads it.
func (o *office) document(a entra.Answer) map[string]any {
	o.tb.Helper()
	b, err := json.Marshal(a.Document)
	if err != nil {
		o.tb.Fatal(err)
	}
	doc := map[string]any{}
	if err := json.Unmarshal(b, &doc); err != nil {
		o.tb.Fatal(err)
	}
	return doc
}

// code asks for a token and returns the AADSTS number of the refusal, 0 when
// there is a token, with the description.
func (o *office) code(r *entra.TokenRequest) (int, string) {
	o.tb.Helper()
	a := o.Token(r)
	doc := o.document(a)
	codes, ok := doc["error_codes"].([]any)
	if !ok {
		if a.Status != http.StatusOK || doc["access_token"] == "" {
			o.tb.Fatalf("neither a token nor a refusal: %d %v", a.Status, doc)
		}
		return 0, ""
	}
	if a.Status == http.StatusOK {
		o.tb.Fatalf("a refusal with status 200: %v", doc)
	}
	return int(codes[0].(float64)), doc["error_description"].(string)
}

func (o *office) token(r *entra.TokenRequest) string {
	o.tb.Helper()
	text, ok := o.document(o.Token(r))["access_token"].(string)
	if !ok {
		o.tb.Fatalf("no token: %v", o.Token(r).Document)
	}
	return text
}

func TestASecretIsGoodUntilItExpiresOrIsTakenAway(t *testing.T) {
	t.Parallel()
	o := open(t)
	check := func(secret string, want int) {
		t.Helper()
		if got, text := o.code(o.request("client_secret", secret)); got != want {
			t.Errorf("%s: %d %s, want %d", secret, got, text, want)
		}
	}
	check("one8Q~good", 0)
	check("two8Q~good", 0)
	check("old8Q~spent", 7000222)
	check("nonsense", 7000215)
	check("k1", 7000215) // people paste the secret's id
	token := o.token(o.request())
	if err := o.AddSecret(clientID, entra.Secret{KeyID: "k3", Text: "new8Q~good", Expires: o.clock().Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	check("new8Q~good", 0)
	if err := o.RemoveSecret(clientID, "one"); err != nil {
		t.Fatal(err)
	}
	check("one8Q~good", 7000215)
	check("two8Q~good", 0)
	if _, _, f := o.Check(token, []string{arm}); f != nil {
		t.Errorf("a token got with a secret taken away since is refused: %+v", f)
	}
	o.advance(time.Minute)
	check("new8Q~good", 7000222)
	for want, err := range map[string]error{
		"unknown clientId \"x\"; allowed: ":        o.AddSecret("x", entra.Secret{}),
		"is a managed identity, which has no sec":  o.RemoveSecret(managedID, "x"),
		`has the key id or hint "x"; it has: k2 (`: o.RemoveSecret(clientID, "x"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAccessTokensAreSignedTokensThatOutsidersCanVerify(t *testing.T) {
	t.Parallel()
	o := open(t)
	token := o.token(o.request())
	header, claims := decode(t, token)
	keys := o.document(o.Keys(tenantID, o.clock()))["keys"].([]any)[0].(map[string]any)
	if header["alg"] != "RS256" || header["typ"] != "JWT" || header["kid"] != keys["kid"] || header["x5t"] != keys["x5t"] {
		t.Errorf("header %v and key %v", header, keys)
	}
	if err := verify(token, publicKey(t, keys)); err != nil {
		t.Errorf("the published key does not verify the token: %v", err)
	}
	want := map[string]any{
		"aud": arm, "iss": "https://sts.windows.net/" + tenantID + "/", "idp": "https://sts.windows.net/" + tenantID + "/", "tid": tenantID,
		"appid": clientID, "appidacr": "1", "oid": objectID, "sub": objectID, "idtyp": "app", "ver": "1.0",
	}
	for k, v := range want {
		if claims[k] != v {
			t.Errorf("claim %s is %v, want %v", k, claims[k], v)
		}
	}
	now := float64(o.clock().Unix())
	// not_before lies 300 s before the issue, as recorded (recordings, token-001).
	if claims["exp"] != now+3600 || claims["nbf"] != now-300 || claims["iat"] != now-300 || len(claims["uti"].(string)) != 22 {
		t.Errorf("claims %v", claims)
	}
	if decodeClaim(t, o.token(o.request()), "uti") == claims["uti"] {
		t.Error("two tokens have the same uti")
	}
}

// TestTheV1EndpointWritesNumbersAsTexts is a recorded answer (recordings,
// token-001) [R].
func TestTheV1EndpointWritesNumbersAsTexts(t *testing.T) {
	t.Parallel()
	o := open(t)
	r := o.request("scope", "", "resource", arm+"/")
	r.IsV1 = true
	doc := o.document(o.Token(r))
	for _, k := range []string{"expires_in", "ext_expires_in", "expires_on", "not_before", "resource", "access_token"} {
		if s, ok := doc[k].(string); !ok || s == "" {
			t.Errorf("%s is %v, want a text", k, doc[k])
		}
	}
	if doc["expires_in"] != "3599" || doc["resource"] != arm+"/" || decodeClaim(t, doc["access_token"].(string), "aud") != arm+"/" {
		t.Errorf("got %v", doc)
	}
	r.Form.Del("resource")
	if got, text := o.code(r); got != 900144 || !strings.Contains(text, "'resource'") {
		t.Errorf("without a resource: %d %s", got, text)
	}
}

func TestATokensLifeCanBeSeconds(t *testing.T) {
	t.Parallel()
	o := open(t)
	if err := o.SetLife(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	token := o.token(o.request())
	if left := o.document(o.Token(o.request()))["expires_in"]; left != 4.0 {
		t.Errorf("expires_in is %v, want 4", left)
	}
	if _, app, f := o.Check(token, []string{arm}); f != nil || app.ClientID != clientID {
		t.Errorf("a fresh token: %+v of %s", f, app.ClientID)
	}
	o.advance(5 * time.Second)
	if _, _, f := o.Check(token, []string{arm}); f == nil || f.Kind != entra.FaultExpired || !f.ExpiredAt().Equal(o.clock()) {
		t.Errorf("after its life: %+v", f)
	}
	if o.SetLife(0) == nil || o.SetLife(25*time.Hour) == nil {
		t.Error("a life of nothing or of more than a day is accepted")
	}
}

func TestCheckTellsFaultsApart(t *testing.T) {
	t.Parallel()
	o := open(t)
	good := o.token(o.request())
	parts := strings.Split(good, ".")
	forge := func(from, to string) string {
		raw, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		return parts[0] + "." + encode([]byte(strings.Replace(string(raw), from, to, 1))) + "." + parts[2]
	}
	none := encode([]byte(`{"alg":"none","typ":"JWT"}`))
	confused := encode([]byte(`{"alg":"HS256","typ":"JWT"}`))
	for name, tt := range map[string]struct {
		token string
		want  entra.FaultKind
	}{
		"no token":           {"nonsense", entra.FaultMalformed},
		"four parts":         {good + ".x", entra.FaultMalformed},
		"claims no object":   {parts[0] + "." + encode([]byte(`[]`)) + "." + parts[2], entra.FaultMalformed},
		"another tenant's":   {forge(tenantID+`/","iat`, partnerID+`0/","iat`), entra.FaultIssuer},
		"the partner's":      {forge("sts.windows.net/"+tenantID, "sts.windows.net/"+partnerID), entra.FaultMalformed},
		"another audience":   {forge(arm, "https://graph.microsoft.com"), entra.FaultAudience},
		"another client":     {forge(clientID, bareID), entra.FaultMalformed},
		"a longer life":      {forge(`"ver":"1.0"`, `"ver":"1.0","exp":9999999999`), entra.FaultMalformed},
		"no signature":       {none + "." + parts[1] + ".", entra.FaultMalformed},
		"a symmetric one":    {confused + "." + parts[1] + "." + parts[2], entra.FaultMalformed},
		"a cluster's":        {mint(t, o, entra.FederatedToken{Audience: arm, ExpiresIn: time.Hour}), entra.FaultMalformed},
		"too large":          {strings.Repeat("a", 100_000), entra.FaultMalformed},
		"padded in base64":   {parts[0] + "=." + parts[1] + "." + parts[2], entra.FaultMalformed},
		"signature cut off":  {good[:len(good)-4], entra.FaultMalformed},
		"header not decoded": {"!." + parts[1] + "." + parts[2], entra.FaultMalformed},
	} {
		if _, _, f := o.Check(tt.token, []string{arm}); f == nil || f.Kind != tt.want {
			t.Errorf("%s: got %+v, want %d", name, f, tt.want)
		}
	}
	o.advance(-11 * time.Minute)
	if _, _, f := o.Check(good, []string{arm}); f == nil || f.Kind != entra.FaultNotYet {
		t.Errorf("before its time: %+v", f)
	}
}

func mint(tb testing.TB, o *office, f entra.FederatedToken) string {
	tb.Helper()
	token, err := o.MintFederated(f)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func TestTenantsAreFoundByIDAndDomain(t *testing.T) {
	t.Parallel()
	o := open(t)
	for name, want := range map[string]int{
		tenantID: 0, strings.ToUpper(tenantID): 0, "Nordhem.onmicrosoft.com": 0,
		partnerID: 700016, "partner.onmicrosoft.com": 700016,
		"contoso.onmicrosoft.com": 90002, "5b1ee3f0-0000-4000-8000-000000000000": 90002,
		"not!a!tenant": 900023, "common": 50059, "organizations": 50059,
	} {
		r := o.request()
		r.Tenant = name
		if got, text := o.code(r); got != want {
			t.Errorf("%s: %d %s, want %d", name, got, text, want)
		}
	}
	doc := o.document(o.OpenID(host, "nordhem.onmicrosoft.com", false, o.clock()))
	if doc["issuer"] != "https://"+host+"/"+tenantID+"/v2.0" || doc["token_endpoint"] != "https://"+host+"/"+tenantID+"/oauth2/v2.0/token" {
		t.Errorf("the domain's document: %v", doc)
	}
	if doc := o.document(o.OpenID(host, tenantID, true, o.clock())); doc["issuer"] != "https://sts.windows.net/"+tenantID+"/" || doc["token_endpoint"] != "https://"+host+"/"+tenantID+"/oauth2/token" {
		t.Errorf("the v1 document: %v", doc)
	}
	if doc := o.document(o.OpenID(host, "common", false, o.clock())); doc["issuer"] != "https://"+host+"/{tenantid}/v2.0" {
		t.Errorf("the document of common: %v", doc)
	}
}

func TestAManagedIdentityHasNoCredentialsOfItsOwn(t *testing.T) {
	t.Parallel()
	o := open(t)
	for _, id := range []string{"", managedID} {
		got, err := o.Managed(id, arm)
		if err != nil || got.TokenType != "Bearer" || got.ClientID != managedID || got.Resource != arm {
			t.Errorf("%q: %+v, %v", id, got, err)
		}
		if c, app, f := o.Check(got.AccessToken, []string{arm}); f != nil || app.ClientID != managedID || c.ProvedBy != "2" {
			t.Errorf("its token: %+v, %+v", c, f)
		}
	}
	if _, err := o.Managed(clientID, arm); err == nil {
		t.Error("an application gets a token as a managed identity")
	}
	if _, err := o.Managed("", "https://graph.microsoft.com"); err == nil {
		t.Error("a token for an unknown resource")
	}
	if got, _ := o.code(o.request("client_id", managedID)); got != 7000215 {
		t.Errorf("a managed identity with a secret: %d", got)
	}
}

// decode reads a token's header and claims without verifying anything.
func decode(tb testing.TB, token string) (header, claims map[string]any) {
	tb.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		tb.Fatalf("the token has %d parts", len(parts))
	}
	for i, into := range []*map[string]any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			tb.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			tb.Fatal(err)
		}
	}
	return header, claims
}

func decodeClaim(tb testing.TB, token, name string) any {
	tb.Helper()
	_, claims := decode(tb, token)
	return claims[name]
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// publicKey reads a JSON Web Key.
func publicKey(tb testing.TB, key map[string]any) *rsa.PublicKey {
	tb.Helper()
	var out rsa.PublicKey
	for name, set := range map[string]func([]byte){
		"n": func(b []byte) { out.N = newInt(b) },
		"e": func(b []byte) { out.E = int(newInt(b).Int64()) },
	} {
		raw, err := base64.RawURLEncoding.DecodeString(key[name].(string))
		if err != nil {
			tb.Fatal(err)
		}
		set(raw)
	}
	return &out
}

func verify(token string, key *rsa.PublicKey) error {
	i := strings.LastIndex(token, ".")
	signature, err := base64.RawURLEncoding.DecodeString(token[i+1:])
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(token[:i]))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
}

// privateKey is the key in a pair's PEM.
func privateKey(tb testing.TB, pair *entra.KeyPair) *rsa.PrivateKey {
	tb.Helper()
	_, rest := pem.Decode(pair.PEM)
	block, _ := pem.Decode(rest)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

// signed makes a client assertion by hand.
func signed(tb testing.TB, key *rsa.PrivateKey, header, claims map[string]any) string {
	tb.Helper()
	var parts []string
	for _, part := range []map[string]any{header, claims} {
		b, err := json.Marshal(part)
		if err != nil {
			tb.Fatal(err)
		}
		parts = append(parts, encode(b))
	}
	text := strings.Join(parts, ".")
	sum := sha256.Sum256([]byte(text))
	var signature []byte
	var err error
	if header["alg"] == "PS256" {
		signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	}
	if err != nil {
		tb.Fatal(err)
	}
	return text + "." + encode(signature)
}

func thumbprints(c *x509.Certificate) (s1, s256 []byte) {
	one, two := sha1.Sum(c.Raw), sha256.Sum256(c.Raw)
	return one[:], two[:]
}
