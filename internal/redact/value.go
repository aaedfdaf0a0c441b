package redact

import "strings"

// value is what follows a secret's name in a text; its methods say where it
// ends. They may move its beginning over blanks, quotes and words that are no
// part of it.
type value struct {
	s      string
	from   int
	quotes string // that were opened before the name and not closed
	work   *int   // how many bytes were looked at
}

// endsAt counts what was looked at up to an end, and returns it.
func (v *value) endsAt(end int) int {
	*v.work += end - v.from
	return end
}

// run returns the end of the bytes of a kind that begin here.
func (v *value) run(of func(c byte) bool) int {
	to := v.from
	for to < len(v.s) && of(v.s[to]) {
		to++
	}
	return v.endsAt(to)
}

// untilText returns where a text begins that ends the value.
func (v *value) untilText(stop string) int {
	if at := strings.Index(v.s[v.from:], stop); at >= 0 {
		return v.endsAt(v.from + at)
	}
	return v.endsAt(len(v.s))
}

func (v *value) skipBlanks() {
	for v.from < len(v.s) && strings.IndexByte(" \t\r\n", v.s[v.from]) >= 0 {
		v.from++
	}
}

// skipScheme moves over the scheme of an Authorization header, and returns it
// in lower case; "" without.
func (v *value) skipScheme() string {
	i := v.from
	for i < len(v.s) && isName(v.s[i]) {
		i++
	}
	if i == v.from || i-v.from > longestName || i+1 >= len(v.s) || v.s[i] != ' ' {
		return ""
	}
	scheme := strings.ToLower(v.s[v.from:i])
	v.from = i + 1
	return scheme
}

// until returns the end of what has none of stops.
func (v *value) until(stops string) int {
	if at := strings.IndexAny(v.s[v.from:], stops); at >= 0 {
		return v.endsAt(v.from + at)
	}
	return v.endsAt(len(v.s))
}

// skipQuote moves into the quotes of a quoted value, and returns its quote with
// what else is around it: backslashes as in "{\"pwd\":\"x\"}", the same quote
// again as in 'set pwd = ”x”'; "" for one that is not quoted. Up to two letters
// may come before a quote: N'x' is a text in T-SQL, b"x" in Python.
func (v *value) skipQuote() (quote string) {
	open := v.from
	for open < len(v.s) && open-v.from < 2 && strings.IndexByte("NnBbFfRrUuEe", v.s[open]) >= 0 {
		open++
	}
	begin := open
	for open < len(v.s) && v.s[open] == '\\' {
		open++
	}
	if open == len(v.s) || !isQuote(v.s[open]) || begin > v.from && begin < open {
		return ""
	}
	v.from = open + 1
	quote = v.s[begin:v.from]
	if doubled := quote + quote; begin == open && strings.HasPrefix(v.s[begin:], doubled) && !endsValue(v.s[begin+2:]) {
		if strings.Contains(v.s[begin+2:min(len(v.s), begin+longestPassword)], doubled) {
			v.from++
			return doubled
		}
	}
	return quote
}

// quoted moves into the quotes of a quoted value and returns its end, the end
// of the text where it is cut. ok is false for one that is not quoted.
func (v *value) quoted() (end int, ok bool) {
	quote := v.skipQuote()
	if quote == "" {
		return 0, false
	}
	return v.endsAt(v.closing(quote)), true
}

// closing returns where what closes a quote begins. Quotes with backslashes
// before them end at quotes with as many, or fewer. A quote that is doubled
// is part of the value, unless it is near the end of the text and the last.
func (v *value) closing(quote string) int {
	if isDoubled(quote) {
		return v.from + strings.Index(v.s[v.from:], quote)
	}
	depth, c := len(quote)-1, quote[len(quote)-1]
	doubled, escaped := -1, -1
	for i, backslashes := v.from, 0; i < len(v.s); i++ {
		switch {
		case v.s[i] == '\\':
			backslashes++
			continue
		case v.s[i] != c:
		case backslashes > depth:
			escaped = i
		case depth == 0 && escaped >= v.from && escaped == i-1 && continues(v.s[i+1:]): // 'ends in \''x'
		case depth == 0 && i+1 < len(v.s) && v.s[i+1] == c:
			if doubled < 0 {
				doubled = i
			}
			i++
		default:
			return i - backslashes
		}
		backslashes = 0
	}
	if doubled >= 0 && len(v.s)-doubled < longestPassword {
		return doubled
	}
	return len(v.s)
}

