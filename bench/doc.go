// Command bench measures Andon beside named peers and bounds in one run, so
// that its ratios hold on a machine that is slow or shared: how fast a page is
// decoded, a history collected and pages stored, how long the API takes to answer
// over a large store, and how the emulator bears a million runs. It prints tables, then one line for each target.
// docs/benchmarks.md keeps what it printed last.
package main
