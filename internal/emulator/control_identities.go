package emulator

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"andon/internal/emulator/access"
	"andon/internal/emulator/entra"
)

// applicationState is an application as GET /identities shows it: everything
// but the texts of its secrets.
type applicationState struct {
	TenantID     string              `json:"tenantId"`
	TenantName   string              `json:"tenantName"`
	ClientID     string              `json:"clientId"`
	ObjectID     string              `json:"objectId"`
	DisplayName  string              `json:"displayName"`
	What         string              `json:"what"`
	IsManaged    bool                `json:"isManagedIdentity"`
	Secrets      []secretState       `json:"secrets"`
	Certificates []certificateState  `json:"certificates"`
	Federated    []federatedState    `json:"federatedCredentials"`
	Assignments  []access.Assignment `json:"assignments"`
}

type secretState struct {
	KeyID   string    `json:"keyId"`
	Hint    string    `json:"hint"`
	Expires time.Time `json:"expires"`
}

type certificateState struct {
	Thumbprint string    `json:"thumbprint"`
	Expires    time.Time `json:"expires"`
}

type federatedState struct {
	Name      string   `json:"name"`
	Issuer    string   `json:"issuer"`
	Subject   string   `json:"subject"`
	Audiences []string `json:"audiences"`
}

// identityControls adds what changes identities and their rights.
func (c *control) identityControls(mux *http.ServeMux) {
	mux.HandleFunc("GET "+managedPath, c.managedToken)
	mux.HandleFunc("GET /identities", func(w http.ResponseWriter, _ *http.Request) { c.writeIdentities(w) })
	mux.HandleFunc("POST /identities/secrets", c.addSecret)
	mux.HandleFunc("DELETE /identities/secrets", c.removeSecret)
	mux.HandleFunc("POST /federation/token", c.mintToken)
	mux.HandleFunc("POST /roles/definitions", c.defineRole)
	mux.HandleFunc("POST /roles/assignments", c.grant)
	mux.HandleFunc("DELETE /roles/assignments", c.revoke)
	mux.HandleFunc("GET /tokens", func(w http.ResponseWriter, _ *http.Request) { c.writeLife(w) })
	mux.HandleFunc("POST /tokens", c.setLife)
}

func (c *control) writeIdentities(w http.ResponseWriter) {
	items := []applicationState{}
	for _, a := range c.azure.directory.Applications() {
		items = append(items, c.state(a))
	}
	c.write(w, http.StatusOK, map[string]any{"items": items, "roles": c.azure.assignments.Roles()})
}

func (c *control) state(a entra.Application) applicationState {
	out := applicationState{
		TenantID: a.TenantID, ClientID: a.ClientID, ObjectID: a.ObjectID, DisplayName: a.DisplayName,
		What: a.What, IsManaged: a.IsManaged, Assignments: c.azure.assignments.Of(a.ObjectID),
		Secrets: []secretState{}, Certificates: []certificateState{}, Federated: []federatedState{},
	}
	if t := c.azure.directory.TenantByID(a.TenantID); t != nil {
		out.TenantName = t.Name
	}
	for _, s := range a.Secrets {
		out.Secrets = append(out.Secrets, secretState{s.KeyID, s.Hint(), s.Expires})
	}
	for _, x := range a.Certificates {
		out.Certificates = append(out.Certificates, certificateState{entra.Thumbprint(x), x.NotAfter})
	}
	for _, f := range a.Federated {
		out.Federated = append(out.Federated, federatedState(f))
	}
	return out
}

// addSecret is the first half of a rotation. The text is answered this once,
// as Entra does.
func (c *control) addSecret(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ClientID string     `json:"clientId"`
		Expires  *time.Time `json:"expires"`
	}
	if err := readJSON(w, r, &in); err != nil {
		c.refuse(w, http.StatusBadRequest, fmt.Errorf("%w; allowed members: clientId, expires (such as 2027-01-31T00:00:00Z)", err))
		return
	}
	var random [32]byte
	rand.Read(random[:])
	s := entra.Secret{
		KeyID: newGUID(), Text: secretText(base64.RawURLEncoding.EncodeToString(random[:])),
		Expires: c.azure.now().Add(180 * day).UTC().Truncate(time.Second),
	}
	if in.Expires != nil {
		s.Expires = in.Expires.UTC()
	}
	if err := c.azure.directory.AddSecret(in.ClientID, s); err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.write(w, http.StatusOK, struct {
		secretState

		Secret string `json:"clientSecret"`
	}{secretState{s.KeyID, s.Hint(), s.Expires}, s.Text})
}

