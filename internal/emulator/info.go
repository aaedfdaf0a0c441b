package emulator

import (
	"fmt"
	"strings"
)

// Info is how a client reaches a started emulator. As JSON it is the first
// line of `andon emulate --json`.
type Info struct {
	TenantID        string     `json:"tenantId"`
	ClientID        string     `json:"clientId"`
	ClientSecret    string     `json:"clientSecret"`
	Authority       string     `json:"authority"`
	ResourceManager string     `json:"resourceManager"`
	Proxy           string     `json:"proxy"`
	Control         string     `json:"control"`
	CAFile          string     `json:"caFile"`
	Factories       []string   `json:"factories"`
	Identities      []Identity `json:"identities"`
	// ManagedIdentity is how to get the tokens of the managed identity.
	ManagedIdentity ManagedIdentity `json:"managedIdentity"`
	// CertificateFile holds the certificate and the private key of the main
	// application, in PEM.
	CertificateFile string `json:"certificateFile"`
	// FederatedTokenFile holds a service account token that the main
	// application trusts. It is valid as long as the CA certificate.
	FederatedTokenFile string `json:"federatedTokenFile"`
}

// ManagedIdentity is App Service's identity endpoint: what an app there finds
// in IDENTITY_ENDPOINT and IDENTITY_HEADER.
type ManagedIdentity struct {
	Endpoint string `json:"endpoint"`
	Header   string `json:"header"`
	ClientID string `json:"clientId"`
}

// Identity is a further app registration.
type Identity struct {
	TenantID     string `json:"tenantId"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	// What says in a sentence how the identity differs from the main one.
	What string `json:"what"`
}

func (e *Emulator) describe(azure, proxy, control string, files files) Info {
	main := e.azure.main()
	info := Info{
		TenantID:        e.world.TenantID(),
		ClientID:        main.ClientID,
		ClientSecret:    main.Secrets[0].Text,
		Authority:       "https://" + azure,
		ResourceManager: "https://" + azure,
		Proxy:           "http://" + proxy,
		Control:         "http://" + control,
		CAFile:          files.ca,
		Factories:       []string{},
		Identities:      []Identity{},
		ManagedIdentity: ManagedIdentity{Endpoint: "http://" + control + managedPath, Header: e.azure.header},

		CertificateFile:    files.certificate,
		FederatedTokenFile: files.federatedToken,
	}
	for _, f := range e.world.Factories() {
		info.Factories = append(info.Factories, e.azure.listedID(f))
	}
	for _, a := range e.azure.directory.Applications()[1:] {
		if a.IsManaged {
			info.ManagedIdentity.ClientID = a.ClientID
			continue
		}
		info.Identities = append(info.Identities, Identity{TenantID: a.TenantID, ClientID: a.ClientID, ClientSecret: a.Secrets[0].Text, What: a.What})
	}
	return info
}

// Exports returns shell lines that let a client in that shell reach the
// emulator under Azure's own host names, with the other way in as comments.
func (i Info) Exports() string {
	var b strings.Builder
	for _, v := range [][2]string{
		{"AZURE_TENANT_ID", i.TenantID},
		{"AZURE_CLIENT_ID", i.ClientID},
		{"AZURE_CLIENT_SECRET", i.ClientSecret},
		{"HTTPS_PROXY", i.Proxy},
		{"SSL_CERT_FILE", i.CAFile},
		{"CURL_CA_BUNDLE", i.CAFile},
		{"NODE_EXTRA_CA_CERTS", i.CAFile},
		{"REQUESTS_CA_BUNDLE", i.CAFile},
	} {
		fmt.Fprintf(&b, "export %s=%s\n", v[0], shellQuote(v[1]))
	}
	fmt.Fprintf(&b, "# Without the proxy, as a custom cloud (clients must leave out instance discovery):\n")
	fmt.Fprintf(&b, "# export AZURE_AUTHORITY_HOST=%s\n", shellQuote(i.Authority))
	fmt.Fprintf(&b, "# export ANDON_RESOURCE_MANAGER=%s\n", shellQuote(i.ResourceManager))
	fmt.Fprintf(&b, "# export ANDON_AUDIENCE='https://management.azure.com'\n")
	fmt.Fprintf(&b, "# export ANDON_CA_FILE=%s\n", shellQuote(i.CAFile))
	fmt.Fprintf(&b, "# Truth, clock and faults: %s\n", i.Control)
	for _, f := range i.Factories {
		fmt.Fprintf(&b, "# Factory: %s\n", f)
	}
	for _, id := range i.Identities {
		fmt.Fprintf(&b, "# Identity %s of tenant %s with secret %s: %s\n", id.ClientID, id.TenantID, id.ClientSecret, id.What)
	}
	fmt.Fprintf(&b, "# Instead of the secret, one of these:\n")
	fmt.Fprintf(&b, "# unset AZURE_CLIENT_SECRET; export AZURE_CLIENT_CERTIFICATE_PATH=%s\n", shellQuote(i.CertificateFile))
	fmt.Fprintf(&b, "# unset AZURE_CLIENT_SECRET; export AZURE_FEDERATED_TOKEN_FILE=%s\n", shellQuote(i.FederatedTokenFile))
	fmt.Fprintf(&b, "# unset AZURE_CLIENT_ID AZURE_CLIENT_SECRET; export IDENTITY_ENDPOINT=%s IDENTITY_HEADER=%s AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential\n",
		shellQuote(i.ManagedIdentity.Endpoint), shellQuote(i.ManagedIdentity.Header))
	return b.String()
}

func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
