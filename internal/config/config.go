package config

import (
	"time"

	"andon/internal/adf"
)

// The defaults of andon serve.
const (
	DefaultListen = "127.0.0.1:8080"
	DefaultStore  = "sqlite:andon.db"
	DefaultPoll   = 30 * time.Second
	DefaultBudget = 0.25
	// DefaultOlderAfter is how long a problem is shown after its last failure.
	DefaultOlderAfter = 14 * 24 * time.Hour
	// MinPoll keeps a typing error from spending the company's whole budget.
	MinPoll = time.Second
)

// Config is every setting of andon serve, validated.
type Config struct {
	Listen string        // host:port; loopback only, since there is no login yet
	Store  string        // sqlite:PATH
	Poll   time.Duration // how often each factory is asked for news
	Budget Budget
	// HistoryRecords is how many run records may be read for one factory's
	// history, whose price they are; 0 means as many as there are.
	HistoryRecords int64
	NoCollect      bool     // show the store without asking Azure
	AllowHosts     []string // further host names that are answered, for a reverse proxy on this machine
	EmbedOrigins   []string // origins whose pages may frame /embed/…; none by default
	Sources        []Source // empty only with NoCollect
	Activities     []ActivityPolicy
	Redact         Redact
	Series         []SeriesRule
	// OlderAfter is how long a series may not have failed before its problem
	// is folded into the line of older ones.
	OlderAfter time.Duration
}

// Budget is the share of Azure's documented limits that may be used.
type Budget struct {
	Share float64 // above 0, at most 1; without meaning when Off
	Off   bool    // no limit of our own, for measuring
}

// Source is one Entra tenant, identity and cloud. Exactly one of ClientSecret,
// CertificateFile, FederatedTokenFile, ManagedIdentity and AzureCLI is given.
type Source struct {
	Name                string // shown to people; the tenant's id when not given, or what asks
	TenantID            string // "" for a managed identity, and where the Azure CLI's own is meant
	ClientID            string // "" for the machine's own managed identity and for the Azure CLI
	ClientSecret        Secret // from the file, the environment or ClientSecretFile
	ClientSecretFile    string // where ClientSecret came from, and is looked for again; "" for none
	CertificateFile     string // PEM or PKCS#12, with its private key
	CertificatePassword Secret
	FederatedTokenFile  string    // a token of another issuer, such as Kubernetes'
	ManagedIdentity     bool      // the identity of the machine; a user-assigned one has a ClientID
	AzureCLI            bool      // whoever is logged in to az
	SecretExpires       time.Time // zero when not given
	Cloud               Cloud
	Factories           []adf.FactoryID // empty: every factory the identity may read
}

// Cloud says where Entra ID and Azure Resource Manager are. Either Name is
// one of CloudNames, or the other fields describe a custom cloud.
type Cloud struct {
	Name            string // public, usgov, china; "" for a custom cloud
	Authority       string // https URL of Entra ID
	ResourceManager string // https URL of ARM
	Audience        string // audience of ARM's tokens
	Studio          string // https URL of ADF Studio
	CAFile          string // PEM file of further authorities to trust; allowed beside Name
}

// CloudNames lists the clouds that are known by name.
func CloudNames() []string { return []string{"public", "usgov", "china"} }
