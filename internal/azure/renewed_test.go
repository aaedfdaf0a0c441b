package azure_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andon/internal/azure"
)

// expiredIdentity is the emulator's application whose secret has run out.
func (e emulated) expiredIdentity(t *testing.T) (clientID, secret string) {
	t.Helper()
	for _, id := range e.Identities {
		if strings.Contains(id.What, "AADSTS7000222") {
			return id.ClientID, id.ClientSecret
		}
	}
	t.Fatal("no identity with an expired secret")
	return "", ""
}

// TestASecretsFileIsTakenUpWhenItChanges: an expired secret that is replaced
// while the program runs.
func TestASecretsFileIsTakenUpWhenItChanges(t *testing.T) {
	t.Parallel()
	e := emulate(t, 600)
	cfg := e.bare()
	var secret string
	cfg.ClientID, secret = e.expiredIdentity(t)
	cfg.SecretFile = writeFile(t, []byte(secret+"\n"))
	c := newClient(t, cfg)
	ask := func() *azure.Error {
		t.Helper()
		_, err := c.QueryPipelineRuns(t.Context(), e.busiest(), window())
		if err == nil {
			return nil
		}
		return asError(t, err)
	}
	if got := ask(); got == nil || got.Kind != azure.KindExpiredSecret {
		t.Fatalf("got %v, want the expired secret", got)
	}
	var fresh struct{ ClientSecret string }
	if err := json.Unmarshal(e.control(t, http.MethodPost, "/identities/secrets", map[string]any{"clientId": cfg.ClientID}), &fresh); err != nil {
		t.Fatal(err)
	}
	// As a mount does it: another file takes the place of the first.
	next := filepath.Join(t.TempDir(), "next")
	if err := os.WriteFile(next, []byte(fresh.ClientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, cfg.SecretFile); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for got := ask(); got != nil; got = ask() { // the circuit rests for some seconds
		if time.Now().After(deadline) {
			t.Fatalf("the new secret is not taken up: %v", got)
		}
		if err := azurePause(t, got.RetryAt); err != nil {
			t.Fatal(err)
		}
	}
	// A file that is gone or empty leaves the credential that there is.
	if err := os.Truncate(cfg.SecretFile, 0); err != nil {
		t.Fatal(err)
	}
	if got := ask(); got != nil {
		t.Errorf("after the file was emptied: %v", got)
	}
}

// azurePause waits until then.
func azurePause(t *testing.T, until time.Time) error {
	t.Helper()
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-t.Context().Done():
		return t.Context().Err()
	}
}

func TestASecretsFileHasToHoldOne(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"gone": filepath.Join(t.TempDir(), "none"), "empty": writeFile(t, []byte(" \n"))} {
		cfg := azure.Config{Name: "contoso", TenantID: tenant, ClientID: clientID, SecretFile: file}
		_, err := azure.New(cfg)
		if got := asError(t, err); got.Kind != azure.KindConfig || !strings.Contains(got.Error(), file) || got.Command == "" {
			t.Errorf("%s: %v, command %q", name, err, got.Command)
		}
	}
}
