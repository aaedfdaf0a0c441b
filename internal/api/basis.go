package api

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"andon/internal/adf"
	"andon/internal/store"
)

// Basis is what the figures of an answer rest on. It is computed here alone, and
// every headline, mark, zero and percentage follows it: a zero or a percentage
// of the range is true only where covered is yes, and "all clear" only where
// reason is null too. Example: 4 of 5 factories were never read, and none of the
// fifth failed: covered is partly, reason is "1 of 5 factories can be read", and
// the count of open problems is null, not 0.
type Basis struct {
	Covered    string         `json:"covered" enum:"yes,partly,no" doc:"How much of the range was read to its end: yes is all of it in every factory asked for. A zero or a percentage of the range is true only then."`
	Reason     *string        `json:"reason" doc:"What limits the answer most, as the beginning of a sentence: 1 of 5 factories can be read. Null when all that was asked for is covered and up to date."`
	From       NullTime       `json:"from" doc:"Since when all factories that were read are covered; null when none was."`
	To         NullTime       `json:"to" doc:"Until when all factories that were read are covered; null when none was."`
	NothingRan *bool          `json:"nothingRan" doc:"Whether no run started in the range; null where that is not known, and where the answer is not about the runs of a range."`
	Factories  BasisFactories `json:"factories" doc:"The factories asked for, by what is known of them."`
	DoneShare  *float64       `json:"doneShare" doc:"Share of the wanted history that is here, 0 to 1; null while what is wanted is not known."`
	Gaps       []BasisGap     `json:"gaps" nullable:"false" doc:"Stretches of the range that are not covered in at least one factory that was read, merged; the newest 20, oldest first."`
	Limits     []Limit        `json:"limits" nullable:"false" doc:"All that limits the answer, the most important first."`
	Causes     []BasisCause   `json:"causes" nullable:"false" doc:"What keeps factories from being read or up to date, grouped by cause."`
}

// BasisFactories counts the factories asked for. Those that Azure no longer
// lists are in gone alone; each other one is in asked and in one of the rest.
type BasisFactories struct {
	Asked     int `json:"asked" doc:"Factories asked for that Azure lists or that were imported."`
	UpToDate  int `json:"upToDate" doc:"Those that are polled in time and whose history is here."`
	Filling   int `json:"filling" doc:"Those whose history is still being read."`
	Stale     int `json:"stale" doc:"Those that were read, and are not up to date."`
	NeverRead int `json:"neverRead" doc:"Those of which nothing could be read so far."`
	Imported  int `json:"imported" doc:"Those of which only imported runs are here."`
	Off       int `json:"off" doc:"Those that this server does not collect."`
	Gone      int `json:"gone" doc:"Those that Azure no longer lists."`
}

// BasisGap is a stretch of the range that is not covered.
type BasisGap struct {
	From Time `json:"from" doc:"Where it begins."`
	To   Time `json:"to" doc:"Where it ends."`
}

// Limit is one thing that limits an answer.
type Limit struct {
	Kind      string         `json:"kind" enum:"noFactory,off,neverRead,imported,gone,stale,source,filling,future,beforeHistory,gap,recovery" doc:"What it is, one word."`
	Reason    string         `json:"reason" doc:"The same as the beginning of a sentence, without times."`
	Count     int            `json:"count" doc:"Factories concerned."`
	Factories []NamedFactory `json:"factories" nullable:"false" doc:"The first 50 of them."`
	Since     NullTime       `json:"since" doc:"For stale and off: nothing newer than this is known of one of them. For beforeHistory: where history begins. Null for the others."`
}

// NamedFactory is a factory and its name.
type NamedFactory struct {
	Factory string   `json:"factory" doc:"Short id of the factory."`
	Name    string   `json:"name" doc:"Name as Azure spells it."`
	AsOf    NullTime `json:"asOf" doc:"Everything last updated before it is here; null when nothing was ever read."`
}

// mostNamed is how many factories a limit or a cause names; mostBasisGaps how
// many gaps a basis has.
const (
	mostNamed     = 50
	mostBasisGaps = 20
)

// readState is how far a factory is read, and so what it can answer for.
type readState string

const (
	readUpToDate readState = "upToDate"
	readFilling  readState = "filling"
	readStale    readState = "stale"
	readNever    readState = "neverRead"
	readImported readState = "imported"
	readOff      readState = "off"
	readGone     readState = "gone"
)

