// Package history holds the rules about stored runs as pure functions: no SQL,
// no clock, no state. It imports adf only, so that every database gives the
// same history.
//
// The rules are: what a run's parameters are and when two runs have equal
// ones (parameters.go, canonical.go), which parameters come back and which
// are new each time (classes.go, moments.go), and whether a failed run has
// recovered (recovery.go).
package history
