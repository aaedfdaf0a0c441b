package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/golden"
)

// TestTroubleWithAzureIsSaid pins what the board says, whole, when Azure
// can't be read: what is wrong, where and what to do, and never the secret.
func TestTroubleWithAzureIsSaid(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, "--size", "300", "--limits", "off")
	find := func(what string) (id, secret string) {
		for _, i := range e.Identities {
			if strings.Contains(i.What, what) {
				return i.ClientID, i.ClientSecret
			}
		}
		t.Fatalf("no identity %q among %v", what, e.Identities)
		return "", ""
	}
	expiredID, expiredSecret := find("expired")
	blindID, blindSecret := find("query")
	missing := strings.TrimSuffix(e.Factories[0], e.Factories[0][strings.LastIndex(e.Factories[0], "/"):]) + "/none"

	var got strings.Builder
	for _, tc := range []struct {
		name string
		env  []string // after the emulator's own, so it wins
		args []string
	}{
		{"a wrong secret", []string{"AZURE_CLIENT_SECRET=CANARY"}, nil},
		{"an expired secret", []string{"AZURE_CLIENT_ID=" + expiredID, "AZURE_CLIENT_SECRET=" + expiredSecret}, nil},
		{"an unknown client", []string{"AZURE_CLIENT_ID=00000000-0000-0000-0000-000000000001"}, nil},
		{"an unknown tenant", []string{"AZURE_TENANT_ID=00000000-0000-0000-0000-000000000002"}, nil},
		{"no right to query", []string{"AZURE_CLIENT_ID=" + blindID, "AZURE_CLIENT_SECRET=" + blindSecret}, []string{"--factory", e.Factories[0]}},
		{"a factory that does not exist", nil, []string{"--factory", missing}},
		{"an address where nobody answers", []string{"ANDON_RESOURCE_MANAGER=https://127.0.0.1:1"}, nil},
		{"an authority that is not trusted", []string{"ANDON_CA_FILE="}, nil},
	} {
		args := append([]string{"serve", "--listen", "127.0.0.1:0", "--store", "sqlite:" + filepath.Join(t.TempDir(), "a.db"), "--poll", "1s", "--budget", "off"}, tc.args...)
		p := start(t, append(e.env(), tc.env...), args...)
		base := p.says(`serving on (http://\S+)`)[1]
		// Source and factory speak for themselves: all is said once nothing new
		// came for longer than a poll.
		var said string
		var since time.Time
		eventually(t, time.Minute, func() string {
			if now := troubleSaid(t, base); now != said {
				said, since = now, time.Now()
			}
			if said == "" || time.Since(since) < 1500*time.Millisecond {
				return "not all is said of " + tc.name
			}
			return ""
		})
		if code := p.end(syscall.SIGTERM); code != 0 {
			t.Errorf("%s: exit code %d", tc.name, code)
		}
		for _, secret := range []string{"CANARY", e.ClientSecret, expiredSecret, blindSecret} {
			if strings.Contains(said, secret) || strings.Contains(p.output(), secret) {
				t.Errorf("%s: a secret is shown", tc.name)
			}
		}
		fmt.Fprintf(&got, "== %s\n%s", tc.name, said)
	}
	text := regexp.MustCompile(`127\.0\.0\.1:\d{2,}`).ReplaceAllString(got.String(), "127.0.0.1:PORT")
	golden.Assert(t, text, "trouble.golden")
}

// troubleSaid returns what /factories says of sources and factories in
// trouble, "" while there is none.
func troubleSaid(t *testing.T, base string) string {
	t.Helper()
	var answer struct {
		Sources []struct{ State, What, Advice, Command string }
		Items   []struct {
			Name, State string
			LastError   *struct{ Kind, What, Where, Advice, Command string }
		}
	}
	get(t, base+"api/v1/factories", &answer)
	var b strings.Builder
	for _, s := range answer.Sources {
		if s.State == "error" {
			fmt.Fprintf(&b, "source: %s\n  %s\n  $ %s\n", s.What, s.Advice, s.Command)
		}
	}
	for _, f := range answer.Items {
		if f.LastError != nil {
			text, err := json.Marshal(f.LastError)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "factory %s, %s: %s\n", f.Name, f.State, text)
		}
	}
	return b.String()
}
