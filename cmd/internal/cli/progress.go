package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress tells a person that something long is under way, and ends it when the
// function that it returns is called. On a terminal a line on stderr counts the
// seconds and goes away at the end; elsewhere one plain line says what has begun.
// Only one piece of work shows its progress at a time.
func (c *Call) Progress(what string) (done func()) {
	if !Terminal(c.Env.Stderr) {
		c.Sayf("%s …", what)
		return func() {}
	}
	stop := make(chan struct{})
	var finished sync.WaitGroup
	finished.Go(func() { count(c.Env.Stderr, what, stop) })
	return sync.OnceFunc(func() {
		close(stop)
		finished.Wait()
	})
}

// count shows the work's line until stop is closed.
func count(w io.Writer, what string, stop <-chan struct{}) {
	begun := time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		fmt.Fprintf(w, "\r\x1b[K%s … %.1f s", what, time.Since(begun).Seconds())
		select {
		case <-stop:
			fmt.Fprint(w, "\r\x1b[K")
			return
		case <-tick.C:
		}
	}
}
