package emulator

import (
	"sync"
	"time"

	"andon/internal/emulator/world"
)

// blockRuns is how many runs one block of the index sums up.
const blockRuns = 256

// indexes holds one index for each factory.
type indexes map[*world.Factory]*index

func newIndexes(w *world.World) indexes {
	all := indexes{}
	for _, f := range w.Factories() {
		all[f] = &index{}
	}
	return all
}

// index lets a window of lastUpdated pass over the runs it can't hold. Runs lie
// in the order they started, and each of them shows times from its start to the
// moment it settled: a block of them holds nothing outside of the earliest and
// the latest of these.
type index struct {
	mu     sync.Mutex
	blocks []block
}

type block struct {
	first, last time.Time
}

// cover returns the summaries of every whole block of runs. The slice only
// ever grows, so callers may keep it.
func (x *index) cover(runs []*world.Run) []block {
	x.mu.Lock()
	defer x.mu.Unlock()
	for n := len(x.blocks); (n+1)*blockRuns <= len(runs); n++ {
		var b block
		for i, r := range runs[n*blockRuns : (n+1)*blockRuns] {
			start, settled := r.RunStart(), r.SettledAt()
			if i == 0 || start.Before(b.first) {
				b.first = start
			}
			if settled.After(b.last) {
				b.last = settled
			}
		}
		x.blocks = append(x.blocks, b)
	}
	return x.blocks
}

// mayHold reports whether a run of the block can lie in the window.
func (b block) mayHold(after, before time.Time) bool {
	return !b.last.Before(after) && !b.first.After(before)
}
