package redact

import "strings"

// name returns the name that ends before the byte at end, where it begins,
// and the quote that closes it, with the backslashes before it, or the same
// quote, as CSV has it; "" without.
func (t *text) name(end int) (name string, start int, quote string) {
	if end > 1 && t.s[end-1] == ']' && isQuote(t.s[end-2]) {
		end-- // environ["NAME"]
	}
	if end > 0 && isQuote(t.s[end-1]) {
		start = end - 1
		if start > 0 && t.s[start-1] == t.s[start] {
			start--
		}
		for start > 0 && t.s[start-1] == '\\' {
			start--
		}
		quote, end = t.s[start:end], start
	}
	start = end
	for start > 0 && end-start < longestName && isName(t.s[start-1]) {
		start--
	}
	return t.s[start:end], start, quote
}

// assigned finds the secret after an equals sign at equals, which may be
// written as %3D; after is what follows it.
func (t *text) assigned(equals, after int) span {
	end := t.backOverBlanks(equals, mostBlanks)
	if equals > 0 && t.s[equals-1] == ':' { // :=
		end = t.backOverBlanks(equals-1, mostBlanks)
	}
	if after < len(t.s) && t.s[after] == '>' { // =>
		after++
	}
	name, start, _ := t.name(end)
	encoded := t.s[equals] == '%'
	if start > 0 && t.s[start-1] == '%' && len(name) > 2 && isHex(name[0]) && isHex(name[1]) && (hasFold(name, "26") || hasFold(name, "3f") || isSecret(name) == public) {
		name, start, encoded = name[2:], start+2, true // &name or ?name in an encoded URL
	}
	before := t.backOverBlanks(start, 3)
	inURL := encoded || start > 0 && (t.s[start-1] == '?' || t.s[start-1] == '&') && after < len(t.s) && !isBlank(t.s[after]) && !isQuote(t.s[after])
	kind := isSecret(name)
	if kind == public && name != "" && before > 0 && t.s[before-1] != '?' && start > before {
		// "Account Key=": connection strings have names with blanks.
		first, firstStart, _ := t.name(before)
		if joins(first, name) {
			kind = isSecret(first + name)
		}
		if kind != public {
			before = t.backOverBlanks(firstStart, 3)
		}
	}
	// Names that are those of secrets only where a key follows: code is how
	// Azure Functions name one, key how Google does.
	isLong := kind == public && (inURL && isOne(strings.ToLower(name), "code", "key", "auth", "k") || hasSuffixFold(name, "signature"))
	if kind == public && !isLong || end < equals && strings.EqualFold(name, "token") {
		return span{} // "unexpected token = in line 1" is about another kind of token
	}
	var to int
	v := t.value(after)
	if v.skipBlanks(); !inURL && v.holdsAny(false) {
		if refers(t.s, v.from) {
			return span{} // its members are looked at
		}
		return span{at: start, from: v.from, to: bracketEnd(t.s, v.from)}
	}
	switch {
	case inURL:
		v.from = after
		to = v.inURL(encoded)
	case before == 0 || strings.IndexByte(";{'\"", t.s[before-1]) >= 0 || leadsPair(t.s[after:]):
		v.quotes = t.quotes.openAt(t.s, start)
		if before > 0 && isQuote(t.s[before-1]) {
			v.quotes += t.s[before-1 : before]
		}
		to = v.inConnectionString(before > 0 && t.s[before-1] == '{')
	default:
		to = v.inProse()
	}
	if hidden := t.s[v.from:to]; kind == guarded && isNumber(hidden) || isNothing(hidden) || isLong && !looksLikeToken(hidden) {
		return span{}
	}
	return span{at: start, from: v.from, to: to}
}

// joins reports whether two words can be one name. What already is the name of
// a secret, or of something about one, doesn't lend it to the next word, as in
// "<Password type=" and "<PasswordPolicy xmlns=".
func joins(first, second string) bool {
	n := normalName(nil, first)
	return !hasAny(n, "password", "secret", "credential", "connectionstring") || normalName(nil, second) == ""
}

// leadsPair reports whether a value that s begins with is followed by the next
// pair of a connection string.
func leadsPair(s string) bool {
	at := strings.IndexAny(s[:min(len(s), longestPassword)], "; \t\r\n")
	return at >= 0 && s[at] == ';' && (at+1 == len(s) || isParameter(s[at+1:]))
}

