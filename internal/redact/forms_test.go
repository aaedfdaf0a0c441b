package redact_test

import (
	"fmt"
	"strings"
	"testing"

	"andon/internal/redact"
)

// forms are texts and what they have to become; "" where they have to stay.
type forms map[string]string

func (f forms) check(t *testing.T, clean func(string) (string, bool)) {
	t.Helper()
	for in, want := range f {
		if want == "" {
			want = in
		}
		got, changed := clean(in)
		if got != want || changed != (want != in) {
			t.Errorf("%s\nbecame %s\nwant   %s", in, got, want)
		}
		if again, _ := clean(got); again != got {
			t.Errorf("%s\nbecame %s\nthen   %s", in, got, again)
		}
	}
}

func cleanJSON(s string) (string, bool) {
	got, changed := redact.Default().JSON([]byte(s))
	return string(got), changed
}

func TestJSONWithinATextIsLookedInto(t *testing.T) {
	t.Parallel()
	forms{
		`request {"password":{"value":"p1","type":"String"}} refused`:                       `request {"password":"<redacted>"} refused`,
		`sent {"headers":[{"name":"Authorization","value":"Basic dTpw"}],"n":1} to x`:       `sent {"headers":[{"name":"Authorization","value":"<redacted>"}],"n":1} to x`,
		`can't take {"type":"SecureString","value":"p1"} here`:                              `can't take {"type":"SecureString","value":"<redacted>"} here`,
		`of {"secrets":["p1"]} and [{"pwd":1},{"pwd":2}] none`:                              `of {"secrets":"<redacted>"} and [{"pwd":"<redacted>"},{"pwd":"<redacted>"}] none`,
		`{"value":"p1","id":"https://kv.vault.azure.net/secrets/sql/0f"} was not usable`:    `{"value":"<redacted>","id":"https://kv.vault.azure.net/secrets/sql/0f"} was not usable`,
		`of {"body":"{\"name\":\"token\",\"value\":\"p1\"}"} no`:                            `of {"body":"{\"name\":\"token\",\"value\":\"<redacted>\"}"} no`,
		`got {"credential":{"referenceName":"uami","type":"CredentialReference"}} twice`:    "",
		`got {"tokens":4096,"password":null,"secrets":[]} and {"a":{"b":[1,-2.5e3,true]}}`:  "",
		"lines {\"m\":\"a\nPassword=p1;b\"} here":                                           "lines {\"m\":\"a Password=<redacted>;b\"} here",
		`path {"m":"C:\data","pwd":"p1"} here`:                                              `path {"m":"C:\data","pwd":"<redacted>"} here`,
		`Cookie: {"a":1} and Invalid password: [1] [a] {x}`:                                 `Cookie: <redacted> and Invalid password: [1] [a] {x}`,
		`[" <add password="p1x" />`:                                                         `[" <add password="<redacted>" />`,
		`Password=a[1]{"b":2}c;n=[1]`:                                                       `Password=<redacted>;n=[1]`,
		`user: {"password":{"a":"p1"}}, password: {"value":"p1"} and x`:                     `user: {"password":"<redacted>"}, password: <redacted> and x`,
		`{""password"":""p1"",""n"":""1""}`:                                                 `{""password"":""<redacted>"",""n"":""1""}`,
		`EventGrid {"masterKey":"p1","systemKeys":{"a":"p1"},"functionKeys":{"b":"p1"}} no`: `EventGrid {"masterKey":"<redacted>","systemKeys":"<redacted>","functionKeys":"<redacted>"} no`,
		`secret = {"type":"String","value":"p1"}`:                                           `secret = <redacted>`,
		`credential={"referenceName":"c","type":"CredentialReference"}`:                     "",
		`Pwd= sent {"type":"SecureString","value":"p1"}`:                                    `Pwd= <redacted>`,
		// Cut, or not quite JSON.
		`sent {"headers":[{"name":"Authorization","value":"Basic dT`:                    `sent {"headers":[{"name":"Authorization","value":"<redacted>`,
		`sent {"headers":[{"value":"Basic dTpw","name":"Authorization"},{"na...`:        `sent {"headers":[{"value":"<redacted>","name":"Authorization"},{"na...`,
		`{"type":"SecureString","value":"p1`:                                            `{"type":"SecureString","value":"<redacted>`,
		`{"password":{"value":"p1","type`:                                               `{"password":"<redacted>"`,
		`{"n":1,"secrets":["p1","p2"`:                                                   `{"n":1,"secrets":"<redacted>"`,
		`{"password":{"value":"p1`:                                                      `{"password":"<redacted>"`,
		`{"password":"p\`:                                                               `{"password":"<redacted>`,
		`{"password":"p\u00`:                                                            `{"password":"<redacted>`,
		`{"password":1234`:                                                              `{"password":"<redacted>"`,
		`{"password":{"value":@x,"y":"p1"},"n":1}`:                                      `{"password":"<redacted>","n":1}`,
		`"password":{"value":"p1}","n":{}},"n":1}`:                                      `"password":<redacted>,"n":1}`,
		`{'secret': {'value': 'p1}'}, 'n': 1}`:                                          `{'secret': <redacted>, 'n': 1}`,
		`no {\"password\":{\"value\":\"p1\"},\"n\":1} here`:                             `no {\"password\":<redacted>,\"n\":1} here`,
		`no {\"credential\":{\"referenceName\":\"c\",\"type\":\"CredentialReference\"}`: "",
		`"credential":{"referenceName":"c","type":"CredentialReference"},"n`:            "",
		`{"password":{`:                       "",
		`{"a":[{"b":{"c":1},"d":tru`:          "",
		`{"a":[{"b":{"c":1,"token":{}},"d":-`: "",
	}.check(t, redact.Default().Text)
}

func TestFormsOfTexts(t *testing.T) {
	t.Parallel()
	forms{
		`5%password=abc1 and %accessKey=abc1x`:                                  `5%password=<redacted> and %accessKey=<redacted>`,
		`a%20sig=abc%26sig=abc%26password=b%26c=d and &password = "p1" &pwd=''`: `a%20sig=<redacted>%26sig=<redacted>%26password=<redacted>%26c=d and &password = "<redacted>" &pwd=''`,
		// T-SQL and Python.
		`ALTER LOGIN etl WITH PASSWORD = N'hunter2!', CHECK_POLICY = OFF`: `ALTER LOGIN etl WITH PASSWORD = N'<redacted>', CHECK_POLICY = OFF`,
		`EXEC p @user = N'u', @password = N'p1'`:                          `EXEC p @user = N'u', @password = N'<redacted>'`,
		`EXEC('ALTER LOGIN etl WITH PASSWORD = N''hunter2!''')`:           `EXEC('ALTER LOGIN etl WITH PASSWORD = N''<redacted>''')`,
		`PASSWORD = 'it''s'`:                      `PASSWORD = '<redacted>'`,
		`connect(user="u", password=b"p1", n=1)`:  `connect(user="u", password=b"<redacted>", n=1)`,
		`connect(user="u", password=rb'p1', n=1)`: `connect(user="u", password=rb'<redacted>', n=1)`,
		// Command lines.
		`run.py --password hunter2 --user u`:                   `run.py --password <redacted> --user u`,
		`run.py --password hunter`:                             `run.py --password <redacted>`,
		`az storage --account-key abc== failed`:                `az storage --account-key <redacted> failed`,
		`New-X -Password 'p 1' -User u`:                        `New-X -Password '<redacted>' -User u`,
		`New-X -Password (Get-It "p1") -User u`:                `New-X -Password <redacted> -User u`,
		`args ["--user","u","--password","hunter2"] failed`:    `args ["--user","u","--password","<redacted>"] failed`,
		`args ['--password', 'hunter2', '--n']`:                `args ['--password', '<redacted>', '--n']`,
		`args [\"--password\",\"hunter2\"]`:                    `args [\"--password\",\"<redacted>\"]`,
		`args "--password","hunter2" cut`:                      `args "--password","<redacted>" cut`,
		`usage: run.py [--password PASSWORD] [--token TOKEN]`:  "",
		`the option --password must be given`:                  "",
		`set --password or --token, or --password-file x1`:     "",
		"`--credential certificate` does without a secret":     "",
		`required: --password, --account-key`:                  "",
		"required: --password\nTry again":                      "",
		`--tokens 4096 --access-key-id AKIA1 --token-count x1`: "",
		// Headers and lists.
		"X-Auth-Token: 0123456789abcdef0123":                                             "X-Auth-Token: <redacted>",
		"DATABRICKS_TOKEN: dapi0123456789abcdef0123456789abcdef, x":                      "DATABRICKS_TOKEN: <redacted> x",
		"Unexpected token: Newtonsoft.Json.JsonReaderException":                          "",
		"Failed to get a token: https://login.microsoftonline.com/1111":                  "",
		"tokens: 4096, token: 17":                                                        "",
		"User                : u\r\nPassword            : p1\r\nServer              : x": "User                : u\r\nPassword            : <redacted>\r\nServer              : x",
		"Password  : \nServer    : x":                                                    "",
		"Token     : 17\nPassword  : System.Security.SecureString\n":                     "",
		"Failed to parse cookie: session expired. Request id 0f8f, cp_orders, row 17":    "",
		"Set-Cookie: ARRAffinity=0f8f; Path=/\nHost: x":                                  "Set-Cookie: <redacted>\nHost: x",
		"failed to read Cookie: a=b; c=d":                                                "failed to read Cookie: <redacted>",
		`<Password a="b">p1</Password><Server a="b">x</Server>`:                          `<Password a="b"><redacted></Password><Server a="b">x</Server>`,
		`<a:Password xml:space="preserve" token="x1">p1</a:Password>`:                    `<a:Password xml:space="preserve" token="<redacted>"><redacted></a:Password>`,
		`<Password><![CDATA[p<1]]></Password>`:                                           `<Password><![CDATA[<redacted>]]></Password>`,
		`<Password xsi:nil="true" /><Server>x</Server>`:                                  "",
		`<PasswordPolicy a="b">strict</PasswordPolicy> if a <token and b> c`:             "",
		"jdbc:sqlserver://sql.database.windows.net:1433;database=o;user=loader@sql;x=1":  "",
		"jdbc:sqlserver://sql.database.windows.net;database=o;user=a:loader@sql;x=1":     "",
		"mongodb://h1:27017,h2:27017/db and mongodb://h1:27017,h2/?user=a@b":             "",
		"mongodb://u:p,1;x@h1:27017,h2:27017/db":                                         "mongodb://u:<redacted>@h1:27017,h2:27017/db",
		"Done. PASS=118 WARN=0 ERROR=2 SKIP=0 TOTAL=120":                                 "",
		"pass: 12345, fail: 2":                                                           "",
		"pass: hunter22":                                                                 "pass: <redacted>",
		`mysql pass=hunter2 x`:                                                           `mysql pass=<redacted> x`,
		"Authorization: Basic http0123456789==":                                          "Authorization: Basic <redacted>",
		`Bearer abc+def/0123456789="`:                                                    `Bearer <redacted>"`,
	}.check(t, redact.Default().Text)
}

// TestPasswordsWithSpecialCharacters puts passwords with what has a meaning
// in connection strings into every form that can hold them.
func TestPasswordsWithSpecialCharacters(t *testing.T) {
	t.Parallel()
	forms{
		`Password='it''sX;b';n=1`:                             `Password='<redacted>';n=1`,
		`Server=s;Password=pa'!w0rd;n=1`:                      `Server=s;Password=<redacted>;n=1`,
		`Server=s;Password=ab&c=1d;n=1`:                       `Server=s;Password=<redacted>;n=1`,
		`Password=ab&c=1d;n=1`:                                `Password=<redacted>;n=1`,
		`client_secret=ab&amp;c=1d&amp;e=f`:                   `client_secret=<redacted>&amp;c=1d&amp;e=f`,
		`Driver={x};Pwd={a}}b;c};n=1`:                         `Driver={x};Pwd=<redacted>;n=1`,
		`don't open "Server='s';Password=pa'!w", said x`:      `don't open "Server='s';Password=<redacted>", said x`,
		`in 'Message=of 'Server=s;Password=p1',Source=x' now`: `in 'Message=of 'Server=s;Password=<redacted>',Source=x' now`,
		`Password='';User=u`:                                  "",
		`Password="" User=u`:                                  "",
	}.check(t, redact.Default().Text)
	const head, tail = "Zq7Head", "Zq8Tail"
	for _, special := range []string{"'", `"`, "'!", `"!`, "''", `""`, `'"`, "&c=", "& ", ";", ";x=", "=", "==", "%", "+", "/", "@", "{", "}", "}}", "[", "]", "<", ">", "</", ",", ", ", ":", "://", `\`, `\'`, "#", "?", "$", "-", "--x ", " ", "  "} {
		password := head + special + tail
		double := func(quote string) string {
			return quote + strings.ReplaceAll(password, quote, quote+quote) + quote
		}
		places := []string{
			"Server=s;Password=" + double("'") + ";n=1", "Server=s;Password=" + double(`"`) + ";n=1", "Server=s;Pwd={" + strings.ReplaceAll(password, "}", "}}") + "};n=1",
			"EXEC p @password = N" + double("'") + ", @n = 1",
		}
		if !strings.Contains(special, ";") && special != "</" {
			places = append(places, "Server=s;Password="+password+";n=1", "Password="+password+";n=1")
		}
		for _, place := range places {
			for _, in := range []string{place, "can't open it: " + place} {
				if strings.HasPrefix(in, "can't open it: Password=") && strings.Contains(special, " ") {
					continue // a sentence goes on after a blank
				}
				raw := string(quoted(t, in))
				got, _ := cleanJSON(raw)
				if strings.Contains(got, head) || strings.Contains(got, tail) || !strings.Contains(got, "n") {
					t.Errorf("%s\nbecame %s", raw, got)
				}
			}
		}
		for _, key := range []string{"password", "token"} {
			member := fmt.Sprintf(`{%q:%s,"n":1}`, key, quoted(t, password))
			for _, raw := range []string{member, string(quoted(t, "sent "+member+" off")), string(quoted(t, "sent "+member[:len(member)-5]))} {
				if got, _ := cleanJSON(raw); strings.Contains(got, head) || strings.Contains(got, tail) {
					t.Errorf("%s\nbecame %s", raw, got)
				}
			}
		}
	}
}

func TestMembersThatAreSecrets(t *testing.T) {
	t.Parallel()
	const a, b = "0123456789abcdef0123456789abcdef", "ABCDEFGHIJ+/ABCDEFGHIJ0123456789ABCDEFG4xyz="
	forms{
		`{"variableName":"API_KEY","variableValue":"abc"}`:      `{"variableName":"API_KEY","variableValue":"<redacted>"}`,
		`{"parameterValue":"abc","parameterName":"pwd"}`:        `{"parameterValue":"<redacted>","parameterName":"pwd"}`,
		`{"headerName":"Authorization","headerValue":"abc"}`:    `{"headerName":"Authorization","headerValue":"<redacted>"}`,
		`{"variableName":"tokenCount","variableValue":"abc"}`:   "",
		`{"args":["--user","u","--password","hunter2","-x"]}`:   `{"args":["--user","u","--password","<redacted>","-x"]}`,
		`{"args":["-pwd","hunter2","--token","--tokens","17"]}`: `{"args":["-pwd","<redacted>","--token","--tokens","17"]}`,
		`{"columns":["user","password","created"]}`:             "",
		// Names in other spellings.
		`{"jwt":"opaque"}`:                 `{"jwt":"<redacted>"}`,
		`{"pass1":"x"}`:                    `{"pass1":"<redacted>"}`,
		`{"passText":"x"}`:                 `{"passText":"<redacted>"}`,
		`{"pass.word":"x"}`:                `{"pass.word":"<redacted>"}`,
		`{"connection.string":"x"}`:        `{"connection.string":"<redacted>"}`,
		`{"connection string":"x"}`:        `{"connection string":"<redacted>"}`,
		`{"sigValue":"x"}`:                 `{"sigValue":"<redacted>"}`,
		`{"m":"pass = x"}`:                 `{"m":"pass = <redacted>"}`,
		`{"m":"{'pass': 'x'}"}`:            `{"m":"{'pass': '<redacted>'}"}`,
		`{"m":"sig = x"}`:                  `{"m":"sig = <redacted>"}`,
		`{"pass":118,"fail":2}`:            "",
		`{"pass":"118","fail":"2","a":[]}`: "",
		// Keys that services list.
		`{"primaryKey":"` + b + `","secondaryKey":"` + b + `","keyName":"Root"}`:            `{"primaryKey":"<redacted>","secondaryKey":"<redacted>","keyName":"Root"}`,
		`{"key1":"` + a + `","key2":"` + a + `"}`:                                           `{"key1":"<redacted>","key2":"<redacted>"}`,
		`{"key1":{"pwd":"x"},"value":{"pwd":"y"},"key2":"` + a + `"}`:                       `{"key1":{"pwd":"<redacted>"},"value":{"pwd":"<redacted>"},"key2":"` + a + `"}`,
		`{"systemKeys":{"x":"p1"},"value":{"pwd":"p1"},"masterKey":"p1"}`:                   `{"systemKeys":"<redacted>","value":{"pwd":"<redacted>"},"masterKey":"<redacted>"}`,
		`{"primaryKey":"order_id","secondaryKey":"line_2"}`:                                 "",
		`{"primaryKey":"` + a + `"}`:                                                        "",
		`{"key1":"orders of 2026 in Sweden","key2":"6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01"}`: "",
		`{"systemKeys":["SAP01"]}`:                                                          "",
	}.check(t, cleanJSON)
}
