package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

const (
	maxHeader  = 64 << 10
	maxPayload = 64 << 20
)

// readFrame reads the length of a header, the header, and the payload of the size that it says.
func readFrame(from io.Reader) (request, []byte, error) {
	var message request
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return message, nil, err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size == 0 || size > maxHeader {
		return message, nil, fmt.Errorf("a header has %d bytes", size)
	}
	header := make([]byte, size)
	if _, err := io.ReadFull(from, header); err != nil {
		return message, nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(header))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&message); err != nil {
		return message, nil, fmt.Errorf("a header is not of the protocol: %w", err)
	}
	if message.Size == nil {
		return message, nil, nil
	}
	if *message.Size < 0 || *message.Size > maxPayload {
		return message, nil, fmt.Errorf("a payload has %d bytes", *message.Size)
	}
	payload := make([]byte, *message.Size)
	_, err := io.ReadFull(from, payload)
	return message, payload, err
}

// encodeFrame returns the frame up to its payload, which follows it.
func encodeFrame(message any) ([]byte, error) {
	header, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("a header of %d bytes cannot be sent", len(header))
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(header))), header...), nil
}
