package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := measure(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.As(err, new(usageError)):
		os.Exit(2) // the flag package has said it
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// usageError is a command line that can't be used.
type usageError struct{ error }

// settings are what the command line says.
type settings struct {
	size    int           // runs in the store that is queried, and of the emulator; collecting and storing take a tenth
	rounds  int           // of each measurement that is compared with another
	samples int           // requests for each query
	spell   time.Duration // how long decoding is measured in each round
	dir     string        // where the store that is queried is kept
	peer    string        // the folder of the JavaScript client; "" leaves it out
	steady  time.Duration // how long what goes on without end is watched
	before  string        // an earlier program that streams and large are compared with; "" for none
	only    []string      // names of parts; none means all that don't stand apart
}

// bench is one run of this command.
type bench struct {
	settings

	out      io.Writer // the tables
	progress io.Writer
	now      func() time.Time
	targets  []target
}

// part is something that is measured by itself.
type part struct {
	name    string
	measure func(*bench, context.Context) error
	apart   bool // takes so long that it is measured only when it is named
}

func parts() []part {
	return []part{
		{name: "decode", measure: (*bench).decode},
		{name: "collect", measure: (*bench).collect},
		{name: "write", measure: (*bench).write},
		{name: "queries", measure: (*bench).queries},
		{name: "emulator", measure: (*bench).emulate},
		{name: "economy", measure: (*bench).economy, apart: true},
		{name: "children", measure: (*bench).children, apart: true},
		{name: "fleet", measure: (*bench).fleet, apart: true},
		{name: "tenth", measure: (*bench).tenth, apart: true},
		{name: "streams", measure: (*bench).streams, apart: true},
		{name: "large", measure: (*bench).large, apart: true},
	}
}

// measure measures what args ask for. Missing a target is no error.
func measure(ctx context.Context, args []string, out, progress io.Writer) error {
	s, err := parseArgs(args, progress)
	if err != nil {
		return usageError{err}
	}
	b := &bench{settings: s, out: out, progress: progress, now: time.Now}
	if _, err := fmt.Fprintln(out, b.machine()); err != nil {
		return err
	}
	for _, p := range parts() {
		if !slices.Contains(s.only, p.name) && (p.apart || len(s.only) > 0) {
			continue
		}
		if err := p.measure(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return b.printTargets()
}

func parseArgs(args []string, output io.Writer) (settings, error) {
	var s settings
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(output)
	f.IntVar(&s.size, "size", 1_000_000, "runs in the store that is queried, and of the emulator; collecting and storing take a tenth of them")
	f.IntVar(&s.rounds, "rounds", 3, "how often things that are compared take turns")
	f.IntVar(&s.samples, "samples", 200, "requests for each query")
	f.DurationVar(&s.spell, "spell", 2*time.Second, "how long decoding is measured in each round")
	f.StringVar(&s.dir, "dir", "build", "folder that keeps the store that is queried, for the next time")
	f.StringVar(&s.peer, "peer", filepath.Join("bench", "peer"), "folder of the JavaScript client, installed with npm ci; empty leaves it out")
	f.DurationVar(&s.steady, "steady", time.Hour, "how long economy and tenth watch what goes on without end")
	f.StringVar(&s.before, "before", "", "an earlier andon that streams and large are compared with")
	only := f.String("only", "", "parts to measure, such as decode,queries; empty measures all but economy, children, fleet and tenth, which take an hour and more, and streams and large")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if *only != "" {
		s.only = strings.Split(*only, ",")
	}
	err := s.check(f.Args())
	if err != nil {
		_, _ = fmt.Fprintln(output, err) // the exit code tells too
	}
	return s, err
}

func (s *settings) check(rest []string) error {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	for _, name := range s.only {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no part %q; the parts are %s", name, strings.Join(names, ", "))
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected %q: everything is given by flags", rest[0])
	case s.size < 1000 || s.rounds < 1 || s.samples < 1 || s.spell <= 0 || s.steady <= 0:
		return errors.New("-size has to be 1000 or more, -rounds and -samples 1 or more, -spell and -steady above 0")
	}
	return nil
}

// say tells on the progress writer what takes its time now.
func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, format+"\n", args...) // nobody has to watch
}
