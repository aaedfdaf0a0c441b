package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/bits"
	"slices"
	"sync"
)

// A runId is a random key: an index led by it would write all over the file.
// So runIds are indexed by segment of arrival, and a filter in memory says
// which segments are worth looking at. It makes "one runId is one row of its
// factory" cheap to keep whatever runStart does: for a new run it says so at
// once, nearly always.
const (
	segmentBits = 13              // runs per segment of index run_segment, as a power of two
	blockBits   = 20              // runs per block of the filter, as a power of two
	blockLines  = 1 << 15         // cache lines of a block: 16 bits a run, false one time in about 1,000
	blockBytes  = blockLines * 64 // 2 MiB
	saveEvery   = 1 << 17         // arrivals after which the filter is stored again
)

// seenRuns is a blocked Bloom filter over all stored runIds.
type seenRuns struct {
	mu     sync.RWMutex
	blocks [][]uint64 // by seq >> blockBits
	upto   int64      // last seq in the filter
	saved  int64      // last seq in the stored filter
}

func (f *seenRuns) add(seq int64, id []byte) {
	line, mask := filterBits(id)
	f.mu.Lock()
	defer f.mu.Unlock()
	block := int(seq >> blockBits)
	for len(f.blocks) <= block {
		f.blocks = append(f.blocks, make([]uint64, blockBytes/8))
	}
	words := f.blocks[block][line*8 : line*8+8]
	for i := range words {
		words[i] |= mask[i]
	}
	f.upto = max(f.upto, seq)
}

// segments returns the numbers of the segments that may hold id, newest
// first; for an id that was never added it is empty, nearly always.
func (f *seenRuns) segments(id []byte) []int64 {
	line, mask := filterBits(id)
	f.mu.RLock()
	defer f.mu.RUnlock()
	var out []int64
	for block, words := range slices.Backward(f.blocks) {
		if contains(words[line*8:line*8+8], &mask) {
			out = f.appendBlock(out, block)
		}
	}
	return out
}

// allSegments returns every segment, newest first.
func (f *seenRuns) allSegments() []int64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	var out []int64
	for block := range slices.Backward(f.blocks) {
		out = f.appendBlock(out, block)
	}
	return out
}

func (f *seenRuns) appendBlock(out []int64, block int) []int64 {
	first := int64(block) << (blockBits - segmentBits)
	last := min(first+1<<(blockBits-segmentBits)-1, f.upto>>segmentBits)
	for s := last; s >= first; s-- {
		out = append(out, s)
	}
	return out
}

func contains(words []uint64, mask *[8]uint64) bool {
	for i := range words {
		if words[i]&mask[i] != mask[i] {
			return false
		}
	}
	return true
}

// filterBits returns the cache line of id, and seven bits in it. The stored
// filter depends on it: a change needs a migration that empties run_seen.
func filterBits(id []byte) (line int, mask [8]uint64) {
	var h uint64
	if len(id) == guidLen {
		h = mix(binary.LittleEndian.Uint64(id) ^ mix(binary.LittleEndian.Uint64(id[8:])))
	} else {
		f := fnv.New64a()
		f.Write(id) //nolint:gosec // a hash never fails
		h = mix(f.Sum64())
	}
	hi, _ := bits.Mul64(h, blockLines)
	for b := mix(h); b != 0; b >>= 9 {
		mask[(b&511)>>6] |= 1 << (b & 63)
	}
	return int(hi), mask //nolint:gosec // below blockLines
}

// mix is the finalizer of SplitMix64.
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// reach returns the last seq in the filter.
func (f *seenRuns) reach() int64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.upto
}

// setReach takes back that runs after seq were added: they were not stored.
// Their bits stay, which costs a look in vain at most.
func (f *seenRuns) setReach(seq int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.upto = seq
}

// setSaved says what the stored filter holds now, and returns what it held
// before.
func (f *seenRuns) setSaved(upto int64) (before int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, f.saved = f.saved, upto
	return before
}

// loadSeen reads the stored filter and adds what arrived since.
func loadSeen(ctx context.Context, db *sql.DB) (*seenRuns, error) {
	f := &seenRuns{}
	if err := f.loadBlocks(ctx, db); err != nil {
		return nil, err
	}
	return f, f.addFrom(ctx, db, f.saved)
}

// addFrom adds the runs that arrived after one.
func (f *seenRuns) addFrom(ctx context.Context, db *sql.DB, after int64) error {
	rows, err := db.QueryContext(ctx, "SELECT seq, run_id FROM run WHERE seq > ?", after)
	if err != nil {
		return fmt.Errorf("read the newest runIds: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var seq int64
		var id sql.RawBytes
		if err := rows.Scan(&seq, &id); err != nil {
			return fmt.Errorf("read the newest runIds: %w", err)
		}
		f.add(seq, id)
	}
	return rows.Err()
}

func (f *seenRuns) loadBlocks(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT block, upto, bits FROM run_seen ORDER BY block")
	if err != nil {
		return fmt.Errorf("read the filter of runIds: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var block int
		var upto int64
		var stored sql.RawBytes
		if err := rows.Scan(&block, &upto, &stored); err != nil {
			return fmt.Errorf("read the filter of runIds: %w", err)
		}
		if block != len(f.blocks) || len(stored) != blockBytes {
			break // not what this version writes: everything from here on is added from the runs
		}
		words := make([]uint64, blockBytes/8)
		for i := range words {
			words[i] = binary.LittleEndian.Uint64(stored[i*8:])
		}
		f.blocks = append(f.blocks, words)
		f.upto, f.saved = upto, upto
	}
	return rows.Err()
}

// unsaved returns the blocks that changed since the filter was stored, once
// there is enough to store.
func (f *seenRuns) unsaved(always bool) (first int, blocks [][]byte, upto int64) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.upto == f.saved || !always && f.upto-f.saved < saveEvery {
		return 0, nil, 0
	}
	first = int((f.saved + 1) >> blockBits)
	for _, words := range f.blocks[first:] {
		b := make([]byte, 0, blockBytes)
		for _, w := range words {
			b = binary.LittleEndian.AppendUint64(b, w)
		}
		blocks = append(blocks, b)
	}
	return first, blocks, f.upto
}
