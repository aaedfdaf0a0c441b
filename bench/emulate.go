package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"andon/internal/emulator"
)

// What the emulator has to reach with a million runs.
const (
	emulatorRate   = 50_000 // runs a second, client and server sharing two cores
	emulatorStart  = 10 * time.Second
	emulatorMemory = 1000 // MB
)

const (
	readers = 4 // connections that read at the same time
	// stretch is how much of the history one chain of pages reads: many chains
	// keep every reader busy to the end.
	stretch = 12 * time.Hour
	// emulatedHistory is more than the emulated company has.
	emulatedHistory = 46 * 24 * time.Hour
	// emulatorLimit bounds a start and a round.
	emulatorLimit = 5 * time.Minute
)

// emulate measures the emulator as a process of its own: how long it takes to
// start, how much memory it has then, and how fast a client that does next to
// nothing with them gets its pages over TLS.
func (b *bench) emulate(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(b.rounds+1)*emulatorLimit)
	defer cancel()
	b.say("emulator: building andon, and starting it with %s runs", whole(float64(b.size)))
	dir, err := os.MkdirTemp("", "andon-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary, err := builtAndon(ctx, dir)
	if err != nil {
		return err
	}
	p, err := b.startEmulator(ctx, binary, "--limits", "off", "--size", strconv.Itoa(b.size))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	return b.measureEmulator(ctx, p)
}

func (b *bench) measureEmulator(ctx context.Context, p *emulatorProcess) error {
	size := whole(float64(b.size))
	t := table{title: fmt.Sprintf("Emulator with %s runs of %d factories, --limits off", size, len(p.info.Factories)), columns: []string{"", "measured", "needed", "ratio"}}
	row := func(name, got, bound string, ratio float64) { t.add(name, got, bound, times(ratio)) }
	seconds := p.started.Seconds()
	row("start, s", fmt.Sprintf("%.1f", seconds), "< 10", seconds/emulatorStart.Seconds())
	b.expect("emulator: start with "+size+" runs", "< 10 s", fmt.Sprintf("%.1f s", seconds), p.started < emulatorStart)
	after, hasMemory := p.memory()
	if hasMemory {
		row("memory after the start, MB", whole(after), "< 1,000", after/emulatorMemory)
	}
	rates := map[string][]float64{}
	for round := range b.rounds {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
			b.say("emulator: round %d of %d, %s", round+1, b.rounds, protocol)
			rate, err := readAll(ctx, p.info, b.size, protocol == "HTTP/2", b.now)
			if err != nil {
				return err
			}
			rates[protocol] = append(rates[protocol], rate)
		}
	}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
		rate := median(rates[protocol])
		name := fmt.Sprintf("%s, %d connections, runs/s", protocol, readers)
		row(name, whole(rate), "≥ 50,000", rate/emulatorRate)
		b.expect("emulator: "+protocol, "≥ 50,000/s", whole(rate)+"/s", rate >= emulatorRate)
	}
	const memory = "emulator: memory after reading"
	if most, ok := p.memory(); ok {
		row("memory after reading, MB", whole(most), "< 1,000", most/emulatorMemory)
		b.expect(memory, "< 1,000 MB", whole(most)+" MB", most < emulatorMemory)
	} else {
		b.notMeasured(memory, "< 1,000 MB", "only Linux tells")
	}
	t.note("Start: from the command to the line that says that every listener accepts. Memory: the process's peak so far.")
	t.note("Rates: medians of %d rounds; %.0f hours of history in a chain of pages, %d chains at a time, over TLS; the client reads", b.rounds, stretch.Hours(), readers)
	t.note("the bytes and looks for the token alone. Client and emulator share the machine's cores.")
	return b.print(&t)
}

// emulatorProcess is a running andon emulate.
type emulatorProcess struct {
	cmd     *exec.Cmd
	info    emulator.Info
	started time.Duration // that the start took
	errs    *bytes.Buffer
}

