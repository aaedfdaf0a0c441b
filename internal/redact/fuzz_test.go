package redact_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"andon/internal/redact"
)

// FuzzIdempotent demands that valid JSON stays valid, that doing it twice changes
// nothing, and that what is said to be unchanged is.
func FuzzIdempotent(f *testing.F) {
	for _, seed := range []string{
		`{"a":{"pwd":"x","v":[1,2e3,null,"sig=x"]}}`, `"{\"token\":\"x\"}"`, `{"name":"token","value":{"type":"SecureString","value":"p"}}`, `Pwd=x;`,
		`{"password":{"type":"AzureKeyVaultSecret","secretName":"x"}}`, `{"m":"https://u:p@h/?code=0123456789012345678901&x"}`, `[[[["<Pwd>x</Pwd>"]]]]`,
		`{"x0000000":0eAa`, `{"token": "password":"x"}`, `{"input":{"a":{"b":1},"x":2},"output":{"y":"Pwd=1"}}`, `%7B%22pwd%22%3A%22x%22%7D`, `{&quot;pwd&quot;:&quot;x&quot;}`, `eyJwYXNzd29yZCI6Imh1bnRlcjIifQ==`,
	} {
		f.Add([]byte(seed))
	}
	own, err := redact.New(redact.Patterns{Keys: []string{"^x"}, Values: []string{"[0-9]{3}", "e.a"}})
	if err != nil {
		f.Fatal(err)
	}
	allowing, err := redact.New(redact.Patterns{OnlyAllowed: true, Allow: []string{"output.**", "input.a*"}})
	if err != nil {
		f.Fatal(err)
	}
	plain := redact.Default()
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, r := range []*redact.Redactor{plain, own, plain.WithKeys("x", "a")} {
			text, changed := r.Text(string(in))
			if changed == (text == string(in)) {
				t.Fatalf("changed is %t of %q and %q", changed, in, text)
			}
			if again, _ := r.Text(text); again != text {
				t.Fatalf("%q became %q, then %q", in, text, again)
			}
		}
		for _, r := range []*redact.Redactor{plain, own, allowing, plain.WithKeys("x", "a")} {
			before := bytes.Clone(in)
			out, changed := r.ActivityRun(in, redact.Options{})
			if !bytes.Equal(in, before) {
				t.Fatalf("the input was written to: %q became %q", before, in)
			}
			if changed == bytes.Equal(in, out) {
				t.Fatalf("changed is %t of %q and %q", changed, in, out)
			}
			if json.Valid(in) && !json.Valid(out) {
				t.Fatalf("%q is no JSON, of %q", out, in)
			}
			if again, _ := r.ActivityRun(out, redact.Options{}); !bytes.Equal(again, out) {
				t.Fatalf("%q became %q, then %q", in, out, again)
			}
		}
	})
}

// planted are the places in which a secret must be found. A place that ends
// in a text is JSON-encoded before it is tried.
func planted(secret string) (values, texts []string) {
	for _, key := range []string{"password", "Pwd", "client_secret", "accessToken", "X-Api-Key", "connectionString", "authorization", "Set-Cookie", "sasUri", "x-functions-key", "private.key"} {
		values = append(
			values,
			fmt.Sprintf(`{%q:%q}`, key, secret), fmt.Sprintf(`{%q:[%q]}`, key, secret), fmt.Sprintf(`{%q:{"value":%q,"type":"String"}}`, key, secret),
			fmt.Sprintf(`{"name":%q,"value":%q}`, key, secret), fmt.Sprintf(`{"value":%q,"key":%q}`, secret, key), fmt.Sprintf(`{"value":{"v":%q},"variableName":%q}`, secret, key),
		)
		texts = append(texts, fmt.Sprintf(`{"a":1, "%s" : "%s", "b`, key, secret), fmt.Sprintf(`{\"%s\":\"%s\"}`, key, secret))
	}
	values = append(
		values, fmt.Sprintf(`{"x":{"value":%q,"type":"SecureString"}}`, secret), fmt.Sprintf(`{"value":%q,"id":"https://v.vault.azure.net/secrets/a/b"}`, secret),
	)
	texts = append(
		texts, "Server=x;Password="+secret+";n=1", "Server=x;AccountKey="+secret+"==;n=1", "?a=1&sig="+secret+"%3D&b=2", "x%3Fa%26sig%3D"+secret+"%26b", "?code=0123456789"+secret+"&x",
		"Authorization: Bearer "+secret, "Authorization: Basic "+secret, "Bearer "+secret, "amqps://u:"+secret+"@h/x", "https://"+secret+"@h/x", "<Password>"+secret+"</Password>",
		"run --password "+secret+" -x", "run --account-key='"+secret+"'", `["--password","`+secret+`"`, "X-Auth-Token: 0123456789"+secret, "WITH PASSWORD = N'"+secret+"'", "\nPassword    : "+secret,
		`<Password a="b">`+secret+"</Password>", `sent {"password":{"value":"`+secret+`","type":"String"}} off`, `sent {"headers":[{"name":"Authorization","value":"`+secret+`"},{"na`,
		`sent {"type":"SecureString","value":"`+secret, `"secrets":["`+secret,
		"-----BEGIN PRIVATE KEY-----\n"+secret+"\n-----END PRIVATE KEY-----", "eyJ"+secret+"."+secret+"."+secret, "@{a=1; password="+secret+"}", "Cookie: a=b; c="+secret,
	)
	return values, texts
}