func (a *board) readState(f *store.Basis) readState {
	state := a.stateOf(&f.Factory)
	switch {
	case f.OnlyImported():
		return readImported
	case state == store.StateGone:
		return readGone
	case a.collecting == nil:
		return readOff
	case a.neverRead(&f.Factory):
		return readNever
	case state == store.StateStale || state == store.StateRefused || state == store.StateNotCollected && !f.Coverage.From.IsZero():
		return readStale
	case state == store.StateFilling || state == store.StateNotCollected:
		return readFilling // it was just found
	default:
		return readUpToDate
	}
}

// neverRead reports whether nothing of a factory was ever read and something
// keeps Andon from reading it. One that was just found has no trouble yet.
func (a *board) neverRead(f *store.Factory) bool {
	if a.collecting == nil || !f.Coverage.From.IsZero() || f.State == store.StateGone {
		return false
	}
	return f.LastError != nil || f.State == store.StateRefused || f.State == store.StateStale
}

// basis returns what figures over from <= runStart < to rest on. A zero bound is
// open: from is then where the wanted history begins, and to is now.
func (a *board) basis(ctx context.Context, from, to adf.Time, shorts []string) (Basis, error) {
	list, err := a.store.Basis(ctx, shorts)
	if err != nil {
		return Basis{}, err
	}
	sources, err := a.sources(ctx)
	if err != nil {
		return Basis{}, err
	}
	if len(shorts) > 0 {
		sources = slices.DeleteFunc(sources, func(s Source) bool {
			return !slices.ContainsFunc(list, func(b store.Basis) bool { return b.Source == s.Source })
		})
	}
	w := &weighing{board: a, span: store.Window{From: from, To: to}, list: list, sources: sources, scoped: len(shorts) > 0}
	return w.basis(), nil
}

// coveredWhole says of each factory, by short id, whether the range is covered
// whole in it.
func (a *board) coveredWhole(ctx context.Context, from, to adf.Time) (map[string]bool, error) {
	each, err := a.basisOfEach(ctx, from, to)
	out := make(map[string]bool, len(each))
	for short := range each {
		out[short] = each[short].Covered == string(store.CoveredYes)
	}
	return out, err
}

// basisOfEach returns what figures of each factory alone rest on, by short id.
func (a *board) basisOfEach(ctx context.Context, from, to adf.Time) (map[string]*Basis, error) {
	list, err := a.store.Basis(ctx, nil)
	out := make(map[string]*Basis, len(list))
	for i := range list {
		one := weighing{board: a, span: store.Window{From: from, To: to}, list: list[i : i+1], scoped: true}
		basis := one.basis()
		out[list[i].Short] = &basis
	}
	return out, err
}

// basisOf is the basis of a list of runs that a filter finds. One that asks what
// became of failed runs lacks those whose recovery is being derived.
func (a *board) basisOf(ctx context.Context, f *store.RunFilter) (Basis, error) {
	out, err := a.basis(ctx, f.From, f.To, f.Factories)
	if err != nil || !f.ByRecovery() {
		return out, err
	}
	why, err := a.store.Underived(ctx, f)
	out.lacksRecoveries(why)
	return out, err
}

// lacksRecoveries limits an answer whose filter can't tell failed runs apart; why
// is a sentence, "" for none.
func (b *Basis) lacksRecoveries(why string) {
	if why == "" {
		return
	}
	b.Limits = append(b.Limits, Limit{Kind: "recovery", Reason: strings.TrimSuffix(why, "."), Factories: []NamedFactory{}})
	b.Reason = &b.Limits[0].Reason
}

// weighing is the making of one basis.
type weighing struct {
	board   *board
	span    store.Window
	list    []store.Basis
	sources []Source
	scoped  bool // only some factories were asked for

	by                   map[readState][]*store.Basis
	before, holed, after []*store.Basis // up to date, and the range begins before their history, has a gap, or begins after their last poll
	missing              []store.Window
	covering             store.Covering
	future               int // factories for which the range has not begun
	share                float64
	wanted               int
}

