// Package doctor tries every link of the chain from Andon's settings to
// Azure's answers and to its own store, and says of each broken one what the
// cause is, what shows it, and which command mends it. A report is plain data:
// a command prints it, and whoever hands it on needs nothing else of this
// room.
package doctor
