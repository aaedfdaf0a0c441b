package emulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sync"
	"time"
)

// queryPage is how many rows one page of a run query holds; clients can't ask
// for another number.
const queryPage = 100

// snapshot is what a chain of continuation tokens looks at: the rows that were
// there when the first page was asked, as they were at that time.
type snapshot struct {
	at time.Time
	// runs is how many runs the factory had; later ones stay out, even one that
	// started in the same tick.
	runs int
	// next is the position of the next row: an index of the factory's runs, or
	// a rank where the query asks for an order.
	next int
	// lag withholds rows that were younger than it at that time.
	lag time.Duration
	// carried is the position of a row that a fault moved or repeats onto the
	// next page; unread for none.
	carried int
}

// freshest is the latest lastUpdated that the snapshot shows.
func (s snapshot) freshest() time.Time { return s.at.Add(-s.lag) }

// pageKey signs continuation tokens. A token is good for one process, as a
// service's tokens are short-lived.
type pageKey struct{ key [32]byte }

var errBadContinuation = errors.New("the continuation token is not of this query")

func newPageKey() pageKey {
	var k pageKey
	rand.Read(k.key[:])
	return k
}

const (
	payloadBytes = 5 * 8
	macBytes     = 16
)

// token returns the continuation token for s that only a query with the same
// subject can use.
func (k pageKey) token(s snapshot, subject []byte) string {
	b := make([]byte, 0, payloadBytes+macBytes)
	for _, n := range []int64{s.at.UnixNano(), int64(s.runs), int64(s.next), int64(s.lag), int64(s.carried)} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // open takes the bits back as they are
	}
	return base64.RawURLEncoding.EncodeToString(append(b, k.mac(b, subject)...))
}

// open undoes token. Its error is errBadContinuation.
func (k pageKey) open(token string, subject []byte) (snapshot, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != payloadBytes+macBytes || !hmac.Equal(b[payloadBytes:], k.mac(b[:payloadBytes], subject)) {
		return snapshot{}, errBadContinuation
	}
	number := func(i int) int64 {
		return int64(binary.BigEndian.Uint64(b[8*i:])) //nolint:gosec // token put the bits in as they were
	}
	return snapshot{
		at: time.Unix(0, number(0)).UTC(), runs: int(number(1)), next: int(number(2)), lag: time.Duration(number(3)), carried: int(number(4)),
	}, nil
}

func (k pageKey) mac(payload, subject []byte) []byte {
	h := hmac.New(sha256.New, k.key[:])
	h.Write(payload)
	h.Write(subject)
	return h.Sum(nil)[:macBytes]
}

// pageBuffers keeps the memory of written pages for the next: at full speed a
// gigabyte of them is written in a few seconds.
type pageBuffers struct{ free sync.Pool }

// pageBytes is a little more than a full page of usual rows takes.
const pageBytes = 1100 * queryPage

func (p *pageBuffers) take() []byte {
	if b, ok := p.free.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, pageBytes)
}

// put takes b back, which nobody may use any more.
func (p *pageBuffers) put(b []byte) {
	if cap(b) <= 4*pageBytes { // a few odd pages are far larger
		p.free.Put(&b)
	}
}
