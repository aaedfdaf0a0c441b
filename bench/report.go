package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// target is a figure that Andon has to reach.
type target struct {
	name   string // what is measured, in words
	bound  string
	got    string
	met    bool
	absent string // why it was not measured; "" when it was
}

func (b *bench) expect(name, bound, got string, met bool) {
	b.targets = append(b.targets, target{name: name, bound: bound, got: got, met: met})
}

func (b *bench) notMeasured(name, bound, why string) {
	b.targets = append(b.targets, target{name: name, bound: bound, absent: why})
}

// printTargets ends the report: a line for each target.
func (b *bench) printTargets() error {
	t := table{title: "Targets", columns: []string{"", "needed", "measured", ""}}
	for _, one := range b.targets {
		switch {
		case one.absent != "":
			t.add(one.name, one.bound, "-", "not measured: "+one.absent)
		case one.met:
			t.add(one.name, one.bound, one.got, "met")
		default:
			t.add(one.name, one.bound, one.got, "NOT MET")
		}
	}
	return b.print(&t)
}

// table is a plain one: its first column and its last are words, the others
// are figures.
type table struct {
	title   string
	columns []string
	rows    [][]string
	notes   []string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

func (b *bench) print(t *table) error {
	widths := make([]int, len(t.columns))
	for _, row := range slices.Concat([][]string{t.columns}, t.rows) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s\n", t.title)
	for _, row := range slices.Concat([][]string{t.columns}, t.rows) {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 || i == len(t.columns)-1 && i > 2 {
				line.WriteString("  " + cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	for _, n := range t.notes {
		text.WriteString("  " + n + "\n")
	}
	_, err := io.WriteString(b.out, text.String())
	return err
}

// machine says where and when this run takes place.
func (b *bench) machine() string {
	parts := []string{
		b.now().UTC().Format("2006-01-02 15:04 MST"), runtime.Version(),
		runtime.GOOS + "/" + runtime.GOARCH, fmt.Sprintf("%d CPUs", runtime.NumCPU()),
	}
	if model := procLine("/proc/cpuinfo", "model name"); model != "" {
		parts = append(parts, model)
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		parts = append(parts, "load "+strings.Fields(string(load))[0])
	}
	return strings.Join(parts, ", ")
}

// procLine returns the first value of a key in a file of Linux's /proc, ""
// elsewhere.
func procLine(path, key string) string {
	text, err := os.ReadFile(path) //nolint:gosec // a constant path
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// median returns the middle of some figures.
func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// ratios divides pair by pair: what was measured next to each other.
func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

// percentile returns the least time that the given share of times is within.
// times has to be sorted.
func percentile(times []time.Duration, share float64) time.Duration {
	i := int(share*float64(len(times))+0.999999) - 1
	return times[min(max(i, 0), len(times)-1)]
}

// whole writes a figure with separators: 12,345.
func whole(f float64) string {
	digits := fmt.Sprintf("%.0f", f)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func times(f float64) string { return fmt.Sprintf("%.2f×", f) }

func millis(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1000) }
