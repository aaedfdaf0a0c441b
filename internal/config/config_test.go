package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"gotest.tools/v3/golden"

	"andon/internal/config"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(k string) string { return m[k] }
}

// TestFileCases loads every testdata/*.yml and compares the whole outcome,
// settings or error, with the golden text beside it.
func TestFileCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			c, err := config.Load(config.Input{
				File: file, Flags: map[string][]string{"no-collect": {"true"}}, Env: env(),
			})
			if isBad := strings.HasPrefix(filepath.Base(file), "bad-"); isBad != (err != nil) {
				t.Fatalf("error %v", err)
			}
			got := outcome(t, c, err)
			if strings.Contains(got, "CANARY") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			golden.Assert(t, got, strings.TrimSuffix(filepath.Base(file), ".yml")+".golden")
		})
	}
}

func outcome(t *testing.T, c config.Config, err error) string {
	t.Helper()
	if err != nil {
		return err.Error() + "\n"
	}
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

func TestPrecedenceIsFlagEnvironmentFileDefault(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "andon.yaml")
	if err := os.WriteFile(path, []byte("listen: 127.0.0.1:3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := map[string][]string{"listen": {"127.0.0.1:1"}, "no-collect": {"true"}}
	only := map[string][]string{"no-collect": {"true"}}
	for _, tc := range []struct {
		name string
		in   config.Input
		want string
	}{
		{"flag", config.Input{File: path, Flags: flags, Env: env("ANDON_LISTEN", "127.0.0.1:2")}, "127.0.0.1:1"},
		{"environment", config.Input{File: path, Flags: only, Env: env("ANDON_LISTEN", "127.0.0.1:2")}, "127.0.0.1:2"},
		{"file", config.Input{File: path, Flags: only, Env: env()}, "127.0.0.1:3"},
		{"default", config.Input{Flags: only, Env: env()}, "127.0.0.1:8080"},
	} {
		c, err := config.Load(tc.in)
		if err != nil || c.Listen != tc.want {
			t.Errorf("%s: listen %q, error %v; want %q", tc.name, c.Listen, err, tc.want)
		}
	}
}

// TestEnvironmentAndFlags pins what the environment and flags give, and the
// whole text of each refusal.
func TestEnvironmentAndFlags(t *testing.T) {
	t.Parallel()
	identity := []string{"AZURE_TENANT_ID", "t", "AZURE_CLIENT_ID", "c", "AZURE_CLIENT_SECRET", "CANARY"}
	with := func(more ...string) func(string) string {
		return env(append(append([]string{}, identity...), more...)...)
	}
	var b strings.Builder
	for _, tc := range []struct {
		name string
		in   config.Input
	}{
		{"nothing at all", config.Input{Env: env()}},
		{"half an identity", config.Input{Env: env("AZURE_CLIENT_ID", "c")}},
		{"three variables", config.Input{Env: with()}},
		{"a certificate", config.Input{Env: env("AZURE_TENANT_ID", "t", "AZURE_CLIENT_ID", "c", "AZURE_CLIENT_CERTIFICATE_PATH", "/c.pem", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "CANARY")}},
		{"a federated token, as the Kubernetes webhook sets it", config.Input{Env: env("AZURE_TENANT_ID", "t", "AZURE_CLIENT_ID", "c", "AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/azure/tokens/azure-identity-token")}},
		{"a secret goes before a federated token", config.Input{Env: with("AZURE_FEDERATED_TOKEN_FILE", "/t")}},
		{"a managed identity chosen", config.Input{Env: env("AZURE_TOKEN_CREDENTIALS", "managedidentitycredential")}},
		{"a user-assigned one, on Kubernetes", config.Input{Env: env("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential", "AZURE_CLIENT_ID", "c", "AZURE_TENANT_ID", "t", "AZURE_FEDERATED_TOKEN_FILE", "/t")}},
		{"the Azure CLI chosen", config.Input{Env: env("AZURE_TOKEN_CREDENTIALS", "AzureCLICredential", "AZURE_TENANT_ID", "t")}},
		{"a federated token chosen without its file", config.Input{Env: env("AZURE_TOKEN_CREDENTIALS", "WorkloadIdentityCredential", "AZURE_TENANT_ID", "t")}},
		{"a federated token without the application", config.Input{Env: env("AZURE_TENANT_ID", "t", "AZURE_FEDERATED_TOKEN_FILE", "/t")}},
		{"two kinds at once", config.Input{Env: with("AZURE_TOKEN_CREDENTIALS", "AzureCLICredential")}},
		{"an environment credential that is not there", config.Input{Env: env("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")}},
		{"a chain of credentials", config.Input{Env: env("AZURE_TOKEN_CREDENTIALS", "dev")}},
		{"a chain of credentials that nothing is asked with", config.Input{Env: env("AZURE_TOKEN_CREDENTIALS", "dev"), Flags: map[string][]string{"no-collect": {"true"}}}},
		{"a chain beside a secret", config.Input{Env: with("AZURE_TOKEN_CREDENTIALS", "prod")}},
		{"the authority of US Government", config.Input{Env: with("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/")}},
		{"a custom cloud", config.Input{Env: with("AZURE_AUTHORITY_HOST", "https://127.0.0.1:8443", "ANDON_RESOURCE_MANAGER", "https://127.0.0.1:8443", "ANDON_AUDIENCE", "https://management.azure.com", "ANDON_CA_FILE", "/ca.pem")}},
		{"half a custom cloud", config.Input{Env: with("AZURE_AUTHORITY_HOST", "https://127.0.0.1:8443")}},
		{"a cloud unknown by name", config.Input{Env: with("ANDON_CLOUD", "mars")}},
		{"two factories by flag", config.Input{Env: with("ANDON_FACTORIES", "a/b/c"), Flags: map[string][]string{"factory": {"s/g/one", "s/g/two"}}}},
		{"factories by environment", config.Input{Env: with("ANDON_FACTORIES", "a/b/c, a/b/d")}},
		{"a factory that is none", config.Input{Env: with(), Flags: map[string][]string{"factory": {"sales"}}}},
		{"listening to the network", config.Input{Env: with(), Flags: map[string][]string{"listen": {"0.0.0.0:8080"}}}},
		{"a listen address without port", config.Input{Env: with("ANDON_LISTEN", "localhost")}},
		{"a port that is none", config.Input{Env: with("ANDON_LISTEN", "localhost:99999")}},
		{"poll not a duration", config.Input{Env: with(), Flags: map[string][]string{"poll": {"30"}}}},
		{"budget off", config.Input{Env: with("ANDON_BUDGET", "off")}},
		{"budget of nothing", config.Input{Env: with("ANDON_BUDGET", "0")}},
		{"a host with a port", config.Input{Env: with(), Flags: map[string][]string{"allow-host": {"board.example.com:443"}}}},
		{"hosts and origins", config.Input{Env: with("ANDON_ALLOW_HOSTS", "Board.example.com b"), Flags: map[string][]string{"embed-origin": {"https://Portal.example.com/"}}}},
		{"an origin that lets everyone in", config.Input{Env: with(), Flags: map[string][]string{"embed-origin": {"https://*.example.com"}}}},
		{"a missing file", config.Input{File: "testdata/none.yml", Env: env()}},
	} {
		c, err := config.Load(tc.in)
		fmt.Fprintf(&b, "== %s\n%s", tc.name, outcome(t, c, err))
	}
	if strings.Contains(b.String(), "CANARY") {
		t.Error("a secret is shown")
	}
	golden.Assert(t, b.String(), "environment.golden")
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	s := config.NewSecret("CANARY")
	if s.Reveal() != "CANARY" {
		t.Fatal("the secret itself is lost")
	}
	j, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	y, err := yaml.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "s", s)
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s", s, s, s, s), string(j), string(y), log.String()} {
		if strings.Contains(shown, "CANARY") || !strings.Contains(shown, "secret>") && !strings.Contains(shown, `\u003csecret`) {
			t.Errorf("printed as %s", shown)
		}
	}
}

func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	path := filepath.Join(f.TempDir(), "fuzz.yml")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Input{File: path, Env: env()})
		if err == nil && len(c.Sources) == 0 {
			t.Errorf("accepted without an identity to ask with: %q", b)
		}
	})
}
