package redact

import (
	"slices"
	"strings"
)

// secrecy says what a name makes of its value.
type secrecy int

const (
	public secrecy = iota
	// guarded hides texts, but not numbers: "accountKey": 17, "tokens": 4096 and
	// "pass": 118 count rows, words and tests, while a key or a token is a text.
	guarded
	secret // hides numbers too
)

// longestName is how much of a name's end is looked at.
const longestName = 96

// isSecret says whether a name is that of a secret, without regard to case
// and separators.
func isSecret(name string) secrecy {
	var space [longestName]byte
	n := normalName(space[:0], name)
	switch {
	case n == "pw" || hasEnd(n, "pw") && isLastWord(name, "pw"):
		return secret
	case len(n) < 3:
		return public
	case hasAny(n, "azureaccountkey", "fsazuresas"): // what Spark is configured with; the account's name follows
		return guarded
	case hasEnd(n, "webhookurl", "webhookuri", "incomingwebhook", "encryptedcredential", "sasuri", "sasurl"):
		return secret // such a URL is the secret itself
	case describes(n):
		return public
	case hasAny(n, "password", "passwd", "passphrase"), strings.Contains(n, "secret") && !strings.Contains(n, "secretar"),
		hasAny(n, "credential", "connectionstring", "connstr"), isOne(n, "pwd", "sas", "sig", "pfx"):
		return secret
	case hasEnd(n, "authorization", "cookie", "cookies", "pwd", "bearer", "jwt", "passcode", "embeddedcert", "clientcertificate", "privatekeycontent", "keyfilecontent", "authheaders", "basicauth", "sharedaccesssignature", "authcode", "authorizationcode"):
		return secret
	case hasEnd(n, "passwort", "kennwort", "losenord", "lösenord", "l\u00d6senord", "senordet", "motdepasse", "passord", "wachtwoord"), hasAny(n, "contraseña", "contraseÑa", "contrasena"), isLastWord(name, "senha"):
		return secret
	case hasEnd(n, "pass") && (isLastWord(name, "pass") && !isOne(wordBefore(name), ordinals()...) || isOne(strings.TrimSuffix(n, "pass"), users()...)):
		return guarded
	case n == "pass", n == "passe", hasEnd(n, "tokens"): // "PASS=118 WARN=0"
		return guarded
	case hasEnd(n, "token"):
		if pages(n) {
			return public
		}
		return guarded
	}
	if n = strings.TrimSuffix(n, "s"); hasEnd(n, "key") && opens(strings.TrimSuffix(n, "key")) {
		return guarded
	}
	return public
}

// normalName returns the end of a name in lower case, without separators, and
// without the number after it: key1 is a key. A "Base64" that is left is cut
// off too, and so is a word that says no more than that it is the value.
func normalName(space []byte, name string) string {
	n := strings.TrimRight(string(appendPlain(space, name)), "0123456789")
	for _, end := range []string{"base", "value", "plaintext", "text", "header"} {
		n = strings.TrimSuffix(n, end)
	}
	return n
}

// appendPlain appends the end of a name in lower case, without separators.
func appendPlain(b []byte, name string) []byte {
	if len(name) > longestName {
		name = name[len(name)-longestName:]
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c >= 0x80:
			b = append(b, c)
		}
	}
	return b
}

// describes reports whether a name says something about a secret instead of
// naming it: secretName, tokenCount, passwordExpiresOn, credentialInSync.
func describes(n string) bool {
	return hasEnd(
		n,
		"name", "names", "id", "ids", "count", "length", "len", "size", "limit", "index", "type", "types", "kind", "mode", "method", "format",
		"version", "versions", "expiry", "expires", "expireson", "expiresat", "expiresin", "expiration", "expirydate", "expirationdate", "created", "updated",
		"changed", "rotated", "rotation", "uri", "url", "endpoint", "path", "file", "store", "reference", "ref", "source", "provider", "issuer", "audience",
		"scope", "scopes", "policy", "required", "enabled", "disabled", "valid", "exists", "present", "insync", "state", "status", "hint", "prompt", "label",
		"title", "description", "field", "fields", "column", "columns", "usage", "used", "error", "errors", "passwordless",
	)
}

// pages reports whether a token's name is of one that is no secret: it pages
// through a list, cancels a call, or is part of an assembly's name.
func pages(n string) bool {
	return hasEnd(
		n, "continuationtoken", "nexttoken", "pagetoken", "pagingtoken", "paginationtoken", "skiptoken", "synctoken", "deltatoken", "changetoken",
		"resumetoken", "watermarktoken", "cancellationtoken", "publickeytoken", "metadatatoken",
	)
}

// opens reports whether the key of something is a secret. Most keys in data
// are not: primary, foreign, partition, row, sort, public, cache.
func opens(of string) bool {
	return hasEnd(
		of, "api", "app", "access", "account", "admin", "auth", "cosmos", "decryption", "encryption", "eventhub", "function", "functions", "hmac", "host",
		"integrationruntime", "iothub", "license", "master", "openai", "private", "search", "servicebus", "shared", "signing", "ssh", "storage",
		"subscription", "symmetric", "webhook", "workspace", "principal", "consumer", "service", "sas", "spn", "db", "instrumentation", "redis",
	)
}

// users are who has a pass in names that are written in one, as dbpass.
func users() []string {
	return []string{"db", "database", "smtp", "mail", "mysql", "pg", "postgres", "sql", "ftp", "sftp", "ssh", "user", "usr", "admin", "root", "my", "login", "proxy", "svc", "service", "key", "keystore", "truststore", "sa", "oracle", "ora", "src", "dst", "http", "ldap", "redis", "rabbitmq", "mongo", "snowflake", "sap"}
}

// ordinals are words before a pass that is a round and no password.
func ordinals() []string {
	return []string{"first", "second", "third", "last", "next", "previous", "one", "two", "single", "multi", "per", "final", "each", "by", "did", "checks", "check", "test", "tests", "boarding", "season", "rows", "quality", "validation"}
}

// isLastWord reports whether the last word of a name, written as in dbPass,
// db_pass or DB_PASS, is the given one. A number after it does not count.
func isLastWord(name, word string) bool {
	name = strings.TrimRight(name, "0123456789")
	if !hasSuffixFold(name, word) {
		return false
	}
	before, last := name[:len(name)-len(word)], name[len(name)-len(word):]
	if before == "" {
		return true
	}
	c := before[len(before)-1]
	return !isAlnum(c) || last[0] < 'a' && ('a' <= c && c <= 'z' || isDigit(c)) && last[1:] == strings.ToLower(last[1:])
}

// wordBefore returns the word before the last one of a name, in lower case.
func wordBefore(name string) string {
	name = strings.TrimRight(name, "0123456789")
	end := len(name) - len("pass")
	for end > 0 && !isAlnum(name[end-1]) {
		end--
	}
	start := end
	for start > 0 && isAlnum(name[start-1]) && (start == end || name[start] < 'A' || name[start] > 'Z' || name[start-1] < 'a') {
		start--
	}
	return strings.ToLower(name[start:end])
}

func hasAny(n string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(n, p) {
			return true
		}
	}
	return false
}

func hasEnd(n string, ends ...string) bool {
	for _, e := range ends {
		if strings.HasSuffix(n, e) {
			return true
		}
	}
	return false
}

func isOne(n string, names ...string) bool { return slices.Contains(names, n) }
