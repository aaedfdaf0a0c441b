package azure

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// managedCredential asks the machine's own endpoint for the tokens of its
// identity (Entra, Managed identities for Azure resources).
func managedCredential(cfg Config, common azpolicy.ClientOptions) (azcore.TokenCredential, error) {
	// The endpoint is on the machine or beside it: no proxy knows the way.
	return managedVia(cfg, common, &http.Transport{
		DialContext:       (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		DisableKeepAlives: true, // it is asked about once an hour
	})
}

// managedVia is managedCredential over the given way to the endpoint, which
// tests lead elsewhere: the address of Azure's virtual machines is fixed.
func managedVia(cfg Config, common azpolicy.ClientOptions, way http.RoundTripper) (azcore.TokenCredential, error) {
	common.Transport = transport{&http.Client{
		Transport:     way,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	options := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: common}
	if cfg.ClientID != "" {
		options.ID = azidentity.ClientID(cfg.ClientID)
	}
	credential, err := azidentity.NewManagedIdentityCredential(options)
	if err != nil {
		// What it refuses are combinations of the platform's variables.
		return nil, configError(cfg, "the managed identity of this platform can't be used", "give clientId only where the identity is a user-assigned one; Service Fabric, Cloud Shell and Azure ML are not supported")
	}
	return explained{credential, func(ctx context.Context, err error) *Error { return managedRefused(ctx, cfg, err) }}, nil
}

// managedRefused explains why there is no token of a managed identity. The
// endpoint's own text is not kept.
func managedRefused(ctx context.Context, cfg Config, err error) *Error {
	e := &Error{
		Kind: KindUnauthorized, Call: TokenCall, Where: "token of the machine's managed identity, source " + cfg.Name,
		What: "there is no managed identity", Advice: "turn it on under Identity of the machine or app, or give the source another credential",
	}
	if cfg.ClientID != "" {
		e.Where = "token of managed identity " + cfg.ClientID + ", source " + cfg.Name
		e.What, e.Advice = "the managed identity is not one of this machine's", "assign it under Identity, User assigned of the machine or app, and check clientId"
	}
	failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
	switch {
	case !ok: // the machines' endpoint has said that there is none
		return e
	case failed.RawResponse == nil:
		return noManagedEndpoint(ctx, e)
	}
	e.Status = failed.RawResponse.StatusCode
	switch {
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		e.What = "the identity endpoint of this machine refuses Andon: " + statusText(e.Status, "")
		e.Advice = "let Andon have IDENTITY_ENDPOINT and IDENTITY_HEADER as the platform sets them for this app"
	case e.Status == http.StatusTooManyRequests || e.Status >= http.StatusInternalServerError:
		e.Kind, e.What = KindServer, "the identity endpoint of this machine answered "+statusText(e.Status, "")
		e.Advice = "this passes as a rule; if it stays, restart the machine or app"
	}
	return e
}

// noManagedEndpoint explains that nothing useful answered where the platform's
// endpoint should be.
func noManagedEndpoint(ctx context.Context, e *Error) *Error {
	e.Kind, e.What = KindNotJSON, "what answered is not an identity endpoint"
	e.Advice = "check IDENTITY_ENDPOINT, or give the source another credential where this is not a machine of Azure's"
	if way, ok := ctx.Value(noteKey{}).(*note); ok {
		if cause := way.last(); cause != nil {
			e.Kind, e.What, e.cause = KindNoRoute, "the identity endpoint of this machine can't be reached", plain(cause)
		}
	}
	return e
}
