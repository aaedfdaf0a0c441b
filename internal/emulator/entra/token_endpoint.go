package entra

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TokenRequest is a request to a tenant's token endpoint.
type TokenRequest struct {
	Method string
	// Host is what the client asked, with its port.
	Host string
	// Tenant is the first segment of the path: a GUID or a domain.
	Tenant string
	// IsV1 tells that the endpoint is /oauth2/token, which takes a resource
	// where /oauth2/v2.0/token takes a scope.
	IsV1 bool
	Form url.Values
	// ClientID and ClientSecret are what came as Basic credentials instead of
	// in the form; empty when none did.
	ClientID     string
	ClientSecret string
	// At is the time that the answer bears.
	At time.Time
}

// tokenDocument is the answer of the v2.0 endpoint.
type tokenDocument struct {
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	ExtExpiresIn int    `json:"ext_expires_in"`
	AccessToken  string `json:"access_token"`
}

// tokenDocumentV1 is the answer of the v1 endpoint, whose numbers are texts
// (recordings, token-001).
type tokenDocumentV1 struct {
	TokenType    string `json:"token_type"`
	ExpiresIn    string `json:"expires_in"`
	ExtExpiresIn string `json:"ext_expires_in"`
	ExpiresOn    string `json:"expires_on"`
	NotBefore    string `json:"not_before"`
	Resource     string `json:"resource"`
	AccessToken  string `json:"access_token"`
}

// Token answers a request of the client credentials grant.
func (d *Directory) Token(r *TokenRequest) Answer {
	app, resource, proof, e := d.authenticate(r)
	if e != nil {
		return e.answer(r.At)
	}
	got, err := d.issue(app, resource, proof)
	if err != nil {
		e := &refusal{http.StatusInternalServerError, 50000, "server_error", "There was an error issuing a token: " + err.Error()}
		return e.answer(r.At)
	}
	// Entra takes a second off what it says the token has left.
	left := max(0, int(got.life.Seconds())-1)
	if r.IsV1 {
		text := strconv.Itoa(left)
		return Answer{http.StatusOK, tokenDocumentV1{
			TokenType: "Bearer", ExpiresIn: text, ExtExpiresIn: text, AccessToken: got.token, Resource: resource,
			ExpiresOn: unixText(got.expires), NotBefore: unixText(got.notBefore),
		}}
	}
	return Answer{http.StatusOK, tokenDocument{TokenType: "Bearer", ExpiresIn: left, ExtExpiresIn: left, AccessToken: got.token}}
}

