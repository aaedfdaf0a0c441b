// Package azure asks Entra ID for tokens and Azure Resource Manager for what
// Data Factory did. It keeps inside Azure's limits, retries what may be
// retried (every call here is a read), decodes tolerantly into the words of
// package adf, and turns whatever went wrong into an Error that says what
// happened, where, and what mends it.
//
// A Client serves one identity in one tenant and is safe for use by many
// goroutines; one per source is enough.
package azure
