package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// Where clouds give out the credentials of a machine or a pod.
	metadataServices = "169.254.169.254:80,[fd00:ec2::254]:80,169.254.170.23:80,100.100.100.200:80,168.63.129.16:80"
	dialTimeout      = 2 * time.Second
	// A policy may be removed while fluxd is connected.
	confinementAge = time.Minute
)

// confinement is what a NetworkPolicy has to keep commands with network from. Not every cluster enforces policies, and some only a while
// after a pod has started; so it is tried.
type confinement struct {
	closed  []string
	checked time.Time
	mutex   sync.Mutex
}

// newConfinement is for the API server and for these addresses, with commas.
func newConfinement(closed string) (*confinement, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("it does not find the API server in its environment, and cannot see that a NetworkPolicy keeps commands from it; run it in a pod")
	}
	return &confinement{closed: append(strings.Split(closed, ","), net.JoinHostPort(host, port))}, nil
}

// check returns an error if one of the addresses answers. An earlier answer is good for some time.
func (c *confinement) check(age time.Duration) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.checked.IsZero() && time.Since(c.checked) < age {
		return nil
	}
	answers := make(chan string)
	for _, address := range c.closed {
		go func() {
			conn, err := net.DialTimeout("tcp", address, dialTimeout)
			if err != nil {
				answers <- ""
				return
			}
			conn.Close()
			answers <- address
		}()
	}
	var open []string
	for range c.closed {
		if address := <-answers; address != "" {
			open = append(open, address)
		}
	}
	if len(open) > 0 {
		c.checked = time.Time{}
		return fmt.Errorf("commands could reach %s: no NetworkPolicy keeps them from there", strings.Join(open, " and "))
	}
	c.checked = time.Now()
	return nil
}

// layersNow are the layers of commands that run now.
func (h *helper) layersNow() layers {
	current := h.layers
	current.Network = "none"
	if h.network != nil {
		current.Network = "confined"
		if err := h.network.check(0); err != nil {
			log.Printf("no command is run: %v", err)
			current.Network = "open"
		}
	}
	return current
}
