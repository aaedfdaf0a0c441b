package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/golden"
)

// TestRefusalsSayWhatWhereAndWhatNext pins the exit code and the whole text
// of everything that a person can type or prepare wrongly.
func TestRefusalsSayWhatWhereAndWhatNext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }() // only held
	noStore := "sqlite:" + filepath.Join(dir, "none", "andon.db")
	notStore := "sqlite:" + write("letter.db", strings.Repeat("Dear reader, this is a letter and no database. ", 100))
	badConfig := write("andon.yaml", "lisen: 127.0.0.1:8080\n")
	identity := []string{"AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_CLIENT_SECRET=CANARY"}

	const guid = "7a5fbb64-491d-4d83-b33a-98907e07f3cf"
	var got strings.Builder
	for _, tc := range []struct {
		name string
		env  []string
		args []string
		code int
	}{
		{"unknown command", nil, []string{"server"}, 2},
		{"unknown flag", nil, []string{"serve", "--pol", "1s"}, 2},
		{"argument where none is taken", nil, []string{"serve", "now"}, 2},
		{"no identity", nil, []string{"serve"}, 2},
		{"listening to the network", identity, []string{"serve", "--listen", "0.0.0.0:8080"}, 2},
		{"configuration with an unknown key", nil, []string{"serve", "--config", badConfig}, 2},
		{"port in use", identity, []string{"serve", "--listen", taken.Addr().String(), "--store", "sqlite:" + filepath.Join(dir, "a.db")}, 1},
		{"store in a folder that is not there", nil, []string{"serve", "--no-collect", "--listen", "127.0.0.1:0", "--store", noStore}, 1},
		{"store that is no database", nil, []string{"serve", "--no-collect", "--listen", "127.0.0.1:0", "--store", notStore}, 1},
		{"unknown log level", nil, []string{"serve", "--no-collect", "--log-level", "loud"}, 2},
		{"demo with a size that is none", nil, []string{"demo", "--size", "many"}, 2},
		{"demo on the network", nil, []string{"demo", "--listen", "0.0.0.0:0"}, 2},
		{"emulate with an unknown scenario", nil, []string{"emulate", "--scenario", "war"}, 2},
		{"emulate with unknown limits", nil, []string{"emulate", "--limits", "few"}, 2},
		{"emulate for the network", nil, []string{"emulate", "--listen", "0.0.0.0:8443"}, 2},
		{"doctor for a factory that is none", identity, []string{"doctor", "--factory", "sales"}, 2},
		{"doctor without time", identity, []string{"doctor", "--timeout", "0s"}, 2},
		{"setup without a scope", nil, []string{"setup"}, 2},
		{"setup for a scope that is none", nil, []string{"setup", "--scope", "sales"}, 2},
		{"setup in an unknown format", nil, []string{"setup", "--scope", guid, "--format", "pulumi"}, 2},
		{"setup of a managed identity with a secret", nil, []string{"setup", "--scope", guid, "--identity", "managed", "--credential", "secret"}, 2},
		{"setup of a federated identity without a subject", nil, []string{"setup", "--scope", guid, "--identity", "federated", "--issuer", "https://issuer.example.com"}, 2},
		{"setup as a check of a format", identity, []string{"setup", "--scope", guid, "--check", "--format", "az"}, 2},
		{"setup with JSON and without a check", nil, []string{"setup", "--scope", guid, "--json"}, 2},
		{"import without files", nil, []string{"import", "--factory", "s/g/f"}, 2},
		{"import for a factory that is none", nil, []string{"import", "--factory", "sales", "--store", "sqlite:" + filepath.Join(dir, "new.db"), badConfig}, 2},
		{"collect without a range", identity, []string{"collect"}, 2},
		{"collect of a range that is none", identity, []string{"collect", "--from", "yesterday"}, 2},
		{"collect to a time that is none", identity, []string{"collect", "--from", "48h", "--to", "soon"}, 2},
		{"collect backwards", identity, []string{"collect", "--from", "2026-11-03", "--to", "2026-11-01"}, 2},
		{"collect without an identity", nil, []string{"collect", "--from", "2026-11-01", "--to", "2026-11-03"}, 2},
		{"collect by a server into a store", nil, []string{"collect", "--from", "48h", "--server", "http://127.0.0.1:1", "--store", "sqlite:x"}, 2},
		{"collect by a server that is none", nil, []string{"collect", "--from", "48h", "--server", "there"}, 2},
		{"collect by a server that does not answer", nil, []string{"collect", "--from", "48h", "--server", "http://127.0.0.1:1"}, 1},
		{"runs without a server", nil, []string{"runs", "--server", "http://127.0.0.1:1"}, 1},
		{"runs with server and store", nil, []string{"runs", "--server", "http://127.0.0.1:1", "--store", "sqlite:x"}, 2},
		{"runs with an unknown output", nil, []string{"runs", "-o", "xml"}, 2},
		{"runs with a time that is none", nil, []string{"runs", "--from", "yesterday"}, 2},
		{"runs from a store that is not there", nil, []string{"runs", "--store", noStore}, 1},
		{"run without an id", nil, []string{"run"}, 2},
	} {
		stdout, stderr, code := runCommand(t, tc.env, tc.args...)
		if code != tc.code {
			t.Errorf("%s: exit code %d, want %d; it said %s", tc.name, code, tc.code, stderr)
		}
		if stdout != "" {
			t.Errorf("%s: standard output is not empty: %s", tc.name, stdout)
		}
		fmt.Fprintf(&got, "== %s (exit %d)\n%s", tc.name, code, stderr)
	}
	text := strings.ReplaceAll(got.String(), dir, "DIR")
	text = strings.ReplaceAll(text, taken.Addr().String(), "127.0.0.1:TAKEN")
	for _, never := range []string{"CANARY", "goroutine", ".go:", "panic"} {
		if strings.Contains(text, never) {
			t.Errorf("a refusal shows %q", never)
		}
	}
	golden.Assert(t, text, "refusals.golden")
}

