package azure

import (
	"context"
	"crypto/sha256"
	"os"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// lookEvery is how often a file with a credential is looked at for a new one.
const lookEvery = 30 * time.Second

// renewed is a credential that lies in a file. It is made anew when the file
// holds something else, as Kubernetes' and Key Vault's mounts change theirs
// while a program runs.
type renewed struct {
	file string
	now  func() time.Time
	make func(content []byte) (azcore.TokenCredential, error)

	mu      sync.Mutex
	current azcore.TokenCredential
	sum     [sha256.Size]byte // of what current was made of
	looked  time.Time
}

// newRenewed makes the credential of what the file holds now.
func newRenewed(cfg Config, file string, content []byte, build func([]byte) (azcore.TokenCredential, error)) (azcore.TokenCredential, error) {
	current, err := build(content)
	if err != nil {
		return nil, err
	}
	return &renewed{file: file, now: cfg.Now, make: build, current: current, sum: sha256.Sum256(content), looked: cfg.Now()}, nil
}

// GetToken implements azcore.TokenCredential. After a failure the file is
// looked at again at once.
func (r *renewed) GetToken(ctx context.Context, options azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
	credential := r.newest(lookEvery)
	token, err := credential.GetToken(ctx, options)
	if err == nil || ctx.Err() != nil {
		return token, err
	}
	if again := r.newest(0); again != credential {
		return again.GetToken(ctx, options)
	}
	return token, err
}

// newest returns the credential of what the file holds, where it was not
// looked at for so long. A file that is gone, or half written, leaves the one
// before.
func (r *renewed) newest(age time.Duration) azcore.TokenCredential {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if age > 0 && now.Sub(r.looked) < age {
		return r.current
	}
	r.looked = now
	content, err := os.ReadFile(r.file)
	if err != nil || sha256.Sum256(content) == r.sum {
		return r.current
	}
	if fresh, err := r.make(content); err == nil {
		r.current, r.sum = fresh, sha256.Sum256(content)
	}
	return r.current
}