func (w *weighing) basis() Basis {
	w.by = map[readState][]*store.Basis{}
	out := Basis{}
	for i := range w.list {
		w.weigh(&w.list[i], &out)
	}
	out.Factories = BasisFactories{
		Asked: len(w.list) - w.n(readGone), UpToDate: w.n(readUpToDate), Filling: w.n(readFilling), Stale: w.n(readStale),
		NeverRead: w.n(readNever), Imported: w.n(readImported), Off: w.n(readOff), Gone: w.n(readGone),
	}
	out.Covered = string(w.covering.Covered())
	if w.wanted > 0 {
		mean := w.share / float64(w.wanted)
		out.DoneShare = &mean
	}
	out.Gaps = mergedGaps(w.missing)
	out.Causes = w.causes()
	out.Limits = w.limits()
	if len(out.Limits) > 0 {
		out.Reason = &out.Limits[0].Reason
	}
	return out
}

func (w *weighing) n(s readState) int { return len(w.by[s]) }

// weigh adds what one factory can answer for.
func (w *weighing) weigh(f *store.Basis, out *Basis) {
	s := w.board.readState(f)
	w.by[s] = append(w.by[s], f)
	if f.WasNeverHere() {
		return
	}
	if s == readImported {
		w.covering.Add(f, store.CoveredNo)
		return
	}
	if f.Coverage.DoneShare != nil {
		w.share += *f.Coverage.DoneShare
		w.wanted++
	}
	if !f.Coverage.From.IsZero() {
		out.From = max(out.From, NullTime(f.Coverage.From))
		if s != readGone && (out.To == 0 || NullTime(f.AsOf) < out.To) {
			out.To = NullTime(f.AsOf)
		}
	}
	span, tail := w.span, store.CoverageSlack
	if now := w.board.azureNow(&f.Factory); span.To.IsZero() || span.To > now {
		span.To = now
	}
	if span.From >= span.To {
		w.future++
		w.covering.Add(f, store.CoveredNo)
		return
	}
	if s == readUpToDate || s == readFilling && !f.AsOf.IsZero() {
		tail = math.MaxInt64 // its next poll is not late yet
	}
	covered, missing := f.Over(span, tail)
	w.covering.Add(f, covered)
	if s == readNever {
		return
	}
	w.missing = append(w.missing, missing...)
	for _, gap := range missing {
		switch {
		case s == readFilling:
		case gap.To <= f.Coverage.From:
			w.before = append(w.before, f)
		case gap.From < f.Coverage.To, s == readGone:
			w.holed = append(w.holed, f)
		default:
			w.after = append(w.after, f)
		}
	}
}

// limits lists what limits the answer. What is unknown of whole factories comes
// before what is old, and that before what is missing of the range.
func (w *weighing) limits() []Limit {
	out := []Limit{}
	add := func(kind, reason string, concerned []*store.Basis) *Limit {
		out = append(out, Limit{Kind: kind, Reason: reason, Count: len(concerned), Factories: named(concerned)})
		return &out[len(out)-1]
	}
	asked := len(w.list) - w.n(readGone)
	failing := w.failingSources()
	switch {
	case len(w.list) == 0:
		add("noFactory", w.whyNone(failing), nil)
		return out
	case asked == 0:
		add("gone", "Azure no longer lists "+theFactory(len(w.list)), w.by[readGone])
	}
	if off := w.by[readOff]; len(off) > 0 {
		add("off", "Collecting is off", off).Since = oldest(off)
	}
	if never := w.by[readNever]; len(never) > 0 {
		add("neverRead", ofFactories(asked-len(never)-w.n(readImported), asked, "can be read"), never)
	}
	if imported := w.by[readImported]; len(imported) == asked && asked > 0 {
		add("imported", "Only imported runs are here", imported)
	} else if len(imported) > 0 {
		add("imported", ofFactories(asked-len(imported), asked, "collected"), imported)
	}
	if stale := w.by[readStale]; len(stale) > 0 {
		add("stale", ofFactories(asked-len(stale)-w.n(readNever)-w.n(readImported), asked, "up to date"), stale).Since = oldest(stale)
	}
	if failing > 0 && !w.scoped {
		reason := "The list of factories cannot be read"
		if len(w.sources) > 1 {
			reason = fmt.Sprintf("%d of %d sources can be read", len(w.sources)-failing, len(w.sources))
		}
		add("source", reason, nil)
	}
	if filling := w.by[readFilling]; len(filling) > 0 {
		add("filling", "History is still being read", filling)
	}
	switch {
	case w.future > 0:
		add("future", "This time range has not begun", nil)
	case len(w.before) > 0 && w.covering.Covered() == store.CoveredNo:
		add("beforeHistory", "This time range is older than the history here", w.before).Since = begins(w.before)
	case len(w.before) > 0:
		add("beforeHistory", "Only part of this time range is covered", w.before).Since = begins(w.before)
	}
	if len(w.holed) > 0 {
		add("gap", "Part of this time range is missing", w.holed)
	}
	if len(out) == 0 && len(w.after) > 0 {
		reason := "Part of this time range has not been read yet"
		if w.covering.Covered() == store.CoveredNo {
			reason = "This time range has not been read yet"
		}
		add("gap", reason, w.after)
	}
	return out
}

