package setup

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/template"
	"unicode"

	"andon/internal/azure"
)

//go:embed templates/*.tmpl
var templates embed.FS

// Kinds of identity, of credential and of output. The first of each is the
// default.
const (
	App       = "app"
	Managed   = "managed"
	Federated = "federated"

	Secret      = "secret"
	Certificate = "certificate"

	FormatAz        = "az"
	FormatBicep     = "bicep"
	FormatTerraform = "terraform"
	FormatRole      = "role"
)

// Identities returns the kinds of identity.
func Identities() []string { return []string{App, Managed, Federated} }

// Credentials returns the kinds of credential of an app.
func Credentials() []string { return []string{Secret, Certificate} }

// Formats returns the kinds of output.
func Formats() []string { return []string{FormatAz, FormatBicep, FormatTerraform, FormatRole} }

// Request says what to write.
type Request struct {
	Identity   string // one of Identities
	Credential string // one of Credentials; "" means Secret where one is needed
	Issuer     string // of federated tokens, as they spell it; for Federated alone
	Subject    string // of federated tokens; for Federated alone
	Scopes     []azure.Scope
	Format     string // one of Formats
	Operator   bool   // also the rights to rerun and to cancel
}

// Check returns what is wrong with r, in the words of the command's flags, and
// says what is allowed.
func (r *Request) Check() error {
	for _, f := range []struct {
		flag, value string
		allowed     []string
	}{{"identity", r.Identity, Identities()}, {"credential", r.Credential, append(Credentials(), "")}, {"format", r.Format, Formats()}} {
		if !slices.Contains(f.allowed, f.value) {
			return fmt.Errorf("--%s: %q is not one; allowed: %s", f.flag, f.value, strings.Trim(strings.Join(f.allowed, ", "), ", "))
		}
	}
	switch {
	case r.Credential != "" && r.Identity != App:
		return fmt.Errorf("--credential belongs to --identity %s: a %s identity has no secret and no certificate of its own", App, r.Identity)
	case r.Identity != Federated && r.Issuer+r.Subject != "":
		return fmt.Errorf("--issuer and --subject belong to --identity %s", Federated)
	case r.Identity == Federated && (r.Issuer == "" || r.Subject == ""):
		return fmt.Errorf("--identity %s needs --issuer, the address of who issues the tokens, and --subject, whom they are about, such as system:serviceaccount:andon:andon", Federated)
	case r.Identity == Federated && !isIssuer(r.Issuer):
		return fmt.Errorf("--issuer: %q is not the address of an issuer: give its https:// URL exactly as the tokens name it, slash at the end and all", r.Issuer)
	case strings.ContainsFunc(r.Subject, unicode.IsControl):
		return fmt.Errorf("--subject: %q has control characters; give the text of the tokens' claim sub, such as system:serviceaccount:andon:andon", r.Subject)
	}
	return r.checkScopes()
}

func isIssuer(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && !strings.ContainsFunc(s, unicode.IsSpace)
}

func (r *Request) checkScopes() error {
	groups := 0
	for _, s := range r.Scopes {
		if s.ManagementGroup != "" {
			groups++
		}
	}
	switch {
	case len(r.Scopes) == 0:
		return errors.New("--scope is missing: name what Andon is to see, such as a factory's ARM id, a subscription's id, or /providers/Microsoft.Management/managementGroups/NAME")
	case groups > 1:
		return fmt.Errorf("--scope: %d management groups are named, and a custom role of Azure can be for one only: name the group above them, or their subscriptions", groups)
	case r.Format == FormatBicep && len(r.Scopes) > 1:
		return fmt.Errorf("--scope: %d are named, and a Bicep file is deployed to one: print a file for each, or take --format %s or %s", len(r.Scopes), FormatAz, FormatTerraform)
	}
	return nil
}

// Write writes what r asks for, which Check has to accept.
func Write(w io.Writer, r Request) error {
	if err := r.Check(); err != nil {
		return err
	}
	d := newData(r)
	if r.Format == FormatRole {
		_, err := fmt.Fprintf(w, "%s\n", d.indented())
		return err
	}
	t, err := template.New("").Funcs(template.FuncMap{
		"sh": azure.ShellQuote, "hcl": hclQuote, "bicep": bicepQuote, "json": jsonText, "comment": comment,
	}).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return fmt.Errorf("the templates of setup: %w", err)
	}
	d.templates = t
	if err := t.ExecuteTemplate(w, r.Format+".tmpl", d); err != nil {
		return fmt.Errorf("write %s: %w", r.Format, err)
	}
	return nil
}

// data is what the templates see.
type data struct {
	Request

	Role   azure.Role
	First  azure.Scope
	Places []string // where the role can be assigned
	IDs    []string // where it is assigned

	templates *template.Template
}

func newData(r Request) *data {
	d := &data{Request: r, Role: azure.ReaderRole(), First: r.Scopes[0]}
	if d.Operator {
		d.Role = azure.OperatorRole()
	}
	if d.Credential == "" && d.Identity == App {
		d.Credential = Secret
	}
	add := func(list []string, id string) []string {
		if slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, id) }) {
			return list
		}
		return append(list, id)
	}
	for _, s := range r.Scopes {
		d.Places, d.IDs = add(d.Places, s.Assignable()), add(d.IDs, s.ID())
	}
	return d
}

func (d *data) indented() []byte {
	text, err := json.MarshalIndent(d.Role.Definition(d.Places...), "", "  ")
	if err != nil {
		return nil // strings always marshal
	}
	return text
}

// FederatedJSON is the federated credential as az takes it.
func (d *data) FederatedJSON() string {
	return azure.FederatedCredential("andon", d.Issuer, d.Subject)
}

// IdentityScript is the part of the script for az that makes the identity.
func (d *data) IdentityScript() (string, error) {
	var b strings.Builder
	err := d.templates.ExecuteTemplate(&b, "identity.tmpl", d)
	return strings.TrimSpace(b.String()), err
}

// TargetScope is what a Bicep file is deployed to.
func (d *data) TargetScope() string {
	switch {
	case d.First.ManagementGroup != "":
		return "managementGroup"
	case d.First.ResourceGroup != "":
		return "resourceGroup"
	default:
		return "subscription"
	}
}

// jsonText is v as JSON on one line.
func jsonText(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

// comment puts mark before each line.
func comment(mark, text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		b.WriteString(strings.TrimRight(mark+" "+line, " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// hclQuote makes a string of Terraform's language (HCL Native Syntax,
// Template Expressions).
func hclQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `${`, `$${`, `%{`, `%%{`).Replace(s) + `"`
}

// bicepQuote makes a string of Bicep (Data types in Bicep, Strings).
func bicepQuote(s string) string {
	return `'` + strings.NewReplacer(`\`, `\\`, `'`, `\'`, `${`, `\${`).Replace(s) + `'`
}
