package emulator

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// entraError is one row of Entra's error table: an AADSTS number, the OAuth
// error it travels under, and the text.
type entraError struct {
	status int
	code   int
	oauth  string
	text   string
}

// discoveryInstance answers the question whether an authority host is known,
// which MSAL asks before it trusts one.
func (a *azure) discoveryInstance(c *call) reply {
	base := "https://" + c.request.Host
	return jsonReply(http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": base + "/" + a.world.TenantID() + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{{
			"preferred_network": c.request.Host,
			"preferred_cache":   c.request.Host,
			"aliases":           []string{c.request.Host},
		}},
	})
}

// openIDConfiguration is built from the host the caller used, since MSAL wants
// the issuer under the authority it was given.
func (a *azure) openIDConfiguration(c *call) reply {
	if e := a.checkTenant(c.tenant); e != nil {
		return a.entraReply(c, e)
	}
	base := "https://" + c.request.Host + "/" + c.tenant
	return jsonReply(http.StatusOK, map[string]any{
		"issuer":                                base + "/v2.0",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"jwks_uri":                              base + "/discovery/v2.0/keys", // MSAL for Node refuses a document without it
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"pairwise"},
		"tenant_region_scope":                   "EU",
		"cloud_instance_name":                   "microsoftonline.com",
	})
}

// signingKeys is GET /{tenant}/discovery/v2.0/keys: the key that tokens can be
// verified with.
func (a *azure) signingKeys(c *call) reply {
	if e := a.checkTenant(c.tenant); e != nil {
		return a.entraReply(c, e)
	}
	return jsonReply(http.StatusOK, map[string]any{"keys": []any{a.signer.publicKey()}})
}

// token is POST /{tenant}/oauth2/v2.0/token with the client credentials grant.
func (a *azure) token(c *call) reply {
	if c.request.Method != http.MethodPost {
		return a.entraReply(c, &entraError{
			http.StatusBadRequest, 900561, "invalid_request",
			"The endpoint only accepts POST requests. Received a " + c.request.Method + " request.",
		})
	}
	if e := a.checkTenant(c.tenant); e != nil {
		return a.entraReply(c, e)
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		form = url.Values{}
	}
	id, audience, e := a.authenticateClient(c, form)
	if e != nil {
		return a.entraReply(c, e)
	}
	token, err := a.signer.issue(id, audience)
	if err != nil {
		return a.entraReply(c, &entraError{http.StatusInternalServerError, 50000, "server_error", "There was an error issuing a token: " + err.Error()})
	}
	return jsonReply(http.StatusOK, map[string]any{
		"token_type":     "Bearer",
		"expires_in":     int(tokenLife.Seconds()) - 1,
		"ext_expires_in": int(tokenLife.Seconds()) - 1,
		"access_token":   token,
	})
}

// authenticateClient checks the token request in Entra's order: what is
// missing, the grant, the application, its credential, the resource.
func (a *azure) authenticateClient(c *call, form url.Values) (*identity, string, *entraError) {
	clientID, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := c.request.BasicAuth(); ok {
		clientID, secret = unescape(user), unescape(password)
	}
	for _, p := range []struct{ name, value string }{
		{"grant_type", form.Get("grant_type")}, {"client_id", clientID}, {"scope", form.Get("scope")},
	} {
		if p.value == "" {
			return nil, "", &entraError{
				http.StatusBadRequest, 900144, "invalid_request",
				fmt.Sprintf("The request body must contain the following parameter: '%s'.", p.name),
			}
		}
	}
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return nil, "", &entraError{
			http.StatusBadRequest, 70003, "unsupported_grant_type",
			fmt.Sprintf("The app requested an unsupported grant type '%s'.", grant),
		}
	}
	id := a.identityOf(clientID)
	if id == nil {
		return nil, "", &entraError{
			http.StatusBadRequest, 700016, "unauthorized_client",
			fmt.Sprintf("Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", clientID, a.world.TenantID()),
		}
	}
	if e := checkCredential(id, secret, form); e != nil {
		return nil, "", e
	}
	audience, ok := audienceOf(form.Get("scope"))
	if !ok {
		resource := strings.TrimSuffix(strings.Fields(form.Get("scope") + " ?")[0], "/.default")
		return nil, "", &entraError{
			http.StatusBadRequest, 500011, "invalid_resource",
			fmt.Sprintf("The resource principal named %s was not found in the tenant named %s. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.", resource, a.world.TenantID()),
		}
	}
	return id, audience, nil
}

func checkCredential(id *identity, secret string, form url.Values) *entraError {
	switch {
	case form.Get("client_assertion") != "":
		return &entraError{
			http.StatusUnauthorized, 700027, "invalid_client",
			"The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found.]",
		}
	case secret == "":
		return &entraError{
			http.StatusUnauthorized, 7000216, "invalid_client",
			"'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
		}
	case subtle.ConstantTimeCompare([]byte(secret), []byte(id.secret)) == 0:
		return &entraError{
			http.StatusUnauthorized, 7000215, "invalid_client",
			fmt.Sprintf("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", id.clientID),
		}
	case id.isSecretExpired:
		return &entraError{
			http.StatusUnauthorized, 7000222, "invalid_client",
			fmt.Sprintf("The provided client secret keys for app '%s' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.", id.clientID),
		}
	}
	return nil
}

func (a *azure) identityOf(clientID string) *identity {
	for _, id := range a.identities {
		if strings.EqualFold(id.clientID, clientID) {
			return id
		}
	}
	return nil
}

func (a *azure) checkTenant(tenant string) *entraError {
	domain := regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z]{2,}$`)
	switch {
	case strings.EqualFold(tenant, a.world.TenantID()):
		return nil
	case isGUID(tenant), domain.MatchString(tenant):
		return &entraError{
			http.StatusBadRequest, 90002, "invalid_request",
			fmt.Sprintf("Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", tenant),
		}
	default:
		return &entraError{
			http.StatusBadRequest, 900023, "invalid_request",
			fmt.Sprintf("Specified tenant identifier '%s' is neither a valid DNS name, nor a valid external domain.", tenant),
		}
	}
}

// entraReply wraps e in the envelope of Entra's token endpoint. Clients key on
// error_codes; people read error_description.
func (a *azure) entraReply(c *call, e *entraError) reply {
	stamp := c.at.UTC().Format("2006-01-02 15:04:05Z")
	trace, correlation := newGUID(), newGUID()
	return jsonReply(e.status, struct {
		Error         string `json:"error"`
		Description   string `json:"error_description"`
		Codes         []int  `json:"error_codes"`
		Timestamp     string `json:"timestamp"`
		TraceID       string `json:"trace_id"`
		CorrelationID string `json:"correlation_id"`
		URI           string `json:"error_uri"`
	}{
		Error: e.oauth,
		Description: fmt.Sprintf("AADSTS%d: %s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s",
			e.code, e.text, trace, correlation, stamp),
		Codes:         []int{e.code},
		Timestamp:     stamp,
		TraceID:       trace,
		CorrelationID: correlation,
		URI:           "https://" + entraHost + "/error?code=" + strconv.Itoa(e.code),
	})
}

// unescape undoes the form encoding that RFC 6749 §2.3.1 asks of Basic
// credentials; clients that skip it send the text as it is.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}
