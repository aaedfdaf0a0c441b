package setup_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/golden"

	"andon/internal/azure"
	"andon/internal/setup"
)

const (
	sub     = "7a5fbb64-491d-4d83-b33a-98907e07f3cf"
	other   = "11111111-491d-4d83-b33a-98907e07f3cf"
	group   = "/subscriptions/" + sub + "/resourceGroups/rg-data"
	factory = group + "/providers/Microsoft.DataFactory/factories/adf-sales-prod"
	tenant  = "/providers/Microsoft.Management/managementGroups/mg-data"
	issuer  = "https://oidc.example.com/cluster/"
	// subject has what every one of the languages would take for its own.
	subject = `repo:o'neill/"x":ref:$(id)${y}%{z}\n` + "`w`"
)

func scopes(t *testing.T, texts ...string) []azure.Scope {
	t.Helper()
	var all []azure.Scope
	for _, text := range texts {
		s, err := azure.ParseScope(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func written(t *testing.T, r setup.Request) string {
	t.Helper()
	var b bytes.Buffer
	if err := setup.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestEachFormat pins the whole text of each format, with each kind of
// identity and of scope.
func TestEachFormat(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]setup.Request{
		"az-secret-factory.sh":            {Identity: setup.App, Format: setup.FormatAz, Scopes: scopes(t, factory)},
		"az-certificate-subscriptions.sh": {Identity: setup.App, Credential: setup.Certificate, Format: setup.FormatAz, Operator: true, Scopes: scopes(t, sub, other, strings.ToUpper(other))},
		"az-managed-group.sh":             {Identity: setup.Managed, Format: setup.FormatAz, Scopes: scopes(t, group)},
		"az-managed-tenant.sh":            {Identity: setup.Managed, Format: setup.FormatAz, Scopes: scopes(t, tenant)},
		"az-federated-subscription.sh":    {Identity: setup.Federated, Issuer: issuer, Subject: subject, Format: setup.FormatAz, Scopes: scopes(t, sub)},
		"factory.bicep":                   {Identity: setup.App, Format: setup.FormatBicep, Scopes: scopes(t, factory)},
		"group.bicep":                     {Identity: setup.Managed, Format: setup.FormatBicep, Scopes: scopes(t, group)},
		"subscription.bicep":              {Identity: setup.Federated, Issuer: issuer, Subject: subject, Format: setup.FormatBicep, Operator: true, Scopes: scopes(t, sub)},
		"tenant.bicep":                    {Identity: setup.App, Credential: setup.Certificate, Format: setup.FormatBicep, Scopes: scopes(t, tenant)},
		"secret.tf":                       {Identity: setup.App, Format: setup.FormatTerraform, Scopes: scopes(t, factory, group)},
		"certificate.tf":                  {Identity: setup.App, Credential: setup.Certificate, Format: setup.FormatTerraform, Operator: true, Scopes: scopes(t, sub, other)},
		"federated.tf":                    {Identity: setup.Federated, Issuer: issuer, Subject: subject, Format: setup.FormatTerraform, Scopes: scopes(t, sub)},
		"managed.tf":                      {Identity: setup.Managed, Format: setup.FormatTerraform, Scopes: scopes(t, tenant)},
		"role.json":                       {Identity: setup.App, Format: setup.FormatRole, Scopes: scopes(t, factory)},
		"operator.json":                   {Identity: setup.App, Format: setup.FormatRole, Operator: true, Scopes: scopes(t, tenant, sub)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden.Assert(t, written(t, r), name+".golden")
		})
	}
}

func TestBadRequestsAreRefused(t *testing.T) {
	t.Parallel()
	good := setup.Request{Identity: setup.App, Format: setup.FormatAz, Scopes: scopes(t, factory)}
	var b strings.Builder
	for _, change := range []func(*setup.Request){
		func(r *setup.Request) { r.Identity = "person" },
		func(r *setup.Request) { r.Credential = "password" },
		func(r *setup.Request) { r.Format = "pulumi" },
		func(r *setup.Request) { r.Scopes = nil },
		func(r *setup.Request) { r.Identity, r.Credential = setup.Managed, setup.Secret },
		func(r *setup.Request) { r.Subject = "x" },
		func(r *setup.Request) { r.Identity, r.Issuer = setup.Federated, issuer },
		func(r *setup.Request) { r.Identity, r.Issuer, r.Subject = setup.Federated, "http://issuer", "x" },
		func(r *setup.Request) { r.Identity, r.Issuer, r.Subject = setup.Federated, "https://a b", "x" },
		func(r *setup.Request) { r.Identity, r.Issuer, r.Subject = setup.Federated, issuer, "x\ny" },
		func(r *setup.Request) { r.Scopes = scopes(t, tenant, tenant+"2") },
		func(r *setup.Request) { r.Format, r.Scopes = setup.FormatBicep, scopes(t, factory, group) },
	} {
		r := good
		change(&r)
		err := setup.Write(&b, r)
		if err == nil {
			t.Errorf("%+v is taken", r)
			continue
		}
		b.WriteString(err.Error() + "\n")
	}
	golden.Assert(t, b.String(), "refused.golden")
}

// fakeAz notes what it is asked, an argument a line, and answers as az does in
// a tenant that is empty at first.
const fakeAz = `#!/bin/sh
{ for a; do printf '%s\n' "$a"; done; echo; } >>"$NOTES"
case "$1 $2 $3 $4" in
"ad app create "*) echo app-id ;;
"ad sp show "*) test -f "$STATE/sp" && echo object-id ;;
"ad sp create "*) touch "$STATE/sp"; echo object-id ;;
"ad app credential list") if test -f "$STATE/secret"; then echo 1; else echo 0; fi ;;
"ad app credential reset") touch "$STATE/secret"; echo 'it~is.a-secret' ;;
"ad app federated-credential show") test -f "$STATE/federated" ;;
"ad app federated-credential create") touch "$STATE/federated" ;;
"role definition list "*)
  case "$*" in
  *"[0].name"*) if test -f "$STATE/role"; then echo guid; fi ;;
  *) if test -f "$STATE/role"; then echo '["/subscriptions/elsewhere"]'; else printf '%s\n' "$*" | sed 's/.*, .\(\[.*\]\).\]\[\]$/\1/'; fi ;;
  esac ;;
"role definition create "*) touch "$STATE/role" ;;
"identity show "*) echo "of-$(echo "$*" | sed 's/.*--query \([a-zA-Z]*\).*/\1/')" ;;
"account show "*) echo tenant-id ;;
esac
`

// shell runs a script with the fake az and returns what it printed and what
// az was asked, each time as its arguments.
func shell(t *testing.T, script, state string) (stdout string, asked [][]string) {
	t.Helper()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "az"), []byte(fakeAz), 0o700); err != nil {
		t.Fatal(err)
	}
	notes := filepath.Join(bin, "notes")
	cmd := exec.CommandContext(t.Context(), "sh", "-s")
	cmd.Dir = state
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "NOTES=" + notes, "STATE=" + state}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, script)
	}
	text, err := os.ReadFile(notes)
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		asked = append(asked, strings.Split(block, "\n"))
	}
	return string(out), asked
}

