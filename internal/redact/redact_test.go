package redact_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"andon/internal/redact"
)

const (
	jwt   = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
	pem   = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----"
	entra = "abc8Q~0123456789abcdefghijABCDEFGHIJ-_."
)

func TestJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"a member":                  {`{"user":"u","password":"p1"}`, `{"user":"u","password":"<redacted>"}`},
		"a number":                  {`{"password": 1234 ,"x":1}`, `{"password": "<redacted>" ,"x":1}`},
		"a number that counts":      {`{"tokens":4096,"accountKey":17,"AccountKey":"17"}`, ""},
		"nothing to hide":           {`{"password":null,"secret":"","token":false,"credentials":[],"cookie":{}}`, ""},
		"a list":                    {`{"secrets":["a",1]}`, `{"secrets":"<redacted>"}`},
		"an object":                 {`{"password":{"value":"p1","type":"String"}}`, `{"password":"<redacted>"}`},
		"a Key Vault reference":     {`{"password":{"type":"AzureKeyVaultSecret","store":{"referenceName":"kv","type":"LinkedServiceReference"},"secretName":"sql"}}`, ""},
		"a credential reference":    {`{"credential":{"referenceName":"uami","type":"CredentialReference"}}`, ""},
		"a reference with a secret": {`{"credential":{"referenceName":"c","type":"CredentialReference","key":{"password":"p1"}}}`, `{"credential":{"referenceName":"c","type":"CredentialReference","key":{"password":"<redacted>"}}}`},
		"a SecureString":            {`{"setting":{"type":"SecureString","value":"p1"}}`, `{"setting":{"type":"SecureString","value":"<redacted>"}}`},
		"a SecureString, turned":    {`{"setting":{"value":{"a":"b"},"type":"SecureString"}}`, `{"setting":{"value":"<redacted>","type":"SecureString"}}`},
		"a list of headers":         {`{"headers":[{"name":"Authorization","value":"Basic dTpw"},{"name":"Accept","value":"*/*"}]}`, `{"headers":[{"name":"Authorization","value":"<redacted>"},{"name":"Accept","value":"*/*"}]}`},
		"headers by key":            {`{"headers":{"Authorization":"Basic dTpw","x-functions-key":"k==","Content-Type":"text/plain"}}`, `{"headers":{"Authorization":"<redacted>","x-functions-key":"<redacted>","Content-Type":"text/plain"}}`},
		"a variable":                {`{"value":"v","variableName":"accessToken"}`, `{"value":"<redacted>","variableName":"accessToken"}`},
		"values before the name":    {`{"value":{"sig":"s","n":1},"x":{"pwd":"p"},"name":"token"}`, `{"value":"<redacted>","x":{"pwd":"<redacted>"},"name":"token"}`},
		"keys of an account":        {`{"keys":[{"keyName":"key1","value":"abc==","permissions":"FULL"}]}`, `{"keys":[{"keyName":"key1","value":"<redacted>","permissions":"FULL"}]}`},
		"what Key Vault answers":    {`{"value":"p1","id":"https://kv.vault.azure.net/secrets/sql/0f","attributes":{"enabled":true}}`, `{"value":"<redacted>","id":"https://kv.vault.azure.net/secrets/sql/0f","attributes":{"enabled":true}}`},
		"JSON in a string":          {`{"body":"{\"user\":\"u\",\"pwd\":\"p1\"}"}`, `{"body":"{\"user\":\"u\",\"pwd\":\"<redacted>\"}"}`},
		"JSON twice in a string":    {`{"body":"\"{\\\"pwd\\\":\\\"p1\\\"}\""}`, `{"body":"\"{\\\"pwd\\\":\\\"<redacted>\\\"}\""}`},
		"cut JSON in a string":      {`{"body":"{\"pwd\":\"p1\",\"n"}`, `{"body":"{\"pwd\":\"<redacted>\",\"n"}`},
		"order, numbers and blanks": {"{ \"b\" : 9007199254740993 , \"a\":1.0e-7,\n\"pwd\":\"x\", \"c\":\"caf\\u00e9 \\/\" }", "{ \"b\" : 9007199254740993 , \"a\":1.0e-7,\n\"pwd\":\"<redacted>\", \"c\":\"caf\\u00e9 \\/\" }"},
		"an escaped key":            {`{"p\u0061ssword":"p1"}`, `{"p\u0061ssword":"<redacted>"}`},
		"an escaped equals sign":    {`{"url":"https://x/?sig\u003dabc\u0026se=1"}`, `{"url":"https://x/?sig=<redacted>&se=1"}`},
		"a secret in a key":         {`{"https://x/?sig=abc":1}`, `{"https://x/?sig=<redacted>":1}`},
		"the same key twice":        {`{"pwd":"a","pwd":"b"}`, `{"pwd":"<redacted>","pwd":"<redacted>"}`},
		"bytes that are not UTF-8":  {"{\"m\":\"caf\xe9\",\"pwd\":\"a\"}", "{\"m\":\"caf\xe9\",\"pwd\":\"<redacted>\"}"},
		"a string alone":            {`"Pwd=a;"`, `"Pwd=<redacted>;"`},
		"no JSON":                   {`Server=x;Pwd=a;`, `Server=x;Pwd=<redacted>;`},
		"no JSON and no secret":     {`@{status=Succeeded; token=}`, ""},
		"empty":                     {``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.want == "" {
				c.want = c.in
			}
			got, changed := redact.Default().JSON([]byte(c.in))
			if string(got) != c.want || changed != (c.want != c.in) {
				t.Errorf("%s\nbecame (%t) %s\nwant         %s", c.in, changed, got, c.want)
			}
			if !changed && len(got) > 0 && &got[0] != &[]byte(c.in)[0] && string(got) != c.in {
				t.Error("what holds no secret was copied")
			}
			if again, changed := redact.Default().JSON(got); changed {
				t.Errorf("%s became %s the second time", got, again)
			}
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Server=tcp:x,1433;User ID=u;Password=p 1,x;Encrypt=True": "Server=tcp:x,1433;User ID=u;Password=<redacted>;Encrypt=True",
		"Password='a;b';x": "Password='<redacted>';x",
		"Pwd={a;b};x":      "Pwd=<redacted>;x",
		"DefaultEndpointsProtocol=https;AccountName=n;AccountKey=ab+/c==;EndpointSuffix=core": "DefaultEndpointsProtocol=https;AccountName=n;AccountKey=<redacted>;EndpointSuffix=core",
		"Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=abc=":                      "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=<redacted>",
		"Account Key=abc;n=1":                        "Account Key=<redacted>;n=1",
		"can't open 'Data Source=s;pwd=a b' now":     "can't open 'Data Source=s;pwd=<redacted>' now",
		"can't sign in with password=abc! Try again": "can't sign in with password=<redacted> Try again",
		"GET https://x.blob.core.windows.net/c/f?sv=2024-11-04&sig=ab%2Bc%3D&se=2026 failed": "GET https://x.blob.core.windows.net/c/f?sv=2024-11-04&sig=<redacted>&se=2026 failed",
		"?sv=1&amp;sig=abc&amp;se=2":                                         "?sv=1&amp;sig=<redacted>&amp;se=2",
		"next=https%3A%2F%2Fx%3Fsv%3D1%26sig%3Dabc%26se%3D2":                 "next=https%3A%2F%2Fx%3Fsv%3D1%26sig%3D<redacted>%26se%3D2",
		"grant_type=x&client_secret=abc&scope=y":                             "grant_type=x&client_secret=<redacted>&scope=y",
		"client_secret=abc&scope=y":                                          "client_secret=<redacted>&scope=y",
		"https://f.azurewebsites.net/api/go?code=0123456789abcdefghij==&x=1": "https://f.azurewebsites.net/api/go?code=<redacted>&x=1",
		"https://x/?code=SE":                                                 "",
		"Authorization: Bearer abcdef12":                                     "Authorization: Bearer <redacted>",
		"Authorization: Basic dXNlcjpwYXNz\nAccept: */*":                     "Authorization: Basic <redacted>\nAccept: */*",
		"Cookie: a=b; c=d\nHost: x":                                          "Cookie: <redacted>\nHost: x",
		"x-functions-key: abc123==":                                          "x-functions-key: <redacted>",
		"the token is Bearer " + jwt + ".":                                   "the token is Bearer <redacted>",
		"got " + jwt + " back":                                               "got <redacted> back",
		"key:\n" + pem + "\nend":                                             "key:\n<redacted>\nend",
		"-----BEGIN PRIVATE KEY-----\nMIIE":                                  "<redacted>",
		"the secret " + entra + " was used":                                  "the secret <redacted> was used",
		"https://user:pa:ss@host/x":                                          "https://user:<redacted>@host/x",
		"https://ghp0123@github.com/x":                                       "https://<redacted>@github.com/x",
		"postgres://u:p@h:5432/db":                                           "postgres://u:<redacted>@h:5432/db",
		"wasbs://container@acct.blob.core.windows.net/":                      "",
		"abfss://fs@acct.dfs.core.windows.net/x":                             "",
		`request {"user":"u","password":"p\"q"} refused`:                     `request {"user":"u","password":"<redacted>"} refused`,
		`request {\"password\": \"p1\", \"n\": 1} refused`:                   `request {\"password\": \"<redacted>\", \"n\": 1} refused`,
		`{'secret': 'p1', 'n': 1}`:                                           `{'secret': '<redacted>', 'n': 1}`,
		`{"password":"cut`:                                                   `{"password":"<redacted>`,
		"@{password=p1; user=u}":                                             "@{password=<redacted>; user=u}",
		"@{user=u; password=p1}":                                             "@{user=u; password=<redacted>",
		"<Password>p1</Password><User>u</User>":                              "<Password><redacted></Password><User>u</User>",
		`<add name="x" password="p1" />`:                                     `<add name="x" password="<redacted>" />`,
		"Password: hunter2.":                                                 "Password: <redacted>",
		// What only sounds like a secret.
		"Invalid password: must have a digit": "",
		"Password=;User=u":                    "",
		"Failed to get a token: AADSTS700016: Application with identifier 'x' was not found":  "",
		"Invalid client secret: AADSTS7000215: Invalid client secret provided":                "",
		"System.Data, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089":      "",
		"ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer'":                          "",
		"Unexpected token = in line 1":                                                        "",
		`Bearer authorization_uri="https://login.windows.net/x", error="invalid_token"`:       "",
		"the bearer token is invalid":                                                         "",
		"Cannot insert duplicate key row in object 'dbo.x'. The duplicate key value is (17).": "",
		"mail to a@b.example, or see https://x/y":                                             "",
		"AuthorizationFailed: The client does not have authorization to perform action":       "",
	} {
		if want == "" {
			want = in
		}
		got, changed := redact.Default().Text(in)
		if got != want || changed != (want != in) {
			t.Errorf("%s\nbecame %s\nwant   %s", in, got, want)
		}
		if again, _ := redact.Default().Text(got); again != got {
			t.Errorf("%s\nbecame %s the second time", got, again)
		}
	}
}

