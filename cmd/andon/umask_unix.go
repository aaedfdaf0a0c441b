//go:build unix

package main

import "syscall"

// restrictFiles makes every file that this process creates from now on its
// owner's alone: the store's database, the log that SQLite keeps beside it,
// and what is temporary. The mask belongs to the whole process, so only the
// program sets it, never a room.
func restrictFiles() { syscall.Umask(0o077) }
