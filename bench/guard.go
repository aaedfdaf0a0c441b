package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

// The parts streams and large play callers that ask for too much: streams that
// resume far back, and large queries beside small ones. They do so on loopback,
// with programs of their own, and for seconds.

const (
	guardRuns     = 400_000
	guardFailed   = 4 // every fourth run
	guardWords    = 60
	guardSpell    = 20 * time.Second // of large queries
	guardPause    = 50 * time.Millisecond
	guardPatience = 30 * time.Second
	streamsBehind = 9_000
)

// guardPrograms are the programs that are compared, by what they are called.
func (b *bench) guardPrograms(ctx context.Context, dir string) (names []string, binaries map[string]string, err error) {
	built, err := builtAndon(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	if b.before == "" {
		return []string{"now"}, map[string]string{"now": built}, nil
	}
	return []string{"before", "now"}, map[string]string{"before": b.before, "now": built}, nil
}

func (b *bench) streams(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "andon-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	names, binaries, err := b.guardPrograms(ctx, dir)
	if err != nil {
		return err
	}
	t := &table{title: "Streams that resume 9,000 changes back", columns: []string{"", "memory before, MB", "memory with them, MB", "peak, MB", "opened", "refused", "closed unanswered"}}
	for _, name := range names {
		for _, n := range []int{500, 2000} {
			if err := b.measureStreams(ctx, t, name, binaries[name], n); err != nil {
				return fmt.Errorf("%s: %d streams: %w", name, n, err)
			}
		}
	}
	return b.print(t)
}

func (b *bench) large(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "andon-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	names, binaries, err := b.guardPrograms(ctx, dir)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "andon.db")
	b.say("large: building a store of %s runs", whole(guardRuns))
	if err := fillGuard(ctx, path); err != nil {
		return err
	}
	for _, name := range names {
		t := &table{
			title:   fmt.Sprintf("Large queries beside small ones over %s runs: %s", whole(guardRuns), name),
			columns: []string{"large ones at once", "overview p95, ms", "runs?limit=10 p95, ms", "readyz p95, ms", "slowest small, ms", "large answered", "refused", "failed"},
		}
		for _, n := range []int{0, 18, 50} {
			if err := b.measureHeavy(ctx, t, name, binaries[name], path, n); err != nil {
				return fmt.Errorf("%s: %d large queries: %w", name, n, err)
			}
		}
		t.note("Each small query every 50 ms for %s; in brackets how many were answered. Failed: no answer in %s.", guardSpell, guardPatience)
		if err := b.print(t); err != nil {
			return err
		}
	}
	return nil
}

// measureStreams opens streams that don't read, and looks at the server's
// memory with all of them.
func (b *bench) measureStreams(ctx context.Context, t *table, name, binary string, n int) (err error) {
	dir, err := os.MkdirTemp("", "andon-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	e, err := b.startEmulator(ctx, binary, "--size", "60000", "--limits", "off")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	s, err := b.startServer(ctx, binary, &e.info, dir, "", "--budget", "off", "--poll", "2s")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	b.say("streams: %s: waiting for %s changes", name, whole(streamsBehind))
	var id string
	err = b.until(ctx, 10*time.Minute, "there are too few changes", func() (bool, error) {
		boot, position, err := newestEvent(ctx, s.address)
		if position > streamsBehind {
			id = fmt.Sprintf("%s-%d", boot, position-streamsBehind)
		}
		return id != "", err
	})
	if err != nil {
		return err
	}
	before := memoryNow(s.cmd.Process)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	streamsCtx, end := context.WithCancel(ctx)
	defer end()
	var opened, refused, closed int
	for range n {
		resp, err := openStream(streamsCtx, transport, s.address, id)
		if err != nil {
			closed++ // without an answer
			continue
		}
		if resp.StatusCode != http.StatusOK {
			refused++
			if err := resp.Body.Close(); err != nil {
				return err
			}
			continue
		}
		defer resp.Body.Close() //nolint:errcheck // only read from
		opened++
	}
	with := memoryNow(s.cmd.Process)
	peak, _ := peakMemory(s.cmd.Process)
	t.add(fmt.Sprintf("%s: %s streams", name, whole(float64(n))), fmt.Sprintf("%.0f", before), fmt.Sprintf("%.0f", with), fmt.Sprintf("%.0f", peak), strconv.Itoa(opened), strconv.Itoa(refused), strconv.Itoa(closed))
	b.say("streams: %s: %d streams: %.0f MB before, %.0f MB with them, %.0f MB at most, %d opened, %d refused, %d closed", name, n, before, with, peak, opened, refused, closed)
	return nil
}

func openStream(ctx context.Context, transport *http.Transport, address, id string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/api/v1/events", http.NoBody)
	if err != nil {
		return nil, err
	}
	if id != "" {
		req.Header.Set("Last-Event-ID", id)
	}
	return (&http.Client{Transport: transport}).Do(req)
}

// newestEvent returns where the live stream is now: the process and the number
// of the newest change.
func newestEvent(ctx context.Context, address string) (boot string, position uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, guardPatience)
	defer cancel()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := openStream(ctx, transport, address, "")
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read from
	for in := bufio.NewScanner(resp.Body); in.Scan(); {
		if id, ok := strings.CutPrefix(in.Text(), "id: "); ok {
			boot, number, _ := strings.Cut(id, "-")
			position, err := strconv.ParseUint(number, 10, 64)
			return boot, position, err
		}
	}
	return "", 0, errors.New("the stream ended without a position")
}

// memoryNow is the memory that a process has now, in MB; NaN where the system
// does not say.
func memoryNow(process *os.Process) float64 {
	kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(procLine(fmt.Sprintf("/proc/%d/status", process.Pid), "VmRSS"), " kB"), 64)
	if err != nil {
		return math.NaN()
	}
	return kilobytes * 1024 / 1e6
}

