// A hundred requests at a time, on Go's sockets, on one core.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

const atOnce = 100

func fetch(address string) {
	connection, err := net.Dial("tcp4", address)
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	io.WriteString(connection, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	reader := bufio.NewReader(connection)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			panic(err)
		}
		if line == "\r\n" {
			break
		}
	}
	if _, err := io.ReadFull(reader, make([]byte, 6)); err != nil {
		panic(err)
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Sec+usage.Stime.Sec) + float64(usage.Utime.Usec+usage.Stime.Usec)*1e-6
}

func main() {
	runtime.GOMAXPROCS(1)
	if len(os.Args) != 4 || os.Args[1] != "fan_out" {
		os.Exit(3)
	}
	requests, _ := strconv.Atoi(os.Args[3])
	begin := cpuSeconds()
	for done := 0; done < requests; done += atOnce {
		var wave sync.WaitGroup
		wave.Add(atOnce)
		for i := 0; i < atOnce; i++ {
			go func() {
				fetch("127.0.0.1:" + os.Args[2])
				wave.Done()
			}()
		}
		wave.Wait()
	}
	fmt.Printf("%.6g\n", (cpuSeconds()-begin)*1e6/float64(requests))
}
