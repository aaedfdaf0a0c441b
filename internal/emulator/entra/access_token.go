package entra

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// backdate is how much earlier than its issue a token says it became valid:
// 300 of the 3,900 seconds between not_before and expires_on of a recorded
// answer (azure.md §12, recordings).
const backdate = 5 * time.Minute

// How an application proved who it is, as the appidacr claim says it.
const (
	provedBySecret    = "1"
	provedByAssertion = "2"
)

// Claims are those of a version 1 access token, the version that Resource
// Manager's tokens have whichever endpoint gave them.
type Claims struct {
	Audience  string      `json:"aud"`
	Issuer    string      `json:"iss"`
	IssuedAt  numericDate `json:"iat"`
	NotBefore numericDate `json:"nbf"`
	Expires   numericDate `json:"exp"`
	AppID     string      `json:"appid"`
	ProvedBy  string      `json:"appidacr"`
	Provider  string      `json:"idp"`
	IDType    string      `json:"idtyp"`
	ObjectID  string      `json:"oid"`
	Subject   string      `json:"sub"`
	TenantID  string      `json:"tid"`
	TokenID   string      `json:"uti"`
	Version   string      `json:"ver"`
}

// Issuer is what the version 1 tokens of a tenant name as theirs.
func Issuer(tenantID string) string { return "https://sts.windows.net/" + tenantID + "/" }

// issued is a fresh access token and the times in it.
type issued struct {
	token              string
	notBefore, expires time.Time
	life               time.Duration
}

// issue makes an access token for app.
func (d *Directory) issue(app Application, resource, provedBy string) (issued, error) {
	now, life := d.now(), d.Life()
	out := issued{notBefore: now.Add(-backdate), expires: now.Add(life), life: life}
	var err error
	out.token, err = d.key.sign(Claims{
		Audience:  resource,
		Issuer:    Issuer(app.TenantID),
		IssuedAt:  numericDate(out.notBefore.Unix()),
		NotBefore: numericDate(out.notBefore.Unix()),
		Expires:   numericDate(out.expires.Unix()),
		AppID:     app.ClientID,
		ProvedBy:  provedBy,
		Provider:  Issuer(app.TenantID),
		IDType:    "app",
		ObjectID:  app.ObjectID,
		Subject:   app.ObjectID,
		TenantID:  app.TenantID,
		TokenID:   rand.Text()[:22],
		Version:   "1.0",
	})
	return out, err
}

// FaultKind is why an access token is not accepted.
type FaultKind int

// The kinds of Fault.
const (
	FaultMalformed FaultKind = iota + 1 // no token, or its signature is not the tenants'
	FaultIssuer                         // of a tenant that is not there
	FaultAudience                       // for another resource
	FaultExpired                        // its time is over
	FaultNotYet                         // its time is still to come
)

// Fault says why an access token is not accepted.
type Fault struct {
	Kind FaultKind
	// Claims are what the token says, unverified; Resource Manager repeats some
	// of it.
	Claims Claims
}

// ExpiredAt is when the token's life ended.
func (f *Fault) ExpiredAt() time.Time { return f.Claims.Expires.time() }

// Check returns the claims of a token that one of the tenants gave for a
// resource in resources, and the application it was given to. Issuer and
// audience are looked at before the signature, so that a real token of another
// tenant is told apart from a broken one.
func (d *Directory) Check(text string, resources []string) (Claims, Application, *Fault) {
	token, err := parseToken(text)
	if err != nil {
		return Claims{}, Application{}, &Fault{Kind: FaultMalformed}
	}
	var c Claims
	if token.claims(&c) != nil {
		return Claims{}, Application{}, &Fault{Kind: FaultMalformed}
	}
	fault := func(k FaultKind) *Fault { return &Fault{Kind: k, Claims: c} }
	tenant := d.issuedBy(c.Issuer)
	now := d.now()
	app, isKnown := d.Application(c.TenantID, c.AppID)
	switch {
	case tenant == nil:
		return c, app, fault(FaultIssuer)
	case !slices.Contains(resources, c.Audience):
		return c, app, fault(FaultAudience)
	case token.header.Algorithm != algorithmRS256, token.header.KeyID != d.key.id,
		!token.isSignedBy(&d.key.private.PublicKey), !strings.EqualFold(c.TenantID, tenant.ID), !isKnown:
		return c, app, fault(FaultMalformed)
	case !now.Before(c.Expires.time()):
		return c, app, fault(FaultExpired)
	case now.Add(assertionSkew).Before(c.NotBefore.time()):
		return c, app, fault(FaultNotYet)
	}
	return c, app, nil
}

// issuedBy is the tenant whose tokens name that issuer.
func (d *Directory) issuedBy(issuer string) *Tenant {
	i := slices.IndexFunc(d.tenants, func(t Tenant) bool { return Issuer(t.ID) == issuer })
	if i < 0 {
		return nil
	}
	return &d.tenants[i]
}