// fillGuard writes imported runs of one factory over 45 days.
func fillGuard(ctx context.Context, path string) (err error) {
	s, err := store.Open(ctx, "sqlite:"+path, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	place, err := s.PutFactory(ctx, adf.Factory{ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/guard", Name: "guard"}, "")
	if err != nil {
		return err
	}
	end := adf.TimeOf(time.Now())
	words := strings.Fields("operation on target copy rows failed because host of sink did not answer within time that was set login for user timed out")
	for n := 0; n < guardRuns; {
		page := store.Page{Factory: place.Key, Origin: store.OriginFile}
		for ; len(page.Runs) < 1000; n++ {
			row, err := json.Marshal(guardRow(n, end, words))
			if err != nil {
				return err
			}
			run, err := adf.DecodePipelineRun(row)
			if err != nil {
				return err
			}
			page.Runs = append(page.Runs, run)
		}
		if _, err := s.WriteRuns(ctx, page); err != nil {
			return err
		}
	}
	return s.Derive(ctx) // or the first server would do so beside the queries
}

func guardRow(n int, end adf.Time, words []string) map[string]any {
	const span = 45 * 24 * time.Hour
	length := time.Duration(n*7919%3_600_000) * time.Millisecond
	start := end.Add(-span + time.Duration(n)*(span/guardRuns))
	row := map[string]any{
		"runId": fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n)*2654435761, n), "pipelineName": fmt.Sprintf("pl_%03d", n%200), //nolint:gosec // n is small
		"status": "Succeeded", "message": "", "runStart": start, "runEnd": start.Add(length), "durationInMs": length.Milliseconds(), "lastUpdated": start.Add(length),
		"annotations": []string{"nightly"}, "parameters": map[string]any{"n": n},
		"invokedBy": map[string]any{"id": "t", "name": fmt.Sprintf("tr_%02d", n%20), "invokedByType": "ScheduleTrigger"},
	}
	if (n+n/200)%guardFailed == 0 { // of each pipeline some, which its next run recovers
		message := []string{"Operation on target failed"}
		for w := range guardWords - 4 {
			message = append(message, words[(n/guardFailed+w*w)%len(words)])
		}
		row["status"], row["message"] = "Failed", strings.Join(message, " ")
	}
	return row
}

// measureHeavy asks for large things all the time, and for small ones beside
// them.
func (b *bench) measureHeavy(ctx context.Context, t *table, name, binary, path string, n int) (err error) {
	b.say("large: %s: %d large queries at once", name, n)
	cmd := exec.CommandContext(ctx, binary, "serve", "--no-collect", "--listen", "127.0.0.1:0", "--log-level", "error", "--store", "sqlite:"+path) //nolint:gosec // the program that is measured
	out, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	cmd.Stdout = cmd.Stderr
	said := newLines()
	if err := cmd.Start(); err != nil {
		return err
	}
	go said.read(bufio.NewScanner(out))
	defer func() { err = errors.Join(err, endProcess(cmd)) }()
	address, err := said.wait(ctx, "andon is serving on ")
	if err != nil {
		return err
	}
	address = strings.TrimSuffix(address, "/")
	spellCtx, end := context.WithTimeout(ctx, guardSpell)
	defer end()
	var all sync.WaitGroup
	large := &guardClient{}
	for i := range n {
		all.Go(func() { large.keepAsking(spellCtx, b.now, address, largeQuery(i), 0) })
	}
	small := make([]*guardClient, len(smallQueries()))
	for i, path := range smallQueries() {
		small[i] = &guardClient{}
		all.Go(func() { small[i].keepAsking(spellCtx, b.now, address, path, guardPause) })
	}
	all.Wait()
	cells := []string{strconv.Itoa(n)}
	var slowest time.Duration
	for _, s := range small {
		cells = append(cells, s.p95())
		slowest = max(slowest, s.longest())
	}
	cells = append(cells, millis(slowest), strconv.Itoa(large.status[http.StatusOK]), strconv.Itoa(large.status[http.StatusServiceUnavailable]), strconv.Itoa(large.status[0]))
	t.add(cells...)
	b.say("large: %s: %s", name, strings.Join(cells, ", "))
	return nil
}

func smallQueries() []string {
	day := time.Now().UTC().Add(-24 * time.Hour).Format(time.RFC3339)
	return []string{"/api/v1/overview?from=" + url.QueryEscape(day), "/api/v1/runs?limit=10", "/readyz"}
}

// largeQuery returns one of two queries that read 100,000 messages.
func largeQuery(i int) string {
	if i%2 == 0 {
		return "/api/v1/runs?" + url.Values{"q": {strings.Repeat("operation on target failed ", 7)}, "sort": {"-durationInMs"}, "status": {"Failed"}}.Encode()
	}
	return "/api/v1/runs/facets?" + url.Values{
		"q": {"operation"}, "status": {"Failed", "Succeeded"}, "factory": {"guard"}, "invokedBy": {"ScheduleTrigger"},
		"trigger": {"tr_01", "tr_02", "tr_03"}, "annotation": {"nightly"}, "pipeline": {"pl_001", "pl_021", "pl_041"},
	}.Encode()
}

// guardClient sends requests of one kind, and keeps what came of them.
type guardClient struct {
	mu     sync.Mutex
	took   []time.Duration
	status map[int]int // 0: no answer
}

// keepAsking asks one thing after the other until ctx ends, and waits for the
// last answer.
func (a *guardClient) keepAsking(ctx context.Context, now func() time.Time, address, path string, pause time.Duration) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: guardPatience}
	for ctx.Err() == nil {
		start := now()
		status, retry := 0, pause
		req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, address+path, http.NoBody)
		if err != nil {
			return
		}
		if resp, err := client.Do(req); err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err == nil {
				status = resp.StatusCode
			}
			if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
				retry = time.Duration(seconds) * time.Second
			}
		}
		a.add(status, now().Sub(start))
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

func (a *guardClient) add(status int, took time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.status == nil {
		a.status = map[int]int{}
	}
	a.status[status]++
	a.took = append(a.took, took)
}

func (a *guardClient) longest() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Max(append([]time.Duration{0}, a.took...))
}

func (a *guardClient) p95() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	slices.SortFunc(a.took, cmp.Compare[time.Duration])
	if len(a.took) == 0 {
		return strconv.FormatFloat(math.NaN(), 'f', 0, 64)
	}
	return millis(percentile(a.took, 0.95)) + fmt.Sprintf(" (%d)", len(a.took))
}
