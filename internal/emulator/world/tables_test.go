package world

import (
	"regexp"
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

func TestTablesNameOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	w, err := New(Config{Size: 1, Speed: 1, Start: time.Date(2026, 11, 24, 11, 30, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	known := func(name string) bool {
		return slices.ContainsFunc(w.causes, func(c cause) bool { return c.name == name })
	}
	for _, in := range incidents() {
		if in.cause != "" && !known(in.cause) {
			t.Errorf("incident %q: no cause %q", in.name, in.cause)
		}
		for _, f := range in.factories {
			if !slices.ContainsFunc(w.factories, func(g *Factory) bool { return g.Name == f }) {
				t.Errorf("incident %q: no factory %q", in.name, f)
			}
		}
		for _, p := range in.pipelines {
			if !slices.ContainsFunc(w.pipelines, func(q *Pipeline) bool { return q.Name == p }) {
				t.Errorf("incident %q: no pipeline %q", in.name, p)
			}
		}
	}
	for _, part := range theCast() {
		p := w.pipelineNamed(part.factory, part.pipeline)
		if p == nil || p.startsOthers() {
			t.Errorf("the cast: no simple pipeline %s in %s", part.pipeline, part.factory)
			continue
		}
		if part.outcome == failed && (!known(part.cause) || !slices.Contains(w.causes[w.causeNamed(part.cause)].kinds, p.stepAt(w.placeOf(p, w.causeNamed(part.cause))).kind)) {
			t.Errorf("the cast: %s cannot fail by %q", part.pipeline, part.cause)
		}
	}
}

func TestPipelinesAreComplete(t *testing.T) {
	t.Parallel()
	w, err := New(Config{Size: 1, Speed: 1, Start: time.Date(2026, 11, 24, 11, 30, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	started := map[*Pipeline]bool{}
	for _, p := range w.pipelines {
		for i := range p.steps {
			if p.steps[i].child != nil {
				started[p.steps[i].child] = true
			}
		}
	}
	for _, p := range w.pipelines {
		if p.Annotations == nil || p.usual <= 0 || len(p.steps) == 0 || len(p.starts) == 0 && !started[p] {
			t.Errorf("pipeline %s/%s: %+v", p.factory.Name, p.Name, p)
		}
		for _, place := range p.positions() {
			if len(w.causesOf(p.stepAt(place).kind)) == 0 {
				t.Errorf("pipeline %s: nothing can go wrong with step %s", p.Name, p.stepAt(place).name)
			}
		}
	}
}

func TestEveryWordOfTheFailuresIsKnown(t *testing.T) {
	t.Parallel()
	w, err := New(Config{Size: 1, Speed: 1, Start: time.Date(2026, 11, 24, 11, 30, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	r := w.numbered[0]
	hole := regexp.MustCompile(`%\{(\w+)\}`)
	for _, c := range w.causes {
		for _, found := range hole.FindAllStringSubmatch(c.text+c.detail, -1) {
			words := &words{run: r, step: &r.pipeline.steps[0], rng: dice(1)}
			_, placed := words.place(found[1])
			if !placed && words.word(found[1]) == "" {
				t.Errorf("cause %s: no word %s", c.name, found[0])
			}
		}
	}
}

func TestScrambleIsUndone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed, n := rapid.Uint64().Draw(t, "seed"), rapid.Uint32().Draw(t, "number")
		if got, ok := numberOf(seed, runID(seed, n)); !ok || got != n {
			t.Fatalf("number %d came back as %d, %v", n, got, ok)
		}
	})
}

func TestStockholmAgreesWithTheZoneDatabase(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		when := time.Unix(rapid.Int64Range(1_577_836_800, 1_893_456_000).Draw(t, "unix"), 0)
		_, want := when.In(zone).Zone()
		if got := stockholmOffset(at(when)); got != time.Duration(want)*time.Second {
			t.Fatalf("%v: offset %v, want %ds", when.UTC(), got, want)
		}
		d := dayOf(at(when))
		if got := d.clock(timeOfDay(at(when))).time(); !got.Equal(when) && got.Sub(when).Abs() != time.Hour {
			t.Fatalf("%v came back as %v", when.UTC(), got)
		}
	})
}
