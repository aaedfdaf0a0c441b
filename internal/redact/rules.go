package redact

import "strings"

// rule is a rule for texts. It starts at a byte or a word that what it looks
// for can't do without.
type rule struct {
	what    string // what it finds
	starts  string // the bytes it starts at
	word    string // what begins with that byte, in lower case; "" for the byte alone
	end     string // where what it finds ends
	find    func(t *text, i int) span
	example string // in which Zq7Secret is found
	keeps   string // in which nothing is
}

// textRules lists the rules for texts, those of shapes included. The order
// does not matter: each looks at the text as it came.
func textRules() []rule {
	rules := []rule{
		{"value after a secret's name and an equals sign", "=", "", "semicolon, quote, or blank, by what comes before the name", func(t *text, i int) span { return t.assigned(i, i+1) }, "Server=x;Password=Zq7Secret1;n=1", "Unexpected token = in line 1"},
		{"the same in an encoded URL", "%", "%3d", "%26, %22, %20 or the URL's end", func(t *text, i int) span { return t.assigned(i, i+3) }, "x%3Fsv%3D1%26sig%3DZq7Secret1%26se%3D2", "x%3Fsv%3D1%26se%3D2"},
		{"value after a secret's name and a colon", ":", "", "closing quote, or blank", (*text).labelled, `{"password": "Zq7Secret1", "n`, "Invalid password: must have a digit"},
		{"password in a URL", ":", "://", "the last @ before the host", (*text).userInfo, "postgres://u:Zq7Secret1@h:5432/db", "wasbs://container@acct.blob.core.windows.net/"},
		{"content of an element of XML", "<", "", "the next tag", (*text).element, `<setting name="ApiKey"><value>Zq7Secret1</value></setting>`, "<PasswordPolicy a=\"b\">strict</PasswordPolicy>"},
		{"argument after an option", "-", "", "closing quote, or blank", (*text).option, "run.py --password Zq7Secret1 --user u", "the option --password must be given"},
		{"JSON Web Token", "e", "eyj", "the first byte that none has", (*text).webToken, "got eyJZq7Secret1.eyJzdWIiOiIxMjM0.dozjgNryP4 back", "eyJhbGciOiJIUzI1NiJ9 without dots"},
		{"token after Bearer", "bB", "bearer", "the first byte that none has", (*text).bearer, "Authorization was Bearer Zq7Secret1", "the bearer token is invalid"},
		{"user and password after Basic", "bB", "basic", "the first byte that is not base64", (*text).basic, "sent Basic dTpacTdTZWNyZXQx to it", "Basic authentication is off"},
		{"private key in PEM", "-", "-----begin ", "its last line", (*text).privateKey, "-----BEGIN PRIVATE KEY-----\nZq7Secret1\n-----END PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----"},
		{"client secret of Entra ID", "~", "", "the first byte that none has", (*text).clientSecret, "the secret Zq78Q~0123456789abcdefghijABCDEFGHIJ-_. was used", "a Q~ in a text, which is short"},
		{"account key of 64 bytes", "=", "==", "itself", (*text).storageKey, "key " + "Zq7Secret1" + strings.Repeat("Ab3/", 19) + "==", strings.Repeat("Ab3/", 11) + "=="},
		{"path of a webhook", ":", "://", "the end of the URL", (*text).webhook, "POST https://hooks.slack.com/services/T0/B0/Zq7Secret1 failed", "GET https://slack.com/api/chat.postMessage failed"},
		{"quoted word after the word password", `'"`, "", "closing quote", (*text).quotedWord, "sign in with password 'Zq7Secret1' failed", "column 'password' is missing, the secret 'sql-pw' was not found"},
		{"word after the word password", "pPkKlLmMsS", "", "blank, bracket or quote", (*text).passwordWord, "the password given was Zq7Secret1, he said", "the password is wrong, the password for user u1 is expired"},
		{"password of a database user", "iI", "identified ", "closing quote, blank or semicolon", (*text).identifiedBy, "CREATE USER etl IDENTIFIED BY Zq7Secret1;", "rows are identified by their key"},
		{"password of a provider's connection", "oO", "open", "closing quote", (*text).openRowset, "SELECT * FROM OPENROWSET('SQLNCLI', 'srv';'sa';'Zq7Secret1', 'SELECT 1')", "OPENROWSET(BULK 'https://x/y.csv', FORMAT = 'CSV')"},
		{"declared variable", "@", "", "closing quote", (*text).declared, "DECLARE @password nvarchar(50) = 'Zq7Secret1'", "DECLARE @table nvarchar(50) = 'orders'"},
		{"part of a form", "nN", `name="`, "the line's end", (*text).formPart, "Content-Disposition: form-data; name=\"password\"\r\n\r\nZq7Secret1\r\n--x", "form-data; name=\"user\"\r\n\r\nloader\r\n--x"},
		{"second argument after a secret's name", "(", "", "closing quote", (*text).argument, `spark.conf.set("fs.azure.account.key.acct.dfs.core.windows.net","Zq7Secret1")`, `df.select("password","created")`},
		{"response of a digest", "rR", `response="`, "closing quote", (*text).digest, `Digest username="u", response="0123456789abcdef0123456789abcdef"`, `response="Not found"`},
		{"user and password before a host of Oracle", "tTsS", "", "the last @ before the host", (*text).oracleLogin, "jdbc:oracle:thin:scott/Zq7Secret1@h:1521/x", "jdbc:oracle:thin:@h:1521/x"},
		{"text that is encoded for a URL, once or twice", "%", "%2", "the first byte that needed encoding", (*text).urlEncoded, "body=%257B%2522password%2522%253A%2522Zq7Secret1%2522%257D&x=1", "body=%7B%22user%22%3A%22u%22%7D&x=1"},
		{"JSON with escaped quotes", `\`, `\u0022`, "quote or line end", (*text).escaped, `got {\u0022password\u0022:\u0022Zq7Secret1\u0022}`, `got {\u0022user\u0022:\u0022u\u0022}`},
		{"text that is encoded for HTML", "&", "", "tag, quote or line end", (*text).htmlEncoded, "{&quot;password&quot;:&quot;Zq7Secret1&quot;}", "{&quot;user&quot;:&quot;u&quot;}"},
	}
	for _, p := range programs() {
		rules = append(rules, rule{"argument of " + p.name, letters(p.name[0]), p.name, "closing quote, or blank", p.find, p.example, p.keeps})
	}
	for _, k := range shapes() {
		tail := strings.Repeat("0123456789ABCDEF", 1+k.least/16)
		rules = append(rules, rule{"token of " + k.what, k.prefix[:1], strings.ToLower(k.prefix), "the first byte that none has", k.find, "got " + k.prefix + tail + " back", "got " + k.prefix + "0123"})
	}
	return rules
}

// letters returns a letter in both cases.
func letters(c byte) string { return strings.ToLower(string(c)) + strings.ToUpper(string(c)) }
