package redact

import "strings"

// webhook finds the path of a URL that lets anyone who has it post.
func (t *text) webhook(colon int) span {
	host := t.value(colon + len("://"))
	end := host.from
	for end < len(t.s) && end-host.from < longestName && (isName(t.s[end]) || t.s[end] == ':') {
		end++
	}
	name, path := strings.ToLower(t.s[host.from:end]), t.s[end:]
	for _, hook := range []struct{ host, path string }{
		{"webhook.office.com", "/webhookb2/"},
		{"outlook.office.com", "/webhook/"},
		{"outlook.office365.com", "/webhook/"},
		{"hooks.slack.com", "/services/"},
		{"hooks.slack.com", "/workflows/"},
		{"hooks.slack.com", "/triggers/"},
		{"discord.com", "/api/webhooks/"},
		{"discordapp.com", "/api/webhooks/"},
		{"hooks.zapier.com", "/hooks/"},
		{"maker.ifttt.com", "/trigger/"},
		{"api.telegram.org", "/bot"},
		{"hook.make.com", "/"},
		{"hook.eu1.make.com", "/"},
		{"webhook.site", "/"},
		{"events.pagerduty.com", "/integration/"},
		{"hc-ping.com", "/"},
	} {
		if strings.HasSuffix(name, hook.host) && hasFold(path, hook.path) {
			v := t.value(end + len(hook.path))
			return span{at: colon, from: v.from, to: v.until(" \t\r\n\"'<>\\#")}
		}
	}
	return span{}
}

// isPasswordWord reports whether a name is that of a password, and not of
// something that has a name of its own, as the secrets of a vault have.
func isPasswordWord(name string) bool {
	var space [longestName]byte
	n := string(appendPlain(space[:0], name))
	return hasEnd(n, "password", "passwd", "pwd", "passphrase", "passcode", "kennwort", "passwort", "senord", "senordet", "motdepasse", "motdepass", "senha") || n == "passe"
}

// quotedWord finds the word between the quote at open and its like, after the
// word password, and after another secret's name where it is mixed like a key.
func (t *text) quotedWord(open int) span {
	end := t.backOverBlanks(open, 3)
	name, start, _ := t.name(end)
	isPassword := isPasswordWord(name)
	if end == open || end > 0 && isQuote(t.s[end-1]) || !isPassword && isSecret(name) == public {
		return span{}
	}
	v := t.value(open)
	to, ok := v.quoted()
	hidden := t.s[v.from:to]
	if !ok || to == len(t.s) || isNothing(hidden) || strings.ContainsAny(hidden, " \t\r\n") {
		return span{}
	}
	if !isPassword && (!looksLikeToken(hidden) || !isMixed(hidden) || strings.ContainsAny(hidden, "-_.")) {
		return span{} // secrets of a vault have names
	}
	return span{at: start, from: v.from, to: to}
}

// passwordWord finds the secret after the word password in a sentence: the
// next word that is as mixed as a password, be there a word or two between them.
func (t *text) passwordWord(i int) span {
	end := i
	for end < len(t.s) && end-i < longestName && isName(t.s[end]) {
		end++
	}
	if i > 0 && isName(t.s[i-1]) || !isPasswordWord(t.s[i:end]) || end == len(t.s) || t.s[end] != ' ' {
		return span{}
	}
	v := t.value(end)
	for range 3 {
		v.skipBlanks()
		if strings.HasPrefix(t.s[v.from:], "(") {
			v.from++
		}
		to, isQuoted := v.quoted()
		if !isQuoted {
			to = v.until(" \t\r\n\"';,()<>\\=")
		}
		hidden := strings.TrimRight(t.s[v.from:to], ".,:;!?)")
		if looksLikePassword(hidden) && !v.isAddress() {
			return span{at: i, from: v.from, to: v.from + len(hidden)}
		}
		if isQuoted || !isOne(strings.ToLower(hidden), "is", "was", "given", "provided", "used", "value", "lautet", "ist", "war", "est", "är", "var", "es", "é", "er") {
			return span{}
		}
		v.from = to
	}
	return span{}
}