// labelled finds the secret after a colon: a member of JSON in a
// text, whole or cut, a header, a line of a list, or a password that is said
// to be one.
func (t *text) labelled(colon int) span {
	end := t.backOverBlanks(colon, mostBlanks)
	name, start, quote := t.name(end)
	kind := isSecret(name)
	if kind == public && quote == "" && isOne(strings.ToLower(name), "key", "provided", "given", "used", "supplied", "received") {
		return t.keyInProse(colon, start)
	}
	if kind == public {
		return span{}
	}
	var to int
	v := t.value(colon + 1)
	v.skipBlanks()
	isListed := false
	switch {
	case v.holdsAny(quote != ""):
		if refers(t.s, v.from) {
			return span{} // its members are looked at
		}
		return span{at: start, from: v.from, to: bracketEnd(t.s, v.from)}
	case quote != "":
		if to = v.inObject(); to > v.from && (t.s[v.from] == '{' || t.s[v.from] == '[') {
			return span{} // empty, or nothing is left of it
		}
	case colon-end >= 2 && (start == 0 || t.s[start-1] == '\n'): // PowerShell's Format-List
		isListed = true
		v.from = colon + 1 + len(t.s[colon+1:]) - len(strings.TrimLeft(t.s[colon+1:], " \t"))
		to = v.until("\r\n")
	default:
		return t.labelledInProse(v, start, strings.ToLower(name), kind)
	}
	hidden := t.s[v.from:to]
	if kind == guarded && isNumber(hidden) || isNothing(hidden) || isListed && hidden == "System.Security.SecureString" {
		return span{}
	}
	return span{at: start, from: v.from, to: to}
}

// keyInProse finds the key after a name of some words, as in "API key: x" and
// "Invalid API key provided: x", the last of which begins at last.
func (t *text) keyInProse(colon, last int) span {
	start, name := last, ""
	if word := t.s[last:min(len(t.s), last+3)]; strings.EqualFold(word, "key") {
		name = "key"
	}
	for range 2 {
		end := t.backOverBlanks(start, 1)
		if end == start {
			break
		}
		var word string
		if word, start, _ = t.name(end); word == "" {
			break
		}
		if name = word + name; isSecret(name) != public {
			v := t.value(colon + 1)
			v.skipBlanks()
			to := v.inProse()
			if !looksLikeToken(t.s[v.from:to]) {
				break
			}
			return span{at: start, from: v.from, to: to}
		}
	}
	return span{}
}

// labelledInProse finds the secret v after a name and a colon in a sentence,
// or in a header.
func (t *text) labelledInProse(v value, start int, name string, kind secrecy) span {
	if strings.HasSuffix(name, "cookie") {
		if !v.isCookie() {
			return span{} // "failed to parse cookie: session expired"
		}
		return span{at: start, from: v.from, to: v.until("\r\n\"<")}
	}
	isKnown := false
	if strings.HasSuffix(name, "authorization") {
		switch scheme := v.skipScheme(); {
		case isOne(scheme, "digest", "hmac-sha256", "oauth", "signature"), strings.HasPrefix(scheme, "aws4-"):
			return span{at: start, from: v.from, to: v.until("\r\n")} // many parts, some of them quoted
		case isOne(scheme, "basic", "bearer", "sharedkey", "sharedkeylite", "sharedaccesssignature", "negotiate", "token", "ntlm", "apikey", "genericKey"):
			isKnown = true
		}
	}
	if !isKnown && v.isAddress() {
		return span{} // "failed to get a token: AADSTS700016"
	}
	// What is refused further down must not be long: it is looked at again.
	if strings.HasSuffix(name, "token") && !strings.ContainsAny(t.s[v.from:min(len(t.s), v.from+longestName)], "0123456789") {
		return span{} // "unexpected token: Newtonsoft.Json"
	}
	to := v.inProse()
	hidden := t.s[v.from:to]
	switch {
	case isKnown && !isWord(hidden):
		return span{at: start, from: v.from, to: to}
	case !looksRandom(hidden), kind == guarded && isNumber(hidden):
		return span{} // "Invalid password: it must have a digit"
	case strings.HasSuffix(name, "token") && (len(hidden) < 16 || !strings.ContainsAny(hidden, "0123456789")):
		return span{}
	}
	return span{at: start, from: v.from, to: to}
}

// option finds the secret after an option of a command line, as in
// --password p1, also where both are elements of an array.
func (t *text) option(dash int) span {
	if dash > 0 && isName(t.s[dash-1]) {
		return span{}
	}
	end := dash
	for end < len(t.s) && end-dash < longestName && isName(t.s[end]) {
		end++
	}
	name := t.s[dash:end]
	kind := isSecret(name)
	if kind == public {
		return span{}
	}
	var to int
	v := t.value(end)
	isElement := v.skipBetween()
	if v.from == len(t.s) || !isElement && strings.IndexByte(t.s[end:v.from], '\n') >= 0 {
		return span{}
	}
	isPlain := false
	switch end, isQuoted := v.quoted(); {
	case isQuoted:
		to = end
	case isElement, t.s[v.from] == '-':
		return span{}
	case t.s[v.from] == '(':
		if to = v.until(")\r\n"); to < len(t.s) && t.s[to] == ')' {
			to++
		}
	default:
		to = v.inProse()
		if at := strings.IndexByte(t.s[v.from:to], '`'); at >= 0 { // of Markdown
			to = v.from + at
		}
		hidden := t.s[v.from:to]
		isPlain = isWord(hidden) && !endsArgument(t.s[to:]) || isOne(hidden, "or", "and", "is") || isPlaceholder(hidden)
	}
	if hidden := t.s[v.from:to]; isPlain || isNothing(hidden) || kind == guarded && isNumber(hidden) {
		return span{} // "the option --password must be given"
	}
	return span{at: dash, from: v.from, to: to}
}

