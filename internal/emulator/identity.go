package emulator

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"andon/internal/emulator/access"
	"andon/internal/emulator/entra"
	"andon/internal/emulator/world"
)

const (
	partnerName   = "Nordhem Partner"
	partnerDomain = "nordhempartner.onmicrosoft.com"
	clusterName   = "nordhem"
	day           = 24 * time.Hour
)

// person is one identity of a world: an application, its credentials beside
// one client secret, and the role it holds somewhere.
type person struct {
	name string
	what string
	role string
	// scope is where it holds the role; empty means the management group of all
	// subscriptions.
	scope string
	// tenant is the place of its tenant among the world's.
	tenant int
	// isForeign puts it into the partner's tenant, isManaged makes it a managed
	// identity.
	isForeign, isManaged bool
	// isExpired is whether its one secret has expired.
	isExpired bool
	// isMain gives it every kind of credential.
	isMain bool
}

// people are the identities of a world, the main one first. Scripts know the
// first three by their places, and the second by the word query, which only
// its sentence holds.
func people(w *world.World) []person {
	busiest := w.Factories()[0]
	group := access.Subscription(busiest.SubscriptionID) + "/resourceGroups/" + busiest.ResourceGroup
	all := []person{
		{name: "andon", what: "may read every factory and its runs, start runs and cancel them", role: "Data Factory Contributor", isMain: true},
		{name: "andon-inventory", what: "may read every factory but not query its runs: 403 AuthorizationFailed on queryPipelineRuns and queryActivityRuns", role: "ADF Inventory Reader"},
		{name: "andon-old", what: "its client secret has expired: AADSTS7000222 instead of a token", role: "ADF Run Monitor", isExpired: true},
		{name: "andon-monitor", what: "holds ADF Run Monitor everywhere: reads every factory and its runs, starts and cancels nothing", role: "ADF Run Monitor"},
		{name: "andon-reader", what: "holds the built-in Reader everywhere: reads every factory, and its runs where the emulator was told that a reader may", role: "Reader"},
		{name: "andon-monitoring-reader", what: "holds the built-in Monitoring Reader everywhere: the same as Reader", role: "Monitoring Reader"},
		{name: "andon-group", what: "holds Data Factory Contributor on one resource group: sees the factories in it alone", role: "Data Factory Contributor", scope: group},
		{name: "andon-factory", what: "holds ADF Run Monitor on the first factory alone", role: "ADF Run Monitor", scope: busiest.ID()},
		{name: "andon-nobody", what: "holds no role at all: its lists are empty and everything else is forbidden"},
		{name: "partner", what: "is of another tenant: InvalidAuthenticationTokenTenant in every subscription", isForeign: true},
		{name: "id-andon", what: "is a managed identity with ADF Run Monitor everywhere", role: "ADF Run Monitor", isManaged: true},
	}
	for i, t := range w.Tenants() {
		if i > 0 {
			all = append(all, person{
				name: "andon-" + strings.ToLower(strings.ReplaceAll(t.Name, " ", "-")), tenant: i, role: "ADF Run Monitor",
				what: "is of the tenant " + t.Domain + " and reads every factory and its runs in that tenant's subscriptions",
			})
		}
	}
	return all
}

// staff is everybody who can ask, and what they may.
type staff struct {
	directory   *entra.Directory
	assignments *access.Assignments
	// pair is the certificate of the main application.
	pair *entra.KeyPair
	// header is what the identity endpoint wants to see.
	header string
}

// main is the application that Info names first.
func (s *staff) main() entra.Application { return s.directory.Applications()[0] }

// newStaff makes the keys, which live no longer than the process. It needs no
// world and takes as long as making one.
func newStaff(o *Options) (*staff, error) {
	s := &staff{header: strings.ToUpper(strings.ReplaceAll(seededGUID(o.Seed, "header", 0), "-", ""))}
	var work sync.WaitGroup
	var directoryErr, pairErr error
	now := o.Now()
	work.Go(func() {
		s.directory, directoryErr = entra.New(entra.Config{Clusters: []string{clusterName, "other"}, Resources: armAudiences(), Life: o.TokenLife, Now: o.Now})
		if directoryErr == nil {
			directoryErr = s.directory.MakeClusterKey(clusterName)
		}
	})
	work.Go(func() { s.pair, pairErr = entra.NewKeyPair("andon", now.Add(-time.Hour), now.Add(certificateLife)) })
	work.Wait()
	return s, errors.Join(directoryErr, pairErr)
}

