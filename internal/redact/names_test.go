package redact

import (
	"strings"
	"testing"
)

func TestNamesOfSecretsAndNearMisses(t *testing.T) {
	t.Parallel()
	for want, names := range map[secrecy][]string{
		secret: {
			"passcode", "pw", "dbPw", "db_pw", "webhookUrl", "webhook_uri", "Passwort", "Kennwort", "lösenord", "LÖSENORD", "losenord", "motDePasse", "contraseña", "senha", "dbSenha",
			"servicePrincipalEmbeddedCert", "privateKeyContent", "keyFileContent", "authHeaders", "basicAuth", "clientCertificate", "sharedAccessSignature",
			"password", "Password", "PASS_WORD", "dbPassword", "password1", "passwordText", "passwordBase64", "passwordHash", "passwd", "pwd", "Pwd", "sql-pwd",
			"passphrase", "secret", "clientSecret", "client_secret", "secretValue", "secrets", "spnSecret2", "credential", "credentials", "encryptedCredential",
			"connectionString", "connection_string", "ConnectionString1", "connStr", "authorization", "Authorization", "proxy-authorization", "AuthorizationHeader",
			"cookie", "Cookie", "Set-Cookie", "cookies", "sasUri", "sas_url", "sas", "sig", "pfx", "jwt", "accessJwt", "storageSasUri",
		},
		guarded: {
			"pass", "pass1", "dbPass", "dbpass", "MYSQL_PASS", "smtpPass", "servicePrincipalKey", "consumerKey", "sasKey", "spnKey", "dbKey", "fs.azure.account.key.acct.dfs.core.windows.net",
			"token", "Token", "accessToken", "access_token", "refresh_token", "id_token", "sasToken", "SAS_TOKEN", "bearerToken", "tokenValue", "tokens",
			"apiKey", "api-key", "X-Api-Key", "API_KEYS", "accessKey", "accountKey", "AccountKey", "account key", "sharedAccessKey", "sharedKey", "privateKey",
			"x-functions-key", "functionKeys", "Ocp-Apim-Subscription-Key", "authKey1", "storageKey", "encryptionKey", "masterKey", "hostKey",
		},
		public: {
			"first_pass", "secondPass", "boardingPass", "trespass", "overpass", "pwc", "upw" + "ard", "desenha", "webhook", "webhookName", "certificateName", "consumerGroup", "basicAuthEnabled",
			"", "id", "value", "name", "key", "keys", "secretName", "secret_name", "passwordName", "tokenCount", "token_count", "total_token_count", "maxTokenLimit", "tokenType", "token_type",
			"continuationToken", "ContinuationToken", "nextPageToken", "nextToken", "skipToken", "$skipToken", "syncToken", "deltaToken", "cancellationToken",
			"PublicKeyToken", "tokenExpiry", "expires_in", "tokenExpiresOn", "tokenEndpoint", "token_uri", "passwordExpiry", "secretVersion", "credentialInSync",
			"credentialType", "credentialId", "accessKeyId", "accountKeyName", "SharedAccessKeyName", "secretary", "secretariatName", "passwordless", "passwordPolicy",
			"tokenizer", "tokenization", "primaryKey", "primary_key", "foreignKey", "partitionKey", "rowKey", "sortKey", "businessKey", "surrogateKey", "publicKey",
			"cacheKey", "keyColumns", "keyVaultName", "monkey", "turkey", "compass", "bypass", "passed", "passengerCount", "authentication", "authenticationType",
			"author", "authority", "cookieCount", "cookiePolicy", "sasquatch", "signature", "signal", "design", "userName", "linkedServiceName", "secureInput",
			"integrationRuntimeQueue", "maxConcurrentSecretReads" + "Count", "hashKey", "productKey", "customerKey",
		},
	} {
		for _, name := range names {
			if got := isSecret(name); got != want {
				t.Errorf("%q is %d, want %d", name, got, want)
			}
		}
	}
}