func (b *bench) startEmulator(ctx context.Context, binary string, args ...string) (*emulatorProcess, error) {
	p := &emulatorProcess{errs: &bytes.Buffer{}}
	args = append([]string{"emulate", "--json", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0"}, args...)
	p.cmd = exec.CommandContext(ctx, binary, args...) //nolint:gosec // the program that was just built
	p.cmd.Stderr = p.errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := b.now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	p.started = b.now().Sub(begin)
	if err == nil {
		err = json.Unmarshal(line, &p.info)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("how to reach the emulator: %w: %s", err, p.errs), p.stop())
	}
	return p, nil
}

// memory is the most that the process has had so far, in MB; false where the
// system does not tell.
func (p *emulatorProcess) memory() (float64, bool) {
	return peakMemory(p.cmd.Process)
}

func (p *emulatorProcess) stop() error {
	if err := endProcess(p.cmd); err != nil {
		return fmt.Errorf("the emulator: %w: %s", err, p.errs)
	}
	return nil
}

// readAll reads every run of every factory and returns runs a second.
func readAll(ctx context.Context, info emulator.Info, size int, isHTTP2 bool, now func() time.Time) (float64, error) {
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(info.CAFile)
	if err != nil {
		return 0, err
	}
	pool.AppendCertsFromPEM(pem)
	var clients []*pageReader
	for range readers {
		clients = append(clients, newPageReader(info, pool, isHTTP2))
	}
	defer func() {
		for _, c := range clients {
			c.client.CloseIdleConnections()
		}
	}()
	token, err := clients[0].token(ctx)
	if err != nil {
		return 0, err
	}
	start := now()
	tasks := make(chan chain, 1)
	var rows atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(tasks)
		return sendChains(ctx, tasks, info, start)
	})
	for _, c := range clients {
		c.bearer = "Bearer " + token
		group.Go(func() error {
			for task := range tasks {
				n, err := c.read(ctx, task)
				if err != nil {
					return err
				}
				rows.Add(int64(n))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	spent := now().Sub(start)
	if n := rows.Load(); n < int64(size) {
		return 0, fmt.Errorf("the emulator answered with %d runs of %d", n, size)
	}
	return float64(rows.Load()) / spent.Seconds(), nil
}

// chain is a query whose pages are read one after the other.
type chain struct {
	path string
	body string // without the end of the JSON object
}

func sendChains(ctx context.Context, tasks chan<- chain, info emulator.Info, now time.Time) error {
	for from := now.Add(-emulatedHistory); !from.After(now); from = from.Add(stretch) { // the last is what happens meanwhile
		for _, factory := range info.Factories {
			// Both bounds are inclusive: a stretch ends a tick before the next.
			task := chain{
				path: info.ResourceManager + factory + "/queryPipelineRuns?api-version=2018-06-01",
				body: fmt.Sprintf(`{"lastUpdatedAfter":%q,"lastUpdatedBefore":%q`,
					from.UTC().Format(time.RFC3339Nano), from.Add(stretch-100).UTC().Format(time.RFC3339Nano)),
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case tasks <- task:
			}
		}
	}
	return nil
}

// pageReader reads pages over a connection of its own.
type pageReader struct {
	info   emulator.Info
	client *http.Client
	bearer string
	page   bytes.Buffer
	sent   int64 // requests
}

func newPageReader(info emulator.Info, pool *x509.CertPool, isHTTP2 bool) *pageReader {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!isHTTP2)
	protocols.SetHTTP2(isHTTP2)
	return &pageReader{info: info, client: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, Protocols: protocols, DisableCompression: true,
	}}}
}

func (r *pageReader) token(ctx context.Context) (string, error) {
	form := url.Values{
		"client_id": {r.info.ClientID}, "client_secret": {r.info.ClientSecret}, "grant_type": {"client_credentials"}, "scope": {"https://management.azure.com/.default"},
	}
	if err := r.post(ctx, r.info.Authority+"/"+r.info.TenantID+"/oauth2/v2.0/token", "application/x-www-form-urlencoded", form.Encode()); err != nil {
		return "", err
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	err := json.Unmarshal(r.page.Bytes(), &answer)
	return answer.Token, err
}

// read reads a chain to its end and returns how many runs it had.
func (r *pageReader) read(ctx context.Context, c chain) (int, error) {
	const pageEnd = 400 // bytes in which the token lies
	key := []byte(`,"continuationToken":`)
	rows := 0
	body := c.body + "}"
	for {
		if err := r.post(ctx, c.path, "application/json", body); err != nil {
			return 0, err
		}
		page := r.page.Bytes()
		tail := page[max(0, len(page)-pageEnd):]
		i := bytes.LastIndex(tail, key)
		if i < 0 {
			return rows + bytes.Count(page, []byte(`"debugRunId":`)), nil
		}
		rows += pageRows
		body = c.body + string(tail[i:])
	}
}

func (r *pageReader) post(ctx context.Context, address, kind, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", r.bearer)
	r.sent++
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	r.page.Reset()
	if res.ContentLength > 0 {
		r.page.Grow(int(res.ContentLength))
	}
	_, err = io.Copy(&r.page, res.Body)
	err = errors.Join(err, res.Body.Close())
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", res.Status, r.page.Bytes())
	}
	return err
}