func TestOperatorsPatterns(t *testing.T) {
	t.Parallel()
	r, err := redact.New(redact.Patterns{Keys: []string{"(?i)^customer"}, Values: []string{`\b[0-9]{8}-[0-9]{4}\b`, `^[0-9]{12}$`, "r"}})
	if err != nil {
		t.Fatal(err)
	}
	in := `{"customerNo":"17","n":199001011234,"m":"of 19900101-1234 at","nested":"{\"Customer\":1}","x":17}`
	want := `{"custome<redacted>No":"<redacted>","n":"<redacted>","m":"of <redacted> at","nested":"{\"Custome<redacted>\":\"<redacted>\"}","x":17}`
	got, _ := r.JSON([]byte(in))
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if again, changed := r.JSON(got); changed {
		t.Errorf("the second time %s", again)
	}
}

func TestKeysOfOneValue(t *testing.T) {
	t.Parallel()
	plain := redact.Default()
	r := plain.WithKeys("Pin", "löneNummer").WithKeys("p2")
	in := `{"PIN":1234,"pinCode":"a","P2":{"a":1},"deep":[{"LÖNENUMMER":"x","n":null}],"text":"{\"pin\":\"y\"}","list":[{"name":"p2","value":"z"}],"password":"p"}`
	want := `{"PIN":"<redacted>","pinCode":"a","P2":"<redacted>","deep":[{"LÖNENUMMER":"<redacted>","n":null}],"text":"{\"pin\":\"<redacted>\"}","list":[{"name":"p2","value":"<redacted>"}],"password":"<redacted>"}`
	got, _ := r.JSON([]byte(in))
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if again, changed := r.JSON(got); changed {
		t.Errorf("the second time %s", again)
	}
	if got, _ := plain.JSON([]byte(`{"pin":1234}`)); string(got) != `{"pin":1234}` {
		t.Errorf("the redactor that was asked for another was changed: %s", got)
	}
	if got, changed := r.Text(`sent {"pin":"x"} and {"pin":"cut`); !changed || got != `sent {"pin":"<redacted>"} and {"pin":"<redacted>` {
		t.Errorf("a text became %s", got)
	}
}

