package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func (d *driver) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	response := &csi.ControllerGetCapabilitiesResponse{}
	for _, kind := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_PUBLISH_UNPUBLISH_VOLUME,
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
		csi.ControllerServiceCapability_RPC_LIST_SNAPSHOTS,
		csi.ControllerServiceCapability_RPC_CLONE_VOLUME,
		csi.ControllerServiceCapability_RPC_EXPAND_VOLUME,
		csi.ControllerServiceCapability_RPC_GET_CAPACITY,
		csi.ControllerServiceCapability_RPC_SINGLE_NODE_MULTI_WRITER,
	} {
		response.Capabilities = append(response.Capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: kind}},
		})
	}
	return response, nil
}

// CreateVolume makes a volume: empty, or with the content of a snapshot or of another volume.
func (d *driver) CreateVolume(_ context.Context, r *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	shared, badParameter := parseParameters(r.GetParameters())
	if err := firstOf(
		required("name", r.GetName()),
		badParameter,
		checkCapabilities(r.GetVolumeCapabilities(), shared),
		d.checkTopology(r.GetAccessibilityRequirements()),
	); err != nil {
		return nil, err
	}
	id := idOf(r.GetName())
	source := sourceOf(r.GetVolumeContentSource())
	done, err := d.busy.begin(source.claims(id)...)
	if err != nil {
		return nil, err
	}
	defer done()

	content, err := d.contentOf(source)
	if err != nil {
		return nil, err
	}
	size, err := sizeFor(r.GetCapacityRange(), max(minimumBytes, content.bytes))
	if err != nil {
		return nil, err
	}
	if wanted := r.GetCapacityRange().GetRequiredBytes(); wanted > 0 && wanted < content.bytes {
		return nil, status.Errorf(codes.OutOfRange, "%d bytes are less than the %d of the source", wanted, content.bytes)
	}

	existing, err := d.volumes.load(id)
	if err != nil {
		return nil, err
	}
	if existing != nil {
		if existing.SizeBytes != size || existing.Shared != shared || existing.source() != source {
			return nil, status.Errorf(codes.AlreadyExists,
				"volume %q exists with %d bytes, shared %t, from %s, which is not what was asked for", r.GetName(), existing.SizeBytes, existing.Shared, existing.source())
		}
		return d.created(existing, r.GetVolumeContentSource()), nil
	}

	release, err := d.reserve(size)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := d.volumes.prepare(id); err != nil {
		return nil, err
	}
	if err := content.write(d.volumes.image(id), size); err != nil {
		return nil, err
	}
	v := &volume{
		ID: id, Name: r.GetName(), SizeBytes: size, Shared: shared,
		SourceSnapshot: source.snapshot, SourceVolume: source.volume, CreatedAt: time.Now().UTC(),
	}
	if err := d.volumes.save(id, v); err != nil {
		return nil, err
	}
	return d.created(v, r.GetVolumeContentSource()), nil
}

func (d *driver) created(v *volume, source *csi.VolumeContentSource) *csi.CreateVolumeResponse {
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{
		VolumeId:           v.ID,
		CapacityBytes:      v.SizeBytes,
		ContentSource:      source,
		AccessibleTopology: []*csi.Topology{d.topology()},
	}}
}

// parseParameters reads a StorageClass's parameters. Those of the external-provisioner are not for the driver.
func parseParameters(parameters map[string]string) (shared bool, err error) {
	for key, value := range parameters {
		switch {
		case strings.HasPrefix(key, "csi.storage.k8s.io/"):
		case key == sharedParameter && (value == "true" || value == "false"):
			shared = value == "true"
		case key == sharedParameter:
			return false, status.Errorf(codes.InvalidArgument, "parameter %s: got %q, expected \"true\" or \"false\"", key, value)
		default:
			return false, status.Errorf(codes.InvalidArgument, "parameter %q is not known; the only one is %q", key, sharedParameter)
		}
	}
	return shared, nil
}

// checkTopology refuses a volume that has to be usable on other nodes only.
func (d *driver) checkTopology(requirement *csi.TopologyRequirement) error {
	if len(requirement.GetRequisite()) == 0 {
		return nil
	}
	for _, topology := range requirement.GetRequisite() {
		if topology.GetSegments()[d.name+"/node"] == d.node {
			return nil
		}
	}
	return status.Errorf(codes.ResourceExhausted, "volumes can be used on node %q only, which is not among the nodes asked for", d.node)
}

// DeleteVolume removes a volume with its content.
func (d *driver) DeleteVolume(_ context.Context, r *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	if err := required("volume_id", r.GetVolumeId()); err != nil {
		return nil, err
	}
	done, err := d.busy.begin(r.GetVolumeId())
	if err != nil {
		return nil, err
	}
	defer done()
	v, err := d.volumes.load(r.GetVolumeId())
	if err != nil {
		return nil, err
	}
	if v != nil {
		stagedAt, err := v.mountedAt()
		if err != nil {
			return nil, err
		}
		if stagedAt != "" {
			return nil, status.Errorf(codes.FailedPrecondition, "volume %s is still staged at %s", v.ID, stagedAt)
		}
	}
	return &csi.DeleteVolumeResponse{}, d.volumes.remove(r.GetVolumeId())
}

