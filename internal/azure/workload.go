package azure

import (
	"bytes"
	"context"
	"errors"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// federatedCredential shows Entra ID the token in a file, which Kubernetes or
// another issuer renews (Entra, Workload identity federation). The SDK reads
// the file again every ten minutes.
func federatedCredential(cfg Config, common azpolicy.ClientOptions) (azcore.TokenCredential, error) {
	if e := unreadableToken(cfg); e != nil {
		return nil, e
	}
	credential, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientOptions:            common,
		TenantID:                 cfg.TenantID,
		ClientID:                 cfg.ClientID,
		TokenFilePath:            cfg.FederatedTokenFile,
		DisableInstanceDiscovery: cfg.Cloud.complete().customAuthority(),
	})
	if err != nil {
		return nil, badTenant(cfg)
	}
	return explained{credential, func(_ context.Context, err error) *Error {
		failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
		if !ok || failed.RawResponse != nil && failed.RawResponse.StatusCode >= 500 {
			return nil
		}
		// A file that is gone or empty shows as a refusal of Entra ID that says
		// something else.
		return unreadableToken(cfg)
	}}, nil
}

// unreadableToken returns nil when the file holds something.
func unreadableToken(cfg Config) *Error {
	e := &Error{
		Kind: KindBadFederation, Call: TokenCall, Where: "source " + cfg.Name + ", file " + cfg.FederatedTokenFile,
		What:   "the federated token can't be read",
		Advice: "check that the file is mounted and that Andon's user may read it", Command: lookAtFile(cfg.FederatedTokenFile),
	}
	token, err := os.ReadFile(cfg.FederatedTokenFile)
	switch {
	case err != nil:
		e.cause = err
		return e
	case len(bytes.TrimSpace(token)) == 0:
		e.What, e.Advice = "the file of the federated token is empty", "check what writes it, such as the projected volume of the service account token"
		return e
	default:
		return nil
	}
}
