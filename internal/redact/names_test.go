package redact

import (
	"math/bits"
	"testing"
)

func TestNamesOfSecretsAndNearMisses(t *testing.T) {
	t.Parallel()
	for want, names := range map[secrecy][]string{
		secret: {
			"password", "Password", "PASS_WORD", "dbPassword", "password1", "passwordText", "passwordBase64", "passwordHash", "passwd", "pwd", "Pwd", "sql-pwd", "pass",
			"passphrase", "secret", "clientSecret", "client_secret", "secretValue", "secrets", "spnSecret2", "credential", "credentials", "encryptedCredential",
			"connectionString", "connection_string", "ConnectionString1", "connStr", "authorization", "Authorization", "proxy-authorization", "AuthorizationHeader",
			"cookie", "Cookie", "Set-Cookie", "cookies", "sasUri", "sas_url", "sas", "sig", "pfx", "jwt", "storageSasUri",
		},
		guarded: {
			"token", "Token", "accessToken", "access_token", "refresh_token", "id_token", "sasToken", "SAS_TOKEN", "bearerToken", "tokenValue", "tokens",
			"apiKey", "api-key", "X-Api-Key", "API_KEYS", "accessKey", "accountKey", "AccountKey", "account key", "sharedAccessKey", "sharedKey", "privateKey",
			"x-functions-key", "functionKeys", "Ocp-Apim-Subscription-Key", "authKey1", "storageKey", "encryptionKey", "masterKey", "hostKey",
		},
		public: {
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

// TestEveryNameHasAHint guards the fast path: what a rule could redact must
// make the scan stop.
func TestEveryNameHasAHint(t *testing.T) {
	t.Parallel()
	h := newHints()
	if n := bits.OnesCount64(h.ends); n != len(hintPatterns()) {
		t.Fatalf("only %d of %d hints fit into 64 bits", n, len(hintPatterns()))
	}
	for _, name := range []string{
		"password", "PassWord", "pass_word", "passwd", "pwd", "pass", "passphrase", "secret", "credential", "connectionString", "connection_string", "connection-string",
		"connStr", "conn_str", "authorization", "cookie", "sasUri", "sas", "sig", "pfx", "token", "apiKey",
	} {
		for _, form := range []string{`{"` + name + `":"x"}`, `"{\"` + name + `\":\"x\"}"`, `"a ` + name + `=x"`, `"` + name + `%3Dx"`} {
			if !h.in(form) || !h.inBytes([]byte(form)) {
				t.Errorf("%s is passed over", form)
			}
		}
	}
	for _, form := range []string{`"bearer x"`, `"Bearer x"`, `"eyJhbGciOi"`, `"?code=x"`, `"-----BEGIN PRIVATE KEY-----"`, `"https://u:p@h"`, `"<pass>x</pass>"`, `"abc8Q~x"`, `"s\u0069g=x"`} {
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