func (d *driver) ValidateVolumeCapabilities(_ context.Context, r *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if err := required("volume_id", r.GetVolumeId()); err != nil {
		return nil, err
	}
	if len(r.GetVolumeCapabilities()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "volume_capabilities are required")
	}
	v, err := d.existing(r.GetVolumeId())
	if err != nil {
		return nil, err
	}
	if err := checkCapabilities(r.GetVolumeCapabilities(), v.Shared); err != nil {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: status.Convert(err).Message()}, nil
	}
	return &csi.ValidateVolumeCapabilitiesResponse{
		Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{
			VolumeContext:      r.GetVolumeContext(),
			VolumeCapabilities: r.GetVolumeCapabilities(),
			Parameters:         r.GetParameters(),
		},
	}, nil
}

// existing returns a volume's record, or a NotFound error.
func (d *driver) existing(id string) (*volume, error) {
	v, err := d.volumes.load(id)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, status.Errorf(codes.NotFound, "there is no volume %q", id)
	}
	return v, nil
}

func (d *driver) GetCapacity(_ context.Context, r *csi.GetCapacityRequest) (*csi.GetCapacityResponse, error) {
	minimum := wrapperspb.Int64(minimumBytes)
	if topology := r.GetAccessibleTopology(); topology != nil && topology.GetSegments()[d.name+"/node"] != d.node {
		return &csi.GetCapacityResponse{MinimumVolumeSize: minimum}, nil
	}
	d.pool.mu.Lock()
	defer d.pool.mu.Unlock()
	free, err := d.free()
	if err != nil {
		return nil, err
	}
	return &csi.GetCapacityResponse{AvailableCapacity: free, MaximumVolumeSize: wrapperspb.Int64(free), MinimumVolumeSize: minimum}, nil
}

// ControllerPublishVolume attaches a volume to the node, which takes no more than writing it down.
func (d *driver) ControllerPublishVolume(_ context.Context, r *csi.ControllerPublishVolumeRequest) (*csi.ControllerPublishVolumeResponse, error) {
	if err := firstOf(required("volume_id", r.GetVolumeId()), required("node_id", r.GetNodeId())); err != nil {
		return nil, err
	}
	if r.GetVolumeCapability() == nil {
		return nil, status.Error(codes.InvalidArgument, "volume_capability is required")
	}
	return &csi.ControllerPublishVolumeResponse{}, d.change(r.GetVolumeId(), func(v *volume) error {
		if r.GetNodeId() != d.node {
			return status.Errorf(codes.NotFound, "there is no node %q; volumes can be used on %q only", r.GetNodeId(), d.node)
		}
		if err := checkCapability(r.GetVolumeCapability(), v.Shared); err != nil {
			return err
		}
		v.AttachedTo = r.GetNodeId()
		return nil
	})
}

// ControllerUnpublishVolume detaches a volume.
func (d *driver) ControllerUnpublishVolume(_ context.Context, r *csi.ControllerUnpublishVolumeRequest) (*csi.ControllerUnpublishVolumeResponse, error) {
	if err := required("volume_id", r.GetVolumeId()); err != nil {
		return nil, err
	}
	err := d.change(r.GetVolumeId(), func(v *volume) error {
		v.AttachedTo = ""
		return nil
	})
	if status.Code(err) == codes.NotFound {
		err = nil // what is gone is detached
	}
	return &csi.ControllerUnpublishVolumeResponse{}, err
}

// change edits a volume's record while no other call works on it.
func (d *driver) change(id string, edit func(v *volume) error) error {
	done, err := d.busy.begin(id)
	if err != nil {
		return err
	}
	defer done()
	v, err := d.existing(id)
	if err != nil {
		return err
	}
	before := *v
	if err := edit(v); err != nil || *v == before {
		return err
	}
	return d.volumes.save(id, v)
}

// ControllerExpandVolume makes a volume's image larger; its file system follows in NodeExpandVolume.
func (d *driver) ControllerExpandVolume(_ context.Context, r *csi.ControllerExpandVolumeRequest) (*csi.ControllerExpandVolumeResponse, error) {
	if err := required("volume_id", r.GetVolumeId()); err != nil {
		return nil, err
	}
	if r.GetCapacityRange() == nil {
		return nil, status.Error(codes.InvalidArgument, "capacity_range is required")
	}
	response := &csi.ControllerExpandVolumeResponse{NodeExpansionRequired: true}
	err := d.change(r.GetVolumeId(), func(v *volume) error {
		size, err := sizeFor(r.GetCapacityRange(), v.SizeBytes)
		if err != nil {
			return err
		}
		response.CapacityBytes = size
		if size == v.SizeBytes {
			return nil
		}
		release, err := d.reserve(size - v.SizeBytes)
		if err != nil {
			return err
		}
		defer release()
		if err := os.Truncate(d.volumes.image(v.ID), size); err != nil {
			return err
		}
		v.SizeBytes = size
		return nil
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}