// after returns the argument behind name of the first call that begins with
// words.
func after(asked [][]string, words, name string) (string, bool) {
	for _, args := range asked {
		if !strings.HasPrefix(strings.Join(args, " ")+" ", words+" ") {
			continue
		}
		for i, a := range args[:len(args)-1] {
			if a == name {
				return args[i+1], true
			}
		}
		return "", true
	}
	return "", false
}

// definition is the role that az was given.
func definition(t *testing.T, asked [][]string, verb string) azure.RoleDefinition {
	t.Helper()
	for _, args := range asked {
		text := strings.Join(args, "\n")
		if rest, ok := strings.CutPrefix(text, "role\ndefinition\n"+verb+"\n--role-definition\n"); ok {
			var got azure.RoleDefinition
			if err := json.NewDecoder(strings.NewReader(rest)).Decode(&got); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			return got
		}
	}
	t.Fatalf("no role definition %s among %q", verb, asked)
	return azure.RoleDefinition{}
}

// TestTheScriptRunsInAShellAndAgain: what reaches az is what was meant, quotes
// and all, and a second run makes nothing twice.
func TestTheScriptRunsInAShellAndAgain(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	r := setup.Request{Identity: setup.App, Format: setup.FormatAz, Scopes: scopes(t, factory, other)}
	script := written(t, r)
	stdout, asked := shell(t, script, state)
	if want := "export AZURE_TENANT_ID='tenant-id' AZURE_CLIENT_ID='app-id'\nexport AZURE_CLIENT_SECRET='it~is.a-secret'\n"; stdout != want {
		t.Errorf("printed %q, want %q", stdout, want)
	}
	if diff := cmp.Diff(azure.ReaderRole().Definition("/subscriptions/"+sub, "/subscriptions/"+other), definition(t, asked, "create")); diff != "" {
		t.Errorf("the role (-want +got):\n%s", diff)
	}
	var at []string
	for _, args := range asked {
		if strings.HasPrefix(strings.Join(args, " "), "role assignment create --assignee-object-id object-id --assignee-principal-type ServicePrincipal --role Andon reader --scope ") {
			at = append(at, args[len(args)-3])
		}
	}
	if diff := cmp.Diff([]string{factory, "/subscriptions/" + other}, at); diff != "" {
		t.Errorf("assigned at (-want +got):\n%s", diff)
	}

	stdout, asked = shell(t, script, state)
	if strings.Contains(stdout, "SECRET") {
		t.Errorf("a second run prints %q", stdout)
	}
	for _, never := range []string{"ad sp create", "ad app credential reset", "role definition create"} {
		if _, ok := after(asked, never, ""); ok {
			t.Errorf("a second run asks for %s", never)
		}
	}
	// The list of az is what a role keeps that is assignable elsewhere too.
	if diff := cmp.Diff(azure.ReaderRole().Definition("/subscriptions/elsewhere"), definition(t, asked, "update")); diff != "" {
		t.Errorf("the role is changed (-want +got):\n%s", diff)
	}
}

