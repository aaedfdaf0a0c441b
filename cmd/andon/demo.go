package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"andon/internal/app"
	"andon/internal/config"
	"andon/internal/emulator"
)

// demoPoll is short so that a run that fails is seen failing.
const demoPoll = 2 * time.Second

func newDemoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the board over an emulated Azure: no account, nothing left behind",
		Long: "Starts an emulated Azure on loopback, with 45 days of a believable company's\n" +
			"pipeline runs that goes on living, and a board on it. Ctrl-C ends both and\n" +
			"removes what they wrote.",
		Args: noArgs,
	}
	f := cmd.Flags()
	listen := f.String("listen", config.DefaultListen, "address of the board; loopback only")
	seed := f.Int64("seed", 1, "which company: the same number gives the same one")
	size := f.Int("size", 20000, "runs of history")
	speed := f.Float64("speed", 1, "how fast the company lives; 1 is real time")
	poll := f.Duration("poll", demoPoll, "how often each factory is asked for news")
	origins := f.StringArray("embed-origin", nil, "origin whose pages may frame /embed/…; repeatable")
	level := f.String("log-level", "warn", "debug, info, warn or error")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		logger, err := newLogger(cmd.ErrOrStderr(), *level)
		if err != nil {
			return err
		}
		dir, err := os.MkdirTemp("", "andon-demo-")
		if err != nil {
			return fmt.Errorf("a folder for the demo's history: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

		emu, err := emulator.New(emulator.Options{
			Listen: "127.0.0.1:0", ProxyListen: "127.0.0.1:0", ControlListen: "127.0.0.1:0",
			CAOut: filepath.Join(dir, "ca.pem"), Seed: *seed, Size: *size, Speed: *speed,
			Scenario: "default", Limits: "off", Logger: logger, Now: time.Now,
		})
		if err != nil {
			return usageError{err}
		}
		if err := emu.Start(cmd.Context()); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, emu.Stop(context.WithoutCancel(cmd.Context()))) }()

		c, err := demoConfig(emu.Info(), dir, *listen, *poll, *origins)
		if err != nil {
			return usageError{err}
		}
		v, _ := buildVersion()
		a, err := app.New(cmd.Context(), app.Options{Config: c, Version: v, Logger: logger})
		if err != nil {
			return err
		}
		return serveUntilDone(cmd, a, c)
	}
	return cmd
}

// demoConfig describes the emulated Azure as a person would describe any
// custom cloud: by the environment that andon emulate prints.
func demoConfig(info emulator.Info, dir, listen string, poll time.Duration, origins []string) (config.Config, error) {
	env := map[string]string{
		"AZURE_TENANT_ID": info.TenantID, "AZURE_CLIENT_ID": info.ClientID, "AZURE_CLIENT_SECRET": info.ClientSecret,
		"AZURE_AUTHORITY_HOST": info.Authority, "ANDON_RESOURCE_MANAGER": info.ResourceManager,
		"ANDON_AUDIENCE": "https://management.azure.com", "ANDON_CA_FILE": info.CAFile,
	}
	flags := map[string][]string{
		"listen": {listen}, "poll": {poll.String()}, "budget": {"off"},
		"store": {"sqlite:" + filepath.Join(dir, "demo.db")},
	}
	if len(origins) > 0 {
		flags["embed-origin"] = origins
	}
	c, err := config.Load(config.Input{Flags: flags, Env: func(k string) string { return env[k] }})
	if err == nil {
		c.Sources[0].Name = "demo" // not the tenant's id, which tells nobody anything
	}
	return c, err
}
