package redact

import "strings"

// triggers are the bytes at which secretAt finds something to do.
const triggers = "=%:>ebB-~"

// redactText applies the rules for texts, from left to right. Each rule
// starts at a byte that it can't do without.
func (r *Redactor) redactText(s string) string {
	t := text{s: s}
	var out strings.Builder
	for i := 0; i < len(s); {
		if !r.triggers[s[i]] {
			i++
			continue
		}
		from, to := t.secretAt(i)
		if from == to || s[from:to] == Marker {
			i = max(i+1, to)
			continue
		}
		out.WriteString(s[t.done:from])
		out.WriteString(Marker)
		i, t.done = to, to
	}
	if t.done == 0 {
		return s
	}
	out.WriteString(s[t.done:])
	return out.String()
}

// text is a text that is being looked through.
type text struct {
	s    string
	done int // the end of the last secret: nothing before it is looked at again
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
	case '>':
		return t.element(i)
	case 'e':
		return t.webToken(i)
	case 'b', 'B':
		return t.bearer(i)
	case '-':
		return t.privateKey(i)
	case '~':
		return t.clientSecret(i)
	}
	return 0, 0
}

// name returns the name that ends before the byte at end, where it begins,
// and the quote that closes it, with the backslashes before it; "" without.
func (t *text) name(end int) (name string, start int, quote string) {
	if end > t.done && isQuote(t.s[end-1]) {
		start = end - 1
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
	end := t.backOverBlanks(equals)
	name, start, _ := t.name(end)
	encoded := t.s[equals] == '%'
	if start > t.done && t.s[start-1] == '%' && len(name) > 2 { // &name or ?name in an encoded URL
		name, start, encoded = name[2:], start+2, true
	}
	before := t.backOverBlanks(start)
	inURL := encoded || before > t.done && (t.s[before-1] == '?' || t.s[before-1] == '&')
	kind := isSecret(name)
	if kind == public && name != "" && before > t.done && t.s[before-1] != '?' && start > before {
		// "Account Key=": connection strings have names with blanks.
		first, firstStart, _ := t.name(before)
		if kind = isSecret(first + name); kind != public {
			before = t.backOverBlanks(firstStart)
		}
	}
	isCode := kind == public && inURL && strings.EqualFold(name, "code") // how Azure Functions name a key
	if kind == public && !isCode || end < equals && strings.EqualFold(name, "token") {
		return 0, 0 // "unexpected token = in line 1" is about another kind of token
	}
	v := value{s: t.s, from: after}
	switch {
	case inURL:
		to = v.inURL(encoded)
	case before == t.done || strings.IndexByte(";{'\"", t.s[before-1]) >= 0:
		v.skipBlanks()
		to = v.inConnectionString(before > t.done && t.s[before-1] == '{')
	default:
		v.skipBlanks()
		to = v.inProse()
	}
	if hidden := t.s[v.from:to]; kind == guarded && isNumber(hidden) || isNothing(hidden) || isCode && len(hidden) < 20 {
		return 0, 0
	}
	return v.from, to
}

// labelled finds the secret after a colon: a member of JSON that stands in a
// text, whole or cut, a header, or a password that is said to be one.
func (t *text) labelled(colon int) (from, to int) {
	name, _, quote := t.name(t.backOverBlanks(colon))
	kind := isSecret(name)
	if kind == public {
		return 0, 0
	}
	v := value{s: t.s, from: colon + 1}
	v.skipBlanks()
	if quote != "" {
		to = v.inObject()
		if hidden := t.s[v.from:to]; kind == guarded && isNumber(hidden) || isNothing(hidden) {
			return 0, 0
		}
		return v.from, to
	}
	switch n := strings.ToLower(name); {
	case strings.HasSuffix(n, "cookie"):
		return v.from, v.until("\r\n\"<")
	case strings.HasSuffix(n, "authorization"):
		isKnown := v.skipScheme()
		if to = v.inProse(); isKnown && !isWord(t.s[v.from:to]) {
			return v.from, to
		}
	case strings.HasSuffix(n, "token"):
		return 0, 0 // "failed to get a token: AADSTS700016"
	default:
		to = v.inProse()
	}
	if hidden := t.s[v.from:to]; !looksRandom(hidden) {
		return 0, 0 // "Invalid password: it must have a digit"
	}
	return v.from, to
}

// element finds the secret in an element of XML, whose tag ends at end.
func (t *text) element(end int) (from, to int) {
	name, start, _ := t.name(end)
	if start == t.done || t.s[start-1] != '<' && t.s[start-1] != ':' {
		return 0, 0
	}
	kind := isSecret(name)
	if kind == public {
		return 0, 0
	}
	v := value{s: t.s, from: end + 1}
	to = v.until("<")
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
	if len(token) < 8 || strings.HasSuffix(token, "=") && to < len(t.s) && isQuote(t.s[to]) || len(token) < 30 && !strings.ContainsAny(token, "0123456789") {
		return 0, 0
	}
	return v.from, to
}

// privateKey finds a private key in PEM, whole or cut.
func (t *text) privateKey(i int) (from, to int) {
	const begin, end = "-----BEGIN ", "-----END "
	if !strings.HasPrefix(t.s[i:], begin) {
		return 0, 0
	}
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
	if i-before < t.done || i+least >= len(t.s) || t.s[i-1] != 'Q' || !isDigit(t.s[i-2]) || !isToken(t.s[i-before:i-2]) {
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

// backOverBlanks returns the end of what stands before the blanks that end at
// end.
func (t *text) backOverBlanks(end int) int {
	for range 3 {
		if end > t.done && (t.s[end-1] == ' ' || t.s[end-1] == '\t') {
			end--
		}
	}
	return end
}
