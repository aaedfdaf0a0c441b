// Package intake reads files that hold pipeline runs into the store: saved
// answers of the API, output of az and PowerShell, diagnostic logs of a storage
// account, exports of Log Analytics, and tables. Kinds are told apart by content,
// never by name. What is no run is refused by the name of its kind, and counted.
package intake
