package store_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"andon/internal/adf"
	"andon/internal/store"
)

// followed writes random pages, and reads again only the runs that changes name:
// this shows what a list of all runs shows.
func (x suite) followed(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		p, err := s.PutFactory(ctxOf(t), adf.Factory{ID: adf.FactoryID(fmt.Sprintf("%sfollowed-%d", testFactory, round))}, "test")
		if err != nil {
			t.Fatal(err)
		}
		sub := s.Subscribe(0)
		defer sub.Close()
		shown := map[store.RunKey]string{}
		m := &model{runs: map[string]modelRun{}, windows: map[string]string{}}
		for n := rapid.IntRange(2, 8).Draw(t, "pages"); n > 0; n-- {
			page := store.Page{Factory: p.Key, Origin: store.OriginAzure}
			for _, r := range rapid.SliceOfN(rapid.Custom(drawRow), 1, 6).Draw(t, "runs") {
				page.Runs = append(page.Runs, r.PipelineRun)
			}
			if _, err := s.WriteRuns(ctxOf(t), page); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "with trigger runs") {
				writeWindows(t, s, m, p)
			}
			follow(t, s, p, sub, shown)
		}
		compareFollowed(t, s, p, shown)
	})
}

func compareFollowed(t *rapid.T, s *store.Store, p store.Place, shown map[store.RunKey]string) {
	page, err := s.Runs(ctxOf(t), store.RunQuery{RunFilter: store.RunFilter{Factories: []string{p.Short}}, Limit: store.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range page.Runs {
		want = append(want, viewOf(page.Runs[i]))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Values(shown))); diff != "" {
		t.Fatalf("(-list +changes):\n%s", strings.TrimSpace(diff))
	}
}

// follow reads again the runs that changes name up to now.
func follow(t *rapid.T, s *store.Store, p store.Place, sub *store.Subscription, shown map[store.RunKey]string) {
	// The change of this window is the last one.
	w := store.Window{From: hour(0), To: hour(1)}
	if _, err := s.WriteRuns(ctxOf(t), store.Page{Factory: p.Key, Completes: &w, AsOf: hour(1)}); err != nil {
		t.Fatal(err)
	}
	for c := range sub.C() {
		if c.Kind == store.ChangeGap {
			t.Fatal("changes were lost")
		}
		if c.Kind == store.ChangeFreshness {
			break
		}
		runs, err := s.RunsByKey(ctxOf(t), c.Runs)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			shown[r.Key] = viewOf(r)
		}
	}
}
