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
}

// Identity is a further app registration of the emulated tenant.
type Identity struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	// What says in a sentence how the identity differs from the main one.
	What string `json:"what"`
}

func (e *Emulator) describe(azure, proxy, control, caFile string) Info {
	main := e.identities[0]
	info := Info{
		TenantID:        e.world.TenantID(),
		ClientID:        main.clientID,
		ClientSecret:    main.secret,
		Authority:       "https://" + azure,
		ResourceManager: "https://" + azure,
		Proxy:           "http://" + proxy,
		Control:         "http://" + control,
		CAFile:          caFile,
		Factories:       []string{},
		Identities:      []Identity{},
	}
	for _, f := range e.world.Factories() {
		info.Factories = append(info.Factories, listedID(f))
	}
	for _, i := range e.identities[1:] {
		info.Identities = append(info.Identities, Identity{ClientID: i.clientID, ClientSecret: i.secret, What: i.what})
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
		fmt.Fprintf(&b, "# Identity %s with secret %s: %s\n", id.ClientID, id.ClientSecret, id.What)
	}
	return b.String()
}

func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
