// Package store keeps the history of pipeline runs: it writes what the
// collector read from Azure Data Factory and answers what the pages ask. It is
// the only room that knows SQL.
//
// One goroutine writes, on one connection; every page of runs changes its
// rows, their roll-ups, the coverage and the watermark in one transaction, so
// a crash leaves either all of a page or nothing. Readers see committed state
// only and never wait for the writer.
package store
