// The rows of the core, on Go's goroutines, on one core. Built as a program of its own: see support/bench.hpp for what the
// command line and the figures are.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

func cpuSeconds() float64 {
	const processCPU = 2
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, processCPU, uintptr(unsafe.Pointer(&now)), 0)
	return float64(now.Sec) + float64(now.Nsec)*1e-9
}

func memoryBytes() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	kib := 0.0
	for _, line := range strings.Split(string(status), "\n") {
		words := strings.Fields(line)
		if len(words) > 1 && (words[0] == "VmRSS:" || words[0] == "VmPTE:") {
			value, _ := strconv.ParseFloat(words[1], 64)
			kib += value
		}
	}
	return kib * 1024
}

type delays struct{ state uint64 }

func (d *delays) next() time.Duration {
	d.state ^= d.state << 13
	d.state ^= d.state >> 7
	d.state ^= d.state << 17
	return time.Duration(d.state%1000000) * time.Microsecond
}

// Starts so many, and returns what waits for all of them.
func startAll(count int, body func()) *sync.WaitGroup {
	var all sync.WaitGroup
	all.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			body()
			all.Done()
		}()
	}
	return &all
}

func yield(size, operations int) float64 {
	each := operations / size
	gate := make(chan struct{})
	all := startAll(size, func() {
		<-gate
		for n := 0; n < each; n++ {
			runtime.Gosched()
		}
	})
	begin := cpuSeconds()
	close(gate)
	all.Wait()
	return (cpuSeconds() - begin) * 1e9 / float64(each*size)
}

func create(_, operations int) float64 {
	begin := cpuSeconds()
	for n := 0; n < operations; n++ {
		done := make(chan struct{})
		go func() { close(done) }()
		<-done
	}
	return (cpuSeconds() - begin) * 1e9 / float64(operations)
}

func burst(size, _ int) float64 {
	begin := cpuSeconds()
	startAll(size, func() {}).Wait()
	return (cpuSeconds() - begin) * 1e9 / float64(size)
}

func pingPong(_, operations int) float64 {
	ping, pong := make(chan struct{}), make(chan struct{})
	go func() {
		for n := 0; n < operations; n++ {
			<-ping
			pong <- struct{}{}
		}
	}()
	begin := cpuSeconds()
	for n := 0; n < operations; n++ {
		ping <- struct{}{}
		<-pong
	}
	return (cpuSeconds() - begin) * 1e9 / float64(operations)
}

func sleeps(size, _ int) float64 {
	begin := cpuSeconds()
	random := delays{0x9e3779b97f4a7c15}
	startAll(size, func() { time.Sleep(random.next()) }).Wait()
	return cpuSeconds() - begin
}

func timers(size, _ int) float64 {
	begin := cpuSeconds()
	random := delays{0x9e3779b97f4a7c15}
	var all sync.WaitGroup
	all.Add(size)
	for i := 0; i < size; i++ {
		time.AfterFunc(random.next(), all.Done)
	}
	all.Wait()
	return cpuSeconds() - begin
}

func parked(size, _ int) float64 {
	before := memoryBytes()
	gate := make(chan struct{})
	all := startAll(size, func() { <-gate })
	runtime.Gosched()
	result := (memoryBytes() - before) / float64(size)
	close(gate)
	all.Wait()
	return result
}

func main() {
	runtime.GOMAXPROCS(1)
	rows := map[string]func(int, int) float64{"yield": yield, "create": create, "burst": burst, "ping_pong": pingPong,
		"sleeps": sleeps, "timers": timers, "parked": parked}
	size, operations := 1, 1000000
	if len(os.Args) > 2 {
		size, _ = strconv.Atoi(os.Args[2])
	}
	if len(os.Args) > 3 {
		operations, _ = strconv.Atoi(os.Args[3])
	}
	if len(os.Args) < 2 || rows[os.Args[1]] == nil {
		os.Exit(3)
	}
	fmt.Printf("%.6g\n", rows[os.Args[1]](size, operations))
}
