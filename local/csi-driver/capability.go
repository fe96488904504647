package main

import (
	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// sharedParameter is the StorageClass parameter that allows access modes of many nodes (ReadWriteMany, ReadOnlyMany):
// as with a network file system, and unlike a disk.
const sharedParameter = "shared"

// checkCapabilities returns an InvalidArgument error for what a volume cannot do.
func checkCapabilities(capabilities []*csi.VolumeCapability, shared bool) error {
	if len(capabilities) == 0 {
		return status.Error(codes.InvalidArgument, "volume_capabilities are required")
	}
	for _, capability := range capabilities {
		if err := checkCapability(capability, shared); err != nil {
			return err
		}
	}
	return nil
}

func checkCapability(capability *csi.VolumeCapability, shared bool) error {
	if capability == nil {
		return status.Error(codes.InvalidArgument, "volume_capability is required")
	}
	if capability.GetBlock() != nil {
		return status.Error(codes.InvalidArgument, "volumeMode Block is not supported; use Filesystem")
	}
	if fsType := capability.GetMount().GetFsType(); fsType != "" && fsType != "xfs" {
		return status.Errorf(codes.InvalidArgument, "file system %q is not supported; use xfs", fsType)
	}
	mode := capability.GetAccessMode().GetMode()
	switch mode {
	case csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER,
		csi.VolumeCapability_AccessMode_SINGLE_NODE_READER_ONLY,
		csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER,
		csi.VolumeCapability_AccessMode_SINGLE_NODE_MULTI_WRITER:
		return nil
	case csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY,
		csi.VolumeCapability_AccessMode_MULTI_NODE_SINGLE_WRITER,
		csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER:
		if !shared {
			return status.Errorf(codes.InvalidArgument,
				"access mode %s is of many nodes, which takes a StorageClass with the parameter %s: \"true\"", mode, sharedParameter)
		}
		return nil
	default:
		return status.Errorf(codes.InvalidArgument, "access mode %s is not supported", mode)
	}
}

// readOnly tells whether an access mode is one of readers only.
func readOnly(capability *csi.VolumeCapability) bool {
	switch capability.GetAccessMode().GetMode() {
	case csi.VolumeCapability_AccessMode_SINGLE_NODE_READER_ONLY, csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY:
		return true
	default:
		return false
	}
}

// sizeFor chooses a volume's size in bytes: what is required, at least the given minimum, rounded up to whole MiB.
func sizeFor(capacity *csi.CapacityRange, minimum int64) (int64, error) {
	const mebibyte = 1 << 20
	wanted, limit := capacity.GetRequiredBytes(), capacity.GetLimitBytes()
	if wanted < 0 || limit < 0 {
		return 0, status.Errorf(codes.InvalidArgument, "capacity_range has a negative size: %d to %d bytes", wanted, limit)
	}
	size := max(wanted, minimum)
	if rest := size % mebibyte; rest != 0 {
		size += mebibyte - rest
	}
	if limit > 0 && size > limit {
		return 0, status.Errorf(codes.OutOfRange, "the volume would have %d bytes, over the limit of %d", size, limit)
	}
	return size, nil
}