func TestRefusedPatterns(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]redact.Patterns{
		`keys[1]: "(" is not a regular expression of RE2: missing closing ): ` + "`(`":                                               {Keys: []string{"a", "("}},
		`values[0]: "x*" matches an empty text, so it would match everywhere: write what has to be there, such as [0-9]+ for [0-9]*`: {Values: []string{"x*"}},
		"values[0]: is 1001 bytes long: at most 1000 are allowed":                                                                    {Values: []string{strings.Repeat("a", 1001)}},
		"keys: 51 patterns are too many: at most 50 are allowed, and one may have alternatives (a|b)":                                {Keys: make([]string, 51)},
	} {
		if _, err := redact.New(p); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestActivityRunDropsWhatItsPolicyHides(t *testing.T) {
	t.Parallel()
	const row = `{"activityName":"a","Input":{"x":1},"output":{"y":{"input":1}},"error":null}`
	for want, o := range map[string]redact.Options{
		row: {},
		`{"activityName":"a","Input":"<redacted>","output":{"y":{"input":1}},"error":null}`: {DropInput: true},
		`{"activityName":"a","Input":{"x":1},"output":"<redacted>","error":null}`:           {DropOutput: true},
	} {
		got, changed := redact.Default().ActivityRun([]byte(row), o)
		if string(got) != want || changed != (want != row) {
			t.Errorf("%+v: %s", o, got)
		}
	}
	const empty = `{"activityName":"a","input":{},"output":null}`
	if got, changed := redact.Default().ActivityRun([]byte(empty), redact.Options{DropInput: true, DropOutput: true}); changed {
		t.Errorf("%s became %s", empty, got)
	}
}

func TestDeepJSONIsCutWhereItCouldHideASecret(t *testing.T) {
	t.Parallel()
	const levels = 2_000
	open, end := strings.Repeat(`{"a":[`, levels), strings.Repeat(`]}`, levels)
	harmless := `{"pwd":"p1","deep":` + open + `1` + end + `}`
	got, _ := redact.Default().JSON([]byte(harmless))
	if want := strings.Replace(harmless, "p1", redact.Marker, 1); string(got) != want {
		t.Errorf("without a secret it was cut: %.300s", got)
	}
	got, _ = redact.Default().JSON([]byte(open + `{"pwd":"p1"}` + end))
	if strings.Contains(string(got), "p1") || !strings.Contains(string(got), `"`+redact.TooDeep+`"`) || !json.Valid(got) {
		t.Errorf("with a secret it became %.300s", got)
	}
	if again, changed := redact.Default().JSON(got); changed {
		t.Errorf("the second time %.300s", again)
	}
}

// TestTimeIsLinear gives texts that a quadratic rule would take 16 times as
// long for when they are four times as long. A busy machine may stretch one
// measurement, so it takes three that agree to fail. What comes before "…" is
// repeated.
func TestTimeIsLinear(t *testing.T) {
	t.Parallel()
	const size = 1 << 17
	const most, worthLooking = 10, 200 * time.Millisecond
	timed := func(what string, clean func(size int) func()) {
		short, long := clean(size/4), clean(size)
		for try := range 3 {
			began := time.Now()
			long()
			tookLong := time.Since(began)
			if tookLong < worthLooking {
				return
			}
			began = time.Now()
			short()
			tookShort := time.Since(began)
			if tookLong < most*tookShort {
				return
			}
			if try == 2 {
				t.Errorf("%.40s took %s, and %s when four times as long", what, tookShort, tookLong)
			}
		}
	}
	r := redact.Default()
	for _, part := range []string{
		"password=", "pwd = ", "a=", "://", "://a@", "bearer ", "eyJ", "eyJ.", "-----BEGIN PRIVATE KEY-----", `"pwd":`, `"pwd":{`, `\`, `\"pwd\":\"`, "Pwd={", "<pwd>", "&", "%3D", "8Q~",
		`{"value":1,"name":"pwd"},`, `{"secret":`, `"`, "[", "Password='", "token: ", ";", "secretsecret",
		"password:http", "token:", "password:'http", `bearer+…="`, "basic bearer+…", `]"pwd":{''aa`, "{pwd=''a", "pwd=a&", "{pwd=a&b=", "--pwd ", `"--pwd",`, "<pwd a=", "<pwd a=>",
		"pwd          :", "cookie:a", `"pwd":{\\`, `{"`, `["a",{`, `{"a":1e`, `{"pwd":{"a":"…`, `"credential":{"referenceName":"x","type":"xReference","a":`, "a://b:c;", "=''x ",
		"%22", "%22%3A", "&quot;", "&quot;pwd&quot;:", `{"":"{`, `{"pwd":[{"`, "curl -u a:b ", "mysql -p", "@pwd x = '", "password '", `set("pwd","`, `name="pwd"`, "openrowset('a';'", "identified by ",
		"dapi0123", "thin:a/b@", "<a name=\"pwd\" ", "ghp_", "basic dTpw", "bearer%20", "password is ", "https://hooks.slack.com/services/", "ZXlKMGIydGxiaUk2", "authorization: digest ", `{"a":[[[[`, "eyJ0b2tlbiI6IngifQ ",
		`{"a":@,"b":{"c":@,`, `"pwd"='`, "pwd\r\n", "PASS PASS=", "api key:",
	} {
		part, end, _ := strings.Cut(part, "…")
		text := func(size int) string { return strings.Repeat(part, size/max(1, len(part))) + end }
		timed(part, func(size int) func() { text := text(size); return func() { r.Text(text) } })
		timed(part, func(size int) func() { encoded := quoted(t, text(size)); return func() { r.JSON(encoded) } })
		timed(part, func(size int) func() {
			raw := []byte(`{"pwd":"x","v":[` + strings.TrimSuffix(text(size), ",") + `]}`)
			return func() { r.JSON(raw) }
		})
	}
	timed("values before their name", func(size int) func() {
		raw := []byte(`{"pwd":"x",` + strings.Repeat(`"value":{"pwd":"x"},`, size/20) + `"name":"token"}`)
		return func() { r.JSON(raw) }
	})
	timed("references within references", func(size int) func() {
		raw := []byte(strings.Repeat(`{"secret":{"type":"aReference","referenceName":"x","a":`, size/60) + `1` + strings.Repeat(`}}`, size/60))
		return func() { r.JSON(raw) }
	})
	timed("texts within texts", func(size int) func() {
		raw := textsWithinTexts(t, strings.Repeat("Pwd=x; ", size/8), 12)
		return func() { r.JSON(raw) }
	})
	timed("JSON within sentences", func(size int) func() {
		text := "Pwd=x;"
		for len(text) < size/4 {
			text = `sent {"a":` + string(quoted(t, text)) + `,"pwd":"x"} and {"b":` + string(quoted(t, text)) + ` off`
		}
		return func() { r.Text(text) }
	})
	for _, after := range []string{`"`, `\"`, " ", "eyJ"} {
		timed("after a cookie", func(size int) func() {
			text := "Cookie: a=b; " + strings.Repeat(after, size/len(after))
			return func() { r.Text(text) }
		})
	}
}

// textsWithinTexts puts a text into JSON within a text, over and over, so that
// each changes and becomes JSON only when its secret is out.
func textsWithinTexts(t *testing.T, inner string, levels int) []byte {
	t.Helper()
	raw := string(quoted(t, inner))
	for range levels {
		raw = string(quoted(t, `{"a":`+raw+`,"key":"-----BEGIN PRIVATE KEY-----`+"\n"+`-----END PRIVATE KEY-----"}`))
	}
	return []byte(raw)
}

func TestFailuresWithoutSecretsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "Operation on target cp_%d failed: ErrorCode=UserErrorFailure,'Type=Microsoft.Exception,Message=The key %d is taken.'\n", i, i)
	}
	if got, changed := redact.Default().Text(b.String()); changed {
		t.Errorf("a message without secrets became %.300s", got)
	}
}
