package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

func sourceKeys() []string {
	return slices.Concat([]string{"name", "tenantId", "clientId"}, credentialKeys(), []string{"secretExpires", "cloud", "factories"})
}

// credentialKeys are the keys of a source of which exactly one is given.
func credentialKeys() []string {
	return []string{"clientSecret", "clientSecretFile", "certificateFile", "federatedTokenFile", "managedIdentity", "azureCli"}
}

// wrongKey is what is wrong with a key of a source; an empty key is the source
// as a whole.
type wrongKey struct{ key, text string }

// wrongWith reports what s lacks or has too much of, with the credentials that
// are given.
func (s *Source) wrongWith(credentials []string) []wrongKey {
	var wrong []wrongKey
	keys := credentialKeys()
	allowed := strings.Join(keys[:len(keys)-1], ", ") + " and " + keys[len(keys)-1]
	switch len(credentials) {
	case 1:
	case 0:
		wrong = append(wrong, wrongKey{"", "needs exactly one of " + allowed + ", and has none"})
	default:
		// What else it needs depends on which of them is meant.
		return []wrongKey{{"", "needs exactly one of " + allowed + ", and has " + strings.Join(credentials, " and ")}}
	}
	switch {
	case s.ManagedIdentity && s.TenantID != "":
		wrong = append(wrong, wrongKey{"tenantId", "has no meaning for a managed identity, which is of its machine's tenant: leave it out"})
	case s.AzureCLI && s.ClientID != "":
		wrong = append(wrong, wrongKey{"clientId", "has no meaning for the Azure CLI, where whoever is logged in asks: leave it out"})
	case s.ManagedIdentity, s.AzureCLI:
	default:
		for _, need := range []wrongKey{{"tenantId", s.TenantID}, {"clientId", s.ClientID}} {
			if need.text == "" {
				wrong = append(wrong, wrongKey{need.key, "is missing"})
			}
		}
	}
	return wrong
}

// defaultName is what a source without a name is called.
func (s *Source) defaultName() string {
	switch {
	case s.ManagedIdentity:
		return cmp.Or(s.ClientID, "managed identity")
	case s.AzureCLI:
		return cmp.Or(s.TenantID, "Azure CLI")
	default:
		return s.TenantID
	}
}

// Values of AZURE_TOKEN_CREDENTIALS that name one credential (Azure Identity
// for Go, DefaultAzureCredential). Case does not count.
const (
	environmentCredential = "EnvironmentCredential"
	workloadCredential    = "WorkloadIdentityCredential"
	managedCredential     = "ManagedIdentityCredential"
	cliCredential         = "AzureCLICredential" //nolint:gosec // the name of a kind, not a credential
)

func credentialNames() []string {
	return []string{environmentCredential, workloadCredential, managedCredential, cliCredential}
}

// chosenCredential is which of these names text is; "" for another text, such
// as dev and prod, which stand for several credentials.
func chosenCredential(text string) string {
	for _, name := range credentialNames() {
		if strings.EqualFold(text, name) {
			return name
		}
	}
	return ""
}

// sourceFromEnv reads the identity that Azure's own tools read from the
// environment. A secret goes before a certificate and that before a federated
// token, as there; AZURE_TOKEN_CREDENTIALS chooses where neither of the first
// two is given. ok is false when none of the variables is set; some but not
// all of them is an error that names the missing ones.
func sourceFromEnv(env func(string) string) (src Source, ok bool, err error) {
	src = Source{
		TenantID: env("AZURE_TENANT_ID"), ClientID: env("AZURE_CLIENT_ID"), ClientSecret: NewSecret(env("AZURE_CLIENT_SECRET")),
		CertificateFile: env("AZURE_CLIENT_CERTIFICATE_PATH"), CertificatePassword: NewSecret(env("AZURE_CLIENT_CERTIFICATE_PASSWORD")),
		FederatedTokenFile: env("AZURE_FEDERATED_TOKEN_FILE"),
	}
	choice := chosenCredential(env("AZURE_TOKEN_CREDENTIALS"))
	if src.TenantID == "" && src.ClientID == "" && src.ClientSecret.IsZero() && src.CertificateFile == "" && src.FederatedTokenFile == "" && choice == "" {
		return Source{}, false, nil
	}
	if err := src.choose(choice); err != nil {
		return Source{}, false, err
	}
	if missing := src.missingVariables(choice); len(missing) > 0 {
		proof := "AZURE_CLIENT_SECRET"
		if src.FederatedTokenFile != "" || choice == workloadCredential {
			proof = "AZURE_FEDERATED_TOKEN_FILE"
		}
		return Source{}, false, fmt.Errorf("the environment describes half an identity: %s missing; AZURE_TENANT_ID, AZURE_CLIENT_ID and %s belong together", strings.Join(missing, ", "), proof)
	}
	src.Name = src.defaultName()
	src.Cloud, err = cloudFromEnv(env)
	return src, true, err
}

// choose leaves of what the environment gives the one credential that is meant.
func (s *Source) choose(choice string) error {
	given := ""
	switch {
	case !s.ClientSecret.IsZero():
		given = "AZURE_CLIENT_SECRET"
		s.CertificateFile = ""
	case s.CertificateFile != "":
		given = "AZURE_CLIENT_CERTIFICATE_PATH"
	}
	switch {
	case given != "" && choice != "" && choice != environmentCredential:
		return fmt.Errorf("environment variable AZURE_TOKEN_CREDENTIALS asks for %s, and %s is set as well: unset one of the two", choice, given)
	case given != "":
		s.FederatedTokenFile = ""
	case choice == managedCredential:
		s.ManagedIdentity, s.TenantID, s.FederatedTokenFile = true, "", ""
	case choice == cliCredential:
		s.AzureCLI, s.ClientID, s.FederatedTokenFile = true, "", ""
	case choice == environmentCredential:
		s.FederatedTokenFile = ""
	}
	return nil
}

// errNoIdentity says how to give the identity that is missing.
func errNoIdentity(env func(string) string) error {
	if choice := env("AZURE_TOKEN_CREDENTIALS"); choice != "" {
		return fmt.Errorf("no identity to ask Azure with: AZURE_TOKEN_CREDENTIALS %q stands for several credentials, and a server needs to know which: set it to one of %s",
			choice, strings.Join(credentialNames(), ", "))
	}
	return errors.New("no identity to ask Azure with: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or name a file with sources by --config, or show what is stored with --no-collect")
}

// missingVariables names what the environment lacks for its credential.
func (s *Source) missingVariables(choice string) []string {
	if s.ManagedIdentity || s.AzureCLI {
		return nil
	}
	var missing []string
	if s.TenantID == "" {
		missing = append(missing, "AZURE_TENANT_ID")
	}
	if s.ClientID == "" {
		missing = append(missing, "AZURE_CLIENT_ID")
	}
	switch {
	case !s.ClientSecret.IsZero(), s.CertificateFile != "", s.FederatedTokenFile != "":
	case choice == workloadCredential:
		missing = append(missing, "AZURE_FEDERATED_TOKEN_FILE")
	default:
		missing = append(missing, "AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE)")
	}
	return missing
}
