// Package entra is the directories of the emulated Microsoft Entra ID: tenants,
// the applications in them with every kind of credential, the clusters whose
// tokens they trust, and the access tokens they get.
//
// It answers with documents and statuses and knows no HTTP beyond a parsed
// form: package emulator brings requests in and answers out, and breaks them
// where a fault says so. Access tokens, assertions and federated tokens are
// real JSON Web Tokens, signed and verified; nothing is accepted by its looks.
//
// Time is real time throughout, since clients count a token's life in it.
// Which of Entra's texts and numbers are proven is said where they stand
// (azure.md §4).
package entra