// settle makes tenants, identities and role assignments in a world. Ids and
// secrets are the same for the same seed, so that a script's environment
// outlives a restart.
func (s *staff) settle(o *Options, w *world.World) error {
	partner, now := seededGUID(o.Seed, "tenant", 1), o.Now()
	s.directory.AddTenants(tenants(w, partner)...)
	s.assignments = access.New(append(access.BuiltIn(),
		access.RunMonitor(seededGUID(o.Seed, "role", 0)), access.Inventory(seededGUID(o.Seed, "role", 1)))...)
	for _, sub := range w.Subscriptions() {
		s.assignments.Place(access.Subscription(sub.ID), tenantOf(sub))
	}
	for n, p := range people(w) {
		app := p.application(o.Seed, n, now, s.pair.Certificate)
		app.TenantID = w.Tenants()[p.tenant].ID
		if p.isForeign {
			app.TenantID = partner
		}
		if err := s.directory.Add(app); err != nil {
			return err
		}
		if err := s.assign(w, p, app); err != nil {
			return err
		}
	}
	return nil
}

// tenants are the world's, and one that has nothing to do with them.
func tenants(w *world.World, partner string) []entra.Tenant {
	var all []entra.Tenant
	for _, t := range w.Tenants() {
		all = append(all, entra.Tenant{ID: t.ID, Name: t.Name, Domain: t.Domain})
	}
	return append(all, entra.Tenant{ID: partner, Name: partnerName, Domain: partnerDomain})
}

func (p *person) application(seed int64, n int, now time.Time, certificate *x509.Certificate) entra.Application {
	app := entra.Application{
		ClientID: seededGUID(seed, "client", n), ObjectID: seededGUID(seed, "principal", n),
		DisplayName: p.name, What: p.what, IsManaged: p.isManaged,
	}
	if p.isManaged {
		return app
	}
	secret := func(key int, expires time.Duration) entra.Secret {
		return entra.Secret{KeyID: seededGUID(seed, "key", 100*n+key), Text: seededSecret(seed, 100*key+n), Expires: now.Add(expires).UTC().Truncate(time.Second)}
	}
	switch {
	case p.isExpired:
		app.Secrets = []entra.Secret{secret(0, -30*day)}
	case p.isMain:
		app.Secrets = []entra.Secret{secret(0, 180*day), secret(1, 365*day), secret(2, -90*day)}
		app.Certificates = []*x509.Certificate{certificate}
		app.Federated = []entra.Federated{{
			Name: "aks", Issuer: entra.ClusterIssuer(clusterName), Subject: entra.ServiceAccount, Audiences: []string{entra.FederationAudience},
		}}
	default:
		app.Secrets = []entra.Secret{secret(0, 180*day)}
	}
	return app
}

// assign gives p its role. A management group ends at its tenant, so a
// subscription that another tenant has delegated is assigned by itself; only
// built-in roles can be delegated (Azure Lighthouse, Tenants, users and
// roles).
func (s *staff) assign(w *world.World, p person, app entra.Application) error {
	if p.role == "" {
		return nil
	}
	grant := func(scope string) error {
		return s.assignments.Grant(access.Assignment{PrincipalID: app.ObjectID, Role: p.role, Scope: scope})
	}
	if p.scope != "" {
		return grant(p.scope)
	}
	if err := grant(access.ManagementGroup(app.TenantID)); err != nil {
		return err
	}
	if p.tenant > 0 {
		return nil // what others have delegated is the first tenant's
	}
	isBuiltIn := slices.ContainsFunc(access.BuiltIn(), func(r *access.Role) bool { return r.Name == p.role })
	for _, sub := range w.Subscriptions() {
		if isBuiltIn && len(managersOf(w, sub)) > 0 {
			if err := grant(access.Subscription(sub.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}

func seededSum(seed int64, kind string, n int) [sha256.Size]byte {
	return sha256.Sum256([]byte("andon emulator " + kind + " " + strconv.FormatInt(seed, 10) + " " + strconv.Itoa(n)))
}

func seededGUID(seed int64, kind string, n int) string {
	sum := seededSum(seed, kind, n)
	return formatGUID([16]byte(sum[:16]))
}

// formatGUID prints b as a random (version 4) GUID.
func formatGUID(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// isGUID reports whether s has the form 8-4-4-4-12 of hexadecimal digits.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
				return false
			}
		}
	}
	return true
}

// seededSecret has the look of Entra's client secrets: 40 characters with
// "8Q~" after the third.
func seededSecret(seed int64, n int) string {
	sum := seededSum(seed, "secret", n)
	return secretText(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// secretText makes a secret of at least 37 characters of base64url.
func secretText(random string) string {
	text := strings.NewReplacer("-", ".", "_", "~").Replace(random)
	return text[:3] + "8Q~" + text[3:37]
}
