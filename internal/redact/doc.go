// Package redact takes secrets out of what Azure Data Factory sends, before
// anything is written: passwords, keys and tokens in parameters, inputs,
// outputs and messages become "<redacted>". What holds no secret stays
// byte for byte. It knows JSON and texts and nothing of Andon; standard
// library only. The collector and config use it.
//
// A value is a secret when
//   - its key names one ([Redactor.JSON] and isSecret say which names do), as
//     a member of an object, as the name beside a value, as in a list of
//     headers, or as the option before an argument, as in --password p1;
//   - it is a SecureString, or what Key Vault answers for a secret, or one of
//     the keys that a service lists;
//   - a rule for texts finds it: a value after a secret's name (Password=…;,
//     "token": "…", sig=… in a URL), a token that is known by its form, a
//     password in a URL, on a command line, in SQL. textRules lists them;
//   - one of the operator's patterns says so, or [Redactor.WithKeys].
//
// JSON in a string, which Data Factory likes to nest, is looked into like any
// other, also within a sentence, where it is cut, and where it is encoded for a
// URL or for HTML. Base64 of a text with a secret is a secret as a whole. Where
// it is unclear whether a text is a secret, it is taken to be one: a word too
// few in a message costs less than a password.
// Left alone are empty texts, null, true and false, asterisks, names of secrets,
// references to them, their counts, kinds and ends of life, and tokens that
// page through lists.
//
// Three properties hold by construction. Redacting twice is redacting once:
// see settle. No secret hides another one: each rule looks at the text as it
// came, see text. Time is linear: the bytes that rules look at are counted,
// see mostWork.
//
// Whether a text holds a password can only be guessed, so some secrets are
// missed; testdata/samples.golden counts them by kind. With
// [Patterns.OnlyAllowed] nothing has to be guessed for inputs and outputs.
package redact
