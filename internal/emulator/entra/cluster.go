package entra

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// ClusterHost is the host name of the emulated clusters' issuers. It is that
// of Azure Kubernetes Service in one region, and the emulator's proxy and
// certificate answer for it, so that an issuer's address really leads to its
// keys.
const ClusterHost = "swedencentral.oic.prod-aks.azure.com"

// FederationAudience is the audience that Entra asks federated tokens for.
const FederationAudience = "api://AzureADTokenExchange"

// ServiceAccount is the subject that federated credentials of a world trust.
const ServiceAccount = "system:serviceaccount:andon:andon"

// ClusterIssuer is the issuer of a cluster's service account tokens. It does
// not depend on the address the emulator is reached under, since a federated
// credential names it for good.
func ClusterIssuer(name string) string { return "https://" + ClusterHost + "/cluster/" + name + "/" }

// cluster is an emulated Kubernetes cluster: an issuer with one key, whose
// public half Entra takes from the cluster's own documents.
type cluster struct {
	name string
	// key is made when it is first asked for.
	key func() (*signingKey, error)
}

func newCluster(name string) *cluster {
	return &cluster{name: name, key: sync.OnceValues(func() (*signingKey, error) { return newSigningKey(false) })}
}

// keySet is the document at a jwks_uri.
type keySet struct {
	Keys []jsonWebKey `json:"keys"`
}

// federatedClaims are those of a projected service account token (Kubernetes,
// Managing Service Accounts), as far as Entra looks at them.
type federatedClaims struct {
	Issuer    string       `json:"iss"`
	Subject   string       `json:"sub"`
	Audience  audience     `json:"aud"`
	Expires   *numericDate `json:"exp"`
	NotBefore *numericDate `json:"nbf"`
	IssuedAt  *numericDate `json:"iat"`
	TokenID   string       `json:"jti"`
}

// FederatedToken says which token of a cluster to mint. An empty Cluster,
// Subject or Audience is the first cluster, ServiceAccount or
// FederationAudience; other values make tokens that Entra refuses for them.
type FederatedToken struct {
	Cluster  string
	Subject  string
	Audience string
	// ExpiresIn may be negative, for a token whose time is over.
	ExpiresIn time.Duration
	// HasForeignKey signs with a key that the cluster does not publish.
	HasForeignKey bool
}

// MintFederated returns a service account token. The error says which clusters
// there are.
func (d *Directory) MintFederated(t FederatedToken) (string, error) {
	c := d.cluster(t.Cluster)
	if c == nil {
		var names []string
		for _, known := range d.clusters {
			names = append(names, known.name)
		}
		return "", fmt.Errorf("unknown cluster %q; allowed: %s", t.Cluster, strings.Join(names, ", "))
	}
	t.Subject, t.Audience = cmp.Or(t.Subject, ServiceAccount), cmp.Or(t.Audience, FederationAudience)
	key, err := c.key()
	if t.HasForeignKey {
		key, err = newSigningKey(false)
	}
	if err != nil {
		return "", err
	}
	now := d.now()
	begin := now
	if t.ExpiresIn < 0 {
		begin = now.Add(t.ExpiresIn - time.Hour)
	}
	at := func(t time.Time) *numericDate {
		n := numericDate(t.Unix())
		return &n
	}
	return key.sign(federatedClaims{
		Issuer: ClusterIssuer(c.name), Subject: t.Subject, Audience: audience{t.Audience},
		Expires: at(now.Add(t.ExpiresIn)), NotBefore: at(begin), IssuedAt: at(begin), TokenID: rand.Text(),
	})
}

// cluster finds a cluster by its name, and the first one by no name.
func (d *Directory) cluster(name string) *cluster {
	if name == "" && len(d.clusters) > 0 {
		return d.clusters[0]
	}
	i := slices.IndexFunc(d.clusters, func(c *cluster) bool { return strings.EqualFold(c.name, name) })
	if i < 0 {
		return nil
	}
	return d.clusters[i]
}

// MakeClusterKey makes the key of a cluster, which is otherwise made when it
// is first asked for.
func (d *Directory) MakeClusterKey(name string) error {
	c := d.cluster(name)
	if c == nil {
		return fmt.Errorf("unknown cluster %q", name)
	}
	_, err := c.key()
	return err
}

// keyOfIssuer is the key of that id which the issuer publishes; nil when it
// publishes none such, or the issuer is not one that can be asked.
func (d *Directory) keyOfIssuer(issuer, keyID string) *signingKey {
	for _, c := range d.clusters {
		if ClusterIssuer(c.name) != issuer {
			continue
		}
		if key, err := c.key(); err == nil && key.id == keyID {
			return key
		}
	}
	return nil
}
