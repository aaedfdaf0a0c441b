package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the built program that the tests of this package run.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "andon-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // only a temporary folder
	binary = filepath.Join(dir, "andon")
	build := exec.Command("go", "build", "-o", binary, "-ldflags", "-X main.version=v0.0.0-test -X main.commit=0123abc", ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// program is one running andon command.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	ended  chan struct{}
	mu     sync.Mutex
	out    bytes.Buffer // standard output and standard error
	change chan struct{}
}

// cleanEnv is an environment without any setting of Andon or Azure.
func cleanEnv(extra ...string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}
	return append(env, extra...)
}

func start(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	return startCommand(t, env, append([]string{binary}, args...)...)
}

// startCommand starts andon by a command that becomes it in the end.
func startCommand(t *testing.T, env []string, command ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(command[0], command[1:]...), ended: make(chan struct{}), change: make(chan struct{}, 1)}
	p.cmd.Env = cleanEnv(env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is read from ProcessState
		close(p.ended)
	}()
	t.Cleanup(func() { p.signal(syscall.SIGKILL); <-p.ended })
	return p
}

func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.Write(b)
	select {
	case p.change <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (p *program) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// signal sends s; a program that has ended already is left alone.
func (p *program) signal(s syscall.Signal) {
	select {
	case <-p.ended:
	default:
		_ = p.cmd.Process.Signal(s) // it may have ended meanwhile
	}
}

// end asks the program to end and returns its exit code.
func (p *program) end(s syscall.Signal) int {
	p.t.Helper()
	p.signal(s)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("it did not end within 30 s of %s; it said:\n%s", s, p.output())
	}
	return p.cmd.ProcessState.ExitCode()
}

// says waits until the program's output matches and returns the groups.
func (p *program) says(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.After(60 * time.Second)
	for {
		if m := re.FindStringSubmatch(p.output()); m != nil {
			return m
		}
		select {
		case <-p.change:
		case <-p.ended:
			if m := re.FindStringSubmatch(p.output()); m != nil {
				return m
			}
			p.t.Fatalf("it ended without saying %s; it said:\n%s", pattern, p.output())
		case <-deadline:
			p.t.Fatalf("it did not say %s within a minute; it said:\n%s", pattern, p.output())
		}
	}
}

// emulated is the line that andon emulate --json prints.
type emulated struct {
	TenantID, ClientID, ClientSecret string
	Authority, ResourceManager       string
	Proxy, Control, CAFile           string
	Factories                        []string
	Identities                       []struct{ TenantID, ClientID, ClientSecret, What string }
}

func startEmulator(t *testing.T, args ...string) emulated {
	t.Helper()
	args = append([]string{
		"emulate", "--json", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0",
		"--control-listen", "127.0.0.1:0", "--ca-out", filepath.Join(t.TempDir(), "ca.pem"),
	}, args...)
	p := start(t, nil, args...)
	var e emulated
	if err := json.Unmarshal([]byte(p.says(`(?m)^\{.*\}$`)[0]), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// env is what a person exports for the custom endpoints of the emulator.
func (e emulated) env() []string {
	return []string{
		"AZURE_TENANT_ID=" + e.TenantID, "AZURE_CLIENT_ID=" + e.ClientID, "AZURE_CLIENT_SECRET=" + e.ClientSecret,
		"AZURE_AUTHORITY_HOST=" + e.Authority, "ANDON_RESOURCE_MANAGER=" + e.ResourceManager,
		"ANDON_AUDIENCE=https://management.azure.com", "ANDON_CA_FILE=" + e.CAFile,
	}
}

// proxyEnv is what a person exports to reach the emulator under Azure's own
// host names.
func (e emulated) proxyEnv() []string {
	return []string{
		"AZURE_TENANT_ID=" + e.TenantID, "AZURE_CLIENT_ID=" + e.ClientID, "AZURE_CLIENT_SECRET=" + e.ClientSecret,
		"HTTPS_PROXY=" + e.Proxy, "SSL_CERT_FILE=" + e.CAFile,
	}
}

// get asks url for JSON and decodes it into out.
func get(t *testing.T, url string, out any) {
	t.Helper()
	if err := tryGet(url, out); err != nil {
		t.Fatal(err)
	}
}

func tryGet(url string, out any) error {
	body, err := fetch(url)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return d.Decode(out)
}

// fetch returns the body of a 200.
func fetch(url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", url, resp.Status, body)
	}
	return body, nil
}

// eventually tries until ok returns "" and fails with its last word.
func eventually(t *testing.T, within time.Duration, ok func() string) {
	t.Helper()
	deadline := time.Now().Add(within)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		why := ok()
		if why == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, why)
		}
		<-tick.C
	}
}

// runCommand runs a command to its end and returns output and exit code.
func runCommand(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = cleanEnv(env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
