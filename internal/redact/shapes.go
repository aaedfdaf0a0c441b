package redact

import "strings"

// webToken finds a JSON Web Token: JSON in base64 begins with eyJ.
func (t *text) webToken(i int) span {
	if !strings.HasPrefix(t.s[i:], "eyJ") || i > 0 && isTokenByte(t.s[i-1]) {
		return span{}
	}
	dots, to := 0, i
	for ; to < len(t.s) && isTokenByte(t.s[to]); to++ {
		if t.s[to] == '.' {
			dots++
		}
	}
	if dots == 0 || to-i < 20 {
		return span{}
	}
	return span{at: i, from: i, to: to}
}

// bearer finds what follows the word Bearer, unless it is a word too, as in
// "Bearer authorization_uri=…" and "the bearer token is invalid".
func (t *text) bearer(i int) span {
	v, ok := t.afterScheme(i, len("bearer"))
	if !ok {
		return span{}
	}
	to := v.run(func(c byte) bool { return isTokenByte(c) || strings.IndexByte("~+/=", c) >= 0 })
	token := t.s[v.from:to]
	if len(token) < 8 || len(token) < 30 && !strings.ContainsAny(token, "0123456789") {
		return span{}
	}
	if name, isAssigned := strings.CutSuffix(token, "="); isAssigned && to < len(t.s) && isQuote(t.s[to]) && isAll(name, isName) {
		return span{}
	}
	return span{at: i, from: v.from, to: to}
}

// basic finds what follows the word Basic, where it is a user and a password
// in base64.
func (t *text) basic(i int) span {
	v, ok := t.afterScheme(i, len("basic"))
	if !ok {
		return span{}
	}
	to := v.run(isBase64Byte)
	decoded, ok := decodedBase64(t.s[v.from:to])
	if !ok || !strings.Contains(decoded, ":") {
		return span{} // "Basic authentication"
	}
	return span{at: i, from: v.from, to: to}
}

// afterScheme returns what follows the scheme of so many bytes that begins
// at i; ok is false where it is a part of another word.
func (t *text) afterScheme(i, length int) (v value, ok bool) {
	v = t.value(i + length)
	switch {
	case i > 0 && isName(t.s[i-1]):
		return v, false
	case hasFold(t.s[v.from:], "%20"):
		v.from += 3
	case v.from < len(t.s) && (t.s[v.from] == ' ' || t.s[v.from] == '+'):
		v.from++
	default:
		return v, false
	}
	v.skipBlanks()
	return v, true
}

// privateKey finds a private key in PEM, whole or cut.
func (t *text) privateKey(i int) span {
	const begin, end = "-----BEGIN ", "-----END "
	kind, _, ok := strings.Cut(t.s[min(len(t.s), i+len(begin)):min(len(t.s), i+len(begin)+50)], "-----")
	if !ok || !strings.HasSuffix(kind, "PRIVATE KEY") && !strings.HasSuffix(kind, "PRIVATE KEY BLOCK") {
		return span{}
	}
	v := t.value(i)
	return span{at: i, from: i, to: min(len(t.s), v.untilText(end+kind+"-----")+len(end+kind+"-----"))}
}

// clientSecret finds a secret as Entra ID makes them for applications: three
// characters, a digit, "Q~" and 31 to 34 more.
func (t *text) clientSecret(i int) span {
	const before, least = 5, 31 // of what comes before the tilde, and after
	if i < before || i+least >= len(t.s) || t.s[i-1] != 'Q' || !isDigit(t.s[i-2]) || !isAll(t.s[i-before:i-2], isSecretByte) {
		return span{}
	}
	v := t.value(i + 1)
	to := v.run(isSecretByte)
	if to-i <= least {
		return span{}
	}
	return span{at: i - before, from: i - before, to: to}
}

func isSecretByte(c byte) bool { return isTokenByte(c) || c == '~' }

// storageKey finds a key of 64 bytes in base64, as storage accounts, Cosmos DB
// and Batch have them: 86 characters and two equals signs.
func (t *text) storageKey(i int) span {
	const length = 86
	from := i - length
	if from < 0 || !strings.HasPrefix(t.s[i:], "==") || !isAll(t.s[from:i], isBase64Byte) || strings.IndexByte(t.s[from:i], '=') >= 0 || from > 0 && isBase64Byte(t.s[from-1]) && t.s[from-1] != '=' {
		return span{}
	}
	return span{at: from, from: from, to: i + 2}
}

