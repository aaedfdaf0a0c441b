// Package collector keeps a store equal to what Azure Data Factory shows: it
// finds the factories that an identity may read, reads their history newest
// day first, asks each for news, and fetches the activities of finished runs.
// It also takes in files of saved answers. It is the only writer of runs and
// may import adf, azure, redact and store.
//
// What makes it safe to end at any moment: a window of lastUpdated counts only
// when it was paged to its end, and counts in the same transaction as its last
// page. What is still to be read is always what is wanted less the coverage
// that the store holds, so nothing has to be remembered elsewhere.
package collector
