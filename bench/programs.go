package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"andon/internal/emulator"
)

// builtAndon builds the program into a folder, and returns its path.
func builtAndon(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "andon")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "andon/cmd/andon") //nolint:gosec // a folder of its own
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return binary, nil
}

// peakMemory is the most memory that a process has had so far, in MB; false
// where the system does not say.
func peakMemory(process *os.Process) (float64, bool) { return memoryOf(process, "VmHWM") }

// memoryOf returns a figure of a process's memory in MB; false where the
// system does not say.
func memoryOf(process *os.Process, key string) (float64, bool) {
	kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(procLine(fmt.Sprintf("/proc/%d/status", process.Pid), key), " kB"), 64)
	return kilobytes * 1024 / 1e6, err == nil
}

// endProcess interrupts a process and waits for it.
func endProcess(cmd *exec.Cmd) error {
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return cmd.Wait()
}

// serverProcess is a running andon serve.
type serverProcess struct {
	*board

	cmd  *exec.Cmd
	said *lines
}

// startServer starts a server on an emulated Azure. Its store lies in dir.
// settings is the text of its file of settings, "" for none.
func (b *bench) startServer(ctx context.Context, binary string, info *emulator.Info, dir, settings string, args ...string) (*serverProcess, error) {
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--store", "sqlite:" + filepath.Join(dir, "andon.db")}, args...)
	if settings != "" {
		file := filepath.Join(dir, "andon.yaml")
		if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--config", file)
	}
	p := &serverProcess{said: newLines(), cmd: exec.CommandContext(ctx, binary, args...)} //nolint:gosec // the program that was just built
	p.cmd.Env = append(os.Environ(),
		"AZURE_TENANT_ID="+info.TenantID, "AZURE_CLIENT_ID="+info.ClientID, "AZURE_CLIENT_SECRET="+info.ClientSecret,
		"AZURE_AUTHORITY_HOST="+info.Authority, "ANDON_RESOURCE_MANAGER="+info.ResourceManager,
		"ANDON_AUDIENCE=https://management.azure.com", "ANDON_CA_FILE="+info.CAFile,
	)
	return p, b.serveOn(ctx, p)
}

// serveOn starts a server's command, and waits until it serves.
func (b *bench) serveOn(ctx context.Context, p *serverProcess) error {
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.cmd.Stderr = p.cmd.Stdout
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go p.said.read(bufio.NewScanner(out))
	address, err := p.said.wait(ctx, "andon is serving on ")
	if err != nil {
		return errors.Join(err, p.stop())
	}
	p.board = &board{address: strings.TrimSuffix(address, "/"), client: &http.Client{Timeout: time.Minute}, now: b.now}
	return nil
}

func (p *serverProcess) stop() error {
	if p.board != nil {
		p.client.CloseIdleConnections()
	}
	if err := endProcess(p.cmd); err != nil {
		return fmt.Errorf("the server: %w: %s", err, p.said)
	}
	return nil
}

// standing is how the collection of the factories stands.
type standing struct {
	filled   int                // factories whose history is complete
	pending  int                // runs whose activities are still to be read
	runs     int64              // stored
	stalest  float64            // seconds since the last completed window of the factory that is worst off
	lags     map[string]float64 // those of all factories that were read at all, by their ids
	unread   int                // factories of which nothing is known yet
	troubles []string
}

// stands asks how the factories are.
func (p *serverProcess) stands(ctx context.Context) (standing, error) {
	body, _, err := p.get(ctx, "/api/v1/factories")
	if err != nil {
		return standing{}, err
	}
	var page struct {
		Items []struct {
			FactoryID  string
			Name       string
			State      string
			Runs       int64
			LagSeconds *float64
			Coverage   struct {
				Complete          bool
				ActivitiesPending int
			}
			LastError *struct{ What string }
		}
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return standing{}, fmt.Errorf("the list of factories: %w", err)
	}
	s := standing{lags: map[string]float64{}}
	for _, f := range page.Items {
		if f.Coverage.Complete && f.State == "fresh" {
			s.filled++
		}
		s.runs += f.Runs
		s.pending += f.Coverage.ActivitiesPending
		if f.LagSeconds == nil {
			s.unread++
		} else {
			s.lags[f.FactoryID] = *f.LagSeconds
			s.stalest = max(s.stalest, *f.LagSeconds)
		}
		if f.LastError != nil {
			s.troubles = append(s.troubles, f.Name+": "+f.LastError.What)
		}
	}
	return s, nil
}

// purposeUse is what requests for one purpose used.
type purposeUse struct {
	Purpose                      string
	Requests, Records, Throttled int64
}

// used returns what the server says it asked for, by purpose. It is told every
// 30 seconds.
func (p *serverProcess) used(ctx context.Context) (map[string]purposeUse, error) {
	body, _, err := p.get(ctx, "/api/v1/collection")
	if err != nil {
		return nil, err
	}
	var list struct{ Usage struct{ By []purposeUse } }
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("what was used: %w", err)
	}
	out := map[string]purposeUse{}
	for _, u := range list.Usage.By {
		out[u.Purpose] = u
	}
	return out, nil
}

// ledger is what an emulated Azure was asked.
type ledger struct {
	Total, Records   int64
	ByCall, ByCaller map[string]int64
	RecordsByCall    map[string]int64
	Throttled        int64
}

// asked returns what an emulated Azure was asked since the last reset.
func asked(ctx context.Context, info *emulator.Info) (ledger, error) {
	var l ledger
	return l, control(ctx, info, http.MethodGet, "/truth/requests", &l)
}

func resetAsked(ctx context.Context, info *emulator.Info) error {
	return control(ctx, info, http.MethodDelete, "/truth/requests", nil)
}

// startedRuns returns how many runs there ever were.
func startedRuns(ctx context.Context, info *emulator.Info) (n int64, err error) {
	var truth struct{ Items []struct{ Runs int64 } }
	err = control(ctx, info, http.MethodGet, "/truth/factories", &truth)
	for _, f := range truth.Items {
		n += f.Runs
	}
	return n, err
}

func control(ctx context.Context, info *emulator.Info, method, path string, into any) (err error) {
	req, err := http.NewRequestWithContext(ctx, method, info.Control+path, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// lines keeps the last of what a program says.
type lines struct {
	mu    sync.Mutex
	kept  []string
	more  chan struct{}
	ended bool
}

const keptLines = 200

func newLines() *lines { return &lines{more: make(chan struct{}, 1)} }

func (l *lines) read(s *bufio.Scanner) {
	for s.Scan() {
		l.add(s.Text(), false)
	}
	l.add("", true)
}

func (l *lines) add(line string, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended = ended; !ended {
		l.kept = append(l.kept[max(0, len(l.kept)-keptLines+1):], line)
	}
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// wait returns what follows a text, once a line begins with it.
func (l *lines) wait(ctx context.Context, start string) (string, error) {
	for {
		l.mu.Lock()
		ended := l.ended
		for _, line := range l.kept {
			if rest, ok := strings.CutPrefix(line, start); ok {
				l.mu.Unlock()
				return rest, nil
			}
		}
		l.mu.Unlock()
		if ended {
			return "", fmt.Errorf("the server ended: %s", l)
		}
		select {
		case <-l.more:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// String is what was kept.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var text bytes.Buffer
	for _, line := range l.kept {
		text.WriteString(line + "\n")
	}
	return text.String()
}
