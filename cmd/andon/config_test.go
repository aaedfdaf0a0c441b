package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSourcesFromAFile reads two tenants, of the second one factory only, and
// a third source whose secret has expired, which must not stop the others. The
// two are in different clouds, and each factory's links lead to its own.
func TestSourcesFromAFile(t *testing.T) {
	t.Parallel()
	first := startEmulator(t, "--size", "500", "--limits", "off", "--seed", "1")
	second := startEmulator(t, "--size", "500", "--limits", "off", "--seed", "2")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cloud := func(e emulated, name string) string {
		return fmt.Sprintf("{ authority: %q, resourceManager: %q, audience: https://management.azure.com, studio: %q, caFile: %q }",
			e.Authority, e.ResourceManager, "https://"+name+".example", e.CAFile)
	}
	expired := first.Identities[1]
	file := write("andon.yaml", fmt.Sprintf(`
listen: 127.0.0.1:0
store: sqlite:%s
poll: 1s
budget: "off"
sources:
  - name: first
    tenantId: %s
    clientId: %s
    clientSecretFile: %s
    cloud: %s
  - name: second
    tenantId: %s
    clientId: %s
    clientSecret: %q
    cloud: %s
    factories:
      - %s
  - name: expired
    tenantId: %s
    clientId: %s
    clientSecret: %q
    cloud: %s
`, filepath.Join(dir, "andon.db"),
		first.TenantID, first.ClientID, write("secret", first.ClientSecret+"\n"), cloud(first, "first"),
		second.TenantID, second.ClientID, second.ClientSecret, cloud(second, "second"), second.Factories[1],
		first.TenantID, expired.ClientID, expired.ClientSecret, cloud(first, "first")))
	p := start(t, nil, "serve", "--config", file)
	base := p.says(`serving on (http://\S+)`)[1]

	want := map[string]string{strings.ToLower(second.Factories[1]): "second"}
	for _, id := range first.Factories {
		want[strings.ToLower(id)] = "first"
	}
	eventually(t, time.Minute, func() string {
		var answer struct {
			Sources []struct{ Source, State, What string }
			Items   []struct {
				FactoryID, Source, StudioURL string
				Runs                         int
				Coverage                     struct{ Complete bool }
			}
		}
		get(t, base+"api/v1/factories", &answer)
		states := map[string]string{}
		for _, s := range answer.Sources {
			states[s.Source] = s.State + " " + s.What
		}
		if !strings.HasPrefix(states["first"], "ok") || !strings.HasPrefix(states["second"], "ok") || !strings.HasPrefix(states["expired"], "error the client secret has expired") {
			return fmt.Sprintf("sources are %v", states)
		}
		complete := 0
		for _, f := range answer.Items {
			if source := want[strings.ToLower(f.FactoryID)]; source != f.Source {
				t.Fatalf("factory %s belongs to source %q, want %q", f.FactoryID, f.Source, source)
			}
			if !strings.HasPrefix(f.StudioURL, "https://"+f.Source+".example/") {
				t.Fatalf("factory %s of source %q leads to %s", f.FactoryID, f.Source, f.StudioURL)
			}
			if f.Coverage.Complete && f.Runs > 0 {
				complete++
			}
		}
		if complete != len(want) {
			return fmt.Sprintf("%d of %d factories are complete", complete, len(want))
		}
		return ""
	})
	var page struct {
		Items []struct{ Factory, FactoryID, RunID string }
	}
	get(t, base+"api/v1/runs?limit=500", &page)
	seen := map[string]bool{}
	for _, run := range page.Items {
		source := want[strings.ToLower(run.FactoryID)]
		if seen[source] {
			continue
		}
		seen[source] = true
		var detail struct{ StudioURL string }
		get(t, base+"api/v1/runs/"+run.RunID+"?factory="+run.Factory, &detail)
		if !strings.HasPrefix(detail.StudioURL, "https://"+source+".example/") {
			t.Errorf("run %s of source %q leads to %s", run.RunID, source, detail.StudioURL)
		}
	}
	if len(seen) != 2 {
		t.Errorf("runs of the sources %v, want two", seen)
	}
	for _, secret := range []string{first.ClientSecret, second.ClientSecret, expired.ClientSecret} {
		if strings.Contains(p.output(), secret) {
			t.Error("a secret stands in the output")
		}
	}
}
