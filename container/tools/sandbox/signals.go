package main

import (
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// busy is held while commands run.
var busy sync.Mutex

// awaitSignals ends the helper at SIGTERM once no command runs, and ignores all other signals: where Landlock does not confine signals,
// commands can send some.
func awaitSignals() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals)
	go func() {
		for received := range signals {
			if received == syscall.SIGTERM || received == syscall.SIGINT {
				go func() {
					busy.Lock()
					log.Printf("%v", received)
					os.Exit(0)
				}()
			}
		}
	}()
}