// userInfo finds the password in scheme://user:password@host, and what is
// alone there before a web host, where it is a token. In wasbs://container@
// and abfss://filesystem@ it is a name.
func (t *text) userInfo(colon int) span {
	start := colon + len("://")
	from, to := start, -1
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
	t.work += max(0, to-start)
	if to < 0 {
		return span{}
	}
	if !hasUser || from > to {
		from = start
		if scheme, _, _ := t.name(colon); !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
			return span{}
		}
	}
	return span{at: colon, from: from, to: to}
}

// shape is the form of a token that is known by its beginning.
type shape struct {
	prefix string
	least  int               // how many bytes follow at least
	of     func(c byte) bool // … of which kind
	what   string
}

// shapes lists tokens that tell by their form what they are, after the rules
// that the services and gitleaks publish.
// https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml
func shapes() []shape {
	return []shape{
		{"dapi", 32, isHex, "Databricks"},
		{"dkea", 32, isHex, "Databricks"},
		{"ghp_", 30, isAlnum, "GitHub"},
		{"gho_", 30, isAlnum, "GitHub"},
		{"ghu_", 30, isAlnum, "GitHub"},
		{"ghs_", 30, isAlnum, "GitHub"},
		{"ghr_", 30, isAlnum, "GitHub"},
		{"github_pat_", 40, isTokenByte, "GitHub"},
		{"glpat-", 20, isTokenByte, "GitLab"},
		{"xoxb-", 20, isTokenByte, "Slack"},
		{"xoxp-", 20, isTokenByte, "Slack"},
		{"xoxa-", 20, isTokenByte, "Slack"},
		{"xoxr-", 20, isTokenByte, "Slack"},
		{"xoxs-", 20, isTokenByte, "Slack"},
		{"xapp-", 20, isTokenByte, "Slack"},
		{"AKIA", 16, isUpperOrDigit, "AWS"},
		{"ASIA", 16, isUpperOrDigit, "AWS"},
		{"sk_live_", 16, isAlnum, "Stripe"},
		{"sk_test_", 16, isAlnum, "Stripe"},
		{"rk_live_", 16, isAlnum, "Stripe"},
		{"whsec_", 16, isBase64Byte, "Stripe"},
		{"SG.", 40, isTokenByte, "SendGrid"},
		{"hf_", 30, isAlnum, "Hugging Face"},
		{"pypi-", 40, isTokenByte, "PyPI"},
		{"hvs.", 20, isTokenByte, "Vault"},
		{"hvb.", 20, isTokenByte, "Vault"},
		{"npm_", 36, isAlnum, "npm"},
		{"AIza", 35, isTokenByte, "Google"},
		{"ya29.", 20, isTokenByte, "Google"},
		{"GOCSPX-", 20, isTokenByte, "Google"},
		{"shpat_", 32, isHex, "Shopify"},
		{"sk-ant-", 30, isTokenByte, "Anthropic"},
		{"sk-proj-", 30, isTokenByte, "OpenAI"},
		{"dop_v1_", 60, isHex, "DigitalOcean"},
		{"lin_api_", 30, isAlnum, "Linear"},
		{"dt0c01.", 60, isTokenByte, "Dynatrace"},
		{"pat_", 40, isTokenByte, "personal access tokens"},
		{"PMAK-", 50, isTokenByte, "Postman"},
		{"AGE-SECRET-KEY-1", 50, isUpperOrDigit, "age"},
	}
}

// find finds a token of this shape that begins at i.
func (k shape) find(t *text, i int) span {
	if !strings.HasPrefix(t.s[i:], k.prefix) || i > 0 && isTokenByte(t.s[i-1]) {
		return span{}
	}
	v := t.value(i + len(k.prefix))
	to := v.run(k.of)
	if to-v.from < k.least || !strings.ContainsAny(t.s[v.from:to], "0123456789") {
		return span{}
	}
	return span{at: i, from: i, to: to}
}