// looksLikePassword reports whether s has letters and digits, and not the
// form of a date, of an id or of a name.
func looksLikePassword(s string) bool {
	letters, digits := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case 'a' <= c|' ' && c|' ' <= 'z':
			letters++
		case c == '@' || c == '.' || c == '/' || c == ':':
			return false // an address, a version, a path, a time
		}
	}
	return len(s) >= 6 && letters >= 2 && digits >= 1
}

// identifiedBy finds the password of a user that SQL makes.
func (t *text) identifiedBy(i int) span {
	if before := strings.ToLower(t.s[max(0, i-longestPassword):i]); !strings.HasPrefix(t.s[i:], "IDENTIFIED") && !hasAny(before, "create user ", "alter user ", "grant ", "connect to ") {
		return span{} // "an error is identified by 'x'"
	}
	v := t.value(i + len("identified by "))
	switch {
	case hasFold(t.s[i:], "identified by "):
	case !hasFold(t.s[i:], "identified with "):
		return span{}
	default:
		by := i
		for by < len(t.s) && by-i < longestName && !hasFold(t.s[by:], " by ") {
			by++
		}
		if by == len(t.s) || by-i == longestName {
			return span{}
		}
		v.from = by + len(" by ")
	}
	for _, word := range []string{"values ", "password "} {
		if hasFold(t.s[v.from:], word) {
			v.from += len(word)
		}
	}
	to, isQuoted := v.quoted()
	if !isQuoted {
		to = v.until("; \t\r\n,)\"'")
	}
	if hidden := t.s[v.from:to]; isNothing(hidden) || !isQuoted && isWord(hidden) && !endsStatement(t.s[to:]) {
		return span{} // "identified by their key"
	}
	return span{at: i, from: v.from, to: to}
}

// endsStatement reports whether a statement of SQL is over before s.
func endsStatement(s string) bool {
	s = strings.TrimLeft(s[:min(len(s), longestName)], " \t")
	return s == "" || strings.IndexByte(";\r\n\"'", s[0]) >= 0
}

// openRowset finds the password among the arguments of OPENROWSET and
// OPENDATASOURCE: 'server';'user';'password'.
func (t *text) openRowset(i int) span {
	if !hasFold(t.s[i:], "openrowset(") && !hasFold(t.s[i:], "openrowset (") {
		return span{}
	}
	end := min(len(t.s), i+1_000)
	first := strings.Index(t.s[i:end], "';'")
	if first < 0 {
		return span{}
	}
	first += i + len("';'")
	second := strings.Index(t.s[first:end], "';'")
	if second < 0 {
		return span{}
	}
	v := t.value(first + second + 2)
	to, ok := v.quoted()
	if !ok || isNothing(t.s[v.from:to]) {
		return span{}
	}
	return span{at: i, from: v.from, to: to}
}

// declared finds the value of a variable of T-SQL: DECLARE @password
// nvarchar(50) = 'x'.
func (t *text) declared(i int) span {
	end := i + 1
	for end < len(t.s) && end-i < longestName && isName(t.s[end]) {
		end++
	}
	if end == i+1 || end == len(t.s) || !isBlank(t.s[end]) || isSecret(t.s[i+1:end]) == public {
		return span{}
	}
	equals := strings.IndexAny(t.s[end:min(len(t.s), end+60)], "=;'\"\n@")
	if equals < 0 || t.s[end+equals] != '=' {
		return span{}
	}
	v := t.value(end + equals + 1)
	v.skipBlanks()
	to, ok := v.quoted()
	if !ok || isNothing(t.s[v.from:to]) {
		return span{}
	}
	return span{at: i, from: v.from, to: to}
}

// formPart finds the content of a part of a form (multipart/form-data).
func (t *text) formPart(i int) span {
	begin := i + len(`name="`)
	length := strings.IndexByte(t.s[begin:min(len(t.s), begin+longestName)], '"')
	if length < 0 || isSecret(t.s[begin:begin+length]) == public {
		return span{}
	}
	rest := t.s[begin+length+1:]
	content := strings.TrimLeft(rest[:min(len(rest), longestName)], "\r")
	if !strings.HasPrefix(content, "\n\r\n") && !strings.HasPrefix(content, "\n\n") {
		return span{}
	}
	v := t.value(begin + length + 1)
	v.skipBlanks()
	return t.unlessNothing(isSecret(t.s[begin:begin+length]), span{at: i, from: v.from, to: v.until("\r\n")})
}

