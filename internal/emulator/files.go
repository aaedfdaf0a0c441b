package emulator

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"andon/internal/emulator/entra"
)

// files are the absolute paths of what Start writes.
type files struct {
	ca             string
	certificate    string
	federatedToken string
}

// writeFiles writes the CA certificate where the options say, or into a
// temporary folder that Stop removes, and beside it the credentials of the
// main application that are files.
func (e *Emulator) writeFiles(ca []byte) (files, error) {
	path := e.options.CAOut
	if path == "" {
		dir, err := os.MkdirTemp("", "andon-emulate-")
		if err != nil {
			return files{}, fmt.Errorf("a folder for the CA file: %w", err)
		}
		e.tempDir = dir
		path = filepath.Join(dir, "ca.pem")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return files{}, fmt.Errorf("the CA file %q: %w", e.options.CAOut, err)
	}
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	out := files{ca: path, certificate: stem + "-client-certificate.pem", federatedToken: stem + "-federated-token"}
	// The certificate is public: other users' clients may need to read it.
	if err := writeFile(out.ca, ca, 0o644); err != nil {
		return files{}, fmt.Errorf("write the CA file; --ca-out names another place: %w", err)
	}
	token, err := e.azure.directory.MintFederated(entra.FederatedToken{ExpiresIn: certificateLife})
	if err != nil {
		return files{}, err
	}
	return out, errors.Join(e.writeSecret(out.certificate, e.azure.pair.PEM), e.writeSecret(out.federatedToken, []byte(token)))
}

// writeSecret writes a file that Stop removes wherever it lies.
func (e *Emulator) writeSecret(path string, content []byte) error {
	if err := writeFile(path, content, 0o600); err != nil {
		return fmt.Errorf("write a credential beside the CA file; --ca-out names another place: %w", err)
	}
	e.secrets = append(e.secrets, path)
	return nil
}

// writeFile writes a file of exactly that mode, whatever the umask is and
// whatever mode a file that is there already has.
func writeFile(path string, content []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode) //nolint:gosec // a path of the operator's own
	if err != nil {
		return err
	}
	err = f.Chmod(mode)
	if err == nil {
		_, err = f.Write(content)
	}
	return errors.Join(err, f.Close())
}

func (e *Emulator) removeFiles() error {
	var errs []error
	for _, path := range e.secrets {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove what the start wrote: %w", err))
		}
	}
	e.secrets = nil
	if e.tempDir != "" {
		errs = append(errs, os.RemoveAll(e.tempDir))
		e.tempDir = ""
	}
	return errors.Join(errs...)
}
