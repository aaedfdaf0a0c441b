package emulator

import (
	"net/http"
	"net/url"
	"strings"

	"andon/internal/emulator/entra"
)

// entraRoute reads a path of Entra ID, or of a cluster whose tokens it trusts;
// false when it is neither. Version 1 of each endpoint is the form without
// "v2.0".
func entraRoute(seg []string) (route, bool) {
	fixed := make([]string, len(seg))
	for i, s := range seg {
		fixed[i] = strings.ToLower(s)
	}
	path := strings.Join(fixed, "/")
	if path == "common/discovery/instance" {
		return route{call: callInstanceDiscovery}, true
	}
	_, rest, _ := strings.Cut(path, "/")
	r := route{tenant: seg[0]}
	switch rest {
	case "oauth2/v2.0/token":
		r.call = callToken
	case "oauth2/token":
		r.call, r.isV1 = callToken, true
	case "v2.0/.well-known/openid-configuration":
		r.call = callOpenIDDiscovery
	case ".well-known/openid-configuration":
		r.call, r.isV1 = callOpenIDDiscovery, true
	case "discovery/v2.0/keys", "discovery/keys":
		r.call = callSigningKeys
	default:
		return clusterRoute(seg, rest)
	}
	return r, true
}

// clusterRoute reads cluster/{name}/…, where an emulated Kubernetes cluster
// publishes the keys of its service account tokens.
func clusterRoute(seg []string, rest string) (route, bool) {
	if !strings.EqualFold(seg[0], "cluster") || len(seg) < 3 {
		return route{}, false
	}
	_, rest, _ = strings.Cut(rest, "/")
	switch rest {
	case ".well-known/openid-configuration":
		return route{call: callClusterDiscovery, child: seg[1]}, true
	case "openid/v1/jwks":
		return route{call: callClusterKeys, child: seg[1]}, true
	default:
		return route{}, false
	}
}

// answerEntra is the half of the listener that needs no token.
func (a *azure) answerEntra(c *call) reply {
	host := c.request.Host
	isThere := true
	var out entra.Answer
	switch c.call {
	case callInstanceDiscovery:
		out = a.directory.Instance(host)
	case callSigningKeys:
		out = a.directory.Keys(c.tenant, c.at)
	case callOpenIDDiscovery:
		out = a.directory.OpenID(host, c.tenant, c.isV1, c.at)
	case callClusterDiscovery:
		out, isThere = a.directory.ClusterConfiguration(host, c.child)
	case callClusterKeys:
		out, isThere = a.directory.ClusterKeys(c.child)
	default:
		out = a.directory.Token(tokenRequest(c))
	}
	if !isThere {
		return errorReply(errNotFound(c.request.URL.Path))
	}
	return jsonReply(out.Status, out.Document)
}

func tokenRequest(c *call) *entra.TokenRequest {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		form = url.Values{}
	}
	r := &entra.TokenRequest{
		Method: c.request.Method, Host: c.request.Host, Tenant: c.tenant, IsV1: c.isV1, Form: form, At: c.at,
	}
	if user, password, ok := c.request.BasicAuth(); ok {
		r.ClientID, r.ClientSecret = unescape(user), unescape(password)
	}
	return r
}

// unescape undoes the form encoding that RFC 6749 §2.3.1 asks of Basic
// credentials; clients that skip it send the text as it is.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// identity is who asks: an application as its access token names it.
type identity struct {
	clientID string
	// objectID is that of the service principal, which Azure names in its
	// refusals beside the client id.
	objectID string
	tenantID string
}

// armAudiences are the spellings under which clients ask for Resource Manager
// and that it accepts: Azure's default clouds use the old host with a slash.
func armAudiences() []string {
	return []string{
		"https://management.azure.com",
		"https://management.azure.com/",
		"https://management.core.windows.net",
		"https://management.core.windows.net/",
	}
}

// authenticate reads who asks from the access token. tenant is what a refusal
// sends the client to.
func (a *azure) authenticate(r *http.Request, tenant string) (*identity, *armError) {
	authorization := r.Header.Get("Authorization")
	if authorization == "" {
		return nil, errNoToken(tenant)
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return nil, errNoBearer(tenant)
	}
	claims, app, fault := a.directory.Check(strings.TrimSpace(token), armAudiences())
	if fault == nil {
		return &identity{clientID: app.ClientID, objectID: app.ObjectID, tenantID: app.TenantID}, nil
	}
	switch fault.Kind {
	case entra.FaultIssuer:
		return nil, errTokenTenant(tenant, claims.Issuer)
	case entra.FaultAudience:
		return nil, errTokenAudience(tenant, claims.Audience)
	case entra.FaultExpired:
		return nil, errTokenExpired(tenant, fault.ExpiredAt(), a.now())
	default:
		return nil, errInvalidToken(tenant)
	}
}