// names are the names of secrets, of every kind that isSecret knows.
func names() []string {
	return []string{
		"password", "PassWord", "passwd", "pwd", "pass", "passphrase", "secret", "credential", "connectionString", "connStr", "authorization", "cookie", "bearer",
		"sasUri", "sasUrl", "sas", "sig", "pfx", "jwt", "token", "tokens", "apiKey", "accountKeys",
	}
}

// TestEveryNameHasAHint guards the fast path: what a rule could redact must
// make the scan stop.
func TestEveryNameHasAHint(t *testing.T) {
	t.Parallel()
	h := newHints()
	all := []string{"pass_word", "pass.word", "pass word", "connection_string", "connection-string", "connection.string", "connection string", "conn_str", "conn.str"}
	for _, name := range names() {
		for _, end := range []string{"", "1", "Text", "Value", "Header", "PlainText", "Base64", "_1", " value", "-2"} {
			all = append(all, name+end, strings.ToUpper(name+end))
		}
	}
	all = append(
		all, "passcode", "pw", "db_pw", "adminPw", "dbPass", "dbpass", "MYSQL_PASS", "smtp-pass", "webhookUrl", "webhook_uri", "Passwort", "Kennwort", "lösenord", "LÖSENORD", "losenord", "motDePasse", "passe", "contraseña",
		"contrasena", "senha", "db_senha", "passord", "wachtwoord", "servicePrincipalKey", "servicePrincipalEmbeddedCert", "privateKeyContent", "keyFileContent", "consumerKey", "authHeaders",
		"basicAuth", "clientCertificate", "encryptedCredential", "sharedAccessSignature", "authCode", "authorization_code", "fs.azure.account.key.acct.dfs.core.windows.net", "sasKey", "spnKey", "dbKey",
	)
	for _, name := range all {
		if isSecret(name) == public {
			t.Errorf("%s is the name of no secret", name)
		}
		for _, form := range []string{
			`{"%s":"x"}`, `{"name":"%s","value":"x"}`, `"{\"%s\":\"x\"}"`, `"{'%s': 'x'}"`, `"a %s=x"`, `"%s = x"`, `"%s%%3Dx"`, `"%s : x"`, `"<%s>x</a>"`, `"<%s a=1>x</a>"`, `["--%s","x"]`,
		} {
			form = strings.Replace(strings.ReplaceAll(form, "%%", "%"), "%s", name, 1)
			if !h.in(form) || !h.inBytes([]byte(form)) {
				t.Errorf("%s is passed over", form)
			}
		}
	}
	for _, form := range []string{
		`"bearer x"`, `"Bearer x"`, `"eyJhbGciOi"`, `"?code=x"`, `"?code%3Dx"`, `"?code\u003dx"`, `"-----BEGIN PRIVATE KEY-----"`, `"https://u:p@h"`, `"abc8Q~x"`, `"s\u0069g=x"`,
		`{"type":"SecureString"}`, `{"id":"https://x.vault.azure.net/secrets/x"}`, `{"key1":"x","key2":"x"}`, `{"systemKeys":{}}`,
	} {
		if !h.in(form) {
			t.Errorf("%s is passed over", form)
		}
	}
	for _, form := range []string{`{"activityName":"cp_orders","activityType":"Copy","status":"Succeeded","error":{"errorCode":"","message":"","failureType":"","target":"cp","details":""}}`} {
		if h.in(form) {
			t.Errorf("%s is looked into", form)
		}
	}
}

// FuzzNames demands that every name of a secret that is written without
// separators has a hint.
func FuzzNames(f *testing.F) {
	for _, name := range names() {
		f.Add(name)
	}
	h := newHints()
	f.Fuzz(func(t *testing.T, name string) {
		var space [longestName]byte
		if plain := string(appendPlain(space[:0], name)); isSecret(plain) != public && !h.in(plain+"=") {
			t.Fatalf("%q has no hint", plain)
		}
	})
}
