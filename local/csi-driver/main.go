// Command csi-driver is a CSI driver for one node and for tests: a volume is a sparse file that holds an XFS file
// system, mounted through a loop device. Sizes, "no space left on device" and online growth are therefore those of a
// real block volume, on a machine that has no spare disk.
//
// XFS, because growing a mounted ext4 takes CAP_SYS_RESOURCE, which containers and sandboxes often lack.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// commands lists what the driver runs, and the Debian package that has it.
var commands = map[string]string{
	"cp":         "coreutils",
	"losetup":    "mount",
	"mkfs.xfs":   "xfsprogs",
	"mount":      "mount",
	"umount":     "mount",
	"xfs_growfs": "xfsprogs",
}

func main() {
	if err := run(); err != nil {
		slog.Error("the driver cannot run", "error", err)
		os.Exit(1)
	}
}

func run() error {
	name := flag.String("name", "loop.csi.modelstore.local", "name of the driver, the StorageClass's provisioner")
	node := flag.String("node", "", "name of the node that the driver runs on (required)")
	data := flag.String("data", "", "folder for the volumes' images and records (required)")
	kubeletRoot := flag.String("kubelet-root", "/var/lib/kubelet", "the kubelet's --root-dir")
	poolBytes := flag.Int64("pool-bytes", 64<<30, "sum of the sizes of all volumes and snapshots, in bytes")
	flag.Parse()
	if *node == "" || *data == "" {
		return fmt.Errorf("--node and --data are required; got --node %q and --data %q", *node, *data)
	}
	for command, debianPackage := range commands {
		if _, err := exec.LookPath(command); err != nil {
			return fmt.Errorf("%w; install the package %s", err, debianPackage)
		}
	}

	d, err := newDriver(*name, *node, *data, *poolBytes)
	if err != nil {
		return err
	}
	if err := d.recover(); err != nil {
		return err
	}

	// The kubelet calls the driver as soon as it sees the registration's socket, so the driver's own is opened first.
	endpoint := filepath.Join(*kubeletRoot, "plugins", *name, "csi.sock")
	listener, err := listen(endpoint)
	if err != nil {
		return err
	}
	server := newServer(d)
	registrationListener, err := listen(filepath.Join(*kubeletRoot, "plugins_registry", *name+"-reg.sock"))
	if err != nil {
		return err
	}
	registrationServer := grpc.NewServer()
	registration.RegisterRegistrationServer(registrationServer, &registrar{name: *name, endpoint: endpoint})

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		slog.Info("stopping", "signal", (<-signals).String())
		registrationServer.GracefulStop()
		server.GracefulStop()
	}()

	slog.Info("serving", "driver", *name, "node", *node, "endpoint", endpoint)
	// Whichever ends first ends the driver: at a signal both do, without an error.
	ended := make(chan error, 2)
	go func() { ended <- server.Serve(listener) }()
	go func() { ended <- registrationServer.Serve(registrationListener) }()
	if err := <-ended; err != nil {
		return err
	}
	return <-ended
}

// newServer returns the gRPC server of the three CSI services, with the log and the faults around each call.
func newServer(d *driver) *grpc.Server {
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(logCalls, d.injectFaults))
	csi.RegisterIdentityServer(server, d)
	csi.RegisterControllerServer(server, d)
	csi.RegisterNodeServer(server, d)
	return server
}

// listen opens a Unix socket; one that a killed predecessor left behind is replaced.
func listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	return net.Listen("unix", path)
}