func TestTheScriptOfAFederatedIdentityQuotesItsSubject(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	script := written(t, setup.Request{Identity: setup.Federated, Issuer: issuer, Subject: subject, Format: setup.FormatAz, Scopes: scopes(t, sub)})
	for _, words := range []string{"ad app federated-credential create", "ad app federated-credential update"} {
		stdout, asked := shell(t, script, state)
		text, _ := after(asked, words, "--parameters")
		var got struct {
			Name, Issuer, Subject string
			Audiences             []string
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.Subject != subject || got.Issuer != issuer || got.Name != "andon" || len(got.Audiences) != 1 {
			t.Errorf("%s: %v, %+v", words, err, got)
		}
		if want := "export AZURE_TENANT_ID='tenant-id' AZURE_CLIENT_ID='app-id'\n"; stdout != want {
			t.Errorf("printed %q, want %q", stdout, want)
		}
	}
}

func TestTheScriptOfACertificateKeepsItsKey(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	script := written(t, setup.Request{Identity: setup.App, Credential: setup.Certificate, Format: setup.FormatAz, Scopes: scopes(t, sub)})
	stdout, asked := shell(t, script, state)
	if cert, ok := after(asked, "ad app credential reset", "--cert"); !ok || cert != "@andon-public.pem" {
		t.Errorf("registered %q", cert)
	}
	public, err := os.ReadFile(filepath.Join(state, "andon-public.pem"))
	if err != nil || strings.Contains(string(public), "PRIVATE") {
		t.Errorf("the public part: %v", err)
	}
	private, err := os.Stat(filepath.Join(state, "andon.pem"))
	if err != nil || private.Mode().Perm() != 0o600 {
		t.Errorf("the private part: %v, %v", private, err)
	}
	if !strings.Contains(stdout, "AZURE_CLIENT_CERTIFICATE_PATH='"+state+"/andon.pem'") {
		t.Errorf("printed %q", stdout)
	}
	if _, asked = shell(t, script, state); len(asked) == 0 {
		t.Error("a second run asks nothing")
	}
	if _, ok := after(asked, "ad app credential reset", ""); ok {
		t.Error("a second run registers a second certificate")
	}
}

func TestTheScriptOfAManagedIdentityNeedsItsGroup(t *testing.T) {
	t.Parallel()
	script := written(t, setup.Request{Identity: setup.Managed, Format: setup.FormatAz, Scopes: scopes(t, group)})
	stdout, asked := shell(t, script, t.TempDir())
	if in, _ := after(asked, "identity create", "--resource-group"); in != "rg-data" {
		t.Errorf("it lives in %q", in)
	}
	if who, _ := after(asked, "role assignment create", "--assignee-object-id"); who != "of-principalId" {
		t.Errorf("the role is given to %q", who)
	}
	if want := "export AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential AZURE_CLIENT_ID='of-clientId'\n"; stdout != want {
		t.Errorf("printed %q, want %q", stdout, want)
	}
}
