package emulator

import (
	"encoding/json"
	"time"

	"andon/internal/emulator/world"
)

// timestamp prints as the service does: UTC, up to seven digits of a second,
// trailing zeros trimmed.
type timestamp time.Time

const timestampLayout = `"2006-01-02T15:04:05.9999999Z"`

// MarshalJSON implements json.Marshaler.
func (t timestamp) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(make([]byte, 0, len(timestampLayout)), timestampLayout), nil
}

// makeRunRow is the row of a run as every call shows it.
func makeRunRow(r *world.Run, s world.RunState) json.RawMessage {
	return r.AppendRow(nil, &s)
}

// appendPageEnd ends a page whose elements of value are there already; the last page of a query has no token.
func appendPageEnd(b []byte, token string) []byte {
	b = append(b, ']')
	if token != "" {
		b = append(b, `,"continuationToken":"`...)
		b = append(b, token...)
		b = append(b, '"')
	}
	return append(b, '}')
}
