package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"andon/internal/adf"
)

const (
	childPipelines = 20 // that all runs belong to
	starters       = 50 // triggers, or parent pipelines
	childrenBound  = 1.2
	starts         = 5               // of each server
	settle         = 3 * time.Second // from the first page until the memory at rest is read
	memoryEvery    = 20 * time.Millisecond
)

// children measures that a run which another run started costs what any other
// run costs: b.size runs of named triggers beside b.size children, each of which
// Azure gives an invoker with a GUID of its own. Both are imported and served by
// the program itself.
func (b *bench) children(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "andon-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b.say("children: building andon")
	binary, err := builtAndon(ctx, dir)
	if err != nil {
		return err
	}
	rounds := make([][2]started, b.rounds)
	for round := range rounds {
		if err := b.compareStarted(ctx, binary, filepath.Join(dir, strconv.Itoa(round)), &rounds[round]); err != nil {
			return err
		}
	}
	return b.print(b.childrenTable(rounds))
}

// compareStarted measures both kinds of start next to each other.
func (b *bench) compareStarted(ctx context.Context, binary, dir string, both *[2]started) (err error) {
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for i, kind := range []string{"ScheduleTrigger", adf.InvokedByPipeline} {
		b.say("children: importing %s runs by %s", whole(float64(b.size)), kind)
		both[i] = started{kind: kind, dir: filepath.Join(dir, kind)}
		if err := b.importStarted(ctx, binary, &both[i]); err != nil {
			return fmt.Errorf("runs by %s: %w", kind, err)
		}
	}
	b.say("children: asking")
	for range starts {
		for i := range both {
			if err := b.measureStart(ctx, binary, &both[i]); err != nil {
				return fmt.Errorf("runs by %s: %w", both[i].kind, err)
			}
		}
	}
	for i := range both {
		p, serveErr := b.serveStarted(ctx, binary, &both[i])
		if serveErr != nil {
			return serveErr
		}
		defer func() { err = errors.Join(err, p.stop()) }()
	}
	return b.askBoth(ctx, both)
}

// started is what a store of runs of one kind of start cost. Memory is in MB.
type started struct {
	kind, dir          string
	imported           time.Duration
	importMemory, size float64
	firstPages         []time.Duration
	restMemory         []float64
	answers            [3][]time.Duration // to the questions of askBoth
	peakMemory         float64            // after all answers
	server             *serverProcess
}

func (b *bench) childrenTable(rounds [][2]started) *table {
	t := &table{
		title:   fmt.Sprintf("%s children with GUID invokers beside %s runs of named triggers", whole(float64(b.size)), whole(float64(b.size))),
		columns: []string{"", "named triggers", "children", "ratio"},
	}
	figure := func(name string, of func(*started) float64) {
		var named, kids []float64
		for i := range rounds {
			named, kids = append(named, of(&rounds[i][0])), append(kids, of(&rounds[i][1]))
		}
		if median(named) == 0 {
			b.notMeasured("children: "+name, fmt.Sprintf("≤ %.1f×", childrenBound), "the system does not say")
			return
		}
		ratio := median(ratios(kids, named))
		t.add(name, fmt.Sprintf("%.1f", median(named)), fmt.Sprintf("%.1f", median(kids)), times(ratio))
		b.expect("children: "+name, fmt.Sprintf("≤ %.1f×", childrenBound), times(ratio), ratio <= childrenBound)
	}
	figure("import, s", func(s *started) float64 { return s.imported.Seconds() })
	figure("memory of the import, MB", func(s *started) float64 { return s.importMemory })
	figure("file, MB", func(s *started) float64 { return s.size })
	figure("start to first page, ms", func(s *started) float64 { return medianMillis(s.firstPages) })
	figure("memory at rest, MB", func(s *started) float64 { return median(s.restMemory) })
	figure("runs?invokedBy=TYPE, ms", func(s *started) float64 { return medianMillis(s.answers[0]) })
	figure("facets, 30 d, ms", func(s *started) float64 { return medianMillis(s.answers[1]) })
	figure("facets?invokedBy=TYPE, all, ms", func(s *started) float64 { return medianMillis(s.answers[2]) })
	figure("memory after the answers, MB", func(s *started) float64 { return s.peakMemory })
	t.note("TYPE: ScheduleTrigger and PipelineActivity. Medians of %d rounds of andon import and andon serve --no-collect, of %d starts", len(rounds), starts)
	t.note("and of %d answers to each question, both servers in turn. %d starters, %d pipelines, one run a minute.", b.samples, starters, childPipelines)
	return t
}

func medianMillis(times []time.Duration) float64 {
	figures := make([]float64, len(times))
	for i, t := range times {
		figures[i] = t.Seconds() * 1000
	}
	return median(figures)
}

