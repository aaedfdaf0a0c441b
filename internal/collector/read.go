package collector

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/store"
)

// windowRestarts bounds how often a window is begun anew at once because its
// continuation token was refused.
const windowRestarts = 3

// readWindow asks for the runs that were last updated within w, to the last
// page, and stores them. taken, where not nil, sees the runs of each page
// after they are stored. The window counts once its last page is stored: after
// an error nothing of it does, though rows of its first pages may be there.
func (f *factory) readWindow(ctx context.Context, w store.Window, taken func([]adf.PipelineRun)) error {
	for restarts := 0; ; restarts++ {
		err := f.readPages(ctx, w, taken)
		if kindOf(err) != azure.KindTokenRefused || restarts == windowRestarts {
			return err
		}
	}
}

func (f *factory) readPages(ctx context.Context, w store.Window, taken func([]adf.PipelineRun)) error {
	filter := adf.RunFilter{LastUpdatedAfter: w.From, LastUpdatedBefore: w.To}
	done := store.Window{From: w.From}
	for {
		answer, err := f.askRuns(ctx, filter)
		if err != nil {
			return err
		}
		if done.To.IsZero() {
			// What changes after its first page was answered is not in the
			// window, however far it asked ahead.
			done.To = min(w.To, adf.TimeOf(answer.Asked))
			if done.To < done.From {
				return fmt.Errorf("azure's clock is at %s, before the window that was asked for: the next one goes by it", answer.Asked.UTC().Format(time.RFC3339))
			}
		}
		runs, lost := redactRuns(f.redact, answer.Runs)
		page := store.Page{Factory: f.place.Key, Runs: runs, OddRows: f.newOddRows(answer.Odd) + lost, Origin: store.OriginAzure}
		last := answer.Next == ""
		if last {
			page.Completes, page.AsOf = &done, done.To
		}
		if _, err := f.store.WriteRuns(ctx, page); err != nil {
			return fmt.Errorf("store runs of %s: %w", f.place.Name, err)
		}
		if taken != nil {
			taken(runs)
		}
		if last {
			return nil
		}
		if answer.Next == filter.ContinuationToken {
			return endless("runs of " + f.place.Name)
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
	answer, err := f.client.QueryPipelineRuns(ctx, f.place.ID, filter)
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
