// Package adf is Andon's vocabulary: what Azure Data Factory calls its things,
// in Go types that every other room shares. It reads the JSON that ADF writes,
// tolerantly, and knows nothing of HTTP, storage or pages. It may import the
// standard library only.
//
// Field names are ADF's own. A field that ADF may leave out or send as null is
// a pointer, a Time or a json.RawMessage whose zero value means "absent":
// unknown is never zero.
package adf
