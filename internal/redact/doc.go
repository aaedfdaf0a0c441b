// Package redact takes secrets out of what Azure Data Factory sends, before
// anything is written: passwords, keys and tokens that stand in parameters,
// inputs, outputs and messages become "<redacted>". What holds no secret stays
// byte for byte. It knows JSON and texts and nothing of Andon; standard
// library only. The collector and config use it.
//
// A value is a secret when
//   - its key names one ([Redactor.JSON] and isSecret say which names do), as
//     a member of an object, as the name beside a value, as in a list of
//     headers, or as the option before an argument, as in --password p1;
//   - it is a SecureString, or what Key Vault answers for a secret, or one of
//     the keys that a service lists;
//   - it is in a text in a form that only secrets have: a value after a
//     secret's name (Password=…;, "token": "…", sig=… in a URL), a JSON Web
//     Token, what follows Bearer, a private key, a password in a URL;
//   - one of the operator's patterns says so.
//
// JSON that stands in a string, as Data Factory likes to nest it, is looked
// into like any other, also within a sentence and where it is cut, unless
// other JSON before it broke off within a string. Where it is unclear whether
// a text is a secret, it is taken to be one: a word too few in a message costs
// less than a password.
// Left alone are empty texts, null, true and false, names of secrets,
// references to them, their counts, kinds and ends of life, and tokens that
// page through lists.
package redact
