package redact

import (
	"bytes"
	"strings"
)

// label is what an object says about the value in it.
type label struct {
	names   [][]byte // names beside the value
	isTyped bool     // of a type that only secrets have
}

// note takes in a member.
func (l *label) note(key, value []byte) {
	if len(value) < 2 || value[0] != '"' || len(value) > 1_000 {
		return
	}
	text := value[1 : len(value)-1]
	switch {
	case isKey(key, "name"), isKey(key, "key"), isKey(key, "parameterName"), isKey(key, "headerName"), isKey(key, "variableName"), isKey(key, "header"),
		isKey(key, "field"), isKey(key, "fieldName"), isKey(key, "property"), isKey(key, "propertyName"), isKey(key, "setting"), isKey(key, "settingName"), isKey(key, "@name"), isKey(key, "n"):
		l.names = append(l.names, text)
	case isKey(key, "keyName"): // what listKeys of a storage account answers
		l.isTyped = true
	case isKey(key, "type"):
		l.isTyped = l.isTyped || string(text) == "SecureString" || string(text) == "SecureObject"
	case isKey(key, "id"): // what Key Vault answers for a secret
		l.isTyped = l.isTyped || bytes.Contains(text, []byte(".vault.")) && bytes.Contains(text, []byte("/secrets/"))
	}
}

func (l *label) kind(r *Redactor) secrecy {
	if l.isTyped {
		return secret
	}
	kind := public
	for _, name := range l.names {
		kind = max(kind, r.kindOf(name))
	}
	return kind
}

func isValueName(key []byte) bool {
	return isKey(key, "value") || isKey(key, "defaultValue") || isKey(key, "val") || isKey(key, "content") || isKey(key, "fieldValue") || isKey(key, "propertyValue") || isKey(key, "settingValue") || isKey(key, "#text") || isKey(key, "v") ||
		isKey(key, "variableValue") || isKey(key, "parameterValue") || isKey(key, "headerValue")
}

// listed are members that services answer with their keys in. Their names
// alone say nothing: primaryKey and key1 mostly are those of tables.
type listed int

const (
	primaryKey listed = 1 << iota
	secondaryKey
	key1
	key2
	systemKeys
	hostKeys // masterKey, functionKeys
)

// listing is which of them an object has.
type listing struct{ has listed }

// note takes in a member and returns which of them it is; 0 for none.
func (l *listing) note(key, value []byte) listed {
	var member listed
	switch {
	case isKey(key, "primaryKey"):
		member = primaryKey
	case isKey(key, "secondaryKey"):
		member = secondaryKey
	case isKey(key, "key1"):
		member = key1
	case isKey(key, "key2"):
		member = key2
	case isKey(key, "systemKeys") && value[0] == '{':
		l.has |= systemKeys
		return systemKeys
	case isKey(key, "masterKey"), isKey(key, "functionKeys"):
		l.has |= hostKeys
		return hostKeys
	default:
		return 0
	}
	if !looksLikeKey(value) {
		return 0
	}
	l.has |= member
	return member
}

// secrets returns which of them hold secrets: those that have their like
// beside them.
// https://learn.microsoft.com/rest/api/eventhub/namespaces/list-keys,
// https://learn.microsoft.com/rest/api/aiservices/accountmanagement/accounts/list-keys,
// https://learn.microsoft.com/rest/api/appservice/web-apps/list-host-keys
func (l *listing) secrets() listed {
	var all listed
	for _, pair := range []listed{primaryKey | secondaryKey, key1 | key2, systemKeys | hostKeys} {
		if l.has&pair == pair {
			all |= pair
		}
	}
	return all
}

// looksLikeKey reports whether a value is a string like the keys that Azure
// makes, and not like the name or id of something.
func looksLikeKey(value []byte) bool {
	const least = 20
	if len(value) < least+2 || value[0] != '"' || !bytes.ContainsAny(value, "0123456789") {
		return false
	}
	for _, c := range value[1 : len(value)-1] {
		if !isDigit(c) && (c|' ' < 'a' || c|' ' > 'z') && strings.IndexByte(`+/=\`, c) < 0 {
			return false
		}
	}
	return true
}
