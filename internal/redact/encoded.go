package redact

import (
	"encoding/base64"
	"html"
	"net/url"
	"strings"
)

// urlEncoded finds a secret in a text that is encoded as in a URL, of which
// the encoded quote at i is a part. The whole text is decoded, looked through
// and encoded again, unless nothing was found.
func (t *text) urlEncoded(i int) span {
	if i < t.encoded || t.depth+textDepth >= maxDepth || !strings.HasPrefix(t.s[i:], "%22") && !strings.HasPrefix(t.s[i:], "%2522") {
		return span{}
	}
	from, to := t.around(i, func(c byte) bool { return c > ' ' && c < 0x7F && strings.IndexByte(`&?=#"'<>\/{}[],;:`, c) < 0 })
	t.encoded = to
	decoded, err := url.QueryUnescape(t.s[from:to])
	if err != nil {
		return span{}
	}
	clean := t.r.clean(decoded, t.depth+textDepth)
	if clean == decoded {
		return span{}
	}
	return span{at: from, from: from, to: to, with: strings.ReplaceAll(url.QueryEscape(clean), url.QueryEscape(Marker), Marker)}
}

// htmlEncoded is urlEncoded for a text that is encoded as in HTML, where the
// encoded quote may be at i.
func (t *text) htmlEncoded(i int) span {
	if i < t.encoded || t.depth+textDepth >= maxDepth || !hasFold(t.s[i:], "&quot;") && !hasFold(t.s[i:], "&#34;") && !hasFold(t.s[i:], "&#x22;") && !hasFold(t.s[i:], "&amp;quot;") {
		return span{}
	}
	from, to := t.around(i, func(c byte) bool { return c >= ' ' && strings.IndexByte(`"<>`, c) < 0 })
	t.encoded = to
	decoded := html.UnescapeString(t.s[from:to])
	clean := t.r.clean(decoded, t.depth+textDepth)
	if clean == decoded {
		return span{}
	}
	encoded := html.EscapeString(clean)
	if hasFold(t.s[i:], "&quot;") {
		encoded = strings.ReplaceAll(encoded, "&#34;", "&quot;")
	}
	return span{at: from, from: from, to: to, with: strings.ReplaceAll(encoded, html.EscapeString(Marker), Marker)}
}

// escaped is urlEncoded for JSON in which .NET has escaped quotes and other
// signs, where it was not taken for JSON: "\u0022password\u0022:\u0022x\u0022".
func (t *text) escaped(i int) span {
	if i < t.encoded || t.depth+textDepth >= maxDepth {
		return span{}
	}
	from, to := t.around(i, func(c byte) bool { return c >= ' ' && c != '"' })
	t.encoded = to
	escapes := []string{`\u0022`, `"`, `\u0027`, `'`, `\u0026`, `&`, `\u002B`, `+`, `\u002b`, `+`, `\u003C`, `<`, `\u003c`, `<`, `\u003E`, `>`, `\u003e`, `>`}
	decoded := strings.NewReplacer(escapes...).Replace(t.s[from:to])
	clean := t.r.clean(decoded, t.depth+textDepth)
	if clean == decoded {
		return span{}
	}
	return span{at: from, from: from, to: to, with: strings.ReplaceAll(clean, `"`, `\u0022`)}
}

// around returns where the bytes of a kind begin and end that are around i,
// from what was decoded before on. Markers are a part of it.
func (t *text) around(i int, of func(c byte) bool) (from, to int) {
	from, to = i, i
	for from > t.encoded {
		if strings.HasSuffix(t.s[t.encoded:from], Marker) {
			from -= len(Marker)
		} else if of(t.s[from-1]) {
			from--
		} else {
			break
		}
	}
	for to < len(t.s) {
		if strings.HasPrefix(t.s[to:], Marker) {
			to += len(Marker)
		} else if of(t.s[to]) {
			to++
		} else {
			break
		}
	}
	t.work += to - from
	return from, to
}

// leastBase64 is how long base64 is that is looked into. What is shorter hides
// too little to tell.
const leastBase64 = 24

// base64 notes the texts in base64 that hold a secret: the whole of each is
// one.
func (t *text) base64() {
	if t.depth+textDepth >= maxDepth {
		return
	}
	for i := 0; i < len(t.s); {
		to := i
		for to < len(t.s) && t.s[to] != '=' && isBase64Byte(t.s[to]) {
			to++
		}
		if to == i {
			i++
			continue
		}
		for padding := 0; padding < 2 && to < len(t.s) && t.s[to] == '='; padding++ {
			to++
		}
		if to-i >= leastBase64 {
			if decoded, ok := decodedBase64(t.s[i:to]); ok && t.r.clean(decoded, t.depth+textDepth) != decoded {
				t.add(span{at: i, from: i, to: to})
			}
		}
		i = to
	}
}

// decodedBase64 returns the text that is encoded in s; ok is false where it is
// no text. UTF-16 is what PowerShell takes for a command.
func decodedBase64(s string) (text string, ok bool) {
	const least = 8
	if len(s) < least {
		return "", false
	}
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	if len(plain)%4 == 1 {
		plain = plain[:len(plain)-1] // cut
	}
	b, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil || len(b) < 3 {
		return "", false
	}
	if b[1] == 0 && b[len(b)-1-len(b)%2] == 0 {
		for i := range len(b) / 2 {
			if b[2*i+1] != 0 {
				return "", false
			}
			b[i] = b[2*i]
		}
		b = b[:len(b)/2]
	}
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7F {
			return "", false
		}
	}
	return string(b), true
}

// isMixed reports whether s has digits, small and large letters, as base64 of
// a text has.
func isMixed[T string | []byte](s T) bool {
	var digit, lower, upper bool
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digit = true
		case 'a' <= c && c <= 'z':
			lower = true
		case 'A' <= c && c <= 'Z':
			upper = true
		}
	}
	return digit && lower && upper
}
