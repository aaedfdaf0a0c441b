package azure

import (
	"cmp"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/policy"
	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"andon/internal/azure/budget"
)

// tryTimeout bounds one request with its answer, and one way to a token.
const tryTimeout = 60 * time.Second

// Config says who asks, where, and how much.
type Config struct {
	Name string // the source's name, for errors and logs
	// TenantID is a GUID or a domain. A managed identity is of its machine's
	// tenant and needs none, and the Azure CLI has one of its own.
	TenantID string
	// ClientID is the app registration's application id, or that of a
	// user-assigned managed identity; "" is the machine's own identity, and the
	// Azure CLI's login.
	ClientID string

	// Exactly one of Secret, SecretFile, CertificateFile, FederatedTokenFile,
	// ManagedIdentity and AzureCLI has to be given.
	Secret              Secret
	SecretFile          string // holds the client secret; taken up when it changes
	CertificateFile     string // PEM or PKCS#12 file with the private key; taken up when it changes
	CertificatePassword Secret // of the PKCS#12 file; "" for none
	// FederatedTokenFile holds a token of another issuer that the application
	// trusts, such as Kubernetes'. It is read again as it is renewed.
	FederatedTokenFile string
	// ManagedIdentity takes the identity of the machine: IDENTITY_ENDPOINT and
	// IDENTITY_HEADER lead to it where App Service or a container app set them,
	// else it is asked for at the address of Azure's virtual machines.
	ManagedIdentity bool
	AzureCLI        bool // whoever is logged in to az, which has to be on PATH

	Cloud Cloud // zero is the public cloud
	// Scheduler lets the requests of all clients pass; nil makes one for this
	// client alone.
	Scheduler *budget.Scheduler
	Logger    *slog.Logger     // nil logs nothing
	Now       func() time.Time // nil means time.Now
	Version   string           // Andon's version, told to Azure in User-Agent
}

// Client asks Azure on behalf of one identity.
type Client struct {
	cfg    Config
	cloud  Cloud
	armURL string
	http   *http.Client
	arm    runtime.Pipeline
	token  *forgetting
	budget *budget.Scheduler
	logger *slog.Logger
	now    func() time.Time

	mu     sync.Mutex
	counts map[string]int64
}

// New checks cfg and prepares a client. It asks Azure nothing, so a wrong
// secret shows at the first call. A proxy is taken from HTTPS_PROXY and
// NO_PROXY as they are now. The error is an *Error.
func New(cfg Config) (*Client, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Name == "" {
		cfg.Name = cmp.Or(cfg.TenantID, cfg.ClientID, "azure")
	}
	if err := cfg.Cloud.Validate(); err != nil {
		return nil, configError(cfg, err.Error(), "correct it in the configuration")
	}
	if cfg.Scheduler == nil {
		cfg.Scheduler = budget.New(budget.Budget{}, cfg.Now)
	}
	place := cfg.Cloud.complete()
	httpClient, err := newHTTPClient(cfg)
	if err != nil {
		return nil, err
	}
	common := azpolicy.ClientOptions{
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: place.Authority,
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: place.ResourceManager, Audience: place.Audience},
			},
		},
		Transport: transport{httpClient},
		Telemetry: azpolicy.TelemetryOptions{ApplicationID: "andon"},
		Retry:     azpolicy.RetryOptions{MaxRetries: 2, RetryDelay: firstPause, MaxRetryDelay: maxWait, TryTimeout: tryTimeout},
	}
	signIn := common
	credential, err := newForgetting(func() (azcore.TokenCredential, error) { return newCredential(cfg, signIn) })
	if err != nil {
		return nil, err
	}
	// The pipeline tries ARM once: each further try has to pass the gates and
	// the limiters again, which ask does.
	common.Retry = azpolicy.RetryOptions{MaxRetries: -1, TryTimeout: tryTimeout}
	pipeline, err := newPipeline(cfg.Version, credential, common)
	if err != nil {
		return nil, configError(cfg, "the client for Azure Resource Manager can't be made: "+err.Error(), "correct the cloud in the configuration")
	}
	return &Client{
		cfg: cfg, cloud: place, armURL: place.ResourceManager, http: httpClient, arm: pipeline, token: credential,
		budget: cfg.Scheduler, logger: cfg.Logger.With("source", cfg.Name), now: cfg.Now,
		counts: map[string]int64{},
	}, nil
}

func newPipeline(version string, credential azcore.TokenCredential, common azpolicy.ClientOptions) (runtime.Pipeline, error) {
	return armruntime.NewPipeline("andon", strings.TrimPrefix(version, "v"), credential, runtime.PipelineOptions{}, &policy.ClientOptions{
		ClientOptions:         common,
		DisableRPRegistration: true, // an identity that may only read can't register
	})
}

// Name returns the source's name.
func (c *Client) Name() string { return c.cfg.Name }

// Requests returns how many requests each call has sent to ARM so far,
// retries included.
func (c *Client) Requests() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

// Close drops idle connections. The client stays usable.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) count(call string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[call]++
}

func configError(cfg Config, what, advice string) *Error {
	return &Error{Kind: KindConfig, Where: "source " + cfg.Name, What: what, Advice: advice}
}