func (c *control) removeSecret(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ClientID string `json:"clientId"`
		Hint     string `json:"hint"`
		KeyID    string `json:"keyId"`
	}
	err := readJSON(w, r, &in)
	switch {
	case err != nil:
		err = fmt.Errorf("%w; allowed members: clientId, hint, keyId", err)
	case (in.Hint == "") == (in.KeyID == ""):
		err = errors.New("one of hint and keyId is needed: GET /identities shows both")
	default:
		err = c.azure.directory.RemoveSecret(in.ClientID, in.Hint+in.KeyID)
	}
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.writeIdentities(w)
}

// mintToken makes a federated token, a right one or one that Entra refuses.
func (c *control) mintToken(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Cluster   string `json:"cluster"`
		Subject   string `json:"subject"`
		Audience  string `json:"audience"`
		ExpiresIn string `json:"expiresIn"`
		Key       string `json:"key"`
	}
	err := readJSON(w, r, &in)
	life := time.Hour
	switch {
	case err != nil:
		err = fmt.Errorf(`%w; allowed members: cluster, subject, audience, expiresIn (such as 10m, or -10m for one that has expired), key ("foreign" for one that the cluster does not publish)`, err)
	case in.Key != "" && in.Key != "foreign":
		err = fmt.Errorf(`unknown key %q; allowed: foreign, or leave it out for the cluster's own`, in.Key)
	case in.ExpiresIn != "":
		life, err = parseLife("expiresIn", in.ExpiresIn)
	}
	var token string
	if err == nil {
		token, err = c.azure.directory.MintFederated(entra.FederatedToken{
			Cluster: in.Cluster, Subject: in.Subject, Audience: in.Audience, ExpiresIn: life, HasForeignKey: in.Key != "",
		})
	}
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.write(w, http.StatusOK, map[string]string{"token": token})
}

func parseLife(name, text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s %q is not a duration; allowed: such as 5s, 30m or 36h", name, text)
	}
	return d, nil
}

// assignmentRequest names the principal by the application's client id, which
// is what people have.
type assignmentRequest struct {
	ClientID string `json:"clientId"`
	Role     string `json:"role"`
	Scope    string `json:"scope"`
}

func (c *control) grant(w http.ResponseWriter, r *http.Request) {
	c.assign(w, r, c.azure.assignments.Grant)
}

func (c *control) revoke(w http.ResponseWriter, r *http.Request) {
	c.assign(w, r, c.azure.assignments.Revoke)
}

func (c *control) assign(w http.ResponseWriter, r *http.Request, change func(access.Assignment) error) {
	var in assignmentRequest
	if err := readJSON(w, r, &in); err != nil {
		c.refuse(w, http.StatusBadRequest, fmt.Errorf("%w; allowed members: clientId, role, scope", err))
		return
	}
	app, ok := c.azure.directory.Application("", in.ClientID)
	if !ok {
		var known []string
		for _, a := range c.azure.directory.Applications() {
			known = append(known, a.ClientID+" ("+a.DisplayName+")")
		}
		c.refuse(w, http.StatusBadRequest, fmt.Errorf("unknown clientId %q; allowed: %s", in.ClientID, strings.Join(known, ", ")))
		return
	}
	if err := change(access.Assignment{PrincipalID: app.ObjectID, Role: in.Role, Scope: in.Scope}); err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.write(w, http.StatusOK, map[string]any{"items": c.azure.assignments.Of(app.ObjectID)})
}

// defineRole takes the JSON that az role definition create takes.
func (c *control) defineRole(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name, Description                                string
		IsCustom                                         bool
		Actions, NotActions, DataActions, NotDataActions []string
		AssignableScopes                                 []string
	}
	err := readJSON(w, r, &in)
	if err != nil {
		err = fmt.Errorf("%w; allowed members: Name, IsCustom, Description, Actions, NotActions, DataActions, NotDataActions, AssignableScopes", err)
	} else {
		err = c.azure.assignments.Define(access.Role{
			ID: newGUID(), Name: in.Name, Actions: in.Actions, NotActions: in.NotActions, AssignableScopes: in.AssignableScopes,
		})
	}
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.write(w, http.StatusOK, map[string]any{"roles": c.azure.assignments.Roles()})
}

func (c *control) setLife(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Life string `json:"life"`
	}
	err := readJSON(w, r, &in)
	if err != nil {
		err = fmt.Errorf(`%w; allowed: {"life":"5s"}`, err)
	} else {
		var life time.Duration
		if life, err = parseLife("life", in.Life); err == nil {
			err = c.azure.directory.SetLife(life)
		}
	}
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.writeLife(w)
}

func (c *control) writeLife(w http.ResponseWriter) {
	c.write(w, http.StatusOK, map[string]string{"life": c.azure.directory.Life().String()})
}