func TestHelpTexts(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, command := range append([]string{""}, commandNames()...) {
		args := append(strings.Fields(command), "--help")
		stdout, stderr, code := runCommand(t, nil, args...)
		if code != 0 || stderr != "" {
			t.Errorf("andon %s --help: exit code %d, said %s", command, code, stderr)
		}
		fmt.Fprintf(&got, "== andon %s\n%s", command, stdout)
	}
	golden.Assert(t, got.String(), "help.golden")
}

func TestVersionIsStamped(t *testing.T) {
	t.Parallel()
	stdout, _, code := runCommand(t, nil, "version")
	if code != 0 || !regexp.MustCompile(`^andon v0\.0\.0-test \(commit 0123abc, go1\.\S+ \w+/\w+\)\n$`).MatchString(stdout) {
		t.Errorf("exit code %d, said %q", code, stdout)
	}
}

func TestTwoServersOnOneStoreAreRefused(t *testing.T) {
	t.Parallel()
	store := "sqlite:" + filepath.Join(t.TempDir(), "andon.db")
	first := start(t, nil, "serve", "--no-collect", "--listen", "127.0.0.1:0", "--store", store)
	first.says(`serving on`)
	_, stderr, code := runCommand(t, nil, "serve", "--no-collect", "--listen", "127.0.0.1:0", "--store", store)
	if code != 1 || !strings.Contains(stderr, "andon.db") {
		t.Errorf("exit code %d, said %s", code, stderr)
	}
	if code := first.end(syscall.SIGTERM); code != 0 {
		t.Errorf("the first server ended with %d: %s", code, first.output())
	}
	second := start(t, nil, "serve", "--no-collect", "--listen", "127.0.0.1:0", "--store", store)
	second.says(`serving on`)
}

func TestDemoLightsUpAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, []string{"TMPDIR=" + dir}, "demo", "--listen", "127.0.0.1:0", "--size", "2000")
	base := p.says(`serving on (http://\S+)`)[1]
	var answer struct{ Items []row }
	eventually(t, 30e9, func() string {
		get(t, base+"api/v1/runs", &answer)
		if len(answer.Items) == 0 {
			return "no runs yet"
		}
		return ""
	})
	if code := p.end(syscall.SIGINT); code != 0 {
		t.Errorf("exit code %d, said:\n%s", code, p.output())
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
