package config

import "log/slog"

// Secret is a text that must never be shown. Every way of printing it gives
// <secret>; only Reveal gives the text.
type Secret struct{ text string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal returns the text itself, for the one place that sends it.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == "" }

const hidden = "<secret>"

// String returns <secret>, or "" where there is none.
func (s Secret) String() string {
	if s.text == "" {
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
