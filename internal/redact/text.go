package redact

import "strings"

// triggers are the bytes at which secretAt finds something to do.
const triggers = "=%:<>ebB-~"

// redactText applies the rules for texts, from left to right. Each rule
// starts at a byte that it can't do without. isParsed says that the JSON
// within the text has been looked into already.
func (r *Redactor) redactText(s string, depth int, isParsed bool) string {
	t := text{r: r, s: s, depth: depth, isParsed: isParsed}
	for i := 0; i < len(s); {
		switch {
		case s[i] == '{', s[i] == '[':
			i = t.embedded(i)
			continue
		case !r.triggers[s[i]]:
			i++
			continue
		case strings.HasPrefix(s[i:], Marker):
			i += len(Marker)
			continue
		}
		from, to := t.secretAt(i)
		if from == to || s[from:to] == Marker {
			i = max(i+1, to)
			continue
		}
		to = t.beyondJSON(from, t.beyondRules(from, to))
		t.replace(from, to, Marker)
		i = to
	}
	if t.done == 0 {
		return s
	}
	t.out.WriteString(s[t.done:])
	return t.out.String()
}

// text is a text that is being looked through.
type text struct {
	r        *Redactor
	s        string
	depth    int
	isParsed bool
	out      strings.Builder
	done     int     // the end of the last secret: nothing before it is looked at again
	parsed   int     // the end of the last JSON: no bracket before it begins another
	tag      secrecy // of the element of XML whose tag is open
	quotes   quotes
}

// replace puts something in the place of s[from:to].
func (t *text) replace(from, to int, with string) {
	t.out.WriteString(t.s[t.done:from])
	t.out.WriteString(with)
	t.quotes.skip(t.s, from, to)
	t.done = to
}

// secretAt returns where the secret is that a rule finds from the byte at i,
// which lies at i or after it. from equals to when there is none.
func (t *text) secretAt(i int) (from, to int) {
	switch t.s[i] {
	case '=':
		return t.assigned(i, i+1)
	case '%':
		if hasFold(t.s[i:], "%3d") {
			return t.assigned(i, i+3)
		}
	case ':':
		if strings.HasPrefix(t.s[i:], "://") {
			return t.userInfo(i)
		}
		return t.labelled(i)
	case '<':
		t.tag = tagAt(t.s[i+1:])
	case '>':
		return t.element(i)
	case 'e':
		return t.webToken(i)
	case 'b', 'B':
		return t.bearer(i)
	case '-':
		if strings.HasPrefix(t.s[i:], "-----BEGIN ") {
			return t.privateKey(i)
		}
		return t.option(i)
	case '~':
		return t.clientSecret(i)
	}
	return 0, 0
}

// mostWithin is how many secrets within another one are looked for: each may
// reach far.
const mostWithin = 8

// beyondRules returns the end of a secret, or of another one that begins within
// it and reaches further, as in "pass= Cookie: a=b; c=d", or whose name is the
// end of it: without that, nothing would tell what the rest of it is.
func (t *text) beyondRules(from, to int) int {
	quotes := t.quotes
	for i, found := from, 0; i < len(t.s) && found < mostWithin; i++ {
		if i > to && strings.IndexByte("\"'\\ ", t.s[i-1]) < 0 {
			break // only these may stand between it and the colon after a name
		}
		if !t.r.triggers[t.s[i]] || i >= to && t.s[i] != ':' {
			continue
		}
		if begin, end := t.secretAt(i); begin < end {
			found++
			to = max(to, end)
		}
	}
	t.quotes = quotes
	return to
}

// name returns the name that ends before the byte at end, where it begins,
// and the quote that closes it, with the backslashes before it, or the same
// quote, as CSV has it; "" without.
func (t *text) name(end int) (name string, start int, quote string) {
	if end > t.done && isQuote(t.s[end-1]) {
		start = end - 1
		if start > t.done && t.s[start-1] == t.s[start] {
			start--
		}
		for start > t.done && t.s[start-1] == '\\' {
			start--
		}
		quote, end = t.s[start:end], start
	}
	start = end
	for start > t.done && end-start < longestName && isName(t.s[start-1]) {
		start--
	}
	return t.s[start:end], start, quote
}

