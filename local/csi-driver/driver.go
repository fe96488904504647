package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// driver is the CSI driver of one node: identity, controller and node service in one process.
type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedNodeServer

	name      string
	node      string
	faults    string // folder; see injectFaults
	volumes   records[volume]
	snapshots records[snapshot]
	busy      busy
	pool      pool
}

func newDriver(name, node, data string, poolBytes int64) (*driver, error) {
	d := &driver{
		name:      name,
		node:      node,
		faults:    filepath.Join(data, "fault"),
		volumes:   records[volume]{dir: filepath.Join(data, "volumes")},
		snapshots: records[snapshot]{dir: filepath.Join(data, "snapshots")},
		pool:      pool{size: poolBytes},
	}
	for _, dir := range []string{d.faults, d.volumes.dir, d.snapshots.dir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// recover clears up after a driver that was killed: half-made images go, and a file system that it had frozen for a
// copy is thawed, since nothing could write to or unmount it until then.
func (d *driver) recover() error {
	if err := d.volumes.sweep(); err != nil {
		return err
	}
	if err := d.snapshots.sweep(); err != nil {
		return err
	}
	volumes, err := d.volumes.list()
	if err != nil {
		return err
	}
	for _, v := range volumes {
		m, err := mountAt(v.StagedAt)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		wasFrozen, err := thaw(v.StagedAt)
		if err != nil {
			return err
		}
		if wasFrozen {
			slog.Warn("thawed a file system that was left frozen", "volume", v.ID, "path", v.StagedAt)
		}
	}
	return nil
}

// topology is where volumes can be used: on this node only.
func (d *driver) topology() *csi.Topology {
	return &csi.Topology{Segments: map[string]string{d.name + "/node": d.node}}
}

// idOf derives an id from the name that the caller chose, which makes creation idempotent.
func idOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

// required returns an InvalidArgument error if a field of a request is empty.
func required(field, value string) error {
	if value == "" {
		return status.Errorf(codes.InvalidArgument, "%s is required", field)
	}
	return nil
}

// firstOf returns the first error that is one.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// busy is the set of ids that a call is working on.
type busy struct {
	mu  sync.Mutex
	ids map[string]bool
}

// begin claims ids for one call; the caller must call the function that it returns. While another call has one of
// them the error is Aborted, at which callers try again: the CSI specification's answer to concurrent calls.
func (b *busy) begin(ids ...string) (func(), error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		if b.ids[id] {
			return nil, status.Errorf(codes.Aborted, "another call is working on %s; try again", id)
		}
	}
	if b.ids == nil {
		b.ids = map[string]bool{}
	}
	for _, id := range ids {
		b.ids[id] = true
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, id := range ids {
			delete(b.ids, id)
		}
	}, nil
}

// pool is the space that volumes and snapshots share, counted in what was promised, not in what is written.
type pool struct {
	size int64
	mu   sync.Mutex
	held int64 // promised to calls that have not yet saved their record
}

// reserve promises bytes to a call until it calls the function returned, by when its record counts instead.
func (d *driver) reserve(bytes int64) (func(), error) {
	d.pool.mu.Lock()
	defer d.pool.mu.Unlock()
	free, err := d.free()
	if err != nil {
		return nil, err
	}
	if bytes > free {
		return nil, status.Errorf(codes.ResourceExhausted, "the pool has %d of %d bytes left, which is less than %d", free, d.pool.size, bytes)
	}
	d.pool.held += bytes
	return func() {
		d.pool.mu.Lock()
		defer d.pool.mu.Unlock()
		d.pool.held -= bytes
	}, nil
}

// free is how many bytes are promised to nobody; the caller holds the pool's lock.
func (d *driver) free() (int64, error) {
	volumes, err := d.volumes.list()
	if err != nil {
		return 0, fmt.Errorf("cannot count the pool's volumes: %w", err)
	}
	snapshots, err := d.snapshots.list()
	if err != nil {
		return 0, fmt.Errorf("cannot count the pool's snapshots: %w", err)
	}
	free := d.pool.size - d.pool.held
	for _, v := range volumes {
		free -= v.SizeBytes
	}
	for _, s := range snapshots {
		free -= s.SizeBytes
	}
	return max(free, 0), nil
}
