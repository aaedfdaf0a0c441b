// Package cause says in a sentence why a run or an activity failed. Its
// functions are pure: the same message gives the same cause, and nothing is
// read or kept. Messages come from the store, which holds redacted text only.
//
// Data Factory wraps the text of the system that failed: once for each level of
// pipelines and loops, then in the envelope of a connector, then often in the
// JSON or HTML of a service. The cause is what is found inside, with the
// system's own number or name in front. Example:
//
//	Operation on target cp_orders failed: ErrorCode=SqlOperationFailed,'Type=…,Message=A database
//	operation failed.,Source=…,''Type=…SqlException,Message=Invalid object name 'dbo.x'.,SqlErrorNumber=208,…
//
// has the text "SQL 208: Invalid object name 'dbo.x'" and the activity cp_orders.
package cause
