package azure

import (
	"context"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// forgetting is a credential that can be told to forget its tokens. The SDK
// keeps a token for as long as our clock says that it is valid, and gives it
// again however often Azure refuses it: after the clock was put back, for as
// long as it was put back.
type forgetting struct {
	make func() (azcore.TokenCredential, error)

	mu      sync.Mutex
	current azcore.TokenCredential
}

func newForgetting(build func() (azcore.TokenCredential, error)) (*forgetting, error) {
	current, err := build()
	if err != nil {
		return nil, err
	}
	return &forgetting{make: build, current: current}, nil
}

// GetToken implements azcore.TokenCredential.
func (f *forgetting) GetToken(ctx context.Context, options azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
	f.mu.Lock()
	current := f.current
	f.mu.Unlock()
	return current.GetToken(ctx, options)
}

// forget makes the credential anew. One that can't be made any more, since its
// file is gone, stays as it is.
func (f *forgetting) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fresh, err := f.make(); err == nil {
		f.current = fresh
	}
}
