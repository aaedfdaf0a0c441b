package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// The kinds of compressed rows; each has a dictionary of its own, but those
// of which there are few.
const (
	rawRun        = "run"
	rawActivity   = "activity"
	rawTriggerRun = "trigger run"
	rawDefinition = "definition"
	rawResource   = "resource" // no dictionary
)

// sampleRows is how many rows make a dictionary: a run of 820 bytes becomes
// 173 with one, 420 without. Of a long one its beginning serves, since what
// lies further back than the window is never used.
const (
	sampleRows  = 12
	longestPart = 8 << 10
)

// maxRaw bounds what a stored row may unpack to, against a damaged file.
const maxRaw = 64 << 20

// codec packs the raw rows. Packing happens in the callers' goroutines, since
// it would cost the writer a quarter of its time.
type codec struct {
	mu       sync.Mutex // held while a dictionary is made
	state    sync.RWMutex
	encoders map[string]*zstd.Encoder // by kind, with the newest dictionary
	dicts    map[uint32][]byte
	plain    *zstd.Encoder
	decoder  *zstd.Decoder
}

func newCodec() (*codec, error) {
	c := &codec{encoders: map[string]*zstd.Encoder{}, dicts: map[uint32][]byte{}}
	var err error
	if c.plain, err = newEncoder(); err != nil {
		return nil, err
	}
	return c, c.resetDecoder()
}

func newEncoder(o ...zstd.EOption) (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, append(o, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false),
		zstd.WithEncoderConcurrency(2), zstd.WithWindowSize(1<<17), zstd.WithLowerEncoderMem(true), zstd.WithSingleSegment(true))...)
}

func (c *codec) resetDecoder() error {
	o := []zstd.DOption{zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxRaw), zstd.WithDecoderLowmem(true)}
	for id, content := range c.dicts {
		o = append(o, zstd.WithDecoderDictRaw(id, content))
	}
	d, err := zstd.NewReader(nil, o...)
	if err != nil {
		return fmt.Errorf("make a reader of packed rows: %w", err)
	}
	c.decoder = d
	return nil
}

// loadCodec reads the stored dictionaries.
func loadCodec(ctx context.Context, db *sql.DB) (*codec, error) {
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	return c, c.load(ctx, db)
}

func (c *codec) load(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT id, kind, content FROM raw_dictionary ORDER BY id")
	if err != nil {
		return fmt.Errorf("read the dictionaries: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var id uint32
		var kind string
		var content []byte
		if err := rows.Scan(&id, &kind, &content); err != nil {
			return fmt.Errorf("read the dictionaries: %w", err)
		}
		if c.knows(id) {
			continue
		}
		if err := c.use(id, kind, content); err != nil {
			return err
		}
	}
	return rows.Err()
}

// use packs further rows of the kind with a stored dictionary.
func (c *codec) use(id uint32, kind string, content []byte) error {
	e, err := newEncoder(zstd.WithEncoderDictRaw(id, content))
	if err != nil {
		return fmt.Errorf("use dictionary %d: %w", id, err)
	}
	c.state.Lock()
	defer c.state.Unlock()
	c.encoders[kind] = e
	c.dicts[id] = content
	return c.resetDecoder()
}

func (c *codec) knows(id uint32) bool {
	c.state.RLock()
	defer c.state.RUnlock()
	return c.dicts[id] != nil
}

func (c *codec) hasDictionary(kind string) bool {
	c.state.RLock()
	defer c.state.RUnlock()
	return c.encoders[kind] != nil
}

func (c *codec) pack(kind string, raw []byte) []byte {
	c.state.RLock()
	e := c.encoders[kind]
	c.state.RUnlock()
	if e == nil {
		e = c.plain
	}
	return e.EncodeAll(raw, make([]byte, 0, len(raw)/3))
}

func (c *codec) unpack(packed []byte) ([]byte, error) {
	c.state.RLock()
	d := c.decoder
	c.state.RUnlock()
	raw, err := d.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack a stored row: %w", err)
	}
	return raw, nil
}

// ensureDictionary makes the kind's dictionary of the first rows that are
// enough for one, and stores it before any row needs it.
func (s *Store) ensureDictionary(ctx context.Context, kind string, n int, raw func(int) []byte) error {
	if n < sampleRows || s.codec.hasDictionary(kind) {
		return nil
	}
	s.codec.mu.Lock()
	defer s.codec.mu.Unlock()
	if s.codec.hasDictionary(kind) {
		return nil
	}
	var content []byte
	for i := range sampleRows {
		sample := raw(i)
		content = append(content, sample[:min(len(sample), longestPart)]...)
	}
	var id int64
	err := s.submit(ctx, func(w *writer) error {
		if err := w.exec("INSERT INTO raw_dictionary (kind, content) VALUES (?, ?)", kind, content); err != nil {
			return err
		}
		id = w.conn.LastInsertRowID()
		return nil
	}, nil)
	if err != nil {
		return err
	}
	return s.codec.use(uint32(id), kind, content) //nolint:gosec // a handful of dictionaries
}