// importStarted imports runs of one kind of start into a new store.
func (b *bench) importStarted(ctx context.Context, binary string, s *started) (err error) {
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return err
	}
	file := filepath.Join(s.dir, "runs.jsonl")
	h := newHistory(b.size)
	if err := h.writeStarted(file, s.kind); err != nil {
		return err
	}
	begun := b.now()
	load := exec.CommandContext(ctx, binary, "import", file, "--factory", string(h.factories[0].id), "--store", s.store()) //nolint:gosec // the program that was just built
	if s.importMemory, err = runWatched(load); err != nil {
		return err
	}
	s.imported = b.now().Sub(begun)
	bytes, err := fileSize(filepath.Join(s.dir, "andon.db"))
	s.size = float64(bytes) / 1e6
	return errors.Join(err, os.Remove(file))
}

func (s *started) store() string { return "sqlite:" + filepath.Join(s.dir, "andon.db") }

// serveStarted starts a server on a store, and returns it with its first page
// read.
func (b *bench) serveStarted(ctx context.Context, binary string, s *started) (*serverProcess, error) {
	s.server = &serverProcess{said: newLines(), cmd: exec.CommandContext(ctx, binary, "serve", "--no-collect", "--listen", "127.0.0.1:0", "--log-level", "warn", "--store", s.store())} //nolint:gosec // the program that was just built
	if err := b.serveOn(ctx, s.server); err != nil {
		return nil, err
	}
	if _, _, err := s.server.get(ctx, "/api/v1/runs?limit=100"); err != nil {
		return nil, errors.Join(err, s.server.stop())
	}
	return s.server, nil
}

// measureStart measures a start to the first page, and the memory a while
// later.
func (b *bench) measureStart(ctx context.Context, binary string, s *started) (err error) {
	begun := b.now()
	p, err := b.serveStarted(ctx, binary, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	s.firstPages = append(s.firstPages, b.now().Sub(begun))
	select { // what the start left behind is collected
	case <-time.After(settle):
	case <-ctx.Done():
		return ctx.Err()
	}
	mb, _ := memoryOf(p.cmd.Process, "VmRSS") // 0 where the system does not say
	s.restMemory = append(s.restMemory, mb)
	return nil
}

// askBoth asks both servers what the page Runs asks, in turn.
func (b *bench) askBoth(ctx context.Context, both *[2]started) error {
	from := url.QueryEscape(newHistory(b.size).end.Add(-30 * 24 * time.Hour).String())
	for sample := range warmUps + b.samples {
		for i := range both {
			s := &both[i]
			for q, path := range []string{"/api/v1/runs?invokedBy=" + s.kind, "/api/v1/runs/facets?from=" + from, "/api/v1/runs/facets?invokedBy=" + s.kind} {
				_, took, err := s.server.get(ctx, path)
				if err != nil {
					return err
				}
				if sample >= warmUps {
					s.answers[q] = append(s.answers[q], took)
				}
			}
		}
	}
	for i := range both {
		both[i].peakMemory, _ = peakMemory(both[i].server.cmd.Process)
	}
	return nil
}

// runWatched runs a command to its end, and returns the most memory that it
// was seen to have, in MB.
func runWatched(cmd *exec.Cmd) (peak float64, err error) {
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				err = fmt.Errorf("%s: %w: %s", cmd, err, said.String())
			}
			return peak, err
		case <-tick.C:
			if mb, ok := peakMemory(cmd.Process); ok {
				peak = max(peak, mb)
			}
		}
	}
}

// writeStarted writes h.size runs of the first factory as JSON lines, all
// started in one way. What invokes a child is a GUID that differs from run to
// run, as Azure sends it.
func (h *history) writeStarted(path, kind string) (err error) {
	f, err := os.Create(path) //nolint:gosec // a folder of its own
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<20)
	for n := range h.size {
		p := *h.pipelines[n%childPipelines]
		p.name, p.factory, p.annotations = fmt.Sprintf("pl_child_%02d", n%childPipelines), h.factories[0], "[]"
		h.now = h.end.Add(time.Duration(n-h.size) * time.Minute)
		r := run{pipeline: &p, id: h.guid(), start: h.now, ms: 50_000, status: adf.StatusSucceeded}
		r.group = r.id
		starter := n / childPipelines % starters
		if kind == adf.InvokedByPipeline {
			r.invokedBy = invokedByParent(h.guid(), fmt.Sprintf("pl_parent_%02d", starter), h.guid())
		} else {
			r.invokedBy = h.invokedByTrigger(fmt.Sprintf("tr_nightly_%02d", starter), kind)
		}
		if _, err := out.Write(append(r.final(), '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}
