// Package emulator answers on loopback as Microsoft Entra ID, Azure Resource
// Manager and Azure Data Factory do, over a company that lives in package
// world. It is what `andon demo` shows, what `andon emulate` offers to other
// tools, and what the tests of Andon's own client run against.
//
// It is written from Microsoft's documentation and from recorded answers, with
// its own wire types, and never shares code with the client in package azure:
// one misreading of Azure must not satisfy both sides. It imports the standard
// library, golang.org/x and package world only.
//
// Two clocks meet here. Runs, windows and the Date header follow the world's
// clock, which may run fast or be moved through the control listener. Access
// tokens, request budgets and the duration of faults follow real time, since
// the client on the other side counts those in real time too.
package emulator
