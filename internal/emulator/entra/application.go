package entra

import (
	"crypto/subtle"
	"crypto/x509"
	"slices"
	"strings"
	"time"
)

// Tenant is one directory.
type Tenant struct {
	ID string
	// Name is shown to people, Domain is what may stand for ID in a path.
	Name   string
	Domain string
}

// Application is an app registration and its service principal in the tenant
// that it is registered in, or a managed identity, which has no credentials of
// its own.
type Application struct {
	TenantID    string
	ClientID    string
	DisplayName string
	// ObjectID is that of the service principal, which Resource Manager names
	// in its refusals and roles are assigned to.
	ObjectID string
	// IsManaged marks a managed identity.
	IsManaged bool
	// What says in a sentence what is particular about it.
	What string
	// Secrets, Certificates and Federated are its credentials at the start.
	Secrets      []Secret
	Certificates []*x509.Certificate
	Federated    []Federated
}

// Secret is a client secret.
type Secret struct {
	KeyID   string
	Text    string
	Expires time.Time
}

// hintLength is how much of a secret Entra goes on showing.
const hintLength = 3

// Hint is the beginning of the secret, by which people tell several apart.
func (s *Secret) Hint() string { return s.Text[:min(len(s.Text), hintLength)] }

// Federated is a federated identity credential: whoever brings a token of that
// issuer for that subject and audience is the application.
type Federated struct {
	Name      string
	Issuer    string
	Subject   string
	Audiences []string
}

// application is a registered Application; the directory's lock guards its
// credentials.
type application struct {
	Application
}

// checkSecret finds the secret among the application's. Entra compares first
// and looks at the expiry then: a wrong text of an application whose secrets
// have all expired is a wrong text.
func (a *application) checkSecret(text string, now time.Time) *refusal {
	isExpired := false
	for _, s := range a.Secrets {
		if subtle.ConstantTimeCompare([]byte(text), []byte(s.Text)) == 0 {
			continue
		}
		if now.Before(s.Expires) {
			return nil
		}
		isExpired = true
	}
	if isExpired {
		return refuseExpiredSecret(a.ClientID)
	}
	return refuseWrongSecret(a.ClientID)
}

// certificate finds the certificate that an assertion's header names, nil when
// it is not registered.
func (a *application) certificate(h tokenHeader) *x509.Certificate {
	for _, c := range a.Certificates {
		if h.Thumbprint256 != "" && thumbprintText(h.Thumbprint256) == thumbprintSHA256(c) ||
			h.Thumbprint256 == "" && thumbprintText(h.Thumbprint) == Thumbprint(c) {
			return c
		}
	}
	return nil
}

// secretIndex is where the secret with that key id or hint stands, and -1 when
// none or several have it.
func (a *application) secretIndex(keyIDOrHint string) int {
	found := -1
	for i, s := range a.Secrets {
		switch {
		case strings.EqualFold(s.KeyID, keyIDOrHint):
			return i
		case s.Hint() == keyIDOrHint && found >= 0:
			return -1
		case s.Hint() == keyIDOrHint:
			found = i
		}
	}
	return found
}

// snapshot is a copy whose credentials no later change touches.
func (a *application) snapshot() Application {
	out := a.Application
	out.Secrets = slices.Clone(out.Secrets)
	out.Certificates = slices.Clone(out.Certificates)
	out.Federated = slices.Clone(out.Federated)
	return out
}
