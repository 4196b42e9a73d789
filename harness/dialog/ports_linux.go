package dialog

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// listening returns the addresses, host:port on this machine, on which processes of a process group accept connections.
func listening(group int) ([]string, error) {
	sockets := map[string]bool{}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	for _, process := range processes {
		pid, err := strconv.Atoi(filepath.Base(process))
		if err != nil || !belongs(pid, group) {
			continue
		}
		files, _ := filepath.Glob(process + "/fd/*") // none when it has just ended
		for _, file := range files {
			if target, err := os.Readlink(file); err == nil {
				if inode, ok := strings.CutPrefix(target, "socket:["); ok {
					sockets[strings.TrimSuffix(inode, "]")] = true
				}
			}
		}
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return nil, fmt.Errorf("dialog: list the browser's ports: %w", err)
	}
	var found []string
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		// sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || fields[3] != "0A" || !sockets[fields[9]] {
			continue
		}
		if address, ok := parseAddress(fields[1]); ok {
			found = append(found, address)
		}
	}
	return found, nil
}

// parseAddress reads the kernel's notation of an IPv4 address and a port, 0100007F:8CA1: the address is a number of four bytes
// in the order of the processor, of which this knows the little-endian one.
func parseAddress(text string) (string, bool) {
	host, port, ok := strings.Cut(text, ":")
	address, err := hex.DecodeString(host)
	number, err2 := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil || err2 != nil || len(address) != net.IPv4len {
		return "", false
	}
	ip := netip.AddrFrom4([4]byte{address[3], address[2], address[1], address[0]})
	return netip.AddrPortFrom(ip, uint16(number)).String(), true
}

// belongs is true for a process of a process group.
func belongs(pid, group int) bool {
	got, err := syscall.Getpgid(pid)
	return err == nil && got == group
}
