package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"github.com/kubernetes-csi/csi-test/v5/pkg/sanity"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const mebibyte = 1 << 20

// TestConformance runs the specification's own suite against the driver, over its socket, with real volumes.
func TestConformance(t *testing.T) {
	endpoint := serve(t, 16<<30)
	config := sanity.NewTestConfig()
	config.Address = "unix:" + endpoint
	config.TargetPath = filepath.Join(t.TempDir(), "target")
	config.StagingPath = filepath.Join(t.TempDir(), "staging")
	config.TestVolumeSize = 300 * mebibyte
	config.TestVolumeExpandSize = 400 * mebibyte
	config.IdempotentCount = 2
	sanity.Test(t, config)
}

// TestVolumeLife takes one volume through what the product does with volumes, and checks the bytes.
func TestVolumeLife(t *testing.T) {
	v := newClient(t)
	created := v.create(&csi.CreateVolumeRequest{Name: "pvc-1", CapacityRange: bytes(300 * mebibyte)})
	staging := v.stage(created.VolumeId)
	target := v.publish(created.VolumeId, staging, false)

	if err := os.WriteFile(filepath.Join(target, "weights"), []byte(strings.Repeat("w", 5*mebibyte)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(target, "too large"), make([]byte, 320*mebibyte), 0o644); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("writing more than the volume's size: got %v, want no space left on device", err)
	}
	if err := os.Remove(filepath.Join(target, "too large")); err != nil {
		t.Fatal(err)
	}

	readOnlyTarget := v.publish(created.VolumeId, staging, true)
	if err := os.WriteFile(filepath.Join(readOnlyTarget, "new"), nil, 0o644); !errors.Is(err, syscall.EROFS) {
		t.Errorf("writing to a read-only mount: got %v, want read-only file system", err)
	}

	before := total(t, target)
	v.must(v.controller.ControllerExpandVolume(v.ctx, &csi.ControllerExpandVolumeRequest{VolumeId: created.VolumeId, CapacityRange: bytes(400 * mebibyte)}))
	v.must(v.node.NodeExpandVolume(v.ctx, &csi.NodeExpandVolumeRequest{VolumeId: created.VolumeId, VolumePath: target}))
	if grown := total(t, target) - before; grown < 95*mebibyte {
		t.Errorf("the mounted file system grew by %d bytes, want about 100 MiB", grown)
	}

	snapshot := v.must(v.controller.CreateSnapshot(v.ctx, &csi.CreateSnapshotRequest{Name: "snap-1", SourceVolumeId: created.VolumeId})).(*csi.CreateSnapshotResponse).Snapshot
	clone := v.create(&csi.CreateVolumeRequest{Name: "clone", VolumeContentSource: &csi.VolumeContentSource{
		Type: &csi.VolumeContentSource_Volume{Volume: &csi.VolumeContentSource_VolumeSource{VolumeId: created.VolumeId}}}})
	// What is written after the copies must not be in them.
	if err := os.WriteFile(filepath.Join(target, "weights"), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	restored := v.create(&csi.CreateVolumeRequest{Name: "restored", CapacityRange: bytes(500 * mebibyte), VolumeContentSource: &csi.VolumeContentSource{
		Type: &csi.VolumeContentSource_Snapshot{Snapshot: &csi.VolumeContentSource_SnapshotSource{SnapshotId: snapshot.SnapshotId}}}})
	for _, copied := range []*csi.Volume{clone, restored} {
		copyStaging := v.stage(copied.VolumeId)
		copyTarget := v.publish(copied.VolumeId, copyStaging, false)
		text, err := os.ReadFile(filepath.Join(copyTarget, "weights"))
		if err != nil || len(text) != 5*mebibyte {
			t.Errorf("a copy has %d bytes, %v; want the 5 MiB of before the change", len(text), err)
		}
		if got := total(t, copyTarget); got < copied.CapacityBytes*9/10-80*mebibyte {
			t.Errorf("the copy's file system has %d bytes in a volume of %d", got, copied.CapacityBytes)
		}
		v.release(copied.VolumeId, copyStaging, copyTarget)
	}

	if _, err := v.controller.DeleteVolume(v.ctx, &csi.DeleteVolumeRequest{VolumeId: created.VolumeId}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("deleting a volume in use: got %v, want FailedPrecondition", err)
	}
	v.release(created.VolumeId, staging, target, readOnlyTarget)
	for _, id := range []string{created.VolumeId, clone.VolumeId, restored.VolumeId} {
		v.must(v.controller.DeleteVolume(v.ctx, &csi.DeleteVolumeRequest{VolumeId: id}))
	}
	v.must(v.controller.DeleteSnapshot(v.ctx, &csi.DeleteSnapshotRequest{SnapshotId: snapshot.SnapshotId}))
	capacity := v.must(v.controller.GetCapacity(v.ctx, &csi.GetCapacityRequest{})).(*csi.GetCapacityResponse)
	if capacity.AvailableCapacity != 4<<30 {
		t.Errorf("after all is deleted the pool has %d bytes, want all of it", capacity.AvailableCapacity)
	}
}

func TestOnePodAccessMode(t *testing.T) {
	v := newClient(t)
	v.mode = csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER
	created := v.create(&csi.CreateVolumeRequest{Name: "one-pod"})
	staging := v.stage(created.VolumeId)
	target := v.publish(created.VolumeId, staging, false)
	_, err := v.node.NodePublishVolume(v.ctx, v.publishRequest(created.VolumeId, staging, filepath.Join(t.TempDir(), "second"), false))
	if status.Code(err) != codes.FailedPrecondition {
		t.Errorf("a second pod got %v, want FailedPrecondition", err)
	}
	v.release(created.VolumeId, staging, target)
}

func TestReaderAccessModeIsReadOnly(t *testing.T) {
	v := newClient(t)
	v.mode = csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY
	created := v.create(&csi.CreateVolumeRequest{Name: "readers", Parameters: map[string]string{"shared": "true"}})
	staging := v.stage(created.VolumeId)
	target := v.publish(created.VolumeId, staging, false)
	if err := os.WriteFile(filepath.Join(target, "new"), nil, 0o644); !errors.Is(err, syscall.EROFS) {
		t.Errorf("got %v, want read-only file system", err)
	}
	v.release(created.VolumeId, staging, target)
}

func TestFullPool(t *testing.T) {
	v := newClient(t)
	request := &csi.CreateVolumeRequest{Name: "large", CapacityRange: bytes(5 << 30), VolumeCapabilities: v.capabilities()}
	if _, err := v.controller.CreateVolume(v.ctx, request); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("got %v, want ResourceExhausted", err)
	}
}