// argument finds the second argument of a call that sets what the first one
// names: conf.set("name", "value").
func (t *text) argument(open int) span {
	call, _, _ := t.name(open)
	call = strings.ToLower(call[strings.LastIndexByte(call, '.')+1:])
	if !isPasswordWord(call) && !isOne(call, "set", "put", "add", "option", "config", "setproperty", "setheader", "addheader", "header", "setenv", "set_param", "setsecret", "append") {
		return span{}
	}
	name := t.value(open + 1)
	name.skipBlanks()
	end, ok := name.quoted()
	if isPasswordWord(call) && ok && end < len(t.s) && !strings.ContainsAny(t.s[name.from:end], " \t\r\n") {
		return t.unlessNothing(secret, span{at: open - len(call), from: name.from, to: end})
	}
	if !ok || end-name.from > longestName || end == len(t.s) {
		return span{}
	}
	kind := isSecret(t.s[name.from:end])
	if kind == public {
		return span{}
	}
	v := t.value(end)
	for v.from < len(t.s) && (t.s[v.from] == '\\' || isQuote(t.s[v.from])) {
		v.from++
	}
	if v.skipBlanks(); v.from == len(t.s) || t.s[v.from] != ',' {
		return span{}
	}
	v.from++
	v.skipBlanks()
	to, ok := v.quoted()
	if !ok {
		return span{}
	}
	return t.unlessNothing(kind, span{at: open, from: v.from, to: to})
}

// digest finds the response of a Digest authentication: an MD5 or SHA-256 in hexadecimals.
func (t *text) digest(i int) span {
	v := t.value(i + len(`response="`))
	to := v.run(isHex)
	if to-v.from < 32 || to < len(t.s) && t.s[to] != '"' {
		return span{}
	}
	return span{at: i, from: v.from, to: to}
}

// oracleLogin finds the password of thin:user/password@host and of
// sqlplus user/password@host.
func (t *text) oracleLogin(i int) span {
	v := t.value(i)
	switch {
	case hasFold(t.s[i:], "thin:"):
		v.from += len("thin:")
	case hasFold(t.s[i:], "sqlplus "), hasFold(t.s[i:], "sqlldr "):
		v.from += strings.IndexByte(t.s[i:], ' ') + 1
		for v.from < len(t.s) && t.s[v.from] == '-' { // -S, -L
			v.from = min(len(t.s), v.until(" \r\n")+1)
		}
	default:
		return span{}
	}
	word := t.s[v.from:v.until(" \t\r\n'\"<>;,")]
	slash, host := strings.IndexByte(word, '/'), strings.LastIndexByte(word, '@')
	if slash <= 0 || host <= slash+1 {
		return span{}
	}
	return span{at: i, from: v.from + slash + 1, to: v.from + host}
}

// program is one whose short option takes a password. The option means
// something else to others.
type program struct {
	name    string
	options []string // with a blank where the argument may follow right after it
	example string
	keeps   string
}