func unixText(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// authenticate checks the request in Entra's order: the tenant, what is
// missing, the grant, the application, its credential, the resource.
func (d *Directory) authenticate(r *TokenRequest) (app Application, resource, proof string, e *refusal) {
	if r.Method != http.MethodPost {
		return app, "", "", refuseMethod(r.Method)
	}
	tenant, e := d.tenantOf(r.Tenant)
	if e != nil {
		return app, "", "", e
	}
	clientID, secret := r.ClientID, r.ClientSecret
	if clientID == "" {
		clientID, secret = r.Form.Get("client_id"), r.Form.Get("client_secret")
	}
	wanted := "scope"
	if r.IsV1 {
		wanted = "resource"
	}
	for _, p := range []struct{ name, value string }{
		{"grant_type", r.Form.Get("grant_type")}, {"client_id", clientID}, {wanted, r.Form.Get(wanted)},
	} {
		if p.value == "" {
			return app, "", "", refuseMissing(p.name)
		}
	}
	if grant := r.Form.Get("grant_type"); grant != "client_credentials" {
		return app, "", "", refuseGrant(grant)
	}
	app, isKnown := d.Application(tenant.ID, clientID)
	if !isKnown {
		return app, "", "", refuseUnknownClient(clientID, tenant.ID)
	}
	if proof, e = d.checkCredential(app, r, secret); e != nil {
		return app, "", "", e
	}
	resource, e = d.resource(r, tenant.ID)
	return app, resource, proof, e
}

// checkCredential returns how the application proved who it is.
func (d *Directory) checkCredential(app Application, r *TokenRequest, secret string) (proof string, e *refusal) {
	assertion := r.Form.Get("client_assertion")
	switch {
	case assertion != "" && r.Form.Get("client_assertion_type") != assertionType:
		return "", refuseMissing("client_assertion_type")
	case assertion != "":
		return provedByAssertion, d.checkAssertion(app, r, assertion)
	case secret == "":
		return "", refuseNoCredential()
	}
	return provedBySecret, (&application{app}).checkSecret(secret, d.now())
}

// resource is the audience that is asked for. Clients add openid, profile and
// offline_access to a scope, and Azure's default clouds end theirs in two
// slashes, of which the first is the audience's own.
func (d *Directory) resource(r *TokenRequest, tenantID string) (string, *refusal) {
	if r.IsV1 {
		if asked := r.Form.Get("resource"); slices.Contains(d.resources, asked) {
			return asked, nil
		}
		return "", refuseResource(r.Form.Get("resource"), tenantID)
	}
	scopes := strings.Fields(r.Form.Get("scope"))
	for _, scope := range scopes {
		asked, isDefault := strings.CutSuffix(scope, "/.default")
		if isDefault && slices.Contains(d.resources, asked) {
			return asked, nil
		}
	}
	first := "?"
	if len(scopes) > 0 {
		first = strings.TrimSuffix(scopes[0], "/.default")
	}
	return "", refuseResource(first, tenantID)
}

// tenantOf finds a tenant by what stands in the path: its GUID or its domain.
func (d *Directory) tenantOf(name string) (*Tenant, *refusal) {
	if t := d.TenantByID(name); t != nil {
		return t, nil
	}
	for i := range d.tenants {
		if strings.EqualFold(d.tenants[i].Domain, name) {
			return &d.tenants[i], nil
		}
	}
	switch {
	case isShared(name):
		return nil, refuseNoTenant()
	case isGUID(name), isDomain(name):
		return nil, refuseUnknownTenant(name)
	default:
		return nil, refuseTenantName(name)
	}
}

// isShared tells the names that stand for every tenant.
func isShared(name string) bool {
	return strings.EqualFold(name, "common") || strings.EqualFold(name, "organizations")
}

func isGUID(s string) bool {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`).MatchString(s)
}

func isDomain(s string) bool {
	return regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z]{2,}$`).MatchString(s)
}

// audiences are the addresses that an assertion may be made out to, in lower
// case and without a closing slash: the endpoint that is asked, as the client
// or as Azure knows it, and the issuers that MSAL's libraries have put there.
func (r *TokenRequest) audiences(tenantID string) []string {
	all := []string{"https://sts.windows.net/" + strings.ToLower(tenantID)}
	for _, host := range []string{r.Host, entraHost, "login.windows.net"} {
		for _, tenant := range []string{tenantID, r.Tenant} {
			for _, path := range []string{"", "/oauth2/v2.0/token", "/oauth2/token", "/v2.0"} {
				all = append(all, strings.ToLower("https://"+host+"/"+tenant+path))
			}
		}
	}
	return all
}

// entraHost is the host name of Entra ID in Azure's public cloud.
const entraHost = "login.microsoftonline.com"

// ManagedToken is an answer of App Service's identity endpoint (App Service,
// Managed identities, REST endpoint reference).
type ManagedToken struct {
	AccessToken string `json:"access_token"`
	ClientID    string `json:"client_id"`
	ExpiresOn   string `json:"expires_on"`
	NotBefore   string `json:"not_before"`
	Resource    string `json:"resource"`
	TokenType   string `json:"token_type"`
}

// Managed gives the token of a managed identity: that of clientID, or the
// first one when it is empty. The platform around the identity is its proof.
func (d *Directory) Managed(clientID, resource string) (ManagedToken, error) {
	var app *Application
	for _, a := range d.Applications() {
		if a.IsManaged && (clientID == "" || strings.EqualFold(a.ClientID, clientID)) {
			app = &a
			break
		}
	}
	switch {
	case app == nil:
		return ManagedToken{}, fmt.Errorf("no managed identity with the client id %q is assigned to this app", clientID)
	case !slices.Contains(d.resources, resource):
		return ManagedToken{}, fmt.Errorf("the resource principal named %s was not found in the tenant; allowed: %s", resource, strings.Join(d.resources, ", "))
	}
	got, err := d.issue(*app, resource, provedByAssertion)
	return ManagedToken{
		AccessToken: got.token, ClientID: app.ClientID, Resource: resource, TokenType: "Bearer",
		ExpiresOn: unixText(got.expires), NotBefore: unixText(got.notBefore),
	}, err
}
