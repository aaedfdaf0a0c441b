package main

import (
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf16"
)

// What is printed comes from outside: names, messages and error texts of
// whatever a pipeline read. This file keeps terminals and spreadsheets from
// obeying it.

// isObeyed reports whether a terminal may obey a character instead of showing
// it: a control character (C0, DEL, C1), or one that changes the direction of
// writing and so the order in which a line reads.
func isObeyed(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// printable drops what a terminal would obey; line ends and tabs stay.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if isObeyed(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// onOneLine puts a space in the place of each character that a terminal would
// obey, line ends too.
func onOneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if isObeyed(r) {
			return ' '
		}
		return r
	}, s)
}

// cut is onOneLine, shortened to n characters.
func cut(s string, n int) string {
	clean := onOneLine(s)
	if runes := []rune(clean); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return clean
}

// printableJSON writes what a terminal would obey as \u escapes, which mean the
// same. JSON has such characters in strings only, but for its line ends and
// tabs; its C0 characters are escaped already.
func printableJSON(raw []byte) string {
	var b strings.Builder
	for _, r := range string(raw) {
		if !isObeyed(r) || r == '\n' || r == '\t' || r == '\r' {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			b.WriteString(`\u`)
			const digits = "0123456789abcdef"
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(digits[unit>>shift&0xf])
			}
		}
	}
	return b.String()
}

// formulaStart begins a formula in one spreadsheet or another: the ASCII signs,
// their full-width forms, and | of older ones.
const formulaStart = "=+-@|＝＋－＠"

// inert keeps a spreadsheet from running a cell as a formula: an apostrophe
// before the formula makes it text. It looks behind white space, which
// spreadsheets drop, and behind what separates cells elsewhere. Example: where
// the list separator is the semicolon, "x;=1+1" is read as two cells, and the
// second would be run.
func inert(s string) string {
	var b strings.Builder
	begins := true // a cell may begin here
	for _, r := range s {
		if begins && strings.ContainsRune(formulaStart, r) {
			b.WriteByte('\'')
		}
		b.WriteRune(r)
		begins = strings.ContainsRune(";,\t\r\n", r) || begins && unicode.IsSpace(r)
	}
	return b.String()
}

// isTerminalWriter reports whether w is a terminal.
func isTerminalWriter(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isTerminal(f)
}
