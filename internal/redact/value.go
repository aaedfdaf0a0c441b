package redact

import "strings"

// value is what follows a secret's name in a text; its methods say where it
// ends. They may move its beginning over blanks, quotes and words that are no
// part of it.
type value struct {
	s    string
	from int
}

func (v *value) skipBlanks() {
	for v.from < len(v.s) && strings.IndexByte(" \t\r\n", v.s[v.from]) >= 0 {
		v.from++
	}
}

// skipScheme moves over the scheme of an Authorization header, and reports
// whether it is one that a secret follows.
func (v *value) skipScheme() bool {
	i := v.from
	for i < len(v.s) && isName(v.s[i]) {
		i++
	}
	if i == v.from || i+1 >= len(v.s) || v.s[i] != ' ' {
		return false
	}
	scheme := strings.ToLower(v.s[v.from:i])
	v.from = i + 1
	return isOne(scheme, "basic", "bearer", "sharedkey", "sharedkeylite", "sharedaccesssignature", "negotiate", "token")
}

// until returns the end of what has none of stops.
func (v *value) until(stops string) int {
	if at := strings.IndexAny(v.s[v.from:], stops); at >= 0 {
		return v.from + at
	}
	return len(v.s)
}

// quoted moves into the quotes of a quoted value and returns its end, the end
// of the text where it is cut. ok is false for one that is not quoted. Quotes
// with backslashes before them end at quotes with as many, or fewer.
func (v *value) quoted() (end int, ok bool) {
	depth := 0
	for v.from+depth < len(v.s) && v.s[v.from+depth] == '\\' {
		depth++
	}
	open := v.from + depth
	if open == len(v.s) || !isQuote(v.s[open]) {
		return 0, false
	}
	v.from = open + 1
	for i, backslashes := v.from, 0; i < len(v.s); i++ {
		switch {
		case v.s[i] == '\\':
			backslashes++
			continue
		case v.s[i] == v.s[open] && backslashes <= depth:
			return i - backslashes, true
		}
		backslashes = 0
	}
	return len(v.s), true
}

// inURL returns the end of a parameter's value in a URL or a form; encoded
// says that the whole URL is.
func (v *value) inURL(encoded bool) int {
	for i := v.from; i < len(v.s); i++ {
		switch c := v.s[i]; {
		case strings.HasPrefix(v.s[i:], Marker):
			i += len(Marker) - 1
		case c <= ' ', strings.IndexByte(`&#"'<>;\`, c) >= 0:
			return i
		case encoded && (hasFold(v.s[i:], "%26") || hasFold(v.s[i:], "%22") || hasFold(v.s[i:], "%20")):
			return i
		}
	}
	return len(v.s)
}

// inConnectionString returns the end of a value in a connection string: the
// next semicolon as a rule. inBraces says that a brace opened the whole.
func (v *value) inConnectionString(inBraces bool) int {
	if end, ok := v.quoted(); ok {
		return end
	}
	if v.from < len(v.s) && v.s[v.from] == '{' {
		if at := strings.IndexByte(v.s[v.from:], '}'); at >= 0 && (v.from+at+1 == len(v.s) || v.s[v.from+at+1] == ';') {
			return v.from + at + 1
		}
	}
	for i := v.from; i < len(v.s); i++ {
		switch c := v.s[i]; {
		case c == ';', c == '\n', c == '\r', c == '}' && inBraces, c == '&' && isParameter(v.s[i+1:]), c == '<' && strings.HasPrefix(v.s[i:], "</"):
			return i
		case c == '\\' && i+1 < len(v.s) && isQuote(v.s[i+1]), isQuote(c) && !continues(v.s[i+1:]):
			return i
		}
	}
	return len(v.s)
}

// inProse returns the end of a value that stands in a sentence.
func (v *value) inProse() int {
	if end, ok := v.quoted(); ok {
		return end
	}
	for i := v.from; i < len(v.s); i++ {
		switch c := v.s[i]; {
		case strings.HasPrefix(v.s[i:], Marker):
			i += len(Marker) - 1
		case c <= ' ', strings.IndexByte(`;"'<>\`, c) >= 0, c == '&' && isParameter(v.s[i+1:]):
			return i
		}
	}
	return len(v.s)
}

// inObject returns the end of a member's value in JSON within a text, where
// it is no object and no array: their own members are looked at.
func (v *value) inObject() int {
	if end, ok := v.quoted(); ok {
		return end
	}
	if v.from < len(v.s) && (v.s[v.from] == '{' || v.s[v.from] == '[') {
		return v.from
	}
	return v.until(",}] \t\r\n")
}

// isParameter reports whether s goes on like the next parameter of a form.
func isParameter(s string) bool {
	for i := range min(len(s), longestName) {
		if !isName(s[i]) {
			return i > 0 && (s[i] == '=' || s[i] == ';')
		}
	}
	return false
}

// continues reports whether a word goes on, so that a quote before it closes
// nothing.
func continues(s string) bool { return s != "" && isName(s[0]) }

// looksRandom reports whether s is more like a password than like a word, a
// code of Entra ID or an address.
func looksRandom(s string) bool {
	word := strings.TrimRight(s, ".,:;!?)")
	if len(word) < 4 || hasFold(word, "AADSTS") || hasFold(word, "http") || word == Marker {
		return false
	}
	return strings.ContainsFunc(word, func(c rune) bool { return !isLower(c) && (c < 'A' || c > 'Z') && c != '-' && c != '_' })
}

// isWord reports whether s is a word of a sentence: "Basic authentication".
func isWord(s string) bool {
	return !strings.ContainsFunc(strings.TrimRight(s, ".,:;!?)"), func(c rune) bool { return !isLower(c) })
}

func isLower(c rune) bool { return 'a' <= c && c <= 'z' }

// isNothing reports whether a value hides nothing.
func isNothing(s string) bool {
	switch strings.ToLower(s) {
	case "", "}", "null", "none", "true", "false":
		return true
	}
	return false
}

// isNumber reports whether s is a short number.
func isNumber(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return len(s) <= 12
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isQuote(c byte) bool { return c == '"' || c == '\'' }

// isName reports whether c may stand in a name.
func isName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || c == '_' || c == '-' || c == '.' || c == '$'
}

// isTokenByte reports whether c may stand in a JSON Web Token.
func isTokenByte(c byte) bool { return isName(c) && c != '$' }

// isToken reports whether s may be part of a client secret.
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) && s[i] != '~' {
			return false
		}
	}
	return true
}

// hasFold reports whether s begins with prefix, without regard to the case of
// ASCII letters.
func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
