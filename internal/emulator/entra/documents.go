package entra

import (
	"net/http"
	"time"
)

// instanceDocument answers whether an authority host is known, which MSAL asks
// before it trusts one.
type instanceDocument struct {
	Endpoint   string     `json:"tenant_discovery_endpoint"`
	APIVersion string     `json:"api-version"`
	Metadata   []instance `json:"metadata"`
}

type instance struct {
	Network string   `json:"preferred_network"`
	Cache   string   `json:"preferred_cache"`
	Aliases []string `json:"aliases"`
}

// Instance is the document of instance discovery: the host the caller used is
// the one that is known.
func (d *Directory) Instance(host string) Answer {
	return Answer{http.StatusOK, instanceDocument{
		Endpoint:   "https://" + host + "/" + d.tenants[0].ID + "/v2.0/.well-known/openid-configuration",
		APIVersion: "1.1",
		Metadata:   []instance{{host, host, []string{host}}},
	}}
}

// openIDDocument is a tenant's OpenID Connect configuration. MSAL for Node
// refuses one without jwks_uri.
type openIDDocument struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	KeysURI               string   `json:"jwks_uri"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	TenantRegion          string   `json:"tenant_region_scope,omitempty"`
	CloudInstance         string   `json:"cloud_instance_name"`
}

// OpenID is the configuration of the tenant that name stands for. It is built
// from the host the caller used, since MSAL wants the issuer under the
// authority it was given. Under common and organizations the issuer holds a
// placeholder for the tenant, as Entra's does.
func (d *Directory) OpenID(host, name string, isV1 bool, at time.Time) Answer {
	id, path := "{tenantid}", name
	if !isShared(name) {
		tenant, e := d.tenantOf(name)
		if e != nil {
			return e.answer(at)
		}
		id, path = tenant.ID, tenant.ID
	}
	base := "https://" + host + "/" + path
	doc := openIDDocument{
		Issuer:                "https://" + host + "/" + id + "/v2.0",
		AuthorizationEndpoint: base + "/oauth2/v2.0/authorize",
		TokenEndpoint:         base + "/oauth2/v2.0/token",
		KeysURI:               base + "/discovery/v2.0/keys",
		AuthMethods:           []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		ResponseTypes:         []string{"code"},
		SubjectTypes:          []string{"pairwise"},
		IDTokenAlgorithms:     []string{algorithmRS256},
		TenantRegion:          "EU",
		CloudInstance:         "microsoftonline.com",
	}
	if isV1 {
		doc.Issuer = Issuer(id)
		doc.AuthorizationEndpoint, doc.TokenEndpoint, doc.KeysURI = base+"/oauth2/authorize", base+"/oauth2/token", "https://"+host+"/common/discovery/keys"
	}
	return Answer{http.StatusOK, doc}
}

// Keys is the key set that access tokens of the tenant can be verified with.
func (d *Directory) Keys(name string, at time.Time) Answer {
	if !isShared(name) {
		if _, e := d.tenantOf(name); e != nil {
			return e.answer(at)
		}
	}
	key := d.key.public()
	key.Algorithm = "" // which Entra leaves out
	return Answer{http.StatusOK, keySet{[]jsonWebKey{key}}}
}

// clusterDocument is the discovery document of a cluster's issuer (Kubernetes,
// Service account issuer discovery).
type clusterDocument struct {
	Issuer        string   `json:"issuer"`
	KeysURI       string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
}

// ClusterConfiguration is the discovery document of a cluster; false when
// there is no such cluster.
func (d *Directory) ClusterConfiguration(host, name string) (Answer, bool) {
	c := d.cluster(name)
	if c == nil || name == "" {
		return Answer{}, false
	}
	return Answer{http.StatusOK, clusterDocument{
		Issuer:        ClusterIssuer(c.name),
		KeysURI:       "https://" + host + "/cluster/" + c.name + "/openid/v1/jwks",
		ResponseTypes: []string{"id_token"},
		SubjectTypes:  []string{"public"},
		Algorithms:    []string{algorithmRS256},
	}}, true
}

// ClusterKeys is the key set of a cluster; false when there is none.
func (d *Directory) ClusterKeys(name string) (Answer, bool) {
	c := d.cluster(name)
	if c == nil || name == "" {
		return Answer{}, false
	}
	key, err := c.key()
	if err != nil {
		return Answer{}, false
	}
	return Answer{http.StatusOK, keySet{[]jsonWebKey{key.public()}}}, true
}