// isPlaceholder reports whether an argument is a placeholder, as in "usage:
// run [--password PASSWORD]".
func isPlaceholder(s string) bool {
	return !strings.ContainsFunc(strings.TrimRight(s, "].,)"), func(c rune) bool { return (c < 'A' || c > 'Z') && c != '_' })
}

// endsArgument reports whether s, after an argument, goes on like a command
// line and not like a sentence.
func endsArgument(s string) bool {
	s = strings.TrimLeft(s[:min(len(s), longestName)], " \t")
	return s == "" || strings.IndexByte("-\r\n\"'\\;&|", s[0]) >= 0
}

// element finds the secret in the element of XML whose tag begins at open: its
// content, where its own name or the name that an attribute gives is that of a
// secret, or the attribute beside such a name.
func (t *text) element(open int) span {
	begin := open + 1
	end := begin
	for end < len(t.s) && end-begin < longestName && (isName(t.s[end]) || t.s[end] == ':') {
		end++
	}
	if end == begin {
		return span{}
	}
	v := t.value(end)
	to := v.until("<>")
	if to == len(t.s) || t.s[to] == '<' {
		return span{} // "if a <token and b"
	}
	tag := t.s[end:to]
	name := t.s[begin:end]
	kind := isSecret(name[strings.LastIndexByte(name, ':')+1:])
	if kind != public && strings.TrimSpace(tag) != "" && !strings.Contains(tag, "=") {
		return span{} // "a <token and b> c"
	}
	if kind == public {
		from, at := attribute(tag, "name", "key", "id")
		if from < 0 || isSecret(tag[from:at]) == public {
			return span{}
		}
		kind = isSecret(tag[from:at])
		if from, at = attribute(tag, "value", "content"); from >= 0 {
			return t.unlessNothing(kind, span{at: open, from: end + from, to: end + at})
		}
	}
	if strings.HasSuffix(tag, "/") {
		return span{}
	}
	v.from = to + 1
	if inner := strings.TrimLeft(t.s[v.from:min(len(t.s), v.from+longestName)], " \t\r\n"); hasFold(inner, "<value>") {
		v.from += strings.IndexByte(t.s[v.from:], '>') + 1
	}
	if hasFold(t.s[v.from:], "<![CDATA[") {
		v.from += len("<![CDATA[")
		return t.unlessNothing(kind, span{at: open, from: v.from, to: v.untilText("]]>")})
	}
	return t.unlessNothing(kind, span{at: open, from: v.from, to: v.until("<")})
}

// unlessNothing returns a span, or none where it hides nothing.
func (t *text) unlessNothing(kind secrecy, found span) span {
	hidden := strings.TrimSpace(t.s[found.from:found.to])
	if kind == guarded && isNumber(hidden) || isNothing(hidden) {
		return span{}
	}
	return found
}

// attribute returns where the value of the first of the attributes is that a
// tag has; -1 without.
func attribute(tag string, names ...string) (from, to int) {
	for _, name := range names {
		for at := 0; ; {
			next := strings.Index(tag[at:], name+"=")
			if next < 0 {
				break
			}
			at += next
			from = at + len(name) + 1
			for from < len(tag) && tag[from] == '\\' {
				from++
			}
			if at == 0 || !isBlank(tag[at-1]) || from == len(tag) || !isQuote(tag[from]) {
				at += len(name)
				continue
			}
			length := strings.IndexAny(tag[from+1:], "\\"+tag[from:from+1])
			if length < 0 {
				length = len(tag) - from - 1
			}
			return from + 1, from + 1 + length
		}
	}
	return -1, -1
}

// mostBlanks is how many may be between a name and its sign: lists line
// their values up.
const mostBlanks = 40

// backOverBlanks returns the end of what comes before at most so many blanks
// that end at end.
func (t *text) backOverBlanks(end, most int) int {
	for range most {
		if end == 0 || t.s[end-1] != ' ' && t.s[end-1] != '\t' {
			break
		}
		end--
	}
	return end
}
