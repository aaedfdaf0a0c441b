// Package api is the HTTP face of the board: JSON under /api/v1, the live
// stream, health, the built browser UI and the pieces that other pages embed.
// It only reads: what it shows comes from the store, and nothing here writes
// to the store or to Azure.
//
// The document at /api/v1/openapi.json is made from the Go types of this room;
// openapi.json beside them is its golden copy, from which the browser UI's
// types are made in turn.
package api
