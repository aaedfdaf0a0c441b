package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"

	"github.com/ncruces/go-sqlite3" //nolint:depguard // a bound and a check beside store, which is there to hide the driver

	"andon/internal/store"
)

// writePlain is the bound for the store: the same raw rows, through the same
// driver and with the same durability, into one table that has no index, looks
// nothing up and packs nothing, a page a transaction.
func writePlain(ctx context.Context, dir string, pages []store.Page) (err error) {
	db, err := sqlite3.OpenContext(ctx, "file:"+filepath.Join(dir, "plain.db")+
		"?_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=cache_size(-32768)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Exec("CREATE TABLE run(raw TEXT NOT NULL) STRICT"); err != nil {
		return err
	}
	insert, _, err := db.Prepare("INSERT INTO run(raw) VALUES (?)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	for _, page := range pages {
		if err := writePlainPage(db, insert, page); err != nil {
			return err
		}
	}
	return nil
}

func writePlainPage(db *sqlite3.Conn, insert *sqlite3.Stmt, page store.Page) (err error) {
	tx, err := db.BeginImmediate()
	if err != nil {
		return err
	}
	defer tx.End(&err)
	for i := range page.Runs {
		if err := insert.BindText(1, string(page.Runs[i].Raw)); err != nil {
			return err
		}
		if err := insert.Exec(); err != nil {
			return err
		}
	}
	return nil
}

// schemaOf returns a short name of the schema of a store, the same for the
// same tables and indexes.
func schemaOf(ctx context.Context, path string) (name string, err error) {
	db, err := sqlite3.OpenContext(ctx, "file:"+path+"?mode=ro")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	all, _, err := db.Prepare("SELECT coalesce(sql, '') FROM sqlite_schema ORDER BY name")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, all.Close()) }()
	sum := sha256.New()
	for all.Step() {
		sum.Write(all.ColumnRawText(0))
	}
	return hex.EncodeToString(sum.Sum(nil)[:4]), all.Err()
}