func TestFault(t *testing.T) {
	v := newClient(t)
	fault := filepath.Join(v.data, "fault", "CreateVolume")
	if err := os.WriteFile(fault, []byte("the array is on fire\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	request := &csi.CreateVolumeRequest{Name: "unlucky", VolumeCapabilities: v.capabilities()}
	_, err := v.controller.CreateVolume(v.ctx, request)
	if status.Code(err) != codes.Unavailable || status.Convert(err).Message() != "the array is on fire" {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(fault); err != nil {
		t.Fatal(err)
	}
	v.must(v.controller.CreateVolume(v.ctx, request))
}

// TestRecover freezes a volume as a driver killed during a copy leaves it.
func TestRecover(t *testing.T) {
	v := newClient(t)
	created := v.create(&csi.CreateVolumeRequest{Name: "frozen"})
	staging := v.stage(created.VolumeId)
	if err := freeze(staging); err != nil {
		t.Fatal(err)
	}
	successor, err := newDriver("driver.test", "node", v.data, 4<<30)
	if err != nil {
		t.Fatal(err)
	}
	if err := successor.recover(); err != nil {
		t.Fatal(err)
	}
	if frozen, err := thaw(staging); frozen || err != nil {
		t.Errorf("still frozen: %t, %v", frozen, err)
	}
	v.release(created.VolumeId, staging)
}

// client is a CSI client of a driver that serves for the time of a test.
type client struct {
	t          *testing.T
	ctx        context.Context
	data       string
	mode       csi.VolumeCapability_AccessMode_Mode
	controller csi.ControllerClient
	node       csi.NodeClient
}

func newClient(t *testing.T) *client {
	endpoint := serve(t, 4<<30)
	connection, err := grpc.NewClient("unix:"+endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return &client{
		t: t, ctx: context.Background(), data: filepath.Join(filepath.Dir(endpoint), "data"),
		mode:       csi.VolumeCapability_AccessMode_SINGLE_NODE_MULTI_WRITER,
		controller: csi.NewControllerClient(connection), node: csi.NewNodeClient(connection),
	}
}

// serve runs a driver with a pool of its own and returns its socket.
func serve(t *testing.T, poolBytes int64) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting takes root")
	}
	dir := t.TempDir()
	d, err := newDriver("driver.test", "node", filepath.Join(dir, "data"), poolBytes)
	if err != nil {
		t.Fatal(err)
	}
	endpoint := filepath.Join(dir, "csi.sock")
	listener, err := listen(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(d)
	go func() {
		if err := server.Serve(listener); err != nil {
			panic(err)
		}
	}()
	t.Cleanup(func() {
		server.Stop()
		left, err := mounts()
		if err != nil {
			t.Error(err)
		}
		for _, m := range left {
			if strings.HasPrefix(m.path, filepath.Dir(dir)+"/") {
				t.Errorf("left mounted: %s", m.path)
				_ = unix.Unmount(m.path, unix.MNT_DETACH)
			}
		}
	})
	return endpoint
}

// must fails the test at an error.
func (c *client) must(response any, err error) any {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	return response
}

func (c *client) capability() *csi.VolumeCapability {
	return &csi.VolumeCapability{
		AccessMode: &csi.VolumeCapability_AccessMode{Mode: c.mode},
		AccessType: &csi.VolumeCapability_Mount{Mount: &csi.VolumeCapability_MountVolume{}},
	}
}

func (c *client) capabilities() []*csi.VolumeCapability {
	return []*csi.VolumeCapability{c.capability()}
}

func (c *client) create(request *csi.CreateVolumeRequest) *csi.Volume {
	c.t.Helper()
	request.VolumeCapabilities = c.capabilities()
	return c.must(c.controller.CreateVolume(c.ctx, request)).(*csi.CreateVolumeResponse).Volume
}

func (c *client) stage(id string) string {
	c.t.Helper()
	staging := filepath.Join(c.t.TempDir(), "staging")
	c.must(c.controller.ControllerPublishVolume(c.ctx, &csi.ControllerPublishVolumeRequest{VolumeId: id, NodeId: "node", VolumeCapability: c.capability()}))
	c.must(c.node.NodeStageVolume(c.ctx, &csi.NodeStageVolumeRequest{VolumeId: id, StagingTargetPath: staging, VolumeCapability: c.capability()}))
	return staging
}

func (c *client) publishRequest(id, staging, target string, readOnly bool) *csi.NodePublishVolumeRequest {
	return &csi.NodePublishVolumeRequest{VolumeId: id, StagingTargetPath: staging, TargetPath: target, VolumeCapability: c.capability(), Readonly: readOnly}
}

func (c *client) publish(id, staging string, readOnly bool) string {
	c.t.Helper()
	target := filepath.Join(c.t.TempDir(), "target")
	for range 2 { // the second is what a kubelet that was restarted does
		c.must(c.node.NodePublishVolume(c.ctx, c.publishRequest(id, staging, target, readOnly)))
	}
	return target
}

// release unpublishes, unstages and detaches a volume.
func (c *client) release(id, staging string, targets ...string) {
	c.t.Helper()
	for _, target := range targets {
		c.must(c.node.NodeUnpublishVolume(c.ctx, &csi.NodeUnpublishVolumeRequest{VolumeId: id, TargetPath: target}))
	}
	c.must(c.node.NodeUnstageVolume(c.ctx, &csi.NodeUnstageVolumeRequest{VolumeId: id, StagingTargetPath: staging}))
	c.must(c.controller.ControllerUnpublishVolume(c.ctx, &csi.ControllerUnpublishVolumeRequest{VolumeId: id, NodeId: "node"}))
}

func bytes(n int64) *csi.CapacityRange { return &csi.CapacityRange{RequiredBytes: n} }

// total is the size of the file system at a path, in bytes.
func total(t *testing.T, path string) int64 {
	t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", path, err))
	}
	return int64(s.Blocks) * s.Bsize
}
