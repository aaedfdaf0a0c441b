package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/store"
)

// TestASpanIsCoveredOnlyWhereItWasRead walks what windows leave of a span: a
// missing end counts unless it is short, a missing begin always.
// TestAllCoverASpanOrNotAll: what was only imported covers nothing for certain,
// what was never here is not asked for.
func TestAllCoverASpanOrNotAll(t *testing.T) {
	t.Parallel()
	window := []store.Window{{From: hour(0), To: hour(1)}}
	read := store.Basis{Factory: store.Factory{Source: "contoso", State: store.StateFresh}, Windows: window}
	imported := store.Basis{Factory: store.Factory{State: store.StateNotCollected}}
	absent := store.Basis{Factory: store.Factory{Source: "contoso", State: store.StateGone}}
	for _, c := range []struct {
		name    string
		list    []store.Basis
		covers  []store.Covered
		covered store.Covered
	}{
		{"none", nil, nil, store.CoveredNo},
		{"all", []store.Basis{read, read}, []store.Covered{store.CoveredYes, store.CoveredYes}, store.CoveredYes},
		{"one in part", []store.Basis{read, read}, []store.Covered{store.CoveredYes, store.CoveredPartly}, store.CoveredPartly},
		{"one of two", []store.Basis{read, read}, []store.Covered{store.CoveredNo, store.CoveredYes}, store.CoveredPartly},
		{"an import beside", []store.Basis{read, imported}, []store.Covered{store.CoveredYes, store.CoveredNo}, store.CoveredPartly},
		{"imports alone", []store.Basis{imported}, []store.Covered{store.CoveredNo}, store.CoveredNo},
		{"one that was never here beside", []store.Basis{read, absent}, []store.Covered{store.CoveredYes, store.CoveredNo}, store.CoveredYes},
	} {
		var all store.Covering
		for i := range c.list {
			all.Add(&c.list[i], c.covers[i])
		}
		if got := all.Covered(); got != c.covered {
			t.Errorf("%s: %s, not %s", c.name, got, c.covered)
		}
	}
}

func TestASpanIsCoveredOnlyWhereItWasRead(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) adf.Time { return adf.TimeOf(noon.Add(time.Duration(minutes) * time.Minute)) }
	window := func(from, to int) store.Window { return store.Window{From: at(from), To: at(to)} }
	for name, c := range map[string]struct {
		windows []store.Window
		state   store.State
		goneAt  adf.Time
		wanted  adf.Time
		span    store.Window
		covered store.Covered
		missing []store.Window
	}{
		"read whole":            {windows: []store.Window{window(-60, 60)}, span: window(0, 30), covered: store.CoveredYes},
		"never read":            {span: window(0, 30), covered: store.CoveredNo, missing: []store.Window{window(0, 30)}},
		"an end of 5 m":         {windows: []store.Window{window(0, 25)}, span: window(0, 30), covered: store.CoveredYes},
		"an end of 6 m":         {windows: []store.Window{window(0, 24)}, span: window(0, 30), covered: store.CoveredPartly, missing: []store.Window{window(24, 30)}},
		"a begin of 1 m":        {windows: []store.Window{window(1, 30)}, span: window(0, 30), covered: store.CoveredPartly, missing: []store.Window{window(0, 1)}},
		"a gap":                 {windows: []store.Window{window(0, 10), window(12, 30)}, span: window(0, 30), covered: store.CoveredPartly, missing: []store.Window{window(10, 12)}},
		"read before only":      {windows: []store.Window{window(-60, 0)}, span: window(1, 3), covered: store.CoveredNo, missing: []store.Window{window(1, 3)}},
		"read later only":       {windows: []store.Window{window(60, 90)}, span: window(0, 30), covered: store.CoveredNo, missing: []store.Window{window(0, 30)}},
		"it ends in a gap":      {windows: []store.Window{window(0, 26), window(40, 50)}, span: window(0, 30), covered: store.CoveredPartly, missing: []store.Window{window(26, 30)}},
		"gone from Azure":       {windows: []store.Window{window(-60, 10)}, state: store.StateGone, span: window(0, 30), covered: store.CoveredYes},
		"gone in time":          {windows: []store.Window{window(-60, 10)}, state: store.StateGone, goneAt: at(14), span: window(0, 30), covered: store.CoveredYes},
		"gone unseen":           {windows: []store.Window{window(-60, 10)}, state: store.StateGone, goneAt: at(20), span: window(0, 30), covered: store.CoveredPartly, missing: []store.Window{window(10, 20)}},
		"gone later":            {windows: []store.Window{window(-60, 10)}, state: store.StateGone, goneAt: at(40), span: window(0, 30), covered: store.CoveredPartly, missing: []store.Window{window(10, 30)}},
		"gone, never read":      {state: store.StateGone, span: window(0, 30), covered: store.CoveredNo, missing: []store.Window{window(0, 30)}},
		"all that is wanted":    {windows: []store.Window{window(0, 30)}, wanted: at(0), span: store.Window{To: at(30)}, covered: store.CoveredYes},
		"more is wanted":        {windows: []store.Window{window(0, 30)}, wanted: at(-60), span: store.Window{To: at(30)}, covered: store.CoveredPartly, missing: []store.Window{window(-60, 0)}},
		"more than is wanted":   {windows: []store.Window{window(0, 10), window(12, 30)}, wanted: at(20), span: store.Window{To: at(30)}, covered: store.CoveredPartly, missing: []store.Window{window(10, 12)}},
		"nothing is wanted yet": {windows: []store.Window{window(0, 30)}, span: store.Window{To: at(30)}, covered: store.CoveredYes},
	} {
		b := store.Basis{Factory: store.Factory{State: c.state, GoneAt: c.goneAt, Coverage: store.Coverage{WantedFrom: c.wanted}}, Windows: c.windows}
		covered, missing := b.Over(c.span, store.CoverageSlack)
		if diff := cmp.Diff(c.missing, missing); covered != c.covered || diff != "" {
			t.Errorf("%s: covered %s, not %s; missing (-want +got):\n%s", name, covered, c.covered, diff)
		}
	}
}