func isDoubled(quote string) bool { return len(quote) == 2 && quote[0] == quote[1] }

// endsValue reports whether a value that s goes on after is over.
func endsValue(s string) bool {
	return s == "" || s[0] <= ' ' || strings.IndexByte(";,:)]}&<>/\\\"'", s[0]) >= 0
}

// longestPassword is how far a rule looks ahead for the end of a password.
const longestPassword = 256

// inURL returns the end of a parameter's value in a URL or a form; encoded
// says that the whole URL is.
func (v *value) inURL(encoded bool) int {
	for i := v.from; i < len(v.s); i++ {
		switch c := v.s[i]; {
		case strings.HasPrefix(v.s[i:], Marker):
			i += len(Marker) - 1
		case c <= ' ', strings.IndexByte(`&#"'<>;\`, c) >= 0:
			return v.endsAt(i)
		case encoded && (hasFold(v.s[i:], "%26") || hasFold(v.s[i:], "%22") || hasFold(v.s[i:], "%20")):
			return v.endsAt(i)
		}
	}
	return v.endsAt(len(v.s))
}

// inConnectionString returns the end of a value in a connection string: the
// next semicolon, usually. inBraces says that a brace opened the whole.
func (v *value) inConnectionString(inBraces bool) int {
	if end, ok := v.quoted(); ok {
		return end
	}
	if end, ok := v.inBraces(); ok {
		return end
	}
	for i := v.from; i < len(v.s); i++ {
		switch c := v.s[i]; {
		case c == ';', c == '\n', c == '\r', c == '}' && inBraces, c == '<' && strings.HasPrefix(v.s[i:], "</"):
			return v.endsAt(i)
		case c == '&' && isParameter(v.s[i+1:]) && !reachesSemicolon(v.s[i+1:]):
			return v.endsAt(i)
		case isQuote(c) && (v.s[i-1] == '\\' || !continues(v.s[i+1:])) && v.isClosed(i):
			for i > v.from && v.s[i-1] == '\\' {
				i--
			}
			return v.endsAt(i)
		}
	}
	return v.endsAt(len(v.s))
}

// isClosed reports whether the quote at i ends the string that the whole
// connection string is in. Else it is part of a password.
func (v *value) isClosed(i int) bool {
	return strings.IndexByte(v.quotes, v.s[i]) >= 0 || v.s[i] == '"' && i+1 < len(v.s) && strings.IndexByte(",]}", v.s[i+1]) >= 0
}

// inBraces returns the end of a value in braces, as ODBC has them: {a;b}}c}.
func (v *value) inBraces() (end int, ok bool) {
	if v.from == len(v.s) || v.s[v.from] != '{' {
		return 0, false
	}
	for i := v.from + 1; i < min(len(v.s), v.from+longestPassword); i++ {
		switch {
		case v.s[i] != '}':
		case i+1 == len(v.s), v.s[i+1] == ';':
			return i + 1, true
		case v.s[i+1] == '}':
			i++
		}
	}
	return 0, false
}

// reachesSemicolon reports whether a semicolon comes before anything that a
// form can't hold: then s is no form, but goes on with a password.
func reachesSemicolon(s string) bool {
	s = strings.ReplaceAll("&"+s[:min(len(s), longestPassword)], "&amp;", "&")
	at := strings.IndexAny(s, "; \t\r\n\"'<>")
	return at >= 0 && s[at] == ';'
}

// inProse returns the end of a value in a sentence.
func (v *value) inProse() int {
	if end, ok := v.quoted(); ok {
		return end
	}
	for i := v.from; i < len(v.s); i++ {
		switch c := v.s[i]; {
		case strings.HasPrefix(v.s[i:], Marker):
			i += len(Marker) - 1
		case c <= ' ', strings.IndexByte(`;"'<>\`, c) >= 0, c == '&' && isParameter(v.s[i+1:]):
			return v.endsAt(i)
		}
	}
	return v.endsAt(len(v.s))
}

// inObject returns the end of a member's value in JSON within a text, where
// that is no object and no array.
func (v *value) inObject() int {
	if end, ok := v.quoted(); ok {
		return end
	}
	return v.until(",}] \t\r\n")
}

// holdsAny reports whether the value is an object or an array of JSON or the
// like that is not empty. isMember says that its name is quoted; else
// a bracket alone doesn't show that it is one.
func (v *value) holdsAny(isMember bool) bool {
	if v.from == len(v.s) || v.s[v.from] != '{' && v.s[v.from] != '[' {
		return false
	}
	rest := strings.TrimLeft(v.s[v.from+1:min(len(v.s), v.from+longestName)], " \t\r\n")
	if rest == "" || rest[0] == v.s[v.from]+2 { // the closing one
		return false
	}
	return isMember || isQuote(rest[0]) || rest[0] == '\\'
}

// isAddress reports whether the value begins like a code of Entra ID or an
// address, which tell about a secret and are none.
func (v *value) isAddress() bool {
	s := strings.TrimLeft(v.s[v.from:min(len(v.s), v.from+longestName)], `\"'`)
	return hasFold(s, "AADSTS") || hasFold(s, "http")
}

// isCookie reports whether the value begins with the name of a cookie.
func (v *value) isCookie() bool {
	at := strings.IndexAny(v.s[v.from:min(len(v.s), v.from+longestName)], "=;,:\"<> \t\r\n")
	return at > 0 && v.s[v.from+at] == '='
}

// skipBetween moves over what is between an option and its argument, and
// reports whether both are elements of an array.
func (v *value) skipBetween() bool {
	i := v.from
	for i < len(v.s) && v.s[i] == '\\' {
		i++
	}
	isQuoted := i < len(v.s) && isQuote(v.s[i])
	if isQuoted {
		v.from = i + 1
	}
	begin := v.from
	v.skipBlanks()
	if isQuoted && v.from < len(v.s) && v.s[v.from] == ',' {
		v.from++
		v.skipBlanks()
		return true
	}
	if v.from == begin { // an option alone
		v.from = len(v.s)
	}
	return false
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

// looksRandom reports whether s is more like a password than like a word.
func looksRandom(s string) bool {
	word := strings.TrimRight(s, ".,:;!?)")
	if len(word) < 4 || word == Marker {
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
	return isMasked(s)
}

// isMasked reports whether s is what services show for a secret: asterisks.
func isMasked(s string) bool { return strings.Trim(s, "*") == "" }

// isNumber reports whether s is a short number, in a sentence maybe.
func isNumber(s string) bool {
	s = strings.TrimRight(s, ".,:;!?)")
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return len(s) <= 12
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isQuote(c byte) bool { return c == '"' || c == '\'' }

func isHex(c byte) bool   { return isDigit(c) || 'a' <= c|' ' && c|' ' <= 'f' }
func isAlnum(c byte) bool { return isDigit(c) || 'a' <= c|' ' && c|' ' <= 'z' }

func isUpperOrDigit(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'Z' }

// isBase64Byte reports whether c may be part of base64, of either alphabet.
func isBase64Byte(c byte) bool { return isAlnum(c) || strings.IndexByte("+/=-_", c) >= 0 }

// isName reports whether c may be part of a name. Letters that are not ASCII may
// be those of a language.
func isName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || c == '_' || c == '-' || c == '.' || c == '$' || 0x80 <= c && c <= 0xD4
}

// isTokenByte reports whether c may be part of a JSON Web Token.
func isTokenByte(c byte) bool { return isAlnum(c) || c == '_' || c == '-' || c == '.' }

// isAll reports whether each byte of s is of a kind.
func isAll(s string, kind func(byte) bool) bool {
	for i := range len(s) {
		if !kind(s[i]) {
			return false
		}
	}
	return true
}

// looksLikeToken reports whether s is as long as a key or a token, and as
// mixed.
func looksLikeToken(s string) bool {
	const least = 20
	return len(s) >= least && strings.ContainsAny(s, "0123456789") && strings.ContainsFunc(s, func(c rune) bool { return 'a' <= c|' ' && c|' ' <= 'z' })
}

// hasSuffixFold is hasFold for the end of s.
func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// hasFold reports whether s begins with prefix, without regard to the case of
// ASCII letters.
func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