func programs() []program {
	return []program{
		{"az keyvault secret set", []string{"--value"}, "az keyvault secret set --vault-name v --name n --value Zq7Secret1", "az keyvault secret set --vault-name v --file f"},
		{"sp_addlogin", []string{",", ", "}, "EXEC sp_addlogin 'u', 'Zq7Secret1'", "EXEC sp_addlogin 'u'"},
		{"az ", []string{"-p"}, "az login -u x -p Zq7Secret1", "az group list -p"},
		{"sqlcmd", []string{"-P", "-P "}, "sqlcmd -S s -U sa -P Zq7Secret1 -Q x", "sqlcmd -S s -E -p 1"},
		{"bcp ", []string{"-P", "-P "}, "bcp t out f -U sa -P Zq7Secret1", "bcp t out f -T"},
		{"osql", []string{"-P", "-P "}, "osql -U sa -P Zq7Secret1", "osql -E"},
		{"mysql", []string{"-p "}, "mysql -u root -pZq7Secret1 db", "mysql -u root -p db"},
		{"mariadb", []string{"-p "}, "mariadb -u root -pZq7Secret1 db", "mariadb -u root -p db"},
		{"sshpass", []string{"-p", "-p "}, "sshpass -p Zq7Secret1 ssh u@h", "sshpass -e ssh u@h"},
		{"curl", []string{"-u", "--user", "--proxy-user", "-u "}, "curl -u user:Zq7Secret1 https://h/", "curl -u user https://h/"},
		{"wget", []string{"--http-passwd"}, "wget --http-passwd Zq7Secret1 https://h/", "wget -p https://h/"},
		{"docker login", []string{"-p"}, "docker login -u x -p Zq7Secret1 h", "docker login -u x h"},
		{"podman login", []string{"-p"}, "podman login -u x -p Zq7Secret1 h", "podman login -u x h"},
		{"redis-cli", []string{"-a"}, "redis-cli -h h -a Zq7Secret1 ping", "redis-cli -h h ping"},
		{"mongo", []string{"-p"}, "mongosh -u x -p Zq7Secret1", "mongosh -u x"},
		{"ldapsearch", []string{"-w"}, "ldapsearch -D x -w Zq7Secret1", "ldapsearch -D x -W"},
		{"smbclient", []string{"-U"}, "smbclient //h/s -U user%Zq7Secret1", "smbclient //h/s -U user"},
		{"convertto-securestring", []string{"-String", "-string"}, `ConvertTo-SecureString "Zq7Secret1" -AsPlainText`, "ConvertTo-SecureString $x -AsPlainText"},
	}
}

// longestCommand is how far an option is looked for after its program's name.
const longestCommand = 500

// find finds the argument of the option of a program whose name begins at i.
func (p program) find(t *text, i int) span {
	if i > 0 && (isName(t.s[i-1]) && t.s[i-1] != '.') {
		return span{}
	}
	line := t.s[i:min(len(t.s), i+longestCommand)]
	if end := strings.IndexAny(line, "\r\n|;"); end >= 0 {
		line = line[:end]
	}
	t.work += len(line) / 8
	if p.name == "convertto-securestring" {
		v := t.value(i + len(p.name))
		v.skipBlanks()
		if to, ok := v.quoted(); ok && !isNothing(t.s[v.from:to]) {
			return span{at: i, from: v.from, to: to}
		}
	}
	for _, option := range p.options {
		name, isGlued := strings.CutSuffix(option, " ")
		for at := 0; ; {
			next := indexOption(line[at:], name)
			if next < 0 {
				break
			}
			at += next + len(name)
			if found := p.argument(t, i, i+at, isGlued); found.from < found.to {
				return found
			}
		}
	}
	return span{}
}

// indexOption returns where an option is in a line, after a blank or a quote.
func indexOption(line, option string) int {
	for at := 0; ; {
		next := strings.Index(line[at:], option)
		if next < 0 {
			return -1
		}
		if at += next; at > 0 && (isBlank(line[at-1]) || isQuote(line[at-1])) {
			return at
		}
		at++
	}
}

// argument returns the secret in the argument that begins after an option's
// end. Users come before their passwords: user:x, user%x.
func (p program) argument(t *text, command, end int, isGlued bool) span {
	v := t.value(end)
	if v.from == len(t.s) || isGlued && isBlank(t.s[v.from]) || !isGlued && !isBlank(t.s[v.from]) && strings.IndexByte(`=\"'`, t.s[v.from]) < 0 {
		return span{}
	}
	if !isGlued {
		if isElement := v.skipBetween(); v.from < len(t.s) && t.s[v.from] == '=' && !isElement {
			v.from++
		}
	}
	if v.from >= len(t.s) || t.s[v.from] == '-' || t.s[v.from] == '$' {
		return span{}
	}
	to, isQuoted := v.quoted()
	if !isQuoted {
		to = v.until(" \t\r\n\"'`<>|;")
	}
	if separator := map[string]string{"curl": ":", "smbclient": "%"}[p.name]; separator != "" {
		at := strings.Index(t.s[v.from:to], separator)
		if at < 0 {
			return span{}
		}
		v.from += at + 1
	}
	if isNothing(t.s[v.from:to]) {
		return span{}
	}
	return span{at: command, from: v.from, to: to}
}