// assigned finds the secret after an equals sign at equals, which may be
// written as %3D; after is what follows it.
func (t *text) assigned(equals, after int) (from, to int) {
	end := t.backOverBlanks(equals, mostBlanks)
	name, start, _ := t.name(end)
	encoded := t.s[equals] == '%'
	if start > t.done && t.s[start-1] == '%' && len(name) > 2 { // &name or ?name in an encoded URL
		name, start, encoded = name[2:], start+2, true
	}
	before := t.backOverBlanks(start, 3)
	inURL := encoded || before > t.done && (t.s[before-1] == '?' || t.s[before-1] == '&')
	kind := isSecret(name)
	if kind == public && name != "" && before > t.done && t.s[before-1] != '?' && start > before {
		// "Account Key=": connection strings have names with blanks.
		first, firstStart, _ := t.name(before)
		if joins(first, name) {
			kind = isSecret(first + name)
		}
		if kind != public {
			before = t.backOverBlanks(firstStart, 3)
		}
	}
	isCode := kind == public && inURL && strings.EqualFold(name, "code") // how Azure Functions name a key
	if kind == public && !isCode || end < equals && strings.EqualFold(name, "token") {
		return 0, 0 // "unexpected token = in line 1" is about another kind of token
	}
	v := value{s: t.s, from: after}
	if v.skipBlanks(); !inURL && v.holdsAny(false) {
		if refers(t.s, v.from) {
			return 0, 0 // its members are looked at
		}
		return v.from, bracketEnd(t.s, v.from)
	}
	switch {
	case inURL:
		v.from = after
		to = v.inURL(encoded)
	case before == t.done || strings.IndexByte(";{'\"", t.s[before-1]) >= 0 || leadsPair(t.s[after:]):
		v.quotes = t.quotes.openAt(t.s, start)
		if before > t.done && isQuote(t.s[before-1]) {
			v.quotes += t.s[before-1 : before]
		}
		to = v.inConnectionString(before > t.done && t.s[before-1] == '{')
	default:
		to = v.inProse()
	}
	if hidden := t.s[v.from:to]; kind == guarded && isNumber(hidden) || isNothing(hidden) || isCode && len(hidden) < 20 {
		return 0, 0
	}
	return v.from, to
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

// labelled finds the secret after a colon: a member of JSON that stands in a
// text, whole or cut, a header, a line of a list, or a password that is said
// to be one.
func (t *text) labelled(colon int) (from, to int) {
	end := t.backOverBlanks(colon, mostBlanks)
	name, start, quote := t.name(end)
	kind := isSecret(name)
	if kind == public {
		return 0, 0
	}
	v := value{s: t.s, from: colon + 1}
	v.skipBlanks()
	isListed := false
	switch {
	case v.holdsAny(quote != ""):
		if refers(t.s, v.from) {
			return 0, 0 // its members are looked at
		}
		return v.from, bracketEnd(t.s, v.from)
	case quote != "":
		if to = v.inObject(); to > v.from && (t.s[v.from] == '{' || t.s[v.from] == '[') {
			return 0, 0 // empty, or nothing is left of it
		}
	case colon-end >= 2 && (start == 0 || t.s[start-1] == '\n'): // PowerShell's Format-List
		isListed = true
		v.from = colon + 1 + len(t.s[colon+1:]) - len(strings.TrimLeft(t.s[colon+1:], " \t"))
		to = v.until("\r\n")
	default:
		return t.labelledInProse(v, strings.ToLower(name), kind)
	}
	hidden := t.s[v.from:to]
	if kind == guarded && isNumber(hidden) || isNothing(hidden) || isListed && hidden == "System.Security.SecureString" {
		return 0, 0
	}
	return v.from, to
}

// labelledInProse finds the secret v after a name and a colon in a sentence,
// or in a header.
func (t *text) labelledInProse(v value, name string, kind secrecy) (from, to int) {
	if strings.HasSuffix(name, "cookie") {
		if !v.isCookie() {
			return 0, 0 // "failed to parse cookie: session expired"
		}
		return v.from, v.until("\r\n\"<")
	}
	isKnown := strings.HasSuffix(name, "authorization") && v.skipScheme()
	if !isKnown && v.isAddress() {
		return 0, 0 // "failed to get a token: AADSTS700016"
	}
	// What is refused further down must not be long: it is looked at again.
	if strings.HasSuffix(name, "token") && !strings.ContainsAny(t.s[v.from:min(len(t.s), v.from+longestName)], "0123456789") {
		return 0, 0 // "unexpected token: Newtonsoft.Json"
	}
	to = v.inProse()
	hidden := t.s[v.from:to]
	switch {
	case isKnown && !isWord(hidden):
		return v.from, to
	case !looksRandom(hidden), kind == guarded && isNumber(hidden):
		return 0, 0 // "Invalid password: it must have a digit"
	case strings.HasSuffix(name, "token") && (len(hidden) < 16 || !strings.ContainsAny(hidden, "0123456789")):
		return 0, 0
	}
	return v.from, to
}

// option finds the secret after an option of a command line, as in
// --password p1, also where both are elements of an array.
func (t *text) option(dash int) (from, to int) {
	if dash > t.done && isName(t.s[dash-1]) {
		return 0, 0
	}
	end := dash
	for end < len(t.s) && end-dash < longestName && isName(t.s[end]) {
		end++
	}
	name := t.s[dash:end]
	kind := isSecret(name)
	if kind == public {
		return 0, 0
	}
	v := value{s: t.s, from: end}
	isElement := v.skipBetween()
	if v.from == len(t.s) || !isElement && strings.IndexByte(t.s[end:v.from], '\n') >= 0 {
		return 0, 0
	}
	isPlain := false
	switch end, isQuoted := v.quoted(); {
	case isQuoted:
		to = end
	case isElement, t.s[v.from] == '-':
		return 0, 0
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
		return 0, 0 // "the option --password must be given"
	}
	return v.from, to
}

// isPlaceholder reports whether an argument stands for another, as in "usage:
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

// tagAt returns what the name of an element of XML makes of its content; s is
// what follows the bracket that opens its tag.
func tagAt(s string) secrecy {
	end := 0
	for end < len(s) && end < longestName && (isName(s[end]) || s[end] == ':') {
		end++
	}
	name, rest := s[:end], s[end:min(len(s), end+longestName)]
	if at := strings.IndexAny(rest, "=<>"); at < 0 || rest[at] == '<' || rest[at] == '>' && strings.TrimSpace(rest[:at]) != "" {
		return public // "if a <token and b> c"
	}
	return isSecret(name[strings.LastIndexByte(name, ':')+1:])
}

// element finds the secret in an element of XML, whose tag ends at end.
func (t *text) element(end int) (from, to int) {
	kind := t.tag
	t.tag = public
	if kind == public || t.s[end-1] == '/' {
		return 0, 0
	}
	v := value{s: t.s, from: end + 1}
	if to = v.until("<"); strings.HasPrefix(t.s[v.from:], "<![CDATA[") {
		v.from += len("<![CDATA[")
		if to = len(t.s); strings.Contains(t.s[v.from:], "]]>") {
			to = v.from + strings.Index(t.s[v.from:], "]]>")
		}
	}
	if hidden := strings.TrimSpace(t.s[v.from:to]); kind == guarded && isNumber(hidden) || isNothing(hidden) {
		return 0, 0
	}
	return v.from, to
}

// webToken finds a JSON Web Token: JSON in base64 begins with eyJ.
func (t *text) webToken(i int) (from, to int) {
	if !strings.HasPrefix(t.s[i:], "eyJ") || i > t.done && isTokenByte(t.s[i-1]) {
		return 0, 0
	}
	dots := 0
	for to = i; to < len(t.s) && isTokenByte(t.s[to]); to++ {
		if t.s[to] == '.' {
			dots++
		}
	}
	if dots == 0 || to-i < 20 {
		return 0, 0
	}
	return i, to
}

// bearer finds what follows the word Bearer, unless it is a word too, as in
// "Bearer authorization_uri=…" and "the bearer token is invalid".
func (t *text) bearer(i int) (from, to int) {
	if i+1 >= len(t.s) || t.s[i+1]|' ' != 'e' || !hasFold(t.s[i:], "bearer") || i > t.done && isName(t.s[i-1]) {
		return 0, 0
	}
	from = i + len("bearer")
	switch {
	case hasFold(t.s[from:], "%20"):
		from += 3
	case from < len(t.s) && (t.s[from] == ' ' || t.s[from] == '+'):
		from++
	default:
		return 0, 0
	}
	v := value{s: t.s, from: from}
	v.skipBlanks()
	to = v.from
	for to < len(t.s) && (isTokenByte(t.s[to]) || strings.IndexByte("~+/=", t.s[to]) >= 0) {
		to++
	}
	token := t.s[v.from:to]
	if len(token) < 8 || len(token) < 30 && !strings.ContainsAny(token, "0123456789") {
		return 0, 0
	}
	if name, isAssigned := strings.CutSuffix(token, "="); isAssigned && to < len(t.s) && isQuote(t.s[to]) && isAll(name, isName) {
		return 0, 0
	}
	return v.from, to
}

// privateKey finds a private key in PEM, whole or cut.
func (t *text) privateKey(i int) (from, to int) {
	const begin, end = "-----BEGIN ", "-----END "
	kind, _, ok := strings.Cut(t.s[i+len(begin):min(len(t.s), i+len(begin)+50)], "-----")
	if !ok || !strings.HasSuffix(kind, "PRIVATE KEY") {
		return 0, 0
	}
	to = len(t.s)
	if at := strings.Index(t.s[i:], end+kind+"-----"); at >= 0 {
		to = i + at + len(end+kind+"-----")
	}
	return i, to
}

// clientSecret finds a secret as Entra ID makes them for applications: three
// characters, a digit, "Q~" and 31 to 34 more.
func (t *text) clientSecret(i int) (from, to int) {
	const before, least = 5, 31 // of what stands before the tilde, and after
	if i-before < t.done || i+least >= len(t.s) || t.s[i-1] != 'Q' || !isDigit(t.s[i-2]) || !isAll(t.s[i-before:i-2], func(c byte) bool { return isTokenByte(c) || c == '~' }) {
		return 0, 0
	}
	to = i + 1
	for to < len(t.s) && (isTokenByte(t.s[to]) || t.s[to] == '~') {
		to++
	}
	if to-i <= least {
		return 0, 0
	}
	return i - before, to
}

// userInfo finds the password in scheme://user:password@host, and what stands
// there alone before a web host, where it is a token. In wasbs://container@
// and abfss://filesystem@ it is a name.
func (t *text) userInfo(colon int) (from, to int) {
	start := colon + len("://")
	from, to = start, -1
	hasUser := false
scan:
	for i := start; i < len(t.s); {
		if strings.HasPrefix(t.s[i:], Marker) {
			i += len(Marker)
			continue
		}
		switch c := t.s[i]; {
		case c == '@':
			to = i
		case c == ':' && !hasUser:
			from, hasUser = i+1, true
		case (c == ';' || c == ',') && (!hasUser || from <= i && isNumber(t.s[from:i])):
			break scan // after the host, or its port
		case c <= ' ', strings.IndexByte(`/?#"'\<>`, c) >= 0:
			break scan
		}
		i++
	}
	if to < 0 {
		return 0, 0
	}
	if !hasUser || from > to {
		from = start
		if scheme, _, _ := t.name(colon); !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
			return 0, 0
		}
	}
	return from, to
}

// mostBlanks is how many may stand between a name and its sign: lists line
// their values up.
const mostBlanks = 40

// backOverBlanks returns the end of what stands before at most so many blanks
// that end at end.
func (t *text) backOverBlanks(end, most int) int {
	for range most {
		if end == t.done || t.s[end-1] != ' ' && t.s[end-1] != '\t' {
			break
		}
		end--
	}
	return end
}
