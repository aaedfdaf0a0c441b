package azure

import "log/slog"

// Secret is a text that must never be shown. Every way of printing it gives
// <secret>; converting it to a string gives the text.
type Secret string

const hidden = "<secret>"

// String returns <secret>, or "" where there is none.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString keeps %#v from showing the text.
func (s Secret) GoString() string { return s.String() }

// MarshalText keeps JSON and other encoders from showing the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML keeps YAML from showing the text.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// LogValue keeps logs from showing the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
