package collector

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/store"
)

const (
	// windowRestarts bounds how often a window that can't be split any more is
	// begun anew at once because its continuation token was refused.
	windowRestarts = 3
	// tooManyPages is where a window is given up and split, since its chain of
	// continuation tokens might not live much longer.
	tooManyPages = 300
	// fullPage is how many rows a page of runs has when more follow (azure.md
	// §1.1: seen by many, documented nowhere).
	fullPage = 100
)

// errClock says that a window was laid by a wrong clock.
var errClock = errors.New("azure's clock is")

// The reasons to read a window in halves.
var (
	errTooFull = errors.New("the window has more pages than should be read in a chain")
	// A last page that is full may be one that only claims to be the last. It
	// is by chance one time in a hundred, which costs reading its pages again.
	errFullEnd = errors.New("the last page is full, as if more followed")
)

// reading is a window to be read, and what is to become of its rows.
type reading struct {
	window store.Window
	have   []store.Window // the coverage when it was planned
	// counts tells that the window counts as covered once it was read to its
	// end. One that reads again what is covered changes nothing about that.
	counts bool
	// filters leave rows out; a window with filters does not count.
	filters []adf.Filter
	// taken, where not nil, sees the runs of each page after they are stored.
	taken func([]adf.PipelineRun)

	// asked is when the first page of the whole window was answered, or of its
	// first half where no page of the whole was; zero before that. to is where
	// the whole ends. Both hold for all halves.
	asked, to adf.Time
}

// reaches returns what of the window counts as covered once it is read, and
// what the board is as of then, zero for no change. answered is when its last
// page was answered. What Azure had forgotten by then is not in it; isAny is
// false when that is all.
//
// What changes after the first page of the whole was answered is not in it,
// however far it asks ahead and whenever its halves are asked: else the next
// window would not overlap what was not visible yet in the first half.
//
// A half alone, or a window that ends in Azure's past, tells nothing of runs
// that were in it and have changed since: they are in the other half, or in no
// window yet.
func (r *reading) reaches(answered adf.Time) (covered store.Window, asOf adf.Time, isAny bool) {
	covered, isAny = stillKept(store.Window{From: min(r.window.From, r.asked), To: min(r.window.To, r.asked)}, max(answered, r.asked))
	if r.window.To == r.to && r.asked <= r.to {
		asOf = r.asked
	}
	return covered, asOf, isAny
}

// result sums up what was read.
type result struct {
	pages, rows      int
	added            int // runs that were not here
	missed, outdated int // of runs added and changed, those that what was covered should have held
}

func (r *result) add(s result) {
	r.pages += s.pages
	r.rows += s.rows
	r.added += s.added
	r.missed += s.missed
	r.outdated += s.outdated
}

// read asks for the runs that were last updated within a window, to the last
// page, and stores them. A window that is too full or too large, whose token is
// refused or that seems to end too early is read in halves, the older one
// first, each of which counts by itself. A window counts once its last page is
// stored: after an error nothing of it does, though rows of its first pages may
// be there.
func (f *factory) read(ctx context.Context, r reading) (result, error) {
	r.to = r.window.To
	return inHalves(r.window, func(w store.Window) (result, error) {
		r.window = w
		return f.readPages(ctx, &r)
	})
}

// inHalves reads a window, and where halves of it may be answered and the whole
// was not, its halves, the older one first.
func inHalves(w store.Window, read func(store.Window) (result, error)) (result, error) {
	var sum result
	for restarts := 0; ; restarts++ {
		got, err := read(w)
		sum.add(got)
		if !isForHalves(err) {
			return sum, err
		}
		if w.To.Sub(w.From) >= 2*shortestLength {
			break
		}
		if restarts == windowRestarts {
			return sum, err
		}
	}
	for _, half := range halves(w) {
		got, err := inHalves(half, read)
		sum.add(got)
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// isForHalves reports whether halves of a window may be answered where the
// whole was not.
func isForHalves(err error) bool {
	kind := kindOf(err)
	return kind == azure.KindTokenRefused || kind == azure.KindTooLarge || errors.Is(err, errTooFull) || errors.Is(err, errFullEnd)
}

func (f *factory) readPages(ctx context.Context, r *reading) (result, error) {
	var sum result
	w := r.window
	covered := coveredBy(r.have, w)
	filter := adf.RunFilter{LastUpdatedAfter: w.From, LastUpdatedBefore: w.To, Filters: r.filters}
	canSplit := w.To.Sub(w.From) >= 2*shortestLength
	for {
		if canSplit && sum.pages == tooManyPages {
			return sum, errTooFull
		}
		answer, err := f.askRuns(ctx, filter)
		if err != nil {
			return sum, err
		}
		if r.asked.IsZero() {
			asked := adf.TimeOf(answer.Asked)
			if asked < w.From {
				return sum, fmt.Errorf("%w at %s, before the window that was asked for: the next one goes by it", errClock, answer.Asked.UTC().Format(time.RFC3339))
			}
			r.asked = asked
		}
		f.cleaning.RLock()
		runs, lost := f.cleanRuns(answer.Runs)
		page := store.Page{
			Factory: f.place.Key, Runs: runs, OddRows: f.newOddRows(append(answer.Odd, lost...)), Origin: store.OriginAzure, Covered: covered, Asked: adf.TimeOf(answer.Asked),
		}
		last := answer.Next == ""
		isFullEnd := last && canSplit && len(answer.Runs)+len(answer.Odd) >= fullPage
		if last && !isFullEnd && r.counts {
			if covers, asOf, isAny := r.reaches(page.Asked); isAny {
				page.Completes, page.AsOf = &covers, asOf
			}
		}
		changes, err := f.store.WriteRuns(ctx, page)
		f.cleaning.RUnlock()
		if err != nil {
			return sum, fmt.Errorf("store runs of %s: %w", f.place.Name, err)
		}
		sum.add(result{1, len(answer.Runs), changes.Inserted, changes.LateInserted, changes.LateUpdated})
		if r.taken != nil {
			r.taken(runs)
		}
		if isFullEnd {
			return sum, errFullEnd
		}
		if last {
			return sum, nil
		}
		if answer.Next == filter.ContinuationToken {
			return sum, endless("runs of " + f.place.Name)
		}
		filter.ContinuationToken = answer.Next
	}
}

// endless says that an answer would be paged for ever.
func endless(where string) error {
	return &azure.Error{
		Kind: azure.KindServer, What: "Azure answers the same continuation token again, so its pages have no end",
		Where: where, Advice: "nothing to do: it is asked for anew",
	}
}

// askRuns asks for one page.
func (f *factory) askRuns(ctx context.Context, filter adf.RunFilter) (azure.RunPage, error) {
	answer, err := f.seers.current().client.QueryPipelineRuns(ctx, f.place.ID, filter)
	if err == nil {
		f.skew.Store(int64(answer.Asked.Sub(f.now())))
	}
	return answer, err
}

// oddRemembered bounds how many odd rows are remembered.
const oddRemembered = 10_000

// newOddRows counts the rows that can't be kept and were not met before:
// windows overlap, and their rows come again.
func (f *factory) newOddRows(rows []azure.OddRow) int {
	f.oddMu.Lock()
	defer f.oddMu.Unlock()
	n := 0
	for _, row := range rows {
		sum := sha256.Sum256(row.Raw)
		if f.oddSeen[sum] {
			continue
		}
		if len(f.oddSeen) >= oddRemembered {
			clear(f.oddSeen)
		}
		f.oddSeen[sum] = true
		n++
	}
	return n
}
