package store

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
)

// A cursor holds the place of the last row of a page, and a hash of the
// filter and the sort: with others it would begin at a meaningless place.
const cursorVersion = 1

const cursorProblem = "is not one of this list: give nextCursor of the page before, with the same filter and sort"

func encodeCursor(q RunQuery, last listPlace) string { return packCursor(q.list(), last) }

func decodeCursor(q RunQuery) (listPlace, error) { return unpackCursor(q.list(), q.Cursor) }

// list is what tells a list of runs from others.
func (q RunQuery) list() any {
	return struct {
		F RunFilter
		S Sort
	}{q.RunFilter, q.Sort}
}

// packCursor makes a cursor of the list that is told from others by list.
func packCursor(list any, last listPlace) string {
	b := append([]byte{cursorVersion}, listHash(list)...)
	b = binary.AppendVarint(b, last.by)
	b = binary.AppendVarint(b, int64(last.key))
	return base64.RawURLEncoding.EncodeToString(b)
}

func unpackCursor(list any, cursor string) (listPlace, error) {
	invalid := &InvalidError{Field: "cursor", Problem: cursorProblem}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) < 9 || b[0] != cursorVersion || string(b[1:9]) != string(listHash(list)) {
		return listPlace{}, invalid
	}
	by, n := binary.Varint(b[9:])
	if n <= 0 {
		return listPlace{}, invalid
	}
	key, m := binary.Varint(b[9+n:])
	if m <= 0 || 9+n+m != len(b) {
		return listPlace{}, invalid
	}
	return listPlace{by, RunKey(key)}, nil
}

func listHash(list any) []byte {
	h := fnv.New64a()
	// Strings, numbers and booleans always marshal, and a hash never fails.
	_ = json.NewEncoder(h).Encode(list)
	return h.Sum(nil)
}
