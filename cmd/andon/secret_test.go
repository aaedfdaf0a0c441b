package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// rotated is a server whose client secret lies in a file.
type rotated struct {
	stuck

	secret string // the file
}

func serveSecretFile(t *testing.T) *rotated {
	t.Helper()
	e := startEmulator(t, "--size", "300", "--limits", "off", "--token-life", "2s")
	e.Factories = e.Factories[:1]
	dir := t.TempDir()
	r := &rotated{secret: filepath.Join(dir, "secret")}
	r.writes(t, e.ClientSecret)
	config := filepath.Join(dir, "andon.yaml")
	text := fmt.Sprintf(`sources:
  - name: main
    tenantId: %s
    clientId: %s
    clientSecretFile: %s
    cloud: {authority: %q, resourceManager: %q, audience: "https://management.azure.com", caFile: %q}
    factories: [%q]
`, e.TenantID, e.ClientID, r.secret, e.Authority, e.ResourceManager, e.CAFile, e.Factories[0])
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, nil, "serve", "--config", config, "--listen", "127.0.0.1:0", "--store", "sqlite:"+filepath.Join(dir, "andon.db"), "--poll", "1s", "--budget", "off")
	r.stuck = stuck{e: e, p: p, base: p.says(`serving on (http://\S+)`)[1]}
	awaitFresh(t, r.base, e)
	return r
}

// writes puts a secret into the file as a mount does: another file takes the
// place of the first.
func (r *rotated) writes(t *testing.T, secret string) {
	t.Helper()
	if err := os.WriteFile(r.secret+".next", []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(r.secret+".next", r.secret); err != nil {
		t.Fatal(err)
	}
}

// makes has Entra ID make a further secret, which expires then.
func (r *rotated) makes(t *testing.T, expires time.Time) string {
	t.Helper()
	var made struct{ ClientSecret string }
	post(t, r.e.Control+"/identities/secrets", fmt.Sprintf(`{"clientId":%q,"expires":%q}`, r.e.ClientID, expires.UTC().Format(time.RFC3339)), &made)
	return made.ClientSecret
}

// takesAway has Entra ID know a secret no more.
func (r *rotated) takesAway(t *testing.T, secret string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"clientId": r.e.ClientID, "hint": secret[:3]})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, r.e.Control+"/identities/secrets", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("take a secret away: %s %v", resp.Status, err)
	}
}

// tokens is how often tokens were asked for.
func (r *rotated) tokens(t *testing.T) int64 {
	t.Helper()
	var answer struct{ ByCall map[string]int64 }
	get(t, r.e.Control+"/truth/requests", &answer)
	return answer.ByCall["token"]
}

// TestASecretIsRotatedUnderARunningServer: a new secret that is written before
// the old one is taken away is not noticed at all; one that expires is told,
// with the command that mends it; and what replaces that is taken up without a
// restart.
func TestASecretIsRotatedUnderARunningServer(t *testing.T) {
	t.Parallel()
	r := serveSecretFile(t)
	later := time.Now().Add(100 * 24 * time.Hour)
	second := r.makes(t, later)
	r.writes(t, second)
	r.takesAway(t, r.e.ClientSecret)
	before := r.tokens(t)
	eventually(t, time.Minute, func() string {
		if f := r.factory(t); f["state"] != "fresh" || f["lastError"] != nil {
			t.Fatalf("rotated: the factory is %v, %v", f["state"], f["lastError"])
		}
		if n := r.tokens(t) - before; n < 5 {
			return fmt.Sprintf("signed in %d times", n)
		}
		return ""
	})
	expired := r.makes(t, time.Now().Add(-time.Minute))
	r.writes(t, expired)
	r.takesAway(t, second)
	eventually(t, time.Minute, func() string {
		f := r.factory(t)
		trouble, ok := f["lastError"].(row)
		if !ok || f["state"] != "refused" || trouble["kind"] != "expiredSecret" || !strings.Contains(str(trouble["command"]), "az ad app credential reset --id '"+r.e.ClientID) {
			return fmt.Sprintf("%v, %v", f["state"], f["lastError"])
		}
		return ""
	})
	r.writes(t, r.makes(t, later))
	r.heals(t)
	for _, secret := range []string{r.e.ClientSecret, second, expired} {
		if strings.Contains(r.p.output(), secret) {
			t.Error("a secret stands in the output")
		}
	}
}