// whyNone says why no factory is known.
func (w *weighing) whyNone(failing int) string {
	switch {
	case w.board.collecting == nil:
		return "Collecting is off and no history is stored"
	case failing > 0 || slices.ContainsFunc(w.sources, func(s Source) bool { return s.State == sourceOK }):
		return "No factory can be read"
	default:
		return "No factory has been found yet"
	}
}

func (w *weighing) failingSources() int {
	n := 0
	for i := range w.sources {
		if w.sources[i].State == sourceError {
			n++
		}
	}
	return n
}

// ofFactories says that n of all factories are so, fewer than all: "1 of 5
// factories can be read", "No factory is up to date".
func ofFactories(n, all int, so string) string {
	verb := map[bool]string{true: "is ", false: "are "}[n <= 1]
	if so == "can be read" {
		verb = ""
	}
	switch {
	case all == 1 && so == "can be read":
		return "The factory cannot be read"
	case all == 1:
		return "The factory is not " + so
	case n <= 0:
		return "No factory " + verb + so
	}
	return fmt.Sprintf("%d of %d factories %s%s", n, all, verb, so)
}

func theFactory(n int) string {
	if n == 1 {
		return "the factory"
	}
	return fmt.Sprintf("the %d factories", n)
}

func named(list []*store.Basis) []NamedFactory {
	out := []NamedFactory{}
	for _, f := range list[:min(len(list), mostNamed)] {
		out = append(out, NamedFactory{Factory: f.Short, Name: f.Name, AsOf: NullTime(f.AsOf)})
	}
	return out
}

// oldest returns the oldest time up to which one of the factories is known;
// zero when none is known at all.
func oldest(list []*store.Basis) NullTime {
	var at NullTime
	for _, f := range list {
		if !f.AsOf.IsZero() && (at == 0 || NullTime(f.AsOf) < at) {
			at = NullTime(f.AsOf)
		}
	}
	return at
}

// begins returns since when all of the factories are covered.
func begins(list []*store.Basis) NullTime {
	var at NullTime
	for _, f := range list {
		at = max(at, NullTime(f.Coverage.From))
	}
	return at
}

// mergedGaps merges the gaps of several factories and keeps the newest.
func mergedGaps(all []store.Window) []BasisGap {
	slices.SortFunc(all, func(x, y store.Window) int { return int(min(max(x.From-y.From, -1), 1)) })
	out := []BasisGap{}
	for _, g := range all {
		if n := len(out); n > 0 && Time(g.From) <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, Time(g.To))
			continue
		}
		out = append(out, BasisGap{From: Time(g.From), To: Time(g.To)})
	}
	return out[max(0, len(out)-mostBasisGaps):]
}

// now returns n as a figure of this moment: nil for a zero while anything limits
// the answer.
func (b *Basis) now(n int64) *int64 {
	if n == 0 && b.Reason != nil {
		return nil
	}
	return &n
}

// inRange returns n as a figure of the range: nil for a zero of a range that is
// not covered whole.
func (b *Basis) inRange(n int64) *int64 {
	if n == 0 && b.Covered != string(store.CoveredYes) {
		return nil
	}
	return &n
}

// known applies now or inRange to a figure that may be unknown for another
// reason, such as recoveries that are being derived.
func known(n *int64, as func(int64) *int64) *int64 {
	if n == nil {
		return nil
	}
	return as(*n)
}

// ran notes how many runs of the range are known.
func (b *Basis) ran(n int64) {
	if n > 0 || b.Covered == string(store.CoveredYes) {
		nothing := n == 0
		b.NothingRan = &nothing
	}
}
