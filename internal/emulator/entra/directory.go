package entra

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// The life that access tokens may be given. Entra's default is an hour to an
// hour and a half.
const (
	DefaultLife = time.Hour
	MinLife     = time.Second
	MaxLife     = 24 * time.Hour
)

// Config is what a Directory is made of.
type Config struct {
	// Clusters are the names of the emulated Kubernetes clusters.
	Clusters []string
	// Resources are the audiences for which every tenant gives tokens.
	Resources []string
	// Life is that of access tokens; zero means DefaultLife.
	Life time.Duration
	// Now is real time.
	Now func() time.Time
}

// Directory is every tenant of the emulated Entra ID. Its methods are safe for
// concurrent use.
type Directory struct {
	tenants   []Tenant
	resources []string
	now       func() time.Time
	// key signs the tokens of every tenant, as Entra's keys do, whose key set
	// is the same under all of them.
	key      *signingKey
	clusters []*cluster

	mu           sync.RWMutex
	applications []*application
	life         time.Duration
}

// New makes a directory without tenants and applications. Making its keys
// takes a tenth of a second or two of work.
func New(c Config) (*Directory, error) {
	d := &Directory{resources: c.Resources, now: c.Now, life: DefaultLife}
	if c.Life != 0 {
		if err := d.SetLife(c.Life); err != nil {
			return nil, err
		}
	}
	for _, name := range c.Clusters {
		d.clusters = append(d.clusters, newCluster(name))
	}
	var err error
	d.key, err = newSigningKey(true)
	return d, err
}

// AddTenants adds tenants; the first of all is the one that the document of
// instance discovery leads to. All have to be there before anybody asks.
func (d *Directory) AddTenants(tenants ...Tenant) { d.tenants = append(d.tenants, tenants...) }

// Add registers an application. Its tenant must be one of the directory's.
func (d *Directory) Add(a Application) error {
	if d.TenantByID(a.TenantID) == nil {
		return fmt.Errorf("application %s is of tenant %s, which is not there", a.DisplayName, a.TenantID)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.applications = append(d.applications, &application{a})
	return nil
}

// Tenants are all there are.
func (d *Directory) Tenants() []Tenant { return d.tenants }

// TenantByID finds a tenant by its GUID; nil when there is none.
func (d *Directory) TenantByID(id string) *Tenant {
	for i := range d.tenants {
		if strings.EqualFold(d.tenants[i].ID, id) {
			return &d.tenants[i]
		}
	}
	return nil
}

// Applications are all that are registered, in the order of their
// registration, with their credentials as they are now.
func (d *Directory) Applications() []Application {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var all []Application
	for _, a := range d.applications {
		all = append(all, a.snapshot())
	}
	return all
}

// Application finds an application by its client id, in the tenant that is
// given or, when that is empty, in any.
func (d *Directory) Application(tenantID, clientID string) (Application, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	a := d.find(tenantID, clientID)
	if a == nil {
		return Application{}, false
	}
	return a.snapshot(), true
}

// find is Application for callers that hold the lock.
func (d *Directory) find(tenantID, clientID string) *application {
	for _, a := range d.applications {
		if strings.EqualFold(a.ClientID, clientID) && (tenantID == "" || strings.EqualFold(a.TenantID, tenantID)) {
			return a
		}
	}
	return nil
}

// AddSecret gives an application one more client secret, beside those it has:
// the first half of a rotation. The error says which applications there are.
func (d *Directory) AddSecret(clientID string, s Secret) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, err := d.withCredentials(clientID)
	if err != nil {
		return err
	}
	a.Secrets = append(a.Secrets, s)
	return nil
}

// RemoveSecret takes a client secret away, by its key id or, where that is
// clear, its hint. Tokens that were got with it stay valid, as Entra's do.
func (d *Directory) RemoveSecret(clientID, keyIDOrHint string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, err := d.withCredentials(clientID)
	if err != nil {
		return err
	}
	i := a.secretIndex(keyIDOrHint)
	if i < 0 {
		var known []string
		for _, s := range a.Secrets {
			known = append(known, s.KeyID+" ("+s.Hint()+"…)")
		}
		return fmt.Errorf("no one secret of application %s has the key id or hint %q; it has: %s", clientID, keyIDOrHint, orNone(known))
	}
	a.Secrets = slices.Delete(a.Secrets, i, i+1)
	return nil
}

// withCredentials finds an application that may hold secrets. The caller holds
// the lock.
func (d *Directory) withCredentials(clientID string) (*application, error) {
	a := d.find("", clientID)
	if a == nil {
		var known []string
		for _, other := range d.applications {
			known = append(known, other.ClientID+" ("+other.DisplayName+")")
		}
		return nil, fmt.Errorf("unknown clientId %q; allowed: %s", clientID, orNone(known))
	}
	if a.IsManaged {
		return nil, fmt.Errorf("%s is a managed identity, which has no secrets", clientID)
	}
	return a, nil
}

func orNone(texts []string) string {
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, ", ")
}

// Life is how long access tokens that are issued now will be valid.
func (d *Directory) Life() time.Duration {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.life
}

// SetLife changes Life for tokens that are issued from now on.
func (d *Directory) SetLife(life time.Duration) error {
	if life < MinLife || life > MaxLife {
		return fmt.Errorf("a token's life of %s is not possible; allowed: %s to %s", life, MinLife, MaxLife)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.life = life
	return nil
}
