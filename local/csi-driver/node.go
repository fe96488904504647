package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maximumVolumes is a node's limit, well below where loop devices become scarce.
const maximumVolumes = 100

func (d *driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: d.node, MaxVolumesPerNode: maximumVolumes, AccessibleTopology: d.topology()}, nil
}

func (d *driver) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	response := &csi.NodeGetCapabilitiesResponse{}
	for _, kind := range []csi.NodeServiceCapability_RPC_Type{
		csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME,
		csi.NodeServiceCapability_RPC_GET_VOLUME_STATS,
		csi.NodeServiceCapability_RPC_EXPAND_VOLUME,
		csi.NodeServiceCapability_RPC_SINGLE_NODE_MULTI_WRITER,
	} {
		response.Capabilities = append(response.Capabilities, &csi.NodeServiceCapability{
			Type: &csi.NodeServiceCapability_Rpc{Rpc: &csi.NodeServiceCapability_RPC{Type: kind}},
		})
	}
	return response, nil
}

// NodeStageVolume mounts a volume once for the node; pods get bind mounts of it.
func (d *driver) NodeStageVolume(_ context.Context, r *csi.NodeStageVolumeRequest) (*csi.NodeStageVolumeResponse, error) {
	path := r.GetStagingTargetPath()
	if err := firstOf(required("volume_id", r.GetVolumeId()), required("staging_target_path", path)); err != nil {
		return nil, err
	}
	if r.GetVolumeCapability() == nil {
		return nil, status.Error(codes.InvalidArgument, "volume_capability is required")
	}
	return &csi.NodeStageVolumeResponse{}, d.change(r.GetVolumeId(), func(v *volume) error {
		if err := checkCapability(r.GetVolumeCapability(), v.Shared); err != nil {
			return err
		}
		elsewhere, err := v.mountedAt()
		if err != nil {
			return err
		}
		if elsewhere != "" {
			if elsewhere != path {
				// A second mount of the image would be a second XFS on the same blocks.
				return status.Errorf(codes.FailedPrecondition, "volume %s is already staged at %s", v.ID, elsewhere)
			}
			return nil
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		v.StagedAt = path
		return mountImage(d.volumes.image(v.ID), path, r.GetVolumeCapability().GetMount().GetMountFlags())
	})
}

// NodeUnstageVolume unmounts a volume from the node.
func (d *driver) NodeUnstageVolume(_ context.Context, r *csi.NodeUnstageVolumeRequest) (*csi.NodeUnstageVolumeResponse, error) {
	path := r.GetStagingTargetPath()
	if err := firstOf(required("volume_id", r.GetVolumeId()), required("staging_target_path", path)); err != nil {
		return nil, err
	}
	err := d.change(r.GetVolumeId(), func(v *volume) error {
		if v.StagedAt == path {
			v.StagedAt = ""
		}
		return unmount(path)
	})
	if status.Code(err) == codes.NotFound {
		err = unmount(path)
	}
	return &csi.NodeUnstageVolumeResponse{}, err
}

// NodePublishVolume shows a staged volume at a pod's path, read-only if the pod or the access mode says so.
func (d *driver) NodePublishVolume(_ context.Context, r *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	path, capability := r.GetTargetPath(), r.GetVolumeCapability()
	if err := firstOf(required("volume_id", r.GetVolumeId()), required("target_path", path), required("staging_target_path", r.GetStagingTargetPath())); err != nil {
		return nil, err
	}
	if capability == nil {
		return nil, status.Error(codes.InvalidArgument, "volume_capability is required")
	}
	return &csi.NodePublishVolumeResponse{}, d.change(r.GetVolumeId(), func(v *volume) error {
		if err := checkCapability(capability, v.Shared); err != nil {
			return err
		}
		all, err := mounts()
		if err != nil {
			return err
		}
		wantReadOnly := r.GetReadonly() || readOnly(capability)
		staged := find(all, r.GetStagingTargetPath())
		if staged == nil {
			return status.Errorf(codes.FailedPrecondition, "volume %s is not staged at %s", v.ID, r.GetStagingTargetPath())
		}
		if published := find(all, path); published != nil {
			if published.device != staged.device || published.readOnly != wantReadOnly {
				return status.Errorf(codes.AlreadyExists, "%s is already the mount of another volume, or one that is not as read-only as asked for", path)
			}
			return nil
		}
		if capability.GetAccessMode().GetMode() == csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER {
			for _, other := range all {
				if other.device == staged.device && other.path != staged.path {
					return status.Errorf(codes.FailedPrecondition, "volume %s may be used by one pod only and is already mounted at %s", v.ID, other.path)
				}
			}
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := command("mount", "--bind", staged.path, path); err != nil {
			return err
		}
		if wantReadOnly {
			if err := command("mount", "-o", "remount,bind,ro", path); err != nil {
				return errors.Join(err, command("umount", path))
			}
		}
		return nil
	})
}

// NodeUnpublishVolume takes a volume away from a pod's path.
func (d *driver) NodeUnpublishVolume(_ context.Context, r *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	path := r.GetTargetPath()
	if err := firstOf(required("volume_id", r.GetVolumeId()), required("target_path", path)); err != nil {
		return nil, err
	}
	done, err := d.busy.begin(r.GetVolumeId())
	if err != nil {
		return nil, err
	}
	defer done()
	if err := unmount(path); err != nil {
		return nil, err
	}
	// The specification wants the path removed. It is an empty directory, or else removing it fails.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

// NodeExpandVolume lets the file system of a mounted volume fill its image. One that is not mounted grows when it is
// staged.
func (d *driver) NodeExpandVolume(_ context.Context, r *csi.NodeExpandVolumeRequest) (*csi.NodeExpandVolumeResponse, error) {
	if err := firstOf(required("volume_id", r.GetVolumeId()), required("volume_path", r.GetVolumePath())); err != nil {
		return nil, err
	}
	response := &csi.NodeExpandVolumeResponse{}
	err := d.change(r.GetVolumeId(), func(v *volume) error {
		response.CapacityBytes = v.SizeBytes
		m, err := mountAt(v.StagedAt)
		if err != nil || m == nil {
			return err
		}
		return growMounted(m)
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// NodeGetVolumeStats tells how full a volume is.
func (d *driver) NodeGetVolumeStats(_ context.Context, r *csi.NodeGetVolumeStatsRequest) (*csi.NodeGetVolumeStatsResponse, error) {
	if err := firstOf(required("volume_id", r.GetVolumeId()), required("volume_path", r.GetVolumePath())); err != nil {
		return nil, err
	}
	if _, err := d.existing(r.GetVolumeId()); err != nil {
		return nil, err
	}
	m, err := mountAt(r.GetVolumePath())
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, status.Errorf(codes.NotFound, "volume %s is not mounted at %s", r.GetVolumeId(), r.GetVolumePath())
	}
	var s unix.Statfs_t
	if err := unix.Statfs(m.path, &s); err != nil {
		return nil, err
	}
	block := s.Bsize
	return &csi.NodeGetVolumeStatsResponse{Usage: []*csi.VolumeUsage{
		{Unit: csi.VolumeUsage_BYTES, Total: int64(s.Blocks) * block, Available: int64(s.Bavail) * block, Used: int64(s.Blocks-s.Bfree) * block},
		{Unit: csi.VolumeUsage_INODES, Total: int64(s.Files), Available: int64(s.Ffree), Used: int64(s.Files - s.Ffree)},
	}}, nil
}
