package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"path/filepath"
	"time"
)

const (
	handshakeTimeout = 10 * time.Second
	maxConnections   = 32
	acceptPause      = 100 * time.Millisecond
	// Anyone who reaches the port can have a connection refused.
	refusalsEvery = time.Minute
)

// listen serves fluxd, which is in another pod. Either side shows the certificate in the folder, and takes no other: only the two have its
// key. The files are read for each connection, as they may be renewed.
func (h *helper) listen(address, folder string) error {
	if _, err := readIdentity(folder); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	slots := make(chan struct{}, maxConnections)
	refusals := make(chan error)
	go logRefusals(refusals)
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Printf("no connection can be accepted: %v", err)
			time.Sleep(acceptPause)
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			conn.Close()
			refusals <- errors.New("there are too many")
			continue
		}
		go func() {
			defer func() { <-slots }()
			defer conn.Close()
			authenticated, err := authenticate(conn, folder)
			if err != nil {
				refusals <- err
				return
			}
			defer authenticated.Close()
			log.Printf("the connection to fluxd ended: %v", newSession(h, authenticated).serve())
		}()
	}
}

func logRefusals(refusals <-chan error) {
	var last time.Time
	for err := range refusals {
		if last.IsZero() || time.Since(last) > refusalsEvery {
			last = time.Now()
			log.Printf("a connection was refused: %v", err)
		}
	}
}

func authenticate(conn net.Conn, folder string) (net.Conn, error) {
	identity, err := readIdentity(folder)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return nil, err
	}
	secured := tls.Server(conn, serverConfig(identity))
	if err := secured.Handshake(); err != nil {
		return nil, err
	}
	return secured, conn.SetDeadline(time.Time{})
}

func serverConfig(identity tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates:           []tls.Certificate{identity},
		MinVersion:             tls.VersionTLS13,
		ClientAuth:             tls.RequireAnyClientCert,
		SessionTicketsDisabled: true,
		// The handshake proves that the other side has the key.
		VerifyConnection: func(state tls.ConnectionState) error {
			if !bytes.Equal(state.PeerCertificates[0].Raw, identity.Leaf.Raw) {
				return errors.New("it does not show the certificate that fluxd and the sandbox share")
			}
			return nil
		},
	}
}

func readIdentity(folder string) (tls.Certificate, error) {
	identity, err := tls.LoadX509KeyPair(filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key"))
	if err != nil {
		return identity, fmt.Errorf("it has no certificate to share with fluxd in %s: %w", folder, err)
	}
	return identity, nil
}