// FuzzPlanted hides a secret in every place that is known, and in every sample
// that is hidden alone, with any text around it and wrapped in every way, and
// demands that it is gone.
func FuzzPlanted(f *testing.F) {
	plain := redact.Default()
	var held []sample
	for _, s := range samples(f) {
		clean, _ := plain.JSON([]byte(s.text))
		if !slices.ContainsFunc(s.secrets, func(secret string) bool { return bytes.Contains(clean, []byte(secret)) }) {
			held = append(held, s)
		}
	}
	for i := range len(held) + 100 {
		f.Add(uint16(i), uint8(i), uint8(i/3), []byte{1, 2, 3, 4, byte(i)}, "before", "after")
	}
	for i, around := range []string{`{"a":"`, `"}`, "password='", "' \\\" ;", `["`, "<a b='", "&quot;", "%22", "{", "Cookie: a=b; ", "--", "<redacted>", "password=<redacted>", `{"password":`, "curl -u "} {
		f.Add(uint16(i*7), uint8(i), uint8(0), []byte("abcdef"), around, around)
		f.Add(uint16(i*11), uint8(0), uint8(1), []byte("'&;{}"), around, "after")
	}
	f.Fuzz(func(t *testing.T, place uint16, wrap, wraps uint8, noise []byte, before, after string) {
		secret := "Zq7" + hex.EncodeToString(append(noise, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6))
		if strings.Contains(before+after, "Zq7") || len(noise) > 50 {
			return
		}
		secrets := []string{secret}
		values, texts := planted(secret)
		var text string
		switch n := int(place) % (len(values) + len(texts) + len(held)); {
		case n < len(values):
			text = fmt.Sprintf(`{"before":%s,"v":[%s],"after":%s}`, quoted(t, before), values[n], quoted(t, after))
		case n < len(values)+len(texts):
			text = before + " " + texts[n-len(values)] + " " + after
		default:
			s := held[n-len(values)-len(texts)]
			if slices.ContainsFunc(s.secrets, func(secret string) bool { return strings.Contains(before+after, secret) }) {
				return
			}
			text, secrets = before+" "+s.text+" "+after, s.secrets
		}
		all := wrappings()
		how := all[int(wrap)%len(all)]
		if how.name == "base64" && strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && !unicode.IsSpace(c) || c == 0x7F || c == '\v' || c == '\f' }) {
			return // what is no text is not looked into
		}
		wrapped, secrets := how.wrap(t, sample{text: text, secrets: secrets})
		raw := []byte(wrapped)
		for range wraps % 4 {
			raw = fmt.Appendf(nil, `{"inner":%s}`, quoted(t, string(raw)))
		}
		out, _ := plain.JSON(raw)
		for _, secret := range secrets {
			if bytes.Contains(out, []byte(secret)) {
				t.Fatalf("the secret %s survives:\n%s\nbecame\n%s", secret, raw, out)
			}
		}
		if json.Valid(raw) && !json.Valid(out) {
			t.Fatalf("%s\nbecame\n%s", raw, out)
		}
		if again, changed := plain.JSON(out); changed {
			t.Fatalf("%s\nbecame\n%s\nthen\n%s", raw, out, again)
		}
	})
}

// FuzzPasswords hides passwords of any characters in strings of JSON and in
// quoted values of connection strings, and demands that nothing is left.
func FuzzPasswords(f *testing.F) {
	for i, special := range []string{"''", `"`, "'!", "&c=", ";", "}", `\`, `\'`, "\n", ": ", "{[", `\u00`} {
		f.Add(uint8(i), uint8(i), special, special)
	}
	plain := redact.Default()
	f.Fuzz(func(t *testing.T, place, wraps uint8, first, second string) {
		const head, middle, tail = "Zq7Head", "Zq8Middle", "Zq9Tail"
		password := head + first + middle + second + tail
		double := func(quote string) string { return strings.ReplaceAll(password, quote, quote+quote) }
		member := fmt.Sprintf(`{"password":%s,"n":1}`, quoted(t, password))
		texts := []string{
			"Server=s;Password='" + double("'") + "';n=1", `Server=s;Password="` + double(`"`) + `";n=1`, "WITH PASSWORD = N'" + double("'") + "', x = 1",
			member, "sent " + member + " off", "sent " + member[:len(member)-6], `sent {"n":[{"name":"pwd","value":` + string(quoted(t, password)),
		}
		n := int(place) % len(texts)
		if n < 3 && strings.ContainsAny(password, "\\\r\n") || len(password) > 200 || strings.Contains(password, redact.Marker) {
			return // a backslash may escape in one dialect and not in another
		}
		raw := quoted(t, texts[n])
		for range wraps % 4 {
			raw = fmt.Appendf(nil, `{"inner":%s}`, quoted(t, string(raw)))
		}
		out, _ := plain.JSON(raw)
		for _, part := range []string{head, middle, tail} {
			if bytes.Contains(out, []byte(part)) || !json.Valid(out) {
				t.Fatalf("%s survives:\n%s\nbecame\n%s", part, raw, out)
			}
		}
		if again, changed := plain.JSON(out); changed {
			t.Fatalf("%s\nbecame\n%s\nthen\n%s", raw, out, again)
		}
	})
}

// quoted writes a value as .NET does: with & ' + < > and what is not ASCII
// escaped.
func quoted(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(b, []byte("+"), []byte(`\u002B`))
}
